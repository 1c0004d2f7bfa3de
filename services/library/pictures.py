"""Pictures made ready: upright, without metadata, at the size somebody needs."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass

from PIL import Image, ImageOps

from services.cache import Cache
from services.content import PreparedImage
from services.errors import ImageNotFound
from services.library.decoding import know_heif
from services.library.storage import MediaStore

FRAMES_OF_AN_ANIMATION = 4
JPEG_QUALITY = 88


def prepare(data: bytes, longest_side: int, *, frames: int = FRAMES_OF_AN_ANIMATION) -> tuple[PreparedImage, ...]:
    """Encode a picture for sending.

    Args:
        data: any picture that `decoding.decode` accepts.
        longest_side: pixels; a smaller picture is not enlarged.
        frames: how many frames of an animation, evenly spaced, the first among them.

    Returns:
        one image, or several for an animation: JPEG, or PNG where there is transparency.
    """
    know_heif(data)
    with Image.open(io.BytesIO(data)) as image:
        total = int(getattr(image, "n_frames", 1))
        if image.format == "GIF" and total > 1:
            return tuple(_encode(image, longest_side, number) for number in _spread(total, frames))
        # JPEG decodes at a half, a quarter or an eighth for the asking, at that share of the cost.
        image.draft("RGB", (longest_side, longest_side))
        return (_encode(image, longest_side),)


def _spread(total: int, wanted: int) -> list[int]:
    count = min(total, wanted)
    return sorted({round(index * (total - 1) / max(1, count - 1)) for index in range(count)})


def _encode(image: Image.Image, longest_side: int, frame: int = 0) -> PreparedImage:
    if frame:
        image.seek(frame)
    upright = image.copy()
    try:
        upright = ImageOps.exif_transpose(upright)
    except (OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, AttributeError):
        upright.info.pop("exif", None)  # unreadable: as if it were not there
    pixels = _plain(upright)
    pixels.thumbnail((longest_side, longest_side), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    if pixels.mode == "RGBA":
        pixels.save(buffer, "PNG")
        return PreparedImage(buffer.getvalue(), "image/png", pixels.width, pixels.height)
    pixels.save(buffer, "JPEG", quality=JPEG_QUALITY)
    return PreparedImage(buffer.getvalue(), "image/jpeg", pixels.width, pixels.height)


def _plain(image: Image.Image) -> Image.Image:
    """RGB, or RGBA where something shows through; without profile, EXIF or comments."""
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        image = _eight_bit(image)
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        mode = "RGB" if image.getchannel("A").getextrema() == (255, 255) else "RGBA"
    else:
        mode = "RGB"
    plain = image.convert(mode)
    plain.info = {}
    return plain


def _eight_bit(image: Image.Image) -> Image.Image:
    """Sixteen bits a pixel brought to eight; Pillow itself would clip them at 255."""
    deep = image.convert("F")
    scale = 255 / 65535 if float(deep.getextrema()[1]) > 255 else 1.0  # type: ignore[arg-type]  # one band: a pair of floats
    return deep.point(lambda value: value * scale).convert("L")


@dataclass(frozen=True, slots=True)
class StoredPicture:
    """A picture in the media store, as the providers take it (`services.content.ImageSource`)."""

    image_id: str
    sha256: str
    storage_key: str
    store: MediaStore
    cache: Cache

    def original(self) -> bytes:
        """Raises `ImageNotFound` when it was deleted meanwhile."""
        try:
            return self.store.get(self.storage_key)
        except FileNotFoundError:
            raise ImageNotFound(self.image_id) from None

    def prepared(self, longest_side: int) -> tuple[PreparedImage, ...]:
        ready: tuple[PreparedImage, ...] = self.cache.get(
            ("prepared", self.sha256, longest_side), lambda: prepare(self.original(), longest_side)
        )
        return ready


@dataclass(frozen=True, slots=True)
class InlinePicture:
    """A picture that came with the request and is kept nowhere (`services.content.ImageSource`)."""

    data: bytes
    sha256: str
    cache: Cache

    @property
    def image_id(self) -> str:
        return self.sha256

    def original(self) -> bytes:
        return self.data

    def prepared(self, longest_side: int) -> tuple[PreparedImage, ...]:
        ready: tuple[PreparedImage, ...] = self.cache.get(
            ("prepared", self.sha256, longest_side), lambda: prepare(self.data, longest_side)
        )
        return ready


def size_of(value: object) -> int:
    """Bytes that a cached tuple of `PreparedImage` holds."""
    if isinstance(value, tuple):
        return sum(len(image.data) for image in value if isinstance(image, PreparedImage)) + 256
    return 1024


def pack(images: tuple[PreparedImage, ...]) -> bytes:
    """A line of JSON with their sizes, then their bytes."""
    head = [[image.mime_type, image.width, image.height, len(image.data)] for image in images]
    return json.dumps(head).encode() + b"\n" + b"".join(image.data for image in images)


def unpack(packed: bytes) -> tuple[PreparedImage, ...]:
    """The inverse of `pack`.

    Raises:
        ValueError: it was packed otherwise.
    """
    head, _, rest = packed.partition(b"\n")
    images = []
    for mime_type, width, height, size in json.loads(head):
        images.append(PreparedImage(rest[:size], mime_type, width, height))
        rest = rest[size:]
    if rest:
        raise ValueError("more bytes than pictures")
    return tuple(images)
