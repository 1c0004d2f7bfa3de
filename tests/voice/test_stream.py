"""The WebSocket: an answer heard sentence by sentence, while it is still being written."""

from __future__ import annotations

import base64
import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from flask.testing import FlaskClient
from simple_websocket import Client, ConnectionClosed

from services.errors import ProviderUnavailable
from services.speech.clips import clip
from tests import inventory
from tests.fakes import ScriptedModel
from tests.serving import served
from tests.voice.conftest import (
    CAT,
    SESSION,
    MakeVoice,
    ScriptedEar,
    ScriptedVoice,
    heard_in,
    question,
    session_of,
)

WAIT_S = 20
DOWN = ProviderUnavailable("No connection.", provider="scripted")
Connect = Callable[[FlaskClient], Client]


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Serves an application on a socket and opens its WebSocket."""
    with ExitStack() as stack:

        def open_one(client: FlaskClient) -> Client:
            port = stack.enter_context(served(client.application))
            opened = Client(f"ws://127.0.0.1:{port}/api/v1/stream")
            stack.callback(lambda: opened.close() if opened.connected else None)
            return opened

        yield open_one


def send(socket: Client, **fields: Any) -> None:
    given = {"session_id": SESSION, "mode": "snapshot", "image": CAT} | fields
    in_text = {
        name: base64.b64encode(value).decode() if isinstance(value, bytes) else value
        for name, value in given.items()
        if value is not None
    }
    socket.send(json.dumps(in_text))


def told(socket: Client) -> dict[str, Any]:
    message = socket.receive(timeout=WAIT_S)
    assert isinstance(message, str), message
    found = json.loads(message)
    assert isinstance(found, dict)
    return found


def sound(socket: Client) -> bytes:
    message = socket.receive(timeout=WAIT_S)
    assert isinstance(message, bytes), message
    return message


def test_an_answer_in_order(make_voice: MakeVoice, connect: Connect) -> None:
    model = ScriptedModel("There is a door on your left. ", "It is open, and it is wide.")
    client = make_voice(model, ScriptedEar())
    socket = connect(client)
    for _ in range(2):
        send(socket, mode="conversation", audio=question())
        assert told(socket) == {"type": "heard", "query": "What colour is it?", "language": "en", "confidence": 0.87}
        for index, text in enumerate(("There is a door on your left.", "It is open, and it is wide.")):
            assert told(socket) == {"type": "sentence", "index": index, "text": text}
            heard_in(sound(socket))
        last = told(socket)
        assert last["type"] == "complete"
        assert last["text"] == "There is a door on your left. It is open, and it is wide."
        assert last["language"] == "en"
        assert set(last["timings"]) == {"stt", "first_sentence", "first_audio", "vision", "tts"}
    assert len(session_of(client)["chat_history"]) == 2


def test_the_first_sentence_is_heard_while_the_model_writes(make_voice: MakeVoice, connect: Connect) -> None:
    go_on = threading.Event()
    pieces = ("There is a door on your left. ", "It is open. ", "Mind the step.")
    model = ScriptedModel(*pieces, before_piece=lambda number: go_on.wait(WAIT_S) if number == 2 else None)
    socket = connect(make_voice(model))
    send(socket)
    assert told(socket)["type"] == "heard"
    assert told(socket)["text"] == "There is a door on your left."
    heard_in(sound(socket))
    assert not go_on.is_set()
    go_on.set()
    assert told(socket)["index"] == 1
    sound(socket)
    rest = [told(socket)]
    if rest[0]["type"] == "sentence":
        sound(socket)
        rest.append(told(socket))
    assert rest[-1]["type"] == "complete"


REFUSED: dict[str, tuple[str, int, str]] = {
    "no JSON": ("{", 400, "The message is not valid JSON."),
    "a list": ("[]", 400, "The message must be a JSON object."),
    "deep": ("[" * 100_000, 400, "The message is not valid JSON."),
    "nothing": ("{}", 400, "Missing required field: session_id"),
    "null": ('{"session_id": null}', 400, "Missing required field: session_id"),
    "a number": ('{"session_id": 1}', 400, "session_id must be a string"),
    "a number for a language": (
        '{"session_id": "a", "mode": "snapshot", "language": 7}',
        400,
        "language must be a string",
    ),
    "no mode": ('{"session_id": "a"}', 400, "Missing required field: mode"),
    "mode": (
        '{"session_id": "a", "mode": "x"}',
        400,
        "Invalid mode. Must be 'snapshot' or 'conversation'",
    ),
    "no image": ('{"session_id": "a", "mode": "snapshot"}', 400, "Missing required field: image"),
    "base64": ('{"session_id": "a", "mode": "snapshot", "image": "§"}', 400, "image must be base64"),
    "no JPEG": ('{"session_id": "a", "mode": "snapshot", "image": "AAAA"}', 400, "Image must be JPEG format"),
    "no audio": (
        '{"session_id": "a", "mode": "conversation", "image": "AAAA"}',
        400,
        "Missing required field: audio",
    ),
}


def test_refusals(client: FlaskClient, connect: Connect) -> None:
    socket = connect(client)
    for message, status, words in REFUSED.values():
        socket.send(message)
        assert told(socket) == {"type": "error", "status": status, "detail": words, "error_type": told_type(words)}
    send(socket, image=CAT + bytes(10 * 2**20))
    found = told(socket)
    assert (found["status"], found["detail"]) == (413, "Image file too large (max 10MB)")
    send(socket)
    assert told(socket)["type"] == "heard"  # the connection is good for more


@pytest.mark.parametrize("text", ["data:image/jpeg;base64,{}", "wrapped", "unpadded"])
def test_base64_as_clients_write_it(client: FlaskClient, connect: Connect, text: str) -> None:
    in_text = base64.b64encode(CAT).decode()
    ways = {"wrapped": base64.encodebytes(CAT).decode(), "unpadded": in_text.rstrip("=")}
    socket = connect(client)
    send(socket, image=ways.get(text) or text.format(in_text))
    assert told(socket)["type"] == "heard"


def told_type(words: str) -> str:
    return "InvalidJSON" if words.startswith("The message") else "InvalidInput"


def test_what_has_to_be_heard_has_a_clip(make_voice: MakeVoice, connect: Connect) -> None:
    for ears, speaker, audio, status, key in (
        (ScriptedEar(), None, question()[:44], 422, "no_speech"),
        (ScriptedEar(DOWN), None, question(), 503, "unavailable"),
        (ScriptedEar(), ScriptedVoice(DOWN), question(), 503, "unavailable"),
        (ScriptedEar(), ScriptedVoice(ZeroDivisionError()), question(), 500, "internal"),
    ):
        socket = connect(make_voice(ears=ears, speaker=speaker))
        send(socket, mode="conversation", audio=audio, language="hi")
        found = told(socket)
        if found["type"] == "heard":
            found = told(socket)
        assert (found["type"], found["status"]) == ("error", status)
        assert sound(socket) == clip(key, "hi")


def test_the_rate_is_kept_here_too(make_voice: MakeVoice, connect: Connect) -> None:
    client = make_voice(voice_rate_limit="1/minute")
    socket = connect(client)
    send(socket, language="mr")
    assert told(socket)["type"] == "heard"
    assert told(socket)["type"] == "sentence"
    sound(socket)
    assert told(socket)["type"] == "complete"
    send(socket)
    found = told(socket)
    assert (found["status"], found["error_type"]) == (429, "LimitExceeded")
    assert 1 <= found["retry_after_s"] <= 60
    assert sound(socket) == clip("rate_limited", "mr")


def test_a_message_that_is_too_long(client: FlaskClient, connect: Connect) -> None:
    socket = connect(client)
    with contextlib.suppress(ConnectionClosed, OSError):  # it may be closed before all is sent
        socket.send("a" * 22 * 2**20)
    with pytest.raises(ConnectionClosed):
        socket.receive(timeout=WAIT_S)
    again = connect(client)
    send(again)
    assert told(again)["type"] == "heard"


def test_a_listener_who_leaves_in_the_middle(make_voice: MakeVoice, connect: Connect) -> None:
    """The answer is made to its end and kept."""
    go_on = threading.Event()
    model = ScriptedModel(
        "There is a door on your left. ",
        "It is open, and it is wide.",
        before_piece=lambda number: go_on.wait(WAIT_S) if number else None,
    )
    client = make_voice(model)
    socket = connect(client)
    send(socket)
    assert told(socket)["type"] == "heard"
    socket.close()
    go_on.set()
    whole = "There is a door on your left. It is open, and it is wide."
    inventory.eventually(whole, lambda: last_answer(client))


def last_answer(client: FlaskClient) -> str | None:
    return next((each["ai_response"] for each in session_of(client)["chat_history"]), None)


def test_without_an_upgrade(client: FlaskClient) -> None:
    response = client.get("/api/v1/stream")
    assert response.status_code == 400
    assert set(response.json) == {"detail"}


def test_silence_is_no_fault(make_voice: MakeVoice, connect: Connect) -> None:
    socket = connect(make_voice(ScriptedModel("")))
    send(socket)
    assert told(socket)["type"] == "heard"
    assert told(socket)["error_type"] == "ProviderGarbage"
    assert sound(socket) == clip("unavailable", "en")
