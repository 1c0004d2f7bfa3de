"""Pictures and scenes as answers show them: with links that work in a page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from flask import url_for

from routes.auth import signer
from routes.current import base_url
from routes.wire import Present
from services.agent.evidence import Picture, Scene

Relink = Callable[[list[dict[str, Any]]], list[dict[str, Any]]]
_ID = "00000000-0000-4000-8000-000000000000"


def presenter() -> Present:
    """Makes of a picture what `image_context` tells of it, and of a scene what `scene_context` does. Made in a request,
    it can be called after its end, anywhere."""
    base, sign = base_url(), signer()
    thumbnail = url_for("classic.image_thumbnail", image_id=_ID)
    file = url_for("classic.image_file", image_id=_ID)
    video = url_for("videos.file", video_id=_ID)

    def link(path: str, of: str) -> str:
        return base + sign(path.replace(_ID, of))

    def present(shown: Picture | Scene) -> dict[str, Any]:
        if isinstance(shown, Scene):
            stretch = f"#t={shown.start_ms / 1000:g},{shown.end_ms / 1000:g}"
            links = {
                "thumbnail_url": link(thumbnail, shown.image_id),
                "url": link(video, shown.video_id) + stretch,
            }
            return asdict(shown) | links
        told = {
            "image_id": shown.image_id,
            "thumbnail_url": link(thumbnail, shown.image_id),
            "description": shown.description,
            "confidence": shown.confidence,
            "title": shown.title or shown.filename,
            "stored_url": link(file, shown.image_id),
            "filename": shown.filename,
        }
        return told if shown.relevance is None else told | {"relevance_score": shown.relevance}

    return present


def relinker() -> Relink:
    """Gives pictures that were kept with an answer links of today: signed ones open for a day."""
    base, sign = base_url(), signer()

    def link(endpoint: str, image_id: str) -> str:
        return base + sign(url_for(endpoint, image_id=image_id))

    def relink(pictures: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [
            picture
            | {
                "thumbnail_url": link("classic.image_thumbnail", picture["image_id"]),
                "stored_url": link("classic.image_file", picture["image_id"]),
            }
            for picture in pictures
        ]

    return relink
