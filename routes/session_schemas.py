"""Shapes of the v2 chat API."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, Field
from pydantic_core import PydanticCustomError

from routes.parsing import Body, Query, clean, filled
from services.paging import MAX_LENGTH as MAX_CURSOR
from services.paging import PATTERN

MAX_IMAGES = 1000
MAX_DOCUMENTS = 100
MAX_MESSAGE = 10_000
MAX_TITLE = 255


def trimmed(text: str) -> str:
    return text.strip()


def short(title: str) -> str:
    """Refuse a title that is too long once it is trimmed; the document's `maxLength` would mean it as sent."""
    if len(title) > MAX_TITLE:
        raise PydanticCustomError("string_too_long", "It has more than 255 characters.")
    return title


Id = Annotated[str, Field(max_length=64), AfterValidator(clean)]
Title = Annotated[str, AfterValidator(clean), AfterValidator(trimmed), AfterValidator(short)]
FilledTitle = Annotated[
    str, AfterValidator(clean), AfterValidator(trimmed), AfterValidator(filled), AfterValidator(short)
]
Cursor = Annotated[
    str, Field(max_length=MAX_CURSOR, pattern=PATTERN, description="A page's `next_cursor`, in place of `offset`.")
]
Said = Annotated[str, Field(max_length=MAX_MESSAGE), AfterValidator(clean), AfterValidator(filled)]


class Problem(BaseModel):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[dict[str, str]] | None = None
    context: dict[str, Any] | None = None


class SessionPath(BaseModel):
    session_id: str


class MessagePath(SessionPath):
    message_id: str


class NewSession(Body):
    title: Title | None = None
    initial_image_ids: Annotated[list[Id], Field(max_length=MAX_IMAGES)] = []
    use_all_images: bool = True


class SessionsQuery(Query):
    search: Annotated[str, Field(max_length=200), AfterValidator(clean)] = ""
    is_active: bool | None = None
    min_messages: int = Field(default=0, ge=0, le=1_000_000_000)
    limit: int = Field(default=20, ge=1, le=100)
    offset: int = Field(default=0, ge=0, le=1_000_000_000)
    cursor: Cursor | None = None


class SessionQuery(Query):
    include_messages: bool = True
    message_limit: int | None = Field(default=None, ge=1, le=1000)


class NewTitle(Body):
    title: FilledTitle


class NewMessage(Body):
    message: Said
    force_detailed_analysis: bool = False
    expected_image_ids: Annotated[list[Id], Field(max_length=MAX_IMAGES)] | None = None


class Mode(Body):
    use_all_images: bool


class SelectedImages(Body):
    image_ids: Annotated[list[Id], Field(max_length=MAX_IMAGES)]


class SelectedDocuments(Body):
    document_ids: Annotated[list[Id], Field(max_length=MAX_DOCUMENTS)]


class AllImagesQuery(Query):
    limit: int = Field(default=5000, ge=1, le=5000)
    offset: int = Field(default=0, ge=0, le=1_000_000_000)


class ExportQuery(Query):
    format: Literal["json", "markdown", "text"] = "markdown"
    include_metadata: bool = False


class SessionCreated(BaseModel):
    session_id: str
    title: str
    created_at: str


class SessionSummary(BaseModel):
    id: str
    title: str
    total_messages: int
    total_tokens: int
    remaining_tokens: int
    remaining_messages: int
    is_active: bool
    use_all_images: bool
    selected_image_count: int
    last_message_at: str | None
    last_message_preview: str | None
    last_user_message: str | None
    created_at: str
    updated_at: str


class SessionList(BaseModel):
    sessions: list[SessionSummary]
    total_count: int
    has_more: bool
    next_cursor: str | None = Field(
        default=None, description="Where the next page begins, whatever is added meanwhile; absent on the last."
    )


class ContextImage(BaseModel):
    image_id: str
    thumbnail_url: str
    description: str
    confidence: float | None
    title: str
    stored_url: str
    filename: str
    relevance_score: float | None = None


class SessionMessage(BaseModel):
    id: str
    role: Literal["user", "assistant"]
    content: str
    token_count: int
    provider: str | None
    model: str | None
    processing_time_ms: int | None
    created_at: str
    image_context: list[ContextImage] | None
    metadata: dict[str, Any] | None
    status: str


class SessionDetail(BaseModel):
    session: SessionSummary
    messages: list[SessionMessage]
    selected_image_ids: list[str]
    selected_document_ids: list[str]
    context_summary: str


class Renamed(BaseModel):
    session_id: str
    title: str
    updated_at: str


class Closed(BaseModel):
    session_id: str
    closed_at: str
    total_messages: int
    total_tokens: int


class Resulting(BaseModel):
    """What an answer rests on; the same as in the `complete` event."""

    agents_used: list[str]
    reasoning: str
    has_results: bool
    result_count: int
    image_context: list[ContextImage]
    tool_document_data: list[dict[str, Any]]
    tool_chunk_data: list[dict[str, Any]]
    tool_link_data: list[dict[str, Any]]
    result_refs: dict[str, Any]
    scene_context: list[dict[str, Any]] | None = None
    folder_modified: bool | None = None
    pending_actions: list[dict[str, Any]] | None = None


class Answered(Resulting):
    message_id: str
    resolved_content: str
    content: str
    token_count: int
    provider: str | None
    model: str | None
    processing_time_ms: int | None
    remaining_tokens: int
    remaining_messages: int


class Cancelled(BaseModel):
    message_id: str
    session_id: str
    status: str
    content: str


class ModeSet(BaseModel):
    session_id: str
    use_all_images: bool
    selected_image_count: int
    updated_at: str


class ImagesSelected(BaseModel):
    session_id: str
    selected_image_ids: list[str]
    context_summary: str
    estimated_tokens: int


class DocumentsSelected(BaseModel):
    session_id: str
    selected_document_ids: list[str]
    document_count: int


class AllImages(BaseModel):
    image_ids: list[str]
    total_count: int
    has_more: bool
