"""Documents within a transaction: found, taken away, and the rows of what was read of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from models.base import new_id
from models.library import Document, DocumentChunk, DocumentPage
from services.documents.base import Page
from services.documents.chunking import chunks
from services.errors import DocumentNotFound
from services.library.vectors import Vectors

CHUNK = "chunk"
"""The kind of a passage's vector."""


def delete_rows(work: Session, vectors: Vectors, owner_id: str, document_id: str) -> Document:
    """Take a document's rows away as part of a transaction; its file goes once that is committed.

    Raises:
        DocumentNotFound
    """
    # Whoever reads it just now writes its pages to the end first, so that they go as well.
    work.execute(select(Document.id).where(Document.id == document_id).with_for_update())
    document = get(work, owner_id, document_id)
    work.expunge(document)
    forget_pages(work, vectors, owner_id, document_id)
    work.execute(delete(Document).where(Document.id == document_id))
    return document


def forget_pages(work: Session, vectors: Vectors, owner_id: str, document_id: str) -> None:
    """Take away what was read of a document."""
    mine = DocumentChunk.document_id == document_id
    chunk_ids = list(work.execute(select(DocumentChunk.id).where(mine)).scalars())
    vectors.drop(work, CHUNK, owner_id, chunk_ids)
    work.execute(delete(DocumentChunk).where(mine))
    work.execute(delete(DocumentPage).where(DocumentPage.document_id == document_id))


def not_found() -> DocumentNotFound:
    return DocumentNotFound("There is no document with this id.", field="document_id")


def get(work: Session, owner_id: str, document_id: str) -> Document:
    mine = select(Document).where(Document.id == document_id, Document.owner_id == owner_id)
    found = work.execute(mine).scalar()
    if found is None:
        raise not_found()
    return found


def page_row(document_id: str, page: Page) -> dict[str, Any]:
    """A page as a row of `document_pages`."""
    headings = [[heading.start, heading.text, heading.level] for heading in page.headings]
    return {
        "document_id": document_id,
        "number": page.number,
        "text": page.text,
        "ocr": page.ocr,
        "headings": headings,
    }


def chunk_rows(document: Document, pages: Sequence[Page], position: int, heading: str) -> list[dict[str, Any]]:
    """The pages' passages as rows of `document_chunks`; a heading goes on to the pages behind it.

    Args:
        position: of the first in the document.
        heading: the one before the first page.
    """
    rows: list[dict[str, Any]] = []
    for page in pages:
        for chunk in chunks(page.text, page.headings, heading):
            rows.append(
                {
                    "id": new_id(),
                    "owner_id": document.owner_id,
                    "document_id": document.id,
                    "page": page.number,
                    "position": position + len(rows),
                    "start": chunk.start,
                    "end": chunk.end,
                    "heading": chunk.heading,
                    "text": chunk.text,
                }
            )
        heading = heading_after((page,)) or heading
    return rows


def heading_after(pages: Sequence[Page]) -> str:
    """The last heading on the pages; empty where there is none."""
    return next((page.headings[-1].text for page in reversed(pages) if page.headings), "")
