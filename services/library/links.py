"""Links between an owner's pictures and documents, or their pages."""

from __future__ import annotations

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models.base import new_id, now
from models.database import Database
from models.library import Document, Link
from models.media import Image
from services.errors import Conflict, DocumentNotFound, ImageNotFound, InvalidInput, NotFound


class Links:
    """Links of owners. What is another's is not found."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def create(
        self,
        owner_id: str,
        image_id: str,
        document_id: str,
        page: int | None = None,
        *,
        title: str = "",
        note: str = "",
    ) -> Link:
        """Link a picture to a document.

        Args:
            page: from 1; None means the whole document.
            title: the document's own where it is empty.

        Raises:
            ImageNotFound, DocumentNotFound
            InvalidInput: the document has no such page.
            Conflict: `link_exists`; its id is in the context.
        """
        asked = (Link.image_id == image_id, Link.document_id == document_id, Link.page == (page or 0))
        try:
            with self.database.write() as session:
                document = _ends(session, owner_id, image_id, document_id)
                if page is not None and document.page_count is not None and page > document.page_count:
                    raise InvalidInput(f"The document has no page {page}.", field="page")
                if (link_id := session.execute(select(Link.id).where(*asked)).scalar()) is not None:
                    raise _exists(link_id)
                link = Link(
                    id=new_id(),
                    owner_id=owner_id,
                    image_id=image_id,
                    document_id=document_id,
                    page=page or 0,
                    title=title.strip() or document.title or document.filename,
                    note=note.strip(),
                    created_at=now(),
                )
                session.add(link)
        except IntegrityError:
            # Another made it, or deleted one of its ends, at the same moment.
            with self.database.read() as session:
                _ends(session, owner_id, image_id, document_id)
                raise _exists(session.execute(select(Link.id).where(*asked)).scalar()) from None
        return link

    def list(
        self, owner_id: str, image_id: str | None, document_id: str | None, limit: int, offset: int
    ) -> tuple[list[Link], int]:
        """A page of links, newest first, and how many there are in all.

        Args:
            image_id, document_id: of this picture, of this document; None for any. One that is not there has none.
        """
        wanted = [Link.owner_id == owner_id]
        if image_id is not None:
            wanted.append(Link.image_id == image_id)
        if document_id is not None:
            wanted.append(Link.document_id == document_id)
        page = select(Link).where(*wanted).order_by(Link.created_at.desc(), Link.id.desc()).limit(limit).offset(offset)
        with self.database.read() as session:
            total = session.execute(select(func.count()).select_from(Link).where(*wanted)).scalar_one()
            return list(session.execute(page).scalars()), total

    def delete(self, owner_id: str, link_id: str) -> None:
        """Raises `NotFound` (`link_not_found`)."""
        mine = delete(Link).where(Link.id == link_id, Link.owner_id == owner_id).returning(Link.id)
        with self.database.write() as session:
            if session.execute(mine).scalar() is None:
                raise NotFound("There is no link with this id.", code="link_not_found", field="link_id")


def _ends(session: Session, owner_id: str, image_id: str, document_id: str) -> Document:
    image = select(Image.id).where(Image.id == image_id, Image.owner_id == owner_id)
    if session.execute(image).scalar() is None:
        raise ImageNotFound(image_id)
    document = select(Document).where(Document.id == document_id, Document.owner_id == owner_id)
    found = session.execute(document).scalar()
    if found is None:
        raise DocumentNotFound("There is no document with this id.", field="document_id")
    return found


def _exists(link_id: str | None) -> Conflict:
    return Conflict("They are linked already.", code="link_exists", context={"link_id": link_id} if link_id else None)
