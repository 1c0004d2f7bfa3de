"""Shapes of the studio API."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field

from routes.parsing import Body, Query, clean, filled

MAX_MESSAGE = 10_000


class Wish(Body):
    message: Annotated[str, Field(max_length=MAX_MESSAGE), AfterValidator(clean), AfterValidator(filled)] = Field(
        description="What to make or to change, in words.", examples=["Make it black and white"]
    )
    picture: str | None = Field(default=None, description="Base64; not needed within a conversation.")
    conversation_id: str | None = None
    version_id: str | None = Field(
        default=None, description="The version to branch from; the current one if not given."
    )
    mask: str | None = Field(default=None, description="Base64; only where it is white may pixels change.")


class ConversationPath(BaseModel):
    conversation_id: str


class VersionPath(BaseModel):
    version_id: str


class PageQuery(Query):
    limit: int = Field(default=20, ge=1, le=100)
    offset: int = Field(default=0, ge=0, le=1_000_000_000)


class FileQuery(Query):
    download: bool = False


class Title(Body):
    title: Annotated[str, Field(max_length=255), AfterValidator(clean), AfterValidator(filled)]


class CurrentVersion(Body):
    version_id: str


class Granted(BaseModel):
    text: str
    picture: str = Field(description="Base64; empty where there is no new picture.")
    mime_type: str | None
    conversation_id: str
    version_id: str | None
    parent_version_id: str | None
    alt_text: str | None
    provider: str
    changed: bool
    width: int | None
    height: int | None
    url: str | None
    thumbnail_url: str | None


class VersionInfo(BaseModel):
    version_id: str
    parent_version_id: str | None
    prompt: str
    text: str
    mime_type: str
    width: int
    height: int
    size_bytes: int
    alt_text: str
    provider: str
    model: str
    operations: list[Any]
    created_at: str
    url: str
    thumbnail_url: str


class Said(BaseModel):
    message: str
    text: str
    version_id: str | None
    provider: str | None
    created_at: str


class ConversationInfo(BaseModel):
    conversation_id: str
    title: str
    created_at: str
    updated_at: str
    current_version_id: str | None
    version_count: int
    thumbnail_url: str | None


class ConversationDetail(ConversationInfo):
    versions: list[VersionInfo]
    turns: list[Said]


class ConversationList(BaseModel):
    conversations: list[ConversationInfo]
    total_count: int
    has_more: bool


class Moved(BaseModel):
    conversation_id: str
    current_version_id: str | None
    version: VersionInfo | None
