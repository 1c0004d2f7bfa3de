"""Shapes of the image search."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, Field
from pydantic_core import PydanticCustomError

from routes.library_schemas import SceneFound
from routes.parsing import Body, clean, filled
from services.library.found import SearchType


def zone(name: str) -> str:
    """Refuse what is no time zone."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise PydanticCustomError("zone", "It is not a time zone such as Asia/Kolkata.") from None
    return name


Filter = Annotated[str, Field(max_length=600), AfterValidator(clean)]


class ImageQuery(Body):
    query: Annotated[str, Field(max_length=500), AfterValidator(clean), AfterValidator(filled)] = Field(
        examples=["red cars from last week"]
    )
    limit: int = Field(default=50, ge=1, le=100)
    offset: int = Field(default=0, ge=0, le=1_000_000_000)
    timezone: Annotated[str, Field(max_length=64), AfterValidator(zone)] = Field(
        default="UTC", description="IANA name of the zone whose days are meant."
    )

    search_type: SearchType | None = Field(
        default=None,
        description="How to look for what the rules do not understand: `keyword` by its words, `semantic` by its "
        "meaning, `hybrid` by both, which is the default.",
    )
    without: Annotated[list[Filter], Field(max_length=64)] = Field(
        default=[],
        description="Parts of an earlier answer's `filters_applied` that were not meant: the query is understood as "
        "if they had not been said.",
        examples=[["date: last 7 days"]],
    )


class FoundImage(BaseModel):
    image_id: str
    description: str
    confidence: float | None
    relevance_score: float
    thumbnail_url: str
    medium_url: str
    full_url: str
    created_at: str
    filename: str
    matched: list[str] = Field(description="What it was found by.")
    scene: SceneFound | None = Field(description="The stretch of a video the picture stands for, if it is a frame.")


class Interpretation(BaseModel):
    original_query: str
    filters_applied: list[str]
    search_type: SearchType


class FoundImages(BaseModel):
    results: list[FoundImage]
    total_count: int
    query_interpretation: Interpretation
