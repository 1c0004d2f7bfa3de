"""How soon an approved plan is done, and how many steps a second: `pipenv run python -m benchmarks.plans`.

A real server; plans are proposed in its database, as its agents do, and approved over HTTP.

- start: from the approval to its answer, for a plan of one step (the step itself is about 5 ms)
- steps: steps a second within one plan of 50, as its own times tell; some make folders, some move pictures
- four at once: plans of 50 steps that are approved together, from the first approval until all are done
- told: from the approval until a WebSocket in another process has told of the end
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx2
from websockets.sync.client import ClientConnection, connect

from models.base import LOCAL_OWNER
from models.database import Database
from services.agent.actions import Step
from services.bus import LocalBus
from services.plan_rows import StoredPlan
from services.plans import Plans
from tests import hosts
from tests.plans.conftest import add_pictures
from tests.server import Server, running

SESSIONS = "/api/v2/chat/sessions"
QUIET = {"VISION_PROVIDER": "local", "IMAGE_PROVIDER": "local", "STT_PROVIDER": "local", "TTS_PROVIDER": "local"}


class Bench:
    """A server under measurement."""

    def __init__(self, server: Server, database: Database) -> None:
        self.server = server
        self.plans = Plans(database, None, LocalBus())  # type: ignore[arg-type]  # it proposes and carries nothing out
        self.photos = add_pictures(database, 100)
        self.http = httpx2.Client(base_url=server.url, trust_env=False, timeout=120)
        self.session = str(self.http.post(SESSIONS, json={}).json()["session_id"])
        self.made = 0

    def propose(self, *steps: Step) -> StoredPlan:
        return self.plans.propose(LOCAL_OWNER, self.session, None, "Measured", steps)

    def folder(self) -> Step:
        self.made += 1
        return Step("create_folder", {"name": f"Folder {self.made}"})

    def long(self) -> StoredPlan:
        """25 folders, and 100 pictures moved 25 times."""
        steps: list[Step] = []
        for number in range(25):
            move = {"image_ids": self.photos, "folder_id": f"$step:{2 * number}"}
            steps += [self.folder(), Step("move_images_to_folder", move)]
        return self.propose(*steps)

    def approve(self, plan: StoredPlan) -> StoredPlan:
        """Approve a plan; it, once it is done."""
        with httpx2.Client(base_url=self.server.url, trust_env=False, timeout=120) as http:
            answer = http.post(f"{SESSIONS}/{self.session}/plans/{plan.id}/action", json={"action": "approve"})
        assert answer.status_code in (200, 202), answer.text
        while not (found := self.plans.get(LOCAL_OWNER, self.session, plan.id)).finished:
            time.sleep(0.01)
        assert found.status == "completed", found.error
        return found


def timed(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def start(bench: Bench, rounds: int) -> dict[str, float]:
    url = f"{SESSIONS}/{bench.session}/plans"
    plans = [bench.propose(bench.folder()) for _ in range(rounds)]
    took = [timed(lambda p=plan: bench.http.post(f"{url}/{p.id}/action", json={"action": "approve"})) for plan in plans]
    ordered = sorted(took)
    return {
        "p50_ms": round(1000 * statistics.median(ordered), 1),
        "p95_ms": round(1000 * ordered[int(0.95 * (len(ordered) - 1))], 1),
    }


def steps(bench: Bench) -> float:
    plan = bench.approve(bench.long())
    first, last = plan.steps[0].started_at, plan.steps[-1].finished_at
    assert first is not None
    assert last is not None
    return round(len(plan.steps) / (last - first).total_seconds(), 1)


def four_at_once(bench: Bench) -> float:
    plans = [bench.long() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        took = timed(lambda: list(pool.map(bench.approve, plans)))
    return round(200 / took, 1)


def told(bench: Bench) -> float:
    """Milliseconds until the last of eight listeners, spread over the processes, has heard of the end."""
    host, port = bench.server.address
    address = f"ws://{host}:{port}{SESSIONS}/{bench.session}/events"
    with ExitStack() as stack:
        listeners = [stack.enter_context(connect(address, proxy=None)) for _ in range(8)]
        for listener in listeners:
            hear_of(listener, "Subscribed")
        plan = bench.propose(bench.folder())
        with ThreadPoolExecutor(8) as pool:
            hearing = pool.map(lambda listener: hear_of(listener, "PlanCompleted"), listeners)
            return round(1000 * timed(lambda: (bench.approve(plan), list(hearing))), 1)


def hear_of(listener: ClientConnection, kind: str) -> None:
    while json.loads(listener.recv(timeout=30))["type"] != kind:
        pass


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--workers", default="1")
    parser.add_argument("--redis", action="store_true", help="a Redis for the queue and the news")
    chosen = parser.parse_args()
    more = {"REDIS_URL": hosts.redis().fresh()} if chosen.redis else {}
    with (
        tempfile.TemporaryDirectory() as folder,
        running(Path(folder), WORKERS=chosen.workers, **QUIET, **more) as server,
        hosts.database(server.data) as database,
    ):
        bench = Bench(server, database)
        bench.approve(bench.propose(bench.folder()))
        print(f"start       {start(bench, chosen.rounds)}")
        print(f"steps       {steps(bench)} a second in one plan")
        print(f"four        {four_at_once(bench)} steps a second, four plans approved at once")
        print(f"told        {told(bench)} ms until all of eight listeners knew")


if __name__ == "__main__":
    main()
