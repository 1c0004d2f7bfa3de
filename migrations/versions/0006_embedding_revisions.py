"""embedding revisions

Revision: 0006
Follows: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "embedding_revisions",
        sa.Column("owner_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("owner_id", "kind", name=op.f("pk_embedding_revisions")),
    )
    op.add_column("embeddings", sa.Column("revision", sa.Integer(), server_default="0", nullable=False))
    op.drop_index("ix_embeddings_owner_id_kind_model", "embeddings")
    op.create_index(
        "ix_embeddings_owner_id_kind_model_revision", "embeddings", ["owner_id", "kind", "model", "revision"]
    )


def downgrade() -> None:
    op.drop_index("ix_embeddings_owner_id_kind_model_revision", "embeddings")
    op.create_index("ix_embeddings_owner_id_kind_model", "embeddings", ["owner_id", "kind", "model"])
    op.execute("ALTER TABLE embeddings DROP COLUMN revision")
    op.drop_table("embedding_revisions")
