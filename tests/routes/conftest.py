"""A server in a process of its own, asked over real sockets, with a mock vendor behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest

from tests.conftest import picture
from tests.mock.aimock import Aimock
from tests.server import Server, running

StartServer = Callable[..., Server]

ANSWER = "A small red picture, red all over."


def upstream(mock: Aimock) -> dict[str, str]:
    """Settings that have the mock answer for OpenAI about pictures; nothing else leaves the machine."""
    return {
        "VISION_PROVIDER": "openai",
        "OPENAI_BASE_URL": mock.openai_url,
        "OPENAI_API_KEY": "test-key",
        "IMAGE_PROVIDER": "local",
        "STT_PROVIDER": "local",
        "TTS_PROVIDER": "local",
    }


@pytest.fixture(scope="session")
def server(aimock_server: Aimock, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for a worker's whole run."""
    with running(tmp_path_factory.mktemp("server"), **upstream(aimock_server)) as started:
        yield started


@pytest.fixture
def answering(aimock: Aimock) -> Aimock:
    """A mock that answers everything with `ANSWER`."""
    aimock.answer({"content": ANSWER})
    return aimock


@pytest.fixture
def api(server: Server) -> Iterator[httpx2.Client]:
    with client_of(server) as client:
        yield client


@pytest.fixture
def start_server(aimock: Aimock, tmp_path: Path) -> Iterator[StartServer]:
    """Starts servers of this test's own, over one folder: the next one is the last one started again."""
    started: list[Server] = []

    def start(**settings: str) -> Server:
        started.append(Server(tmp_path, **(upstream(aimock) | settings)))
        return started[-1]

    yield start
    for one in started:
        one.stop()


def client_of(server: Server) -> httpx2.Client:
    return httpx2.Client(base_url=server.url, trust_env=False, timeout=30)


def uploaded(client: httpx2.Client, data: bytes | None = None, name: str = "photo.jpg") -> str:
    """Upload a picture; its id."""
    response = client.post("/upload", files={"file": (name, picture() if data is None else data)})
    assert response.status_code == 201, response.text
    return str(response.json()["image_id"])
