"""Workers killed in the middle of uploads, questions and streams, while another goes on."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

import pytest

from tests.faults.conftest import ANSWER, Load, StartServer, children, kept
from tests.inventory import eventually, rows
from tests.routes.conftest import client_of
from tests.server import Server
from tests.sessions.conftest import events_of, names_of
from tests.sessions.test_connections import again, whole_frames


@pytest.mark.slow
def test_killed_in_the_middle_of_everything(start_server: StartServer, load: Callable[[Server], Load]) -> None:
    """No acknowledged picture or message is lost, nothing is left `streaming`, and a stream that was cut off can be
    read on, from the other worker, to its end."""
    server = start_server(WORKERS="2")
    asking = load(server)
    for _time in range(3):
        time.sleep(3)
        eventually(True, lambda: len(children(server.process.pid)) == 2, 20)
        os.kill(children(server.process.pid)[0], signal.SIGKILL)
    time.sleep(3)
    asking.end()
    assert asking.cut
    assert min(len(asking.images), len(asking.answers), len(asking.whole)) >= 1
    eventually([], lambda: rows(server.data, "SELECT id FROM messages WHERE status = 'streaming'"), 20)
    with client_of(server) as client:
        for image in asking.images:
            assert client.get(f"/images/{image}/file").status_code == 200
        for (image,) in rows(server.data, "SELECT id FROM images"):
            assert client.get(f"/images/{image}/file").status_code == 200, "a row without its file"
        for session, message in asking.answers:
            assert kept(client, session)[message]["content"] == ANSWER
        for session, message, _came in asking.whole:
            assert kept(client, session)[message]["content"] == ANSWER
    for session, message, came in asking.cut:
        check_resumed(server, session, message, came)


def check_resumed(server: Server, session: str, message: str, came: bytes) -> None:
    """What was not written down before the kill has been said to nobody but this reader."""
    seen = [event.id for event in events_of(whole_frames(came).decode()) if event.name == "token"]
    rest = events_of(again(server, session, message, seen[-1] if seen else None).rest().decode())
    assert names_of(rest)[-2:] == ["error", "close"]
    assert rest[-2].data["code"] == "INTERRUPTED"
