"""A server on its own eyes with a small library: two photographs and a manual, looked at and read."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.pages.conftest import Visit, photo
from tests.server import Server, running
from tests.vision.conftest import models_dir

__all__ = ["library", "models_dir"]

READY_TIMEOUT_S = 120
MANUAL = (
    """# Pump manual

This manual tells how the pump is installed, run and cared for.

## Maintenance

| Part | Interval |
|------|----------|
| Seal | 500 hours |

If you see rust on the flange, clean it with a wire brush and apply zinc paint.

## The impeller

"""
    + "The impeller turns clockwise. " * 100
)


@dataclass
class LibrarySite:
    """A running server, and what it holds by name."""

    server: Server
    http: httpx2.Client
    pictures: dict[str, str]
    manual: str

    @property
    def url(self) -> str:
        return self.server.url

    def open(self, visit: Visit, place: str) -> None:
        visit.open(f"{self.url}/#/{place}")

    def folder(self, name: str, parent: str | None = None) -> str:
        return str(self.json("POST", "folders", json={"name": name, "parent_id": parent})["id"])

    def picture(self, name: str, content: bytes, **fields: str) -> str:
        return sent(self.http, "images", name, content, **fields)

    def document(self, name: str, content: bytes, **fields: str) -> str:
        return sent(self.http, "documents", name, content, **fields)

    def json(self, method: str, path: str, **more: Any) -> Any:
        response = self.http.request(method, path, **more)
        assert response.is_success, response.text
        return response.json() if response.content else None


def sent(http: httpx2.Client, kind: str, name: str, content: bytes, **fields: str) -> str:
    """Upload a file; its id."""
    response = http.post(kind, files={"file": (name, content)}, data=fields)
    assert response.is_success, response.text
    (result,) = response.json()["results"]
    return str(result[kind[:-1]]["id"])


def until_ready(http: httpx2.Client, path: str) -> dict[str, Any]:
    """Wait until something is looked at or read, or cannot be."""
    deadline = time.monotonic() + READY_TIMEOUT_S
    while time.monotonic() < deadline:
        found: dict[str, Any] = http.get(path).json()
        if found.get("analysis", found)["status"] in ("ready", "failed"):
            return found
        time.sleep(0.1)
    raise AssertionError(f"{path} is still not ready")


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory, models_dir: Path) -> Iterator[LibrarySite]:
    folder = tmp_path_factory.mktemp("library")
    with (
        running(folder, VISION_PROVIDER="local", MODELS_DIR=str(models_dir)) as server,
        httpx2.Client(base_url=f"{server.url}/api/v2/", timeout=30, trust_env=False) as http,
    ):
        manual = sent(http, "documents", "Pump manual.md", MANUAL.encode())
        names = {"coffee": "coffee.jpg", "chelsea": "cat.jpg"}
        pictures = {file: sent(http, "images", file, photo(sample)) for sample, file in names.items()}
        for path in (f"documents/{manual}", *(f"images/{image}" for image in pictures.values())):
            assert until_ready(http, path)["id"]
        yield LibrarySite(server, http, pictures, manual)
