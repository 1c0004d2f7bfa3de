"""A server that is killed while it looks at pictures: started again it goes on, and does nothing twice."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import httpx2
import pytest

from tests.conftest import picture
from tests.inventory import rows
from tests.server import Server, running

COUNT = 6
SETTINGS = {"VISION_PROVIDER": "local", "JOB_THREADS": "2"}


def statuses(data: Path) -> list[str]:
    return [status for (status,) in rows(data, "SELECT analysis_status FROM images")]


def until(data: Path, ready: int, within_s: float = 90) -> list[str]:
    """The statuses, once so many are ready."""
    deadline = time.monotonic() + within_s
    while (found := statuses(data)).count("ready") < ready and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_it_goes_on_afterwards(tmp_path: Path) -> None:
    server = Server(tmp_path, **SETTINGS)
    files = [
        ("files", (f"{number}.png", picture("PNG", (320, 240), f"#{number * 30:02x}4080"), "image/png"))
        for number in range(COUNT)
    ]
    with httpx2.Client(base_url=server.url, trust_env=False, timeout=120) as client:
        assert client.post("/api/v2/images", files=files).json()["created"] == COUNT
    data = server.data
    until(data, 1)
    server.stop(signal.SIGKILL)
    before = statuses(data)
    assert 1 <= before.count("ready") < COUNT
    known = rows(data, "SELECT sha256, created_at FROM analyses")
    with running(tmp_path, **SETTINGS):
        assert until(data, COUNT) == ["ready"] * COUNT
    attempts = [count for (count,) in rows(data, "SELECT analysis_attempts FROM images")]
    assert sorted(attempts)[:-1] == [1] * (COUNT - 1)  # one at most was cut off
    assert max(attempts) <= 2
    after = rows(data, "SELECT sha256, created_at FROM analyses")
    assert set(known) <= set(after)
    assert len(after) == COUNT
    assert rows(data, "SELECT count(*), count(DISTINCT image_id) FROM image_words") == [(COUNT, COUNT)]
