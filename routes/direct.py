"""The connection of a response under way, written to by whichever thread has something for it."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")


class Direct(Generic[Item]):
    """An `Outlet` to the client: each `show` is one chunk of the body, as the server itself would have sent it.

    The response's own generator sets `ready` once the server has sent the head, which it has when it asks for more
    after the first piece of the body. Before it yields anything it calls `catch_up`.

    Args:
        connection: does not block.
        chunked: whether the body is sent in HTTP/1.1 chunks (RFC 9112, 7.1).
        encode: items as bytes of the body, maybe none.
    """

    def __init__(self, connection: socket.socket, encode: Callable[[list[Item]], bytes], *, chunked: bool) -> None:
        self.ready = False
        self._connection = connection
        self._descriptor = connection.fileno()
        self._encode = encode
        self._chunked = chunked
        self._left: memoryview | None = None
        self._failure: OSError | None = None

    def show(self, items: list[Item], /) -> bool:
        body = self._encode(items)
        if not body:
            return True
        data = b"%X\r\n%b\r\n" % (len(body), body) if self._chunked else body
        try:
            sent = os.write(self._descriptor, data)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            self._failure = error
            return False
        if sent < len(data):
            self._left = memoryview(data)[sent:]
        return sent == len(data)

    def catch_up(self) -> bool:
        """Send what `show` could not, for as long as the client may take; whether there was anything.

        Raises:
            OSError: the client has gone.
        """
        if self._failure is not None:
            raise self._failure
        if self._left is None:
            return False
        left, self._left = self._left, None
        self._connection.sendall(left)
        return True


def withhold(environ: MutableMapping[str, Any]) -> None:
    """Have all of a request's response pass through its generator."""
    environ.pop("gunicorn.socket", None)


def of(environ: Mapping[str, Any], encode: Callable[[list[Item]], bytes]) -> Direct[Item] | None:
    """The connection of a request, if this server lends it out: plain HTTP/1 of the production server."""
    connection = environ.get("gunicorn.socket")
    if type(connection) is not socket.socket or environ.get("HTTP_VERSION") == "2":
        return None
    if environ["REQUEST_METHOD"] == "HEAD" or os.get_blocking(connection.fileno()):
        return None
    return Direct(connection, encode, chunked=environ["SERVER_PROTOCOL"] == "HTTP/1.1")
