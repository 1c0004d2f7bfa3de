"""Sessions: begun by use, remembered, forgotten on request and by silence, and safe from one another."""

from __future__ import annotations

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import redis
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from models.base import now
from models.chats import Conversation
from models.voice import VoiceSession
from services.content import Language
from services.speech.base import Audio, Transcript
from tests import hosts
from tests.conftest import picture, services_of
from tests.fakes import ScriptedModel
from tests.voice.conftest import ANSWER, CAT, SESSION, MakeVoice, ScriptedEar, ask, post, question, session_of

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
RESET = {"status": "success", "session_id": SESSION, "message": "Session reset successfully"}


def age(client: FlaskClient, minutes: float, session_id: str = SESSION) -> None:
    """Have a session lie idle for so long."""
    services = services_of(client.application)
    with services.database.write() as session:
        at = now() - timedelta(minutes=minutes)
        session.execute(update(VoiceSession).where(VoiceSession.session_id == session_id).values(last_activity=at))
    if services.settings.redis_url:
        # Lively ones are there, for as long as they may lie idle.
        with redis.Redis.from_url(services.settings.redis_url) as shared:
            shared.flushdb()


def rows(client: FlaskClient) -> tuple[int, int, int]:
    """Sessions, conversations and pictures that are kept."""
    services = services_of(client.application)
    with services.database.read() as session:
        sessions = session.execute(select(func.count()).select_from(VoiceSession)).scalar_one()
        conversations = session.execute(select(func.count()).select_from(Conversation)).scalar_one()
    return sessions, conversations, len(list(services.store.keys("voice/")))


def test_what_is_told_of_a_session(client: FlaskClient) -> None:
    ask(client)
    ask(client, mode="conversation", audio=question())
    found = session_of(client)
    assert list(found) == ["session_id", "created_at", "last_activity", "detected_language", "chat_history"]
    assert found["session_id"] == SESSION
    assert found["detected_language"] == "en"
    assert TIME.fullmatch(found["created_at"])
    assert TIME.fullmatch(found["last_activity"])
    assert found["created_at"] <= found["last_activity"]
    for each in found["chat_history"]:
        assert list(each) == ["timestamp", "user_query", "detected_language", "image_path", "ai_response"]
        assert TIME.fullmatch(each["timestamp"])
        assert each["image_path"] == f"temp_{SESSION}.jpg"
        assert each["ai_response"] == ANSWER
    assert [each["user_query"] for each in found["chat_history"]] == ["[Snapshot Mode]", "What colour is it?"]


def test_the_ten_newest_are_told(make_voice: MakeVoice) -> None:
    client = make_voice(voice_rate_limit="100/minute")
    for number in range(13):
        assert ask(client, mode="conversation", question=f"What is number {number}?").status_code == 200
    found = [each["user_query"] for each in session_of(client)["chat_history"]]
    assert found == [f"What is number {number}?" for number in range(3, 13)]


def test_unknown_sessions(client: FlaskClient) -> None:
    for session_id in ("nobody", SESSION, "a" * 129, "reset", "%00", "%ff", "%0d%0aX-Evil:1"):
        response = client.get(f"/api/v1/session/{session_id}")
        assert (response.status_code, response.json) == (404, {"detail": "Session not found"})


def test_reset_by_form_multipart_and_json(client: FlaskClient) -> None:
    path = "/api/v1/session/reset"
    for reset in (
        lambda: client.post(path, data={"session_id": SESSION}),
        lambda: post(client, path, session_id=SESSION),
        lambda: client.post(path, json={"session_id": SESSION}),
    ):
        ask(client, language="hi")
        assert rows(client) == (1, 1, 1)
        response = reset()
        assert (response.status_code, response.json) == (200, RESET)
        assert rows(client) == (0, 0, 0)
        assert client.get(f"/api/v1/session/{SESSION}").status_code == 404
        assert reset().json == RESET  # of a session that is not there
        assert ask(client).headers["X-Detected-Language"] == "en"


def test_reset_of_nothing(client: FlaskClient) -> None:
    path = "/api/v1/session/reset"
    for response in (
        client.post(path),
        client.post(path, data={"session_id": ""}),
        client.post(path, data={"other": "a"}),
        client.post(path, json={}),
        client.post(path, json={"session_id": None}),
        post(client, path, session_id=b"a file"),
    ):
        assert (response.status_code, response.json) == (400, {"detail": "Missing required field: session_id"})
    for broken in (b"{", b"[" * 10_000, b"[]", b"\xff", b'{"session_id": 7}', b'{"session_id": ["a"]}'):
        response = client.post(path, data=broken, content_type="application/json")
        assert (response.status_code, set(response.json)) == (400, {"detail"})
    response = client.post(path, data=b"x", content_type="text/plain")
    assert (response.status_code, response.json) == (415, {"detail": "The request must be a form or JSON."})


def test_a_reset_forgets_the_talk(make_voice: MakeVoice) -> None:
    model = ScriptedModel(ANSWER)
    client = make_voice(model)
    ask(client, mode="conversation", question="What is it?")
    client.post("/api/v1/session/reset", data={"session_id": SESSION})
    ask(client, mode="conversation", question="And now?")
    assert [message.text for message in model.requests[-1].messages[1:]] == ["And now?"]


def test_a_session_survives_a_restart(make_voice: MakeVoice) -> None:
    first = make_voice()
    ask(first, language="hi")
    services_of(first.application).stop()
    model = ScriptedModel(ANSWER)
    second = make_voice(model)
    assert len(session_of(second)["chat_history"]) == 1
    assert ask(second).headers["X-Detected-Language"] == "hi"
    assert model.requests[0].messages[1].text == "[Snapshot Mode]"


def test_a_session_ends_after_thirty_idle_minutes(client: FlaskClient) -> None:
    ask(client, language="hi")
    age(client, 29)
    before = session_of(client)
    ask(client)
    assert session_of(client)["created_at"] == before["created_at"]
    assert session_of(client)["last_activity"] > before["last_activity"]
    age(client, 31)
    assert client.get(f"/api/v1/session/{SESSION}").status_code == 404
    response = ask(client)
    assert response.headers["X-Detected-Language"] == "en"
    found = session_of(client)
    assert found["created_at"] > before["created_at"]
    assert len(found["chat_history"]) == 1
    assert rows(client) == (1, 1, 1)


def test_the_idle_time_can_be_set(make_voice: MakeVoice) -> None:
    client = make_voice(voice_session_ttl_min=2)
    ask(client)
    age(client, 3)
    assert client.get(f"/api/v1/session/{SESSION}").status_code == 404


def test_the_sweep_takes_rows_and_pictures(client: FlaskClient, tmp_path: Path) -> None:
    for session_id in ("old", "older", "new"):
        ask(client, session_id=session_id)
    age(client, 31, "old")
    age(client, 300, "older")
    services = services_of(client.application)
    assert services.voice_sessions.sweep() == 2
    assert rows(client) == (1, 1, 1)
    assert session_of(client, "new")
    assert services.voice_sessions.sweep() == 0
    assert len(list(hosts.store(tmp_path / "data").keys("voice/"))) == 1


def test_two_hundred_sessions_at_once(make_voice: MakeVoice) -> None:
    client = make_voice(ScriptedModel(ANSWER), ScriptedEar())
    app = client.application

    def talk(number: int) -> tuple[int, int]:
        one = app.test_client()
        return ask(one, session_id=f"s{number}").status_code, len(session_of(one, f"s{number}")["chat_history"])

    with ThreadPoolExecutor(32) as pool:
        seen = list(pool.map(talk, range(200)))
    assert seen == [(200, 1)] * 200
    assert rows(client) == (200, 200, 200)


def test_many_at_once_in_one_session(make_voice: MakeVoice) -> None:
    client = make_voice(voice_rate_limit="12/minute")
    app = client.application
    with ThreadPoolExecutor(16) as pool:
        codes = list(pool.map(lambda _: ask(app.test_client()).status_code, range(16)))
    assert sorted(codes) == [200] * 12 + [429] * 4
    assert len(session_of(client)["chat_history"]) == 10
    assert rows(client) == (1, 1, 1)


def test_a_question_keeps_its_picture_while_another_is_asked(make_voice: MakeVoice) -> None:
    seen: list[bytes] = []

    def meanwhile(number: int) -> None:
        if number == 0 and not seen:
            assert ask(app.test_client(), image=picture("JPEG", (320, 240))).status_code == 200
            seen.append(model.requests[0].messages[-1].images[0].source.original())

    model = ScriptedModel(ANSWER, before_piece=meanwhile)
    app = make_voice(model).application
    assert ask(app.test_client()).status_code == 200
    assert seen == [CAT]


def test_a_session_that_is_reset_while_it_is_listened_to(make_voice: MakeVoice) -> None:
    class Interrupted(ScriptedEar):
        def transcribe(self, audio: Audio, languages: Sequence[Language]) -> Transcript:
            assert app.test_client().post("/api/v1/session/reset", data={"session_id": SESSION}).status_code == 200
            return super().transcribe(audio, languages)

    app = (client := make_voice(ears=Interrupted())).application
    ask(client)
    assert ask(client, mode="conversation", audio=question()).status_code == 200
    assert [said["user_query"] for said in session_of(client)["chat_history"]] == ["What colour is it?"]
