"""what was seen in short

Revision: 0008
Follows: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("image_words", sa.Column("seen", sa.String(), server_default="{}", nullable=False))
    op.add_column("image_words", sa.Column("read", sa.String(), server_default="", nullable=False))


def downgrade() -> None:
    op.execute("ALTER TABLE image_words DROP COLUMN read")
    op.execute("ALTER TABLE image_words DROP COLUMN seen")
