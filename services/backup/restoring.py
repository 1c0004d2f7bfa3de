"""Bringing a backup back, to the database and store it came from or to others."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, Column, MetaData, Table, bindparam, func, insert, inspect, select, text, update
from sqlalchemy.orm import Session

from models.database import Database
from services import migrations, session_search
from services.backup import archive
from services.backup.archive import BadBackup, Head
from services.library.storage import MediaStore
from services.workers import Roll

log = logging.getLogger(__name__)

ROWS_AT_ONCE = 500
TEXT_INDEXES = ("session_text", "image_text", "document_text")
"""SQLite's, which are filled by what fills the tables."""


class NotEmpty(Exception):
    """There is something already where a backup is to be restored to."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What was brought back."""

    head: Head
    rows: int
    files: int


def restore(database: Database, store: MediaStore, file: Path, *, replace: bool = False) -> Restored:
    """Read a backup through, then bring back its files and its rows, and the schema to where the code expects it.

    Args:
        replace: take away what is there already.

    Raises:
        BadBackup: nothing has been touched.
        NotEmpty: there is something already, or a server is running on it.
        DatabaseUnavailable, StorageUnavailable: the restore is not finished and has to be done again.
    """
    head = archive.verified(file)
    if head.revision > (migrations.newest() or ""):
        raise BadBackup(f"The backup is of a newer version ({head.revision}) than this one ({migrations.newest()}).")
    if migrations.current(database) is not None and Roll(database).others():
        raise NotEmpty("A server is running on this database: stop it first.")
    if not replace:
        _require_empty(database, store)
    _clear(database, store)
    migrations.upgrade(database, head.revision)
    files = rows = 0
    for name, content in archive.members(file):
        if name.startswith(archive.MEDIA):
            store.put(name.removeprefix(archive.MEDIA), content.read())
            files += 1
    with database.write() as session:
        tables = _tables(session)
        for name, content in archive.members(file):
            if name.startswith(archive.TABLES):
                table = tables[name.removeprefix(archive.TABLES).removesuffix(".jsonl")]
                rows += _Filling(session, table, zoned=not database.is_sqlite).fill(content)
    migrations.upgrade(database)
    with database.write() as session:
        session_search.index_all(session)
    return Restored(head, rows, files)


def _tables(session: Session) -> dict[str, Table]:
    """The tables as they are in the database, which may be an older schema's."""
    metadata = MetaData()
    connection = session.connection()
    names = inspect(connection).get_table_names()
    metadata.reflect(connection, only=[name for name in names if not name.startswith(TEXT_INDEXES)])
    for table in metadata.tables.values():
        for column in table.columns:
            if isinstance(column.type, JSON):
                column.type.none_as_null = True  # nothing is no value, not the word for it
    return dict(metadata.tables)


def _require_empty(database: Database, store: MediaStore) -> None:
    if next(store.keys(""), None) is not None:
        raise NotEmpty("The media store is not empty.")
    if migrations.current(database) is None:
        return
    with database.read() as session:
        for table in _tables(session).values():
            if table.name not in archive.NOT_KEPT and session.execute(select(table).limit(1)).first() is not None:
                raise NotEmpty("The database is not empty.")


def _clear(database: Database, store: MediaStore) -> None:
    if migrations.current(database) is not None:
        migrations.downgrade(database, "base")
    for key in list(store.keys("")):
        store.delete(key)


class _Filling:
    """Fills one table.

    A row may refer to one of the same table that comes later: such columns are filled when all rows are there.
    """

    def __init__(self, session: Session, table: Table, *, zoned: bool) -> None:
        self.session = session
        self.table = table
        self.zoned = zoned
        self.columns: dict[str, Column[Any]] = dict(table.columns)
        self.own_references = {
            column.name for column in table.columns for key in column.foreign_keys if key.column.table is table
        }
        self.later: list[dict[str, Any]] = []

    def fill(self, lines: Iterable[bytes]) -> int:
        """Insert every row; how many there were."""
        count = 0
        rows = (self._row(line) for line in lines)
        while some := list(islice(rows, ROWS_AT_ONCE)):
            self.session.execute(insert(self.table), some)
            count += len(some)
        self._refer()
        self._count_on()
        return count

    def _row(self, line: bytes) -> dict[str, Any]:
        row = archive.unpacked(line, self.columns, zoned=self.zoned)
        refers = {name: row[name] for name in self.own_references if row.get(name) is not None}
        if refers:
            self.later.append(refers | {f"its_{key.name}": row[key.name] for key in self.table.primary_key})
            row |= dict.fromkeys(refers)
        return row

    def _refer(self) -> None:
        if self.later:
            same = [key == bindparam(f"its_{key.name}") for key in self.table.primary_key]
            values: dict[str, Any] = {name: bindparam(name) for name in self.own_references}
            self.session.connection().execute(update(self.table).where(*same).values(values), self.later)

    def _count_on(self) -> None:
        """PostgreSQL's next number of its own is one that no row has."""
        counted = self.table.autoincrement_column
        if counted is None or not self.zoned:
            return
        sequence = func.pg_get_serial_sequence(self.table.name, counted.name)
        beyond = select(func.coalesce(func.max(counted), 0) + 1).scalar_subquery()
        self.session.execute(select(func.setval(sequence, beyond, text("false"))))
