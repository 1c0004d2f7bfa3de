"""Sessions belong to the owner of a key, and a request sent again is answered once."""

from __future__ import annotations

from werkzeug.test import TestResponse

from tests.conftest import services_of
from tests.fakes import ScriptedModel
from tests.voice.conftest import ANSWER, CAT, SESSION, MakeVoice, ask, post, question, session_of

PATH = "/api/v1/analyze"


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def test_two_owners_under_one_session_id(make_voice: MakeVoice) -> None:
    client = make_voice(auth_required=True, voice_rate_limit="2/minute")
    services = services_of(client.application)
    services.start()
    one, other = (bearer(services.accounts.create(name)[1]) for name in ("one", "other"))

    def say(key: dict[str, str], language: str = "") -> TestResponse:
        return post(client, PATH, key, session_id=SESSION, mode="snapshot", image=CAT, language=language)

    assert ask(client).status_code == 401
    assert set(ask(client).json) == {"detail"}
    assert client.get(f"/api/v1/session/{SESSION}").status_code == 401
    assert client.get("/api/v1/health").status_code == 200
    assert say(one, "hi").status_code == 200
    assert client.get(f"/api/v1/session/{SESSION}", headers=other).status_code == 404
    assert say(other).headers["X-Detected-Language"] == "en"
    assert say(one).headers["X-Detected-Language"] == "hi"
    assert say(one).status_code == 429
    assert say(other).status_code == 200
    assert client.post("/api/v1/session/reset", json={"session_id": SESSION}, headers=other).status_code == 200
    kept = client.get(f"/api/v1/session/{SESSION}", headers=one)
    assert len(kept.json["chat_history"]) == 2


def test_the_stream_wants_a_key_too(make_voice: MakeVoice) -> None:
    response = make_voice(auth_required=True).get("/api/v1/stream")
    assert (response.status_code, set(response.json)) == (401, {"detail"})


def test_a_request_sent_again(make_voice: MakeVoice) -> None:
    model = ScriptedModel(ANSWER)
    client = make_voice(model)
    key = {"Idempotency-Key": "one"}
    first = post(client, PATH, key, session_id=SESSION, mode="snapshot", image=CAT)
    meanwhile = post(client, PATH, key, session_id=SESSION, mode="snapshot", image=CAT)
    assert (meanwhile.status_code, set(meanwhile.json)) == (409, {"detail"})
    assert len(first.data) > 8_000  # read to its end, and so kept
    second = post(client, PATH, key, session_id=SESSION, mode="snapshot", image=CAT)
    assert (first.status_code, second.status_code) == (200, 200)
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    assert first.data == second.data
    assert second.headers["X-Response-Text"] == ANSWER.strip()
    assert second.headers["Content-Type"] == "audio/mpeg"
    assert len(model.requests) == 1
    assert len(session_of(client)["chat_history"]) == 1
    other = post(client, PATH, key, session_id=SESSION, mode="conversation", image=CAT, audio=question())
    assert other.status_code == 422
    assert set(other.json) == {"detail"}


def test_what_failed_may_be_sent_again(make_voice: MakeVoice) -> None:
    client = make_voice()
    key = {"Idempotency-Key": "two"}
    refused = post(client, PATH, key, session_id=SESSION, mode="neither", image=CAT)
    assert refused.status_code == 400
    assert post(client, PATH, key, session_id=SESSION, mode="snapshot", image=CAT).status_code == 200
