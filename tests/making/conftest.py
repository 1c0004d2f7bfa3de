"""The studio through its API: the real application, the local editor, vendors behind a mock server."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from flask.testing import FlaskClient
from PIL import Image

from tests.conftest import MakeApp
from tests.studio.conftest import VendorServer, decoded, encoded, noise, vendor

__all__ = ["VendorServer", "decoded", "encoded", "noise", "vendor"]

NOBODY = "00000000-0000-4000-8000-000000000000"


def text64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def wish(client: FlaskClient, message: str, **fields: Any) -> Any:
    """Send a wish; pictures and masks may be bytes."""
    sent = {name: text64(value) if isinstance(value, bytes) else value for name, value in fields.items()}
    return client.post("/chat", json={"message": message, **sent})


def granted(client: FlaskClient, message: str, **fields: Any) -> dict[str, Any]:
    """The answer to a wish that is granted."""
    response = wish(client, message, **fields)
    assert response.status_code == 200, response.json
    return response.json


def shown(answer: dict[str, Any]) -> Image.Image:
    """The picture in an answer."""
    return decoded(base64.b64decode(answer["picture"], validate=True))


def refused(response: Any) -> tuple[int, str, str | None]:
    """Status, code and field of an error, whose shape is checked."""
    error = response.json["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["message"]
    assert error["type"] == ("server_error" if response.status_code >= 500 else "invalid_request_error")
    return response.status_code, error["code"], error["param"]


def work(client: FlaskClient, conversation_id: str) -> dict[str, Any]:
    """A conversation whole."""
    response = client.get(f"/studio/conversations/{conversation_id}")
    assert response.status_code == 200, response.json
    return response.json


def works(client: FlaskClient) -> list[dict[str, Any]]:
    return client.get("/studio/conversations").json["conversations"]


def gemini_says(*parts: dict[str, Any], reason: str = "STOP") -> dict[str, Any]:
    return {"candidates": [{"content": {"role": "model", "parts": list(parts)}, "index": 0, "finishReason": reason}]}


def inline(data: bytes, mime_type: str = "image/png") -> dict[str, Any]:
    return {"inlineData": {"mimeType": mime_type, "data": text64(data)}}


@pytest.fixture
def studio(make_app: MakeApp) -> FlaskClient:
    """A client of a server without keys."""
    return make_app(image_provider=("local",)).test_client()


@pytest.fixture
def gemini(make_app: MakeApp, vendor: VendorServer) -> FlaskClient:
    """A client of a server whose pictures Gemini makes, that is `vendor`."""
    return make_app(
        image_provider=("gemini",), gemini_api_key="k", gemini_base_url=vendor.url, provider_timeout_s=5.0
    ).test_client()
