"""What another takes away at the very moment something comes to refer to it: not found, on either kind of database."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask_openapi3 import OpenAPI
from sqlalchemy import delete, insert, select, update

from models.base import LOCAL_OWNER
from models.library import Document, DocumentChunk, Embedding, Folder
from models.media import Image, ImageWords
from services.library import folder_rows
from services.library.image_index import ImageIndex
from tests import hosts
from tests.conftest import MakeApp, picture, services_of

HELD_S = 0.3
"""So long the deletion is not committed, while the request that wants to refer to what goes comes and waits."""
TABLES: Mapping[str, Any] = {"image": Image, "document": Document, "folder": Folder}


class Shelf:
    """One picture, document, folder and session, and requests about them."""

    def __init__(self, app: OpenAPI) -> None:
        self.app = app
        self.ids = {
            "image": self.upload("images").json["results"][0]["image"]["id"],
            "document": self.upload("documents").json["results"][0]["document"]["id"],
            "folder": self.send("POST", "folders", json={"name": "Trips"}).json["id"],
            "other": self.send("POST", "folders", json={"name": "Other"}).json["id"],
            "session": self.send("POST", "chat/sessions", json={}).json["session_id"],
        }

    def send(self, method: str, path: str, **sent: Any) -> Any:
        return self.app.test_client().open(f"/api/v2/{path}", method=method, **sent)

    def upload(self, kind: str, **form: str) -> Any:
        field, name, data = (
            ("files", "a.jpg", picture()) if kind == "images" else ("file", "a.md", b"# Rust\n\nOil it.")
        )
        return self.send("POST", kind, data=form | {field: (io.BytesIO(data), name)})


REFERRING: Mapping[str, tuple[str, Callable[[Shelf, Mapping[str, str]], Any]]] = {
    "a session's pictures": (
        "image",
        lambda shelf, at: shelf.send("PUT", f"chat/sessions/{at['session']}/images", json={"image_ids": [at["image"]]}),
    ),
    "a session's documents": (
        "document",
        lambda shelf, at: shelf.send(
            "PUT", f"chat/sessions/{at['session']}/documents", json={"document_ids": [at["document"]]}
        ),
    ),
    "a new session": (
        "image",
        lambda shelf, at: shelf.send("POST", "chat/sessions", json={"initial_image_ids": [at["image"]]}),
    ),
    "a link's picture": (
        "image",
        lambda shelf, at: shelf.send("POST", "links", json={"image_id": at["image"], "document_id": at["document"]}),
    ),
    "a link's document": (
        "document",
        lambda shelf, at: shelf.send("POST", "links", json={"image_id": at["image"], "document_id": at["document"]}),
    ),
    "a picture put into a folder": (
        "folder",
        lambda shelf, at: shelf.send("PATCH", f"images/{at['image']}", json={"folder_id": at["folder"]}),
    ),
    "a document put into a folder": (
        "folder",
        lambda shelf, at: shelf.send("PATCH", f"documents/{at['document']}", json={"folder_id": at["folder"]}),
    ),
    "a picture uploaded into a folder": ("folder", lambda shelf, at: shelf.upload("images", folder_id=at["folder"])),
    "a document uploaded into a folder": (
        "folder",
        lambda shelf, at: shelf.upload("documents", folder_id=at["folder"]),
    ),
    "a folder in a folder": (
        "folder",
        lambda shelf, at: shelf.send("POST", "folders", json={"name": "In it", "parent_id": at["folder"]}),
    ),
    "a folder moved into a folder": (
        "folder",
        lambda shelf, at: shelf.send("PATCH", f"folders/{at['other']}", json={"parent_id": at["folder"]}),
    ),
}


@pytest.fixture(params=["sqlite", "postgresql"])
def shelf(request: pytest.FixtureRequest, make_app: MakeApp) -> Shelf:
    return Shelf(make_app(**({} if request.param == "sqlite" else {"database_url": hosts.postgres().fresh()})))


@pytest.mark.parametrize("name", REFERRING)
def test_what_goes_meanwhile_is_not_found(shelf: Shelf, name: str) -> None:
    kind, refer = REFERRING[name]
    table, database = TABLES[kind], services_of(shelf.app).database
    with ThreadPoolExecutor(1) as pool:
        with database.write() as session:
            session.execute(delete(table).where(table.id == shelf.ids[kind]))
            asked = pool.submit(refer, shelf, shelf.ids)
            threading.Event().wait(HELD_S)
            assert not asked.done()
        response = asked.result(20)
    told = response.json
    if response.status_code == 201 and "results" in told:
        told = told["results"][0]["error"]
    else:
        assert response.status_code == 404
    assert told["code"].lower() == f"{kind}_not_found"


@pytest.mark.parametrize("contents", ["keep", "delete"])
def test_what_comes_into_a_folder_that_goes_is_not_lost(shelf: Shelf, contents: str) -> None:
    """Whoever deletes a folder waits for what is just put into it, which comes to lie where the folder lay."""
    with ThreadPoolExecutor(1) as pool:
        with services_of(shelf.app).database.write() as session:
            folder_rows.get(session, LOCAL_OWNER, shelf.ids["folder"], to_fill=True)
            session.execute(update(Image).values(folder_id=shelf.ids["folder"]))
            asked = pool.submit(shelf.send, "DELETE", f"folders/{shelf.ids['folder']}?contents={contents}")
            threading.Event().wait(HELD_S)
            assert not asked.done()
        assert asked.result(20).status_code == 204
    assert shelf.send("GET", f"folders/{shelf.ids['folder']}").status_code == 404
    assert shelf.send("GET", f"images/{shelf.ids['image']}").json["folder_id"] is None


def test_what_is_just_read_of_a_document_goes_with_it(shelf: Shelf) -> None:
    with ThreadPoolExecutor(1) as pool:
        with services_of(shelf.app).database.write() as session:
            session.execute(update(Document).values(pages_done=1))
            passage = {"document_id": shelf.ids["document"], "owner_id": LOCAL_OWNER, "position": 0, "page": 1}
            session.execute(insert(DocumentChunk).values(id="c", text="Oil it.", heading="", start=0, end=7, **passage))
            vector = {"owner_id": LOCAL_OWNER, "kind": "chunk", "item_id": "c", "model": "m", "vector": b"1234"}
            session.execute(insert(Embedding).values(**vector))
            asked = pool.submit(shelf.send, "DELETE", f"documents/{shelf.ids['document']}")
            threading.Event().wait(HELD_S)
            assert not asked.done()
        assert asked.result(20).status_code == 204
    with services_of(shelf.app).database.read() as session:
        assert session.execute(select(Embedding.item_id)).all() == []
        assert session.execute(select(DocumentChunk.id)).all() == []


def test_a_picture_deleted_while_its_words_come_leaves_none(shelf: Shelf) -> None:
    index = services_of(shelf.app).images.index
    assert isinstance(index, ImageIndex)
    with ThreadPoolExecutor(1) as pool:
        with services_of(shelf.app).database.write() as session:
            session.execute(delete(ImageWords))
            session.execute(delete(Image))
            asked = pool.submit(index.update, LOCAL_OWNER, shelf.ids["image"])
            threading.Event().wait(HELD_S)
        asked.result(20)
    with services_of(shelf.app).database.read() as session:
        assert session.execute(select(ImageWords.image_id)).all() == []
        assert session.execute(select(Embedding.item_id).where(Embedding.kind == "image")).all() == []
