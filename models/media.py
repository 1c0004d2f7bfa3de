"""Pictures, and what is known of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, new_id, now


class Image(Base):
    """An uploaded picture. Its file lies in the media store under `storage_key`.

    `folder_id` is a folder of the same owner; `services/library/folders.py` keeps it true. `analysis_status` is
    `pending`, `processing` (by `worker_id`), `ready` or `failed` (`analysis_error` says why); `analysed_by` names the
    version of what looked at it. `video_id` is the video it is a frame of: such are found, and not listed. `taken_at`
    is the camera's own clock, ISO 8601 without zone.
    """

    __tablename__ = "images"
    __table_args__ = (
        Index("ix_images_owner_id_created_at", "owner_id", "created_at"),
        Index("ix_images_folder_id", "folder_id"),
        Index("ix_images_analysis_status", "analysis_status"),
        Index("ix_images_video_id", "video_id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    owner_id: Mapped[str]
    filename: Mapped[str]
    mime_type: Mapped[str]
    size_bytes: Mapped[int]
    width: Mapped[int]
    height: Mapped[int]
    sha256: Mapped[str] = mapped_column(index=True)
    storage_key: Mapped[str]
    title: Mapped[str | None]
    description: Mapped[str | None]
    folder_id: Mapped[str | None]
    taken_at: Mapped[str | None]
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    analysis_status: Mapped[str] = mapped_column(default="pending", server_default="pending")
    analysis_error: Mapped[str | None]
    analysis_attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    analysed_by: Mapped[str | None]
    video_id: Mapped[str | None]
    worker_id: Mapped[str | None]
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


class ImageWords(Base):
    """All words a picture can be found by, for the text index; `number` is its place in there.

    `seen` is what was measured of it in short (`services/library/seen_in_short.py`), `read` the lines that can be read
    in it, folded.
    """

    __tablename__ = "image_words"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    image_id: Mapped[str] = mapped_column(ForeignKey("images.id", ondelete="CASCADE"), unique=True)
    owner_id: Mapped[str] = mapped_column(index=True)
    words: Mapped[str]
    seen: Mapped[str] = mapped_column(default="{}", server_default="{}")
    read: Mapped[str] = mapped_column(default="", server_default="")


class ConversationImage(Base):
    """The pictures a conversation is about, in their order."""

    __tablename__ = "conversation_images"

    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True)
    image_id: Mapped[str] = mapped_column(ForeignKey("images.id", ondelete="CASCADE"), primary_key=True, index=True)
    position: Mapped[int] = mapped_column(default=0)


class Video(Base):
    """A short video. Its file lies in the media store under `storage_key`; its scenes' frames are `Image`s.

    `status` is `pending`, `processing` (by `worker_id`), `ready` or `failed` (`error_code`, `error_message` say why).
    """

    __tablename__ = "videos"
    __table_args__ = (
        Index("ix_videos_owner_id_created_at", "owner_id", "created_at"),
        Index("ix_videos_status", "status"),
    )

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    owner_id: Mapped[str]
    filename: Mapped[str]
    mime_type: Mapped[str]
    size_bytes: Mapped[int]
    width: Mapped[int]
    height: Mapped[int]
    duration_ms: Mapped[int | None]
    sha256: Mapped[str]
    storage_key: Mapped[str]
    status: Mapped[str] = mapped_column(default="pending")
    error_code: Mapped[str | None]
    error_message: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(default=0)
    worker_id: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(default=now)


class VideoScene(Base):
    """A stretch of a video, in milliseconds from its beginning, and the picture that stands for it."""

    __tablename__ = "video_scenes"

    video_id: Mapped[str] = mapped_column(ForeignKey("videos.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    start_ms: Mapped[int]
    end_ms: Mapped[int]
    frame_ms: Mapped[int]
    image_id: Mapped[str] = mapped_column(ForeignKey("images.id", ondelete="CASCADE"), unique=True)
