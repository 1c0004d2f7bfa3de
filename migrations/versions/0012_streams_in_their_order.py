"""streams in their order

Revision: 0012
Follows: 0011
"""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        # JSONB puts keys in an order of its own, and a stream is told again byte by byte.
        op.execute("ALTER TABLE message_events ALTER COLUMN entries TYPE json USING entries::json")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE message_events ALTER COLUMN entries TYPE jsonb USING entries::jsonb")
