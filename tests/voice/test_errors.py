"""What goes wrong is heard, in the session's language, and nothing that was said is lost."""

from __future__ import annotations

import time
from collections.abc import Callable
from urllib.parse import unquote

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from services.content import Language
from services.errors import AssistantError, InvalidInput, ProviderRejected, ProviderTimeout, ProviderUnavailable
from services.errors import SpeechNotUnderstood as NotUnderstood
from services.providers.config import ProviderConfig
from services.speech.base import Transcript
from services.speech.clips import clip
from services.speech.failover import SpeechToTextFailover, TextToSpeechFailover
from services.speech.google_ear import GoogleEar
from services.speech.google_voice import GoogleVoice
from services.speech.local_voice import LocalVoice
from services.speech.messages import message
from tests.conftest import services_of
from tests.fakes import ScriptedModel
from tests.speech.conftest import vendor
from tests.speech.vendor import Vendor
from tests.voice.conftest import (
    ANSWER,
    CAT,
    MakeVoice,
    ScriptedEar,
    ScriptedVoice,
    ask,
    heard_in,
    post,
    question,
    session_of,
)

__all__ = ["vendor"]

LATE = "Rate limit exceeded. Please wait before making another request."
DOWN = ProviderUnavailable("No connection.", provider="scripted")


def test_the_eleventh_request_of_a_minute(client: FlaskClient) -> None:
    left = [int(ask(client).headers["X-RateLimit-Remaining"]) for _ in range(10)]
    assert left == list(range(9, -1, -1))
    response = ask(client)
    assert (response.status_code, response.mimetype) == (429, "audio/mpeg")
    assert response.headers["X-Rate-Limit-Exceeded"] == "true"
    assert 1 <= int(response.headers["Retry-After"]) <= 60
    assert response.headers["X-RateLimit-Limit"] == "10"
    assert response.headers["X-RateLimit-Remaining"] == "0"
    assert time.time() - 1 <= int(response.headers["X-RateLimit-Reset"]) <= time.time() + 61
    assert response.headers["X-Response-Text"] == LATE
    assert response.data == clip("rate_limited", "en")
    heard_in(response.data)
    written = ask(client, json=True)
    assert (written.status_code, written.json["detail"]) == (429, LATE)
    assert written.headers["X-Rate-Limit-Exceeded"] == "true"
    assert ask(client, session_id="another").status_code == 200
    assert len(session_of(client)["chat_history"]) == 10


@pytest.mark.parametrize("language", ["hi", "mr"])
def test_the_rate_is_told_in_the_sessions_language(make_voice: MakeVoice, language: Language) -> None:
    client = make_voice(voice_rate_limit="1/minute")
    assert ask(client, language=language).status_code == 200
    response = ask(client)
    assert response.status_code == 429
    assert response.data == clip("rate_limited", language)
    assert response.headers["X-Detected-Language"] == language
    assert unquote(response.headers["X-Response-Text"]) == message("rate_limited", language)


def test_what_is_refused_does_not_count(make_voice: MakeVoice) -> None:
    client = make_voice(voice_rate_limit="2/minute")
    for _ in range(4):
        assert ask(client, mode="neither").status_code == 400
    assert [ask(client).status_code for _ in range(3)] == [200, 200, 429]


@pytest.mark.parametrize(
    ("error", "key"),
    [
        (NotUnderstood("The speech could not be made out."), "not_understood"),
        (NotUnderstood("The recording is silent.", code="no_speech"), "no_speech"),
    ],
)
def test_speech_nobody_could_make_out(make_voice: MakeVoice, error: NotUnderstood, key: str) -> None:
    model = ScriptedModel(ANSWER)
    client = make_voice(model, ScriptedEar(error))
    ask(client, language="mr")
    response = ask(client, mode="conversation", audio=question())
    assert (response.status_code, response.mimetype) == (422, "audio/mpeg")
    assert response.headers["X-Error-Type"] == "SpeechNotUnderstood"
    assert response.headers["X-Error-Message"] == error.message
    assert response.headers["X-Detected-Language"] == "mr"
    assert response.data == clip(key, "mr")
    written = ask(client, json=True, mode="conversation", audio=question())
    assert (written.status_code, written.json["detail"]) == (422, error.message)
    assert written.json["spoken"] == message(key, "mr")
    assert len(model.requests) == 1
    assert len(session_of(client)["chat_history"]) == 1
    assert ask(client).status_code == 200


@pytest.mark.parametrize(
    ("error", "key"),
    [
        (DOWN, "unavailable"),
        (ProviderTimeout("No answer in time.", provider="scripted"), "timeout"),
        (ProviderRejected("The key is wrong.", provider="scripted", status=401), "unavailable"),
    ],
    ids=["down", "late", "rejected"],
)
@pytest.mark.parametrize("part", ["ears", "model", "voice"])
def test_a_part_that_fails(make_voice: MakeVoice, part: str, error: AssistantError, key: str) -> None:
    hindi = Transcript("यह क्या है?", "hi", 0.9, "scripted")
    client = make_voice(
        ScriptedModel(error if part == "model" else ANSWER),  # type: ignore[arg-type]
        ScriptedEar(error) if part == "ears" else ScriptedEar(hindi),
        ScriptedVoice(error if part == "voice" else None),
    )
    for json in (False, True):
        response = ask(client, json=json, mode="conversation", audio=question(), language="hi")
        assert response.status_code == 503
        assert unquote(response.headers["X-Error-Message"]) == error.message
        assert response.headers["X-Error-Type"] == type(error).__name__
        assert response.headers["X-Detected-Language"] == "hi"
        if json:
            assert response.json == {"detail": error.message, "language": "hi", "spoken": message(key, "hi")}
        else:
            assert response.data == clip(key, "hi")
            heard_in(response.data)


@pytest.mark.parametrize("answer", ["", "   ", "…", "🙂"])
def test_an_answer_without_words(make_voice: MakeVoice, answer: str) -> None:
    response = ask(make_voice(ScriptedModel(answer)))
    assert (response.status_code, response.mimetype) == (503, "audio/mpeg")
    assert response.headers["X-Error-Type"] == "ProviderGarbage"


def test_a_fault_of_our_own_is_heard(make_voice: MakeVoice) -> None:
    for client in (
        make_voice(speaker=ScriptedVoice(ZeroDivisionError())),
        make_voice(speaker=ScriptedVoice(InvalidInput("Nothing to say."))),
    ):
        response = ask(client)
        assert response.status_code in (500, 503)
        assert response.mimetype == "audio/mpeg"
        heard_in(response.data)


def test_the_turn_is_kept_when_speech_fails(make_voice: MakeVoice) -> None:
    client = make_voice(ScriptedModel(ANSWER), ScriptedEar(), ScriptedVoice(DOWN))
    assert ask(client, mode="conversation", audio=question()).status_code == 503
    kept = session_of(client)["chat_history"]
    assert [(each["user_query"], each["ai_response"]) for each in kept] == [("What colour is it?", ANSWER)]


def test_speech_that_fails_half_way_says_so(make_voice: MakeVoice) -> None:
    model = ScriptedModel("There is a door on your left. ", "It is open, and wide.")
    voice = ScriptedVoice(DOWN, after=1)
    response = ask(make_voice(model, None, voice))
    assert response.status_code == 200
    assert response.data.endswith(clip("unavailable", "en"))
    assert len(response.data) > len(clip("unavailable", "en"))


def test_a_model_that_breaks_off(make_voice: MakeVoice) -> None:
    broken = ScriptedModel("There is a door on your left. ", DOWN)
    client = make_voice(broken)
    response = ask(client)
    assert (response.status_code, response.mimetype) == (503, "audio/mpeg")
    assert session_of(client)["chat_history"][0]["ai_response"] == "There is a door on your left. "


def test_an_answer_that_is_cut_short(make_voice: MakeVoice) -> None:
    """By a server that stops, say: what was said is kept, and nobody hears half of it for the whole."""
    cut: list[Callable[[], int]] = []
    model = ScriptedModel("There is a door. ", "It is open.", before_piece=lambda number: cut[0]() if number else None)
    client = make_voice(model)
    cut.append(services_of(client.application).turns.interrupt_all)
    response = ask(client)
    assert (response.status_code, response.mimetype) == (503, "audio/mpeg")
    assert response.headers["X-Error-Type"] == "Interrupted"
    assert session_of(client)["chat_history"][0]["ai_response"] == "There is a door. "


def test_the_database_away(make_voice: MakeVoice) -> None:
    client = make_voice()
    ask(client)
    with services_of(client.application).database.write() as session:
        session.execute(text("ALTER TABLE voice_sessions RENAME TO elsewhere"))
    response = ask(client)
    assert (response.status_code, response.mimetype) == (503, "audio/mpeg")
    assert response.headers["X-Error-Message"] == "The database does not answer."
    heard_in(response.data)
    reset = client.post("/api/v1/session/reset", data={"session_id": "a"})
    assert (reset.status_code, reset.json) == (500, {"detail": "Failed to reset session"})


def google(vendor: Vendor) -> GoogleEar:
    return GoogleEar(ProviderConfig(base_url=f"{vendor.url}/recognize", timeout=0.5))


@pytest.mark.parametrize("fault", ["hang", "reset", "garbage", "empty", "cut", 500, 429, 403])
def test_a_recogniser_that_misbehaves(make_voice: MakeVoice, vendor: Vendor, fault: str | int) -> None:
    client = make_voice(ears=google(vendor))
    vendor.fault = fault  # type: ignore[assignment]
    response = ask(client, mode="conversation", audio=question())
    assert (response.status_code, response.mimetype) in ((503, "audio/mpeg"), (422, "audio/mpeg"))
    heard_in(response.data)
    vendor.fault = None
    vendor.heard["hi-IN"] = ("यह किस रंग का है", 0.9)
    response = ask(client, mode="conversation", audio=question())
    assert (response.status_code, response.headers["X-Detected-Language"]) == (200, "hi")
    assert response.headers["X-Confidence"] == "0.90"


def test_an_empty_transcript(make_voice: MakeVoice, vendor: Vendor) -> None:
    vendor.heard.update({"en-IN": ("", 0.9), "hi-IN": None, "mr-IN": ("  ", 0.9)})
    response = ask(make_voice(ears=google(vendor)), mode="conversation", audio=question())
    assert response.status_code == 422
    assert response.headers["X-Error-Type"] == "SpeechNotUnderstood"


@pytest.mark.parametrize("fault", ["hang", "reset", "garbage", "empty", "cut", 500, 429])
def test_a_voice_that_misbehaves_has_an_understudy(make_voice: MakeVoice, vendor: Vendor, fault: str | int) -> None:
    vendor.fault = fault  # type: ignore[assignment]
    config = ProviderConfig(base_url=vendor.url, timeout=0.5)
    voice = TextToSpeechFailover([GoogleVoice(config), LocalVoice()])
    response = ask(make_voice(speaker=voice))
    assert response.status_code == 200
    heard_in(response.data)


def test_an_ear_that_hangs_costs_its_time_once(make_voice: MakeVoice, vendor: Vendor) -> None:
    vendor.fault = "hang"
    client = make_voice(ears=SpeechToTextFailover([google(vendor), ScriptedEar()]))
    for _ in range(3):
        assert ask(client, mode="conversation", audio=question()).status_code == 200
    assert len(vendor.asked) == 3  # the three languages, once


def test_no_ear_for_the_language(make_voice: MakeVoice) -> None:
    response = ask(make_voice(), mode="conversation", audio=question(), language="hi")
    assert response.status_code == 503
    assert response.data == clip("language_not_heard", "hi")


def test_a_batch_tells_of_each(make_voice: MakeVoice) -> None:
    client = make_voice()
    response = post(client, "/api/v1/analyze/batch", session_id="b", image=[CAT, b"no picture", CAT[:9_000], CAT])
    assert response.status_code == 200
    results = response.json["results"]
    assert [each["index"] for each in results] == [0, 1, 2, 3]
    assert [each["status"] for each in results] == [200, 400, 400, 200]
    assert results[1]["detail"] == "Image must be JPEG format"
    assert results[2]["detail"] == "The picture is damaged or incomplete."
