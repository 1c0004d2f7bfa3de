"""The production server: gunicorn's threaded worker, stopped without cutting anybody off."""

from __future__ import annotations

import contextlib
import logging
import sys
import threading
import uuid
from collections.abc import Callable
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
from gunicorn.workers.gthread import ThreadWorker

from config import Settings
from models.database import DatabaseUnavailable
from services import metrics
from services.migrations import SchemaOutdated

log = logging.getLogger(__name__)

GRACE_S = 20
"""Seconds that answers under way get to finish; what is not done then is kept as far as it came."""
KEEP_ALIVE_S = 30
BACKLOG = 2048
STALLED_S = 60.0
"""A connection on which nothing moves for so long, in the middle of a request, is given up."""
SWITCH_S = 0.001
"""How long a thread may compute before another gets its turn. Python's own five milliseconds add up when a hundred
streams have a token each: with one, the latest come a third sooner."""
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
    """Stops gently on Ctrl-C as on SIGTERM, and settles what has not finished before the grace is over."""

    def init_process(self) -> None:
        sys.setswitchinterval(SWITCH_S)
        super().init_process()

    def handle_request(self, req: Any, conn: Any) -> Any:
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
            # Whoever only listens is told at once; from a thread, for a signal may come while a lock is held.
            threading.Thread(target=app.extensions["services"].bus.end_listening, daemon=True).start()
        super().handle_exit(sig, frame)


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
            "graceful_timeout": GRACE_S,
            "timeout": 120,
            "accesslog": None,
            "loglevel": settings.log_level.lower(),
            "logger_class": Log,
            "proc_name": "visual-assistant",
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
        with metrics.sharing(self.settings.data_dir) if self.settings.workers > 1 else contextlib.nullcontext():
            super().run()


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
