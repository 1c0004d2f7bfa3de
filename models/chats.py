"""Conversations and their messages, on every surface."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, new_id, now


class Conversation(Base):
    """A conversation. Its counters are kept here, so that no read has to count.

    `surface` is `classic`, `voice`, `studio` or `session`. `search_number` is a session's number in the text index,
    where the database has one (`services/session_search.py`).
    """

    __tablename__ = "conversations"
    __table_args__ = (
        # Holds all that a list is ordered, filtered and counted by, so that none of it reads the rows themselves.
        Index(
            "ix_conversations_listed",
            "owner_id",
            "surface",
            "created_at",
            "id",
            "is_active",
            "total_messages",
            "search_number",
        ),
        Index("uq_conversations_search_number", "search_number", unique=True),
    )

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    owner_id: Mapped[str]
    surface: Mapped[str]
    title: Mapped[str] = mapped_column(default="")
    next_seq: Mapped[int] = mapped_column(default=0)
    total_messages: Mapped[int] = mapped_column(default=0)
    total_tokens: Mapped[int] = mapped_column(default=0)
    is_active: Mapped[bool] = mapped_column(default=True)
    use_all_images: Mapped[bool] = mapped_column(default=True)
    last_user_message: Mapped[str | None]
    last_message_preview: Mapped[str | None]
    last_message_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    search_number: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now)


class Message(Base):
    """One message.

    `status` of a user's message: `sent`, or `unanswered` when no provider could answer it. Of an assistant's:
    `streaming` while it is being made, then `complete`, `interrupted` (cut short, what was said is kept) or `failed`.
    `worker_id` names the process that makes it.
    """

    __tablename__ = "messages"
    __table_args__ = (
        Index("uq_messages_conversation_id_seq", "conversation_id", "seq", unique=True),
        Index("ix_messages_status", "status"),
    )

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"))
    seq: Mapped[int]
    role: Mapped[str]
    content: Mapped[str] = mapped_column(default="")
    status: Mapped[str]
    provider: Mapped[str | None]
    model: Mapped[str | None]
    finish_reason: Mapped[str | None]
    error_code: Mapped[str | None]
    prompt_tokens: Mapped[int] = mapped_column(default=0)
    completion_tokens: Mapped[int] = mapped_column(default=0)
    tokens_estimated: Mapped[bool] = mapped_column(default=False)
    processing_time_ms: Mapped[int | None]
    details: Mapped[dict[str, Any] | None]
    worker_id: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(default=now)


class MessageEvents(Base):
    """A stretch of what was streamed while a message was being made, so that a reader can come back for it."""

    __tablename__ = "message_events"

    message_id: Mapped[str] = mapped_column(ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    # Not JSONB, which does not keep the order of keys: what is told again is told byte by byte.
    entries: Mapped[list[Any]] = mapped_column(JSON)


class MonthlyUsage(Base):
    """What an owner has used in a month, kept as a counter so that a limit can be checked and taken in one step."""

    __tablename__ = "monthly_usage"

    owner_id: Mapped[str] = mapped_column(primary_key=True)
    month: Mapped[str] = mapped_column(primary_key=True)
    messages: Mapped[int] = mapped_column(default=0)
    tokens: Mapped[int] = mapped_column(default=0)
