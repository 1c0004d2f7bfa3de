"""Restarts under load: nobody is refused, no stream is cut."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.conftest import ANSWER, Load, StartServer, children, kept
from tests.inventory import eventually
from tests.routes.conftest import client_of
from tests.server import Server

LISTENING = re.compile(r"Listening at: \S+ \((\d+)\)")


def check(server: Server, load: Load, least: int) -> None:
    """Everything that was asked was answered, whole."""
    assert load.refused == []
    assert load.cut == []
    assert min(len(load.images), len(load.answers), len(load.whole)) >= least
    with client_of(server) as client:
        for image in load.images:
            assert client.get(f"/images/{image}/file").status_code == 200
        for session in load.sessions:
            messages = kept(client, session).values()
            assert {message["status"] for message in messages if message["role"] == "assistant"} <= {"complete"}
        for session, message, _came in load.whole:
            assert kept(client, session)[message]["content"] == ANSWER


@pytest.mark.slow
def test_new_workers_take_over(start_server: StartServer, load: Callable[[Server], Load]) -> None:
    """SIGHUP twice, with two workers."""
    server = start_server(WORKERS="2")
    asking = load(server)
    for _time in range(2):
        eventually(True, lambda: len(children(server.process.pid)) == 2, 20)
        old = children(server.process.pid)
        time.sleep(2)
        server.process.send_signal(signal.SIGHUP)
        eventually([], lambda old=old: [pid for pid in children(server.process.pid) if pid in old], 60)
    time.sleep(2)
    asking.end()
    check(server, asking, least=1)


@pytest.mark.slow
def test_a_new_server_takes_over(start_server: StartServer, load: Callable[[Server], Load]) -> None:
    """SIGUSR2 begins a second server on the same socket, SIGTERM ends the first: how a new version is brought in."""
    server = start_server()
    asking = load(server)
    time.sleep(1)
    server.process.send_signal(signal.SIGUSR2)
    eventually(2, lambda: len(LISTENING.findall(server.log)), 30)
    successor = int(LISTENING.findall(server.log)[1])
    try:
        eventually(1, lambda: len(children(successor)), 30)
        time.sleep(4)  # its worker has come up
        assert server.stop() == 0
        time.sleep(2)
        asking.end()
        check(server, asking, least=1)
    finally:
        os.kill(successor, signal.SIGTERM)
        eventually(False, lambda: Path(f"/proc/{successor}/cmdline").exists() and not zombie(successor), 40)


def zombie(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
