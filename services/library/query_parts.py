"""A query without some of what was understood of it, for somebody who did not mean that part."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from services.library.query import Clause, Query, told
from services.library.query_filters import FAMILY
from services.library.query_things import Thing


def without(query: Query, parts: Collection[str]) -> Query:
    """The query as if some of its parts had not been said; what was not understood stays.

    Args:
        parts: of `Query.filters`; any other is passed over.
    """
    gone = frozenset(parts).intersection(query.filters)
    if not gone:
        return query
    sizes = [part for part in query.filters if part.startswith("size: ")]
    unsure = any(part.startswith("confidence: ") for part in gone)
    clauses = (_less(clause, gone, unsure=unsure) for clause in query.clauses)
    return Query(
        clauses=tuple(clause for clause in clauses if clause != Clause()),
        reads=tuple(said for said in query.reads if told("text", said.words, said.wanted) not in gone),
        periods=tuple(each for each in query.periods if told("date", each[0].words, each[1]) not in gone),
        sureness=None if unsure else query.sureness,
        orientations=tuple(each for each in query.orientations if told("orientation", *each) not in gone),
        kinds=tuple(each for each in query.kinds if told(FAMILY[each[0]], *each) not in gone),
        sizes=tuple(
            limits for limits, part in zip(dict.fromkeys(query.sizes), sizes, strict=False) if part not in gone
        ),
        folder=None if query.folder and told("folder", *query.folder) in gone else query.folder,
        place=None if any(part.startswith("near: ") for part in gone) else query.place,
        filters=tuple(part for part in query.filters if part not in gone),
    )


def _less(clause: Clause, gone: Collection[str], *, unsure: bool) -> Clause:
    things = tuple(left for thing in clause.things if (left := _left(thing, gone, unsure=unsure)) is not None)
    meaning = clause.meaning
    if things != clause.things:
        vague = any(thing.is_vague for thing in things)
        names = [thing.words for thing in things if thing.wanted]
        meaning = " ".join([*names, *clause.words]) if clause.words or vague else ""
    unwanted = tuple(word for word in clause.unwanted if f"not: {word}" not in gone)
    return replace(clause, things=things, meaning=meaning, unwanted=unwanted)


def _left(thing: Thing, gone: Collection[str], *, unsure: bool) -> Thing | None:
    """What is left of a thing; without its name its colours are looked for anywhere."""
    if thing.concept == "anything":
        return None if unsure else thing
    if not thing.wanted:
        return None if f"not: {thing.words}" in gone else thing
    colours = tuple(colour for colour in thing.colours if f"color: {colour}" not in gone)
    if thing.concept and f"object: {thing.counted}{thing.concept}" in gone:
        return Thing(None, colours) if colours else None
    if thing.concept is None and not colours:
        return None
    return thing if colours == thing.colours else replace(thing, colours=colours)
