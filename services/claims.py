"""Rows as a list of things to do: who does which, and what becomes of those that a dead process held."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

from sqlalchemy import ColumnElement, Table, or_, select, update

from models.base import Base
from models.database import Database, Work
from models.workers import Worker

MAX_ATTEMPTS = 3
WAITING = 1000
"""Ids given out at once; the next come when these are done."""


@dataclass(frozen=True, slots=True)
class Rows:
    """A table whose rows are done one by one, and the names of its columns.

    Args:
        exhausted: what a row becomes that was begun `MAX_ATTEMPTS` times and never finished.
        waiting, working: the status of a row that is to be done, and of one that is being done.
    """

    table: type[Base]
    exhausted: Mapping[str, Any]
    status: str = "status"
    attempts: str = "attempts"
    waiting: str = "pending"
    working: str = "processing"
    columns: Table = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", cast(Table, self.table.__table__))


class Claims:
    """What this process does of some rows. A row is taken by one process alone, however many ask for it.

    Args:
        worker_id: this process in the roll of those that live.
    """

    def __init__(self, database: Database, worker_id: str, rows: Rows) -> None:
        self.database = database
        self.worker_id = worker_id
        self.rows = rows
        self._held: set[str] = set()
        self._lock = threading.Lock()

    @contextmanager
    def held(self, item_id: str) -> Iterator[bool]:
        """Take a waiting row for the length of the block; False where there is none such, or it is another's.

        Inside, it is settled with `finish` or given back with `release`; left as it is, `waiting` finds it again.

        Raises:
            DatabaseUnavailable
        """
        with self._lock:
            free = item_id not in self._held
            if free:
                self._held.add(item_id)
        if not free:
            yield False
            return
        try:
            yield self._take(item_id)
        finally:
            with self._lock:
                self._held.discard(item_id)

    def finish(self, work: Work, item_id: str, **values: Any) -> bool:
        """Write what became of a row this process holds; False where it is gone or was taken from it meanwhile.

        Args:
            values: columns, the status among them.
        """
        own = self._mine(item_id)
        changed = work.execute(update(self.rows.columns).where(own).values(worker_id=None, **values))
        return bool(cast(Any, changed).rowcount)

    def release(self, item_id: str, *, counts: bool = False) -> None:
        """Give a row back undone.

        Args:
            counts: as an attempt that failed, not one that was called off.

        Raises:
            DatabaseUnavailable
        """
        rows = self.rows
        done = rows.columns.c[rows.attempts]
        with self.database.write() as session:
            self.finish(session, item_id, **{rows.status: rows.waiting, rows.attempts: done if counts else done - 1})

    def waiting(self) -> list[str]:
        """Take back what dead processes held, and give up on what was begun too often; ids of rows to be done now,
        oldest first.

        Raises:
            DatabaseUnavailable
        """
        rows, table = self.rows, self.rows.columns
        status, attempts = table.c[rows.status], table.c[rows.attempts]
        abandoned = self._abandoned()
        with self.database.look() as work:
            found = work.execute(select(table.c.id).where(abandoned).limit(1)).first()
        if found is not None:
            with self.database.change() as work:
                spent = abandoned & (attempts >= MAX_ATTEMPTS)
                work.execute(update(table).where(spent).values(worker_id=None, **rows.exhausted))
                work.execute(update(table).where(abandoned).values(worker_id=None, **{rows.status: rows.waiting}))
        with self.database.look() as work:
            to_do = select(table.c.id).where(status == rows.waiting).order_by(table.c.created_at, table.c.id)
            return list(work.execute(to_do.limit(WAITING)).scalars())

    def _take(self, item_id: str) -> bool:
        rows, table = self.rows, self.rows.columns
        status, attempts = table.c[rows.status], table.c[rows.attempts]
        values = {rows.status: rows.working, rows.attempts: attempts + 1, "worker_id": self.worker_id}
        with self.database.change() as work:
            wanted = (table.c.id == item_id) & (status == rows.waiting)
            changed = work.execute(update(table).where(wanted).values(**values))
            return bool(cast(Any, changed).rowcount)

    def _mine(self, item_id: str) -> ColumnElement[bool]:
        rows, table = self.rows, self.rows.columns
        return (table.c.id == item_id) & (table.c[rows.status] == rows.working) & (table.c.worker_id == self.worker_id)

    def _abandoned(self) -> ColumnElement[bool]:
        rows, table = self.rows, self.rows.columns
        with self._lock:
            held = set(self._held)
        own = table.c.worker_id == self.worker_id
        return (table.c[rows.status] == rows.working) & or_(
            table.c.worker_id.is_(None),
            own & table.c.id.not_in(held),
            ~own & table.c.worker_id.not_in(select(Worker.id)),
        )
