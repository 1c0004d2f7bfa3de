"""Voice sessions: a client's own id, and the conversation it stands for."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, now


class VoiceSession(Base):
    """A voice conversation as its client names it. `image_key` is where the newest picture lies."""

    __tablename__ = "voice_sessions"

    owner_id: Mapped[str] = mapped_column(primary_key=True)
    session_id: Mapped[str] = mapped_column(primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"))
    language: Mapped[str | None]
    image_key: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
    last_activity: Mapped[datetime] = mapped_column(default=now, index=True)
