"""A worker killed while it looks at pictures, reads a document or carries a plan out: another goes on, and nothing is
done twice."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from tests import hosts
from tests.conftest import picture
from tests.faults.conftest import StartServer, children
from tests.inventory import eventually, rows
from tests.plans.conftest import add_pictures, create, put
from tests.plans.test_server import Remote, approve_in_background, check_each_step_was_done_once, done_steps
from tests.routes.conftest import client_of

PICTURES = 5
PARAGRAPH = "The harbour of town number {0} was dredged in the year {0}, and its lighthouse was painted anew. "
SETTINGS = {"WORKERS": "2", "VISION_PROVIDER": "local", "JOB_THREADS": "2"}


def worker_of(data: Path, table: str, status: str) -> int | None:
    """The process that holds a row of a table now."""
    held = f"SELECT worker_id FROM {table} WHERE {status} IN ('processing', 'running')"  # noqa: S608 - this test's names
    asked = f"SELECT pid FROM workers WHERE id IN ({held})"  # noqa: S608
    found = rows(data, asked)
    return int(found[0][0]) if found else None


def killed(data: Path, table: str, status: str, within_s: float = 60) -> int:
    """Kill the process that holds a row; its number."""
    deadline = time.monotonic() + within_s
    while (pid := worker_of(data, table, status)) is None:
        assert time.monotonic() < deadline, f"nobody began with {table}"
        time.sleep(0.005)
    os.kill(pid, signal.SIGKILL)
    return pid


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_pictures_and_a_document(start_server: StartServer) -> None:
    server = start_server(**SETTINGS)
    eventually(2, lambda: len(children(server.process.pid)), 20)
    text = "\n\n".join(PARAGRAPH.format(number) * 3 for number in range(1, 150))
    with client_of(server) as client:
        files = [
            ("files", (f"{number}.png", picture("PNG", (320, 240), f"#{number * 30:02x}4080"), "image/png"))
            for number in range(PICTURES)
        ]
        assert client.post("/api/v2/images", files=files).json()["created"] == PICTURES
        first = killed(server.data, "images", "analysis_status")
        eventually(True, lambda: len(set(children(server.process.pid)) - {first}) == 2, 30)
        sent = client.post("/api/v2/documents", files=[("files", ("harbours.txt", text.encode(), "text/plain"))])
        assert sent.status_code == 201, sent.text
        killed(server.data, "documents", "status")
        eventually([("ready",)], lambda: rows(server.data, "SELECT status FROM documents"), 120)
        eventually([("ready",)] * PICTURES, lambda: rows(server.data, "SELECT analysis_status FROM images"), 120)
    attempts = [count for (count,) in rows(server.data, "SELECT analysis_attempts FROM images")]
    assert sorted(attempts)[:-2] == [1] * (PICTURES - 2)
    assert max(attempts) <= 3
    assert rows(server.data, "SELECT count(*), count(DISTINCT image_id) FROM image_words") == [(PICTURES, PICTURES)]
    ((passages, places),) = rows(server.data, "SELECT count(*), count(DISTINCT position) FROM document_chunks")
    assert passages == places > 10


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_plan(start_server: StartServer) -> None:
    """Another worker takes it up within seconds, and each step is done once."""
    server = start_server(**SETTINGS)
    eventually(2, lambda: len(children(server.process.pid)), 20)
    with hosts.database(server.data) as database:
        remote = Remote(server, database)
        photos = add_pictures(database, 400)
        steps = [
            step
            for number in range(25)
            for step in (create(f"F{number}"), put(photos, folder_id=f"$step:{2 * number}"))
        ]
        plan = remote.propose(*steps)
        with approve_in_background(remote, plan):
            deadline = time.monotonic() + 30
            while done_steps(database, plan) < 6:
                assert time.monotonic() < deadline
                time.sleep(0.002)
            killed(server.data, "plans", "status")
        assert done_steps(database, plan) < len(steps)
        eventually("completed", lambda: remote.plan(plan.id).status, 40)
        check_each_step_was_done_once(remote, plan, photos)
        remote.http.close()
