"""The OpenAPI document of every surface."""

from __future__ import annotations

from typing import Any, cast

from flask import current_app
from flask_openapi3 import Info, OpenAPI

INFO = Info(
    title="Visual Assistant",
    version="1.0.0",
    description="Send pictures and talk about them: OpenAI-shaped chat, voice, editing by conversation, and agents.",
)
SECURITY: dict[str, Any] = {"bearer": {"type": "http", "scheme": "bearer"}}


def document() -> dict[str, Any]:
    """The document, as the library gathers it from the views' annotations."""
    return cast(OpenAPI, current_app).api_doc
