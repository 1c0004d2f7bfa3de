"""Finding pictures by words."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, jsonify, url_for
from flask_openapi3 import APIBlueprint, Tag

from routes.auth import signed
from routes.current import base_url, owner_id, services
from routes.parsing import iso, validated
from routes.search_schemas import FoundImages, ImageQuery
from routes.session_schemas import Problem
from routes.videos import as_context
from services.library.found import Hit
from services.library.videos import SceneOf

MEDIUM_SIDE = 1024
ERRORS: dict[str | int, Any] = dict.fromkeys((400, 415, 422), Problem)

bp = APIBlueprint("search", __name__, url_prefix="/api/v2", abp_tags=[Tag(name="Search", description="Find pictures.")])


@bp.post("/chat/images/search", responses={200: FoundImages, **ERRORS})
@validated
def for_chat(body: ImageQuery) -> Response:
    """Find pictures for a chat by what is in them, their colours, words, dates and kind."""
    return answer(body)


@bp.post("/search/images", responses={200: FoundImages, **ERRORS})
@validated
def images(body: ImageQuery) -> Response:
    """The same without a chat."""
    return answer(body)


def answer(body: ImageQuery) -> Response:
    search = services().image_search
    now = datetime.now(ZoneInfo(body.timezone))
    found = search.match(owner_id(), body.query, now, search_type=body.search_type, without=body.without)
    page = search.hits(owner_id(), found.matches[body.offset : body.offset + body.limit])
    scenes = services().videos.scenes_of(owner_id(), [hit.known.image.id for hit in page if hit.known.image.video_id])
    return jsonify(
        {
            "results": [present(hit, scenes.get(hit.known.image.id)) for hit in page],
            "total_count": len(found.matches),
            "query_interpretation": {
                "original_query": body.query,
                "filters_applied": list(found.query.filters),
                "search_type": found.search_type,
            },
        }
    )


def present(hit: Hit, scene: SceneOf | None) -> dict[str, Any]:
    image = hit.known.image
    description = image.description or hit.known.caption or hit.known.told or image.filename
    thumbnail = base_url() + signed(url_for("classic.image_thumbnail", image_id=image.id))
    return {
        "image_id": image.id,
        "description": description,
        "confidence": hit.confidence,
        "relevance_score": hit.relevance,
        "thumbnail_url": thumbnail,
        "medium_url": f"{thumbnail}{'&' if '?' in thumbnail else '?'}size={MEDIUM_SIDE}",
        "full_url": base_url() + signed(url_for("classic.image_file", image_id=image.id)),
        "created_at": iso(image.created_at),
        "filename": image.filename,
        "matched": list(hit.matched),
        "scene": as_context(scene, description) if scene else None,
    }
