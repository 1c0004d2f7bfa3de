"""A way to a database that can be closed and opened, and cut at the one moment that leaves everybody in doubt: the
commit is done, and nobody hears of it."""

from __future__ import annotations

import contextlib
import os
import socket
import tempfile
import threading
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

COMMIT = b"COMMIT\0"


class Way:
    """Stands between a program and a PostgreSQL server that listens on a socket of this machine.

    Args:
        url: of the database, with the folder of the server's socket in it.

    Attributes:
        url: of the same database by this way.
        cuts: how many commits nobody has heard of.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        there = parse_qs(parts.query)["host"][0]
        self._there = str(next(path for path in Path(there).glob(".s.PGSQL.*") if path.is_socket()))
        folder = tempfile.mkdtemp(prefix="way-")
        self._here = Path(folder, os.path.basename(self._there))
        self.url = f"{parts.scheme}://{parts.netloc}{parts.path}?host={quote(folder, safe='')}"
        self.cuts = 0
        self._cut_next = threading.Event()
        self._ends: set[socket.socket] = set()
        self.open()

    def open(self) -> None:
        """Let connections through."""
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self._here))
        self._listener.listen(64)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def close(self) -> None:
        """End all connections and let none through."""
        self._here.unlink()
        for each in (self._listener, *self._ends):
            _end(each)

    def leave(self) -> None:
        """`close`, for good."""
        self.close()
        self._here.parent.rmdir()

    def cut_at_the_next_commit(self) -> None:
        """Let the next commit reach the server, and cut the connection in place of its answer."""
        self._cut_next.set()

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._there)
                self._ends |= {client, server}
                doomed = threading.Event()
                for carry in (self._ask, self._answer):
                    threading.Thread(target=carry, args=(client, server, doomed), daemon=True).start()

    def _ask(self, client: socket.socket, server: socket.socket, doomed: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while data := client.recv(65536):
                if data.endswith(COMMIT) and self._cut_next.is_set():
                    self._cut_next.clear()
                    doomed.set()
                server.sendall(data)
        _end(server)

    def _answer(self, client: socket.socket, server: socket.socket, doomed: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while data := server.recv(65536):
                if doomed.is_set():
                    self.cuts += 1
                    break
                client.sendall(data)
        _end(client)


def _end(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
