"""A clock that is wrong, or set: links, pages and kept answers go on as if nothing had happened."""

from __future__ import annotations

import io
import time
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from itsdangerous import TimestampSigner, URLSafeTimedSerializer
from sqlalchemy import update

from models.accounts import KeptAnswer
from models.base import now
from models.chats import Conversation, Message
from tests.conftest import MakeApp, picture, services_of, upload
from tests.sessions.conftest import SESSIONS

HOUR_S = 3600
DAY_S = 24 * HOUR_S


@pytest.mark.parametrize(
    ("ahead_s", "status"),
    [(3, 200), (HOUR_S, 200), (-HOUR_S, 200), (DAY_S + HOUR_S, 401), (-DAY_S - HOUR_S, 401)],
)
def test_a_link_signed_by_another_clock(make_app: MakeApp, ahead_s: int, status: int) -> None:
    """Another host's, which may well be some seconds ahead; or this one's, before it was set back."""

    class Theirs(TimestampSigner):
        def get_timestamp(self) -> int:
            return int(time.time()) + ahead_s

    app = make_app(auth_required=True)
    services_of(app).start()
    key, text = services_of(app).accounts.create("ann")
    client = app.test_client()
    sent = client.post(
        "/upload", data={"file": (io.BytesIO(picture()), "a.jpg")}, headers={"Authorization": f"Bearer {text}"}
    )
    path = f"/images/{sent.json['image_id']}/file"
    signs = URLSafeTimedSerializer(services_of(app).secret_key, salt="picture-links", signer=Theirs)
    found = client.get(f"{path}?signature={quote(signs.dumps([key.owner_id, path]))}")
    assert found.status_code == status


@pytest.mark.parametrize("ahead", [timedelta(days=3), timedelta(days=-3)], ids=["back", "forth"])
def test_pages_show_each_once(make_app: MakeApp, ahead: timedelta) -> None:
    """Also when the clock is set between the sessions, and while the list is read."""
    app = make_app()
    client = app.test_client()

    def begun() -> str:
        return str(client.post(SESSIONS, json={}).json["session_id"])

    before = [begun() for _ in range(4)]
    with services_of(app).database.write() as work:
        work.execute(update(Conversation).values(created_at=now() + ahead, updated_at=now() + ahead))
    expected = {*before, *(begun() for _ in range(3))}
    seen: list[str] = []
    query: dict[str, Any] | None = {"limit": 2}
    while query is not None:
        page = client.get(SESSIONS, query_string=query).json
        seen += [session["id"] for session in page["sessions"]]
        query = {"limit": 2, "cursor": page["next_cursor"]} if page["has_more"] else None
    assert sorted(seen) == sorted(expected)


def test_an_answer_kept_before_the_clock_was_set_back(make_app: MakeApp) -> None:
    app = make_app()
    client = app.test_client()
    image = upload(client)
    asked = {"json": {"question": "What?"}, "headers": {"Idempotency-Key": "one"}}
    first = client.post(f"/chat/{image}", **asked)
    with services_of(app).database.write() as work:
        work.execute(update(KeptAnswer).values(created_at=now() + timedelta(hours=2)))
    assert services_of(app).idempotency.sweep() == 0
    again = client.post(f"/chat/{image}", **asked)
    assert (again.data, again.headers["Idempotent-Replayed"]) == (first.data, "true")


def test_a_talk_keeps_its_order(make_app: MakeApp) -> None:
    """Messages stand in the order in which they were said, whatever the clock said."""
    app = make_app()
    client = app.test_client()
    image = upload(client)
    client.post(f"/chat/{image}", json={"question": "First?"})
    with services_of(app).database.write() as work:
        work.execute(update(Message).values(created_at=now() + timedelta(hours=2)))
    client.post(f"/chat/{image}", json={"question": "Second?"})
    said = client.get(f"/images/{image}/messages").json["messages"]
    assert [message["content"] for message in said if message["role"] == "user"][1:] == ["First?", "Second?"]
