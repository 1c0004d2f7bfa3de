"""The library's pictures over HTTP: sent, listed, changed, looked at, taken away."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_openapi3 import OpenAPI
from PIL import Image as PillowImage
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.test import TestResponse, encode_multipart

from models.base import LOCAL_OWNER
from services.claims import Claims
from services.library.analyses import Analyses
from services.library.analysing import ROWS, Analyser
from services.library.describing import Describer
from services.vision.facts import FACTS_VERSION, Facts
from tests.conftest import MakeApp, picture, services_of
from tests.fakes import ScriptedModel
from tests.inventory import rows

NOBODY = "00000000-0000-4000-8000-000000000000"


def send(client: FlaskClient, *files: tuple[bytes, str], field: str = "files", **form: str) -> TestResponse:
    # Encoded here: the test client would leave open what it writes to disk.
    sent = {field: [FileStorage(io.BytesIO(content), name) for content, name in files]}
    boundary, body = encode_multipart(MultiDict(sent | form))
    return client.post("/api/v2/images", data=body, content_type=f"multipart/form-data; boundary={boundary}")


def kept(client: FlaskClient, name: str = "a.jpg", colour: str = "red", **form: str) -> dict[str, Any]:
    """A picture of the library, as it was answered."""
    response = send(client, (picture(colour=colour), name), field="file", **form)
    assert response.status_code == 201, response.json
    return response.json["results"][0]["image"]


def listed(client: FlaskClient, **query: object) -> dict[str, Any]:
    response = client.get("/api/v2/images", query_string=query)
    assert response.status_code == 200, response.json
    return response.json


def names(page: dict[str, Any]) -> list[str]:
    return [image["filename"] for image in page["images"]]


def photograph() -> bytes:
    """A picture with a camera's time and place."""
    exif = PillowImage.Exif()
    exif.get_ifd(0x8769)[0x9003] = "2024:05:17 10:11:12"
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 51.0, 30.0), 3: "E", 4: (2.0, 17.0, 40.0)})
    buffer = io.BytesIO()
    PillowImage.new("RGB", (64, 48), "blue").save(buffer, "JPEG", exif=exif)
    return buffer.getvalue()


def test_one_is_kept_and_waits_to_be_analysed(library: FlaskClient) -> None:
    folder = library.post("/api/v2/folders", json={"name": "Trips"}).json["id"]
    image = kept(library, "Beach.jpg", title=" A beach ", description="Sand.", folder_id=folder)
    assert image == image | {
        "filename": "Beach.jpg",
        "title": "A beach",
        "description": "Sand.",
        "folder_id": folder,
        "mime_type": "image/jpeg",
        "width": 64,
        "height": 48,
        "taken_at": None,
        "caption": None,
        "analysis": {"status": "pending", "error": None, "model": None, "attempts": 0},
    }
    assert library.get(image["url"]).data == picture()
    assert library.get(f"/images/{image['id']}").status_code == 200


def test_many_are_kept_or_refused_each_for_itself(library: FlaskClient) -> None:
    response = send(library, (picture(), "a.jpg"), (b"no picture", "b.jpg"), (picture(), "c.txt"), (picture(), "d.jpg"))
    assert response.status_code == 201
    told = [(one["filename"], one["status"], (one.get("error") or {}).get("code")) for one in response.json["results"]]
    assert told == [
        ("a.jpg", "created", None),
        ("b.jpg", "failed", "NOT_AN_IMAGE"),
        ("c.txt", "failed", "UNSUPPORTED_EXTENSION"),
        ("d.jpg", "created", None),
    ]
    assert (response.json["created"], response.json["failed"]) == (2, 2)
    assert listed(library)["total_count"] == 2


def test_none_kept_is_a_refusal_that_says_why_of_each(library: FlaskClient) -> None:
    response = send(library, (b"", "a.jpg"), (picture("PNG"), "b.jpg"), (b"x" * 16 * 1024 * 1024 + b"x", "c.jpg"))
    assert response.status_code == 422
    assert response.json["code"] == "VALIDATION_ERROR"
    codes = [one["error"]["code"] for one in response.json["context"]["results"]]
    assert codes == ["NOT_AN_IMAGE", "CONTENT_MISMATCH", "FILE_TOO_LARGE"]
    assert [error["field"] for error in response.json["errors"]] == ["files.0", "files.1", "files.2"]


def test_one_file_that_is_too_large(library: FlaskClient) -> None:
    response = send(library, (b"x" * 16 * 1024 * 1024 + b"x", "c.jpg"), field="file")
    assert (response.status_code, response.json["code"]) == (413, "FILE_TOO_LARGE")
    assert response.json["context"]["results"][0]["filename"] == "c.jpg"


@pytest.mark.parametrize(
    ("form", "status", "code"),
    [
        ({}, 422, "VALIDATION_ERROR"),
        ({"file": "words"}, 422, "VALIDATION_ERROR"),
        ({"folder_id": NOBODY}, 404, "FOLDER_NOT_FOUND"),
        ({"folder_id": "none"}, 404, "FOLDER_NOT_FOUND"),
        ({"title": "t" * 256}, 422, "VALIDATION_ERROR"),
        ({"description": "d" * 2001}, 422, "VALIDATION_ERROR"),
    ],
)
def test_forms_that_cannot_be(library: FlaskClient, form: dict[str, str], status: int, code: str) -> None:
    files = {} if not form or "file" in form else {"file": (io.BytesIO(picture()), "a.jpg")}
    response = library.post("/api/v2/images", data={**form, **files}, content_type="multipart/form-data")
    assert (response.status_code, response.json["code"]) == (status, code)
    assert listed(library)["total_count"] == 0


def test_too_many_files(library: FlaskClient) -> None:
    response = send(library, *[(b"x", f"{number}.jpg") for number in range(1001)])
    assert response.status_code == 422
    assert response.json["errors"][0]["field"] == "files"


def test_a_key_sent_again_keeps_nothing_twice(library: FlaskClient) -> None:
    answers = []
    for _ in range(2):
        form = {"files": [(io.BytesIO(picture()), "a.jpg"), (io.BytesIO(picture("PNG")), "b.png")]}
        answers.append(library.post("/api/v2/images", data=form, headers={"Idempotency-Key": "once"}))
    assert answers[0].status_code == answers[1].status_code == 201
    assert answers[0].json == answers[1].json
    assert answers[1].headers["Idempotent-Replayed"] == "true"
    assert listed(library)["total_count"] == 2


def test_pages_in_every_order(library: FlaskClient) -> None:
    for name in ("b.jpg", "C.jpg", "a.jpg"):
        kept(library, name)
    assert names(listed(library)) == ["a.jpg", "C.jpg", "b.jpg"]
    assert names(listed(library, sort="oldest")) == ["b.jpg", "C.jpg", "a.jpg"]
    assert names(listed(library, sort="name")) == ["a.jpg", "b.jpg", "C.jpg"]
    page = listed(library, limit=2, offset=1, sort="name")
    assert (names(page), page["total_count"], page["has_more"]) == (["b.jpg", "C.jpg"], 3, False)


@pytest.mark.parametrize("sort", ["newest", "oldest", "name"])
def test_a_cursor_stays_put_while_pictures_are_added(library: FlaskClient, sort: str) -> None:
    before = {kept(library, f"{number}.jpg")["id"] for number in range(5)}
    seen: list[str] = []
    page = listed(library, limit=2, sort=sort)
    while True:
        seen += [image["id"] for image in page["images"]]
        if page["next_cursor"] is None:
            break
        kept(library, "0.jpg")
        page = listed(library, limit=2, sort=sort, cursor=page["next_cursor"])
        if len(seen) > 20:
            pytest.fail("the list has no end")
        if sort == "oldest" and len(seen) >= 5:
            break  # what is added comes at its end
    assert len(seen) == len(set(seen))
    assert before <= set(seen)


def test_a_cursor_goes_on_from_the_longest_name_in_any_script(library: FlaskClient) -> None:
    titles = ["\U0001f4f7" * 255, "\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}" * 255, "\N{DEVANAGARI LETTER KA}" * 255]
    for title in titles:
        library.patch(f"/api/v2/images/{kept(library, 'a.jpg')['id']}", json={"title": title})
    seen = []
    page = listed(library, limit=1, sort="name")
    while page["next_cursor"] is not None:
        seen += [image["title"] for image in page["images"]]
        page = listed(library, limit=1, sort="name", cursor=page["next_cursor"])
    assert sorted(seen + [image["title"] for image in page["images"]]) == sorted(titles)


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 0},
        {"limit": 101},
        {"offset": -1},
        {"sort": "size"},
        {"status": "done"},
        {"cursor": "nonsense"},
        {"cursor": "WyJuYW1lIiwgImEiLCAiYiJd"},
        {"cursor": "W1tbW1tb"},
    ],
)
def test_lists_that_cannot_be(library: FlaskClient, query: dict[str, object]) -> None:
    response = library.get("/api/v2/images", query_string=query)
    assert (response.status_code, response.json["code"]) == (422, "VALIDATION_ERROR")


def test_lists_by_folder_and_status(library: FlaskClient) -> None:
    folder = library.post("/api/v2/folders", json={"name": "Trips"}).json["id"]
    kept(library, "in.jpg", folder_id=folder)
    kept(library, "out.jpg")
    assert names(listed(library, folder_id=folder)) == ["in.jpg"]
    assert names(listed(library, folder_id="none")) == ["out.jpg"]
    assert listed(library, status="pending")["total_count"] == 2
    assert listed(library, status="ready")["total_count"] == 0
    assert library.get("/api/v2/images", query_string={"folder_id": NOBODY}).json["code"] == "FOLDER_NOT_FOUND"


def test_what_is_changed_and_what_is_left(library: FlaskClient) -> None:
    path = f"/api/v2/images/{kept(library)['id']}"
    assert library.patch(path, json={"title": "  Sea ", "description": "Waves."}).json["title"] == "Sea"
    changed = library.patch(path, json={"description": None}).json
    assert (changed["title"], changed["description"]) == ("Sea", None)
    assert library.patch(path, json={}).json == changed
    for body in ({"title": "t" * 256}, {"description": "d" * 2001}, {"title": 5}, {"title": "a\u0000b"}):
        assert library.patch(path, json=body).status_code == 422
    assert library.patch(path, json={"folder_id": NOBODY}).json["code"] == "FOLDER_NOT_FOUND"
    assert library.patch(path, data="{", content_type="application/json").status_code == 400


@pytest.mark.parametrize("image_id", [NOBODY, "no-uuid", "%00", "a" * 300])
def test_what_is_not_there(library: FlaskClient, image_id: str) -> None:
    path = f"/api/v2/images/{image_id}"
    for response in (
        library.get(path),
        library.patch(path, json={}),
        library.delete(path),
        library.get(f"{path}/file"),
        library.get(f"{path}/thumbnail"),
        library.post(f"{path}/reanalyse"),
    ):
        assert (response.status_code, response.json["code"]) == (404, "IMAGE_NOT_FOUND")


@pytest.mark.parametrize(("asked", "side"), [(64, 64), (200, 256), (1024, 300)])
def test_thumbnails_of_the_next_size(library: FlaskClient, asked: int, side: int) -> None:
    made = send(library, (picture(size=(300, 150)), "wide.jpg")).json["results"][0]["image"]
    response = library.get(f"/api/v2/images/{made['id']}/thumbnail?size={asked}")
    with PillowImage.open(io.BytesIO(response.data)) as small:
        assert max(small.size) == side
    assert library.get(made["thumbnail_url"]).status_code == 200
    assert library.get(f"/api/v2/images/{made['id']}/thumbnail?size=1025").status_code == 422


def test_the_analysis_tells_what_was_measured(shared_app: OpenAPI, library: FlaskClient) -> None:
    good = send(library, (photograph(), "photo.jpg")).json["results"][0]["image"]
    copy = send(library, (photograph(), "copy.jpg")).json["results"][0]["image"]
    lost = kept(library, "lost.jpg", colour="green")
    store = services_of(shared_app).store
    for key in list(store.keys(f"images/{lost['id'][:2]}/{lost['id']}/")):
        store.delete(key)
    services_of(shared_app).jobs.run_pending()
    found = library.get(f"/api/v2/images/{good['id']}").json
    assert (found["analysis"]["status"], found["analysis"]["attempts"]) == ("ready", 1)
    assert found["analysis"]["model"].startswith("eyes-")
    assert found["taken_at"] == "2024-05-17T10:11:12"
    assert found["latitude"] == pytest.approx(48.8583, abs=0.001)
    assert found["longitude"] == pytest.approx(2.2944, abs=0.001)
    assert found["facts"]["colours"][0]["name"].endswith("blue")
    assert found["caption"]
    assert library.get(f"/api/v2/images/{copy['id']}").json["facts"] == found["facts"]
    failed = library.get(f"/api/v2/images/{lost['id']}").json["analysis"]
    assert (failed["status"], failed["error"]) == ("failed", "The picture's file cannot be read.")
    assert {one["filename"] for one in listed(library, status="ready")["images"]} == {"photo.jpg", "copy.jpg"}


def test_looked_at_anew(shared_app: OpenAPI, library: FlaskClient, data: Path) -> None:
    image = kept(library)
    services_of(shared_app).jobs.run_pending()
    before = rows(data, "SELECT created_at FROM analyses")
    response = library.post(f"/api/v2/images/{image['id']}/reanalyse")
    assert (response.status_code, response.json["analysis"]["status"]) == (202, "pending")
    services_of(shared_app).jobs.run_pending()
    assert library.get(f"/api/v2/images/{image['id']}").json["analysis"]["status"] == "ready"
    assert rows(data, "SELECT created_at FROM analyses") != before


def test_an_older_versions_are_looked_at_again(shared_app: OpenAPI, library: FlaskClient) -> None:
    image = kept(library)
    jobs, services = services_of(shared_app).jobs, services_of(shared_app)
    jobs.run_pending()
    assert jobs.run_pending() == 0
    with services.database.write() as session:
        session.connection().exec_driver_sql("UPDATE images SET analysed_by = 'eyes-0'")
    assert jobs.run_pending() == 1
    assert library.get(f"/api/v2/images/{image['id']}").json["analysis"]["model"].startswith(f"eyes-{FACTS_VERSION}")


def test_deleting_leaves_nothing(shared_app: OpenAPI, library: FlaskClient, data: Path) -> None:
    folder = library.post("/api/v2/folders", json={"name": "Trips"}).json["id"]
    first = kept(library, "a.jpg", folder_id=folder)
    second = kept(library, "b.jpg", folder_id=folder)
    session = library.post(
        "/api/v2/chat/sessions", json={"initial_image_ids": [first["id"], second["id"]], "use_all_images": False}
    ).json["session_id"]
    library.get(first["thumbnail_url"])
    services_of(shared_app).jobs.run_pending()
    assert library.delete(f"/api/v2/images/{first['id']}").status_code == 204
    assert library.get(f"/api/v2/chat/sessions/{session}").json["selected_image_ids"] == [second["id"]]
    assert library.get(f"/api/v2/folders/{folder}").json["image_count"] == 1
    assert library.get(f"/api/v2/images/{second['id']}").json["facts"]  # the copy's stay
    assert library.delete(f"/api/v2/images/{second['id']}").status_code == 204
    for table in ("images", "analyses", "image_words", "embeddings", "conversation_images"):
        assert rows(data, f"SELECT count(*) FROM {table}") == [(0,)], table  # noqa: S608
    assert not list(services_of(shared_app).store.keys("images/"))


def test_deleted_while_it_is_looked_at(shared_app: OpenAPI, library: FlaskClient, data: Path) -> None:
    image = send(library, (picture(size=(65, 48)), "a.jpg")).json["results"][0]["image"]
    services = services_of(shared_app)

    class Interrupted:
        """Eyes during whose look the picture is taken away."""

        missing = services.eyes.missing

        def look(self, content: bytes) -> Facts:
            assert library.delete(f"/api/v2/images/{image['id']}").status_code == 204
            return services.eyes.look(content)

    analyses = Analyses(services.database, Interrupted(), services.analyses.cache)
    claims = Claims(services.database, services.roll.worker_id, ROWS)
    Analyser(services.images, analyses, claims, services.image_index).run(image["id"])
    for table in ("images", "analyses", "image_words", "embeddings"):
        assert rows(data, f"SELECT count(*) FROM {table}") == [(0,)], table  # noqa: S608


def test_many_at_once(library: FlaskClient) -> None:
    folder = library.post("/api/v2/folders", json={"name": "Trips"}).json["id"]
    ids = [kept(library, f"{number}.jpg")["id"] for number in range(3)]

    def bulk(action: str, **changes: object) -> dict[str, Any]:
        response = library.post("/api/v2/images/bulk", json={"action": action, "image_ids": [*ids, NOBODY], **changes})
        assert response.status_code == 200, response.json
        return response.json

    moved = bulk("move", folder_id=folder)
    assert (moved["done"], moved["failed"]) == (3, 1)
    assert moved["results"][-1] == {
        "image_id": NOBODY,
        "status": "failed",
        "error": {"code": "IMAGE_NOT_FOUND", "message": "There is no image with this id."},
    }
    assert listed(library, folder_id=folder)["total_count"] == 3
    assert bulk("update", title="Same")["done"] == 3
    assert {image["title"] for image in listed(library)["images"]} == {"Same"}
    assert bulk("reanalyse")["done"] == 3
    assert bulk("move", folder_id=None)["done"] == 3
    assert listed(library, folder_id="none")["total_count"] == 3
    assert bulk("delete")["done"] == 3
    assert bulk("delete")["done"] == 0
    assert listed(library)["total_count"] == 0


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"action": "burn", "image_ids": [NOBODY]}, 422),
        ({"action": "delete", "image_ids": []}, 422),
        ({"action": "delete", "image_ids": [NOBODY] * 1001}, 422),
        ({"action": "move", "image_ids": [NOBODY]}, 422),
        ({"action": "move", "image_ids": [NOBODY], "folder_id": NOBODY}, 404),
        ({"action": "update", "image_ids": [NOBODY]}, 422),
        ({"action": "update", "image_ids": [NOBODY], "folder_id": NOBODY}, 404),
        ({"action": "delete", "image_ids": "all"}, 422),
    ],
)
def test_bulks_that_cannot_be(library: FlaskClient, body: dict[str, object], status: int) -> None:
    assert library.post("/api/v2/images/bulk", json=body).status_code == status


def test_usage_counts_what_is_there(library: FlaskClient) -> None:
    kept(library)
    used = library.get("/api/v2/usage").json
    assert used["images"] == {"count": 1, "size_bytes": len(picture())}
    assert used["documents"] == {"count": 0, "size_bytes": 0}
    session = library.post("/api/v2/chat/sessions", json={}).json["session_id"]
    library.post(f"/api/v2/chat/sessions/{session}/messages", json={"message": "Hi"})
    chat = library.get("/api/v2/usage").json["chat"]
    assert chat["messages"] == used["chat"]["messages"] + 1
    assert chat["providers"][-1]["provider"] == "scripted"
    assert (chat["message_limit"], chat["remaining_messages"]) == (None, None)


def test_a_model_describes_what_has_no_description(make_app: MakeApp) -> None:
    model = ScriptedModel("A red ", "square.")
    app = make_app(model, analyse_with_provider=True)
    client = app.test_client()
    plain, told = kept(client, "a.jpg"), kept(client, "b.jpg", description="Mine.")
    assert Describer(model)(services_of(app).images.picture(services_of(app).images.get(LOCAL_OWNER, plain["id"])))
    services_of(app).jobs.run_pending()
    found = {image["id"]: image["description"] for image in listed(client)["images"]}
    assert found == {plain["id"]: "A red square.", told["id"]: "Mine."}


def test_signed_links_open_without_a_key(make_app: MakeApp) -> None:
    app = make_app(auth_required=True)
    services_of(app).start()
    given = {"X-API-Key": services_of(app).accounts.create("ann")[1]}
    client = app.test_client()
    form = {"file": (io.BytesIO(picture()), "a.jpg")}
    image = client.post("/api/v2/images", data=form, headers=given).json["results"][0]["image"]
    assert client.get(image["url"]).status_code == 200
    assert client.get(image["thumbnail_url"]).status_code == 200
    assert client.get(image["url"].split("?")[0]).status_code == 401
    assert json.dumps(image["url"]).count("signature") == 1


@pytest.mark.slow
def test_a_thousand_at_once(library: FlaskClient) -> None:
    small = picture("PNG", (8, 8))
    response = send(library, *[(small, f"{number}.png") for number in range(1000)])
    assert response.status_code == 201
    assert response.json["created"] == 1000
    assert listed(library)["total_count"] == 1000
