"""What a picture keeps through the API: its quality over many edits, its profile, transparency and orientation."""

from __future__ import annotations

import io
import subprocess
import sys
from typing import Any

import numpy as np
import pillow_heif
import pytest
from flask.testing import FlaskClient
from PIL import Image, ImageCms

from config import ROOT
from tests.making.conftest import decoded, encoded, granted, noise, shown
from tests.studio.conftest import photo
from tests.studio.test_files import exif


def far(first: Image.Image, second: Image.Image) -> float:
    """Mean difference of the pixels, 0 to 255."""
    return float(np.abs(np.asarray(first.convert("RGB"), float) - np.asarray(second.convert("RGB"), float)).mean())


def test_ten_edits_look_as_good_as_one(studio: FlaskClient) -> None:
    original = encoded(photo().crop((100, 0, 300, 160)), "JPEG", quality=85)
    answer = granted(studio, "flip it horizontally", picture=original)
    once = granted(studio, "flip it horizontally, then rotate it 180 degrees", picture=original)
    for number in range(10):
        wish = "rotate it 90 degrees" if number % 2 else "flip it vertically and flip it horizontally"
        answer = granted(studio, wish, conversation_id=answer["conversation_id"])
    # Five turns by 90 and five by 180 degrees: one by 270 beyond the half turn of `once`.
    expected = shown(once).transpose(Image.Transpose.ROTATE_270)
    reference = decoded(original).transpose(Image.Transpose.FLIP_LEFT_RIGHT).rotate(180)
    reference = reference.transpose(Image.Transpose.ROTATE_270)
    assert shown(answer).size == reference.size
    assert far(shown(answer), reference) <= far(expected, reference) * 1.05 + 0.05


def test_a_profile_survives(studio: FlaskClient) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for kind in ("JPEG", "PNG"):
        answer = granted(studio, "make it brighter", picture=encoded(noise(), kind, icc_profile=profile))
        assert shown(answer).info["icc_profile"] == profile


def test_transparency_survives(studio: FlaskClient) -> None:
    picture = noise((40, 30), "RGBA")
    answer = granted(studio, "rotate it left", picture=encoded(picture))
    turned = picture.transpose(Image.Transpose.ROTATE_90)
    assert shown(answer).mode == "RGBA"
    assert shown(answer).getchannel("A").tobytes() == turned.getchannel("A").tobytes()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied_once(studio: FlaskClient, orientation: int) -> None:
    picture = Image.new("RGB", (60, 40), "white")
    picture.paste("red", (0, 0, 30, 20))
    data = encoded(picture, "JPEG", quality=95, exif=exif(orientation))
    upright = Image.open(io.BytesIO(data))
    sideways = orientation >= 5
    answer = granted(studio, "make it a bit brighter", picture=data)
    assert shown(answer).size == ((40, 60) if sideways else (60, 40)) == (answer["width"], answer["height"])
    assert shown(answer).getexif().get(0x0112, 1) == 1
    again = granted(studio, "make it a bit darker", conversation_id=answer["conversation_id"])
    assert shown(again).size == shown(answer).size
    assert upright.size == (60, 40)


def test_an_animation_stays_one(studio: FlaskClient) -> None:
    frames = [noise((20, 10), seed=seed) for seed in range(3)]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=80, loop=0)
    answer = granted(studio, "rotate it left", picture=data)
    turned = shown(answer)
    assert (answer["mime_type"], turned.size, getattr(turned, "n_frames", 1)) == ("image/gif", (10, 20), 3)


@pytest.mark.parametrize(
    ("kind", "options"),
    [("JPEG", {"quality": 90}), ("PNG", {}), ("WEBP", {"lossless": True}), ("BMP", {}), ("TIFF", {})],
)
def test_every_kind_of_file_is_taken(studio: FlaskClient, kind: str, options: dict[str, Any]) -> None:
    answer = granted(studio, "crop it to a square", picture=encoded(noise(), kind, **options))
    assert shown(answer).size == (40, 40)


def test_another_kind_of_file(studio: FlaskClient) -> None:
    first = granted(studio, "save it as png", picture=encoded(noise(), "JPEG"))
    place = {"conversation_id": first["conversation_id"]}
    assert (first["text"], first["mime_type"]) == ("Converted to PNG.", "image/png")
    assert shown(first).tobytes() == decoded(encoded(noise(), "JPEG")).tobytes()
    turned = granted(studio, "rotate it left", **place)
    assert turned["mime_type"] == "image/png", "it stays of the kind it was asked to be"
    assert "PNG" not in turned["alt_text"]
    assert not granted(studio, "convert it to png", **place)["changed"]
    back = granted(studio, "convert it to jpeg", **place)
    assert (back["mime_type"], shown(back).format) == ("image/jpeg", "JPEG")


def test_a_jpeg_of_what_is_transparent(studio: FlaskClient) -> None:
    picture = Image.new("RGBA", (20, 10), (255, 0, 0, 0))
    picture.paste((0, 0, 255, 255), (0, 0, 10, 10))
    answer = granted(studio, "save it as a jpg", picture=encoded(picture))
    assert "white" in answer["text"]
    red, green, blue = shown(answer).getpixel((17, 5))
    assert min(red, green, blue) > 245


def test_a_still_of_an_animation(studio: FlaskClient) -> None:
    frames = [noise((20, 10), seed=seed) for seed in range(3)]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=80, loop=0)
    answer = granted(studio, "convert it to png", picture=data)
    assert (answer["mime_type"], getattr(shown(answer), "n_frames", 1)) == ("image/png", 1)
    assert "first frame" in answer["text"]


def test_a_kept_heif_can_be_read_by_the_next_process(studio: FlaskClient) -> None:
    """Nothing but the stored file is there after a restart: no upload has made Pillow read its kind yet."""
    pillow_heif.register_heif_opener()
    answer = granted(studio, "hello", picture=encoded(noise(), "HEIF"))
    kept = studio.get(f"/studio/versions/{answer['version_id']}/file").data
    reads = (
        "import sys; data = sys.stdin.buffer.read();"
        "from services.studio.frames import load; from services.library.pictures import prepare;"
        "print(*load(data).size, prepare(data, 30)[0].width)"
    )
    command = [sys.executable, "-c", reads]
    run = subprocess.run(command, input=kept, cwd=ROOT, capture_output=True, timeout=60, check=False)
    assert run.stdout.split() == [b"60", b"40", b"30"], run.stderr.decode()
