"""Pictures made and changed by conversation: versions as a tree."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, new_id, now


class StudioVersion(Base):
    """One version. Its picture lies under `picture_key`; `operations` were done to what lies under `original_key`."""

    __tablename__ = "studio_versions"

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), index=True)
    parent_id: Mapped[str | None]
    number: Mapped[int]
    picture_key: Mapped[str]
    original_key: Mapped[str | None]
    operations: Mapped[list[Any]]
    mime_type: Mapped[str]
    size_bytes: Mapped[int]
    width: Mapped[int]
    height: Mapped[int]
    sha256: Mapped[str]
    alt_text: Mapped[str]
    prompt: Mapped[str]
    text: Mapped[str]
    provider: Mapped[str]
    model: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=now)


class StudioPlace(Base):
    """Which version of a conversation is the current one."""

    __tablename__ = "studio_places"

    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True)
    version_id: Mapped[str | None]
