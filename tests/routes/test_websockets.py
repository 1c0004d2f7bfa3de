"""WebSockets whose client is gone: their end is told to whoever serves them, and nothing else is made of it."""

from __future__ import annotations

import errno
import selectors
import socket
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import pytest
from simple_websocket import ConnectionClosed, Server

from routes import sockets
from tests.inventory import eventually

ENVIRON = {
    "HTTP_HOST": "x",
    "HTTP_UPGRADE": "websocket",
    "HTTP_CONNECTION": "Upgrade",
    "HTTP_SEC_WEBSOCKET_KEY": b64encode(bytes(16)).decode(),
    "HTTP_SEC_WEBSOCKET_VERSION": "13",
    "PATH_INFO": "/",
    "REQUEST_METHOD": "GET",
}


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    here, there = socket.socketpair()
    with here, there:
        yield here, there


def accepted(here: socket.socket, **options: Any) -> Server:
    return Server(ENVIRON | {"werkzeug.socket": here}, thread_class=sockets.Reader, **options)


def test_to_end_what_is_gone_is_no_fault(ends: tuple[socket.socket, socket.socket]) -> None:
    server = accepted(ends[0])
    ends[1].close()
    server.thread.join(10)  # it has closed the connection
    sockets.end(server, sockets.FAILED, "Too late.")


def test_to_send_to_what_is_gone_is_told(ends: tuple[socket.socket, socket.socket]) -> None:
    server = accepted(ends[0])
    ends[1].close()
    server.thread.join(10)
    server.connected = True  # as it still seems to whoever looked a moment before
    with pytest.raises(ConnectionClosed):
        sockets.send(server, "Hello?")
    assert not server.connected


def test_one_closed_before_its_thread_begins(ends: tuple[socket.socket, socket.socket]) -> None:
    """What a thread raises fails the test."""

    class Closed(selectors.DefaultSelector):
        def register(self, *_given: Any, **_named: Any) -> Any:
            raise OSError(errno.EBADF, "Bad file descriptor")  # what the system says of it

    server = accepted(ends[0], ping_interval=15, selector_class=Closed)
    eventually(False, server.thread.is_alive)
