"""headings of pages

Revision: 0009
Follows: 0008
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    kind = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
    op.add_column("document_pages", sa.Column("headings", kind, server_default="[]", nullable=False))


def downgrade() -> None:
    op.execute("ALTER TABLE document_pages DROP COLUMN headings")
