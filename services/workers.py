"""Who is making answers, and what becomes of those that a dead process left half-made."""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import delete, insert, or_, select, update

from models.base import new_id, now
from models.chats import Message
from models.database import Database, DatabaseUnavailable
from models.workers import Worker

log = logging.getLogger(__name__)

RENEW_EVERY_S = 10.0
DEAD_AFTER = timedelta(seconds=60)


class Roll:
    """The roll of running processes. This one signs in when it starts and is renewed by a thread of its own."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.worker_id = new_id()
        self.host = socket.gethostname()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, under_way: Callable[[], set[str]]) -> None:
        """Sign in, settle what the dead left, and keep doing so.

        Args:
            under_way: ids of the answers this process is really making.
        """
        with self.database.write() as session:
            session.execute(insert(Worker).values(id=self.worker_id, host=self.host, pid=os.getpid(), seen_at=now()))
        self.settle(under_way())
        self._thread = threading.Thread(target=self._keep_up, args=(under_way,), name="roll", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Sign out."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=5)
        with self.database.write() as session:
            session.execute(delete(Worker).where(Worker.id == self.worker_id))

    def settle(self, under_way: set[str]) -> int:
        """Mark answers `interrupted` that nobody is making any more; how many there were."""
        with self.database.write() as session:
            dead = [worker.id for worker in session.execute(select(Worker)).scalars() if self._is_dead(worker)]
            session.execute(delete(Worker).where(Worker.id.in_(dead)))
            alive = select(Worker.id)
            settled = session.execute(
                update(Message)
                .where(Message.status == "streaming")
                .where(
                    or_(
                        Message.worker_id.is_(None),
                        Message.worker_id.not_in(alive),
                        (Message.worker_id == self.worker_id)
                        & Message.id.not_in(under_way)
                        # A turn is in the database a moment before it is under way.
                        & (Message.created_at < now() - DEAD_AFTER),
                    )
                )
                .values(status="interrupted")
                .execution_options(synchronize_session=False)
            ).rowcount  # type: ignore[attr-defined]  # an UPDATE's result is a CursorResult
        if settled:
            log.warning("%d answers that were cut short have been marked interrupted", settled)
        return int(settled)

    def _is_dead(self, worker: Worker) -> bool:
        if worker.id == self.worker_id:
            return False
        if now() - worker.seen_at > DEAD_AFTER:
            return True
        if worker.host != self.host:
            return False
        # A number that is this process's own now was an earlier process's then.
        return worker.pid == os.getpid() or not _runs(worker.pid)

    def _keep_up(self, under_way: Callable[[], set[str]]) -> None:
        while not self._stop.wait(RENEW_EVERY_S):
            try:
                with self.database.write() as session:
                    session.execute(update(Worker).where(Worker.id == self.worker_id).values(seen_at=now()))
                self.settle(under_way())
            except DatabaseUnavailable as error:
                log.warning("the roll of processes could not be renewed: %s", error)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
