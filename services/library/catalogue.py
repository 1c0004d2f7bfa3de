"""An owner's pictures as a library: listed, described, put into folders, looked at again, several at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, assert_never

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from models.media import Analysis, Image
from services.errors import AssistantError, ImageNotFound
from services.library import folder_rows
from services.library.analysing import ANEW, JOB
from services.library.images import Images
from services.library.retelling import JOB as RETELL
from services.paging import beyond, cursor_of, place_of
from services.vision.facts import Facts
from services.vision.facts_json import from_json

Sort = Literal["newest", "oldest", "name"]
Action = Literal["move", "delete", "update", "reanalyse"]
NO_FOLDER = "none"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which pictures to list.

    Args:
        folder: a folder's id, `NO_FOLDER` for those in none, None for all.
        status: of the analysis; None for all.
        cursor: where the page before ended; in place of `offset`.
    """

    folder: str | None = None
    status: str | None = None
    sort: Sort = "newest"
    limit: int = 20
    offset: int = 0
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Shelved:
    """A picture and what was seen in it, in a line and, where one was asked for, as facts."""

    image: Image
    caption: str | None
    facts: Facts | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list. `total` counts the whole list, `cursor` is where this page ended, if there is more."""

    images: list[Shelved]
    total: int
    cursor: str | None


class Catalogue:
    """Pictures of owners. What is another's is not found.

    Args:
        enqueue: tells the jobs of a picture that is to be analysed.
    """

    def __init__(self, images: Images, enqueue: Callable[[str, str], None]) -> None:
        self.database = images.database
        self.images = images
        self.enqueue = enqueue

    def page(self, owner_id: str, wanted: Wanted) -> Page:
        """One page of an owner's pictures.

        Raises:
            NotFound: `folder_not_found`.
            InvalidInput: the cursor is none of this list.
        """
        columns, descending = _order(wanted.sort)
        with self.database.read() as session:
            matching = _filters(session, owner_id, wanted)
            rows = select(Image, Analysis.caption, columns[0].label("place")).where(*matching)
            rows = rows.outerjoin(Analysis, Analysis.sha256 == Image.sha256)
            if wanted.cursor is not None:
                kinds = (str, str) if wanted.sort == "name" else (datetime, str)
                place = place_of(wanted.cursor, wanted.sort, *kinds)
                rows = rows.where(beyond(columns, place, descending=descending))
            else:
                rows = rows.offset(wanted.offset)
            ordered = rows.order_by(*(column.desc() if descending else column.asc() for column in columns))
            found = session.execute(ordered.limit(wanted.limit + 1)).all()
            total = session.execute(select(func.count()).select_from(Image).where(*matching)).scalar_one()
        page, more = found[: wanted.limit], len(found) > wanted.limit
        # The place as the database has it: what it makes of capitals is not what Python does.
        cursor = cursor_of(wanted.sort, page[-1].place, page[-1].Image.id) if more else None
        return Page([Shelved(row.Image, row.caption) for row in page], total, cursor)

    def one(self, owner_id: str, image_id: str) -> Shelved:
        """A picture with all that was measured of it.

        Raises:
            ImageNotFound
        """
        with self.database.read() as session:
            found = session.execute(
                select(Image, Analysis.caption, Analysis.facts)
                .outerjoin(Analysis, Analysis.sha256 == Image.sha256)
                .where(Image.id == image_id, Image.owner_id == owner_id)
            ).first()
        if found is None:
            raise ImageNotFound(image_id)
        return Shelved(found.Image, found.caption, _facts(found.facts))

    def update(self, owner_id: str, image_id: str, changes: Mapping[str, Any]) -> Shelved:
        """Change a picture's title, description or folder, those that are named.

        Args:
            changes: of `title`, `description`, `folder_id`; a blank text and None take away what was there.

        Raises:
            ImageNotFound
            NotFound: `folder_not_found`.
        """
        if not self._change(owner_id, [image_id], changes):
            raise ImageNotFound(image_id)
        return self.one(owner_id, image_id)

    def reanalyse(self, owner_id: str, image_id: str) -> Shelved:
        """Have a picture looked at anew; one that is just being looked at is left to that.

        Raises:
            ImageNotFound
        """
        with self.database.write() as session:
            again = {"analysis_status": "pending", "analysis_attempts": 0, "analysis_error": None, "analysed_by": ANEW}
            session.execute(
                update(Image)
                .where(Image.id == image_id, Image.owner_id == owner_id, Image.analysis_status != "processing")
                .values(**again)
            )
        found = self.one(owner_id, image_id)
        self.enqueue(JOB, image_id)
        return found

    def each(
        self, owner_id: str, action: Action, image_ids: Sequence[str], changes: Mapping[str, Any]
    ) -> dict[str, AssistantError | None]:
        """Do one thing to many pictures; what became of each, by id.

        Args:
            changes: as `update` takes them; `folder_id` alone for `move`.

        Raises:
            NotFound: `folder_not_found`; nothing was done.
        """
        ids = list(dict.fromkeys(image_ids))
        match action:
            case "move":
                return _outcomes(ids, self._change(owner_id, ids, {"folder_id": changes["folder_id"]}))
            case "delete":
                return _outcomes(ids, self.images.delete_many(owner_id, ids))
            case "update":
                return _outcomes(ids, self._change(owner_id, ids, changes))
            case "reanalyse":
                return {image_id: _tried(self.reanalyse, owner_id, image_id) for image_id in ids}
            case _:
                assert_never(action)

    def _change(self, owner_id: str, ids: Sequence[str], changes: Mapping[str, Any]) -> set[str]:
        """Change those of the pictures that are there; which they were.

        Raises:
            NotFound: `folder_not_found`.
        """
        values = {name: (value or "").strip() or None for name, value in changes.items()}
        with self.database.write() as session:
            if values.get("folder_id") is not None:
                folder_rows.get(session, owner_id, str(values["folder_id"]), to_fill=True)
            there = list(folder_rows.lying_where(session, owner_id, ids))
            if values:
                for some in folder_rows.batched(there):
                    mine = update(Image).where(Image.id.in_(some), Image.owner_id == owner_id).values(**values)
                    session.execute(mine.execution_options(synchronize_session=False))
        if {"title", "description"} & values.keys():
            self._retell(owner_id, there)
        return set(there)

    def _retell(self, owner_id: str, ids: Sequence[str]) -> None:
        """Have pictures found by their new words at once, and by what they mean soon."""
        if self.images.index is not None:
            self.images.index.reword(owner_id, ids)
            for image_id in ids:
                self.enqueue(RETELL, image_id)


def _outcomes(ids: Sequence[str], done: set[str]) -> dict[str, AssistantError | None]:
    return {image_id: None if image_id in done else ImageNotFound(image_id) for image_id in ids}


def _tried(do: Callable[..., object], *arguments: object) -> AssistantError | None:
    try:
        do(*arguments)
    except AssistantError as error:
        return error
    return None


def _filters(session: Session, owner_id: str, wanted: Wanted) -> list[ColumnElement[bool]]:
    filters = [Image.owner_id == owner_id, Image.video_id.is_(None)]
    if wanted.folder == NO_FOLDER:
        filters.append(Image.folder_id.is_(None))
    elif wanted.folder is not None:
        filters.append(Image.folder_id == folder_rows.get(session, owner_id, wanted.folder).id)
    if wanted.status is not None:
        filters.append(Image.analysis_status == wanted.status)
    return filters


def _order(sort: Sort) -> tuple[list[ColumnElement[Any]], bool]:
    """What a list is ordered by, and whether downwards."""
    if sort == "name":
        return [_name(), Image.id.expression], False
    return [Image.created_at.expression, Image.id.expression], sort == "newest"


def _name() -> ColumnElement[Any]:
    return func.lower(func.coalesce(Image.title, Image.filename))


def _facts(stored: dict[str, Any] | None) -> Facts | None:
    try:
        return from_json(stored, earlier=True) if stored is not None else None
    except ValueError:
        return None  # measured by a later version; it is measured anew in the background
