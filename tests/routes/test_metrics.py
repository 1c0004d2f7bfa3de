"""What `/metrics` says of several workers: one sum, whichever of them is asked."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

from flask.testing import FlaskClient
from sqlalchemy import update

from models.database import DatabaseUnavailable
from models.media import Image
from services.metrics import Metrics
from tests import inventory
from tests.conftest import services_of, upload
from tests.mock.aimock import Aimock
from tests.routes.conftest import ANSWER, StartServer, client_of, uploaded
from tests.routes.test_stream import ask_raw, read_until
from tests.server import Server

WORDS = "one two three four five six seven eight nine ten "


def figures(text: str) -> dict[str, float]:
    """Every sample by its name and labels."""
    rows = re.findall(r"^(\w+(?:\{.*\})?) (\S+)$", text, re.MULTILINE)
    assert rows
    assert len(rows) == len(dict(rows)), "a figure is there twice"
    return {name: float(value) for name, value in rows}


def ask(server: Server) -> dict[str, float]:
    with client_of(server) as api:  # a new connection may reach the other worker
        return figures(api.get("/metrics").text)


def test_workers_add_up(start_server: StartServer, aimock: Aimock) -> None:
    server = start_server(WORKERS="2")
    aimock.answer({"content": ANSWER})
    with client_of(server) as api:
        image_id = uploaded(api)
    answered_by = set()
    for number in range(12):
        with client_of(server) as api:
            assert api.post(f"/chat/{image_id}", json={"question": f"{number}?"}).status_code == 200
        seen = ask(server)
        asked = 'http_requests_total{endpoint="classic.chat",method="POST",status="200"}'
        assert seen[asked] == number + 1
        assert seen['http_request_seconds_count{endpoint="classic.chat"}'] == number + 1
        assert seen['turns_total{outcome="complete",provider="openai"}'] == number + 2
        answered_by.add(seen['tokens_total{kind="completion",provider="openai"}'])
    assert len(answered_by) == 12
    folder = list((server.data / "temporary").glob("metrics-*"))
    assert len(folder) == 1
    assert len({path.stem.rpartition("_")[2] for path in folder[0].glob("*.db")}) == 2, "one worker did all"
    assert server.stop() == 0
    assert list((server.data / "temporary").glob("metrics-*")) == []


def test_what_a_dead_worker_held_goes_and_what_it_counted_stays(start_server: StartServer, aimock: Aimock) -> None:
    server = start_server(WORKERS="2")
    aimock.answer({"content": ANSWER})
    with client_of(server) as api:
        image_id = uploaded(api)
    aimock.reset()
    aimock.answer({"content": WORDS * 40}, latency=100, chunkSize=10)
    with ask_raw(server, image_id) as connection:
        read_until(connection, b"two")
        assert ask(server)["streams_open"] == 1
        (folder,) = (server.data / "temporary").glob("metrics-*")
        workers = {int(path.stem.rpartition("_")[2]) for path in folder.glob("gauge_*.db")}
        before = ask(server)['turns_total{outcome="complete",provider="openai"}']
        for pid in workers:
            os.kill(pid, signal.SIGKILL)
        inventory.eventually(0.0, lambda: ask(server)["streams_open"], within_s=20)
        assert ask(server)['turns_total{outcome="complete",provider="openai"}'] == before


def test_folders_of_dead_servers_are_taken_away(start_server: StartServer, tmp_path: Path) -> None:
    first = start_server(WORKERS="2")
    (left,) = (first.data / "temporary").glob("metrics-*")
    first.stop(signal.SIGKILL)
    assert left.exists()
    again = start_server(WORKERS="2")
    assert not left.exists()
    assert len(list((again.data / "temporary").glob("metrics-*"))) == 1


def test_what_there_is_to_do(client: FlaskClient) -> None:
    image_id = upload(client)
    database = services_of(client.application).database
    for status, counts in (("pending", (1, 0)), ("processing", (0, 1)), ("ready", (0, 0))):
        with database.write() as session:
            session.execute(update(Image).where(Image.id == image_id).values(analysis_status=status))
        seen = figures(client.get("/metrics").text)
        waiting, running = (seen[f'queue_depth{{kind="images",state="{state}"}}'] for state in ("waiting", "running"))
        assert (waiting, running) == counts


def test_without_a_database_the_other_figures_are_there() -> None:
    def fail() -> dict[tuple[str, str], int]:
        raise DatabaseUnavailable("gone")

    metrics = Metrics({}, fail)
    metrics.answered("GET", "healthz", 200, 0.01)
    seen = figures(metrics.text().decode())
    assert seen['http_requests_total{endpoint="healthz",method="GET",status="200"}'] == 1
    assert not [name for name in seen if name.startswith("queue_depth")]
