"""A library on a running server, with pictures and a manual in it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx2

from tests.server import Server

if TYPE_CHECKING:
    from tests.pages.conftest import Visit

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


@contextmanager
def filled(server: Server, pictures: Mapping[str, bytes]) -> Iterator[LibrarySite]:
    """A server's library with these pictures, by their names, and the manual, all of them looked at and read."""
    with httpx2.Client(base_url=f"{server.url}/api/v2/", timeout=30, trust_env=False) as http:
        manual = sent(http, "documents", "Pump manual.md", MANUAL.encode())
        ids = {name: sent(http, "images", name, content) for name, content in pictures.items()}
        for path in (f"documents/{manual}", *(f"images/{image}" for image in ids.values())):
            until_ready(http, path)
        yield LibrarySite(server, http, ids, manual)
