"""The schema: up, down and up again with data in it; what it ends as is what the models say."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from models.base import Base
from models.database import Database
from services import migrations
from tests import hosts
from tests.backup.test_drill import Where, fill, found, where
from tests.conftest import MakeApp, services_of

__all__ = ["where"]


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of an empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'test.db'}"
    return hosts.postgres().fresh(migrated=False)


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    opened = Database(url)
    yield opened
    opened.close()


def tables(database: Database) -> set[str]:
    return set(inspect(database.engine).get_table_names())


def test_an_empty_database_is_brought_to_the_newest(database: Database) -> None:
    assert migrations.current(database) is None
    migrations.ensure(database)
    assert migrations.current(database) == migrations.newest()
    assert tables(database) >= {table.name for table in Base.metadata.sorted_tables}
    migrations.ensure(database)


def test_the_schema_is_what_the_models_say(database: Database) -> None:
    migrations.upgrade(database)
    known = {table.name for table in Base.metadata.sorted_tables}

    def ours(_object: object, name: str | None, kind: str, _reflected: bool, _compared: object) -> bool:
        if kind == "index":
            return not (name or "").endswith("_text")  # of expressions, which have no models
        return kind != "table" or name in known  # the search index's own tables have no models

    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_object": ours})
        assert compare_metadata(context, Base.metadata) == []


def test_down_and_up_again_with_data(database: Database) -> None:
    migrations.upgrade(database, "0001")
    with database.write() as session:
        session.execute(
            text(
                "INSERT INTO images (id, owner_id, filename, mime_type, size_bytes, width, height, sha256, storage_key,"
                " created_at) VALUES ('i', 'local', 'a.jpg', 'image/jpeg', 1, 2, 3, 'x', 'k', '2026-01-01 00:00:00')"
            )
        )
    migrations.upgrade(database)
    kept = "SELECT filename, width FROM images"
    with database.read() as session:
        assert session.execute(text(kept)).all() == [("a.jpg", 2)]
    migrations.downgrade(database, "0001")
    assert migrations.current(database) == "0001"
    with database.read() as session:
        assert session.execute(text(kept)).all() == [("a.jpg", 2)]
    migrations.upgrade(database)
    assert migrations.current(database) == migrations.newest()
    migrations.downgrade(database, "base")
    assert tables(database) <= {"alembic_version"}


def test_postgresql_that_is_behind_is_left_alone() -> None:
    database = Database(hosts.postgres().fresh(migrated=False))
    migrations.upgrade(database, "0001")
    with pytest.raises(migrations.SchemaOutdated, match="flask db upgrade"):
        migrations.ensure(database)
    assert migrations.current(database) == "0001"
    migrations.upgrade(database)
    migrations.ensure(database)
    database.close()


def test_several_processes_may_migrate_at_once(url: str) -> None:
    failed: list[BaseException] = []

    def ensure() -> None:
        database = Database(url)
        try:
            migrations.ensure(database)
        except BaseException as error:  # noqa: BLE001 - looked at below
            failed.append(error)
        finally:
            database.close()

    threads = [threading.Thread(target=ensure) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failed == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["folder", "hosts"])
def test_every_step_down_and_up_with_something_in_every_table(make_app: MakeApp, where: Where, kind: str) -> None:
    """What the first version kept is there at each step, and afterwards all goes on."""
    app = make_app(**where(kind))
    client = fill(app)
    database = services_of(app).database
    revisions = sorted(path.name.split("_", 1)[0] for path in (migrations.FOLDER / "versions").glob("[0-9]*.py"))

    def kept() -> list[list[tuple[object, ...]]]:
        asked = (
            "SELECT id, owner_id, filename, sha256, storage_key FROM images ORDER BY id",
            "SELECT id, owner_id, title, total_messages, total_tokens FROM conversations ORDER BY id",
            "SELECT id, conversation_id, seq, role, content, status FROM messages ORDER BY id",
        )
        with database.read() as session:
            return [[tuple(row) for row in session.execute(text(each))] for each in asked]

    before = kept()
    assert all(before)
    for revision in reversed(revisions[:-1]):
        migrations.downgrade(database, revision)
        assert kept() == before, f"down to {revision}"
    for revision in revisions[1:]:
        migrations.upgrade(database, revision)
        assert kept() == before, f"up to {revision}"
    for search in ("ärgernis", "größe"):
        assert found(client, search) == 1, search
    image = str(before[0][0][0])
    assert client.get(f"/images/{image}/file").status_code == 200
    assert client.post(f"/chat/{image}", json={"question": "And now?"}).status_code == 200
