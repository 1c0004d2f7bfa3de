"""Folders over HTTP: made, nested, moved, counted, dissolved."""

from __future__ import annotations

import io
import threading
from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_openapi3 import OpenAPI

from tests.conftest import picture
from tests.library.test_images_api import NOBODY, kept


def made(client: FlaskClient, name: str, parent_id: str | None = None) -> str:
    """A new folder's id."""
    response = client.post("/api/v2/folders", json={"name": name, "parent_id": parent_id})
    assert response.status_code == 201, response.json
    return response.json["id"]


def document(client: FlaskClient, folder_id: str) -> str:
    form = {"file": (io.BytesIO(b"Some words."), "a.txt"), "folder_id": folder_id}
    response = client.post("/api/v2/documents", data=form)
    assert response.status_code in (201, 202), response.json
    return response.json["results"][0]["document"]["id"]


def tree(client: FlaskClient) -> dict[str, tuple[int, int]]:
    """How many pictures and documents lie in each folder, by its path."""
    folders = client.get("/api/v2/folders").json["folders"]
    return {folder["path"]: (folder["image_count"], folder["document_count"]) for folder in folders}


def test_folders_in_folders(library: FlaskClient) -> None:
    trips = made(library, " Trips ")
    beach = made(library, "Beach", trips)
    kept(library, folder_id=beach)
    document(library, beach)
    assert tree(library) == {"Trips": (0, 0), "Trips/Beach": (1, 1)}
    found = library.get(f"/api/v2/folders/{beach}").json
    assert found == found | {"name": "Beach", "parent_id": trips, "path": "Trips/Beach", "image_count": 1}


def test_what_lies_in_one(library: FlaskClient) -> None:
    trips = made(library, "Trips")
    made(library, "Beach", trips)
    for number in range(3):
        kept(library, f"{number}.jpg", folder_id=trips)
    document(library, trips)
    page = library.get(f"/api/v2/folders/{trips}/items?limit=2").json
    assert [folder["name"] for folder in page["folders"]] == ["Beach"]
    assert [image["filename"] for image in page["images"]] == ["2.jpg", "1.jpg"]
    assert [one["filename"] for one in page["documents"]] == ["a.txt"]
    assert (page["total_images"], page["total_documents"], page["has_more"]) == (3, 1, True)
    rest = library.get(f"/api/v2/folders/{trips}/items?limit=2&offset=2").json
    assert ([image["filename"] for image in rest["images"]], rest["has_more"]) == (["0.jpg"], False)


def test_renamed_and_moved(library: FlaskClient) -> None:
    trips, work = made(library, "Trips"), made(library, "Work")
    path = f"/api/v2/folders/{trips}"
    assert library.patch(path, json={"name": "Travel"}).json["path"] == "Travel"
    assert library.patch(path, json={"parent_id": work}).json["path"] == "Work/Travel"
    assert library.patch(path, json={"name": "Trips", "parent_id": None}).json["path"] == "Trips"
    assert library.patch(path, json={"name": "TRIPS"}).json["path"] == "TRIPS"
    assert library.patch(path, json={}).json["path"] == "TRIPS"


@pytest.mark.parametrize("name", ["Trips", "TRIPS", " trips "])
def test_one_name_in_a_place(library: FlaskClient, name: str) -> None:
    made(library, "Trips")
    other = made(library, "Other")
    for response in (
        library.post("/api/v2/folders", json={"name": name}),
        library.patch(f"/api/v2/folders/{other}", json={"name": name}),
    ):
        assert (response.status_code, response.json["code"]) == (409, "FOLDER_EXISTS")
    made(library, name, other)


def test_no_folder_lies_in_itself(library: FlaskClient) -> None:
    top = made(library, "a")
    below = made(library, "b", top)
    for target in (top, below):
        response = library.patch(f"/api/v2/folders/{top}", json={"parent_id": target})
        assert (response.status_code, response.json["code"]) == (409, "FOLDER_CYCLE")
    assert set(tree(library)) == {"a", "a/b"}


def test_ten_deep_and_no_deeper(library: FlaskClient) -> None:
    last = None
    for _ in range(10):
        last = made(library, "x", last)
    response = library.post("/api/v2/folders", json={"name": "x", "parent_id": last})
    assert (response.status_code, response.json["code"]) == (409, "FOLDERS_TOO_DEEP")
    two = made(library, "two")
    made(library, "below", two)
    parent = library.get(f"/api/v2/folders/{last}").json["parent_id"]
    response = library.patch(f"/api/v2/folders/{two}", json={"parent_id": parent})
    assert response.json["code"] == "FOLDERS_TOO_DEEP"


def test_deleting_keeps_what_lies_in_it(library: FlaskClient) -> None:
    top = made(library, "top")
    trips = made(library, "Trips", top)
    made(library, "Trips", trips)
    made(library, "Beach", trips)
    made(library, "Beach", top)
    image = kept(library, folder_id=trips)
    document(library, trips)
    assert library.delete(f"/api/v2/folders/{trips}").status_code == 204
    assert tree(library) == {"top": (1, 1), "top/Beach": (0, 0), "top/Beach (2)": (0, 0), "top/Trips": (0, 0)}
    assert library.get(f"/api/v2/images/{image['id']}").json["folder_id"] == top
    assert library.delete(f"/api/v2/folders/{top}").status_code == 204
    assert library.get(f"/api/v2/images/{image['id']}").json["folder_id"] is None


def test_deleting_takes_all_along_if_asked(library: FlaskClient) -> None:
    trips = made(library, "Trips")
    beach = made(library, "Beach", trips)
    gone, there = kept(library, folder_id=beach), kept(library)
    paper = document(library, trips)
    assert library.delete(f"/api/v2/folders/{trips}?contents=burn").status_code == 422
    assert library.delete(f"/api/v2/folders/{trips}?contents=delete").status_code == 204
    assert tree(library) == {}
    assert library.get(f"/api/v2/images/{gone['id']}").status_code == 404
    assert library.get(f"/api/v2/documents/{paper}").status_code == 404
    assert library.get(f"/api/v2/images/{there['id']}").status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": "  "},
        {"name": "a/b"},
        {"name": ".."},
        {"name": "x" * 256},
        {"name": 1},
        {"name": None},
    ],
)
def test_names_that_are_none(library: FlaskClient, body: dict[str, Any]) -> None:
    response = library.post("/api/v2/folders", json=body)
    assert (response.status_code, response.json["code"]) == (422, "VALIDATION_ERROR")


@pytest.mark.parametrize("folder_id", [NOBODY, "none", "%00"])
def test_what_is_not_there(library: FlaskClient, folder_id: str) -> None:
    path = f"/api/v2/folders/{folder_id}"
    image = kept(library)["id"]
    for response in (
        library.get(path),
        library.patch(path, json={"name": "x"}),
        library.delete(path),
        library.get(f"{path}/items"),
        library.patch(f"/api/v2/images/{image}", json={"folder_id": folder_id}),
        library.post("/api/v2/folders", json={"name": "x", "parent_id": folder_id}),
    ):
        assert (response.status_code, response.json["code"]) == (404, "FOLDER_NOT_FOUND")


def test_a_race_for_a_name_has_one_winner(shared_app: OpenAPI, library: FlaskClient) -> None:
    answers: list[int] = []

    def make() -> None:
        answers.append(shared_app.test_client().post("/api/v2/folders", json={"name": "Race"}).status_code)

    racers = [threading.Thread(target=make) for _ in range(6)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert sorted(answers) == [201, 409, 409, 409, 409, 409]


def test_moves_at_once_never_make_a_ring(shared_app: OpenAPI, library: FlaskClient) -> None:
    ids = {name: made(library, name) for name in "ab"}

    def move(what: str, into: str) -> None:
        shared_app.test_client().patch(f"/api/v2/folders/{ids[what]}", json={"parent_id": ids[into]})

    racers = [threading.Thread(target=move, args=pair) for pair in ("ab", "ba") * 4]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert set(tree(library)) in ({"a", "a/b"}, {"b", "b/a"})


def test_pictures_are_what_they_were(library: FlaskClient) -> None:
    """Moving changes no file."""
    image = kept(library, folder_id=made(library, "Trips"))
    library.patch(f"/api/v2/images/{image['id']}", json={"folder_id": None})
    assert library.get(f"/api/v2/images/{image['id']}/file").data == picture()
