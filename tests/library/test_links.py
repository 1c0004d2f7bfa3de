"""Links between pictures and documents over HTTP."""

from __future__ import annotations

import io
from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_openapi3 import OpenAPI
from sqlalchemy import update

from models.library import Document
from tests.conftest import services_of
from tests.library.test_images_api import NOBODY, kept


def document(client: FlaskClient) -> str:
    form = {"file": (io.BytesIO(b"Some words."), "notes.txt")}
    return client.post("/api/v2/documents", data=form).json["results"][0]["document"]["id"]


@pytest.fixture
def pair(shared_app: OpenAPI, library: FlaskClient) -> dict[str, Any]:
    """A picture and a document of which two pages are known."""
    found = {"image_id": kept(library)["id"], "document_id": document(library)}
    with services_of(shared_app).database.write() as session:
        session.execute(update(Document).values(page_count=2))
    return found


def test_made_listed_and_taken_away(library: FlaskClient, pair: dict[str, Any]) -> None:
    response = library.post("/api/v2/links", json={**pair, "page": 1, "title": " The sign ", "note": "Seen there."})
    assert response.status_code == 201
    link = response.json
    assert link == link | pair | {"page": 1, "title": "The sign", "note": "Seen there."}
    whole = library.post("/api/v2/links", json=pair).json
    assert (whole["page"], whole["title"]) == (None, "notes.txt")
    assert [one["id"] for one in library.get("/api/v2/links").json["links"]] == [whole["id"], link["id"]]
    page = library.get("/api/v2/links?limit=1").json
    assert (len(page["links"]), page["total_count"], page["has_more"]) == (1, 2, True)
    assert library.get(f"/api/v2/links?image_id={pair['image_id'].upper()}").json["total_count"] == 2
    assert library.get(f"/api/v2/links?document_id={NOBODY}").json["total_count"] == 0
    assert library.delete(f"/api/v2/links/{link['id']}").status_code == 204
    assert library.delete(f"/api/v2/links/{link['id']}").json["code"] == "LINK_NOT_FOUND"


def test_the_same_twice(library: FlaskClient, pair: dict[str, Any]) -> None:
    first = library.post("/api/v2/links", json={**pair, "page": 1}).json
    again = library.post("/api/v2/links", json={**pair, "page": 1, "title": "other"})
    assert (again.status_code, again.json["code"]) == (409, "LINK_EXISTS")
    assert again.json["context"] == {"link_id": first["id"]}


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"image_id": NOBODY}, 404, "IMAGE_NOT_FOUND"),
        ({"document_id": NOBODY}, 404, "DOCUMENT_NOT_FOUND"),
        ({"page": 1000}, 422, "VALIDATION_ERROR"),
        ({"page": 0}, 422, "VALIDATION_ERROR"),
        ({"page": "1"}, 422, "VALIDATION_ERROR"),
        ({"title": "t" * 256}, 422, "VALIDATION_ERROR"),
        ({"note": "n" * 2001}, 422, "VALIDATION_ERROR"),
        ({"image_id": None}, 422, "VALIDATION_ERROR"),
    ],
)
def test_links_that_cannot_be(
    library: FlaskClient, pair: dict[str, Any], change: dict[str, Any], status: int, code: str
) -> None:
    response = library.post("/api/v2/links", json=pair | change)
    assert (response.status_code, response.json["code"]) == (status, code)


@pytest.mark.parametrize("end", ["image", "document"])
def test_a_link_goes_with_either_end(library: FlaskClient, pair: dict[str, Any], end: str) -> None:
    library.post("/api/v2/links", json=pair)
    assert library.delete(f"/api/v2/{end}s/{pair[f'{end}_id']}").status_code == 204
    assert library.get("/api/v2/links").json["total_count"] == 0
