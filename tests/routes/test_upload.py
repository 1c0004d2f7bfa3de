"""POST /upload: what is taken, what is refused and with which code, and that a refusal leaves nothing behind."""

from __future__ import annotations

import hashlib
import io
import re
import struct
import zlib
from pathlib import Path

import pillow_heif
import pytest
from flask.testing import FlaskClient
from flask_openapi3 import OpenAPI
from PIL import Image

from services.errors import ProviderTimeout, ProviderUnavailable
from tests import inventory
from tests.conftest import MakeApp, picture, services_of
from tests.fakes import ScriptedModel

ROTATED = 6


def encoded(kind: str, mode: str = "RGB", size: tuple[int, int] = (64, 48), **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, size, 1).save(buffer, kind, **options)
    return buffer.getvalue()


def animation(frames: int = 3) -> bytes:
    first, *others = (Image.new("RGB", (40, 30), (number * 60, 0, 0)) for number in range(frames))
    buffer = io.BytesIO()
    first.save(buffer, "GIF", save_all=True, append_images=others, duration=100, loop=0)
    return buffer.getvalue()


def lying_on_its_side() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = ROTATED
    return encoded("JPEG", exif=exif)


def png_of(width: int, height: int) -> bytes:
    """A PNG of a few bytes that claims any size."""

    def block(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    pixels = zlib.compress(bytes(4_000_000), 9)
    return b"\x89PNG\r\n\x1a\n" + block(b"IHDR", head) + block(b"IDAT", pixels) + block(b"IEND", b"")


def started(app: OpenAPI) -> OpenAPI:
    """An application that has its database already, so that it can be counted."""
    services_of(app).start()
    return app


def send(client: FlaskClient, data: bytes, name: str):  # type: ignore[no-untyped-def]  # Werkzeug's TestResponse
    """Upload by hand: the test client would change names and leave temporary files open."""
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    head = f'--B\r\nContent-Disposition: form-data; name="file"; filename="{quoted}"\r\n\r\n'.encode()
    return client.post("/upload", data=head + data + b"\r\n--B--\r\n", content_type="multipart/form-data; boundary=B")


def test_answer_is_a_completion_with_the_picture(client: FlaskClient) -> None:
    data = picture(size=(64, 48))
    response = send(client, data, "photo.jpg")
    assert response.status_code == 201
    body = response.json
    assert body["object"] == "chat.completion"
    assert body["id"].startswith("chatcmpl-")
    assert body["choices"][0]["message"] == {"role": "assistant", "content": "It is a red square.", "refusal": None}
    assert body["choices"][0]["finish_reason"] == "stop"
    assert body["usage"] == {"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15}
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", body["image_id"])
    image = body["image"]
    assert image["sha256"] == hashlib.sha256(data).hexdigest()
    assert (image["filename"], image["mime_type"], image["size_bytes"]) == ("photo.jpg", "image/jpeg", len(data))
    assert (image["width"], image["height"]) == (64, 48)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", image["created_at"])
    assert image["url"] == f"http://localhost/images/{body['image_id']}/file"
    assert image["thumbnail_url"] == f"http://localhost/images/{body['image_id']}/thumbnail"


def test_the_model_gets_the_picture_upright_without_metadata(make_app: MakeApp) -> None:
    model = ScriptedModel()
    response = send(make_app(model).test_client(), lying_on_its_side(), "side.jpg")
    assert (response.json["image"]["width"], response.json["image"]["height"]) == (48, 64)
    (message,) = [message for message in model.requests[0].messages if message.images]
    (prepared,) = message.images[0].source.prepared(2048)
    with Image.open(io.BytesIO(prepared.data)) as image:
        assert image.size == (48, 64)
        assert not image.getexif()


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (encoded("JPEG", "CMYK"), "cmyk.jpg"),
        (encoded("JPEG", "L"), "grey.jpeg"),
        (encoded("PNG", "I;16"), "deep.png"),
        (encoded("PNG", "P"), "palette.png"),
        (encoded("PNG", "LA"), "transparent.png"),
        (encoded("PNG", "1"), "bits.png"),
        (encoded("PNG", size=(1, 1)), "dot.png"),
        (animation(), "moving.gif"),
        (encoded("MPO"), "phone.jpg"),
        (encoded("JPEG"), "SHOUTED.JPG"),
        (encoded("JPEG"), "two.dots.jpg"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_kind_of_picture_is_analysed(make_app: MakeApp, data: bytes, name: str) -> None:
    model = ScriptedModel()
    client = make_app(model).test_client()
    response = send(client, data, name)
    assert response.status_code == 201
    parts = [part for message in model.requests[0].messages for part in message.images]
    assert parts[0].source.prepared(512)
    thumbnail = client.get(f"/images/{response.json['image_id']}/thumbnail")
    assert thumbnail.mimetype in ("image/jpeg", "image/png")


def test_several_frames_of_an_animation_are_shown_to_the_model(make_app: MakeApp) -> None:
    model = ScriptedModel()
    send(make_app(model).test_client(), animation(9), "moving.gif")
    (part,) = [part for message in model.requests[0].messages for part in message.images]
    assert len(part.source.prepared(512)) == 4


REFUSED = {
    "no extension": (picture(), "photo", "unsupported_extension"),
    "other extension": (picture(), "photo.txt", "unsupported_extension"),
    "extension alone": (picture(), ".jpg", "unsupported_extension"),
    "webp without the setting": (encoded("WEBP"), "photo.webp", "unsupported_extension"),
    "text": (b"just text", "photo.jpg", "not_an_image"),
    "nothing": (b"", "photo.jpg", "not_an_image"),
    "one byte": (b"\xff", "photo.jpg", "not_an_image"),
    "a script": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "photo.png", "not_an_image"),
    "svg": (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "photo.png", "not_an_image"),
    "png called jpg": (encoded("PNG"), "photo.jpg", "content_mismatch"),
    "jpg called gif": (encoded("JPEG"), "photo.gif", "content_mismatch"),
    "webp called png": (encoded("WEBP"), "photo.png", "content_mismatch"),
    "truncated jpg": (encoded("JPEG", size=(300, 300))[:-300], "photo.jpg", "corrupt_image"),
    "truncated png": (encoded("PNG", size=(300, 300))[:-40], "photo.png", "corrupt_image"),
    "truncated gif": (animation()[:-40], "photo.gif", "corrupt_image"),
    "first bytes alone": (b"\x89PNG\r\n\x1a\n", "photo.png", "corrupt_image"),
    "zeroed middle": (picture(size=(99, 99))[:30] + bytes(300), "photo.jpg", "corrupt_image"),
    "0 pixels": (png_of(0, 0), "photo.png", "corrupt_image"),
    "900 megapixels": (png_of(30_000, 30_000), "photo.png", "image_too_large_pixels"),
    "90 megapixels": (png_of(9_500, 9_500), "photo.png", "image_too_large_pixels"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refusals(make_app: MakeApp, tmp_path: Path, case: str) -> None:
    data, name, code = REFUSED[case]
    client = started(make_app()).test_client()
    before = inventory.take(tmp_path / "data")
    response = send(client, data, name)
    assert response.status_code == 400
    error = response.json["error"]
    assert set(response.json) == {"error"}
    assert set(error) == {"message", "type", "param", "code"}
    assert (error["code"], error["param"], error["type"]) == (code, "file", "invalid_request_error")
    assert inventory.take(tmp_path / "data") == before


def test_a_bomb_is_small(client: FlaskClient) -> None:
    assert len(png_of(30_000, 30_000)) < 8_000


def test_over_16_megabytes(make_app: MakeApp, tmp_path: Path) -> None:
    client = started(make_app()).test_client()
    before = inventory.take(tmp_path / "data")
    just_over = picture() + bytes(16 * 1024 * 1024)
    far_over = picture() + bytes(17 * 1024 * 1024)
    for data in (just_over, far_over):
        response = send(client, data, "photo.jpg")
        assert (response.status_code, response.json["error"]["code"]) == (413, "file_too_large")
    assert inventory.take(tmp_path / "data") == before


def test_exactly_16_megabytes_are_taken(client: FlaskClient) -> None:
    data = picture()
    assert send(client, data + bytes(16 * 1024 * 1024 - len(data)), "photo.jpg").status_code == 201


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ({}, "missing_file"),
        ({"other": (io.BytesIO(b"x"), "photo.jpg")}, "missing_file"),
        ({"file": "text"}, "missing_file"),
        ({"file": (io.BytesIO(b"x"), "")}, "empty_filename"),
        ({"file": [(io.BytesIO(b"x"), "a.jpg"), (io.BytesIO(b"x"), "b.jpg")]}, "multiple_files"),
    ],
    ids=["nothing", "another field", "a field of text", "no name", "two files"],
)
def test_not_one_file(client: FlaskClient, data: dict[str, object], code: str) -> None:
    response = client.post("/upload", data=data, content_type="multipart/form-data")
    assert (response.status_code, response.json["error"]["code"]) == (400, code)


def test_a_body_that_is_no_form(client: FlaskClient) -> None:
    for content_type in ("application/json", "text/plain", "image/jpeg"):
        response = client.post("/upload", data=picture(), content_type=content_type)
        assert (response.status_code, response.json["error"]["code"]) == (415, "unsupported_media_type")
    assert client.post("/upload").json["error"]["code"] == "missing_file"


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("a" * 300 + ".jpg", "a" * 251 + ".jpg"),
        ("日本の写真 🌸.jpg", "日本の写真 🌸.jpg"),
        ("../../etc/passwd.jpg", "passwd.jpg"),
        ("..\\..\\windows\\system.jpg", "system.jpg"),
        ("/absolute/photo.jpg", "photo.jpg"),
        ("photo%0d%0aX-Evil: yes.jpg", "photo%0d%0aX-Evil: yes.jpg"),
        ("<script>alert(1)</script>.jpg", "script>.jpg"),
        ("  spaced .jpg", "spaced .jpg"),
    ],
)
def test_file_names(make_app: MakeApp, tmp_path: Path, name: str, kept: str) -> None:
    client = make_app().test_client()
    response = send(client, picture(), name)
    assert response.json["image"]["filename"] == kept
    (file,) = inventory.take(tmp_path / "data").files
    image_id = response.json["image_id"]
    assert file == f"images/{image_id[:2]}/{image_id}/original.jpg"
    disposition = client.get(f"/images/{image_id}/file").headers["Content-Disposition"]
    assert "\r" not in disposition
    assert "\n" not in disposition


@pytest.mark.parametrize(
    ("kind", "name", "mime"),
    [
        ("WEBP", "a.webp", "image/webp"),
        ("BMP", "a.bmp", "image/bmp"),
        ("TIFF", "a.tif", "image/tiff"),
        ("HEIF", "a.heic", "image/heic"),
    ],
)
def test_further_formats_when_allowed(make_app: MakeApp, kind: str, name: str, mime: str) -> None:
    if kind == "HEIF":
        pillow_heif.register_heif_opener()  # to write one: Pillow itself cannot
    response = send(make_app(extra_image_formats=True).test_client(), encoded(kind), name)
    assert response.status_code == 201, response.json
    assert response.json["image"]["mime_type"] == mime


@pytest.mark.parametrize("said", [(), ("It is ",)], ids=["before the first word", "after it"])
def test_a_failed_analysis_loses_no_upload(make_app: MakeApp, tmp_path: Path, said: tuple[str, ...]) -> None:
    failure = ProviderUnavailable("The provider cannot be reached.", provider="scripted")
    client = make_app(ScriptedModel(*said, failure)).test_client()
    response = send(client, picture(), "photo.jpg")
    assert response.status_code == 201
    choice = response.json["choices"][0]
    assert choice["finish_reason"] == "error"
    assert choice["message"]["content"]
    assert client.get(f"/images/{response.json['image_id']}").status_code == 200
    expected = {"assistant": "failed", "user": "sent" if said else "unanswered"}
    assert dict(inventory.take(tmp_path / "data").messages.keys()) == expected


def test_an_analysis_that_breaks_loses_no_upload(make_app: MakeApp) -> None:
    def breaks(_number: int) -> None:
        raise LookupError("a bug")

    client = make_app(ScriptedModel(before_piece=breaks)).test_client()
    response = send(client, picture(), "photo.jpg")
    assert response.status_code == 201
    assert response.json["choices"][0]["finish_reason"] == "error"
    assert "bug" not in response.text
    assert client.get(f"/images/{response.json['image_id']}").status_code == 200


def test_a_picture_can_be_asked_about_after_its_analysis_failed(make_app: MakeApp) -> None:
    failing = make_app(ScriptedModel(ProviderTimeout("No answer in time.", provider="scripted")))
    image_id = send(failing.test_client(), picture(), "photo.jpg").json["image_id"]
    services_of(failing).stop()
    model = ScriptedModel()
    response = make_app(model).test_client().post(f"/chat/{image_id}", json={"question": "What is it?"})
    assert response.status_code == 200
    assert [message.text for message in model.requests[0].messages[1:]] == ["What is it?"]


def test_a_full_disk_keeps_no_row(make_app: MakeApp, tmp_path: Path) -> None:
    """A media folder that cannot be written is a 503, and nothing is half-kept."""
    client = started(make_app(storage_url=None)).test_client()
    before = inventory.take(tmp_path / "data")
    images = tmp_path / "data" / "media" / "images"
    images.write_text("a file where a folder should be")
    response = send(client, picture(), "photo.jpg")
    assert (response.status_code, response.json["error"]["code"]) == (503, "storage_unavailable")
    images.unlink()
    assert inventory.take(tmp_path / "data") == before
