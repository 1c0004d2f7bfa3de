from __future__ import annotations

import base64
import struct
import zlib

import pytest

from services.errors import ImageRejected, InvalidInput, TooLarge
from services.studio.decode import picture_from_base64, to_base64
from tests.studio.conftest import encoded, noise

PNG = encoded(noise())
TEXT = base64.b64encode(PNG).decode()


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        f"data:image/png;base64,{TEXT}",
        f" DATA:image/png;name=a.png;base64,{TEXT}\n",
        "\r\n".join(TEXT[at : at + 76] for at in range(0, len(TEXT), 76)),
        TEXT.rstrip("="),
        TEXT.replace("+", "-").replace("/", "_"),
    ],
)
def test_ways_to_write_it(text: str) -> None:
    picture = picture_from_base64(text)
    assert (picture.data, picture.mime_type) == (PNG, "image/png")


def test_round_trip() -> None:
    assert picture_from_base64(to_base64(PNG)).data == PNG


@pytest.mark.parametrize(
    ("text", "error", "code"),
    [
        ("", InvalidInput, "empty_picture"),
        ("data:image/png;base64,", InvalidInput, "empty_picture"),
        ("not base64!", InvalidInput, "invalid_picture"),
        ("é" * 40, InvalidInput, "invalid_picture"),
        ("A", InvalidInput, "invalid_picture"),
        (base64.b64encode(b"<html><body>no</body></html>").decode(), ImageRejected, "not_an_image"),
        (base64.b64encode(PNG[: len(PNG) // 2]).decode(), ImageRejected, "corrupt_image"),
        (base64.b64encode(b"\x00" * (16 * 1024 * 1024 + 1)).decode(), TooLarge, "file_too_large"),
        ("A" * 40_000_000, TooLarge, "file_too_large"),
    ],
)
def test_what_is_not_taken(text: str, error: type[InvalidInput], code: str) -> None:
    with pytest.raises(error) as caught:
        picture_from_base64(text, field="picture")
    assert (caught.value.code, caught.value.field) == (code, "picture")


def test_a_decompression_bomb() -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 30_000, 30_000, 1, 0, 0, 0, 0))
    bomb = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\x00" * 4000)) + chunk(b"IEND", b"")
    with pytest.raises(ImageRejected) as caught:
        picture_from_base64(base64.b64encode(bomb).decode())
    assert caught.value.code == "image_too_large_pixels"
