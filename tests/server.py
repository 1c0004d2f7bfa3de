"""The program as a user runs it: `python app.py` in a process of its own, on a free port, with a folder of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from config import ROOT, described
from tests import hosts

START_TIMEOUT_S = 60
STOP_TIMEOUT_S = 40
LISTENING = re.compile(r"Listening at: (http://[^\s\"]+)")


class Server:
    """A running server.

    Args:
        folder: gets its data, its temporary files and its log; the same one again is the same server restarted.
        within: a command that runs the program somewhere else, such as `ip netns exec NAME`.
        settings: environment variables by name; every other setting has its default, but that
            nothing is done behind the requests unless `JOB_THREADS` says so.
    """

    def __init__(self, folder: Path, *, within: Sequence[str] = (), **settings: str) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.temporary = folder / "tmp"
        self.temporary.mkdir(parents=True, exist_ok=True)
        self._said = folder / "log"
        self._log = self._said.open("w")
        blank = {name: "" for name, _meaning, _default in described()} | {"GEMINI_KEY": ""}
        chosen = {"PORT": "0", "DATA_DIR": str(self.data), "FETCH_MODELS": "false", "JOB_THREADS": "0"}
        chosen |= hosts.environment(self.data) | settings
        self.process = subprocess.Popen(
            [*within, sys.executable, "app.py"],
            cwd=ROOT,
            env=os.environ | blank | {"TMPDIR": str(self.temporary)} | chosen,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.url = self._address()
        host, port = self.url.removeprefix("http://").split(":")
        self.address = (host, int(port))

    @property
    def log(self) -> str:
        return self._said.read_text()

    def _address(self) -> str:
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline and self.process.poll() is None:
            if found := LISTENING.search(self.log):
                return found[1]
            time.sleep(0.02)
        self.stop(signal.SIGKILL)
        raise RuntimeError(f"the server did not start: {self.log}")

    def stop(self, how: signal.Signals = signal.SIGTERM, *, terminal: bool = False) -> int:
        """End the server, if it still runs; its exit code.

        Args:
            terminal: send the signal to all of its processes, as Ctrl-C in a terminal does. SIGKILL always goes to all.
        """
        if self.process.poll() is None:
            if terminal or how == signal.SIGKILL:
                os.killpg(self.process.pid, how)
            else:
                self.process.send_signal(how)
        try:
            code = self.process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(STOP_TIMEOUT_S)
            raise
        finally:
            self._log.close()
        return code


@contextmanager
def running(folder: Path, *, within: Sequence[str] = (), **settings: str) -> Iterator[Server]:
    """A server that is stopped at the end of the block."""
    server = Server(folder, within=within, **settings)
    try:
        yield server
    finally:
        server.stop()
