"""Two servers with what hosts share, behind nginx as it is deployed: one address, one service."""

from __future__ import annotations

import json
import os
import re
import signal
import ssl
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from simple_websocket import Client, ConnectionClosed

from models.base import LOCAL_OWNER
from models.database import Database
from services.bus import LocalBus
from services.plans import Plans
from tests import hosts, nginx
from tests.conftest import picture
from tests.mock.aimock import Aimock
from tests.plans.conftest import create
from tests.plans.test_events import kinds, listening, until
from tests.routes.conftest import ANSWER, upstream
from tests.server import Server, running
from tests.sessions.conftest import SESSIONS

WORDS = "one two three four five six seven eight nine ten "


@dataclass(frozen=True)
class Deployed:
    """Two servers and the address before them."""

    url: str
    port: int
    servers: tuple[Server, Server]
    certificate: Path
    database_url: str

    def client(self) -> httpx2.Client:
        trusted = ssl.create_default_context(cafile=str(self.certificate))
        return httpx2.Client(base_url=self.url, trust_env=False, timeout=30, verify=trusted)


@contextmanager
def deployment(folder: Path, aimock_server: Aimock) -> Iterator[Deployed]:
    shared = {
        "DATABASE_URL": hosts.postgres().fresh(migrated=False),
        "REDIS_URL": hosts.redis().fresh(),
        "STORAGE_URL": hosts.bucket().fresh(),
        **{name.upper(): value for name, value in hosts.bucket().access.items()},
        "SECRET_KEY": "the same on both",
        "PROXIES": "1",
        "JOB_THREADS": "2",
        **upstream(aimock_server),
    }
    with (
        running(folder / "first", **shared) as first,
        running(folder / "second", **shared) as second,
        nginx.running((first, second)) as before,
    ):
        yield Deployed(before.url, before.port, (first, second), before.certificate, shared["DATABASE_URL"])


@pytest.fixture(scope="module")
def deployed(aimock_server: Aimock, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    with deployment(tmp_path_factory.mktemp("deployed"), aimock_server) as made:
        yield made


@pytest.fixture
def client(deployed: Deployed) -> Iterator[httpx2.Client]:
    with deployed.client() as made:
        yield made


def directly(server: Server) -> httpx2.Client:
    return httpx2.Client(base_url=server.url, trust_env=False, timeout=30)


def begun(client: httpx2.Client) -> str:
    response = client.post("/upload", files={"file": ("photo.jpg", picture())})
    assert response.status_code == 201, response.text
    return str(response.json()["image_id"])


def test_links_and_addresses_are_the_clients(deployed: Deployed, client: httpx2.Client, aimock: Aimock) -> None:
    aimock.answer({"content": ANSWER})
    image_id = begun(client)
    found = client.get(f"/images/{image_id}").json()
    assert found["url"].startswith(f"https://127.0.0.1/images/{image_id}")
    lied = client.get("/healthz", headers={"X-Forwarded-For": "9.9.9.9", "X-Request-ID": "who-asks"})
    assert lied.status_code == 200
    said = [server.log for server in deployed.servers]
    assert not any("9.9.9.9" in log for log in said)


def test_an_upload_on_one_is_asked_about_on_the_other(deployed: Deployed, aimock: Aimock) -> None:
    aimock.answer({"content": ANSWER})
    first, second = deployed.servers
    with directly(first) as one, directly(second) as other:
        image_id = begun(one)
        asked = other.post(f"/chat/{image_id}", json={"question": "What is it?"})
        assert asked.status_code == 200, asked.text
        assert one.get(f"/images/{image_id}/file").content == other.get(f"/images/{image_id}/file").content
        kept = [one.get(f"/images/{image_id}/messages").json(), other.get(f"/images/{image_id}/messages").json()]
        assert [message["content"] for message in kept[0]["messages"]][-1] == ANSWER
        assert [m["id"] for m in kept[0]["messages"]] == [m["id"] for m in kept[1]["messages"]]
        assert other.delete(f"/images/{image_id}").status_code == 204
        assert one.get(f"/images/{image_id}").status_code == 404


def test_a_repeated_request_is_answered_by_the_other(deployed: Deployed, aimock: Aimock) -> None:
    aimock.answer({"content": ANSWER})
    first, second = deployed.servers
    with directly(first) as one, directly(second) as other:
        image_id = begun(one)
        answers = [
            api.post(f"/chat/{image_id}", json={"question": "Once?"}, headers={"Idempotency-Key": "two-hosts"})
            for api in (one, other)
        ]
    assert answers[0].content == answers[1].content
    assert answers[1].headers["Idempotent-Replayed"] == "true"


def test_a_limit_counts_once(deployed: Deployed, aimock: Aimock) -> None:
    aimock.answer({"content": ANSWER})
    left = []
    for number in range(3):
        with directly(deployed.servers[number % 2]) as api:
            form = {"session_id": "limited", "mode": "snapshot"}
            asked = api.post("/api/v1/analyze", data=form, files={"image": ("a.jpg", picture(size=(320, 240)))})
            left.append(asked.headers["X-RateLimit-Remaining"])
    assert left == ["9", "8", "7"]


def test_a_stream_comes_as_it_is_made_and_is_taken_up_on_the_other(
    deployed: Deployed,
    client: httpx2.Client,
    aimock: Aimock,
) -> None:
    aimock.answer({"content": ANSWER})
    image_id = begun(client)
    aimock.reset()
    aimock.answer({"content": WORDS * 4}, latency=120, chunkSize=10)
    session = client.post("/api/v2/chat/sessions", json={"initial_image_ids": [image_id]}).json()["session_id"]
    messages = f"/api/v2/chat/sessions/{session}/messages"
    began = time.monotonic()
    arrived: list[float] = []
    whole = b""
    with client.stream("POST", f"{messages}/stream", json={"message": "Count."}) as response:
        assert response.status_code == 200
        for chunk in response.iter_raw():
            whole += chunk
            arrived.append(time.monotonic() - began)
    assert arrived[-1] - arrived[0] > 1, "it came at once, at the end"
    message_id = re.search(rb'"message_id":"([^"]+)"', whole)[1].decode()
    tokens = re.findall(rb"event: token\n.*?\n\n", whole, re.DOTALL)
    assert len(tokens) > 8
    for server in deployed.servers:
        with directly(server) as api:
            again = api.get(f"{messages}/{message_id}/stream", headers={"Last-Event-ID": "5"}).content
        assert re.findall(rb"event: token\n.*?\n\n", again, re.DOTALL) == tokens[5:]


def test_a_plan_runs_once_and_both_tell_of_it(deployed: Deployed) -> None:
    """Approved on both at once; each step is told once to whoever listens on either."""
    first, second = deployed.servers
    with ExitStack() as stack:
        database = stack.enter_context(closing(Database(deployed.database_url)))
        clients = [stack.enter_context(directly(server)) for server in (first, second)]
        session = clients[0].post(SESSIONS, json={}).json()["session_id"]
        listeners = [stack.enter_context(listening(server.address[1], session)) for server in (first, second)]
        for listener in listeners:
            until(listener, "Subscribed")
        plans = Plans(database, None, LocalBus())  # type: ignore[arg-type]  # it proposes and carries nothing out
        plan = plans.propose(LOCAL_OWNER, session, None, "Tidy up", [create(f"Folder {number}") for number in range(3)])
        with ThreadPoolExecutor(2) as pool:
            decide = f"{SESSIONS}/{session}/plans/{plan.id}/action"
            answers = list(pool.map(lambda client: client.post(decide, json={"action": "approve"}), clients))
        statuses = sorted(answer.status_code for answer in answers)
        assert statuses[0] in (200, 202)
        assert statuses[1] == 409
        for listener in listeners:
            heard = kinds([message for message in until(listener, "PlanCompleted") if message["plan_id"] == plan.id])
            assert heard[-5:] == ["PlanExecutionStarted", *["PlanStepCompleted"] * 3, "PlanCompleted"]
        for client in clients:
            folders = client.get("/api/v2/folders").json()["folders"]
            assert sorted(folder["name"] for folder in folders) == ["Folder 0", "Folder 1", "Folder 2"]


def test_a_large_upload_passes(client: httpx2.Client) -> None:
    noise = os.urandom(20 * 1024 * 1024)
    response = client.post("/upload", files={"file": ("photo.jpg", noise)})
    assert response.status_code == 413
    assert response.json()["error"]["code"] == "file_too_large"


def test_a_websocket_is_let_through(deployed: Deployed, client: httpx2.Client) -> None:
    trusted = ssl.create_default_context(cafile=str(deployed.certificate))
    news = Client.connect(f"wss://127.0.0.1:{deployed.port}/api/v1/stream", ssl_context=trusted)
    try:
        news.send(json.dumps({"session_id": "a"}))
        said: Any = news.receive(timeout=10)
        assert json.loads(said)["type"] == "error"
    finally:
        with suppress(ConnectionClosed):
            news.close()


def test_metrics_are_for_those_inside(deployed: Deployed, client: httpx2.Client) -> None:
    assert client.get("/metrics").status_code == 403
    with directly(deployed.servers[0]) as api:
        assert "http_requests_total" in api.get("/metrics").text


def test_one_server_goes_and_the_other_answers(tmp_path: Path, aimock_server: Aimock) -> None:
    with deployment(tmp_path, aimock_server) as own, own.client() as client:
        own.servers[0].stop(signal.SIGKILL)
        for _ in range(6):
            assert client.get("/api/v2/chat/sessions").status_code == 200
