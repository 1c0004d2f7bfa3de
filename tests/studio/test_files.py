"""What survives of a file: format, profile, transparency, orientation, metadata, frames."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageSequence

from services.errors import ImageRejected
from services.studio.frames import load
from services.studio.measures import Length
from services.studio.operations import Adjust, Border, Effect, Flip, Resize, Rotate, RoundCorners, Trim
from services.studio.render import render
from tests.studio.conftest import decoded, encoded, noise, photo

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
LAB = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
ORIENTATION, MAKE, DATE = 0x0112, 0x010F, 0x0132
FLIP = (Flip("horizontal"),)


def exif(orientation: int = 1) -> bytes:
    tags = Image.Exif()
    tags[ORIENTATION], tags[MAKE], tags[DATE] = orientation, "Camera", "2026:01:02 03:04:05"
    return tags.tobytes()


def test_jpeg_stays_jpeg_close_to_the_original() -> None:
    source = encoded(photo(), "JPEG", quality=90)
    made = render(source, (Flip("horizontal"), Flip("horizontal")))
    assert made.mime_type == "image/jpeg"
    error = np.abs(np.asarray(decoded(made.data)).astype(int) - np.asarray(decoded(source)).astype(int))
    assert error.mean() < 1.0


def test_a_chain_decays_no_more_than_one_edit() -> None:
    source = encoded(photo(), "JPEG", quality=90)
    truth = np.asarray(decoded(source)).astype(int)
    chain: tuple[Flip, ...] = ()
    latest = b""
    for _ in range(20):
        chain = (*chain, Flip("horizontal"))
        latest = render(source, chain).data
    once = render(source, FLIP).data
    error = np.abs(np.asarray(decoded(latest)).astype(int) - truth).mean()
    error_once = np.abs(np.asarray(decoded(once).transpose(Image.Transpose.FLIP_LEFT_RIGHT)).astype(int) - truth).mean()
    assert error <= error_once * 1.05


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied_once(orientation: int) -> None:
    upright = Image.new("RGB", (32, 16), "white")
    upright.paste("red", (0, 0, 8, 8))
    undo = {
        1: None, 2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]  # fmt: skip
    stored = upright if undo is None else upright.transpose(undo)
    source = encoded(stored, "JPEG", quality=100, subsampling=0, exif=exif(orientation))
    made = decoded(render(source, (Border("#0000ff", Length(1)),)).data)
    assert made.size == (34, 18)
    assert made.getexif().get(ORIENTATION, 1) == 1
    red, green, blue = made.getpixel((4, 4))
    assert red > 200
    assert max(green, blue) < 60
    assert min(made.getpixel((28, 12))) > 200


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_profile_date_and_resolution_survive(kind: str) -> None:
    source = encoded(photo(), kind, icc_profile=SRGB, exif=exif(), dpi=(300, 300))
    made = decoded(render(source, (Effect("greyscale"), Resize(scale=0.5))).data)
    assert made.info["icc_profile"] == SRGB
    assert made.getexif()[MAKE] == "Camera"
    assert made.getexif()[DATE] == "2026:01:02 03:04:05"
    assert tuple(round(one) for one in made.info["dpi"]) == (300, 300)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")  # Pillow's own word on it
def test_broken_metadata_is_as_good_as_none() -> None:
    source = encoded(photo(), "JPEG", exif=b"Exif\x00\x00MM\x00\x2a\xff\xff\xff\xff")
    assert decoded(render(source, FLIP).data).size == (512, 512)
    assert decoded(render(encoded(photo(), "PNG", icc_profile=b"no profile"), FLIP).data).size == (512, 512)


def test_transparency_survives_and_turns_a_jpeg_into_a_png() -> None:
    image = noise(mode="RGBA")
    made = render(encoded(image), (Adjust("brightness", 1.2),))
    assert decoded(made.data).getchannel("A").tobytes() == image.getchannel("A").tobytes()
    rounded = render(encoded(photo(), "JPEG"), (RoundCorners(Length(20)),))
    assert rounded.mime_type == "image/png"
    assert render(encoded(photo(), "JPEG"), (Rotate(180),)).mime_type == "image/jpeg"


def test_palette_keeps_its_colours_and_its_hole() -> None:
    image = Image.new("P", (4, 1))
    image.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255])
    image.putdata([0, 1, 2, 0])
    made = decoded(render(encoded(image, transparency=1), FLIP).data)
    assert [made.getpixel((x, 0)) for x in range(4)] == [
        (255, 0, 0, 255),
        (0, 0, 255, 255),
        (0, 255, 0, 0),
        (255, 0, 0, 255),
    ]


@pytest.mark.parametrize("mode", ["1", "L", "LA"])
def test_grey_files_keep_their_values(mode: str) -> None:
    image = noise((16, 8), "LA" if mode == "LA" else "L").convert(mode)
    made = decoded(render(encoded(image), (Flip("vertical"), Flip("vertical"))).data)
    assert made.convert("LA").tobytes() == image.convert("LA").tobytes()


def test_sixteen_bits_come_down_by_value() -> None:
    image = Image.fromarray(np.linspace(0, 65535, 256).astype(np.uint16).reshape(16, 16))
    made = np.asarray(decoded(render(encoded(image), (Flip("vertical"), Flip("vertical"))).data)).astype(int)
    assert np.abs(made - np.arange(256).reshape(16, 16)).max() <= 1


def test_cmyk_becomes_rgb() -> None:
    source = encoded(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG", quality=100)
    red, green, blue = decoded(render(source, FLIP).data).convert("RGB").getpixel((8, 8))
    assert red > 200
    assert max(green, blue) < 80


def animation(kind: str = "GIF", **options: object) -> bytes:
    frames = []
    for number in range(4):
        frame = Image.new("RGB", (40, 30), "white")
        frame.paste("red", (number * 8, 5, number * 8 + 6, 11))
        frames.append(frame)
    times = [40, 80, 120, 160]
    return encoded(frames[0], kind, save_all=True, append_images=frames[1:], duration=times, loop=3, **options)


@pytest.mark.parametrize("kind", ["GIF", "PNG"])
def test_every_frame_of_an_animation_is_edited(kind: str) -> None:
    made = render(animation(kind), (Resize(scale=2), Effect("invert")))
    assert made.mime_type == f"image/{kind.lower()}"
    with Image.open(io.BytesIO(made.data)) as image:
        assert (image.n_frames, image.size, image.info["loop"]) == (4, (80, 60), 3)
        frames = [(frame.info["duration"], frame.convert("RGB")) for frame in ImageSequence.Iterator(image)]
    assert [round(time) for time, _ in frames] == [40, 80, 120, 160]
    for number, (_, frame) in enumerate(frames):
        red, green, blue = frame.getpixel((number * 16 + 6, 16))
        assert red < 40
        assert min(green, blue) > 200


def test_trimming_an_animation_keeps_what_any_frame_needs() -> None:
    made = render(animation(), (Trim(),))
    assert (made.width, made.height) == (30, 6)


def test_an_animation_with_transparency_keeps_its_hole() -> None:
    frames = [Image.new("RGBA", (20, 20), (0, 0, 0, 0)) for _ in range(3)]
    for number, frame in enumerate(frames):
        frame.paste((255, 0, 0, 255), (number * 5, 0, number * 5 + 5, 5))
    source = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=50, disposal=2)
    with Image.open(io.BytesIO(render(source, FLIP).data)) as image:
        image.seek(2)
        frame = image.convert("RGBA")
    assert frame.getpixel((0, 19))[3] == 0
    assert frame.getpixel((7, 2))[3] == 255


def test_what_is_no_picture_is_rejected() -> None:
    for data in (b"", b"<html><body>hello</body></html>", encoded(photo(), "JPEG")[:2000]):
        with pytest.raises(ImageRejected):
            load(data)


def test_the_cameras_thumbnail_does_not_show_what_was_cropped_away() -> None:
    thumbnail = encoded(photo().resize((32, 32)), "JPEG")
    # TIFF 6.0: a first directory with the maker, a second with where the thumbnail lies.
    first = struct.pack("<H", 1) + struct.pack("<HHI4s", MAKE, 2, 4, b"Cam\0") + struct.pack("<I", 26)
    second = (
        struct.pack("<H", 2)
        + struct.pack("<HHII", 0x0201, 4, 1, 56)
        + struct.pack("<HHII", 0x0202, 4, 1, len(thumbnail))
    )
    tags = b"Exif\0\0II*\0" + struct.pack("<I", 8) + first + second + struct.pack("<I", 0) + thumbnail
    source = encoded(photo(), "JPEG", exif=tags)
    assert thumbnail[-200:-100] in source
    made = render(source, (Effect("invert"),)).data
    assert decoded(made).getexif()[MAKE] == "Cam"
    assert thumbnail[-200:-100] not in made
