"""Shapes of the documents and of the search in them."""

from __future__ import annotations

from typing import Annotated, Literal

from flask_openapi3 import FileStorage
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator

from routes.library_schemas import Failure, Limit, Offset, Status
from routes.parsing import Body, Query, clean, filled
from routes.session_schemas import MAX_DOCUMENTS, Cursor, Id, Title

MAX_FILES = 100


class DocumentPath(BaseModel):
    document_id: str


class PagePath(DocumentPath):
    number: str


class DocumentsForm(BaseModel):
    model_config = ConfigDict(arbitrary_types_allowed=True)

    file: FileStorage | None = Field(
        default=None,
        description="A PDF, DOCX, Markdown, HTML or plain text file, at most 50 MB; the field may be repeated.",
    )
    files: list[FileStorage] | None = Field(
        default=None, description=f"Documents, up to {MAX_FILES} and 500 MB in one request."
    )
    folder_id: Id | None = Field(default=None, description="The folder all of them are put into.")

    @field_validator("files", mode="before")
    @classmethod
    def listed(cls, given: object) -> object:
        return given if given is None or isinstance(given, list) else [given]


class DocumentsQuery(Query):
    limit: Limit = 20
    offset: Offset = 0
    cursor: Cursor | None = None
    status: Status | None = None
    folder_id: Id | None = None
    search: Annotated[str, Field(max_length=200), AfterValidator(clean)] = Field(
        default="", description="In titles and file names, every character meant literally."
    )


class DocumentChanges(Body):
    title: Title | None = Field(default=None, description="null takes it away.")
    folder_id: Id | None = Field(default=None, description="null takes it out of its folder.")


class LibraryDocument(BaseModel):
    id: str
    filename: str
    title: str | None
    kind: Literal["pdf", "docx", "markdown", "html", "text"]
    mime_type: str
    size_bytes: int
    status: Status
    error: Failure | None = Field(description="Why it could not be read.")
    notice: Failure | None = Field(description="What of it could not be read.")
    page_count: int | None = Field(description="As far as it is known.")
    pages_done: int
    progress: float = Field(description="0 to 1.")
    folder_id: str | None
    created_at: str
    updated_at: str
    url: str


class DocumentResult(BaseModel):
    filename: str
    status: Literal["created", "failed"]
    document: LibraryDocument | None = None
    error: Failure | None = None


class DocumentResults(BaseModel):
    results: list[DocumentResult]
    created: int
    failed: int


class DocumentList(BaseModel):
    documents: list[LibraryDocument]
    total_count: int
    has_more: bool
    next_cursor: str | None = Field(description="Where the next page begins, whatever is added meanwhile.")


class PageHeading(BaseModel):
    start: int = Field(description="Place of its first character in the page's text.")
    text: str
    level: int


class DocumentPageShown(BaseModel):
    document_id: str
    number: int
    page_count: int | None
    text: str
    headings: list[PageHeading]
    ocr: bool = Field(description="The text was read off the picture of the page.")


class PassageQuery(Body):
    query: Annotated[str, Field(max_length=500), AfterValidator(clean), AfterValidator(filled)] = Field(
        examples=["How long is the notice period?"]
    )
    limit: int = Field(default=20, ge=1, le=100)
    offset: Offset = 0
    document_ids: Annotated[list[Id], Field(max_length=MAX_DOCUMENTS)] | None = Field(
        default=None, description="Look in these alone."
    )


class FoundPassage(BaseModel):
    document_id: str
    chunk_id: str
    filename: str
    title: str | None
    page: int
    heading: str
    text: str
    quote: str = Field(description="What of the passage answers, exactly as it stands on the page.")
    start: int = Field(description="Place of the passage's first character in the page's text.")
    end: int
    relevance_score: float
    matched: list[str] = Field(description="What it was found by: words as they stand in it, and `meaning`.")
    url: str = Field(description="The page.")


class PassagesInterpretation(BaseModel):
    original_query: str
    filters_applied: list[str]
    search_type: Literal["hybrid", "keyword"]


class FoundPassages(BaseModel):
    results: list[FoundPassage]
    total_count: int
    query_interpretation: PassagesInterpretation
