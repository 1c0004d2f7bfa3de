"""The text index of pictures' words: FTS5 on SQLite, text search on PostgreSQL; what a user types is always data."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, and_, bindparam, column, false, func, or_, select, table, text

from models.database import dialect_of
from models.media import ImageWords
from services.answers.text_folding import LETTER

_WORDS = re.compile(rf"{LETTER}+")

_INDEX = table("image_text", column("rowid"))

Groups = Sequence[Sequence[str]]
"""Phrases: of each group one has to be there."""


def matching(work: Connection, groups: Groups) -> ColumnElement[bool]:
    """Whether an `ImageWords` has a phrase of each group, in any form of its words."""
    phrases = [[_phrase(phrase) for phrase in group] for group in groups]
    kept = [[phrase for phrase in group if phrase] for group in phrases]
    if not all(kept):
        return false()  # a group whose phrases hold no word
    if dialect_of(work) == "sqlite":
        # Each phrase is quoted, and holds letters, digits and spaces alone.
        query = " AND ".join("(" + " OR ".join(f'"{phrase}"' for phrase in group) + ")" for group in kept)
        found = select(_INDEX.c.rowid).where(
            text("image_text MATCH :words").bindparams(bindparam("words", query, unique=True))
        )
        return ImageWords.number.in_(found)
    indexed = func.to_tsvector(text("'english'"), ImageWords.words)
    return and_(
        *(
            or_(*(indexed.bool_op("@@")(func.phraseto_tsquery(text("'english'"), phrase)) for phrase in group))
            for group in kept
        )
    )


def pictures_with(work: Connection, owner_id: str, *phrases: str) -> set[str]:
    """The owner's pictures that have one of some phrases."""
    found = select(ImageWords.image_id).where(ImageWords.owner_id == owner_id, matching(work, [phrases]))
    return set(work.execute(found).scalars())


def _phrase(phrase: str) -> str:
    return " ".join(_WORDS.findall(phrase))
