"""The production server: gunicorn, told by the settings how to serve, stopped without cutting anybody off."""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.glogging import Logger
from sqlalchemy.orm import configure_mappers

from config import Settings
from models.database import DatabaseUnavailable
from services import metrics
from services.migrations import SchemaOutdated
from services.providers import registry
from services.serving_worker import BACKLOG, GRACE_S, LINE, STOPPING, Worker

log = logging.getLogger(__name__)

KEEP_ALIVE_S = 30


class Log(Logger):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's log in the form of the program's own."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True


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
        # What is loaded before the workers begin, they share: the vendors' SDKs, and the queue with its drivers.
        registry.load(self.settings.vision_order)
        configure_mappers()
        if self.settings.job_threads:
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
