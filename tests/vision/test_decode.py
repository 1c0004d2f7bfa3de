"""Every kind of file Pillow decodes comes out as upright RGB of a bounded size."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from services.vision.decode import WORKING_SIDE, open_picture
from services.vision.eyes import Eyes
from tests.vision.conftest import REPOSITORY, encoded


def deep(astronaut: Image.Image) -> np.ndarray:
    return np.asarray(astronaut.convert("L")).astype(np.uint16) * 257


def in_mode(astronaut: Image.Image, mode: str) -> bytes:
    match mode:
        case "CMYK" | "L":
            return encoded(astronaut.convert(mode), "JPEG")
        case "P with a clear colour":
            palette = astronaut.convert("P")
            used = [place for place, count in enumerate(palette.histogram()) if count]
            return encoded(palette, "PNG", transparency=min(used, key=palette.histogram().__getitem__))
        case "GIF":
            return encoded(astronaut.convert("P"), "GIF")
        case "I;16":
            return encoded(Image.fromarray(deep(astronaut)))
        case "I;16 TIFF":
            return encoded(Image.fromarray(deep(astronaut)), "TIFF")
        case "I":
            return encoded(Image.fromarray(deep(astronaut).astype(np.int32) * 500), "TIFF")
        case "F":
            return encoded(Image.fromarray(deep(astronaut).astype(np.float32) / 65535), "TIFF")
        case "LAB" | "YCbCr":
            return encoded(astronaut.convert(mode), "TIFF")
        case _:
            return encoded(astronaut.convert(mode))


MODES = [
    "RGB", "RGBA", "L", "LA", "P", "1", "CMYK", "GIF", "P with a clear colour", "I;16", "I;16 TIFF", "I", "F", "LAB",
    "YCbCr",
]  # fmt: skip


@pytest.mark.parametrize("mode", MODES)
def test_modes(eyes: Eyes, astronaut: Image.Image, mode: str) -> None:
    data = in_mode(astronaut, mode)
    picture = open_picture(data)
    assert picture.pixels.shape == (512, 512, 3)
    assert picture.pixels.dtype == np.uint8
    assert picture.has_transparency == (mode == "P with a clear colour")
    wanted = np.asarray(astronaut.convert("L"), dtype=float)
    got = np.asarray(Image.fromarray(picture.pixels).convert("L"), dtype=float)
    assert np.corrcoef(wanted[::8, ::8].ravel(), got[::8, ::8].ravel())[0, 1] > (0.6 if mode == "1" else 0.97)
    facts = eyes.look(data)
    assert "person" in {thing.name for thing in facts.objects}
    assert facts.missing == ()


@pytest.mark.parametrize(
    "size",
    [(1, 1), (2, 1), (1, 2), (3, 3), (1, 5000), (5000, 1), (3, 3000), (12, 20000), (20000, 12), (5000, 40), (16, 16),
     (31, 33)],
)  # fmt: skip
@pytest.mark.parametrize("mode", ["RGB", "P", "LA"])
def test_odd_sizes(eyes: Eyes, astronaut: Image.Image, size: tuple[int, int], mode: str) -> None:
    facts = eyes.look(encoded(astronaut.resize(size).convert(mode)))
    assert (facts.width, facts.height) == size
    assert facts.missing == ()
    assert facts.colours


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation(orientation: int) -> None:
    upright = Image.new("RGB", (60, 30), "white")
    upright.paste((255, 0, 0), (0, 0, 20, 10))  # red in the top left corner
    undo = {
        1: None, 2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]  # fmt: skip
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = upright if undo is None else upright.transpose(undo)
    picture = open_picture(encoded(stored, "PNG", exif=exif))
    assert (picture.width, picture.height) == (60, 30)
    assert picture.pixels[2, 2].tolist() == [255, 0, 0]
    assert picture.pixels[-2, -2].tolist() == [255, 255, 255]


def test_what_is_clear_lies_on_white() -> None:
    picture = open_picture(encoded(Image.new("RGBA", (20, 10), (255, 0, 0, 0))))
    assert picture.has_transparency
    assert picture.pixels.min() == 255


def test_an_opaque_alpha_is_no_transparency() -> None:
    assert not open_picture(encoded(Image.new("RGBA", (20, 10), (255, 0, 0, 255)))).has_transparency


def test_a_tiff_of_several_pages_does_not_move(astronaut: Image.Image) -> None:
    pages = [astronaut.resize((64, 64)), Image.new("RGB", (64, 64))]
    assert open_picture(encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:])).frames is None


def test_a_cut_off_animation_gives_the_frames_that_are_there(astronaut: Image.Image) -> None:
    frames = [astronaut.resize((200, 200)).rotate(angle) for angle in range(0, 90, 10)]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=50)
    picture = open_picture(data[: len(data) // 2])
    assert picture.frames is not None
    assert 2 <= picture.frames.count < 9


@pytest.mark.parametrize("junk", [b"", b"Exif\0\0", b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + bytes(range(256)) * 20])
def test_broken_metadata_is_passed_over(astronaut: Image.Image, junk: bytes) -> None:
    assert open_picture(encoded(astronaut, "JPEG", exif=junk)).width == 512


def test_random_metadata_is_passed_over(astronaut: Image.Image) -> None:
    small = astronaut.resize((32, 32))
    for seed in range(60):
        rng = np.random.default_rng(seed)
        head = b"Exif\0\0" + (b"II*\0\x08\0\0\0" if seed % 2 else b"MM\0*\0\0\0\x08")
        body = rng.integers(0, 256 if seed % 3 else 12, 400, dtype=np.uint8).tobytes()
        assert open_picture(encoded(small, "PNG", exif=head + body)).pixels.shape[2] == 3


MEASURE = """
import io, resource, sys
from PIL import Image
from services.vision.decode import open_picture
data = open(sys.argv[1], "rb").read()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
picture = open_picture(data)
assert max(picture.pixels.shape) <= int(sys.argv[2]), picture.pixels.shape
assert picture.width * picture.height > 49e6
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mode", "kind", "most_mb"),
    [("RGB", "JPEG", 60), ("RGBA", "PNG", 320), ("P", "PNG", 180), ("I;16", "PNG", 200)],
)  # fmt: skip
def test_memory_for_fifty_megapixels(tmp_path: object, mode: str, kind: str, most_mb: int) -> None:
    """Measured in a process of its own: the peak of another test would hide it."""
    path = f"{tmp_path}/big"
    with open(path, "wb") as file:
        Image.new(mode, (8660, 5773)).save(file, kind)
    ran = subprocess.run(
        [sys.executable, "-c", MEASURE, path, str(WORKING_SIDE)],
        cwd=REPOSITORY, env=os.environ | {"PYTHONPATH": str(REPOSITORY)}, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert int(ran.stdout) < most_mb
