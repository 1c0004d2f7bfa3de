"""An SQLite database at the newest schema, migrated once by each process of tests and copied from then on: to migrate
takes longer than most tests do. How a database that is behind, or none, is brought there is tested by itself."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from models.database import Database
from services import migrations


def place(path: Path) -> str:
    """Have such a database at `path`, if nothing is there; its address."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_newest())
    return f"sqlite:///{path}"


@cache
def _newest() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "newest.db")
        database = Database(f"sqlite:///{path}")
        migrations.upgrade(database)
        database.close()
        left = [each.name for each in Path(folder).iterdir()]
        assert left == [path.name], left
        return path.read_bytes()
