"""The worker of the production server: whom it listens to and for how long, and how it ends."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import re
import resource
import select
import selectors
import signal
import socket
import threading
import time
import uuid
from functools import partial
from http import HTTPStatus
from typing import Any

from gunicorn.http.errors import (
    ExpectationFailed,
    LimitRequestHeaders,
    LimitRequestLine,
    ParseException,
    UnsupportedTransferCoding,
)
from gunicorn.workers.gthread import TConn, ThreadWorker

log = logging.getLogger(__name__)

GRACE_S = 20
"""Seconds that answers under way get to finish; what is not done then is kept as far as it came."""
LINE = 8190
"""Bytes of a request's first line, as much as gunicorn can be told and about what nginx reads."""
BACKLOG = 2048
STALLED_S = 60.0
"""A connection on which nothing moves for so long, in the middle of a request, is given up."""
HEAD_S = 30.0
"""A request's head has to be there so soon after its first byte."""
HEAD = 65_536
"""Bytes of a head that are waited for before a thread looks at it."""
FIRST_LINE = re.compile(rb"[!-~]+ [^ \r\n]+ HTTP/1\.[01]\r\n")
IDLE = 4096
"""Connections on which nothing has come yet that a worker keeps beside those it serves; they cost no thread."""
STOPPING = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)
UNREADABLE: dict[type[BaseException], int] = {
    LimitRequestLine: 414,
    LimitRequestHeaders: 431,
    UnsupportedTransferCoding: 501,
    ExpectationFailed: 417,
}
"""Status of what is no proper request; 400 for everything else."""


class Connection(TConn):  # type: ignore[misc]  # gunicorn has no types
    """A connection, and whether part of a head has come on it."""

    begun = False


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """Stops gently on Ctrl-C as on SIGTERM, and settles what has not finished before the grace is over.

    A connection gets a thread when the head of a request has come: neither a thousand that say nothing nor as many that
    dribble shut anybody out.
    """

    def init_process(self) -> None:
        self._reading: dict[Any, float] = {}
        allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        if allowed < most:
            # A stream holds two: its reader's and its model's.
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        super().init_process()

    def init_signals(self) -> None:
        super().init_signals()
        # What came since `Master.spawn_worker` is heard now.
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)

    def accept(self, listener: Any) -> None:
        try:
            sock, address = listener.accept()
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EWOULDBLOCK, errno.ECONNABORTED):
                raise
            return
        self.nr_conns += 1
        conn = Connection(self.cfg, sock, address, listener.getsockname())
        conn.set_timeout()
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self.on_pending_socket_readable, conn))

    def on_pending_socket_readable(self, conn: Any, client: Any) -> None:
        if self._has_head(conn):
            super().on_pending_socket_readable(conn, client)
        elif not conn.begun:
            self.pending_conns.remove(conn)
            self._wait_for_head(conn)

    def on_client_socket_readable(self, conn: Any, client: Any) -> None:
        if self._has_head(conn):
            super().on_client_socket_readable(conn, client)
        else:
            self.keepalived_conns.remove(conn)
            self.poller.modify(client, selectors.EVENT_READ, partial(self.on_pending_socket_readable, conn))
            self._wait_for_head(conn)

    def _wait_for_head(self, conn: Any) -> None:
        conn.begun = True
        conn.timeout = time.monotonic() + HEAD_S
        self.pending_conns.append(conn)

    def _has_head(self, conn: Any) -> bool:
        """Whether there is a whole head to be read, or what a thread can say something about: an end, an error,
        something that is no request. Nothing is taken; of a part of a head one hears again when there is more."""
        try:
            seen = conn.sock.recv(HEAD, socket.MSG_PEEK)
        except OSError:
            return True
        line, ends, _ = seen.partition(b"\r\n")
        whole = not seen or b"\r\n\r\n" in seen or len(seen) == HEAD or len(line) > LINE
        if not whole and (not ends or FIRST_LINE.match(seen)):
            conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, len(seen) + 1)
            return False
        if conn.begun:
            conn.begun = False
            conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)
        return True

    def set_accept_enabled(self, enabled: bool) -> None:
        if not enabled and not self.alive and self._accepting:
            # Whoever is in the queue of the socket when the stop begins is answered as well.
            for listener in self.sockets:
                for _waiting in range(BACKLOG):
                    if not select.select([listener], [], [], 0)[0]:
                        break
                    self.accept(listener)
        super().set_accept_enabled(enabled)

    def murder_pending(self) -> None:
        super().murder_pending()
        self.worker_connections = self.cfg.worker_connections + min(IDLE, len(self.pending_conns))
        at = time.monotonic()
        for conn, deadline in list(self._reading.items()):
            if at > deadline:
                with contextlib.suppress(OSError):  # it has gone by itself
                    conn.sock.shutdown(socket.SHUT_RDWR)

    def _cap_keepalive(self, deadline: float) -> None:
        super()._cap_keepalive(deadline)
        for conn in self.pending_conns:
            conn.timeout = min(conn.timeout, deadline)

    def handle(self, conn: Any) -> Any:
        self._reading[conn] = time.monotonic() + HEAD_S
        try:
            return super().handle(conn)
        finally:
            self._reading.pop(conn, None)

    def handle_request(self, req: Any, conn: Any) -> Any:
        self._reading.pop(conn, None)
        # Whoever neither sends the body nor reads the answer gives the thread back.
        conn.sock.settimeout(STALLED_S)
        return super().handle_request(req, conn)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:  # noqa: ARG002 - gunicorn's
        """Answer what is no HTTP request, or broke outside the application; gunicorn's own answer is a page."""
        if isinstance(exc, ParseException):
            log.info("%s sent no proper request: %s", addr[0] if addr else "somebody", type(exc).__name__)
            status = HTTPStatus(UNREADABLE.get(type(exc), 400))
        else:
            log.error("a request failed outside the application", exc_info=exc)
            status = HTTPStatus.INTERNAL_SERVER_ERROR
        body = self.app.refusal(status)
        head = (
            f"HTTP/1.1 {status.value} {status.phrase}\r\nConnection: close\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nX-Request-ID: {uuid.uuid4()}\r\nX-Process-Time: 0.0000\r\n\r\n"
        )
        with contextlib.suppress(OSError):  # it need not wait for an answer
            client.sendall(head.encode() + body)

    def handle_quit(self, sig: int, frame: Any) -> None:
        # Ctrl-C reaches every process of the terminal; gunicorn's own worker would drop its streams at once.
        self.handle_exit(sig, frame)

    def handle_exit(self, sig: int, frame: Any) -> None:
        app = getattr(self, "wsgi", None)  # not there while it still starts
        if self.alive and app is not None:
            limit = threading.Timer(max(1, GRACE_S - 3), app.extensions["services"].turns.interrupt_all)
            limit.daemon = True
            limit.start()
            # After SIGHUP nobody else ends it, and a job inside a model does not hear of the stop.
            end = threading.Timer(GRACE_S + 3, _end_at_once)
            end.daemon = True
            end.start()
            # Whoever only listens is told at once; from a thread, for a signal may come while a lock is held.
            threading.Thread(target=app.extensions["services"].bus.end_listening, daemon=True).start()
        super().handle_exit(sig, frame)


def _end_at_once() -> None:
    log.warning("what would not end in time is cut off; its rows are taken up by the next worker")
    logging.shutdown()
    os._exit(0)
