"""Uploaded documents: kept, listed, handed out and taken away, each file together with its row."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from sqlalchemy import ColumnElement, func, insert, select, update

from models.base import new_id, now
from models.database import Database
from models.library import Document, DocumentPage
from services.documents import kinds
from services.documents.base import MAX_BYTES
from services.errors import Conflict, DocumentNotFound, TooLarge
from services.library import folder_rows
from services.library.decoding import safe_filename
from services.library.document_rows import delete_rows, get, not_found
from services.library.files import drop, kept_beside_its_row
from services.library.storage import MediaStore
from services.library.vectors import Vectors
from services.paging import beyond, cursor_of, place_of

log = logging.getLogger(__name__)

JOB = "read_document"
ORDER = (Document.created_at.expression, Document.id.expression)
KEEP: Any = object()
"""Stands for a value that is not to change."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which documents to list, newest first.

    Args:
        search: in titles and file names, whatever the case, every character meant literally.
        status: `pending`, `processing`, `ready`, `failed`, or None for all.
        folder_id: lying in this folder; None for wherever.
        cursor: where the page before ended; in place of `offset`.
    """

    search: str = ""
    status: str | None = None
    folder_id: str | None = None
    limit: int = 20
    offset: int = 0
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A page of documents. `total` counts the whole list, `cursor` is where this page ended, if there is more."""

    documents: list[Document]
    total: int
    cursor: str | None


class Documents:
    """Documents of owners. Methods that take an id raise `DocumentNotFound` for one that is unknown or another's.

    Args:
        enqueue: has a document read soon.
    """

    def __init__(self, database: Database, store: MediaStore, vectors: Vectors, enqueue: Callable[[str], None]) -> None:
        self.database = database
        self.store = store
        self.vectors = vectors
        self._enqueue = enqueue

    def add(self, owner_id: str, filename: str, data: bytes, folder_id: str | None = None) -> Document:
        """Check and keep an upload; it is read in the background.

        Raises:
            DocumentTypeRefused, DocumentRejected: see `kinds.check`.
            TooLarge: `file_too_large`.
            NotFound: `folder_not_found`.
            StorageUnavailable, DatabaseUnavailable: nothing was kept.
        """
        if len(data) > MAX_BYTES:
            raise TooLarge("The file is larger than 50 MB.", code="file_too_large", field="file")
        filename = safe_filename(filename)
        kind = kinds.check(filename, data)
        document_id, at = new_id(), now()
        document = Document(
            id=document_id,
            owner_id=owner_id,
            filename=filename,
            title=None,
            kind=kind,
            mime_type=kinds.MIME[kind],
            size_bytes=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
            storage_key=f"documents/{document_id[:2]}/{document_id}/original{PurePosixPath(filename).suffix.lower()}",
            folder_id=folder_id,
            status="pending",
            pages_done=0,
            attempts=0,
            created_at=at,
            updated_at=at,
        )
        values = {each.key: getattr(document, each.key) for each in Document.__table__.columns}
        with kept_beside_its_row(self.store, document.storage_key, data), self.database.write() as work:
            if folder_id is not None:
                folder_rows.get(work, owner_id, folder_id, to_fill=True)
            work.execute(insert(Document).values(values))
        self._enqueue(document_id)
        return document

    def get(self, owner_id: str, document_id: str) -> Document:
        with self.database.read() as work:
            return get(work, owner_id, document_id)

    def page_of(self, owner_id: str, wanted: Wanted) -> Page:
        """One page of documents.

        Raises:
            NotFound: `folder_not_found`.
            InvalidInput: the cursor is none of this list.
        """
        filters = _filters(owner_id, wanted)
        rows = select(Document).where(*filters).order_by(*(column.desc() for column in ORDER))
        if wanted.cursor is not None:
            rows = rows.where(beyond(ORDER, place_of(wanted.cursor, "newest", datetime, str), descending=True))
        else:
            rows = rows.offset(wanted.offset)
        with self.database.read() as work:
            if wanted.folder_id is not None:
                folder_rows.get(work, owner_id, wanted.folder_id)
            total = work.execute(select(func.count()).select_from(Document).where(*filters)).scalar_one()
            found = work.execute(rows.limit(wanted.limit + 1)).scalars().all()
        last = found[wanted.limit - 1] if len(found) > wanted.limit else None
        page = list(found[: wanted.limit])
        return Page(page, total, cursor_of("newest", last.created_at, last.id) if last else None)

    def update(
        self, owner_id: str, document_id: str, *, title: str | None = KEEP, folder_id: str | None = KEEP
    ) -> Document:
        """Give a document another title, or put it into another folder; None takes either away.

        Raises:
            NotFound: `folder_not_found`.
        """
        given = {"title": title, "folder_id": folder_id}
        values = {name: value for name, value in given.items() if value is not KEEP}
        with self.database.write() as work:
            get(work, owner_id, document_id)
            if values.get("folder_id") is not None:
                folder_rows.get(work, owner_id, values["folder_id"] or "", to_fill=True)
            work.execute(update(Document).where(Document.id == document_id).values(updated_at=now(), **values))
            work.expire_all()
            return get(work, owner_id, document_id)

    def retry(self, owner_id: str, document_id: str) -> Document:
        """Read a document again that could not be read.

        Raises:
            Conflict: `document_not_failed`.
        """
        with self.database.write() as work:
            get(work, owner_id, document_id)
            again = update(Document).where(Document.id == document_id, Document.status == "failed")
            values = {"status": "pending", "attempts": 0, "reader": None, "error_code": None, "error_message": None}
            changed: Any = work.execute(again.values(updated_at=now(), **values))
            if not changed.rowcount:
                raise Conflict("Only a document that failed is read again.", code="document_not_failed")
            work.expire_all()
            found = get(work, owner_id, document_id)
        self._enqueue(document_id)
        return found

    def delete(self, owner_id: str, document_id: str) -> None:
        """Take a document away with its pages, passages and their meanings, its links, its place in sessions, and its
        file."""
        with self.database.write() as work:
            document = delete_rows(work, self.vectors, owner_id, document_id)
        drop(self.store, [document.storage_key])

    def page(self, owner_id: str, document_id: str, number: int) -> tuple[Document, DocumentPage]:
        """A document and one of its pages.

        Raises:
            DocumentNotFound: also with the code `page_not_found`, when there is no such page, or not yet.
        """
        with self.database.read() as work:
            document = get(work, owner_id, document_id)
            found = work.get(DocumentPage, (document_id, number))
        if found is None:
            raise DocumentNotFound("The document has no page of this number.", code="page_not_found", field="number")
        return document, found

    def file(self, document: Document) -> bytes:
        """The file as it was uploaded.

        Raises:
            DocumentNotFound: its row is there, its file is not.
        """
        try:
            return self.store.get(document.storage_key)
        except FileNotFoundError:
            log.error("the file of document %s is gone from the media store", document.id)
            raise not_found() from None

    def sweep(self, older_than_s: float = 600) -> int:
        """Delete files that no row knows, left behind by a crash between the two; how many there were.

        Args:
            older_than_s: younger ones may be another process's upload on its way.
        """
        keys = list(self.store.keys("documents/", older_than_s=older_than_s))
        with self.database.look() as work:
            known = set(work.execute(select(Document.storage_key)).scalars())
        orphans = [key for key in keys if key not in known]
        for key in orphans:
            self.store.delete(key)
        return len(orphans)


def _filters(owner_id: str, wanted: Wanted) -> list[ColumnElement[bool]]:
    filters: list[ColumnElement[bool]] = [Document.owner_id == owner_id]
    if wanted.status is not None:
        filters.append(Document.status == wanted.status)
    if wanted.folder_id is not None:
        filters.append(Document.folder_id == wanted.folder_id)
    if wanted.search:
        said = Document.title.icontains(wanted.search, autoescape=True)
        filters.append(said | Document.filename.icontains(wanted.search, autoescape=True))
    return filters
