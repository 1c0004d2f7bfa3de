"""Clients that hold connections and say nothing, or next to nothing: everybody else is served as before."""

from __future__ import annotations

import socket
import time
from contextlib import ExitStack

import pytest

from tests.faults.conftest import StartServer
from tests.inventory import eventually
from tests.mock.aimock import Aimock
from tests.routes.conftest import client_of, uploaded
from tests.server import Server

IDLE = 1000


def connect(server: Server, held: ExitStack, said: bytes = b"") -> socket.socket:
    connection = held.enter_context(socket.create_connection(server.address, timeout=20))
    connection.sendall(said)
    return connection


@pytest.mark.slow
def test_a_thousand_idle_and_forty_slow_connections(start_server: StartServer, aimock: Aimock) -> None:
    """With 64 threads: a thousand say nothing, twenty never end their head, twenty never send their body."""
    aimock.answer({"content": "Yes."})
    server = start_server(THREADS="64")
    with ExitStack() as held, client_of(server) as client:
        image = uploaded(client)
        for _number in range(IDLE):
            connect(server, held)
        heads = [connect(server, held, b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ") for _ in range(20)]
        body = b"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\nContent-Type: multipart/form-data\r\n\r\n"
        bodies = [connect(server, held, body) for _ in range(20)]
        for _number in range(10):
            began = time.monotonic()
            with client_of(server) as other:
                assert other.get("/healthz").status_code == 200
            assert time.monotonic() - began < 2
            for connection in heads + bodies:
                connection.sendall(b"a")
        assert client.post(f"/chat/{image}", json={"question": "What is it?"}).status_code == 200
        # A connection that was idle until now is as good as any.
        late = connect(server, held)
        late.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        eventually(True, lambda: late.recv(64).startswith(b"HTTP/1.1 200"), 5)
    with client_of(server) as client:
        assert client.get("/healthz").status_code == 200


@pytest.mark.slow
def test_more_slow_heads_than_threads(start_server: StartServer, aimock: Aimock) -> None:
    """Whoever has not said what it wants yet costs no thread, on a new connection as on one that was used."""
    aimock.answer({"content": "Yes."})
    server = start_server(THREADS="4")
    with ExitStack() as held, client_of(server) as client:
        image = uploaded(client)
        slow = [connect(server, held, b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ") for _ in range(100)]
        used = [connect(server, held, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n") for _ in range(20)]
        for connection in used:
            eventually(True, lambda of=connection: of.recv(4096).startswith(b"HTTP/1.1 200"), 10)
            connection.sendall(b"GET /heal")
        for _round in range(3):
            for connection in slow:
                connection.sendall(b"a")
            began = time.monotonic()
            with client_of(server) as other:
                assert other.get("/healthz").status_code == 200
            assert time.monotonic() - began < 2
        assert client.post(f"/chat/{image}", json={"question": "What is it?"}).status_code == 200
        # Those that end their heads after all are answered.
        for connection, rest in ((slow[0], b"\r\n\r\n"), (used[0], b"thz HTTP/1.1\r\nHost: x\r\n\r\n")):
            connection.sendall(rest)
            eventually(True, lambda of=connection: of.recv(4096).startswith(b"HTTP/1.1 200"), 10)
