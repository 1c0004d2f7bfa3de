"""Pictures, and what is known of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, new_id, now


class Image(Base):
    """An uploaded picture. Its file lies in the media store under `storage_key`."""

    __tablename__ = "images"
    __table_args__ = (Index("ix_images_owner_id_created_at", "owner_id", "created_at"),)

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    owner_id: Mapped[str]
    filename: Mapped[str]
    mime_type: Mapped[str]
    size_bytes: Mapped[int]
    width: Mapped[int]
    height: Mapped[int]
    sha256: Mapped[str] = mapped_column(index=True)
    storage_key: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=now)


class Analysis(Base):
    """The facts measured of a picture's content, kept once for every copy of it; what they come to in a line, and what
    they can be found by, so that not all have to be read to choose among thousands."""

    __tablename__ = "analyses"

    sha256: Mapped[str] = mapped_column(primary_key=True)
    facts: Mapped[dict[str, Any]]
    caption: Mapped[str]
    keywords: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=now)


class ConversationImage(Base):
    """The pictures a conversation is about, in their order."""

    __tablename__ = "conversation_images"

    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True)
    image_id: Mapped[str] = mapped_column(ForeignKey("images.id", ondelete="CASCADE"), primary_key=True, index=True)
    position: Mapped[int] = mapped_column(default=0)
