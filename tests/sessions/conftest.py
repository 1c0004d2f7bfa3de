"""Chat sessions of the real application over a real database; a model that waits where a test wants it to."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask.testing import FlaskClient

from services.container import Services
from tests.conftest import MakeApp, services_of
from tests.fakes import ScriptedModel

CHAT = "/api/v2/chat"
SESSIONS = f"{CHAT}/sessions"
UNKNOWN = "00000000-0000-4000-8000-000000000000"
SETTLE_S = 10.0


@dataclass(frozen=True)
class Event:
    """One event of a stream, as its bytes say."""

    name: str
    id: int | None
    data: dict[str, Any]


def events_of(text: str) -> list[Event]:
    """The events of a stream; pings are left out. Fails on what is not of the form the contract gives."""
    assert text == "" or text.endswith("\n\n"), text[-80:]
    found = []
    for block in text.split("\n\n")[:-1]:
        lines = block.split("\n")
        assert lines[0].startswith("event: "), block
        name = lines[0].removeprefix("event: ")
        number = int(lines[1].removeprefix("id: ")) if name == "token" else None
        assert len(lines) == (3 if name == "token" else 2), block
        data = json.loads(lines[-1].removeprefix("data: "))
        assert data["type"] == name
        if name != "ping":
            found.append(Event(name, number, data))
    return found


def names_of(events: list[Event]) -> list[str]:
    return [event.name for event in events]


def new_session(client: FlaskClient, **body: Any) -> str:
    """Begin a session; its id."""
    response = client.post(SESSIONS, json=body)
    assert response.status_code == 201, response.text
    return str(response.json["session_id"])


def say(client: FlaskClient, session: str, message: str = "What is it?", **body: Any) -> dict[str, Any]:
    """Ask and get the whole answer."""
    response = client.post(f"{SESSIONS}/{session}/messages", json={"message": message, **body})
    assert response.status_code == 200, response.text
    return dict(response.json)


def stream(client: FlaskClient, session: str, message: str = "What is it?", **body: Any) -> list[Event]:
    """Ask and read the stream to its end."""
    response = client.post(f"{SESSIONS}/{session}/messages/stream", json={"message": message, **body})
    assert response.status_code == 200, response.text
    return events_of(response.text)


def detail(client: FlaskClient, session: str, **query: Any) -> dict[str, Any]:
    response = client.get(f"{SESSIONS}/{session}", query_string=query)
    assert response.status_code == 200, response.text
    return dict(response.json)


def escaped(value: object) -> dict[str, Any]:
    """Arguments of a request whose JSON may hold what UTF-8 cannot: lone surrogates."""
    return {"data": json.dumps(value), "content_type": "application/json"}


def problem(response: Any, status: int, code: str) -> dict[str, Any]:
    """The body of an RFC 9457 problem with this status and code."""
    assert (response.status_code, response.json.get("code")) == (status, code), response.text
    assert response.mimetype == "application/problem+json"
    body = dict(response.json)
    assert {"type", "title", "status", "detail", "code"} <= set(body)
    assert body["status"] == status
    if status == 422:
        assert body["errors"]
        assert all(set(error) == {"field", "message"} for error in body["errors"])
    return body


class Gate:
    """Holds a model before a piece until it is opened.

    Args:
        before: the number of the piece it is held before.
    """

    def __init__(self, before: int) -> None:
        self.before = before
        self.reached = threading.Event()
        self.opened = threading.Event()

    def __call__(self, number: int) -> None:
        if number == self.before:
            self.reached.set()
            assert self.opened.wait(30), "the gate was never opened"

    def open(self) -> None:
        self.opened.set()


@pytest.fixture
def gate() -> Iterator[Gate]:
    """Holds the model before its third piece."""
    made = Gate(2)
    yield made
    made.open()


@pytest.fixture
def held(make_app: MakeApp, gate: Gate) -> FlaskClient:
    """A client of an application whose model stops before its third of four pieces."""
    model = ScriptedModel("One ", "two ", "three ", "four.", before_piece=gate)
    return make_app(model).test_client()


def parts(client: FlaskClient) -> Services:
    return services_of(client.application)  # type: ignore[arg-type]
