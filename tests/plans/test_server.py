"""Plans on a real server: many who decide at once, several processes, and a server that is killed half-way."""

from __future__ import annotations

import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import select
from websockets.exceptions import ConnectionClosed

from models.base import LOCAL_OWNER
from models.database import Database
from models.library import Folder, PlanStep
from models.media import Image
from services.agent.actions import Step
from services.bus import LocalBus
from services.plan_rows import StoredPlan
from services.plans import Plans
from tests import hosts
from tests.inventory import eventually
from tests.plans.conftest import add_pictures, create, put
from tests.plans.test_events import kinds, listening, told, until
from tests.server import Server, running
from tests.sessions.conftest import SESSIONS

QUIET = dict.fromkeys(("VISION_PROVIDER", "IMAGE_PROVIDER", "STT_PROVIDER", "TTS_PROVIDER"), "local") | {
    "JOB_THREADS": "2"
}


class Remote:
    """A running server, and its database to propose plans in as its agents do."""

    def __init__(self, server: Server, database: Database) -> None:
        self.server = server
        self.database = database
        self.plans = Plans(database, None, LocalBus())  # type: ignore[arg-type]  # it proposes and carries nothing out
        self.http = httpx2.Client(base_url=server.url, trust_env=False, timeout=60)
        self.session = str(self.http.post(SESSIONS, json={}).json()["session_id"])

    def propose(self, *steps: Step) -> StoredPlan:
        return self.plans.propose(LOCAL_OWNER, self.session, None, "Tidy up", steps)

    def plan(self, plan_id: str) -> StoredPlan:
        return self.plans.get(LOCAL_OWNER, self.session, plan_id)

    def decide(self, plan: StoredPlan, action: str = "approve") -> httpx2.Response:
        return self.http.post(f"{SESSIONS}/{self.session}/plans/{plan.id}/action", json={"action": action})

    def folders(self) -> dict[str, str]:
        with self.database.read() as work:
            return {name: folder_id for folder_id, name in work.execute(select(Folder.id, Folder.name))}


@contextmanager
def served(folder: Path) -> Iterator[Remote]:
    """A server of two processes."""
    with running(folder, WORKERS="2", **QUIET) as server, hosts.database(server.data) as database:
        found = Remote(server, database)
        yield found
        found.http.close()


@pytest.fixture(scope="module")
def remote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Remote]:
    with served(tmp_path_factory.mktemp("server")) as found:
        yield found


@pytest.mark.parametrize("actions", [("approve",), ("cancel",), ("approve", "cancel")], ids="-".join)
def test_of_ten_who_decide_one_is_heard(remote: Remote, actions: tuple[str, ...]) -> None:
    plan = remote.propose(create(f"raced for {'-'.join(actions)}"))
    start = threading.Barrier(10)

    def decide(number: int) -> tuple[str, int]:
        action = actions[number % len(actions)]
        with httpx2.Client(base_url=remote.server.url, trust_env=False, timeout=60) as client:
            client.get("/healthz")
            start.wait(30)
            url = f"{SESSIONS}/{remote.session}/plans/{plan.id}/action"
            return action, client.post(url, json={"action": action}).status_code

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(decide, range(10)))
    statuses = Counter(status for _action, status in answers)
    assert statuses[200] + statuses[202] == 1, answers
    assert statuses[409] == 9, answers
    winner = next(action for action, status in answers if status < 300)
    eventually("completed" if winner == "approve" else "cancelled", lambda: remote.plan(plan.id).status)
    assert (f"raced for {'-'.join(actions)}" in remote.folders()) == (winner == "approve")


def test_every_process_tells_what_one_of_them_does(remote: Remote) -> None:
    photos = add_pictures(remote.database, 20)
    port = remote.server.address[1]
    with ExitStack() as stack:
        clients = [stack.enter_context(listening(port, remote.session)) for _ in range(6)]
        for client in clients:
            until(client, "Subscribed")
        plan = remote.propose(create("Beach"), put(photos, folder_id="$step:0"))
        assert remote.decide(plan).status_code in (200, 202)
        for client in clients:
            heard = [message for message in until(client, "PlanCompleted") if message["plan_id"] == plan.id]
            assert kinds(heard)[-4:] == [
                "PlanExecutionStarted",
                "PlanStepCompleted",
                "PlanStepCompleted",
                "PlanCompleted",
            ]


def test_a_listener_that_is_refused_is_let_go_at_once(remote: Remote) -> None:
    began = time.monotonic()
    with listening(remote.server.address[1], "x") as client:
        assert told(client)["code"] == "SESSION_NOT_FOUND"
    assert time.monotonic() - began < 5


def done_steps(database: Database, plan: StoredPlan) -> int:
    with database.read() as work:
        asked = select(PlanStep.position).where(PlanStep.plan_id == plan.id, PlanStep.status == "done")
        return len(work.execute(asked).all())


@contextmanager
def approve_in_background(remote: Remote, plan: StoredPlan) -> Iterator[None]:
    def approve() -> None:
        with suppress(httpx2.HTTPError):
            remote.decide(plan)

    approving = threading.Thread(target=approve)
    approving.start()
    yield
    approving.join()


def approve_and_kill(server: Server, remote: Remote, plan: StoredPlan, after: int) -> None:
    """Kill a server that is carrying a plan out, once it has done some steps."""
    with approve_in_background(remote, plan):
        deadline = time.monotonic() + 30
        while done_steps(remote.database, plan) < after and time.monotonic() < deadline:
            time.sleep(0.002)
        server.stop(signal.SIGKILL)


@pytest.mark.slow(hosts=True)
def test_a_killed_servers_plan_goes_on_each_step_once(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("killed")
    server = Server(folder, **QUIET)
    with hosts.database(server.data) as database:
        first = Remote(server, database)
        photos = add_pictures(database, 400)
        steps = [
            step
            for number in range(25)
            for step in (create(f"F{number}"), put(photos, folder_id=f"$step:{2 * number}"))
        ]
        plan = first.propose(*steps)
        approve_and_kill(server, first, plan, after=6)
        first.http.close()
        left = first.plan(plan.id)
        assert left.status == "running"
        assert 6 <= left.steps_done < 50
        with running(folder, **QUIET) as again, listening(again.address[1], first.session) as client:
            heard = until(client, "PlanCompleted")
            assert heard[-1]["results"]["resumed"] is True
        check_each_step_was_done_once(first, plan, photos)


def check_each_step_was_done_once(remote: Remote, plan: StoredPlan, photos: list[str]) -> None:
    found = remote.plan(plan.id)
    assert (found.status, found.steps_done) == ("completed", 50)
    folders = remote.folders()
    assert sorted(folders) == sorted(f"F{number}" for number in range(25))
    before: Any = None
    for number in range(25):
        # Each move found every picture where the one before had put it: none was made twice or left out.
        undo = found.steps[2 * number + 1].undo or {}
        assert set(undo["before"]) == set(photos)
        assert set(undo["before"].values()) == {before}
        before = undo["folder_id"]
    with remote.database.read() as work:
        assert set(work.execute(select(Image.folder_id)).scalars()) == {folders["F24"]}


def test_a_server_that_stops_lets_its_listeners_go(tmp_path: Path) -> None:
    with served(tmp_path) as own, listening(own.server.address[1], own.session) as client:
        until(client, "Subscribed")
        own.server.process.send_signal(signal.SIGTERM)
        with pytest.raises(ConnectionClosed) as closed:
            until(client, "never")
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1001
