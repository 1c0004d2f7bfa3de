"""Alembic's entry: the connection comes from `services/migrations.py`, the tables from `models`."""

from typing import Any, Literal

import sqlalchemy as sa
from alembic import context
from alembic.autogenerate.api import AutogenContext

import models  # noqa: F401 - registers every table
from models.base import Base, UTCDateTime


def spelled(kind: str, item: Any, found: AutogenContext) -> str | Literal[False]:
    """A migration speaks of plain types: the project's own may change after it."""
    if kind == "type" and isinstance(item, UTCDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, sa.JSON):
        found.imports.add("from sqlalchemy.dialects import postgresql")
        return 'sa.JSON().with_variant(postgresql.JSONB(), "postgresql")'
    return False


def known(name: str | None, kind: str, _parents: Any) -> bool:
    """FTS5's tables are made by hand: SQLAlchemy has no word for them."""
    return kind != "table" or not (name or "").startswith(("session_text", "image_text", "document_text"))


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    render_item=spelled,
    include_name=known,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
