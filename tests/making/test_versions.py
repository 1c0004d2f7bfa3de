"""Versions as a tree: going back and forward, taking away, and what is left in the database and the store."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import event

from models.chats import Message
from models.studio import StudioPlace, StudioVersion
from services.library.storage import MediaStore
from tests import hosts
from tests.conftest import MakeApp, services_of
from tests.making.conftest import decoded, encoded, granted, noise, refused, shown, work, works

PICTURE = encoded(noise((60, 40)))


@pytest.fixture
def media(tmp_path: Path) -> MediaStore:
    return hosts.store(tmp_path / "data")


def files(media: MediaStore) -> list[str]:
    return list(media.keys(""))


def three(client: FlaskClient) -> tuple[dict[str, Any], list[str]]:
    """A conversation of an uploaded picture and two edits, each made from the one before; the ids in order."""
    first = granted(client, "rotate it left", picture=PICTURE)
    place = {"conversation_id": first["conversation_id"]}
    second = granted(client, "make it sepia", **place)
    return place, [first["parent_version_id"], first["version_id"], second["version_id"]]


def step(client: FlaskClient, place: dict[str, Any], way: str) -> Any:
    return client.post(f"/studio/conversations/{place['conversation_id']}/{way}")


def test_undo_and_redo(studio: FlaskClient) -> None:
    place, versions = three(studio)
    for way, expected in [("undo", 1), ("undo", 0), ("redo", 1), ("redo", 2), ("undo", 1)]:
        answer = step(studio, place, way)
        assert answer.status_code == 200
        assert answer.json["current_version_id"] == answer.json["version"]["version_id"] == versions[expected]
        assert set(answer.json) == {"conversation_id", "current_version_id", "version"}
    assert step(studio, place, "undo").status_code == 200
    assert refused(step(studio, place, "undo"))[:2] == (409, "nothing_to_undo")
    assert step(studio, place, "redo").status_code == step(studio, place, "redo").status_code == 200
    assert refused(step(studio, place, "redo"))[:2] == (409, "nothing_to_redo")


def test_an_undo_that_goes_too_far_says_so_and_the_rest_is_done(studio: FlaskClient) -> None:
    place, versions = three(studio)
    answer = granted(studio, "undo 9 times", **place)
    assert (answer["text"], answer["changed"]) == ("There are only 2 earlier versions to go back to.", False)
    granted(studio, "go back to the original", **place)
    answer = granted(studio, "undo that and flip it", **place)
    assert answer["text"] == "There is no earlier version to go back to. Mirrored left to right."
    assert answer["parent_version_id"] == versions[0]
    assert granted(studio, "redo twice", **place)["text"] == "There is no later version to go to."
    assert (
        granted(studio, "undo, undo, undo", **place)["text"] == "Going back. There is no earlier version to go back to."
    )
    assert granted(studio, "redo twice", **place)["text"] == "There is only 1 later version to go to."


def test_redo_goes_to_the_newest_branch(studio: FlaskClient) -> None:
    place, _versions = three(studio)
    step(studio, place, "undo")
    branch = granted(studio, "flip it", **place)
    step(studio, place, "undo")
    assert step(studio, place, "redo").json["current_version_id"] == branch["version_id"]


@pytest.mark.parametrize("way", ["undo", "redo"])
def test_nowhere_to_go_without_a_version(studio: FlaskClient, way: str) -> None:
    place = {"conversation_id": granted(studio, "hello")["conversation_id"]}
    assert refused(step(studio, place, way))[:2] == (409, f"nothing_to_{way}")


def test_any_version_can_be_the_current_one(studio: FlaskClient) -> None:
    place, versions = three(studio)
    address = f"/studio/conversations/{place['conversation_id']}/current"
    assert studio.put(address, json={"version_id": versions[0]}).json["current_version_id"] == versions[0]
    answer = granted(studio, "flip it", **place)
    assert answer["parent_version_id"] == versions[0]


def test_a_conversation_whole(studio: FlaskClient) -> None:
    place, versions = three(studio)
    granted(studio, "hello", **place)
    kept = work(studio, place["conversation_id"])
    assert set(kept) == {
        "conversation_id", "title", "created_at", "updated_at", "current_version_id", "version_count", "thumbnail_url",
        "versions", "turns",
    }  # fmt: skip
    assert (kept["title"], kept["version_count"], kept["current_version_id"]) == ("rotate it left", 3, versions[2])
    assert [one["version_id"] for one in kept["versions"]] == versions
    assert [one["parent_version_id"] for one in kept["versions"]] == [None, *versions[:2]]
    assert [one["prompt"] for one in kept["versions"]] == ["", "rotate it left", "make it sepia"]
    assert [len(one["operations"]) for one in kept["versions"]] == [0, 1, 2]
    assert all(one["alt_text"] and one["size_bytes"] and one["created_at"].endswith("Z") for one in kept["versions"])
    assert [(turn["message"], turn["version_id"]) for turn in kept["turns"]] == [
        ("rotate it left", versions[1]), ("make it sepia", versions[2]), ("hello", None),
    ]  # fmt: skip
    assert [one["version_id"] for one in kept["turns"]][-1] is None
    assert {one["conversation_id"]: one for one in works(studio)}[place["conversation_id"]] == {
        name: value for name, value in kept.items() if name not in ("versions", "turns")
    }


def test_pages_are_stable_and_newest_first(studio: FlaskClient) -> None:
    made = [granted(studio, f"create a red canvas {side}x8")["conversation_id"] for side in range(8, 15)]
    granted(studio, "make it blue", conversation_id=made[2])
    order = [made[2], *reversed(made[:2] + made[3:])]
    seen = []
    for offset in (0, 3, 6):
        page = studio.get(f"/studio/conversations?limit=3&offset={offset}").json
        assert page["total_count"] == 7
        assert page["has_more"] == (offset < 6)
        seen += [one["conversation_id"] for one in page["conversations"]]
    assert seen == order
    beyond = studio.get("/studio/conversations?offset=50").json
    assert (beyond["conversations"], beyond["total_count"], beyond["has_more"]) == ([], 7, False)


def test_a_page_takes_few_queries(make_app: MakeApp) -> None:
    app = make_app(image_provider=("local",))
    client = app.test_client()
    for side in range(8, 14):
        granted(client, f"create a red canvas {side}x8")
    asked: list[str] = []
    engine = services_of(app).database.engine
    event.listen(engine, "before_cursor_execute", lambda _c, _k, statement, *_: asked.append(statement))
    assert len(works(client)) == 6
    assert len([one for one in asked if "studio_" in one or "conversations" in one]) == 2
    assert not any("studio_versions.operations" in one for one in asked)


def test_titles(studio: FlaskClient) -> None:
    answer = granted(studio, "create a red canvas 8x8, " + "and then make it a bit brighter " * 8)
    address = f"/studio/conversations/{answer['conversation_id']}"
    title = studio.get(address).json["title"]
    assert title.startswith("create a red canvas 8x8")
    assert len(title) <= 80
    assert studio.patch(address, json={"title": "  Sunrise ☀  "}).json["title"] == "Sunrise ☀"
    assert works(studio)[0]["title"] == "Sunrise ☀"


def test_everything_is_there_after_a_restart(make_app: MakeApp) -> None:
    first = make_app(image_provider=("local",))
    place, versions = three(first.test_client())
    step(first.test_client(), place, "undo")
    before = work(first.test_client(), place["conversation_id"])
    services_of(first).stop()
    client = make_app(image_provider=("local",)).test_client()
    assert work(client, place["conversation_id"]) == before
    assert step(client, place, "redo").json["current_version_id"] == versions[2]
    answer = granted(client, "undo and rotate it right", **place)
    assert shown(answer).size == (60, 40)
    assert shown(answer).tobytes() == decoded(PICTURE).tobytes()


def test_a_file(studio: FlaskClient) -> None:
    _place, versions = three(studio)
    address = f"/studio/versions/{versions[0]}/file"
    whole = studio.get(address)
    assert (whole.status_code, whole.data, whole.mimetype) == (200, PICTURE, "image/png")
    assert whole.headers["Content-Disposition"].startswith("inline")
    assert whole.headers["X-Content-Type-Options"] == "nosniff"
    assert studio.get(address, headers={"If-None-Match": whole.headers["ETag"]}).status_code == 304
    part = studio.get(address, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.data) == (206, PICTURE[10:20])
    assert part.headers["Content-Range"] == f"bytes 10-19/{len(PICTURE)}"
    assert studio.get(address, headers={"Range": f"bytes={len(PICTURE)}-"}).status_code == 416
    assert studio.head(address).headers["Content-Length"] == str(len(PICTURE))
    saved = studio.get(f"{address}?download=1")
    assert saved.headers["Content-Disposition"] == "attachment; filename=version-1.png"
    assert saved.data == PICTURE


@pytest.mark.parametrize(("kind", "suffix"), [("JPEG", "jpg"), ("GIF", "gif"), ("WEBP", "webp"), ("PNG", "png")])
def test_a_download_is_called_what_it_is(studio: FlaskClient, kind: str, suffix: str) -> None:
    answer = granted(studio, "hello", picture=encoded(noise((9, 9)), kind))
    saved = studio.get(f"/studio/versions/{answer['version_id']}/file?download=1")
    assert saved.headers["Content-Disposition"] == f"attachment; filename=version-1.{suffix}"
    assert Image.open(io.BytesIO(saved.data)).format == kind


def test_a_thumbnail_is_made_once_and_goes_with_its_version(studio: FlaskClient, media: MediaStore) -> None:
    large = encoded(noise((600, 300)), "JPEG")
    first = granted(studio, "rotate it left", picture=large)
    before = len(files(media))
    small = studio.get(first["thumbnail_url"])
    assert decoded(small.data).size == (128, 256)
    assert len(files(media)) == before + 1
    again = studio.get(first["thumbnail_url"])
    assert (again.data, again.headers["ETag"]) == (small.data, small.headers["ETag"])
    assert len(files(media)) == before + 1
    assert studio.delete(f"/studio/versions/{first['version_id']}").status_code == 204
    assert len(files(media)) == 1
    assert refused(studio.get(first["thumbnail_url"]))[:2] == (404, "version_not_found")


def test_deleting_a_version_hangs_its_children_on_its_parent(studio: FlaskClient, media: MediaStore) -> None:
    place, versions = three(studio)
    assert studio.delete(f"/studio/versions/{versions[1]}").status_code == 204
    kept = work(studio, place["conversation_id"])
    assert [(one["version_id"], one["parent_version_id"]) for one in kept["versions"]] == [
        (versions[0], None), (versions[2], versions[0]),
    ]  # fmt: skip
    assert kept["current_version_id"] == versions[2]
    assert len(files(media)) == 2
    assert refused(studio.get(f"/studio/versions/{versions[1]}/file"))[:2] == (404, "version_not_found")
    assert refused(studio.delete(f"/studio/versions/{versions[1]}"))[:2] == (404, "version_not_found")
    answer = granted(studio, "rotate it right", **place)
    assert shown(answer).size == (60, 40)


def test_what_a_version_is_replayed_from_stays(studio: FlaskClient, media: MediaStore) -> None:
    """The uploaded picture may go from sight; its file is what later versions are replayed from."""
    place, versions = three(studio)
    studio.get(f"/studio/versions/{versions[0]}/thumbnail")
    assert studio.delete(f"/studio/versions/{versions[0]}").status_code == 204
    assert len(files(media)) == 3
    answer = granted(studio, "undo and rotate it right", **place)
    assert shown(answer).tobytes() == decoded(PICTURE).tobytes()
    for row in work(studio, place["conversation_id"])["versions"]:
        assert studio.delete(f"/studio/versions/{row['version_id']}").status_code == 204
    kept = work(studio, place["conversation_id"])
    assert (kept["versions"], kept["current_version_id"], kept["thumbnail_url"]) == ([], None, None)
    assert len(kept["turns"]) == 3
    assert files(media) == []
    assert granted(studio, "create a red canvas 8x8", **place)["parent_version_id"] is None


def test_deleting_the_current_version_goes_to_its_parent(studio: FlaskClient) -> None:
    place, versions = three(studio)
    studio.delete(f"/studio/versions/{versions[2]}")
    assert work(studio, place["conversation_id"])["current_version_id"] == versions[1]


def test_deleting_a_conversation_leaves_nothing(make_app: MakeApp, media: MediaStore) -> None:
    app = make_app(image_provider=("local",))
    client = app.test_client()
    place, versions = three(client)
    other = granted(client, "create a red canvas 8x8")
    for version in versions:
        client.get(f"/studio/versions/{version}/thumbnail")
    assert client.delete(f"/studio/conversations/{place['conversation_id']}").status_code == 204
    assert client.delete(f"/studio/conversations/{place['conversation_id']}").status_code == 404
    assert [one["conversation_id"] for one in works(client)] == [other["conversation_id"]]
    assert len(files(media)) == 1
    with services_of(app).database.read() as session:
        for table in (Message, StudioVersion, StudioPlace):
            assert {row.conversation_id for row in session.query(table)} == {other["conversation_id"]}


def test_files_without_a_version_are_swept(make_app: MakeApp, media: MediaStore) -> None:
    app = make_app(image_provider=("local",))
    client = app.test_client()
    place, versions = three(client)
    for version in versions:
        client.get(f"/studio/versions/{version}/thumbnail")
    kept = set(files(media))
    services = services_of(app)
    folder = f"studio/{place['conversation_id'][:2]}/{place['conversation_id']}"
    services.store.put(f"{folder}/lost", b"x")
    services.store.put("studio/00/gone/lost-thumbnail-256", b"x")
    assert services.galleries.sweep() == 0, "what is young may be on its way"
    assert services.galleries.sweep(older_than_s=0) == 2
    assert set(files(media)) == kept


def test_alternative_texts(studio: FlaskClient) -> None:
    made = granted(studio, "create a red canvas 60x40 with a blue circle")
    assert "blue circle" in made["alt_text"]
    assert "red" in made["alt_text"]
    edited = granted(studio, "make it greyscale", conversation_id=made["conversation_id"])
    assert edited["alt_text"] != made["alt_text"]
    uploaded = granted(studio, "rotate it left", picture=encoded(Image.new("RGB", (40, 20), "green")))
    kept = work(studio, uploaded["conversation_id"])["versions"]
    assert all(one["alt_text"] for one in kept)
    assert "rotated" in kept[1]["alt_text"]
