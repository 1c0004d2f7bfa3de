"""Servers that are asked by many at once while something is done to them."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.conftest import picture
from tests.mock.aimock import Aimock
from tests.routes.conftest import StartServer, start_server
from tests.server import Server
from tests.sessions.conftest import SESSIONS

__all__ = ["StartServer", "start_server"]

WORDS = [f"word{number:03} " for number in range(25)]
ANSWER = "".join(WORDS)


@dataclass
class Load:
    """Clients that upload, ask and stream, one after the other, each on new connections, until told to stop.

    Attributes:
        images, answers: what the server has acknowledged: ids of pictures, and sessions with ids of answers.
        whole, cut: streams that came to their end, and those that were cut off: session, message, what came.
        refused: what went wrong otherwise.
    """

    url: str
    sessions: list[str] = field(default_factory=list)
    images: list[str] = field(default_factory=list)
    answers: list[tuple[str, str]] = field(default_factory=list)
    whole: list[tuple[str, str, bytes]] = field(default_factory=list)
    cut: list[tuple[str, str, bytes]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def begin(self) -> None:
        with httpx2.Client(base_url=self.url, trust_env=False, timeout=40) as client:
            self.sessions = [
                client.post(SESSIONS, json={"use_all_images": False}).json()["session_id"] for _ in range(4)
            ]
        doing: list[tuple[Callable[..., None], str]] = [(self._upload, ""), (self._ask, self.sessions[0])]
        doing += [(self._stream, session) for session in self.sessions[1:]]
        for what, session in doing:
            self._threads.append(threading.Thread(target=self._keep, args=(what, session)))
            self._threads[-1].start()

    def end(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive()

    def _keep(self, what: Callable[..., None], session: str) -> None:
        while not self._over.is_set():
            try:
                with httpx2.Client(base_url=self.url, trust_env=False, timeout=40) as client:
                    what(client, session)
            except httpx2.HTTPError as error:
                self.refused.append(f"{what.__name__}: {type(error).__name__} {error}")
                time.sleep(0.05)

    def _upload(self, client: httpx2.Client, _session: str) -> None:
        sent = client.post("/upload", files={"file": ("a.jpg", picture())})
        if sent.status_code == 201:
            self.images.append(sent.json()["image_id"])
        else:
            self.refused.append(f"upload: {sent.status_code} {sent.text[:200]}")

    def _ask(self, client: httpx2.Client, session: str) -> None:
        sent = client.post(f"{SESSIONS}/{session}/messages", json={"message": "What is it?"})
        if sent.status_code == 200:
            self.answers.append((session, sent.json()["message_id"]))
        elif sent.status_code != 409:  # the one that was cut off is not settled yet
            self.refused.append(f"ask: {sent.status_code} {sent.text[:200]}")

    def _stream(self, client: httpx2.Client, session: str) -> None:
        came = b""
        try:
            at = f"{SESSIONS}/{session}/messages/stream"
            with client.stream("POST", at, json={"message": "What is it?"}) as sent:
                if sent.status_code == 200:
                    for piece in sent.iter_bytes():
                        came += piece
                elif sent.status_code != 409:
                    self.refused.append(f"stream: {sent.status_code}")
        finally:
            if found := re.search(rb'"message_id":"([^"]+)"', came):
                kept = self.whole if b"event: close" in came else self.cut
                kept.append((session, found[1].decode(), came))


@pytest.fixture
def load(aimock: Aimock) -> Iterator[Callable[[Server], Load]]:
    """Begins to ask a server, with answers of a second."""
    aimock.answer({"content": ANSWER}, latency=40, chunkSize=len(WORDS[0]))
    loads: list[Load] = []

    def begin(server: Server) -> Load:
        loads.append(Load(server.url))
        loads[-1].begin()
        return loads[-1]

    yield begin
    for one in loads:
        one.end()


def kept(client: httpx2.Client, session: str) -> dict[str, dict[str, Any]]:
    """Messages of a session by their ids."""
    found = client.get(f"{SESSIONS}/{session}", params={"message_limit": 1000}).json()
    return {message["id"]: message for message in found["messages"]}


def children(pid: int) -> list[int]:
    """Processes that a process has begun and that run."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
