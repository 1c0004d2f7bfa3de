"""Shapes of the library's pictures, and what the rest of it shares."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from flask_openapi3 import FileStorage
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator

from routes.parsing import Body, Query, clean
from routes.session_schemas import Cursor, Id, Title
from services.library.catalogue import NO_FOLDER

MAX_FILES = 1000
MAX_REQUEST_BYTES = 500 * 1024 * 1024
THUMBNAILS = (64, 128, 256, 512, 1024)

Description = Annotated[str, Field(max_length=2000), AfterValidator(clean)]
Limit = Annotated[int, Field(ge=1, le=100)]
Offset = Annotated[int, Field(ge=0, le=1_000_000_000)]
Status = Literal["pending", "processing", "ready", "failed"]


class PicturePath(BaseModel):
    image_id: str


class ImagesForm(BaseModel):
    model_config = ConfigDict(arbitrary_types_allowed=True)

    file: FileStorage | None = Field(default=None, description="A picture, at most 16 MB; the field may be repeated.")
    files: list[FileStorage] | None = Field(
        default=None, description=f"Pictures, up to {MAX_FILES:,} and 500 MB in one request."
    )
    folder_id: Id | None = Field(default=None, description="The folder all of them are put into.")
    title: Title | None = Field(default=None, description="The title all of them get.")
    description: Description | None = Field(default=None, description="The description all of them get.")

    @field_validator("files", mode="before")
    @classmethod
    def listed(cls, given: object) -> object:
        return given if given is None or isinstance(given, list) else [given]


class ImagesQuery(Query):
    limit: Limit = 20
    offset: Offset = 0
    cursor: Cursor | None = None
    folder_id: Id | None = Field(default=None, description=f"In this folder; `{NO_FOLDER}` for those in none.")
    status: Status | None = None
    sort: Literal["newest", "oldest", "name"] = "newest"


class SizeQuery(Query):
    size: int = Field(
        default=256, ge=THUMBNAILS[0], le=THUMBNAILS[-1], description="The longest side in pixels, at least."
    )


class ImageChanges(Body):
    title: Title | None = None
    description: Description | None = None
    folder_id: Id | None = None


class Bulk(ImageChanges):
    action: Literal["move", "delete", "update", "reanalyse"]
    image_ids: Annotated[list[Id], Field(min_length=1, max_length=1000)]


class AnalysisState(BaseModel):
    status: Status
    error: str | None
    model: str | None = Field(description="What looked at the picture.")
    attempts: int


class LibraryImage(BaseModel):
    id: str
    filename: str
    title: str | None
    description: str | None
    mime_type: str
    size_bytes: int
    width: int
    height: int
    sha256: str
    created_at: str
    taken_at: str | None = Field(description="The camera's own clock, ISO 8601 without zone.")
    folder_id: str | None
    analysis: AnalysisState
    caption: str | None = Field(description="What was seen, in a line.")
    url: str
    thumbnail_url: str


class Scene(BaseModel):
    scene_index: int
    start_ms: int
    end_ms: int
    frame_ms: int = Field(description="Where the picture of the scene was taken.")
    image_id: str
    description: str
    thumbnail_url: str
    url: str = Field(description="The video from the scene's beginning to its end.")


class SceneFound(Scene):
    video_id: str
    filename: str


class ImageWithFacts(LibraryImage):
    latitude: float | None
    longitude: float | None
    scene: SceneFound | None = Field(description="The stretch of a video the picture stands for, if it is a frame.")
    facts: dict[str, Any] | None = Field(description="All that was measured, once it was.")


class ImageList(BaseModel):
    images: list[LibraryImage]
    total_count: int
    has_more: bool
    next_cursor: str | None = Field(description="Where the next page begins, whatever is added meanwhile.")


class Failure(BaseModel):
    code: str
    message: str


class FileResult(BaseModel):
    filename: str
    status: Literal["created", "failed"]
    image: LibraryImage | None = None
    error: Failure | None = None


class FileResults(BaseModel):
    results: list[FileResult]
    created: int
    failed: int


class ItemResult(BaseModel):
    image_id: str
    status: Literal["done", "failed"]
    error: Failure | None


class ItemResults(BaseModel):
    results: list[ItemResult]
    done: int
    failed: int
