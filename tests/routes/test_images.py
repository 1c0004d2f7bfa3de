"""Pictures handed out again: whole, in parts, small, not at all; what is known and said of them; taking them away."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from PIL import Image

from tests import hosts, inventory
from tests.conftest import MakeApp, picture, services_of, upload
from tests.fakes import ScriptedModel

NOBODY = "00000000-0000-0000-0000-000000000000"


def test_the_file_comes_back_as_it_was(client: FlaskClient) -> None:
    data = picture(size=(300, 200))
    image_id = upload(client, data, "my photo.jpg")
    response = client.get(f"/images/{image_id}/file")
    assert response.data == data
    assert response.mimetype == "image/jpeg"
    assert response.headers["Content-Length"] == str(len(data))
    assert response.headers["Content-Disposition"] == 'inline; filename="my photo.jpg"'
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Accept-Ranges"] == "bytes"
    assert response.headers["ETag"] == f'"{hashlib.sha256(data).hexdigest()}"'
    assert "private" in response.headers["Cache-Control"]


def test_head_is_the_file_without_its_bytes(client: FlaskClient) -> None:
    data = picture()
    image_id = upload(client, data)
    response = client.head(f"/images/{image_id}/file")
    assert response.status_code == 200
    assert response.data == b""
    assert response.headers["Content-Length"] == str(len(data))


def test_what_a_reader_already_has_is_not_sent_again(client: FlaskClient) -> None:
    path = f"/images/{upload(client)}/file"
    etag = client.get(path).headers["ETag"]
    for sent in (etag, f'"other", {etag}', "*"):
        response = client.get(path, headers={"If-None-Match": sent})
        assert (response.status_code, response.data) == (304, b"")
        assert response.headers["ETag"] == etag
    assert client.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [("bytes=0-9", 0, 9), ("bytes=10-", 10, None), ("bytes=-5", -5, None), ("bytes=5-999999", 5, None)],
)
def test_a_range(client: FlaskClient, asked: str, first: int, last: int | None) -> None:
    data = picture()
    response = client.get(f"/images/{upload(client, data)}/file", headers={"Range": asked})
    expected = data[first:] if last is None else data[first : last + 1]
    start = first % len(data)
    assert (response.status_code, response.data) == (206, expected)
    assert response.headers["Content-Range"] == f"bytes {start}-{start + len(expected) - 1}/{len(data)}"


def test_a_range_that_is_not_there(client: FlaskClient) -> None:
    data = picture()
    response = client.get(f"/images/{upload(client, data)}/file", headers={"Range": "bytes=99999-"})
    assert response.status_code == 416
    assert response.headers["Content-Range"] == f"bytes */{len(data)}"
    assert response.json["error"]["code"] == "range_not_satisfiable"


@pytest.mark.parametrize("asked", ["bytes=0-1,5-6", "lines=0-1", "bytes", "bytes=a-b", "bytes=-"])
def test_the_whole_is_the_answer_to_other_ranges(client: FlaskClient, asked: str) -> None:
    data = picture()
    response = client.get(f"/images/{upload(client, data)}/file", headers={"Range": asked})
    assert (response.status_code, response.data) == (200, data)


def test_a_head_tells_of_the_whole(client: FlaskClient) -> None:
    data = picture()
    response = client.head(f"/images/{upload(client, data)}/file", headers={"Range": "bytes=0-9"})
    assert (response.status_code, response.headers["Content-Length"]) == (200, str(len(data)))


def test_a_range_of_another_file_is_not_cut_from_this_one(client: FlaskClient) -> None:
    data = picture()
    headers = {"Range": "bytes=0-9", "If-Range": '"another"'}
    response = client.get(f"/images/{upload(client, data)}/file", headers=headers)
    assert (response.status_code, response.data) == (200, data)


def test_the_thumbnail_is_small_and_upright(client: FlaskClient) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    image_id = upload(client, picture(size=(1200, 600), exif=exif))
    path = f"/images/{image_id}/thumbnail"
    first, second = client.get(path), client.get(path)
    assert first.data == second.data
    assert client.get(path, headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    assert first.headers["ETag"] != client.get(f"/images/{image_id}/file").headers["ETag"]
    with Image.open(io.BytesIO(first.data)) as image:
        assert image.size == (128, 256)
        assert not image.getexif()


def test_what_is_known_of_it(client: FlaskClient) -> None:
    image_id = upload(client, name="photo.jpg")
    body = client.get(f"/images/{image_id}").json
    assert set(body) == {
        "image_id",
        "filename",
        "mime_type",
        "size_bytes",
        "width",
        "height",
        "sha256",
        "created_at",
        "url",
        "thumbnail_url",
    }
    assert client.get(body["url"]).status_code == 200
    assert client.get(body["thumbnail_url"]).status_code == 200


def test_links_begin_with_the_public_address(make_app: MakeApp) -> None:
    client = make_app(public_base_url="https://pictures.example/app").test_client()
    image_id = upload(client)
    assert client.get(f"/images/{image_id}").json["url"] == f"https://pictures.example/app/images/{image_id}/file"


def test_the_conversation(client: FlaskClient) -> None:
    image_id = upload(client)
    client.post(f"/chat/{image_id}", json={"question": "What?"})
    body = client.get(f"/images/{image_id}/messages").json
    assert body["image_id"] == image_id
    assert [(message["role"], message["content"], message["status"]) for message in body["messages"]] == [
        ("user", "Describe this image.", "sent"),
        ("assistant", "It is a red square.", "complete"),
        ("user", "What?", "sent"),
        ("assistant", "It is a red square.", "complete"),
    ]
    assert body["messages"][3]["provider"] == "scripted"
    assert body["messages"][3]["model"] == "scripted-1"
    assert body["messages"][3]["finish_reason"] == "stop"
    assert all(message["created_at"].endswith("Z") for message in body["messages"])


def test_deletion_takes_everything(make_app: MakeApp, tmp_path: Path) -> None:
    client = make_app().test_client()
    kept = upload(client)
    before = inventory.take(tmp_path / "data")
    image_id = upload(client)
    client.get(f"/images/{image_id}/thumbnail")
    client.post(f"/chat/{image_id}", json={"question": "What?"})
    response = client.delete(f"/images/{image_id}")
    assert (response.status_code, response.data) == (204, b"")
    assert inventory.take(tmp_path / "data") == before
    for path in (f"/images/{image_id}", f"/images/{image_id}/file", f"/images/{image_id}/messages"):
        assert client.get(path).status_code == 404
    assert client.delete(f"/images/{image_id}").status_code == 404
    assert client.post(f"/chat/{image_id}", json={"question": "What?"}).status_code == 404
    assert client.get(f"/images/{kept}/file").status_code == 200


@pytest.mark.parametrize("image_id", [NOBODY, "nonsense", "..", "%2e%2e%2f", "a" * 300])
@pytest.mark.parametrize("ending", ["", "/file", "/thumbnail", "/messages"])
def test_unknown_pictures(client: FlaskClient, image_id: str, ending: str) -> None:
    response = client.get(f"/images/{image_id}{ending}")
    assert (response.status_code, response.json["error"]["code"]) in {(404, "image_not_found"), (404, "not_found")}


def test_a_picture_whose_file_is_gone(make_app: MakeApp, tmp_path: Path) -> None:
    client = make_app().test_client()
    image_id = upload(client)
    store = hosts.store(tmp_path / "data")
    (key,) = [key for key in store.keys("images/") if "/original." in key]
    store.delete(key)
    for ending in ("/file", "/thumbnail"):
        response = client.get(f"/images/{image_id}{ending}")
        assert (response.status_code, response.json["error"]["code"]) == (404, "image_not_found")
    assert client.get(f"/images/{image_id}").status_code == 200


def test_another_owners_picture_is_not_there(make_app: MakeApp) -> None:
    app = make_app()
    client = app.test_client()
    upload(client)
    image_id = services_of(app).images.add("somebody else", "photo.jpg", picture()).image.id
    for ending in ("", "/file", "/thumbnail", "/messages"):
        assert client.get(f"/images/{image_id}{ending}").status_code == 404
    assert client.delete(f"/images/{image_id}").status_code == 404
    assert client.post(f"/chat/{image_id}", json={"question": "What?"}).status_code == 404


def test_pictures_outlive_a_restart(make_app: MakeApp) -> None:
    first = make_app()
    data = picture()
    image_id = upload(first.test_client(), data)
    services_of(first).stop()
    assert make_app(ScriptedModel()).test_client().get(f"/images/{image_id}/file").data == data
