"""Shapes of videos and their scenes."""

from __future__ import annotations

from typing import Literal

from flask_openapi3 import FileStorage
from pydantic import BaseModel, ConfigDict, Field

from routes.library_schemas import Failure, Limit, Offset, Scene
from routes.parsing import Query


class VideoPath(BaseModel):
    video_id: str


class VideoForm(BaseModel):
    model_config = ConfigDict(arbitrary_types_allowed=True)

    file: FileStorage | None = Field(default=None, description="An MP4 or WebM video of at most 10 minutes and 64 MB.")


class VideosQuery(Query):
    limit: Limit = 20
    offset: Offset = 0


class VideoShown(BaseModel):
    id: str
    filename: str
    mime_type: str
    size_bytes: int
    width: int
    height: int
    duration_ms: int | None
    sha256: str
    status: Literal["pending", "processing", "ready", "failed"]
    error: Failure | None
    created_at: str
    url: str
    thumbnail_url: str | None = Field(description="A small picture of its first scene, once that is cut.")


class VideoWithScenes(VideoShown):
    scenes: list[Scene]


class VideoList(BaseModel):
    videos: list[VideoShown]
    total_count: int
    has_more: bool
