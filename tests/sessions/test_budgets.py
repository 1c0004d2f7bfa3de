"""Budgets of sessions and limits of months, also when many ask at once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from flask.testing import FlaskClient

from services.usage import reset_date
from tests.conftest import MakeApp
from tests.fakes import ScriptedModel
from tests.sessions.conftest import SESSIONS, detail, names_of, new_session, parts, problem, say, stream


def test_a_full_session(make_app: MakeApp) -> None:
    model = ScriptedModel("Yes.")
    client = make_app(model, session_message_budget=4).test_client()
    session = new_session(client)
    assert say(client, session)["remaining_messages"] == 2
    assert say(client, session)["remaining_messages"] == 0
    refused = problem(
        client.post(f"{SESSIONS}/{session}/messages", json={"message": "More?"}), 429, "SESSION_LIMIT_EXCEEDED"
    )
    assert refused["context"] == {"limit_type": "session_messages", "current_usage": 4, "session_limit": 4}
    events = stream(client, session, "More?")
    assert names_of(events) == ["connection", "error", "close"]
    assert events[1].data == {
        "type": "error",
        "message": refused["detail"],
        "code": "SESSION_LIMIT_EXCEEDED",
        "context": refused["context"],
    }
    assert events[0].data["message_id"] == events[2].data["message_id"]
    assert len(model.requests) == 2
    assert detail(client, session)["session"]["total_messages"] == 4
    assert say(client, new_session(client))["remaining_messages"] == 2


def test_a_session_with_room_for_a_question_but_not_its_answer(make_app: MakeApp) -> None:
    """A question that got no answer counts as one message, so that an odd number may be left."""
    client = make_app(ScriptedModel("Yes."), session_message_budget=5).test_client()
    session = new_session(client)
    say(client, session)
    assert say(client, session)["remaining_messages"] == 1
    refused = problem(
        client.post(f"{SESSIONS}/{session}/messages", json={"message": "More?"}), 429, "SESSION_LIMIT_EXCEEDED"
    )
    assert refused["detail"] == "This session has reached its message limit (4/5)."
    assert refused["context"] == {"limit_type": "session_messages", "current_usage": 4, "session_limit": 5}
    kept = detail(client, session)["session"]
    assert (kept["total_messages"], kept["remaining_messages"]) == (4, 1)


def test_a_session_without_tokens_left(make_app: MakeApp) -> None:
    model = ScriptedModel("Yes.")
    client = make_app(model, session_token_budget=20).test_client()
    session = new_session(client)
    assert say(client, session)["remaining_tokens"] == 7
    assert say(client, session)["remaining_tokens"] == 0
    refused = problem(
        client.post(f"{SESSIONS}/{session}/messages", json={"message": "More?"}), 429, "SESSION_LIMIT_EXCEEDED"
    )
    assert refused["context"] == {"limit_type": "session_tokens", "current_usage": 26, "session_limit": 20}
    assert detail(client, session)["session"]["remaining_tokens"] == 0
    assert len(model.requests) == 2


def test_the_month_is_over(make_app: MakeApp) -> None:
    model = ScriptedModel("Yes.")
    client = make_app(model, monthly_message_limit=2).test_client()
    first, second = new_session(client), new_session(client)
    say(client, first)
    say(client, second)
    refused = problem(
        client.post(f"{SESSIONS}/{first}/messages", json={"message": "More?"}), 429, "USAGE_LIMIT_EXCEEDED"
    )
    message = "You've reached your monthly chat message limit (2/2)."
    context = {
        "limit_type": "monthly_chat_messages",
        "current_usage": 2,
        "monthly_limit": 2,
        "reset_date": reset_date(datetime.now(UTC)),
        "upgrade_url": "/settings/billing",
    }
    assert (refused["detail"], refused["context"]) == (message, context)
    headers = client.post(f"{SESSIONS}/{first}/messages", json={"message": "More?"}).headers
    reset = datetime.fromisoformat(str(context["reset_date"]) + "T00:00:00+00:00").timestamp()
    assert (headers["X-RateLimit-Limit"], headers["X-RateLimit-Remaining"]) == ("2", "0")
    assert int(headers["X-RateLimit-Reset"]) == reset
    assert 0 < int(headers["Retry-After"]) <= reset - datetime.now(UTC).timestamp() + 5
    events = stream(client, second, "More?")
    assert names_of(events) == ["connection", "error", "close"]
    assert events[1].data == {"type": "error", "message": message, "code": "USAGE_LIMIT_EXCEEDED", "context": context}
    assert len(model.requests) == 2
    parts(client).stop()
    again = make_app(model, monthly_message_limit=2).test_client()
    problem(again.post(f"{SESSIONS}/{first}/messages", json={"message": "More?"}), 429, "USAGE_LIMIT_EXCEEDED")


@pytest.mark.parametrize("place", ["messages", "messages/stream"])
def test_what_is_left_of_the_month_is_told(make_app: MakeApp, place: str) -> None:
    client = make_app(ScriptedModel("Yes."), monthly_message_limit=2).test_client()
    session = new_session(client)
    reset = datetime.fromisoformat(reset_date(datetime.now(UTC)) + "T00:00:00+00:00").timestamp()
    told = []
    for _ in range(3):
        response = client.post(f"{SESSIONS}/{session}/{place}", json={"message": "Well?"})
        assert response.data
        assert int(response.headers["X-RateLimit-Reset"]) == reset
        names = ("X-RateLimit-Limit", "X-RateLimit-Remaining")
        told.append((*(response.headers[name] for name in names), "Retry-After" in response.headers))
    assert told == [("2", "1", False), ("2", "0", False), ("2", "0", True)]


def test_without_a_limit_none_is_told(client: FlaskClient) -> None:
    response = client.post(f"{SESSIONS}/{new_session(client)}/messages", json={"message": "Well?"})
    assert response.status_code == 200
    assert "X-RateLimit-Limit" not in response.headers


def test_the_first_of_next_month() -> None:
    assert reset_date(datetime(2025, 1, 31, 23, 59, tzinfo=UTC)) == "2025-02-01"
    assert reset_date(datetime(2025, 12, 1, tzinfo=UTC)) == "2026-01-01"


def test_a_race_for_the_last_of_the_month(make_app: MakeApp) -> None:
    """Sixteen sessions race for five messages: five answers, no more are made, and none is lost."""
    model = ScriptedModel("Yes.")
    app = make_app(model, monthly_message_limit=5)
    sessions = [new_session(app.test_client()) for _ in range(16)]
    barrier = threading.Barrier(16)

    def send(session: str) -> int:
        barrier.wait(20)
        return app.test_client().post(f"{SESSIONS}/{session}/messages", json={"message": "Now?"}).status_code

    with ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(send, sessions))
    assert sorted(statuses) == [200] * 5 + [429] * 11
    assert len(model.requests) == 5


@pytest.mark.parametrize("budget", [6, 7])
def test_a_race_for_the_last_of_a_session(make_app: MakeApp, budget: int) -> None:
    model = ScriptedModel("Yes.")
    app = make_app(model, session_message_budget=budget)
    session = new_session(app.test_client())
    barrier = threading.Barrier(8)

    def send(_number: int) -> list[int]:
        own = app.test_client()
        barrier.wait(20)
        return [own.post(f"{SESSIONS}/{session}/messages", json={"message": "Now?"}).status_code for _ in range(6)]

    with ThreadPoolExecutor(8) as pool:
        statuses = [status for some in pool.map(send, range(8)) for status in some]
    assert set(statuses) <= {200, 409, 429}
    assert statuses.count(200) == len(model.requests) <= 3
    kept = detail(app.test_client(), session)["session"]
    assert kept["total_messages"] == 2 * statuses.count(200) <= budget
    assert kept["remaining_messages"] == budget - kept["total_messages"]
