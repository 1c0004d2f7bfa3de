"""Questions and answers: whole and streamed, in every field; refusals; what is kept however they end."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask.testing import FlaskClient

from services.errors import ProviderTimeout, ProviderUnavailable
from services.providers.tokens import estimate
from tests.conftest import MakeApp, picture, upload
from tests.fakes import ScriptedModel
from tests.inventory import eventually
from tests.sessions.conftest import (
    SESSIONS,
    UNKNOWN,
    Gate,
    detail,
    escaped,
    events_of,
    names_of,
    new_session,
    problem,
    say,
    stream,
)

ANSWER = "It is a red square."
COMPLETE = {
    "type",
    "content",
    "resolved_content",
    "message_id",
    "session_id",
    "agents_used",
    "reasoning",
    "has_results",
    "result_count",
    "image_context",
    "tool_document_data",
    "tool_chunk_data",
    "tool_link_data",
    "result_refs",
}
IMAGE = {"image_id", "thumbnail_url", "description", "confidence", "title", "stored_url", "filename"}


def test_send(client: FlaskClient) -> None:
    session = new_session(client)
    answer = say(client, session, "What is it?")
    assert set(answer) == {
        "message_id",
        "content",
        "token_count",
        "provider",
        "model",
        "processing_time_ms",
        "remaining_tokens",
        "remaining_messages",
    } | COMPLETE - {"type", "session_id"}
    assert (answer["content"], answer["provider"], answer["model"]) == (ANSWER, "scripted", "scripted-1")
    assert (answer["token_count"], answer["remaining_tokens"], answer["remaining_messages"]) == (3, 99_985, 98)
    found = detail(client, session)
    assert found["session"]["total_messages"] == len(found["messages"]) == 2
    assert found["session"]["total_tokens"] == 15
    assert found["session"]["last_user_message"] == "What is it?"
    assert found["session"]["last_message_preview"] == ANSWER
    assert found["session"]["last_message_at"] >= found["messages"][1]["created_at"]
    assert found["messages"][1]["id"] == answer["message_id"]


def test_messages_have_the_seeds_fields(client: FlaskClient) -> None:
    image = upload(client, name="beam_001.jpg")
    session = new_session(client)
    say(client, session, "What damage do you see?")
    asked, answered = detail(client, session)["messages"]
    fields = {"id", "role", "content", "token_count", "provider", "model", "processing_time_ms", "created_at"}
    assert fields | {"image_context", "metadata"} <= set(asked)
    assert (asked["role"], asked["content"]) == ("user", "What damage do you see?")
    assert asked["token_count"] == estimate("What damage do you see?")
    assert [asked[name] for name in ("provider", "model", "processing_time_ms", "image_context", "metadata")] == [
        None
    ] * 5
    assert (answered["role"], answered["content"], answered["status"]) == ("assistant", ANSWER, "complete")
    assert isinstance(answered["processing_time_ms"], int)
    (context,) = answered["image_context"]
    assert set(context) == IMAGE
    assert (context["image_id"], context["filename"]) == (image, "beam_001.jpg")
    assert client.get(context["thumbnail_url"]).status_code == client.get(context["stored_url"]).status_code == 200
    assert answered["metadata"]["vision_used"] is True
    assert answered["metadata"]["offers_detailed_analysis"] is False
    assert answered["metadata"]["tokens_estimated"] is False


def test_message_limit(client: FlaskClient) -> None:
    session = new_session(client)
    for number in range(3):
        say(client, session, f"Number {number}?")
    said = [message["content"] for message in detail(client, session)["messages"]]
    assert said == ["Number 0?", ANSWER, "Number 1?", ANSWER, "Number 2?", ANSWER]
    newest = detail(client, session, message_limit=3)["messages"]
    assert [message["content"] for message in newest] == [ANSWER, "Number 2?", ANSWER]
    assert len(detail(client, session, message_limit=1000)["messages"]) == 6
    assert detail(client, session, include_messages="false")["messages"] == []


def test_stream(client: FlaskClient) -> None:
    upload(client)
    session = new_session(client)
    response = client.post(f"{SESSIONS}/{session}/messages/stream", json={"message": "What is it?"})
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("text/event-stream")
    assert response.headers["Cache-Control"] == "no-cache"
    assert response.headers["X-Accel-Buffering"] == "no"
    events = events_of(response.text)
    assert names_of(events) == ["connection", "status", "thinking", "token", "token", "token", "complete", "close"]
    message = events[0].data["message_id"]
    assert events[0].data == {"type": "connection", "message_id": message, "status": "connected"}
    assert set(events[1].data) == {"type", "phase", "message", "agent_name"}
    assert events[2].data == {"type": "thinking", "status": "processing"}
    said = ""
    for number, event in enumerate(events[3:6]):
        said += event.data["content"]
        assert event.id == number + 1
        assert event.data == {
            "type": "token",
            "content": event.data["content"],
            "accumulated": said,
            "token_index": number,
        }
    done = events[6].data
    assert set(done) >= COMPLETE
    assert (done["content"], done["resolved_content"]) == (said, said) == (ANSWER, ANSWER)
    assert (done["message_id"], done["session_id"]) == (message, session)
    assert done["has_results"] == bool(done["result_count"])
    kept = detail(client, session)["messages"][-1]
    assert (kept["id"], kept["content"]) == (message, ANSWER)
    assert done["image_context"] == kept["image_context"]
    assert events[7].data == {"type": "close", "message_id": message}


def test_without_a_picture(client: FlaskClient) -> None:
    events = stream(client, new_session(client))
    assert names_of(events) == ["connection", "thinking", "token", "token", "token", "complete", "close"]
    done = events[-2].data
    assert (done["image_context"], done["has_results"], done["result_count"]) == ([], False, 0)


@pytest.mark.parametrize(
    "message", ["x", "x" * 10_000, "🖼" * 10_000, "two\nlines\tand\r\na third", "क्या है?", " padded "]
)
def test_messages_are_kept_as_sent(shared: FlaskClient, message: str) -> None:
    session = new_session(shared)
    say(shared, session, message)
    assert detail(shared, session)["messages"][0]["content"] == message


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"message": ""},
        {"message": "  \n\t"},
        {"message": "x" * 10_001},
        {"message": "nul\x00"},
        {"message": "\ud800"},
        {"message": "a\udfffb"},
        {"message": None},
        {"message": 5},
        {"message": ["x"]},
        {"message": "x", "force_detailed_analysis": "yes"},
        {"message": "x", "force_detailed_analysis": 1},
        {"message": "x", "expected_image_ids": "x"},
        {"message": "x", "expected_image_ids": [5]},
    ],
)
@pytest.mark.parametrize("how", ["messages", "messages/stream"])
def test_messages_that_are_refused(shared: FlaskClient, how: str, body: dict[str, Any]) -> None:
    session = new_session(shared)
    refused = problem(shared.post(f"{SESSIONS}/{session}/{how}", **escaped(body)), 422, "VALIDATION_ERROR")
    assert refused["errors"][0]["field"].split(".")[0] in ("message", "force_detailed_analysis", "expected_image_ids")
    assert detail(shared, session)["session"]["total_messages"] == 0


def test_the_talk_so_far_is_sent(make_app: MakeApp) -> None:
    model = ScriptedModel("Yes.")
    client = make_app(model).test_client()
    session = new_session(client)
    say(client, session, "Is it red?")
    say(client, session, "Are you sure?")
    messages = model.requests[-1].messages
    assert [message.role for message in messages] == ["system", "user", "assistant", "user"]
    assert [message.text for message in messages[1:]] == ["Is it red?", "Yes.", "Are you sure?"]


def test_detail_of_pictures(make_app: MakeApp) -> None:
    model = ScriptedModel("Two.")
    client = make_app(model).test_client()
    for number in range(2):
        upload(client, picture(size=(20 + number, 20)), f"{number}.jpg")
    session = new_session(client)

    def sent() -> list[str]:
        return [part.detail for message in model.requests[-1].messages for part in message.images]

    say(client, session)
    assert sent() == ["low", "low"]
    assert detail(client, session)["messages"][-1]["metadata"] | {"vision_used": True} == {
        "vision_used": True,
        "offers_detailed_analysis": True,
        "tokens_estimated": False,
        "finish_reason": "stop",
    }
    say(client, session, force_detailed_analysis=True)
    assert sent() == ["high", "high"]
    assert detail(client, session)["messages"][-1]["metadata"]["offers_detailed_analysis"] is False


def test_expected_images(client: FlaskClient) -> None:
    first, second = upload(client, name="1.jpg"), upload(client, picture(size=(9, 9)), "2.jpg")
    session = new_session(client, initial_image_ids=[first], use_all_images=False)
    say(client, session, expected_image_ids=[first])
    answer = say(client, session, expected_image_ids=[second, first])
    assert answer["content"]
    assert detail(client, session)["selected_image_ids"] == [second, first]
    at = f"{SESSIONS}/{session}/messages"
    for how in (at, f"{at}/stream"):
        refused = problem(
            client.post(how, json={"message": "x", "expected_image_ids": [first, UNKNOWN]}),
            409,
            "IMAGE_SELECTION_MISMATCH",
        )
        assert refused["context"] == {"expected_image_ids": [first, UNKNOWN], "selected_image_ids": [second, first]}
    client.patch(f"{SESSIONS}/{session}/mode", json={"use_all_images": True})
    say(client, session, expected_image_ids=[first, second])
    assert detail(client, session)["selected_image_ids"] == []
    say(client, session, expected_image_ids=[])
    problem(client.post(at, json={"message": "x", "expected_image_ids": [first]}), 409, "IMAGE_SELECTION_MISMATCH")
    problem(client.post(at, json={"message": "x", "expected_image_ids": ["img_001"]}), 409, "IMAGE_SELECTION_MISMATCH")
    assert detail(client, session)["session"]["total_messages"] == 8
    client.delete(f"{SESSIONS}/{session}")
    for how in (at, f"{at}/stream"):
        problem(client.post(how, json={"message": "x", "expected_image_ids": [first]}), 409, "SESSION_CLOSED")


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (ProviderUnavailable("It is down.", provider="scripted"), 503, "PROVIDER_UNAVAILABLE"),
        (ProviderTimeout("It took too long.", provider="scripted"), 504, "PROVIDER_TIMEOUT"),
    ],
)
def test_a_model_that_fails_at_once(make_app: MakeApp, error: Any, status: int, code: str) -> None:
    client = make_app(ScriptedModel(error), monthly_message_limit=1).test_client()
    session = new_session(client)
    refused = problem(client.post(f"{SESSIONS}/{session}/messages", json={"message": "Hello?"}), status, code)
    assert refused["detail"] == error.message
    found = detail(client, session)
    assert [(message["role"], message["status"]) for message in found["messages"]] == [("user", "unanswered")]
    assert found["session"]["total_messages"] == 1
    # It did not count against the month.
    events = stream(client, session, "Hello again?")
    assert names_of(events) == ["connection", "thinking", "error", "close"]
    assert events[2].data == {"type": "error", "message": error.message, "code": code}


def test_a_model_that_fails_in_the_middle(make_app: MakeApp) -> None:
    error = ProviderUnavailable("It broke off.", provider="scripted")
    client = make_app(ScriptedModel("Half of ", error)).test_client()
    session = new_session(client)
    events = stream(client, session)
    assert names_of(events) == ["connection", "thinking", "token", "error", "close"]
    kept = detail(client, session)["messages"][-1]
    assert (kept["content"], kept["status"]) == ("Half of ", "failed")
    problem(client.post(f"{SESSIONS}/{session}/messages", json={"message": "x"}), 503, "PROVIDER_UNAVAILABLE")


def test_a_bug_in_a_model(make_app: MakeApp) -> None:
    def broken(_number: int) -> None:
        raise ZeroDivisionError("secret detail at /some/path")

    client = make_app(ScriptedModel(before_piece=broken)).test_client()
    session = new_session(client)
    response = client.post(f"{SESSIONS}/{session}/messages/stream", json={"message": "What?"})
    assert names_of(events_of(response.text)) == ["connection", "thinking", "error", "close"]
    assert "secret" not in response.text
    assert (
        "secret"
        not in problem(client.post(f"{SESSIONS}/{session}/messages", json={"message": "What?"}), 500, "INTERNAL_ERROR")[
            "detail"
        ]
    )


def test_two_at_once(held: FlaskClient, gate: Gate) -> None:
    """While one answer is made, the session takes no other question; other sessions do."""
    session = new_session(held)
    at = f"{SESSIONS}/{session}/messages"
    with held.post(f"{at}/stream", json={"message": "First?"}, buffered=False) as response:
        assert gate.reached.wait(10)
        under_way = detail(held, session)["messages"][-1]["id"]
        for how in (at, f"{at}/stream"):
            refused = problem(held.post(how, json={"message": "Second?"}), 409, "MESSAGE_IN_PROGRESS")
            assert refused["context"] == {"message_id": under_way}
        gate.open()
        assert names_of(events_of(response.text))[-1] == "close"
    say(held, session, "Third?")
    said = [message["content"] for message in detail(held, session)["messages"]]
    assert said == ["First?", "One two three four.", "Third?", "One two three four."]


def test_turns_never_interleave(make_app: MakeApp) -> None:
    client = make_app().test_client()
    session = new_session(client)
    barrier = threading.Barrier(8)

    def send(number: int) -> int:
        own = client.application.test_client()
        barrier.wait(10)
        return own.post(f"{SESSIONS}/{session}/messages", json={"message": f"Number {number}?"}).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(send, range(8)))
    assert set(statuses) <= {200, 409}
    assert 200 in statuses
    found = detail(client, session)
    assert [message["role"] for message in found["messages"]] == ["user", "assistant"] * statuses.count(200)
    assert found["session"]["total_messages"] == len(found["messages"])


def test_sent_again_after_its_reader_left_it_is_the_answer_that_was_made(held: FlaskClient, gate: Gate) -> None:
    session = new_session(held)
    at, asked = (
        f"{SESSIONS}/{session}/messages/stream",
        {"json": {"message": "Count."}, "headers": {"Idempotency-Key": "again"}},
    )
    with held.post(at, buffered=False, **asked) as response:
        next(iter(response.response))
        assert gate.reached.wait(10)
    problem(held.post(at, **asked), 409, "IDEMPOTENCY_KEY_IN_FLIGHT")
    gate.open()
    eventually(200, lambda: held.post(at, **asked).status_code)
    again = held.post(at, **asked)
    assert again.headers["Idempotent-Replayed"] == "true"
    messages = detail(held, session)["messages"]
    assert len(messages) == 2
    assert again.data == held.get(f"{SESSIONS}/{session}/messages/{messages[1]['id']}/stream").data


def test_closed_while_a_stream_runs(held: FlaskClient, gate: Gate) -> None:
    session = new_session(held)
    with held.post(f"{SESSIONS}/{session}/messages/stream", json={"message": "Count."}, buffered=False) as response:
        assert gate.reached.wait(10)
        assert held.delete(f"{SESSIONS}/{session}").status_code == 200
        gate.open()
        events = events_of(response.text)
    assert names_of(events)[-2:] == ["complete", "close"]
    found = detail(held, session)
    assert (found["session"]["is_active"], found["messages"][-1]["status"]) == (False, "complete")


def test_a_picture_deleted_while_a_stream_runs(held: FlaskClient, gate: Gate) -> None:
    gate.before = 99
    image = upload(held)
    gate.before = 2
    session = new_session(held, initial_image_ids=[image], use_all_images=False)
    with held.post(f"{SESSIONS}/{session}/messages/stream", json={"message": "Count."}, buffered=False) as response:
        assert gate.reached.wait(10)
        assert held.delete(f"/images/{image}").status_code == 204
        gate.open()
        assert names_of(events_of(response.text))[-2:] == ["complete", "close"]
    found = detail(held, session)
    assert found["messages"][-1]["image_context"][0]["image_id"] == image
    assert found["selected_image_ids"] == []
    assert say(held, session)["content"]


def test_a_session_gone_between_check_and_stream(client: FlaskClient) -> None:
    """`auth_error` is the first event, and the stream ends."""
    from routes import wire

    text = b"".join(wire.Frames().encode(wire.auth_error(UNKNOWN))).decode()
    events = events_of(text)
    assert names_of(events) == ["auth_error", "close"]
    assert events[0].data == {
        "type": "auth_error",
        "error": "Session not found",
        "message": "Authorization failed during stream initialization",
    }


def test_cancel(held: FlaskClient, gate: Gate) -> None:
    session = new_session(held)
    at = f"{SESSIONS}/{session}/messages"
    with held.post(f"{at}/stream", json={"message": "Count."}, buffered=False) as response:
        assert gate.reached.wait(10)
        message = detail(held, session)["messages"][-1]["id"]
        answer = held.post(f"{at}/{message}/cancel")
        assert answer.json == {
            "message_id": message,
            "session_id": session,
            "status": "interrupted",
            "content": "One two ",
        }
        events = events_of(response.text)  # ends although the model is still held
    assert names_of(events) == ["connection", "thinking", "token", "token", "complete", "close"]
    assert (events[-2].data["content"], events[-2].data["cancelled"]) == ("One two ", True)
    problem(held.post(f"{at}/{message}/cancel"), 409, "MESSAGE_NOT_STREAMING")
    gate.open()
    kept = detail(held, session)
    assert (kept["messages"][-1]["status"], kept["messages"][-1]["content"]) == ("interrupted", "One two ")
    assert kept["session"]["total_messages"] == 2
    assert say(held, session)["content"] == "One two three four."


def test_a_whole_answer_cancelled(held: FlaskClient, gate: Gate) -> None:
    session = new_session(held)
    at = f"{SESSIONS}/{session}/messages"
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(lambda: held.application.test_client().post(at, json={"message": "Count."}))
        assert gate.reached.wait(10)
        message = detail(held, session)["messages"][-1]["id"]
        assert held.post(f"{at}/{message}/cancel").status_code == 200
        problem(waiting.result(10), 409, "MESSAGE_CANCELLED")
    gate.open()


@pytest.mark.parametrize("message", [UNKNOWN, "x", "..", "%00"])
def test_messages_that_are_not_there(shared: FlaskClient, message: str) -> None:
    at = f"{SESSIONS}/{new_session(shared)}/messages/{message}"
    for answer in (shared.get(f"{at}/stream"), shared.post(f"{at}/cancel")):
        assert answer.status_code == 404, answer.text


def test_a_message_of_another_session(shared: FlaskClient) -> None:
    first, second = new_session(shared), new_session(shared)
    message = say(shared, first)["message_id"]
    asked = detail(shared, first)["messages"][0]["id"]
    problem(shared.get(f"{SESSIONS}/{second}/messages/{message}/stream"), 404, "MESSAGE_NOT_FOUND")
    problem(shared.post(f"{SESSIONS}/{second}/messages/{message}/cancel"), 404, "MESSAGE_NOT_FOUND")
    problem(shared.get(f"{SESSIONS}/{first}/messages/{asked}/stream"), 404, "MESSAGE_NOT_FOUND")
    problem(shared.post(f"{SESSIONS}/{first}/messages/{asked}/cancel"), 409, "MESSAGE_NOT_STREAMING")


def test_replay_is_the_same_bytes(make_app: MakeApp) -> None:
    client = make_app().test_client()
    session = new_session(client)
    first = client.post(f"{SESSIONS}/{session}/messages/stream", json={"message": "What?"}).data
    message = events_of(first.decode())[0].data["message_id"]
    at = f"{SESSIONS}/{session}/messages/{message}/stream"

    def again(seen: str | None = None, client: FlaskClient = client) -> bytes:
        headers = {} if seen is None else {"Last-Event-ID": seen}
        response = client.get(at, headers=headers)
        assert response.status_code == 200
        return bytes(response.data)

    assert again() == again("0") == again("") == first
    cut = first.index(b"event: token\nid: 3")
    assert again("2") == first[cut:]
    assert again("3") == again("4") == again("999999999999") == first[first.index(b"event: complete") :]
    for wrong in ("-1", "x", "1.5", "0x1", "1 2", "9" * 13, "²"):
        problem(client.get(at, headers={"Last-Event-ID": wrong.encode().decode("latin-1")}), 422, "VALIDATION_ERROR")
    restarted = make_app().test_client()  # finds it in the database
    assert again(client=restarted) == first
    assert again("2", restarted) == first[cut:]


def test_a_stream_of_a_whole_answer_can_be_read_too(client: FlaskClient) -> None:
    session = new_session(client)
    message = say(client, session)["message_id"]
    events = events_of(client.get(f"{SESSIONS}/{session}/messages/{message}/stream").text)
    assert events[-2].data["content"] == ANSWER


def test_a_reader_who_leaves_stops_nothing(held: FlaskClient, gate: Gate) -> None:
    session = new_session(held)
    response = held.post(f"{SESSIONS}/{session}/messages/stream", json={"message": "Count."}, buffered=False)
    assert gate.reached.wait(10)
    response.close()
    gate.open()
    eventually("complete", lambda: detail(held, session)["messages"][-1]["status"])
    assert detail(held, session)["messages"][-1]["content"] == "One two three four."


@pytest.mark.slow
def test_pings_while_the_model_is_silent(held: FlaskClient, gate: Gate) -> None:
    session = new_session(held)
    timer = threading.Timer(12, gate.open)
    timer.start()
    text = held.post(f"{SESSIONS}/{session}/messages/stream", json={"message": "Count."}).text
    timer.join()
    assert 'event: ping\ndata: {"type":"ping"}\n\n' in text
    events = events_of(text)
    assert names_of(events) == ["connection", "thinking", *["token"] * 4, "complete", "close"]
    message = events[0].data["message_id"]
    # A ping belongs to a connection, not to the stream.
    assert "ping" not in held.get(f"{SESSIONS}/{session}/messages/{message}/stream").text
