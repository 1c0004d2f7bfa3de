"""What keys, limits and metrics cost a request: the same server with and without each, by turns in one run.

    pipenv run python -m benchmarks.cost [--seconds 8]

Every server is the program itself in a process of its own; the one without metrics or limits has them taken out before
it begins (`--serve`, with which this file calls itself). The two of a pair are asked by turns, one request after the
other: CPU of the server for each, and the median time of each. `GET /v1/models` is about the least a request can be.
A session's messages count towards its budgets and a month's limit; without limits they are kept as `/chat` keeps its
own. A last table has what a rate costs (the voice's is one), counted in the process and in Redis.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from flask_openapi3 import OpenAPI

from app import create_app, from_environment
from benchmarks import processes, serving, streams
from models.database import Database
from routes import errors, logs
from services import migrations, usage
from services.accounts import Accounts
from services.rates import Rate
from services.serving import Server
from tests import hosts

TURNS = 16
SESSIONS = 16
TAKES = 3_000
OPEN = {"SESSION_MESSAGE_BUDGET": "1000000", "SESSION_TOKEN_BUDGET": "1000000000"}
MODELS = "/v1/models"


class Uncounted:
    """In place of the metrics: nothing is counted."""

    def __getattr__(self, _name: str) -> Uncounted:
        return self

    def __call__(self, *_arguments: object) -> None:
        return None


def without_metrics(app: OpenAPI) -> None:
    services = app.extensions["services"]
    services.metrics = Uncounted()
    services.turns.observe = Uncounted()


def without_limits(_app: OpenAPI) -> None:
    # Of this process alone, which ends with its measurement.
    usage.admit = lambda work, conversation_id, _limits: usage.require_idle(work, conversation_id)
    usage.add_tokens = lambda *_arguments: None


TAKEN_OUT: dict[str, Callable[[OpenAPI], None]] = {"metrics": without_metrics, "limits": without_limits}


def serve(part: str) -> None:
    """What `app.main` does, with a part taken out."""
    settings = from_environment()

    def make() -> OpenAPI:
        app = create_app(settings)
        TAKEN_OUT[part](app)
        return app

    logs.init(settings)
    migrations.prepare(settings.data_dir, settings.database)
    Server(settings, make, errors.refusal).run()


@dataclass
class Side:
    """A server of a pair, what it is asked, and what that took."""

    url: str
    pids: tuple[int, ...]
    requests: list[bytes]
    took: list[float] = field(default_factory=list)
    cpu_s: float = 0.0

    def ask(self, seconds: float) -> None:
        before = processes.cpu_s(self.pids)
        self.took += asyncio.run(serving.load(self.url, self.requests, 1, seconds)).took
        self.cpu_s += processes.cpu_s(self.pids) - before

    @property
    def cpu_us(self) -> float:
        return self.cpu_s / len(self.took) * 1e6


@contextmanager
def served(upstream: str, without: str = "", **given: str) -> Iterator[tuple[str, subprocess.Popen[bytes], Path]]:
    """The program, or the program without a part: its address, its process and its folder."""
    port = serving.free_port()
    with tempfile.TemporaryDirectory() as folder:
        settings = {"VISION_PROVIDER": "openai", "OPENAI_BASE_URL": upstream, "OPENAI_MODEL": "mock"}
        settings |= {"PORT": str(port), "DATA_DIR": folder, "JOB_THREADS": "0", "FETCH_MODELS": "false"}
        command = ["-m", "benchmarks.cost", "--serve", without] if without else ["app.py"]
        with serving.running(command, port, "/", settings | OPEN | given) as process:
            yield f"http://127.0.0.1:{port}", process, Path(folder)


def listing(url: str, process: subprocess.Popen[bytes], key: str = "") -> Side:
    bearer = f"Authorization: Bearer {key}\r\n" if key else ""
    return Side(url, (process.pid,), [f"GET {MODELS} HTTP/1.1\r\nHost: localhost\r\n{bearer}\r\n".encode()])


def messages(url: str, process: subprocess.Popen[bytes]) -> Side:
    empty = json.dumps({"use_all_images": False}).encode()
    ids = [streams.post(url + streams.SESSIONS, empty, "application/json")["session_id"] for _ in range(SESSIONS)]
    asked = [
        serving.request(f"{streams.SESSIONS}/{session_id}/messages", b'{"message": "What is in it?"}')
        for session_id in ids
    ]
    return Side(url, (process.pid,), asked)


def key_of(folder: Path) -> str:
    database = Database(f"sqlite:///{folder / 'assistant.db'}")
    try:
        return Accounts(database).create("benchmark")[1]
    finally:
        database.close()


def compare(name: str, plain: Side, more: Side, seconds: float) -> None:
    """The pair by turns, of which every other begins with the other side."""
    for side in (plain, more):
        asyncio.run(serving.load(side.url, side.requests, 1, 1))
    for turn in range(TURNS):
        for side in (plain, more) if turn % 2 else (more, plain):
            side.ask(seconds / TURNS)
    medians = [serving.Load(1.0, side.took).percentile(50) for side in (plain, more)]
    cells = [f"{plain.cpu_us:.0f}", f"{more.cpu_us:.0f}", f"{more.cpu_us - plain.cpu_us:.0f}"]
    serving.row(name, *cells, *(f"{found:.3f}" for found in medians))


def pairs(upstream: str, seconds: float) -> None:
    serving.row("CPU µs a request", "without", "with", "difference", "p50 ms", "p50 ms")
    with served(upstream) as (url, process, _), served(upstream, AUTH_REQUIRED="true") as (locked, other, folder):
        key = key_of(folder)
        compare(f"a key, GET {MODELS}", listing(url, process), listing(locked, other, key), seconds)
    for workers in ("1", "2"):
        with ExitStack() as stack:
            bare, whole = (stack.enter_context(served(upstream, part, WORKERS=workers)) for part in ("metrics", ""))
            name = f"metrics, {workers} worker{'s' * (workers > '1')}, GET {MODELS}"
            compare(name, listing(*bare[:2]), listing(*whole[:2]), seconds)
    with served(upstream, "limits") as bare, served(upstream, MONTHLY_MESSAGE_LIMIT="1000000") as whole:
        compare("limits, a session's message", messages(*bare[:2]), messages(*whole[:2]), seconds)


def rates() -> None:
    serving.row("\na rate", "µs each")
    for name, url in (("in the process", None), ("in Redis", hosts.redis().fresh())):
        rate = Rate("1000000/minute", url)
        began = time.perf_counter()
        for number in range(TAKES):
            rate.take(f"caller {number % 100}")
        serving.row(name, f"{(time.perf_counter() - began) / TAKES * 1e6:.0f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=8, help="for each server of each pair (default 8)")
    parser.add_argument("--serve", choices=TAKEN_OUT, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve)
        return
    with streams.upstream(serving.TOKENS, 0.0) as url:
        pairs(url, options.seconds)
    rates()


if __name__ == "__main__":
    main()
