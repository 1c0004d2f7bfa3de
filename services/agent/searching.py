"""SearchAgent's tool: find pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from models.media import Image
from services.agent.evidence import Found, Picture, ResultSet, Scene
from services.agent.planted import is_planted
from services.agent.reach import DATA, Reach, as_picture, texts_in
from services.agent.tool import Outcome, Tool
from services.agent.wording import counted, say
from services.content import ToolSpec
from services.library import folder_rows
from services.library.found import Hit, Match
from services.library.search import ImageSearch
from services.library.videos import Videos

AGENT = "SearchAgent"
USUAL, MOST = 20, 50
KEPT = 1000
"""Ids of one search that its key stands for."""
SPEC = ToolSpec(
    "search_images",
    "Find the user's pictures by what is in them, colours, dates, words that can be read, file type or name. Gives "
    "only what matches, the most relevant first; `ref` names all of it. Without a query: all, the newest first.",
    {
        "type": "object",
        "properties": {
            "query": {
                "type": "string",
                "minLength": 1,
                "maxLength": 500,
                "description": "What to look for, in English, Hindi or Marathi: red cars from last week",
            },
            "within": {
                "type": "array",
                "items": {"type": "string", "minLength": 1, "maxLength": 64},
                "maxItems": 100,
                "description": "Only among these: ids, or the `ref` of an earlier result.",
            },
            "only": {
                "type": "string",
                "enum": ["photos", "scenes"],
                "description": "photos: no frames of videos. scenes: nothing else. Default both.",
            },
            "offset": {"type": "integer", "minimum": 0, "maximum": 100_000, "description": "How many to pass over."},
            "limit": {"type": "integer", "minimum": 1, "maximum": MOST, "description": f"Default {USUAL}."},
        },
        "additionalProperties": False,
    },
)


_FRAMES = {"photos": Image.video_id.is_(None), "scenes": Image.video_id.is_not(None)}


def tools(reach: Reach, search: ImageSearch, videos: Videos) -> tuple[Tool, ...]:
    return (
        Tool(
            SPEC,
            AGENT,
            lambda arguments: _search(reach, search, videos, arguments),
            phase="searching",
            doing=say("doing_search_images", reach.language),
            describe=lambda given: (
                say("why_search_images", reach.language, query=given["query"][:200])
                if given.get("query")
                else say("why_list_images", reach.language)
            ),
        ),
    )


def _search(reach: Reach, search: ImageSearch, videos: Videos, arguments: dict[str, Any]) -> Outcome:
    offset, limit = arguments.get("offset", 0), arguments.get("limit", USUAL)
    among, only = _among(reach, arguments), arguments.get("only")
    understood: tuple[str, ...] = ()
    if arguments.get("query"):
        found = search.match(reach.owner_id, arguments["query"], reach.now, among=among)
        understood, matches = found.query.filters, found.matches
        if only:
            frames = reach.frames([match.image_id for match in matches])
            matches = tuple(match for match in matches if (match.image_id in frames) == (only == "scenes"))
    else:
        matches = _as_they_are(reach, among, only or ("photos" if among is None else None))
    shown = search.hits(reach.owner_id, matches[offset : offset + limit])
    pictures = tuple(
        as_picture(hit.known.image, hit.known.caption, confidence=hit.confidence, relevance=_relevance(hit))
        for hit in shown
    )
    content = {
        "total": len(matches),
        "offset": offset,
        "understood": list(understood),
        "note": DATA,
        "data": [_told(picture, hit) for picture, hit in zip(pictures, shown, strict=True)],
    }
    return Outcome(
        content,
        Found(
            pictures=pictures,
            scenes=_scenes(reach, videos, [hit.known.image for hit in shown], pictures),
            results=ResultSet(
                "images",
                tuple(match.image_id for match in matches[:KEPT]),
                counted("label_pictures", reach.language, len(matches)),
            ),
            planted=_planted(reach, shown, pictures),
        ),
    )


def _among(reach: Reach, arguments: dict[str, Any]) -> tuple[str, ...] | None:
    """Ids of the pictures to look among; None for all of the owner's."""
    if not arguments.get("within"):
        return reach.image_ids
    chosen = reach.ids(arguments["within"])
    return tuple(one for one in chosen if reach.image_ids is None or one in reach.image_ids)


def _as_they_are(reach: Reach, among: Sequence[str] | None, only: str | None) -> tuple[Match, ...]:
    """Pictures as if they matched: those given, in their order; else all, the newest first."""
    asked = select(Image.id, Image.created_at).where(reach.images(), *([_FRAMES[only]] if only else []))
    with reach.database.read() as session:
        if among is None:
            rows = session.execute(asked.order_by(Image.created_at.desc(), Image.id.desc())).all()
            return tuple(Match(row.id, row.created_at, 0.0, None, ()) for row in rows)
        batches = folder_rows.batched(among)
        created = {
            row.id: row.created_at for some in batches for row in session.execute(asked.where(Image.id.in_(some)))
        }
    return tuple(Match(one, created[one], 0.0, None, ()) for one in among if one in created)


def _told(picture: Picture, hit: Hit) -> dict[str, Any]:
    """What a model is told of a picture that was found."""
    return {
        "id": picture.image_id,
        "filename": picture.filename,
        "title": picture.title,
        "description": picture.description,
        "relevance": picture.relevance,
        "matched": list(hit.matched),
    }


def _relevance(hit: Hit) -> float | None:
    """None where nothing was looked for."""
    return hit.relevance or None


def _planted(reach: Reach, shown: Sequence[Hit], pictures: Sequence[Picture]) -> tuple[str, ...]:
    read = texts_in(reach.database, [hit.known.image.sha256 for hit in shown])
    return tuple(
        one.filename
        for one, hit in zip(pictures, shown, strict=True)
        if is_planted(one.filename, one.title, one.description, read.get(hit.known.image.sha256))
    )


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
