"""A disk without room, a database that another program holds: told as such, nothing half done, and over when it is
over."""

from __future__ import annotations

import resource
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import httpx2
import pytest

from tests import inventory
from tests.conftest import picture
from tests.faults.conftest import StartServer, children
from tests.mock.aimock import Aimock
from tests.routes.conftest import client_of, uploaded
from tests.server import Server
from tests.sessions.conftest import SESSIONS, names_of
from tests.sessions.test_connections import LONG, TOKEN_MS, WORDS, again, ask, events, message_of, new_session


@contextmanager
def no_room(server: Server) -> Iterator[None]:
    """No process of the server can make any file grow: EFBIG, which differs from a full disk's ENOSPC by name alone."""
    before = {pid: resource.prlimit(pid, resource.RLIMIT_FSIZE) for pid in children(server.process.pid)}
    for pid, (_soft, hard) in before.items():
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        for pid, limits in before.items():
            resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)


def send(client: httpx2.Client, session: str) -> httpx2.Response:
    return client.post(f"{SESSIONS}/{session}/messages", json={"message": "Now?"})


@pytest.mark.slow
def test_a_full_disk(start_server: StartServer, aimock: Aimock) -> None:
    aimock.answer(LONG, latency=TOKEN_MS, chunkSize=len(WORDS[0]))
    server = start_server()
    session, other = new_session(server), new_session(server)
    with client_of(server) as client:
        image = uploaded(client)
        before = inventory.take(server.data, server.temporary)
        reader = ask(server, session)
        head = reader.until(5)
        with no_room(server):
            refused = [client.post("/upload", files={"file": ("b.jpg", picture())}) for _ in range(3)]
            refused.append(send(client, other))
            assert {answer.status_code for answer in refused} == {503}, [answer.text for answer in refused]
            assert client.get(f"/images/{image}/file").status_code == 200
            seen = len(reader.bytes)
            reader.until(20)
            assert len(reader.bytes) > seen
        whole = reader.rest()
        assert names_of(events(whole))[-2:] == ["complete", "close"]
        assert again(server, session, message_of(head)).rest() == whole
        after = inventory.take(server.data, server.temporary)
        assert (after.files, after.temporary) == (before.files, before.temporary)
        assert after.rows["images"] == before.rows["images"]
        assert uploaded(client) != image
        assert send(client, other).status_code == 200
    assert inventory.rows(server.data, "SELECT id FROM messages WHERE status = 'streaming'") == []


@pytest.mark.slow
def test_a_database_that_another_program_holds(start_server: StartServer, aimock: Aimock) -> None:
    """A stream goes on all the while; questions and uploads wait, and none is lost."""
    aimock.answer(LONG, latency=TOKEN_MS, chunkSize=len(WORDS[0]))
    server = start_server(DATABASE_URL="")
    session, other = new_session(server), new_session(server)
    reader = ask(server, session)
    reader.until(3)
    with client_of(server) as client, ThreadPoolExecutor(2) as pool:
        with closing(sqlite3.connect(server.data / "assistant.db", isolation_level=None)) as held:
            held.execute("BEGIN IMMEDIATE")
            waiting = [pool.submit(send, client, other), pool.submit(uploaded, client)]
            began = time.monotonic()
            reader.until(25)
            assert time.monotonic() - began < 2.5
            assert not any(each.done() for each in waiting)
            held.execute("ROLLBACK")
        assert waiting[0].result(40).status_code == 200
        assert client.get(f"/images/{waiting[1].result(40)}").status_code == 200
    whole = reader.rest()
    assert names_of(events(whole))[-2:] == ["complete", "close"]
    assert again(server, session, message_of(whole)).rest() == whole
