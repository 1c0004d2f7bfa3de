"""Writing a backup, while the server goes on serving."""

from __future__ import annotations

import hashlib
import io
import json
import logging
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sqlalchemy import Connection, Table, select, text

from models.base import Base, now
from models.database import Database
from services import migrations
from services.backup import archive
from services.library.storage import MediaStore

log = logging.getLogger(__name__)

ROWS_AT_ONCE = 500
COMPRESSION = 3
"""Pictures hardly get smaller; rows do at any level."""
UNFINISHED = "/.new-"
"""In the name of a file that is just being written."""


@dataclass(frozen=True, slots=True)
class Saved:
    """What a backup holds. `missing` are files that were deleted while it was made."""

    rows: int
    files: int
    missing: int


def save(database: Database, store: MediaStore, file: Path) -> Saved:
    """Write everything to `file`, which appears when it is whole.

    The rows are those of one moment. A file is written before its row and deleted after it, so those of that moment's
    rows are there, but for what is deleted meanwhile.

    Raises:
        migrations.SchemaOutdated: the schema is not the code's.
        DatabaseUnavailable, StorageUnavailable, OSError: nothing was written.
    """
    revision = migrations.current(database)
    if revision is None or revision != migrations.newest():
        raise migrations.SchemaOutdated("The database's schema is not up to date: run `flask db upgrade` first.")
    part = file.with_name(f".{file.name}.part")
    try:
        with tarfile.open(part, "w:gz", compresslevel=COMPRESSION) as tar:
            saved = _Writing(tar).all_of(database, store, revision)
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
    return saved


class _Writing:
    def __init__(self, tar: tarfile.TarFile) -> None:
        self.tar = tar
        self.digests: dict[str, str] = {}

    def all_of(self, database: Database, store: MediaStore, revision: str) -> Saved:
        head = {"format": archive.FORMAT, "revision": revision, "created_at": now().isoformat()}
        self._add(archive.HEAD, json.dumps(head).encode())
        rows = files = missing = 0
        with _moment(database) as work:
            for table in Base.metadata.sorted_tables:
                if table.name not in archive.NOT_KEPT:
                    rows += self._add_table(work, table)
        for key in store.keys(""):
            if UNFINISHED in key:
                continue
            try:
                self._add(archive.MEDIA + key, store.get(key))
                files += 1
            except FileNotFoundError:
                missing += 1
        self._add(archive.MANIFEST, json.dumps({"sha256": self.digests}).encode())
        return Saved(rows, files, missing)

    def _add_table(self, work: Connection, table: Table) -> int:
        count = 0
        with tempfile.TemporaryFile() as rows:
            for row in work.execution_options(yield_per=ROWS_AT_ONCE).execute(select(table)).mappings():
                rows.write(archive.packed(row))
                count += 1
            rows.seek(0)
            self._add_file(f"{archive.TABLES}{table.name}.jsonl", rows)
        return count

    def _add(self, name: str, data: bytes) -> None:
        self._add_file(name, io.BytesIO(data))

    def _add_file(self, name: str, content: IO[bytes]) -> None:
        member = tarfile.TarInfo(name)
        member.size = content.seek(0, io.SEEK_END)
        member.mtime, member.mode = int(time.time()), 0o600
        content.seek(0)
        self.digests[name] = hashlib.file_digest(content, "sha256").hexdigest()  # type: ignore[arg-type]
        content.seek(0)
        self.tar.addfile(member, content)


@contextmanager
def _moment(database: Database) -> Iterator[Connection]:
    """The database as it is at this moment, whatever is written meanwhile. SQLite's transactions see no other."""
    with database.look() as work:
        if not database.is_sqlite:
            work.execution_options(isolation_level="REPEATABLE READ")
            work.execute(text("SET LOCAL statement_timeout = 0"))
            work.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        yield work
