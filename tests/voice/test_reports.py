"""Health, voices, analytics, batches, and the gate for pictures that are not worth looking at."""

from __future__ import annotations

import base64
import io
from urllib.parse import unquote

import pytest
from flask.testing import FlaskClient
from PIL import Image, ImageEnhance, ImageFilter

from services.answers import advice
from services.content import Language
from services.errors import ProviderUnavailable
from services.health import Health
from services.vision.glance import glance
from tests.fakes import ScriptedModel
from tests.voice.conftest import (
    ANSWER,
    CAT,
    SESSION,
    MakeVoice,
    ScriptedEar,
    ScriptedVoice,
    ask,
    heard_in,
    post,
    question,
    session_of,
)

ALL_WELL = {"stt": "available", "gemini": "available", "tts": "available", "session": "available"}
DOWN = ProviderUnavailable("The recogniser is away.", provider="scripted")


def test_healthy(make_voice: MakeVoice) -> None:
    response = make_voice().get("/api/v1/health")
    assert (response.status_code, response.json) == (200, {"status": "healthy", "services": ALL_WELL})


@pytest.mark.parametrize("part", ["stt", "tts"])
def test_unhealthy(make_voice: MakeVoice, part: str) -> None:
    client = make_voice(
        ears=ScriptedEar(DOWN) if part == "stt" else ScriptedEar(),
        speaker=ScriptedVoice(DOWN if part == "tts" else None),
    )
    response = client.get("/api/v1/health")
    assert response.status_code == 500
    assert response.json == {
        "status": "unhealthy",
        "services": ALL_WELL | {part: "unavailable"},
        "error": "The recogniser is away.",
    }


def test_health_is_kept_some_seconds() -> None:
    ears, clock = ScriptedEar(), [100.0]
    health = Health({"stt": ears.probe}, timer=lambda: clock[0])
    assert health.check() == {"stt": None}
    ears.heard = [DOWN]
    clock[0] += 9
    assert health.check() == {"stt": None}
    clock[0] += 2
    assert health.check() == {"stt": "The recogniser is away."}


def test_the_voices(client: FlaskClient) -> None:
    body = client.get("/api/v1/voices").json
    assert [voice["id"] for voice in body["voices"]] == ["default", "slow"]
    assert all(voice["languages"] == ["en", "hi", "mr"] for voice in body["voices"])
    assert (body["default"], body["provider"]) == ("default", "local")
    for voice in body["voices"]:
        assert ask(client, voice=voice["id"]).status_code == 200


def test_analytics(make_voice: MakeVoice) -> None:
    client = make_voice(ears=ScriptedEar())
    empty = client.get("/api/v1/analytics").json
    assert empty == {"requests": {}, "languages": {}, "errors": {}, "latency": {}}
    ask(client).get_data()
    ask(client, language="hi").get_data()
    ask(client, mode="conversation", audio=question()).get_data()
    ask(client, mode="conversation", audio=b"RIFF....WAVE")
    found = client.get("/api/v1/analytics").json
    assert found["requests"] == {"snapshot": 2, "conversation": 1}
    assert found["languages"] == {"en": 2, "hi": 1}
    latency = found["latency"]
    assert set(latency) == {"stt", "first_sentence", "vision", "tts", "first_audio", "total"}
    assert latency["stt"]["count"] == 1
    assert latency["total"]["count"] == latency["first_audio"]["count"] == 3
    for stage in latency.values():
        assert 0 < stage["p50"] <= stage["p95"] <= stage["p99"]
    assert latency["first_audio"]["p99"] <= latency["total"]["p99"]
    metrics = client.get("/metrics").text
    assert 'voice_stage_seconds_count{stage="first_audio"} 3.0' in metrics


def test_analytics_count_errors(make_voice: MakeVoice) -> None:
    client = make_voice(ears=ScriptedEar(DOWN), voice_rate_limit="1/minute")
    ask(client, mode="conversation", audio=question())
    ask(client)
    assert client.get("/api/v1/analytics").json["errors"] == {"ProviderUnavailable": 1, "LimitExceeded": 1}


def test_a_batch(make_voice: MakeVoice) -> None:
    model = ScriptedModel(ANSWER)
    client = make_voice(model)
    response = post(
        client,
        "/api/v1/analyze/batch",
        session_id=SESSION,
        image=[CAT, CAT],
        question=["What is it?", ""],
        voice="slow",
    )
    assert response.status_code == 200
    assert response.json["session_id"] == SESSION
    first, second = response.json["results"]
    assert (first["index"], first["status"], first["text"], first["query"]) == (0, 200, ANSWER.strip(), "What is it?")
    assert (second["index"], second["status"], second["query"]) == (1, 200, "[Snapshot Mode]")
    heard_in(base64.b64decode(first["audio_base64"]))
    assert response.headers["X-RateLimit-Remaining"] == "8"
    assert [each["user_query"] for each in session_of(client)["chat_history"]] == ["What is it?", "[Snapshot Mode]"]


def test_one_question_for_a_whole_batch(client: FlaskClient) -> None:
    response = post(client, "/api/v1/analyze/batch", session_id="b", image=[CAT, CAT], question="What is it?")
    assert [each["query"] for each in response.json["results"]] == ["What is it?"] * 2


def test_batches_that_are_refused(client: FlaskClient) -> None:
    for fields, status, words in (
        ({"image": CAT}, 400, "Missing required field: session_id"),
        ({"session_id": "b"}, 400, "Missing required field: image"),
        ({"session_id": "b", "image": [CAT] * 11}, 400, "Too many images (max 10)"),
        (
            {"session_id": "b", "image": [CAT] * 3, "question": ["a", "b"]},
            400,
            "There must be no question, one, or one for each image",
        ),
        ({"session_id": "b", "image": CAT, "language": "fr"}, 400, "Invalid language. Must be 'en', 'hi' or 'mr'"),
        ({"session_id": "b", "image": bytes(10 * 2**20 + 1)}, 413, "Image file too large (max 10MB)"),
        ({"session_id": "b", "image": [bytes(4 * 2**20)] * 4}, 413, "Request too large (max 15MB)"),
    ):
        response = post(client, "/api/v1/analyze/batch", **fields)
        assert (response.status_code, response.json) == (status, {"detail": words})


def test_a_batch_over_the_rate(make_voice: MakeVoice) -> None:
    client = make_voice(voice_rate_limit="2/minute")
    response = post(client, "/api/v1/analyze/batch", session_id="b", image=[CAT] * 4)
    assert [each["status"] for each in response.json["results"]] == [200, 200, 429, 429]


def spoilt(how: str) -> bytes:
    image = Image.open(io.BytesIO(CAT)).convert("RGB").resize((902, 600))
    match how:
        case "dark":
            image = ImageEnhance.Brightness(image).enhance(0.06)
        case "blurred":
            image = image.filter(ImageFilter.GaussianBlur(14))
        case "covered":
            image = Image.new("RGB", (640, 480), (3, 2, 2))
        case "washed out":
            image = Image.eval(image, lambda value: 235 + value // 13)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=92)
    return out.getvalue()


@pytest.mark.parametrize("how", ["dark", "blurred", "covered", "washed out"])
def test_a_spoilt_picture_gets_advice(make_voice: MakeVoice, how: str) -> None:
    """In the session's language, and no model is asked."""
    model = ScriptedModel(ANSWER)
    client = make_voice(model, ScriptedEar())
    image = spoilt(how)
    languages: tuple[Language, ...] = ("en", "hi", "mr")
    said = []
    for language in languages:
        response = ask(client, image=image, language=language)
        assert response.status_code == 200
        said.append(unquote(response.headers["X-Response-Text"]))
        assert said[-1] == advice(glance(image), language)
        heard_in(response.data)
    ask(client, image=image, mode="conversation", audio=question())
    assert model.requests == []
    assert len(set(said)) == 3
    assert session_of(client)["chat_history"][0]["ai_response"] == said[0]


def test_a_good_picture_is_looked_at(make_voice: MakeVoice) -> None:
    model = ScriptedModel(ANSWER)
    ask(make_voice(model))
    assert len(model.requests) == 1
