"""From an image file's bytes to upright RGB pixels of a bounded size."""

from __future__ import annotations

import io
import struct
import time
import warnings
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

Pixels = npt.NDArray[np.uint8]  # height x width x 3, RGB

WORKING_SIDE: Final = 1536
_FRAME_SIDE: Final = 640
_MOTION_SIDE: Final = 192
_MOST_FRAMES: Final = 1000
_KEPT_FRAMES: Final = 24
_FRAMES_BUDGET_S: Final = 4.0
_EXIF_LIMIT: Final = 1 << 20
_ORIENTATION: Final = 0x0112
# what Pillow raises on metadata that lies about itself
BROKEN_METADATA: Final = (
    SyntaxError, ValueError, TypeError, KeyError, IndexError, AttributeError, OSError, OverflowError, ZeroDivisionError,
    struct.error,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Frames:
    """An animation: how long it is, and frames spread over it.

    Args:
        count: number of frames.
        duration_ms: of one run.
        small: up to 24 frames in order, small (longest side 192), for comparing; the first is the first frame.
        looks: up to three frames in order at a size worth looking into (longest side 640).
    """

    count: int
    duration_ms: int
    small: tuple[Pixels, ...]
    looks: tuple[Pixels, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """An image file opened.

    Args:
        pixels: the upright picture, longest side at most 1536, transparency laid on white.
        width, height: of the upright original, in pixels.
        format: Pillow's name of the file format.
        exif: its EXIF block, None when there is none or it cannot be read.
        has_transparency: whether any pixel lets something through.
        frames: None for a still picture.
    """

    pixels: Pixels
    width: int
    height: int
    format: str
    exif: Image.Exif | None
    has_transparency: bool
    frames: Frames | None


def open_picture(data: bytes) -> Picture:
    """Decode an image file.

    Big JPEGs are decoded at a reduced scale, everything else is shrunk before it is converted, so that memory stays
    near one byte-array of the original size.

    Raises:
        OSError, ValueError: when the bytes are no image Pillow can decode.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of odd metadata and of big pictures; both were judged before
        with Image.open(io.BytesIO(data)) as image:
            format_name = image.format or "unknown"
            exif = _exif(image)
            turned = exif.get(_ORIENTATION) in {5, 6, 7, 8} if exif else False
            width, height = image.size
            image.draft("RGB", (WORKING_SIDE, WORKING_SIDE))
            first, transparent = _rgb(image, WORKING_SIDE)
            frames = _frames(image) if _moves(image) else None
    upright = _upright(first, exif)
    if turned:
        width, height = height, width
    return Picture(np.asarray(upright), width, height, format_name, exif, transparent, frames)


def _exif(image: Image.Image) -> Image.Exif | None:
    block = image.info.get("exif")
    if isinstance(block, bytes) and len(block) > _EXIF_LIMIT:
        return None
    try:
        exif = image.getexif()
        return exif if len(exif) else None
    except BROKEN_METADATA:
        return None


def _upright(image: Image.Image, exif: Image.Exif | None) -> Image.Image:
    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }
    orientation = exif.get(_ORIENTATION) if exif else None
    return image.transpose(turns[orientation]) if orientation in turns else image


def _rgb(image: Image.Image, side: int) -> tuple[Image.Image, bool]:
    """Shrunk to the side and on white; and whether anything of it was see-through."""
    small = _shrunk(image, side)
    if not small.has_transparency_data:
        return small.convert("RGB"), False
    see_through = small.convert("RGBA")
    alpha = see_through.getchannel("A")
    if alpha.getextrema() == (255, 255):
        return see_through.convert("RGB"), False
    white = Image.new("RGB", see_through.size, (255, 255, 255))
    white.paste(see_through, mask=alpha)
    return white, True


def _shrunk(image: Image.Image, side: int) -> Image.Image:
    """With its longest side at most this, in a mode of eight bits a sample."""
    scale = side / max(image.size)
    if scale < 0.4 and image.mode not in {"L", "RGB", "CMYK", "YCbCr"}:
        # the other modes cannot be averaged as they are, and converting all of a big picture costs memory many times
        # over: every n-th pixel first, down to twice the size wanted
        image = image.resize(_scaled(image.size, scale * 2), Image.Resampling.NEAREST)
        scale = side / max(image.size)
    if image.mode.startswith(("I", "F")):
        image = _eight_bits(image)
    elif image.mode in {"P", "PA", "1"}:
        image = image.convert("RGBA" if image.has_transparency_data else "L" if image.mode == "1" else "RGB")
    if scale >= 1:
        return image
    return image.resize(_scaled(image.size, scale), Image.Resampling.BILINEAR, reducing_gap=2.0)


def _scaled(size: tuple[int, int], scale: float) -> tuple[int, int]:
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _eight_bits(image: Image.Image) -> Image.Image:
    """A picture of 16 or 32 bits a sample by its own range: the range is not written in the file."""
    values = np.asarray(image, dtype=np.float32)
    values = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    low, high = min(0.0, float(values.min())), float(values.max())
    usual = (1.0, 255.0, 65535.0) if image.mode.startswith("F") else (255.0, 65535.0)
    full = next((top for top in usual if high <= top), high) if low >= 0 else high - low
    if full <= 0:
        return Image.new("L", image.size)
    return Image.fromarray(((values - low) / full * 255).clip(0, 255).astype(np.uint8))


def _moves(image: Image.Image) -> bool:
    """Whether its frames follow in time: a TIFF's pages do not."""
    return image.format in {"GIF", "PNG", "WEBP", "AVIF"} and bool(getattr(image, "is_animated", False))


def _frames(image: Image.Image) -> Frames:
    """Walk through an animation, for a few seconds at most. Frames are decoded in order: each builds on the last."""
    deadline = time.monotonic() + _FRAMES_BUDGET_S
    small: list[Pixels] = []
    step, duration, seen = 1, 0.0, 0
    looks: list[tuple[int, Pixels]] = []
    for index in range(_MOST_FRAMES):
        try:
            image.seek(index)
            image.load()
        except (EOFError, *BROKEN_METADATA):
            break
        seen = index + 1
        duration += float(image.info.get("duration") or 0)
        if index % step == 0:
            small.append(np.asarray(_rgb(image, _MOTION_SIDE)[0]))
            looks.append((index, np.asarray(_rgb(image, _FRAME_SIDE)[0])))
            if len(small) > _KEPT_FRAMES:
                small, looks, step = small[::2], looks[::2], step * 2
        if time.monotonic() > deadline:
            break
    count = seen
    if seen == _MOST_FRAMES or time.monotonic() > deadline:
        count = max(seen, _told_frames(image))
        duration = duration / max(1, seen) * count
    wanted = sorted({0, len(looks) // 2, len(looks) - 1}) if looks else []
    return Frames(count, round(duration), tuple(small), tuple(looks[place][1] for place in wanted))


def _told_frames(image: Image.Image) -> int:
    try:
        return int(getattr(image, "n_frames", 1))
    except BROKEN_METADATA:
        return 1


def fit(pixels: Pixels, side: int) -> Pixels:
    """The same picture with its longest side at most `side`; the picture itself when it is small enough."""
    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return pixels
    shrunk = Image.fromarray(pixels).resize(
        _scaled((width, height), scale), Image.Resampling.BILINEAR, reducing_gap=2.0
    )
    return np.asarray(shrunk)


def cut(pixels: Pixels, left: float, top: float, right: float, bottom: float) -> Pixels:
    """The part between these fractions of width and height; never empty."""
    height, width = pixels.shape[:2]
    x0, y0 = min(width - 1, int(left * width)), min(height - 1, int(top * height))
    x1, y1 = max(x0 + 1, round(right * width)), max(y0 + 1, round(bottom * height))
    return pixels[y0:y1, x0:x1]
