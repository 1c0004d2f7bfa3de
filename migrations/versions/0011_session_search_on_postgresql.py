"""session search on PostgreSQL

Revision: 0011
Follows: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

FOLDING = ("und-x-icu", "pg_c_utf8", "default")
"""Collations that fold the case of every script, the best first; the last does so where the database's own does."""


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    there = set(op.get_bind().execute(sa.text("SELECT collname FROM pg_collation")).scalars())
    folded = f'lower(said COLLATE "{next(name for name in FOLDING if name in there)}")'
    op.execute(
        "CREATE FUNCTION folded(said text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE "
        f"AS $$ SELECT {folded} $$"
    )
    # Not by `pg_trgm`: not every server has it, nor lets everybody make it, and it knows no signs and few scripts.
    op.execute(
        "CREATE FUNCTION trigrams(said text) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$ "  # noqa: S608 - constants
        "SELECT coalesce(array_agg(DISTINCT one || two || three), '{}') FROM ("
        "SELECT letter AS one, lead(letter) OVER places AS two, lead(letter, 2) OVER places AS three "
        f"FROM string_to_table({folded}, NULL) WITH ORDINALITY AS letters(letter, place) "
        "WINDOW places AS (ORDER BY place)) AS run WHERE three IS NOT NULL $$"
    )
    # Not while it is being written: every word would be indexed anew each time.
    op.execute("CREATE INDEX ix_messages_text ON messages USING gin (trigrams(content)) WHERE status <> 'streaming'")


def downgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute("DROP INDEX ix_messages_text")
    op.execute("DROP FUNCTION trigrams(text)")
    op.execute("DROP FUNCTION folded(text)")
