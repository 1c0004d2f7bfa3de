"""A folder taken away and what lies in it left where it lay itself; and put back, with what still lies there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from models.base import now
from models.library import Document, Folder
from models.media import Image
from services.library import folder_rows


@dataclass(frozen=True, slots=True)
class Dissolved:
    """A folder that is gone; enough to put it back.

    Args:
        parent_id: where it lay, and where now lies what lay in it; None is the top.
        images, documents: ids of what lay directly in it.
        folders: `id`, `name` and `renamed` of those that did: the name each had, and the one it has where it lies now.
    """

    id: str
    name: str
    parent_id: str | None
    images: Sequence[str]
    documents: Sequence[str]
    folders: Sequence[Mapping[str, str]]


def dissolve(work: Session, owner_id: str, folder_id: str) -> Dissolved:
    """Delete a folder. What lies in it comes to lie where it lay; a folder whose name is taken there gets another.

    Raises:
        NotFound: `folder_not_found`.
    """
    folder_rows.lock(work, owner_id)
    folder = folder_rows.get(work, owner_id, folder_id)
    name, parent_id = folder.name, folder.parent_id
    folder.place = folder.id  # its own name is free for one that lies in it
    work.flush()
    images, documents = (_lying(work, kind, folder_id) for kind in (Image, Document))
    for kind in (Image, Document):
        work.execute(folder_rows.quietly(update(kind).where(kind.folder_id == folder_id).values(folder_id=parent_id)))
    folders = []
    for child in work.execute(select(Folder).where(Folder.parent_id == folder_id)).scalars().all():
        free = _free_name(work, owner_id, parent_id, child.name)
        folders.append({"id": child.id, "name": child.name, "renamed": free})
        _put(child, parent_id, free)
        work.flush()
    work.expire_all()
    work.execute(delete(Folder).where(Folder.id == folder_id))
    return Dissolved(folder_id, name, parent_id, images, documents, folders)


def restore(work: Session, owner_id: str, gone: Dissolved) -> None:
    """Undo `dissolve`. What lay in it and has been put elsewhere meanwhile, or deleted, is left alone.

    Raises:
        NotFound: `folder_not_found`, where it lay.
        Conflict: `folder_exists`, its name is taken meanwhile; `folders_too_deep`, where it lay lies deeper now.
    """
    folder_rows.lock(work, owner_id)
    if gone.parent_id is not None:
        folder_rows.get(work, owner_id, gone.parent_id)
    at = now()
    folder = Folder(
        id=gone.id,
        owner_id=owner_id,
        parent_id=gone.parent_id,
        name=gone.name,
        place=gone.id,  # one that lies in it may still have its name where it is to lie
        created_at=at,
        updated_at=at,
    )
    work.add(folder)
    work.flush()
    there = folder_rows.every(work, owner_id)
    for one in gone.folders:
        child = there.get(one["id"])
        if child is not None and (child.parent_id, child.name) == (gone.parent_id, one["renamed"]):
            _put(child, gone.id, one["name"])
            work.flush()
    folder_rows.move(work, owner_id, gone.id, gone.parent_id)
    for kind, ids in ((Image, gone.images), (Document, gone.documents)):
        for some in folder_rows.batched(ids):
            lying = update(kind).where(kind.id.in_(some), kind.owner_id == owner_id, kind.folder_id == gone.parent_id)
            work.execute(folder_rows.quietly(lying.values(folder_id=gone.id)))


def _put(folder: Folder, parent_id: str | None, name: str) -> None:
    folder.parent_id, folder.name, folder.updated_at = parent_id, name, now()
    folder.place = folder_rows.place_of(parent_id, name)


def _free_name(work: Session, owner_id: str, parent_id: str | None, name: str) -> str:
    places = set(work.execute(select(Folder.place).where(Folder.owner_id == owner_id)).scalars())
    names = chain([name], (f"{name[: folder_rows.MAX_NAME - 8]} ({number})" for number in count(2)))
    return next(each for each in names if folder_rows.place_of(parent_id, each) not in places)


def _lying(work: Session, kind: type[Image] | type[Document], folder_id: str) -> list[str]:
    return list(work.execute(select(kind.id).where(kind.folder_id == folder_id).order_by(kind.id)).scalars())
