"""Pictures made ready: upright, plain, small enough, true to their colours."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from services.content import PreparedImage
from services.library.pictures import prepare
from tests.conftest import picture


def opened(prepared: PreparedImage) -> Image.Image:
    image = Image.open(io.BytesIO(prepared.data))
    image.load()
    assert image.size == (prepared.width, prepared.height)
    assert Image.MIME[str(image.format)] == prepared.mime_type
    return image


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def quarters() -> Image.Image:
    """Red, green, blue and white quarters: every turn of it looks different."""
    image = Image.new("RGB", (120, 80), "white")
    image.paste("red", (0, 0, 60, 40))
    image.paste("lime", (60, 0, 120, 40))
    image.paste("blue", (0, 40, 60, 80))
    return image


TURNED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.mark.parametrize("orientation", TURNED)
def test_turned_upright(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    (ready,) = prepare(encoded(quarters().transpose(TURNED[orientation]), "PNG", exif=exif), 512)
    found = np.asarray(opened(ready).convert("RGB"), dtype=int)
    assert np.abs(found - np.asarray(quarters(), dtype=int)).mean() < 4


def test_nothing_that_was_written_into_it_is_left() -> None:
    exif = Image.Exif()
    exif[0x010F] = "CameraMaker"
    exif[0x8825] = {1: "N", 2: (19.0, 4.0, 33.0)}
    data = encoded(quarters(), "JPEG", exif=exif, comment=b"private words", icc_profile=b"a profile of 20 bytes")
    (ready,) = prepare(data, 512)
    image = opened(ready)
    assert not image.getexif()
    assert not {"exif", "comment", "icc_profile", "xmp"} & set(image.info)
    assert b"CameraMaker" not in ready.data
    assert b"private" not in ready.data


@pytest.mark.parametrize(("size", "expected"), [((1000, 500), (200, 100)), ((50, 40), (50, 40)), ((3000, 2), (200, 1))])
def test_made_smaller_and_never_larger(size: tuple[int, int], expected: tuple[int, int]) -> None:
    (ready,) = prepare(picture(size=size), 200)
    assert (ready.width, ready.height) == expected


def test_sixteen_bits_are_scaled_not_clipped() -> None:
    ramp = np.tile(np.linspace(0, 65535, 64).astype(np.uint16), (32, 1))
    (ready,) = prepare(encoded(Image.fromarray(ramp), "PNG"), 512)
    found = np.asarray(opened(ready).convert("L"), dtype=int)[16]
    assert abs(found[32] - 129) < 6
    assert found[0] < 6
    assert found[-1] > 249


@pytest.mark.parametrize("mode", ["CMYK", "L", "P", "1", "YCbCr", "RGBA", "LA"])
def test_every_mode_becomes_plain(mode: str) -> None:
    kind = "JPEG" if mode in ("CMYK", "YCbCr") else "PNG"
    (ready,) = prepare(encoded(Image.new("RGB", (40, 30), "red").convert(mode), kind), 512)
    image = opened(ready)
    assert image.mode == "RGB"
    if mode not in ("L", "LA", "1"):
        assert np.abs(np.asarray(image, dtype=int)[15, 20] - (255, 0, 0)).max() < 12


def test_what_shows_through_is_kept() -> None:
    image = Image.new("RGBA", (40, 30), (255, 0, 0, 128))
    (ready,) = prepare(encoded(image, "PNG"), 512)
    assert ready.mime_type == "image/png"
    assert opened(ready).getpixel((5, 5)) == (255, 0, 0, 128)


@pytest.mark.parametrize(("total", "expected"), [(1, 1), (2, 2), (4, 4), (30, 4)])
def test_frames_of_an_animation(total: int, expected: int) -> None:
    frames = [Image.new("RGB", (20, 20), (number * 8, 0, 255 - number * 8)) for number in range(total)]
    ready = prepare(encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=50), 512)
    assert len(ready) == expected
    assert np.abs(np.asarray(opened(ready[0]).convert("RGB"), dtype=int)[9, 9] - frames[0].getpixel((9, 9))).max() < 12
    assert (
        np.abs(np.asarray(opened(ready[-1]).convert("RGB"), dtype=int)[9, 9] - frames[-1].getpixel((9, 9))).max() < 12
    )


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")  # the point of it
def test_broken_exif_is_passed_over() -> None:
    data = picture(size=(60, 40), exif=b"Exif\x00\x00II*\x00\xff\xff\xff\x7f rubbish")
    (ready,) = prepare(data, 512)
    assert (ready.width, ready.height) == (60, 40)
