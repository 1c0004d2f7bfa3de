"""The database: one engine, short transactions, writes that queue instead of failing."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, GenerativeSelect, create_engine, event, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from models.base import Base

BUSY_TIMEOUT_MS = 30_000
POOL_SIZE = 10
CONNECTIONS = 20
"""To PostgreSQL, at most."""
UNAVAILABLE = ("OperationalError", "InterfaceError", "DatabaseError", "InternalError")
"""Names of the driver's errors that are not the statement's fault: no answer, locked, damaged or no database at all."""


Asked = TypeVar("Asked", bound=GenerativeSelect)

Work = Session | Connection
"""A transaction under way, with or without the object mapper."""


class DatabaseUnavailable(Exception):
    """The database did not answer, or stayed busy for longer than anyone waits.

    Args:
        in_doubt: it was told to keep what was written and may have done so.
    """

    def __init__(self, said: str = "", *, in_doubt: bool = False) -> None:
        super().__init__(said)
        self.in_doubt = in_doubt


class Database:
    """Reads and writes go through `read()` and `write()`; nothing else opens a transaction.

    SQLite takes one writer at a time. Inside this process writers queue on a lock, which is fair and costs no polling;
    between processes `BEGIN IMMEDIATE` takes the file's lock at once, so that a transaction never finds half-way that
    it may not write, and the busy timeout waits for it. PostgreSQL takes many: what must not change between a look and
    a change is locked there by its row (`with_for_update`), a conversation before its messages.

    Args:
        url: an SQLAlchemy URL, SQLite or PostgreSQL.
        connections: opened to PostgreSQL at most.
    """

    def __init__(self, url: str, connections: int = CONNECTIONS) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if self.is_sqlite and self.url.database:
            Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
        self.engine = _sqlite_engine(url) if self.is_sqlite else _postgresql_engine(url, connections)
        self._one_writer = threading.Lock() if self.is_sqlite else nullcontext()
        self._closed = False
        event.listen(self.engine, "checkin", self._given_back)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session for reading; what it changes is thrown away.

        Raises:
            DatabaseUnavailable: the database did not answer.
        """
        with _told(), Session(self.engine, expire_on_commit=False) as session:
            self._begin(session.connection(), "BEGIN")
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session whose work is committed at the end of the block, or rolled back if it raises.

        Raises:
            DatabaseUnavailable: the database did not answer or stayed locked.
        """
        with (
            _told(),
            self._one_writer,
            Session(self.engine, expire_on_commit=False) as session,
            session.begin() as transaction,
        ):
            self._begin(session.connection(), "BEGIN IMMEDIATE")
            yield session
            session.flush()
            with _told(in_doubt=not self.is_sqlite):
                transaction.commit()

    @contextmanager
    def look(self) -> Iterator[Connection]:
        """`read` without the object mapper, for paths where half a millisecond counts.

        Raises:
            DatabaseUnavailable: the database did not answer.
        """
        with _told(), self.engine.connect() as connection:
            self._begin(connection, "BEGIN")
            yield connection

    @contextmanager
    def change(self) -> Iterator[Connection]:
        """`write` without the object mapper.

        Raises:
            DatabaseUnavailable: the database did not answer or stayed locked.
        """
        with _told(), self._one_writer, self.engine.connect() as connection, connection.begin() as transaction:
            self._begin(connection, "BEGIN IMMEDIATE")
            yield connection
            with _told(in_doubt=not self.is_sqlite):
                transaction.commit()

    def ping(self) -> None:
        """Raises `DatabaseUnavailable` if a trivial query is not answered."""
        with self.read() as session:
            session.execute(text("SELECT 1"))

    def close(self) -> None:
        """Close what nobody uses now, and the rest when it is given back."""
        self._closed = True
        self.engine.dispose()

    def _begin(self, connection: Connection, how: str) -> None:
        # Not by a listener to the engine's own "begin": with one, each statement asks in ten places for listeners.
        if self.is_sqlite:
            connection.exec_driver_sql(how)

    def _given_back(self, _connection: Any, record: ConnectionPoolEntry) -> None:
        if self._closed and record.dbapi_connection is not None:
            record.invalidate()


@contextmanager
def _told(*, in_doubt: bool = False) -> Iterator[None]:
    try:
        yield
    except PoolTimeout as error:
        raise DatabaseUnavailable("no connection became free") from error
    except DBAPIError as error:
        if error.connection_invalidated or type(error).__name__ in UNAVAILABLE:
            raise DatabaseUnavailable(str(error.orig), in_doubt=in_doubt) from error
        raise


def _postgresql_engine(url: str, connections: int) -> Engine:
    # Loaded where it is needed: a server on SQLite does without the driver.
    from models.postgresql import engine

    return engine(url, connections, BUSY_TIMEOUT_MS)


def _sqlite_engine(url: str) -> Engine:
    engine = create_engine(
        url,
        pool_size=POOL_SIZE,
        max_overflow=POOL_SIZE,
        pool_timeout=BUSY_TIMEOUT_MS / 1000,
        connect_args={"check_same_thread": False, "timeout": BUSY_TIMEOUT_MS / 1000},
    )

    @event.listens_for(engine, "connect")
    def connected(connection: Any, _record: object) -> None:
        # The driver's own transaction handling is switched off: it would begin a deferred one.
        connection.isolation_level = None
        # SQLite's own folds the case of ASCII alone.
        connection.create_function("lower", 1, lambda value: value.lower() if value else value, deterministic=True)
        _write_ahead(connection)
        for pragma in (
            "synchronous=NORMAL",
            "foreign_keys=ON",
            "temp_store=MEMORY",
            f"busy_timeout={BUSY_TIMEOUT_MS}",
        ):
            connection.execute(f"PRAGMA {pragma}")

    return engine


def _write_ahead(connection: Any) -> None:
    """Switch the file to a log written ahead, where it is not yet: of several that do it at one moment all but one are
    told at once that it is locked, whatever they would wait."""
    until = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
        time.sleep(0.01)


def held(wanted: Asked) -> Asked:
    """The rows as asked for, and nobody deletes them before the transaction ends, for what is to refer to them needs
    them there. On SQLite, whose one writer is alone, they are only asked for."""
    return wanted.with_for_update(read=True, key_share=True)


def upsert(work: Work, table: type[Base]) -> sqlite.Insert | postgresql.Insert:
    """An insert that takes `on_conflict_do_update` and `on_conflict_do_nothing`, which both databases spell alike."""
    return sqlite.insert(table) if dialect_of(work) == "sqlite" else postgresql.insert(table)


def dialect_of(work: Work) -> str:
    """`sqlite` or `postgresql`."""
    return work.dialect.name if isinstance(work, Connection) else work.get_bind().dialect.name
