"""An owner's folders: each change a transaction of its own, each list with what lies where counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models.library import Document, Folder
from models.media import Analysis, Image
from services.errors import Conflict
from services.library import folder_rows
from services.library.catalogue import Shelved
from services.library.dissolving import dissolve
from services.library.images import Images

Contents = Literal["keep", "delete"]


@dataclass(frozen=True, slots=True)
class Kept:
    """A folder, its path from the top (`Trips/Beach`), and how much lies directly in it."""

    folder: Folder
    path: str
    images: int
    documents: int


@dataclass(frozen=True, slots=True)
class Items:
    """What lies directly in a folder; the totals count all pages."""

    folders: list[Kept]
    images: list[Shelved]
    documents: list[Document]
    total_images: int
    total_documents: int


class Folders:
    """Folders of owners. Every method raises `NotFound` (`folder_not_found`) for what is unknown or another's.

    Args:
        delete_document: takes a document of an owner away, with all that belongs to it.
    """

    def __init__(self, images: Images, delete_document: Callable[[str, str], None]) -> None:
        self.database = images.database
        self.images = images
        self.delete_document = delete_document

    def list(self, owner_id: str) -> list[Kept]:
        """All folders, in the order of their paths."""
        with self.database.read() as session:
            return _all(session, owner_id)

    def get(self, owner_id: str, folder_id: str) -> Kept:
        with self.database.read() as session:
            return _one(session, owner_id, folder_id)

    def create(self, owner_id: str, name: str, parent_id: str | None) -> Kept:
        """Raises `Conflict` (`folder_exists`, `folders_too_deep`), `InvalidInput`."""
        with self._changing() as session:
            made = folder_rows.create(session, owner_id, name, parent_id)
            return _one(session, owner_id, made.id)

    def change(self, owner_id: str, folder_id: str, changes: Mapping[str, str | None]) -> Kept:
        """Rename a folder, move it, or both.

        Args:
            changes: `name`, `parent_id` (None is the top), those that are named.

        Raises:
            Conflict: `folder_exists`, `folder_cycle`, `folders_too_deep`.
            InvalidInput
        """
        with self._changing() as session:
            folder_rows.get(session, owner_id, folder_id)
            if "parent_id" in changes:
                folder_rows.move(session, owner_id, folder_id, changes["parent_id"], changes.get("name"))
            elif changes.get("name") is not None:
                folder_rows.rename(session, owner_id, folder_id, str(changes["name"]))
            return _one(session, owner_id, folder_id)

    def delete(self, owner_id: str, folder_id: str, contents: Contents) -> None:
        """Delete a folder.

        Args:
            contents: `keep` puts what lies in it where it lay itself, where folders whose name is taken get another;
                `delete` deletes all that lies in it and below.
        """
        if contents == "delete":
            self._empty(owner_id, folder_id)
        with self._changing() as session:
            if contents == "delete":
                folder_rows.take_away(session, owner_id, folder_id)
            else:
                dissolve(session, owner_id, folder_id)

    def items(self, owner_id: str, folder_id: str, limit: int, offset: int) -> Items:
        """What lies directly in a folder: its folders, and a page of its pictures and documents, newest first."""
        with self.database.read() as session:
            folder_rows.get(session, owner_id, folder_id)
            kept = [each for each in _all(session, owner_id) if each.folder.parent_id == folder_id]
            pictures = (
                select(Image, Analysis.caption)
                .outerjoin(Analysis, Analysis.sha256 == Image.sha256)
                .where(Image.folder_id == folder_id, Image.owner_id == owner_id)
                .order_by(Image.created_at.desc(), Image.id.desc())
            )
            documents = (
                select(Document)
                .where(Document.folder_id == folder_id, Document.owner_id == owner_id)
                .order_by(Document.created_at.desc(), Document.id.desc())
            )
            return Items(
                kept,
                [Shelved(image, caption) for image, caption in session.execute(pictures.limit(limit).offset(offset))],
                list(session.execute(documents.limit(limit).offset(offset)).scalars()),
                _counts(session, owner_id, Image, folder_id).get(folder_id, 0),
                _counts(session, owner_id, Document, folder_id).get(folder_id, 0),
            )

    def _empty(self, owner_id: str, folder_id: str) -> None:
        """Delete the pictures and documents in a folder and below."""
        with self.database.read() as session:
            folder_rows.get(session, owner_id, folder_id)
            inside = list(folder_rows.within(session, owner_id, folder_id))
            images = session.execute(select(Image.id).where(Image.folder_id.in_(inside))).scalars().all()
            documents = session.execute(select(Document.id).where(Document.folder_id.in_(inside))).scalars().all()
        self.images.delete_many(owner_id, images)
        for document_id in documents:
            self.delete_document(owner_id, document_id)

    @contextmanager
    def _changing(self) -> Iterator[Session]:
        """A transaction that another's, at the same moment, may leave without the name it wants.

        Raises:
            Conflict: `folder_exists`.
        """
        try:
            with self.database.write() as session:
                yield session
        except IntegrityError:
            raise Conflict(folder_rows.TAKEN, code="folder_exists", field="name") from None


def _all(session: Session, owner_id: str) -> list[Kept]:
    folders = folder_rows.every(session, owner_id)
    images, documents = _counts(session, owner_id, Image), _counts(session, owner_id, Document)
    kept = [
        Kept(folder, folder_rows.path_of(folders, folder_id), images.get(folder_id, 0), documents.get(folder_id, 0))
        for folder_id, folder in folders.items()
    ]
    return sorted(kept, key=lambda each: (each.path.casefold(), each.folder.id))


def _one(session: Session, owner_id: str, folder_id: str) -> Kept:
    # Of one statement: not every database shows a transaction one and the same moment.
    folders = folder_rows.every(session, owner_id)
    if folder_id not in folders:
        raise folder_rows.unknown()
    return Kept(
        folders[folder_id],
        folder_rows.path_of(folders, folder_id),
        _counts(session, owner_id, Image, folder_id).get(folder_id, 0),
        _counts(session, owner_id, Document, folder_id).get(folder_id, 0),
    )


def _counts(
    session: Session, owner_id: str, kind: type[Image] | type[Document], folder_id: str | None = None
) -> dict[str, int]:
    """How many lie directly in each folder, or in this one."""
    there = kind.folder_id.is_not(None) if folder_id is None else kind.folder_id == folder_id
    rows = session.execute(
        select(kind.folder_id, func.count()).where(kind.owner_id == owner_id, there).group_by(kind.folder_id)
    )
    return {str(place): count for place, count in rows}
