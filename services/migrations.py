"""The database's schema, brought to where the code expects it.

Alembic is loaded when there is something to migrate: a server that finds its schema in order does without it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from models.database import Database

if TYPE_CHECKING:
    from alembic.config import Config

FOLDER = Path(__file__).resolve().parent.parent / "migrations"
LOCK = 0x76697375616C  # "visual"
"""Names the lock that is held while PostgreSQL is migrated."""

Step = Callable[[], None]


class UnknownRevision(Exception):
    """There is no such revision."""


class SchemaOutdated(Exception):
    """The database is not at the newest schema and is not one that is migrated without being asked."""


def upgrade(database: Database, revision: str = "head") -> None:
    """Bring the schema up to `revision`. Several processes may call this at once: one of them does it."""
    from alembic import command

    _run(database, lambda config: command.upgrade(config, revision))


def downgrade(database: Database, revision: str) -> None:
    """Bring the schema back to `revision`, such as `-1` or `base`."""
    from alembic import command

    _run(database, lambda config: command.downgrade(config, revision))


def current(database: Database) -> str | None:
    """The revision the database is at; None for an empty one."""
    with database.look() as work:
        if not inspect(work).has_table("alembic_version"):
            return None
        found: str | None = work.execute(text("SELECT version_num FROM alembic_version")).scalar()
        return found


def newest() -> str | None:
    """The revision the code expects: files are named by their numbers, each following the one before."""
    return max((path.name.split("_", 1)[0] for path in (FOLDER / "versions").glob("[0-9]*.py")), default=None)


def ensure(database: Database) -> None:
    """Migrate SQLite, and make the tables of an empty database; refuse to start on another that is behind, since that
    is its keeper's decision.

    Raises:
        SchemaOutdated
    """
    at = current(database)
    if at == newest():
        return
    if at is not None and not database.is_sqlite:
        raise SchemaOutdated("The database's schema is not up to date: run `flask db upgrade` first.")
    upgrade(database)


def prepare(data_dir: Path, url: str) -> None:
    """`ensure`, once, before several processes open the database each for itself.

    Raises:
        SchemaOutdated
        DatabaseUnavailable: the database does not answer.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    database = Database(url)
    try:
        ensure(database)
    finally:
        database.close()


def _config(connection: Connection) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["connection"] = connection
    return config


def _run(database: Database, step: Callable[[Config], None]) -> None:
    from alembic.util.exc import CommandError

    try:
        with database.write() as session:
            if not database.is_sqlite:
                # One at a time, as SQLite does of itself, and for as long as a large table takes.
                session.execute(text("SET LOCAL statement_timeout = 0"))
                session.execute(text("SET LOCAL lock_timeout = 0"))
                session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
            step(_config(session.connection()))
    except CommandError as error:
        raise UnknownRevision(str(error)) from error
