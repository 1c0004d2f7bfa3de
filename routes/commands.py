"""`flask` commands for whoever runs the server."""

from __future__ import annotations

import click
from flask import Flask
from flask.cli import AppGroup

from models.database import DatabaseUnavailable
from routes.current import services
from services import migrations

db = AppGroup("db", help="The database's schema.")


def init(app: Flask) -> None:
    app.cli.add_command(db)


@db.command("upgrade")
@click.argument("revision", default="head")
def upgrade(revision: str) -> None:
    """Bring the schema up to REVISION, the newest by default."""
    _step(lambda: migrations.upgrade(services().database, revision))


@db.command("downgrade")
@click.argument("revision")
def downgrade(revision: str) -> None:
    """Bring the schema back to REVISION, such as 0001 or base."""
    _step(lambda: migrations.downgrade(services().database, revision))


@db.command("current")
def current() -> None:
    """Say which revision the database is at, and which the code expects."""
    at = migrations.current(services().database)
    click.echo(f"database: {at or 'empty'}, code: {migrations.newest()}")


def _step(step: migrations.Step) -> None:
    try:
        step()
    except migrations.UnknownRevision as problem:
        raise click.ClickException(str(problem)) from None
    except DatabaseUnavailable as problem:
        raise click.ClickException(f"The database does not answer: {problem}") from None
    current.callback()  # type: ignore[misc]  # click keeps the function it was given
