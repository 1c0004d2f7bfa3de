"""Folders within a transaction: found, made, renamed, moved and taken away, and pictures moved between them.

For those that do several things in one transaction; every function takes the owner and sees nobody else's rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from models.base import new_id, now
from models.database import held
from models.library import Document, Folder
from models.media import Image
from services.errors import Conflict, InvalidInput, NotFound

MAX_NAME = 255
MAX_DEPTH = 10
TAKEN = "There is a folder of this name in that place already."
BATCH = 500
"""Ids in one statement; databases limit how many it may have."""


def place_of(parent_id: str | None, name: str) -> str:
    """`Folder.place`: what is unique among an owner's folders."""
    return f"{parent_id or ''}/{name.casefold()}"


def name_of(given: str) -> str:
    """A folder's name: one line, without a slash, which parts the names of a path.

    Raises:
        InvalidInput
    """
    name = " ".join(given.split())
    if not name:
        raise InvalidInput("The folder's name is empty.", field="name")
    if len(name) > MAX_NAME or "/" in name or name in (".", ".."):
        raise InvalidInput(f"A folder's name has at most {MAX_NAME} characters and no slash.", field="name")
    return name


def get(work: Session, owner_id: str, folder_id: str, *, to_fill: bool = False) -> Folder:
    """A folder.

    Args:
        to_fill: whoever wants to delete it waits, until what is put into it now lies there.

    Raises:
        NotFound: `folder_not_found`, also for what is another owner's.
    """
    wanted = select(Folder).where(Folder.id == folder_id, Folder.owner_id == owner_id)
    found = work.execute(held(wanted) if to_fill else wanted).scalar()
    if found is None:
        raise unknown()
    return found


def unknown() -> NotFound:
    return NotFound("There is no folder with this id.", code="folder_not_found", field="folder_id")


def lock(work: Session, owner_id: str) -> None:
    """Wait for whoever else moves or deletes folders of this owner, or puts something into one, and let nobody in."""
    work.execute(select(Folder.id).where(Folder.owner_id == owner_id).order_by(Folder.id).with_for_update())


def every(work: Session, owner_id: str) -> dict[str, Folder]:
    """All of an owner's folders by id."""
    found = work.execute(select(Folder).where(Folder.owner_id == owner_id)).scalars()
    return {folder.id: folder for folder in found}


def path_of(folders: Mapping[str, Folder], folder_id: str) -> str:
    """The names from the top down: `Trips/Beach`."""
    names: list[str] = []
    at: str | None = folder_id
    while at is not None and len(names) <= MAX_DEPTH:
        names.append(folders[at].name)
        at = folders[at].parent_id
    return "/".join(reversed(names))


def named(work: Session, owner_id: str, name: str) -> Folder | None:
    """The folder of this name, wherever it is, or of this path from the top; letters' case does not matter.

    Raises:
        Conflict: `folder_ambiguous`, several have this name; their paths are in its context.
    """
    folders = every(work, owner_id)
    wanted = "/".join(" ".join(part.split()) for part in name.strip("/ ").split("/")).casefold()
    paths = {folder_id: path_of(folders, folder_id) for folder_id in folders}
    exact = [folder_id for folder_id, path in paths.items() if path.casefold() == wanted]
    found = exact or [folder.id for folder in folders.values() if folder.name.casefold() == wanted]
    if len(found) > 1:
        several = sorted(paths[folder_id] for folder_id in found)
        raise Conflict("Several folders have this name.", code="folder_ambiguous", context={"paths": several})
    return folders[found[0]] if found else None


def create(work: Session, owner_id: str, name: str, parent_id: str | None) -> Folder:
    """A new folder; the one of this name in that place must not be there.

    Raises:
        NotFound: `folder_not_found`, of the parent.
        Conflict: `folder_exists`, `folders_too_deep`.
        InvalidInput: it is no name.
    """
    name, at = name_of(name), now()
    if parent_id is not None:
        get(work, owner_id, parent_id, to_fill=True)
        _require_shallow(work, parent_id, 1)
    _require_free(work, owner_id, parent_id, name, None)
    folder = Folder(
        id=new_id(),
        owner_id=owner_id,
        parent_id=parent_id,
        name=name,
        place=place_of(parent_id, name),
        created_at=at,
        updated_at=at,
    )
    work.add(folder)
    work.flush()
    return folder


def rename(work: Session, owner_id: str, folder_id: str, name: str) -> Folder:
    """Raises `NotFound`, `Conflict` (`folder_exists`), `InvalidInput`."""
    folder, name = get(work, owner_id, folder_id), name_of(name)
    _require_free(work, owner_id, folder.parent_id, name, folder_id)
    folder.name, folder.place, folder.updated_at = name, place_of(folder.parent_id, name), now()
    work.flush()
    return folder


def move(work: Session, owner_id: str, folder_id: str, parent_id: str | None, name: str | None = None) -> Folder:
    """Put a folder, with all that is in it, into another, or at the top (None).

    Args:
        name: its new one there; None leaves it as it is.

    Raises:
        NotFound: `folder_not_found`.
        Conflict: `folder_exists`; `folder_cycle`, the other is in this one; `folders_too_deep`.
        InvalidInput: it is no name.
    """
    # Two moves at once could each be right and together make a ring.
    lock(work, owner_id)
    folder = get(work, owner_id, folder_id)
    name = folder.name if name is None else name_of(name)
    if parent_id is not None:
        get(work, owner_id, parent_id)
        inside = within(work, owner_id, folder_id)
        if parent_id in inside:
            raise Conflict("A folder cannot lie in itself.", code="folder_cycle")
        _require_shallow(work, parent_id, _height(inside, folder_id))
    _require_free(work, owner_id, parent_id, name, folder_id)
    folder.parent_id, folder.name, folder.place, folder.updated_at = parent_id, name, place_of(parent_id, name), now()
    work.flush()
    return folder


def within(work: Session, owner_id: str, folder_id: str) -> dict[str, Folder]:
    """The folder and all those below it, by id, parents first."""
    folders = every(work, owner_id)
    children: dict[str | None, list[str]] = {}
    for folder in folders.values():
        children.setdefault(folder.parent_id, []).append(folder.id)
    found: list[str] = [folder_id]
    for each in found:
        found += children.get(each, [])
    return {each: folders[each] for each in found}


def take_away(work: Session, owner_id: str, folder_id: str) -> None:
    """Delete a folder with those in it. What pictures and documents still lie in them stay, in no folder.

    Raises:
        NotFound: `folder_not_found`.
    """
    lock(work, owner_id)
    get(work, owner_id, folder_id)
    inside = list(within(work, owner_id, folder_id))
    for some in batched(inside):
        for kind in (Image, Document):
            work.execute(quietly(update(kind).where(kind.folder_id.in_(some)).values(folder_id=None)))
    for some in batched(reversed(inside)):
        work.execute(quietly(delete(Folder).where(Folder.id.in_(some), Folder.owner_id == owner_id)))


def lying_where(work: Session, owner_id: str, image_ids: Sequence[str]) -> dict[str, str | None]:
    """The folder of each of these pictures that is there and the owner's."""
    found: dict[str, str | None] = {}
    for some in batched(image_ids):
        rows = work.execute(select(Image.id, Image.folder_id).where(Image.id.in_(some), Image.owner_id == owner_id))
        found |= {row.id: row.folder_id for row in rows}
    return {image_id: found[image_id] for image_id in image_ids if image_id in found}


def put_images(work: Session, owner_id: str, image_ids: Sequence[str], folder_id: str | None) -> None:
    """Put those of the pictures that are there and the owner's into a folder, or into none."""
    for some in batched(image_ids):
        mine = update(Image).where(Image.id.in_(some), Image.owner_id == owner_id)
        work.execute(quietly(mine.values(folder_id=folder_id)))


def is_empty(work: Session, folder_id: str) -> bool:
    """Nothing lies in it: no picture, no document, no folder."""
    asked = (
        select(Folder.id).where(Folder.parent_id == folder_id),
        select(Image.id).where(Image.folder_id == folder_id),
        select(Document.id).where(Document.folder_id == folder_id),
    )
    return all(work.execute(question.limit(1)).first() is None for question in asked)


def _require_free(work: Session, owner_id: str, parent_id: str | None, name: str, but: str | None) -> None:
    taken = select(Folder.id).where(Folder.owner_id == owner_id, Folder.place == place_of(parent_id, name))
    if any(folder_id != but for folder_id in work.execute(taken).scalars()):
        raise Conflict(TAKEN, code="folder_exists", field="name")


def _require_shallow(work: Session, parent_id: str, height: int) -> None:
    depth = 0
    above: str | None = parent_id
    while above is not None and depth <= MAX_DEPTH:
        depth += 1
        above = work.execute(select(Folder.parent_id).where(Folder.id == above)).scalar()
    if depth + height > MAX_DEPTH:
        raise Conflict(f"Folders lie at most {MAX_DEPTH} deep.", code="folders_too_deep")


def _height(inside: Mapping[str, Folder], folder_id: str) -> int:
    depth = {folder_id: 1}
    for folder in inside.values():
        if folder.id != folder_id:
            depth[folder.id] = depth[str(folder.parent_id)] + 1
    return max(depth.values())


def quietly(statement: Any) -> Any:
    """Without looking for the rows among the session's objects."""
    return statement.execution_options(synchronize_session=False)


def batched(ids: Iterable[str]) -> Iterator[list[str]]:
    """Ids in as many at once as a statement may have."""
    every_id = list(ids)
    return (every_id[begin : begin + BATCH] for begin in range(0, len(every_id), BATCH))
