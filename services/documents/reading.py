"""A document's pages, read in a process of its own that is stopped when it takes too long."""

from __future__ import annotations

import base64
import contextlib
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final

import orjson

from services.documents.base import DocumentRejected, Heading, Kind, Page

ROOT: Final = Path(__file__).resolve().parents[2]
VERSION: Final = "1"
"""Of what is made of a document; documents read by another are read again."""
PATIENCE_S: Final = 60.0
"""How long the next page may take, and the first one, before which a whole DOCX or web page is parsed."""
STEP: Final = 256 * 1024


class ReadingStopped(Exception):
    """The reading process was killed from outside; trying again may help."""


def read(kind: Kind, data: bytes, *, first: int = 1, patience_s: float = PATIENCE_S) -> Iterator[Page]:
    """The pages in order, from the number `first` on, as they are read. Scanned ones come with their picture.

    Memory is bounded: a page is read when the one before has been taken.

    Raises:
        DocumentRejected: with a code of its own for each thing that can be wrong.
        ReadingStopped
    """
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.seek(0)
        process = _begin(kind, file, first)
    try:
        yield from _pages(process, patience_s)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        process.stdout.close()
        process.wait()


def _begin(kind: Kind, file: IO[bytes], first: int) -> subprocess.Popen[bytes]:
    """Nothing of this process's environment goes along: there may be keys in it."""
    return subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", "services.documents.process", kind, str(first)],
        stdin=file,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
        env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"},
    )


def _pages(process: subprocess.Popen[bytes], patience_s: float) -> Iterator[Page]:
    for line in _lines(process, patience_s):
        told: dict[str, Any] = orjson.loads(line)
        if "error" in told:
            raise DocumentRejected(told["error"])
        if "end" in told:
            return
        yield Page(
            number=told["number"],
            text=told["text"],
            headings=tuple(Heading(*heading) for heading in told["headings"]),
            picture=base64.b64decode(told["picture"]) if told["picture"] else None,
            page_count=told["page_count"],
        )
    # It ended without a word: its memory or time ran out, a library crashed, or somebody killed it.
    if process.wait() == -signal.SIGKILL:
        raise ReadingStopped
    raise DocumentRejected("document_too_complex")


def _lines(process: subprocess.Popen[bytes], patience_s: float) -> Iterator[bytes]:
    """Raises `DocumentRejected` (`document_too_complex`) when nothing comes for too long."""
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    pending = bytearray()
    with selectors.DefaultSelector() as waiting:
        waiting.register(process.stdout, selectors.EVENT_READ)
        until = time.monotonic() + patience_s
        while True:
            if not waiting.select(max(0.0, until - time.monotonic())):
                raise DocumentRejected("document_too_complex")
            piece = os.read(process.stdout.fileno(), STEP)
            if not piece:
                return
            begin = len(pending)
            pending += piece
            if pending.find(b"\n", begin) < 0:
                continue
            *whole, rest = bytes(pending).split(b"\n")
            pending = bytearray(rest)
            yield from whole
            until = time.monotonic() + patience_s
