"""What `/metrics` says of several workers: one sum, whichever of them is asked."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from config import ROOT, BadSetting
from models.database import DatabaseUnavailable
from models.media import Image
from services import prices
from services.content import Usage
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


def test_methods_that_nobody_knows_are_one(client: FlaskClient) -> None:
    for method in ("BREW", "WHEN", "TRACE"):
        assert client.open("/", method=method).status_code == 405
    text = client.get("/metrics").text
    assert figures(text)['http_requests_total{endpoint="none",method="other",status="405"}'] == 3
    assert "BREW" not in text


@pytest.mark.slow(hosts=True)
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
        answered_by.add(seen['tokens_total{kind="completion",model="gpt-5.4-mini",provider="openai"}'])
    assert len(answered_by) == 12
    folder = list((server.data / "temporary").glob("metrics-*"))
    assert len(folder) == 1
    assert len({path.stem.rpartition("_")[2] for path in folder[0].glob("*.db")}) == 2, "one worker did all"
    assert server.stop() == 0
    assert list((server.data / "temporary").glob("metrics-*")) == []


PRICES = """
[openai."gpt-5.4-mini"]
input = 2.0
output = 16

[anthropic."another-model"]
input = 1
output = 1
"""


def test_tokens_and_costs_add_up_over_workers(start_server: StartServer, aimock: Aimock, tmp_path: Path) -> None:
    (tmp_path / "prices.toml").write_text(PRICES)
    prices_at = str(tmp_path / "prices.toml")
    server = start_server(WORKERS="2", ANALYSE_WITH_PROVIDER="true", JOB_THREADS="1", PRICE_LIST=prices_at)
    usage = {"prompt_tokens": 1_000, "completion_tokens": 100, "total_tokens": 1_100}
    aimock.answer({"content": ANSWER, "usage": usage})
    with client_of(server) as api:
        image_id = uploaded(api)
    for number in range(6):
        with client_of(server) as api:
            assert api.post(f"/chat/{image_id}", json={"question": f"{number}?"}).status_code == 200
    model = 'model="gpt-5.4-mini",provider="openai"'
    # The first look, six questions, and the description that is made behind them.
    inventory.eventually(8_000, lambda: ask(server)[f'tokens_total{{kind="prompt",{model}}}'], within_s=20)
    seen = ask(server)
    assert seen[f'tokens_total{{kind="completion",{model}}}'] == 800
    assert seen[f"cost_usd_total{{{model}}}"] == pytest.approx((8_000 * 2 + 800 * 16) / 1e6)
    assert not [name for name in seen if "another-model" in name]
    assert seen['turn_seconds_count{provider="openai"}'] == 7
    assert {name.partition("{")[0] for name in seen} >= EVERY


EVERY = {
    "http_requests_total",
    "http_request_seconds_count",
    "streams_open",
    "turns_total",
    "turn_seconds_count",
    "first_text_seconds_count",
    "tokens_total",
    "cost_usd_total",
    "queue_depth",
    "cache_lookups_total",
    "cache_evictions_total",
    "cache_bytes",
}


def test_every_figure_is_in_the_handbook() -> None:
    handbook = (ROOT / "docs" / "operations.md").read_text()
    names = {name.removesuffix("_count") for name in EVERY} | {"voice_stage_seconds"}
    assert [name for name in sorted(names) if name not in handbook] == []


def test_without_prices_nothing_is_said_of_costs(client: FlaskClient) -> None:
    services_of(client.application).metrics.used("openai", "m", Usage(5, 5))
    text = client.get("/metrics").text
    assert 'tokens_total{kind="prompt",model="m",provider="openai"} 5.0' in text
    assert "cost" not in text


@pytest.mark.parametrize(
    "text",
    [
        "input = 1",
        "openai = 3",
        "[openai]\ninput = 1\noutput = 2",
        "[openai.m]\ninput = 1",
        "[openai.m]\ninput = 1\noutput = -1",
        "[openai.m]\ninput = true\noutput = 1",
        "[openai.m]\ninput = nan\noutput = 1",
        '[openai.m]\ninput = "1"\noutput = 1',
        "[openai.m]\ninput = 1\noutput = 1\ncached = 1",
        None,
    ],
)
def test_a_price_list_that_is_none_stops_the_start(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "prices.toml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(BadSetting, match=r"^PRICE_LIST: got .*prices\.toml', takes [^\n]+$"):
        prices.read(path)


@pytest.mark.slow(hosts=True)
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


@pytest.mark.slow(hosts=True)
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
