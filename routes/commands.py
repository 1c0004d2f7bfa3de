"""`flask` commands for whoever runs the server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from flask import Flask
from flask.cli import AppGroup, with_appcontext

from models.database import DatabaseUnavailable
from routes.current import services
from services import migrations
from services.backup import restoring, saving
from services.backup.archive import BadBackup
from services.errors import NotFound, StorageUnavailable

db = AppGroup("db", help="The database's schema.")
keys = AppGroup("keys", help="Keys of those who may use the server.")
REFUSALS = (NotFound, migrations.SchemaOutdated, migrations.UnknownRevision, BadBackup, restoring.NotEmpty)


def init(app: Flask) -> None:
    app.cli.add_command(db)
    app.cli.add_command(keys)
    app.cli.add_command(backup)
    app.cli.add_command(restore)


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


@click.command("backup")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@with_appcontext
def backup(file: Path) -> None:
    """Write everything that is kept to FILE, while the server may go on serving."""
    with _told():
        saved = saving.save(services().database, services().store, file)
    click.echo(f"{saved.rows} rows and {saved.files} files in {file}")
    if saved.missing:
        click.echo(f"{saved.missing} files were deleted meanwhile and are not in it")


@click.command("restore")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Take away what is there already.")
@with_appcontext
def restore(file: Path, force: bool) -> None:
    """Bring back what FILE holds, into this database and media store, whichever they are. Stop the server before."""
    with _told():
        back = restoring.restore(services().database, services().store, file, replace=force)
    click.echo(f"{back.rows} rows and {back.files} files of {back.head.created_at}")


def _step(step: migrations.Step) -> None:
    with _told():
        step()
    current.callback()  # type: ignore[misc]  # click keeps the function it was given


@keys.command("create")
@click.argument("name")
@click.option("--owner", help="Id of an owner whose data the key opens; a new owner if not given.")
@click.option("--monthly-limit", type=click.IntRange(min=0), help="Chat messages a month; 0 is none.")
def create_key(name: str, owner: str | None, monthly_limit: int | None) -> None:
    """Make a key called NAME and show it, this once."""
    with _told():
        services().start()
        key, text = services().accounts.create(name, owner, monthly_limit)
    click.echo(f"id: {key.id}\nowner: {key.owner_id}\nkey: {text}\nKeep it: it is not shown again.")


@keys.command("list")
def list_keys() -> None:
    """Show every key but for its text."""
    with _told():
        services().start()
        for key in services().accounts.list():
            state = "revoked" if key.revoked_at else "in use"
            limit = "server's" if key.monthly_limit is None else key.monthly_limit
            click.echo(f"{key.id}  {key.name}  owner {key.owner_id}  {state}  monthly limit: {limit}")


@keys.command("revoke")
@click.argument("key")
def revoke_key(key: str) -> None:
    """Take back the KEY with this id or name."""
    with _told():
        services().start()
        services().accounts.revoke(key)
    click.echo("revoked")


@keys.command("limit")
@click.argument("key")
@click.argument("monthly", type=click.IntRange(min=0))
def limit_key(key: str, monthly: int) -> None:
    """Let the KEY with this id or name send MONTHLY chat messages a month; 0 is without limit."""
    with _told():
        services().start()
        services().accounts.limit(key, monthly)
    click.echo("limited" if monthly else "without limit")


@contextmanager
def _told() -> Iterator[None]:
    """What went wrong, in one line."""
    try:
        yield
    except REFUSALS as problem:
        raise click.ClickException(str(problem)) from None
    except (StorageUnavailable, OSError) as problem:
        raise click.ClickException(f"The files cannot be read or written: {problem}") from None
    except DatabaseUnavailable as problem:
        raise click.ClickException(f"The database does not answer: {problem}") from None
