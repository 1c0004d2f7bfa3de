"""A picture and a question in, a spoken answer out."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from urllib.parse import unquote

import pytest
from flask.testing import FlaskClient

from services.content import ImagePart, Language, TextPart
from services.providers.local_chat import LocalChat
from services.speech.base import Transcript
from services.vision.glance import glance
from tests.conftest import services_of
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

HINDI = "आपके सामने लकड़ी की एक कुर्सी है।"


def words_to(model: ScriptedModel, number: int = -1) -> list[str]:
    """The texts of a request's messages, in order."""
    return [
        item.text for message in model.requests[number].messages for item in message.parts if isinstance(item, TextPart)
    ]


def test_a_snapshot_is_answered_aloud(client: FlaskClient) -> None:
    response = ask(client)
    assert response.status_code == 200
    assert response.mimetype == "audio/mpeg"
    assert response.headers["Content-Disposition"] == "attachment; filename=response.mp3"
    assert response.headers["X-Response-Text"] == ANSWER.strip()
    assert response.headers["X-Detected-Language"] == "en"
    assert response.headers["X-Session-Id"] == SESSION
    assert float(response.headers["X-Process-Time"]) > 0
    assert response.headers["X-Request-ID"]
    assert "X-Confidence" not in response.headers
    assert (response.headers["X-RateLimit-Limit"], response.headers["X-RateLimit-Remaining"]) == ("10", "9")
    assert int(response.headers["X-RateLimit-Reset"]) > 1_700_000_000
    assert heard_in(response.data) > 1.5
    kept = session_of(client)["chat_history"]
    assert [(each["user_query"], each["ai_response"]) for each in kept] == [("[Snapshot Mode]", ANSWER)]


def test_a_conversation_is_heard_and_answered(make_voice: MakeVoice) -> None:
    """All of it by this machine: a synthetic voice asks, the local recogniser hears."""
    model = ScriptedModel(ANSWER)
    client = make_voice(model)
    response = ask(client, mode="conversation", audio=question())
    assert response.status_code == 200, response.headers
    assert response.headers["X-Detected-Language"] == "en"
    heard_in(response.data)
    query = session_of(client)["chat_history"][0]["user_query"]
    assert {"what", "front", "me"} <= set(re.findall(r"[a-z]+", query.lower()))
    assert words_to(model)[-1] == query


def test_what_the_local_provider_sees_is_said(make_voice: MakeVoice) -> None:
    client = make_voice(LocalChat(lambda _picture: glance(CAT)))
    answers = [
        ask(client, json=True, mode="conversation", question="How big is the picture?", language=language).json
        for language in ("en", "hi", "mr")
    ]
    for answer in answers:
        assert "451" in answer["text"]
        assert "*" not in answer["text"]
    assert len({answer["text"] for answer in answers}) == 3


def test_a_question_in_writing(make_voice: MakeVoice) -> None:
    model = ScriptedModel(HINDI)
    client = make_voice(model)
    response = ask(client, mode="conversation", question="  मेरे सामने क्या है?  ")
    assert response.status_code == 200
    assert response.headers["X-Detected-Language"] == "hi"
    assert response.headers["X-Response-Text"].isascii()
    assert unquote(response.headers["X-Response-Text"]) == HINDI
    assert "Answer in Hindi." in words_to(model)[0]
    kept = session_of(client)
    assert kept["detected_language"] == "hi"
    assert kept["chat_history"][0]["user_query"] == "मेरे सामने क्या है?"


def test_the_audio_is_asked_before_the_written_question(client: FlaskClient) -> None:
    assert ask(client, mode="conversation", audio=question(), question="Where is it?").status_code == 200
    assert session_of(client)["chat_history"][0]["user_query"] == "What colour is it?"


def test_a_snapshot_passes_over_audio_and_question(make_voice: MakeVoice) -> None:
    ears = ScriptedEar()
    client = make_voice(ears=ears)
    assert ask(client, audio=b"not a recording", question="Where is it?").status_code == 200
    assert not ears.asked
    assert session_of(client)["chat_history"][0]["user_query"] == "[Snapshot Mode]"


def test_the_model_gets_the_picture_and_what_was_said_before(make_voice: MakeVoice) -> None:
    model = ScriptedModel(ANSWER)
    client = make_voice(model, ScriptedEar())
    ask(client)
    ask(client, mode="conversation", audio=question())
    _, *said = words_to(model)
    assert said == ["[Snapshot Mode]", ANSWER, "What colour is it?"]
    last = model.requests[-1].messages[-1]
    assert sum(isinstance(item, ImagePart) for item in last.parts) == 1


def test_other_sessions_know_nothing_of_it(make_voice: MakeVoice) -> None:
    model = ScriptedModel(ANSWER)
    client = make_voice(model, ScriptedEar())
    ask(client, session_id="one")
    ask(client, session_id="two", mode="conversation", audio=question())
    assert words_to(model)[1:] == ["What colour is it?"]


@pytest.mark.parametrize(
    ("length", "shown"), [(199, 199), (200, 200), (201, 200), (400, 200)], ids=["199", "200", "201", "400"]
)
@pytest.mark.parametrize("letter", ["a", "क"])
def test_the_preview_holds_200_characters(make_voice: MakeVoice, letter: str, length: int, shown: int) -> None:
    text = " ".join([letter * 4] * (length // 5 + 1))[: length - 1] + letter
    client = make_voice(ScriptedModel(text), speaker=ScriptedVoice())
    header = unquote(ask(client).headers["X-Response-Text"])
    assert len(header) == shown
    assert header == (text if length <= 200 else text[:197] + "...")


def test_the_preview_can_be_read_back(make_voice: MakeVoice) -> None:
    text = 'It says "50% off"; a\tfine\nprint — घर.'
    header = ask(make_voice(ScriptedModel(text))).headers["X-Response-Text"]
    assert header.isascii()
    assert unquote(header).split() == text.split()


def test_how_sure_the_ear_was(client: FlaskClient) -> None:
    assert ask(client, mode="conversation", audio=question()).headers["X-Confidence"] == "0.87"


def test_json_in_place_of_sound(client: FlaskClient) -> None:
    response = ask(client, json=True, mode="conversation", audio=question())
    assert response.status_code == 200
    assert response.mimetype == "application/json"
    body = response.json
    audio = base64.b64decode(body.pop("audio_base64"), validate=True)
    assert heard_in(audio) > 1.5
    assert body == {
        "session_id": SESSION,
        "query": "What colour is it?",
        "text": ANSWER.strip(),
        "language": "en",
        "confidence": 0.87,
        "mime_type": "audio/mpeg",
    }
    assert response.headers["X-Detected-Language"] == "en"


@pytest.mark.parametrize("accept", ["*/*", "audio/mpeg", "audio/mpeg, application/json", "text/html", "audio/*"])
def test_sound_for_everybody_else(client: FlaskClient, accept: str) -> None:
    response = post(client, "/api/v1/analyze", {"Accept": accept}, session_id=SESSION, mode="snapshot", image=CAT)
    assert (response.status_code, response.mimetype) == (200, "audio/mpeg")
    heard_in(response.data)


def test_the_language_is_kept_until_another_is_spoken(make_voice: MakeVoice) -> None:
    ears = ScriptedEar(
        Transcript("यह किस रंग का है?", "hi", 0.9, "scripted"), Transcript("What is it?", "en", 0.9, "scripted")
    )
    voice = ScriptedVoice()
    client = make_voice(ScriptedModel(ANSWER), ears, voice)
    seen = [ask(client, mode="conversation", audio=question()).headers["X-Detected-Language"]]
    seen.append(ask(client).headers["X-Detected-Language"])
    seen.append(ask(client, mode="conversation", audio=question()).headers["X-Detected-Language"])
    assert seen == ["hi", "hi", "en"]
    assert [language for _text, language, _voice in voice.said] == ["hi", "hi", "en"]
    assert [languages for _audio, languages in ears.asked] == [("en", "hi", "mr"), ("hi", "en", "mr")]
    kept = session_of(client)
    assert kept["detected_language"] == "en"
    assert [each["detected_language"] for each in kept["chat_history"]] == ["hi", "hi", "en"]


@pytest.mark.parametrize("language", ["en", "hi", "mr"])
def test_a_language_that_is_given(make_voice: MakeVoice, language: Language) -> None:
    ears, voice, model = (
        ScriptedEar(Transcript("...", language, None, "scripted")),
        ScriptedVoice(),
        ScriptedModel("ok."),
    )
    client = make_voice(model, ears, voice)
    response = ask(client, mode="conversation", audio=question(), language=language)
    assert response.headers["X-Detected-Language"] == language
    assert ears.asked[0][1] == (language,)
    assert voice.said[0][1] == language
    assert model.requests[0].language == language
    assert session_of(client)["detected_language"] == language


def test_a_slow_voice_takes_longer(client: FlaskClient) -> None:
    default = heard_in(ask(client, voice="default").data)
    slow = heard_in(ask(client, voice="slow").data)
    assert slow > 1.2 * default


def test_every_sentence_is_spoken_in_order(make_voice: MakeVoice) -> None:
    voice = ScriptedVoice()
    client = make_voice(
        ScriptedModel("There is a door on your left. ", "It is open and wide. Mind ", "the step!"), None, voice
    )
    body = ask(client, json=True).json
    assert body["text"] == "There is a door on your left. It is open and wide. Mind the step!"
    spoken = ("There is a door on your left.", "It is open and wide.", "Mind the step!")
    assert base64.b64decode(body["audio_base64"]) == b"".join(voice.sounds[text] for text in spoken)


def test_a_long_answer_is_heard_to_its_end(make_voice: MakeVoice) -> None:
    sentences = [f"This is sentence number {number} of a long answer about the picture. " for number in range(12)]
    client = make_voice(ScriptedModel(*sentences), speaker=ScriptedVoice())
    response = ask(client)
    assert len(response.headers["X-Response-Text"]) == 200
    assert heard_in(response.data) > 25
    assert session_of(client)["chat_history"][0]["ai_response"] == "".join(sentences)


def test_speech_of_a_phrase_is_kept(make_voice: MakeVoice, tmp_path: Path) -> None:
    client = make_voice()
    first, second = ask(client), ask(client)
    assert first.data == second.data
    assert len(list((tmp_path / "data" / "speech").glob("*.mp3"))) == 1


def test_only_the_newest_picture_is_kept(client: FlaskClient) -> None:
    store = services_of(client.application).store
    for _ in range(3):
        ask(client)
    keys = list(store.keys("voice/"))
    assert len(keys) == 1
    assert store.get(keys[0]) == CAT
