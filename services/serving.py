"""The production server: gunicorn's threaded worker, stopped without cutting anybody off."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.workers.gthread import ThreadWorker

from config import Settings

log = logging.getLogger(__name__)

GRACE_S = 20
"""Seconds that answers under way get to finish; what is not done then is kept as far as it came."""
KEEP_ALIVE_S = 30
BACKLOG = 2048


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """Stops gently on Ctrl-C as on SIGTERM, and settles what has not finished before the grace is over."""

    def handle_quit(self, sig: int, frame: Any) -> None:
        # Ctrl-C reaches every process of the terminal; gunicorn's own worker would drop its streams at once.
        self.handle_exit(sig, frame)

    def handle_exit(self, sig: int, frame: Any) -> None:
        if self.alive:
            limit = threading.Timer(max(1, GRACE_S - 3), self.wsgi.extensions["services"].turns.interrupt_all)
            limit.daemon = True
            limit.start()
        super().handle_exit(sig, frame)


class Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn, told everything by the settings and nothing by files or arguments.

    Args:
        make_app: builds the WSGI application; called in each worker process.
    """

    def __init__(self, settings: Settings, make_app: Callable[[], Any]) -> None:
        self.settings = settings
        self.make_app = make_app
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
            "logger_class": "gunicorn.glogging.Logger",
            "proc_name": "visual-assistant",
            "worker_exit": _worker_exit,
            "control_socket_disable": True,
        }.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Any:
        return self.make_app()


def _worker_exit(_arbiter: Arbiter, worker: Worker) -> None:
    app = getattr(worker, "wsgi", None)
    if app is not None:
        app.extensions["services"].stop()
