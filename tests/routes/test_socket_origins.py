"""Which pages may open WebSockets."""

from __future__ import annotations

import pytest

from tests.conftest import MakeApp

UPGRADE = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "eA=="}
PATHS = ("/api/v1/stream", "/api/v2/chat/sessions/00000000-0000-4000-8000-000000000000/events")


@pytest.mark.parametrize("path", PATHS)
def test_a_page_of_a_strangers_is_refused(make_app: MakeApp, path: str) -> None:
    client = make_app(cors_origins=("https://good.example",)).test_client()
    for origin in ("https://evil.example", "null", "https://good.example.evil.example"):
        answered = client.get(path, headers={**UPGRADE, "Origin": origin})
        assert answered.status_code == 403, origin


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("origins", "origin"),
    [
        (("https://good.example",), "https://good.example"),
        (("https://good.example",), "http://localhost"),
        (("https://good.example",), None),
        (("*",), "https://any.example"),
    ],
)
def test_others_come_as_far_as_the_handshake(
    make_app: MakeApp, caplog: pytest.LogCaptureFixture, path: str, origins: tuple[str, ...], origin: str | None
) -> None:
    client = make_app(cors_origins=origins).test_client()
    headers = UPGRADE | ({"Origin": origin} if origin else {})
    # The test client has no socket to shake hands over.
    assert client.get(path, headers=headers).status_code == 500
    assert "Cannot obtain socket" in caplog.text
