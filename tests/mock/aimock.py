"""aimock as pytest fixtures: a mock of OpenAI, Gemini and Anthropic that speaks over real sockets and keeps a journal.

`aimock_server` is one process for a worker's whole run, `aimock` the same one emptied for the test. It is
`@copilotkit/aimock` from npm, installed from the lock file at first use; https://aimock.copilotkit.dev tells what an
answer may hold.
"""

from __future__ import annotations

import fcntl
import json
import re
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

HERE = Path(__file__).parent
PACKAGE = HERE / "node_modules" / "@copilotkit" / "aimock"
START_TIMEOUT_S = 30
LISTENING = re.compile(r"listening on (http://\S+)")


@dataclass(frozen=True)
class Aimock:
    """A running mock.

    Args:
        url: `http://127.0.0.1:<port>`; OpenAI's API is under `/v1`, the other two begin at the root.
    """

    url: str

    @property
    def openai_url(self) -> str:
        return f"{self.url}/v1"

    def answer(self, response: dict[str, Any], *, when: dict[str, Any] | None = None, **options: Any) -> None:
        """Have requests that match `when` answered so; the first that matches wins, `{}` matches all.

        Args:
            response: aimock's own form: `{"content": ...}`, `{"toolCalls": [...]}`, `{"error": ..., "status": ...}`.
            when: aimock's `match`, as `{"userMessage": "cat"}`.
            options: further fields of a fixture, as `chunkSize`, `latency`, `truncateAfterChunks`.
        """
        fixture = {"match": when or {}, "response": response, **options}
        self._call("POST", "/__aimock/fixtures", {"fixtures": [fixture]})

    def journal(self, **filters: str) -> list[dict[str, Any]]:
        """What was asked, oldest first: `method`, `path`, `headers`, `body` (as a chat completion, whichever vendor's
        API was called; at most 64 KB), `response`."""
        entries = self._call("GET", f"/__aimock/journal?{urlencode(filters)}")
        assert isinstance(entries, list)
        return entries

    def reset(self) -> None:
        """Forget all answers and the journal."""
        self._call("POST", "/__aimock/reset", {})

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.url + path, data=data, method=method, headers={"Content-Type": "application/json"}
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=10) as response:
            return json.load(response)


def install() -> None:
    """`npm ci` if the locked version is not there; one process at a time."""
    lock = HERE / "package-lock.json"
    wanted = json.loads(lock.read_text())["packages"]["node_modules/@copilotkit/aimock"]["version"]
    with lock.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        manifest = PACKAGE / "package.json"
        if manifest.is_file() and json.loads(manifest.read_text())["version"] == wanted:
            return
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=HERE, check=True, capture_output=True, timeout=180)


@contextmanager
def start_aimock() -> Iterator[Aimock]:
    """A mock on a free port, stopped at the end of the block."""
    install()
    with tempfile.TemporaryDirectory() as folder:
        fixtures = Path(folder, "fixtures.json")
        fixtures.write_text('{"fixtures": []}')
        said = Path(folder, "log")
        command = ["node", str(PACKAGE / "dist" / "cli.js"), "-p", "0", "-f", str(fixtures)]
        with said.open("w") as out, subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT) as process:
            try:
                yield Aimock(_address(process, said))
            finally:
                process.terminate()


def _address(process: subprocess.Popen[bytes], said: Path) -> str:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        if found := LISTENING.search(said.read_text()):
            return found[1]
        time.sleep(0.02)
    raise RuntimeError(f"aimock did not start: {said.read_text()}")


@pytest.fixture(scope="session")
def aimock_server() -> Iterator[Aimock]:
    with start_aimock() as server:
        yield server


@pytest.fixture
def aimock(aimock_server: Aimock) -> Aimock:
    aimock_server.reset()
    return aimock_server
