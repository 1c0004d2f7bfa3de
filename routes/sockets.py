"""WebSockets: who may open one, whole messages to clients that read, and an end for those that do not."""

from __future__ import annotations

import contextlib
import threading
from socket import SHUT_RDWR, SHUT_WR
from urllib.parse import urlsplit

from flask import Flask, request
from simple_websocket import ConnectionClosed, Server
from wsproto.events import BytesMessage, TextMessage
from wsproto.utilities import LocalProtocolError

from services.errors import OriginRefused

SEND_S = 10.0
"""A client that takes nothing for so long is let go."""
FAILED = 1011


class Reader(threading.Thread):
    """The library's thread of a connection: one that is gone before it begins to read, or while it ends it, is no
    fault."""

    def run(self) -> None:
        with contextlib.suppress(OSError, ConnectionClosed):
            super().run()


def init(app: Flask, origins: tuple[str, ...]) -> None:
    """Let pages of these origins, and of this server, open WebSockets; browsers do not keep others from it.

    Args:
        origins: `CORS_ORIGINS`.
    """

    @app.before_request
    def known_origin() -> None:
        origin = request.headers.get("Origin")
        if origin is None or request.headers.get("Upgrade", "").lower() != "websocket" or "*" in origins:
            return
        if origin not in origins and urlsplit(origin).netloc != request.host:
            raise OriginRefused("Pages of this origin may not connect.")


def send(socket: Server, message: str | bytes) -> None:
    """Send a whole message, or let the client go that does not take it.

    Raises:
        ConnectionClosed
    """
    if not socket.connected:
        raise ConnectionClosed(socket.close_reason, socket.close_message)
    try:
        data = socket.ws.send(TextMessage(data=message) if isinstance(message, str) else BytesMessage(data=message))
        socket.sock.settimeout(SEND_S)
        # The library's own `send` would leave out what the connection does not take at once.
        socket.sock.sendall(data)
    except (OSError, LocalProtocolError):
        socket.connected = False
        with contextlib.suppress(OSError):
            socket.sock.shutdown(SHUT_RDWR)  # the library's thread waits for what it sends
        raise ConnectionClosed(FAILED, "The client does not read.") from None


def end(socket: Server, code: int, words: str) -> None:
    """Close, whatever the client does about it."""
    with contextlib.suppress(OSError, ConnectionClosed, LocalProtocolError):
        socket.sock.settimeout(SEND_S)
        socket.close(code, words)
        socket.sock.shutdown(SHUT_WR)  # else the connection would wait for another request
