"""What a search for pictures gives."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from models.media import Image
from services.library.query import Query

SearchType = Literal["semantic", "keyword", "hybrid"]


@dataclass(frozen=True, slots=True)
class Known:
    """A picture with what is said of it."""

    image: Image
    caption: str
    told: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A picture that matches.

    Args:
        relevance: 0-1, how likely it is what was meant.
        confidence: of the least sure thing found in it; None where no thing was asked for.
        matched: what it was found by, in words.
    """

    known: Known
    relevance: float
    confidence: float | None
    matched: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Match:
    """A picture that matches, by its id alone."""

    image_id: str
    created_at: datetime
    relevance: float
    confidence: float | None
    matched: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Matches:
    """Every picture that matches, the likeliest first.

    Args:
        search_type: what was looked at: things and words alone are `keyword` once words were left that the rules did
            not understand; with their meaning it is `hybrid`; what was wholly understood, or looked for by meaning
            alone, is `semantic`.
    """

    query: Query
    matches: tuple[Match, ...]
    search_type: SearchType
