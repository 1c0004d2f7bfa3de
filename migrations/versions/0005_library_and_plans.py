"""library and plans

Revision: 0005
Follows: 0004
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TEXT_INDEXES = (("image_text", "image_words", "words"), ("document_text", "document_chunks", "heading, text"))
"""The index, the table it is of, and the columns."""


def upgrade() -> None:
    op.create_table(
        "embeddings",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("item_id", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("owner_id", sa.String(), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "item_id", "model", name=op.f("pk_embeddings")),
    )
    with op.batch_alter_table("embeddings", schema=None) as batch_op:
        batch_op.create_index("ix_embeddings_owner_id_kind_model", ["owner_id", "kind", "model"], unique=False)

    op.create_table(
        "folders",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("owner_id", sa.String(), nullable=False),
        sa.Column("parent_id", sa.String(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["folders.id"], name=op.f("fk_folders_parent_id_folders"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_folders")),
    )
    with op.batch_alter_table("folders", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_folders_parent_id"), ["parent_id"], unique=False)

    op.create_table(
        "documents",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("owner_id", sa.String(), nullable=False),
        sa.Column("filename", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("mime_type", sa.String(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("storage_key", sa.String(), nullable=False),
        sa.Column("folder_id", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("error_code", sa.String(), nullable=True),
        sa.Column("error_message", sa.String(), nullable=True),
        sa.Column("page_count", sa.Integer(), nullable=True),
        sa.Column("pages_done", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("worker_id", sa.String(), nullable=True),
        sa.Column("reader", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["folder_id"], ["folders.id"], name=op.f("fk_documents_folder_id_folders"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_documents")),
    )
    with op.batch_alter_table("documents", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_documents_folder_id"), ["folder_id"], unique=False)
        batch_op.create_index("ix_documents_owner_id_created_at", ["owner_id", "created_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_documents_sha256"), ["sha256"], unique=False)
        batch_op.create_index("ix_documents_status", ["status"], unique=False)

    op.create_table(
        "image_words",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("image_id", sa.String(), nullable=False),
        sa.Column("owner_id", sa.String(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["image_id"], ["images.id"], name=op.f("fk_image_words_image_id_images"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_image_words")),
        sa.UniqueConstraint("image_id", name=op.f("uq_image_words_image_id")),
    )
    with op.batch_alter_table("image_words", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_image_words_owner_id"), ["owner_id"], unique=False)

    op.create_table(
        "plans",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("owner_id", sa.String(), nullable=False),
        sa.Column("conversation_id", sa.String(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=True),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("estimated_tokens", sa.Integer(), nullable=False),
        sa.Column("results", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("worker_id", sa.String(), nullable=True),
        sa.Column("cancel_asked", sa.Boolean(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_plans_conversation_id_conversations"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plans")),
    )
    with op.batch_alter_table("plans", schema=None) as batch_op:
        batch_op.create_index("ix_plans_conversation_id_created_at", ["conversation_id", "created_at"], unique=False)
        batch_op.create_index("ix_plans_status", ["status"], unique=False)

    op.create_table(
        "conversation_documents",
        sa.Column("conversation_id", sa.String(), nullable=False),
        sa.Column("document_id", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_conversation_documents_conversation_id_conversations"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["documents.id"],
            name=op.f("fk_conversation_documents_document_id_documents"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("conversation_id", "document_id", name=op.f("pk_conversation_documents")),
    )
    with op.batch_alter_table("conversation_documents", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_conversation_documents_document_id"), ["document_id"], unique=False)

    op.create_table(
        "document_chunks",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("owner_id", sa.String(), nullable=False),
        sa.Column("document_id", sa.String(), nullable=False),
        sa.Column("page", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("end", sa.Integer(), nullable=False),
        sa.Column("heading", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.id"], name=op.f("fk_document_chunks_document_id_documents"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_document_chunks")),
        sa.UniqueConstraint("id", name=op.f("uq_document_chunks_id")),
    )
    with op.batch_alter_table("document_chunks", schema=None) as batch_op:
        batch_op.create_index("ix_document_chunks_document_id_position", ["document_id", "position"], unique=False)
        batch_op.create_index("ix_document_chunks_owner_id", ["owner_id"], unique=False)

    op.create_table(
        "document_pages",
        sa.Column("document_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("ocr", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.id"], name=op.f("fk_document_pages_document_id_documents"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("document_id", "number", name=op.f("pk_document_pages")),
    )
    op.create_table(
        "links",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("owner_id", sa.String(), nullable=False),
        sa.Column("image_id", sa.String(), nullable=False),
        sa.Column("document_id", sa.String(), nullable=False),
        sa.Column("page", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.id"], name=op.f("fk_links_document_id_documents"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["image_id"], ["images.id"], name=op.f("fk_links_image_id_images"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_links")),
    )
    with op.batch_alter_table("links", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_links_document_id"), ["document_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_links_owner_id"), ["owner_id"], unique=False)
        batch_op.create_index("uq_links_pair", ["image_id", "document_id", "page"], unique=True)

    op.create_table(
        "plan_steps",
        sa.Column("plan_id", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("agent_name", sa.String(), nullable=False),
        sa.Column("tool_name", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("arguments", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("result", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("undo", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["plans.id"], name=op.f("fk_plan_steps_plan_id_plans"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("plan_id", "position", name=op.f("pk_plan_steps")),
    )
    _widen_images()
    op.create_index("uq_folders_owner_id_place", "folders", ["owner_id", "place"], unique=True)
    if op.get_bind().dialect.name == "sqlite":
        for table, source, columns in TEXT_INDEXES:
            _index_text(table, source, columns)
    else:
        for _table, source, columns in TEXT_INDEXES:
            words = " || ' ' || ".join(columns.split(", "))
            op.execute(f"CREATE INDEX ix_{source}_text ON {source} USING gin (to_tsvector('english', {words}))")


def _widen_images() -> None:
    with op.batch_alter_table("images", schema=None) as batch_op:
        batch_op.add_column(sa.Column("title", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("description", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("folder_id", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("taken_at", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("latitude", sa.Double(), nullable=True))
        batch_op.add_column(sa.Column("longitude", sa.Double(), nullable=True))
        batch_op.add_column(sa.Column("analysis_status", sa.String(), server_default="pending", nullable=False))
        batch_op.add_column(sa.Column("analysis_error", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("analysis_attempts", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("analysed_by", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("worker_id", sa.String(), nullable=True))
        batch_op.create_index("ix_images_analysis_status", ["analysis_status"], unique=False)
        batch_op.create_index("ix_images_folder_id", ["folder_id"], unique=False)


def _index_text(table: str, source: str, columns: str) -> None:
    """A text index of a table's columns that keeps no copy of them; triggers keep it true, also when rows go because
    what they belong to goes. Marks are letters, so that Devanagari is not cut at its vowel signs."""
    op.execute(
        f"CREATE VIRTUAL TABLE {table} USING fts5({columns}, content='{source}', content_rowid='number', "
        "tokenize=\"porter unicode61 remove_diacritics 2 categories 'L* N* Co Mn Mc'\")"
    )
    new = ", ".join(f"new.{column}" for column in columns.split(", "))
    old = new.replace("new.", "old.")
    add = f"INSERT INTO {table}(rowid, {columns}) VALUES (new.number, {new});"  # noqa: S608 - constants
    take = f"INSERT INTO {table}({table}, rowid, {columns}) VALUES ('delete', old.number, {old});"  # noqa: S608 - constants
    op.execute(f"CREATE TRIGGER {table}_added AFTER INSERT ON {source} BEGIN {add} END")
    op.execute(f"CREATE TRIGGER {table}_taken AFTER DELETE ON {source} BEGIN {take} END")
    op.execute(f"CREATE TRIGGER {table}_changed AFTER UPDATE OF {columns} ON {source} BEGIN {take} {add} END")


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for table, _source, _columns in TEXT_INDEXES:
            for trigger in ("added", "taken", "changed"):
                op.execute(f"DROP TRIGGER {table}_{trigger}")
            op.execute(f"DROP TABLE {table}")
    op.drop_index("ix_images_folder_id", "images")
    op.drop_index("ix_images_analysis_status", "images")
    for column in (
        "worker_id",
        "analysed_by",
        "analysis_attempts",
        "analysis_error",
        "analysis_status",
        "longitude",
        "latitude",
        "taken_at",
        "folder_id",
        "description",
        "title",
    ):
        # Not as a batch: that makes the table anew, and dropping the old one takes all that belongs to its rows along.
        op.execute(f"ALTER TABLE images DROP COLUMN {column}")
    op.drop_table("plan_steps")
    with op.batch_alter_table("links", schema=None) as batch_op:
        batch_op.drop_index("uq_links_pair")
        batch_op.drop_index(batch_op.f("ix_links_owner_id"))
        batch_op.drop_index(batch_op.f("ix_links_document_id"))

    op.drop_table("links")
    op.drop_table("document_pages")
    with op.batch_alter_table("document_chunks", schema=None) as batch_op:
        batch_op.drop_index("ix_document_chunks_owner_id")
        batch_op.drop_index("ix_document_chunks_document_id_position")

    op.drop_table("document_chunks")
    with op.batch_alter_table("conversation_documents", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_conversation_documents_document_id"))

    op.drop_table("conversation_documents")
    with op.batch_alter_table("plans", schema=None) as batch_op:
        batch_op.drop_index("ix_plans_status")
        batch_op.drop_index("ix_plans_conversation_id_created_at")

    op.drop_table("plans")
    with op.batch_alter_table("image_words", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_image_words_owner_id"))

    op.drop_table("image_words")
    with op.batch_alter_table("documents", schema=None) as batch_op:
        batch_op.drop_index("ix_documents_status")
        batch_op.drop_index(batch_op.f("ix_documents_sha256"))
        batch_op.drop_index("ix_documents_owner_id_created_at")
        batch_op.drop_index(batch_op.f("ix_documents_folder_id"))

    op.drop_table("documents")
    with op.batch_alter_table("folders", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_folders_parent_id"))

    op.drop_index("uq_folders_owner_id_place", "folders")
    op.drop_table("folders")
    with op.batch_alter_table("embeddings", schema=None) as batch_op:
        batch_op.drop_index("ix_embeddings_owner_id_kind_model")

    op.drop_table("embeddings")
