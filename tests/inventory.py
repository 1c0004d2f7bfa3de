"""What a server holds: rows, files, temporary files, before and after something that must leave nothing behind."""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Inventory:
    """Rows by table, messages by role and status, and files by their path."""

    rows: dict[str, int]
    messages: dict[tuple[str, str], int]
    files: frozenset[str]
    temporary: frozenset[str]


def take(data: Path, temporary: Path | None = None) -> Inventory:
    """Count what lies in a data folder.

    It writes a transaction of its own first, at once or not at all: one that somebody left open would refuse it.
    """
    with closing(sqlite3.connect(data / "assistant.db", timeout=5, isolation_level=None)) as database:
        database.execute("BEGIN IMMEDIATE")
        database.execute("ROLLBACK")
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = {
            table: database.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0]  # noqa: S608 - its own tables
            for table in tables
            if table not in ("workers", "analyses") and not table.startswith(("session_text", "sqlite_"))
        }
        messages = Counter(database.execute("SELECT role, status FROM messages"))
    return Inventory(rows, dict(messages), _files(data / "media"), _files(temporary) if temporary else frozenset())


def _files(folder: Path) -> frozenset[str]:
    return frozenset(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def eventually(expected: object, look: Callable[[], object], within_s: float = 10) -> None:
    """Fails unless `look()` becomes `expected` in time."""
    deadline = time.monotonic() + within_s
    while (seen := look()) != expected and time.monotonic() < deadline:
        time.sleep(0.05)
    assert seen == expected
