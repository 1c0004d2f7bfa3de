"""Pictures as answers show them: with links that work in a page."""

from __future__ import annotations

from typing import Any

from flask import url_for

from routes.auth import signer
from routes.current import base_url
from routes.wire import Present
from services.agent.evidence import Picture

_ID = "00000000-0000-4000-8000-000000000000"


def presenter() -> Present:
    """Makes a picture what `image_context` tells of it. Made in a request, it can be called after its end, anywhere."""
    base, sign = base_url(), signer()
    thumbnail = url_for("classic.image_thumbnail", image_id=_ID)
    file = url_for("classic.image_file", image_id=_ID)

    def present(picture: Picture) -> dict[str, Any]:
        shown = {
            "image_id": picture.image_id,
            "thumbnail_url": base + sign(thumbnail.replace(_ID, picture.image_id)),
            "description": picture.description,
            "confidence": picture.confidence,
            "title": picture.title or picture.filename,
            "stored_url": base + sign(file.replace(_ID, picture.image_id)),
            "filename": picture.filename,
        }
        if picture.relevance is not None:
            shown["relevance_score"] = picture.relevance
        return shown

    return present
