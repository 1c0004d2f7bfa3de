"""Shapes of the library's folders and links, and of what is used."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field

from routes.document_schemas import LibraryDocument
from routes.library_schemas import LibraryImage, Limit, Offset
from routes.parsing import Body, Query, clean
from routes.session_schemas import Id, Title

Note = Annotated[str, Field(max_length=2000), AfterValidator(clean)]


class FolderPath(BaseModel):
    folder_id: str


class NewFolder(Body):
    name: Annotated[str, Field(max_length=255), AfterValidator(clean)]
    parent_id: Id | None = None


class FolderChanges(Body):
    name: Annotated[str, Field(max_length=255), AfterValidator(clean)] | None = None
    parent_id: Id | None = Field(default=None, description="null is the top.")


class DeleteFolderQuery(Query):
    contents: Literal["keep", "delete"] = Field(
        default="keep", description="`keep` moves what lies in it to where it lay; `delete` deletes all of it."
    )


class ItemsQuery(Query):
    limit: Limit = 20
    offset: Offset = 0


class LibraryFolder(BaseModel):
    id: str
    name: str
    parent_id: str | None
    path: str = Field(description="Names from the top, parted by slashes.")
    image_count: int
    document_count: int
    created_at: str
    updated_at: str


class FolderList(BaseModel):
    folders: list[LibraryFolder]
    total_count: int


class FolderItems(BaseModel):
    folder: LibraryFolder
    folders: list[LibraryFolder]
    images: list[LibraryImage]
    documents: list[LibraryDocument]
    total_images: int
    total_documents: int
    has_more: bool


class LinkPath(BaseModel):
    link_id: str


class NewLink(Body):
    image_id: Id
    document_id: Id
    page: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    title: Title = ""
    note: Note = ""


class LinksQuery(Query):
    limit: Limit = 20
    offset: Offset = 0
    image_id: Id | None = None
    document_id: Id | None = None


class LibraryLink(BaseModel):
    id: str
    image_id: str
    document_id: str
    page: int | None
    title: str
    note: str
    created_at: str


class LinkList(BaseModel):
    links: list[LibraryLink]
    total_count: int
    has_more: bool


class Amount(BaseModel):
    count: int
    size_bytes: int


class ProviderUse(BaseModel):
    provider: str
    answers: int
    tokens: int


class MonthUse(BaseModel):
    month: str
    messages: int
    message_limit: int | None
    remaining_messages: int | None
    tokens: int
    reset_date: str
    providers: list[ProviderUse]


class Use(BaseModel):
    chat: MonthUse
    images: Amount
    documents: Amount
    folders: int
    sessions: int
