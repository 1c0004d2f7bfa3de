"""What `POST /chat` and the studio's other addresses refuse, and that nothing is left behind by it."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import pytest
from flask.testing import FlaskClient
from PIL import Image

from services import granting
from tests.conftest import MakeApp, services_of
from tests.making.conftest import NOBODY, encoded, granted, noise, refused, text64, wish, work, works

PICTURE = encoded(noise((60, 40)))
SMALL = text64(encoded(noise((9, 9))))
BLACK = text64(encoded(Image.new("L", (60, 40))))
LIMIT = 16 * 1024 * 1024


def bomb() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 30_000, 30_000, 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\x00" * 4000)) + chunk(b"IEND", b"")


def padded(size: int) -> bytes:
    """A picture of exactly so many bytes."""
    small = encoded(noise((30, 20)), "JPEG")
    return small + b"\0" * (size - len(small))


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({}, 400, "missing_message"),
        ({"message": ""}, 400, "empty_message"),
        ({"message": " \t\n "}, 400, "empty_message"),
        ({"message": None}, 400, "invalid_message"),
        ({"message": 5}, 400, "invalid_message"),
        ({"message": ["a"]}, 400, "invalid_message"),
        ({"message": "a\x00b"}, 400, "invalid_message"),
        ({"message": "x" * 10_001}, 400, "message_too_long"),
        ({"message": "é" * 10_001}, 400, "message_too_long"),
        ({"message": "a", "picture": 5}, 400, "invalid_picture"),
        ({"message": "a", "picture": {"data": "x"}}, 400, "invalid_picture"),
        ({"message": "a", "picture": "not base64!"}, 400, "invalid_picture"),
        ({"message": "a", "picture": "A"}, 400, "invalid_picture"),
        ({"message": "a", "picture": "   "}, 400, "empty_picture"),
        ({"message": "a", "picture": text64(b"<html><body>no</body></html>")}, 400, "not_an_image"),
        ({"message": "a", "picture": text64(b"plain text")}, 400, "not_an_image"),
        ({"message": "a", "picture": text64(PICTURE[:500])}, 400, "corrupt_image"),
        ({"message": "a", "picture": text64(b"\x89PNG\r\n\x1a\n<html>")}, 400, "corrupt_image"),
        ({"message": "a", "picture": text64(bomb())}, 400, "image_too_large_pixels"),
        ({"message": "a", "picture": "https://example.com/cat.png"}, 400, "invalid_picture"),
        ({"message": "a", "conversation_id": 5}, 400, "invalid_conversation_id"),
        ({"message": "a", "conversation_id": NOBODY}, 404, "conversation_not_found"),
        ({"message": "a", "conversation_id": "../../etc/passwd"}, 404, "conversation_not_found"),
        ({"message": "a", "conversation_id": NOBODY, "version_id": NOBODY}, 404, "conversation_not_found"),
        ({"message": "a", "version_id": NOBODY}, 404, "version_not_found"),
        ({"message": "a", "version_id": "x"}, 404, "version_not_found"),
        ({"message": "a", "version_id": []}, 400, "invalid_version_id"),
        ({"message": "blur it", "mask": text64(PICTURE)}, 400, "mask_without_picture"),
        ({"message": "a", "picture": text64(PICTURE), "mask": "?"}, 400, "invalid_mask"),
        ({"message": "a", "picture": text64(PICTURE), "mask": text64(b"<html>")}, 400, "not_an_image"),
        ({"message": "a", "picture": text64(PICTURE), "mask": SMALL}, 400, "mask_size_mismatch"),
        ({"message": "a", "picture": text64(PICTURE), "mask": BLACK}, 400, "empty_mask"),
    ],
)  # fmt: skip
def test_what_is_refused(shared: FlaskClient, fields: dict[str, Any], status: int, code: str) -> None:
    answer = refused(shared.post("/chat", json=fields))
    assert answer[:2] == (status, code)
    assert answer[2] in {"message", "picture", "mask", "conversation_id", "version_id"}
    assert works(shared) == []


@pytest.mark.parametrize(
    ("body", "kind", "status", "code"),
    [
        (b"{", "application/json", 400, "invalid_json"),
        (b"", "application/json", 400, "invalid_json"),
        (b"[]", "application/json", 400, "invalid_json"),
        (b'"message"', "application/json", 400, "invalid_json"),
        (b'{"message": NaN}', "application/json", 400, "invalid_json"),
        (b"\xff\xfe", "application/json", 400, "invalid_json"),
        (b'{"message": "\\ud800"}', "application/json", 400, "invalid_message"),
        (b"[" * 100_000, "application/json", 400, "invalid_json"),
        (b'{"message": ' + b"[" * 100_000, "application/json", 400, "invalid_json"),
        (b'{"message": "hi"}', "text/plain", 415, "unsupported_media_type"),
        (b"message=hi", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
    ],
)
def test_bodies_that_are_none(shared: FlaskClient, body: bytes, kind: str, status: int, code: str) -> None:
    response = shared.post("/chat", data=body, content_type=kind)
    assert refused(response)[:2] == (status, code)


def test_deep_json_that_is_valid(shared: FlaskClient) -> None:
    body = b'{"message": ' + b"[" * 50_000 + b"]" * 50_000 + b"}"
    response = shared.post("/chat", data=body, content_type="application/json")
    assert refused(response)[0] == 400


def test_the_largest_picture_and_one_byte_more(studio: FlaskClient) -> None:
    answer = granted(studio, "rotate it left", picture=padded(LIMIT))
    assert (answer["width"], answer["height"]) == (20, 30)
    assert work(studio, answer["conversation_id"])["versions"][0]["size_bytes"] == LIMIT
    assert refused(wish(studio, "rotate it left", picture=padded(LIMIT + 1))) == (413, "file_too_large", "picture")
    mask = {"picture": PICTURE, "mask": padded(LIMIT + 1)}
    assert refused(wish(studio, "rotate it left", **mask)) == (413, "file_too_large", "mask")
    assert len(works(studio)) == 1


def test_prompts_of_ten_thousand_characters(studio: FlaskClient) -> None:
    assert granted(studio, "é" * 10_000)["text"]
    assert refused(wish(studio, "é" * 10_001)) == (400, "message_too_long", "message")


def test_a_mask_that_fits_no_longer(studio: FlaskClient) -> None:
    first = granted(studio, "crop it to the left half", picture=PICTURE)
    response = wish(
        studio, "blur it", conversation_id=first["conversation_id"], mask=encoded(Image.new("L", (60, 40), 255))
    )
    assert refused(response)[:2] == (400, "mask_size_mismatch")
    assert len(work(studio, first["conversation_id"])["turns"]) == 1


def test_a_version_of_another_conversation(studio: FlaskClient) -> None:
    first = granted(studio, "rotate it left", picture=PICTURE)
    other = granted(studio, "rotate it right", picture=PICTURE)
    place = {"conversation_id": first["conversation_id"], "version_id": other["version_id"]}
    assert refused(wish(studio, "flip it", **place)) == (404, "version_not_found", "version_id")
    assert refused(wish(studio, "flip it", **place, picture=PICTURE)) == (404, "version_not_found", "version_id")
    address = f"/studio/conversations/{first['conversation_id']}/current"
    assert refused(studio.put(address, json={"version_id": other["version_id"]}))[:2] == (404, "version_not_found")
    assert len(work(studio, first["conversation_id"])["turns"]) == 1


ADDRESSES = [
    ("GET", "/studio/conversations/{conversation}"),
    ("PATCH", "/studio/conversations/{conversation}"),
    ("DELETE", "/studio/conversations/{conversation}"),
    ("POST", "/studio/conversations/{conversation}/undo"),
    ("POST", "/studio/conversations/{conversation}/redo"),
    ("PUT", "/studio/conversations/{conversation}/current"),
    ("GET", "/studio/versions/{version}/file"),
    ("GET", "/studio/versions/{version}/thumbnail"),
    ("DELETE", "/studio/versions/{version}"),
]
BODIES = {"PATCH": {"title": "Mine"}, "PUT": {"version_id": NOBODY}}


@pytest.mark.parametrize(("method", "address"), ADDRESSES)
@pytest.mark.parametrize("name", [NOBODY, "nothing", NOBODY[:-1], "%2e%2e"])
def test_what_does_not_exist(shared: FlaskClient, method: str, address: str, name: str) -> None:
    response = shared.open(address.format(conversation=name, version=name), method=method, json=BODIES.get(method))
    kind = "version" if "versions" in address else "conversation"
    assert refused(response) == (404, f"{kind}_not_found", f"{kind}_id")


@pytest.mark.parametrize(("method", "address"), ADDRESSES)
def test_what_is_somebody_elses(make_app: MakeApp, method: str, address: str) -> None:
    """Another's object answers as one that does not exist."""
    app = make_app(image_provider=("local",))
    client = app.test_client()
    services = services_of(app)
    services.start()
    theirs = services.studio.grant(granting.Wish("somebody-else", "create a red canvas 8x8"))
    assert theirs.version is not None
    names = {"conversation": theirs.gallery.conversation.id, "version": theirs.version.id}
    body = {"PATCH": {"title": "Mine"}, "PUT": {"version_id": theirs.version.id}}.get(method)
    kind = "version" if "versions" in address else "conversation"
    assert refused(client.open(address.format(**names), method=method, json=body))[:2] == (404, f"{kind}_not_found")
    for place in ({"conversation_id": names["conversation"]}, {"version_id": names["version"]}):
        assert refused(wish(client, "undo", **place))[0] == 404
    assert works(client) == []
    assert services.galleries.page("somebody-else", 10, 0)[1] == 1
    assert services.galleries.files.picture(theirs.version)


def test_a_conversation_of_another_surface(studio: FlaskClient) -> None:
    """A conversation about an uploaded picture is none of the studio's."""
    upload = studio.post("/upload", data={"file": (io.BytesIO(PICTURE), "p.png")})
    assert upload.status_code == 201
    assert works(studio) == []


@pytest.mark.parametrize(
    ("query", "code"),
    [("limit=0", "invalid_limit"), ("limit=101", "invalid_limit"), ("limit=x", "invalid_limit"),
     ("offset=-1", "invalid_offset"), ("offset=1e3", "invalid_offset")],
)  # fmt: skip
def test_pages_out_of_range(shared: FlaskClient, query: str, code: str) -> None:
    assert refused(shared.get(f"/studio/conversations?{query}"))[:2] == (400, code)


@pytest.mark.parametrize(
    ("body", "code"),
    [({}, "missing_title"), ({"title": " "}, "empty_title"), ({"title": "x" * 256}, "title_too_long"),
     ({"title": 5}, "invalid_title"), ({"title": "a\x07"}, "invalid_title")],
)  # fmt: skip
def test_titles_that_are_none(studio: FlaskClient, body: dict[str, Any], code: str) -> None:
    made = granted(studio, "create a red canvas 8x8")
    response = studio.patch(f"/studio/conversations/{made['conversation_id']}", json=body)
    assert refused(response)[:2] == (400, code)


@pytest.mark.parametrize(("method", "path"), [("GET", "/chat"), ("PUT", "/chat"), ("POST", "/studio/conversations"),
                                              ("POST", "/studio/versions/x/file")])  # fmt: skip
def test_wrong_methods(shared: FlaskClient, method: str, path: str) -> None:
    assert refused(shared.open(path, method=method))[0] in (404, 405)
