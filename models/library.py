"""What an owner keeps beside pictures, and how it is ordered: folders, documents, links between the two."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, new_id, now


class Folder(Base):
    """A folder; `parent_id` None is the top. Names differ under one parent, whatever their case:
    `place` is the parent's id, a slash and the folded name."""

    __tablename__ = "folders"
    __table_args__ = (Index("uq_folders_owner_id_place", "owner_id", "place", unique=True),)

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    owner_id: Mapped[str]
    parent_id: Mapped[str | None] = mapped_column(ForeignKey("folders.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    place: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now)


class Document(Base):
    """An uploaded document. Its file lies in the media store under `storage_key`.

    `kind` is `pdf`, `docx`, `markdown`, `html` or `text`. `status` is `pending`, `processing` (by `worker_id`), `ready`
    or `failed` (`error_code`, `error_message` say why). `reader` names the version of the code that read it.
    """

    __tablename__ = "documents"
    __table_args__ = (
        Index("ix_documents_owner_id_created_at", "owner_id", "created_at"),
        Index("ix_documents_status", "status"),
    )

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    owner_id: Mapped[str]
    filename: Mapped[str]
    title: Mapped[str | None]
    kind: Mapped[str]
    mime_type: Mapped[str]
    size_bytes: Mapped[int]
    sha256: Mapped[str] = mapped_column(index=True)
    storage_key: Mapped[str]
    folder_id: Mapped[str | None] = mapped_column(ForeignKey("folders.id", ondelete="SET NULL"), index=True)
    status: Mapped[str] = mapped_column(default="pending")
    error_code: Mapped[str | None]
    error_message: Mapped[str | None]
    page_count: Mapped[int | None]
    pages_done: Mapped[int] = mapped_column(default=0)
    attempts: Mapped[int] = mapped_column(default=0)
    worker_id: Mapped[str | None]
    reader: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now)


class DocumentPage(Base):
    """A page's text as it was read; numbers begin at 1. `ocr`: it was read off the picture of the page.

    `headings` are `[start, text, level]` each, where `start` is a place in the text.
    """

    __tablename__ = "document_pages"

    document_id: Mapped[str] = mapped_column(ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str]
    ocr: Mapped[bool] = mapped_column(default=False)
    headings: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")


class DocumentChunk(Base):
    """A passage that can be found: characters `start` to `end` of its page's text, under `heading`.

    `number` is its place in the text index, where the database has one.
    """

    __tablename__ = "document_chunks"
    __table_args__ = (
        Index("ix_document_chunks_document_id_position", "document_id", "position"),
        Index("ix_document_chunks_owner_id", "owner_id"),
    )

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    id: Mapped[str] = mapped_column(unique=True, default=new_id)
    owner_id: Mapped[str]
    document_id: Mapped[str] = mapped_column(ForeignKey("documents.id", ondelete="CASCADE"))
    page: Mapped[int]
    position: Mapped[int]
    start: Mapped[int]
    end: Mapped[int]
    heading: Mapped[str] = mapped_column(default="")
    text: Mapped[str]


class Link(Base):
    """A picture and a document, or one of its pages, belong together. `page` 0 means the whole document."""

    __tablename__ = "links"
    __table_args__ = (Index("uq_links_pair", "image_id", "document_id", "page", unique=True),)

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    owner_id: Mapped[str] = mapped_column(index=True)
    image_id: Mapped[str] = mapped_column(ForeignKey("images.id", ondelete="CASCADE"))
    document_id: Mapped[str] = mapped_column(ForeignKey("documents.id", ondelete="CASCADE"), index=True)
    page: Mapped[int] = mapped_column(default=0)
    title: Mapped[str] = mapped_column(default="")
    note: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(default=now)


class ConversationDocument(Base):
    """The documents a session is about, in their order."""

    __tablename__ = "conversation_documents"

    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True)
    document_id: Mapped[str] = mapped_column(
        ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    position: Mapped[int] = mapped_column(default=0)


class Embedding(Base):
    """The meaning of something as a vector of 32-bit floats, little-endian, of length 1.

    `kind` is `image` or `chunk`, `item_id` the picture's or the passage's id, `model` names what made the vector,
    `revision` is the owner's (`EmbeddingRevision`) at which it was written.
    """

    __tablename__ = "embeddings"
    __table_args__ = (Index("ix_embeddings_owner_id_kind_model_revision", "owner_id", "kind", "model", "revision"),)

    kind: Mapped[str] = mapped_column(primary_key=True)
    item_id: Mapped[str] = mapped_column(primary_key=True)
    model: Mapped[str] = mapped_column(primary_key=True)
    owner_id: Mapped[str]
    revision: Mapped[int] = mapped_column(default=0, server_default="0")
    vector: Mapped[bytes] = mapped_column(LargeBinary)


class EmbeddingRevision(Base):
    """How often an owner's vectors of a kind have changed, deletions too."""

    __tablename__ = "embedding_revisions"

    owner_id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(default=0)


class Plan(Base):
    """Changes to the library that wait for a yes.

    `status`: `pending`, then `cancelled` or `expired`, or `approved`, `running`, then `completed` or `failed`, or
    `cancelled` between two steps; a completed one may be `undone`.
    """

    __tablename__ = "plans"
    __table_args__ = (
        Index("ix_plans_conversation_id_created_at", "conversation_id", "created_at"),
        Index("ix_plans_status", "status"),
    )

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    owner_id: Mapped[str]
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"))
    message_id: Mapped[str | None]
    title: Mapped[str]
    status: Mapped[str] = mapped_column(default="pending")
    estimated_tokens: Mapped[int] = mapped_column(default=0)
    results: Mapped[dict[str, Any] | None]
    error: Mapped[str | None]
    worker_id: Mapped[str | None]
    cancel_asked: Mapped[bool] = mapped_column(default=False)
    expires_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=now)


class PlanStep(Base):
    """One change. `status`: `waiting`, `running`, `done`, `failed` or `skipped`; `undo` is what takes it back."""

    __tablename__ = "plan_steps"

    plan_id: Mapped[str] = mapped_column(ForeignKey("plans.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    agent_name: Mapped[str]
    tool_name: Mapped[str]
    description: Mapped[str]
    arguments: Mapped[dict[str, Any]]
    status: Mapped[str] = mapped_column(default="waiting")
    result: Mapped[dict[str, Any] | None]
    undo: Mapped[dict[str, Any] | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
