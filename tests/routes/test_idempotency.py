"""`Idempotency-Key`: sent twice, done once."""

from __future__ import annotations

import io
import threading
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from models.accounts import KeptAnswer
from models.base import now
from services.errors import ProviderUnavailable
from tests.conftest import MakeApp, picture, services_of, upload
from tests.fakes import ScriptedModel

KEY = {"Idempotency-Key": "retry-1"}


def send(client: FlaskClient, colour: str = "red", name: str = "a.jpg", key: dict[str, str] | None = None):
    file = (io.BytesIO(picture(colour=colour)), name)
    return client.post("/upload", data={"file": file}, headers=key or KEY)


def test_an_upload_sent_again_is_answered_alike_and_kept_once(client: FlaskClient) -> None:
    first, again = send(client), send(client)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json == again.json
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert first.headers["X-Request-ID"] != again.headers["X-Request-ID"]
    assert client.get("/api/v2/chat/images/all").json["total_count"] == 1


@pytest.mark.parametrize("other", [{"colour": "blue"}, {"name": "b.jpg"}])
def test_the_same_key_with_another_body_is_refused(client: FlaskClient, other: dict[str, str]) -> None:
    send(client)
    refused = send(client, **other)
    assert refused.status_code == 422
    assert refused.json["error"]["code"] == "idempotency_key_reused"


def test_the_same_key_at_another_address_is_refused(client: FlaskClient) -> None:
    image = upload(client)
    asked = {"json": {"question": "what?"}, "headers": KEY}
    assert client.post(f"/chat/{image}", **asked).status_code == 200
    assert client.post(f"/chat-stream/{image}", **asked).status_code == 422


def test_in_v2_the_refusal_is_a_problem(client: FlaskClient) -> None:
    client.post("/api/v2/chat/sessions", json={"title": "a"}, headers=KEY)
    refused = client.post("/api/v2/chat/sessions", json={"title": "b"}, headers=KEY)
    assert (refused.status_code, refused.json["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")


def test_a_stream_is_replayed_byte_for_byte(client: FlaskClient) -> None:
    image = upload(client)
    asked = {"json": {"question": "what?"}, "headers": KEY}
    first = client.post(f"/chat-stream/{image}", **asked).data
    again = client.post(f"/chat-stream/{image}", **asked)
    assert first == again.data
    assert first.endswith(b"data: [DONE]\n\n")
    assert again.mimetype == "text/event-stream"
    assert len(client.get(f"/images/{image}/messages").json["messages"]) == 4


def test_what_failed_may_be_sent_again(make_app: MakeApp) -> None:
    model = ScriptedModel()
    client = make_app(model).test_client()
    image = upload(client)
    model.pieces = (ProviderUnavailable("down", provider="scripted"),)
    asked = {"json": {"question": "what?"}, "headers": KEY}
    assert client.post(f"/chat/{image}", **asked).status_code == 503
    model.pieces = ("back",)
    assert client.post(f"/chat/{image}", **asked).status_code == 200
    assert client.post(f"/chat/{image}", json={}, headers={"Idempotency-Key": "k2"}).status_code == 400
    assert client.post(f"/chat/{image}", json={"question": "a"}, headers={"Idempotency-Key": "k2"}).status_code == 200


def test_while_the_first_is_being_answered_the_second_is_told_so(make_app: MakeApp) -> None:
    begun, go = threading.Event(), threading.Event()

    def wait(_number: int) -> None:
        begun.set()
        assert go.wait(20)

    model = ScriptedModel("one")
    app = make_app(model)
    image = upload(app.test_client())
    model.before_piece = wait
    asked = {"json": {"question": "what?"}, "headers": KEY}
    first: list[int] = []
    sender = threading.Thread(
        target=lambda: first.append(app.test_client().post(f"/chat/{image}", **asked).status_code)
    )
    sender.start()
    try:
        assert begun.wait(20)
        refused = app.test_client().post(f"/chat/{image}", **asked)
        assert (refused.status_code, refused.json["error"]["code"]) == (409, "idempotency_key_in_flight")
    finally:
        go.set()
        sender.join(20)
    assert first == [200]
    assert app.test_client().post(f"/chat/{image}", **asked).headers["Idempotent-Replayed"] == "true"


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 256, "\u00e9"])
def test_a_key_that_is_none_is_refused(client: FlaskClient, key: str) -> None:
    refused = send(client, key={"Idempotency-Key": key})
    assert (refused.status_code, refused.json["error"]["code"]) == (400, "invalid_idempotency_key")


def test_a_read_takes_no_notice_of_a_key(client: FlaskClient) -> None:
    image = upload(client)
    for _ in range(2):
        assert "Idempotent-Replayed" not in client.get(f"/images/{image}", headers=KEY).headers


def test_after_a_restart_the_answer_is_still_kept(make_app: MakeApp) -> None:
    first = send(make_app().test_client())
    again = send(make_app().test_client())
    assert again.json == first.json
    assert again.headers["Idempotent-Replayed"] == "true"


def test_what_a_dead_process_left_half_made_may_be_made_again(make_app: MakeApp) -> None:
    app = make_app()
    send(app.test_client())
    with services_of(app).database.write() as session:
        session.execute(update(KeptAnswer).values(status=None, body_key=None, worker_id="gone"))
    again = send(app.test_client())
    assert again.status_code == 201
    assert "Idempotent-Replayed" not in again.headers


def test_after_a_day_an_answer_is_forgotten_with_its_file(make_app: MakeApp) -> None:
    app = make_app()
    send(app.test_client())
    services = services_of(app)
    assert list(services.store.keys("answers/"))
    with services.database.write() as session:
        session.execute(update(KeptAnswer).values(created_at=now() - timedelta(hours=25)))
    assert services.idempotency.sweep() == 1
    assert not list(services.store.keys("answers/"))
    assert "Idempotent-Replayed" not in send(app.test_client()).headers
