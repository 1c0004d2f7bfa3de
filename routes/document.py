"""The OpenAPI document of every surface."""

from __future__ import annotations

import copy
from typing import Any, cast

from flask import current_app
from flask_openapi3 import Info, OpenAPI

from routes import errors

INFO = Info(
    title="Visual Assistant",
    version="1.0.0",
    description="Send pictures and talk about them: OpenAI-shaped chat, voice, editing by conversation, and agents.",
)
SECURITY: dict[str, Any] = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "A key, where the server asks for one."},
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "The same key, in its own header."},
}

AUTOMATIC = "ValidationErrorModel"
"""What the library says of every operation, and no operation here ever answers."""
ERRORS: dict[errors.Shape, tuple[str, str]] = {
    "openai": ("application/json", "ErrorBody"),
    "detail": ("application/json", "Detail"),
    "problem": ("application/problem+json", "Problem"),
}


def document() -> dict[str, Any]:
    """The document, as the library gathers it from the views' annotations, made true where it guesses."""
    found = copy.deepcopy(cast(OpenAPI, current_app).api_doc)
    for path, operations in found["paths"].items():
        for operation in operations.values():
            _correct(path, operation["responses"])
    for path, kind in ALSO:
        # Without a schema: one would be of each event, and the last, `[DONE]`, is no JSON.
        found["paths"][path]["post"]["responses"]["200"]["content"][kind] = {}
    found["paths"] |= copy.deepcopy(PAGES)
    found["components"]["schemas"].pop(AUTOMATIC, None)
    found["security"] = [{}, *({name: []} for name in SECURITY)]
    return found


def _content(shape: errors.Shape) -> dict[str, Any]:
    kind, schema = ERRORS[shape]
    return {kind: {"schema": {"$ref": f"#/components/schemas/{schema}"}}}


def _correct(path: str, responses: dict[str, Any]) -> None:
    shape = errors.shape_of(path)
    content = _content(shape)
    for status, response in responses.items():
        if status >= "400" and list(response.get("content", ())) == ["application/json"]:
            response["content"] = {ERRORS[shape][0]: response["content"]["application/json"]}
    if AUTOMATIC in str(responses.get("422")):
        del responses["422"]
        if shape == "problem":
            responses["422"] = {"description": "What was sent is not valid", "content": content}
    # Answered before anything knows whose address it is.
    responses["414"] = {"description": "The address is too long to be read", "content": _content("openai")}
    responses.setdefault("default", {"description": "Any other error", "content": content})


def _page(summary: str, kind: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "get": {
            "tags": ["Server"],
            "summary": summary,
            "security": [{}],
            "responses": {"200": {"description": "OK", "content": {kind: {"schema": schema}}}},
        }
    }


TEXT = {"type": "string"}
ALSO = (("/v1/chat/completions", "text/event-stream"),)
"""What an operation answers besides its JSON, which the library cannot be told."""
PAGES: dict[str, Any] = {
    "/": {
        "get": {
            "tags": ["Server"],
            "summary": "The page for a browser, the service's name for everything else.",
            "security": [{}],
            "responses": {
                "200": {
                    "description": "OK",
                    "content": {
                        "application/json": {
                            "schema": {
                                "type": "object",
                                "required": ["service", "version", "status"],
                                "properties": {"service": TEXT, "version": TEXT, "status": {"const": "running"}},
                            }
                        },
                        "text/html": {"schema": TEXT},
                    },
                }
            },
        }
    },
    "/healthz": _page(
        "Alive: this process answers. Nothing else is looked at.",
        "application/json",
        {"type": "object", "required": ["status"], "properties": {"status": {"const": "alive"}}},
    ),
    "/metrics": _page("Counters and timings in Prometheus's text format.", "text/plain", TEXT),
    "/docs": _page("This document to read and try.", "text/html", TEXT),
    "/openapi.json": _page("This document.", "application/json", {"type": "object"}),
}
"""What is no part of the API proper and so has no view the library knows."""
