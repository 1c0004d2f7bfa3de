"""Which pictures come into question, chosen by the database: by their columns, and by the words of the text index."""

from __future__ import annotations

import math
from datetime import UTC
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, false, literal, not_, or_, select

from models.library import Folder
from models.media import Image, ImageWords
from services.answers.nouns import members
from services.answers.text_folding import fold
from services.library.dates import Period
from services.library.image_words import KIND_MARK, colour_mark
from services.library.query import Clause, Query
from services.library.query_filters import Kind, Place
from services.library.query_shapes import Orientation
from services.library.query_sizes import Limits
from services.library.query_things import Thing
from services.library.seen_in_short import ANYTHING, KINDS
from services.library.text_index import matching

MIMES: dict[Kind, str] = {"png": "image/png", "jpeg": "image/jpeg", "gif": "image/gif", "webp": "image/webp"}
SQUARE = (0.95, 1.05)
KM_PER_DEGREE = 111.2
FIELDS: dict[str, ColumnElement[Any]] = {
    "bytes": Image.size_bytes,  # type: ignore[dict-item]
    "width": Image.width,  # type: ignore[dict-item]
    "height": Image.height,  # type: ignore[dict-item]
    # Not in whole numbers, of which PostgreSQL's end at two thousand millions.
    "pixels": Image.width * literal(1.0) * Image.height,
}


def rows(owner_id: str) -> Any:
    """What is read of each candidate."""
    return (
        select(Image.id, Image.created_at, Image.taken_at, ImageWords.seen, ImageWords.read)
        .join(ImageWords, ImageWords.image_id == Image.id)
        # Not by the picture's own column, which is the same: SQLite would go through all of the owner's pictures by it
        # before it asks the text index.
        .where(ImageWords.owner_id == owner_id)
    )


def bare_rows(owner_id: str) -> Any:
    """What is read of pictures that need no judging; `measured` is whether anything was measured of them."""
    measured = ImageWords.seen.like('%"q":%').label("measured")
    return (
        select(Image.id, Image.created_at, Image.taken_at, measured)
        .join(ImageWords, ImageWords.image_id == Image.id)
        .where(ImageWords.owner_id == owner_id)
    )


def phrases_of(thing: Thing) -> tuple[str, ...]:
    """Phrases of which every picture has one that a thing with a name was seen in or is said to be in."""
    concept = thing.concept or ""
    return (concept, *sorted(members(concept) - {concept}))


def conditions(work: Connection, owner_id: str, query: Query) -> list[ColumnElement[bool]]:
    """What holds for every picture that is found, whichever alternative it is found by."""
    found = [_size(limits) for limits in query.sizes]
    found += _periods(query)
    for wanted in (True, False):
        shapes = [_shape(shape) for shape, asked in query.orientations if asked is wanted]
        types = [Image.mime_type == MIMES[kind] for kind, asked in query.kinds if kind in MIMES and asked is wanted]
        for alternatives in (shapes, types):
            if alternatives:
                found.append(or_(*alternatives) if wanted else not_(or_(*alternatives)))
    for kind, asked in query.kinds:
        if kind == "located":
            found.append(Image.latitude.is_not(None) if asked else Image.latitude.is_(None))
    if query.place:
        found.append(_near(query.place))
    if query.folder:
        found.append(_in_folder(work, owner_id, *query.folder))
    phrases = [[said.words, said.words.replace(" ", "")] for said in query.reads if said.wanted]
    if phrases:
        found.append(matching(work, phrases))
    return found


def having(work: Connection, query: Query, clause: Clause) -> list[ColumnElement[bool]]:
    """What the text index can tell of an alternative's things and of the kinds that were asked for."""
    groups: list[list[str]] = []
    for thing in clause.things:
        if not thing.wanted or thing.is_vague or thing.concept == ANYTHING or (thing.count and thing.count[0] == 0):
            continue
        if thing.concept is None:
            groups.append([mark for colour in thing.colours for mark in (colour_mark(colour), colour)])
        else:
            groups.append(list(phrases_of(thing)))
    measured = [kind for kind, wanted in query.kinds if wanted and kind in KINDS]
    if len(measured) == 1:
        groups.append([KIND_MARK + measured[0]])
    return [matching(work, groups)] if groups else []


def _size(limits: Limits) -> ColumnElement[bool]:
    field = FIELDS[limits.field]
    bounds = []
    if limits.least is not None:
        bounds.append(field >= limits.least)
    if limits.most is not None:
        bounds.append(field <= limits.most)
    return and_(*bounds)


def _shape(shape: Orientation) -> ColumnElement[bool]:
    # In whole numbers, which every database divides alike.
    low, high = (Image.width * 100 >= Image.height * int(edge * 100) for edge in SQUARE)
    match shape:
        case "square":
            return and_(low, Image.width * 100 <= Image.height * int(SQUARE[1] * 100))
        case "landscape":
            return and_(high, Image.width * 100 != Image.height * int(SQUARE[1] * 100))
        case "portrait":
            return not_(low)


def _periods(query: Query) -> list[ColumnElement[bool]]:
    wanted = [period for period, asked in query.periods if asked]
    found = [not_(_within(period)) for period, asked in query.periods if not asked]
    if wanted and _apart(wanted):
        # "in 2019 or 2021": nothing is of both.
        return [*found, or_(*(_within(period) for period in wanted))]
    return [*found, *(_within(period) for period in wanted)]


def _apart(periods: list[Period]) -> bool:
    """Whether no instant is in all of them."""
    since = max((period.since for period in periods if period.since), default=None)
    until = min((period.until for period in periods if period.until), default=None)
    return since is not None and until is not None and since >= until


def _within(period: Period) -> ColumnElement[bool]:
    """By the camera's clock, which is taken for the caller's; else by the upload."""
    by_camera: list[ColumnElement[bool]] = [Image.taken_at.is_not(None)]
    by_upload: list[ColumnElement[bool]] = [Image.taken_at.is_(None)]
    if period.since is not None:
        by_camera.append(Image.taken_at >= period.since.replace(tzinfo=None).isoformat(timespec="seconds"))
        by_upload.append(Image.created_at >= period.since.astimezone(UTC))
    if period.until is not None:
        by_camera.append(Image.taken_at < period.until.replace(tzinfo=None).isoformat(timespec="seconds"))
        by_upload.append(Image.created_at < period.until.astimezone(UTC))
    return or_(and_(*by_camera), and_(*by_upload))


def _near(place: Place) -> ColumnElement[bool]:
    """A square around the point, which at such distances is near enough to a circle."""
    degrees = place.km / KM_PER_DEGREE
    wide = degrees / max(0.01, math.cos(math.radians(place.latitude)))
    return and_(
        Image.latitude.between(place.latitude - degrees, place.latitude + degrees),
        Image.longitude.between(place.longitude - wide, place.longitude + wide),
    )


def _in_folder(work: Connection, owner_id: str, name: str, wanted: bool) -> ColumnElement[bool]:
    """In a folder of this name, or below one. Where there is none, nothing is."""
    folders = work.execute(select(Folder.id, Folder.parent_id, Folder.name).where(Folder.owner_id == owner_id)).all()
    inside = {row.id for row in folders if fold(row.name) == name}
    grown = True
    while grown:
        below = {row.id for row in folders if row.parent_id in inside} - inside
        inside |= below
        grown = bool(below)
    if not inside:
        return false() if wanted else Image.id.is_not(None)
    there = Image.folder_id.in_(inside)
    return there if wanted else or_(Image.folder_id.is_(None), not_(there))
