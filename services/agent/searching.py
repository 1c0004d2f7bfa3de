"""SearchAgent's tool: find pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from models.media import Image
from services.agent.evidence import Found, Picture, ResultSet, Scene
from services.agent.planted import is_planted
from services.agent.reach import DATA, Reach, as_picture, texts_in
from services.agent.tool import Outcome, Tool
from services.agent.wording import counted
from services.content import ToolSpec
from services.library.search import ImageSearch
from services.library.videos import Videos

AGENT = "SearchAgent"
USUAL, MOST = 20, 50
KEPT = 1000
"""Ids of one search that its key stands for."""
SPEC = ToolSpec(
    "search_images",
    "Find the user's pictures by what is in them, colours, dates, words that can be read, file type or name. Gives "
    "only what matches, the most relevant first; `ref` names all of it.",
    {
        "type": "object",
        "properties": {
            "query": {
                "type": "string",
                "minLength": 1,
                "maxLength": 500,
                "description": "What to look for, in English, Hindi or Marathi: red cars from last week",
            },
            "limit": {"type": "integer", "minimum": 1, "maximum": MOST, "description": f"Default {USUAL}."},
        },
        "required": ["query"],
        "additionalProperties": False,
    },
)


def tools(reach: Reach, search: ImageSearch, videos: Videos) -> tuple[Tool, ...]:
    def run(arguments: dict[str, Any]) -> Outcome:
        return _search(reach, search, videos, arguments["query"], arguments.get("limit", USUAL))

    return (
        Tool(
            SPEC,
            AGENT,
            run,
            phase="searching",
            doing="Searching images...",
            describe=lambda given: f"Looking for pictures that match “{given['query'][:200]}”.",
        ),
    )


def _search(reach: Reach, search: ImageSearch, videos: Videos, wanted: str, limit: int) -> Outcome:
    found = search.match(reach.owner_id, wanted, reach.now, among=reach.image_ids)
    total = len(found.matches)
    shown = search.hits(reach.owner_id, found.matches[:limit])
    pictures = tuple(
        as_picture(hit.known.image, hit.known.caption, confidence=hit.confidence, relevance=hit.relevance)
        for hit in shown
    )
    scenes = _scenes(reach, videos, [hit.known.image for hit in shown], pictures)
    read = texts_in(reach.database, [hit.known.image.sha256 for hit in shown])
    planted = [
        one.filename
        for one, hit in zip(pictures, shown, strict=True)
        if is_planted(one.filename, one.title, one.description, read.get(hit.known.image.sha256))
    ]
    content = {
        "total": total,
        "understood": list(found.query.filters),
        "note": DATA,
        "data": [
            {
                "id": picture.image_id,
                "filename": picture.filename,
                "title": picture.title,
                "description": picture.description,
                "relevance": picture.relevance,
                "matched": list(hit.matched),
            }
            for picture, hit in zip(pictures, shown, strict=True)
        ],
    }
    label = counted("label_pictures", reach.language, total)
    results = ResultSet("images", tuple(match.image_id for match in found.matches[:KEPT]), label)
    return Outcome(content, Found(pictures=pictures, scenes=scenes, results=results, planted=tuple(planted)))


def _scenes(reach: Reach, videos: Videos, images: Sequence[Image], pictures: Sequence[Picture]) -> tuple[Scene, ...]:
    """The scenes of videos that some of the pictures stand for."""
    found = videos.scenes_of(reach.owner_id, [image.id for image in images if image.video_id])
    return tuple(
        Scene(
            one.video.id,
            one.video.filename,
            one.scene.position,
            one.scene.start_ms,
            one.scene.end_ms,
            one.scene.frame_ms,
            picture.image_id,
            picture.description,
        )
        for picture in pictures
        if (one := found.get(picture.image_id)) is not None
    )
