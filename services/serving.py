"""The production server: gunicorn's threaded worker, stopped without cutting anybody off."""

from __future__ import annotations

import contextlib
import errno
import gc
import logging
import os
import resource
import select
import selectors
import signal
import socket
import sys
import threading
import time
import uuid
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.glogging import Logger
from gunicorn.http.errors import (
    ExpectationFailed,
    LimitRequestHeaders,
    LimitRequestLine,
    ParseException,
    UnsupportedTransferCoding,
)
from gunicorn.workers.gthread import TConn, ThreadWorker

from config import Settings
from models.database import DatabaseUnavailable
from services import metrics
from services.migrations import SchemaOutdated

log = logging.getLogger(__name__)

GRACE_S = 20
"""Seconds that answers under way get to finish; what is not done then is kept as far as it came."""
KEEP_ALIVE_S = 30
LINE = 8190
"""Bytes of a request's first line, as much as gunicorn can be told and about what nginx reads."""
BACKLOG = 2048
STALLED_S = 60.0
"""A connection on which nothing moves for so long, in the middle of a request, is given up."""
HEAD_S = 30.0
"""A request's head has to be there so soon after its first byte."""
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


class Log(Logger):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's log in the form of the program's own."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """Stops gently on Ctrl-C as on SIGTERM, and settles what has not finished before the grace is over.

    A connection gets a thread when its first byte has come, and loses it when its head takes too long: neither a
    thousand that say nothing nor those that dribble shut anybody out.
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
        conn = TConn(self.cfg, sock, address, listener.getsockname())
        conn.set_timeout()
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self.on_pending_socket_readable, conn))

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


class Master(Arbiter):  # type: ignore[misc]  # gunicorn has no types
    """Begins workers that hear of a stop from their first moment on.

    A new process has its parent's handlers until it has set its own, and theirs only queue a signal for the parent: a
    worker told to stop meanwhile would go on.
    """

    def spawn_worker(self) -> Any:
        before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
        try:
            return super().spawn_worker()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


class Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn, told everything by the settings and nothing by files or arguments.

    Args:
        make_app: builds the WSGI application; called in each worker process.
        refusal: the JSON body that answers what cannot be read as a request, by status.
    """

    def __init__(self, settings: Settings, make_app: Callable[[], Any], refusal: Callable[[HTTPStatus], bytes]) -> None:
        self.settings = settings
        self.make_app = make_app
        self.refusal = refusal
        super().__init__()

    def load_config(self) -> None:
        settings = self.settings
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        for name, value in {
            "bind": f"{host}:{settings.port}",
            "workers": settings.workers,
            "threads": settings.threads,
            "worker_class": Worker,
            # One connection a thread: more would wait where nothing is heard of them.
            "worker_connections": settings.threads + 100,
            "backlog": BACKLOG,
            "keepalive": KEEP_ALIVE_S,
            "limit_request_line": LINE,
            # Whom to believe is said by PROXIES alone; gunicorn would believe everybody on this machine.
            "forwarded_allow_ips": "",
            "graceful_timeout": GRACE_S,
            "timeout": 120,
            "accesslog": None,
            "loglevel": settings.log_level.lower(),
            "logger_class": Log,
            "proc_name": "visual-assistant",
            "pre_fork": _before_fork,
            "post_worker_init": _worker_ready,
            "worker_exit": _worker_exit,
            "child_exit": _child_exit,
            "control_socket_disable": True,
        }.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Any:
        return self.make_app()

    def run(self) -> None:
        if self.settings.job_threads:
            # It brings drivers of databases with it; loaded before the workers begin, they share it.
            import huey.storage  # noqa: F401
        with metrics.sharing(self.settings.data_dir) if self.settings.workers > 1 else contextlib.nullcontext():
            try:
                Master(self).run()
            except RuntimeError as error:
                sys.exit(f"The server cannot run: {error}")


def _before_fork(_arbiter: Arbiter, _worker: Worker) -> None:
    """Leave what is loaded now out of every later collection of garbage, which would write to it and so copy it."""
    gc.collect()
    gc.freeze()


def _worker_ready(worker: Worker) -> None:
    """Begin what runs in the background, so that it does not wait for the first request."""
    threading.Thread(target=_begin, args=(worker.wsgi,), name="start", daemon=True).start()


def _begin(app: Any) -> None:
    try:
        app.extensions["services"].start()
    except (DatabaseUnavailable, SchemaOutdated) as problem:
        log.warning("nothing is begun before the first request: %s", problem)


def _child_exit(_arbiter: Arbiter, worker: Worker) -> None:
    metrics.worker_gone(worker.pid)


def _worker_exit(_arbiter: Arbiter, worker: Worker) -> None:
    app = getattr(worker, "wsgi", None)
    if app is not None:
        app.extensions["services"].stop()
        # All is settled. The interpreter's own end would wait for threads that are inside a model.
        logging.shutdown()
        os._exit(0)


def _end_at_once() -> None:
    log.warning("what would not end in time is cut off; its rows are taken up by the next worker")
    logging.shutdown()
    os._exit(0)
