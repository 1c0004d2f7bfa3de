"""What a server holds: rows, files, temporary files, before and after something that must leave nothing behind."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, text

from models.base import Base
from tests import hosts

NOT_COUNTED = ("workers", "analyses", "embedding_revisions")
RUNTIME = ".ses"
"""What the runtime of the local models keeps among the temporary files, once they are used."""


@dataclass(frozen=True)
class Inventory:
    """Rows by table, messages by role and status, and files by their path."""

    rows: dict[str, int]
    messages: dict[tuple[str, str], int]
    files: frozenset[str]
    temporary: frozenset[str]


def take(data: Path, temporary: Path | None = None) -> Inventory:
    """Count what the server with its data in a folder holds.

    It writes: a transaction that somebody left open would refuse it.
    """
    tables = [table for table in Base.metadata.sorted_tables if table.name not in NOT_COUNTED]
    with hosts.database(data) as database, database.change() as work:
        counts = {table.name: work.execute(select(func.count()).select_from(table)).scalar_one() for table in tables}
        messages = Counter((role, status) for role, status in work.execute(text("SELECT role, status FROM messages")))
    files = frozenset(hosts.store(data).keys(""))
    return Inventory(counts, dict(messages), files, _files(temporary) if temporary else frozenset())


def rows(data: Path, query: str) -> list[Any]:
    """What the database of that server answers."""
    with hosts.database(data) as database, database.read() as session:
        return [tuple(row) for row in session.execute(text(query))]


def _files(folder: Path) -> frozenset[str]:
    return frozenset(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file() and path.name != RUNTIME
    )


def eventually(expected: object, look: Callable[[], object], within_s: float = 10) -> None:
    """Fails unless `look()` becomes `expected` in time."""
    deadline = time.monotonic() + within_s
    while (seen := look()) != expected and time.monotonic() < deadline:
        time.sleep(0.05)
    assert seen == expected
