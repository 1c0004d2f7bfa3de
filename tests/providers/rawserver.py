"""A server that misbehaves to order, for what a well-made mock cannot do: hang, cut off, send rubbish, drip."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import struct
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

HANG: Literal["hang"] = "hang"
RESET: Literal["reset"] = "reset"

# What to do after a request has come in: send bytes, wait seconds, hang until the client leaves, reset the connection.
Step = bytes | float | Literal["hang", "reset"]

STREAM_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
UNTIL_CLOSED = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
LAST_CHUNK = b"0\r\n\r\n"
LENGTH = re.compile(rb"content-length:\s*(\d+)", re.IGNORECASE)


def chunk(payload: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(payload), payload)


def streamed(*events: bytes) -> bytes:
    """A whole, proper response of these events."""
    return STREAM_HEAD + b"".join(map(chunk, events)) + LAST_CHUNK


def plain(status: int, body: bytes, headers: str = "") -> bytes:
    head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
    return head.encode() + body


@dataclass
class Received:
    """One request: its head as text, its body as parsed JSON, and the number of its connection."""

    head: str
    body: Any
    connection: int


@dataclass
class RawServer:
    """Answers each request with the next script, the last one for ever.

    Args:
        url: where it listens.
        requests: what came in.
        left: set when a client closed its connection.
    """

    url: str
    scripts: list[Sequence[Step]]
    requests: list[Received] = field(default_factory=list)
    left: threading.Event = field(default_factory=threading.Event)
    stopping: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)
    connections: list[socket.socket] = field(default_factory=list)

    def serve(self, listener: socket.socket) -> None:
        threads = []
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with self.lock:
                    self.connections.append(connection)
                    number = len(self.connections)
                threads.append(threading.Thread(target=self.handle, args=(connection, number)))
                threads[-1].start()
        for thread in threads:
            thread.join()

    def handle(self, connection: socket.socket, number: int) -> None:
        with connection, contextlib.suppress(OSError):
            while self.receive(connection, number):
                with self.lock:
                    script = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
                if not self.play(connection, script):
                    return
            self.left.set()

    def receive(self, connection: socket.socket, number: int) -> bool:
        data = b""
        while b"\r\n\r\n" not in data:
            if not (more := connection.recv(65536)):
                return False
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        length = int(found[1]) if (found := LENGTH.search(head)) else 0
        while len(body) < length:
            body += connection.recv(65536)
        self.requests.append(Received(head.decode(), json.loads(body) if body else None, number))
        return True

    def play(self, connection: socket.socket, script: Sequence[Step]) -> bool:
        """Whether the connection stays open for another request."""
        for step in script:
            match step:
                case bytes():
                    connection.sendall(step)
                case float():
                    self.stopping.wait(step)
                case "hang":
                    if not connection.recv(1):
                        self.left.set()
                    return False
                case "reset":
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    return False
        sent = b"".join(step for step in script if isinstance(step, bytes))
        return b"Connection: close" not in sent and (sent.endswith(LAST_CHUNK) or b"Content-Length" in sent)


@contextlib.contextmanager
def raw_server(*scripts: Sequence[Step]) -> Iterator[RawServer]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = RawServer(f"http://127.0.0.1:{listener.getsockname()[1]}", list(scripts))
        thread = threading.Thread(target=server.serve, args=(listener,))
        thread.start()
        try:
            yield server
        finally:
            server.stopping.set()
            listener.shutdown(socket.SHUT_RDWR)
            for connection in server.connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            thread.join()
