"""Is this upload a picture? Checked in layers, each with its own answer."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import PurePosixPath, PureWindowsPath

from PIL import Image, ImageFile, ImageSequence, UnidentifiedImageError

from services.errors import ImageRejected, TooLarge

MAX_UPLOAD_BYTES = 16 * 1024 * 1024
MAX_PIXELS = 89_478_485
"""A quarter of a gigabyte as RGB: Pillow's own line between a picture and a decompression bomb."""
MAX_ANIMATION_PIXELS = 4 * MAX_PIXELS

CORE = {"png": "PNG", "jpg": "JPEG", "jpeg": "JPEG", "gif": "GIF"}
EXTRA = {
    "webp": "WEBP",
    "heic": "HEIF",
    "heif": "HEIF",
    "bmp": "BMP",
    "tif": "TIFF",
    "tiff": "TIFF",
}
MIME = {
    "PNG": "image/png",
    "JPEG": "image/jpeg",
    "GIF": "image/gif",
    "WEBP": "image/webp",
    "HEIF": "image/heic",
    "BMP": "image/bmp",
    "TIFF": "image/tiff",
}
KINDS = tuple(MIME)
"""Pillow is let near nothing else: some of its decoders start other programs."""
JOINERS = "\u200c\u200d"
"""They show in how the letters beside them are written, in Marathi and Hindi as in emoji."""
MPO = "MPO"  # a JPEG with further pictures behind the first, as many phones write it


@dataclass(frozen=True, slots=True)
class Decoded:
    """What an acceptable upload is.

    Args:
        format: Pillow's name, a key of `MIME`.
        width, height: as a person sees it, EXIF orientation applied, in pixels.
    """

    format: str
    width: int
    height: int

    @property
    def mime_type(self) -> str:
        return MIME[self.format]


def safe_filename(name: str) -> str:
    """The last component of a client's file name, without control characters and at most 255 characters long,
    its extension kept."""
    base, before = name, ""
    while base != before:
        # What was hidden behind a blank or an unprintable character may be a path again.
        before = base
        base = "".join(filter(_shows, base)).strip()
        base = PureWindowsPath(PurePosixPath(base).name).name
    if len(base) > 255:
        suffix = PurePosixPath(base).suffix[:16]
        base = base[: 255 - len(suffix)] + suffix
    return base


def _shows(character: str) -> bool:
    return character.isprintable() or character in JOINERS


def extension(filename: str) -> str:
    return PurePosixPath(filename).suffix.lower().lstrip(".")


def check_upload(filename: str, data: bytes, *, extra_formats: bool = False) -> Decoded:
    """Check an uploaded file: name, size, first bytes, a whole decode, content against name, pixels.

    Args:
        filename: as `safe_filename` gives it.
        data: the whole file.
        extra_formats: take WebP, HEIF, BMP and TIFF as well.

    Raises:
        ImageRejected: `code` is `empty_filename`, `unsupported_extension`, `not_an_image`, `content_mismatch`,
            `image_too_large_pixels` or `corrupt_image`.
        TooLarge: `code` is `file_too_large`.
    """
    formats = CORE | EXTRA if extra_formats else CORE
    if not filename:
        raise ImageRejected("The file has no name.", code="empty_filename", field="file")
    if extension(filename) not in formats:
        raise ImageRejected(
            "Only these kinds of file are taken: " + ", ".join(sorted(formats)) + ".",
            code="unsupported_extension",
            field="file",
        )
    if len(data) > MAX_UPLOAD_BYTES:
        raise too_large()
    decoded = decode(data)
    if decoded.format != formats[extension(filename)]:
        raise ImageRejected(
            f"The file's name says .{extension(filename)}, its content is {decoded.format}.",
            code="content_mismatch",
            field="file",
        )
    return decoded


def too_large() -> TooLarge:
    return TooLarge("The file is larger than 16 MB.", code="file_too_large", field="file")


def decode(data: bytes) -> Decoded:
    """Decode `data` whole, whatever it is called.

    Raises:
        ImageRejected: `not_an_image`, `image_too_large_pixels` or `corrupt_image`.
    """
    if not _begins_like_a_picture(data):
        raise ImageRejected("The file is not an image.", code="not_an_image", field="file")
    try:
        with Image.open(io.BytesIO(data), formats=_known_kinds()) as image:
            kind = "JPEG" if image.format == MPO else str(image.format)
            _check_pixels(image)
            width, height = upright_size(image)
            if kind == "PNG":
                _check_sums(data)
            _load_all(image)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_many_pixels() from None
    except UnidentifiedImageError:
        raise _corrupt() from None
    # Pillow's decoders raise whatever their format's parser stumbles over.
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, TypeError, KeyError, ArithmeticError) as error:
        raise _corrupt() from error
    except (OverflowError, MemoryError, RuntimeError, AttributeError) as error:
        raise _corrupt() from error
    return Decoded(kind, width, height)


def upright_size(image: Image.Image) -> tuple[int, int]:
    """Width and height as a person sees the picture (EXIF orientations 5 to 8 lie on their side)."""
    try:
        turned = image.getexif().get(0x0112) in (5, 6, 7, 8)
    except (OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, AttributeError):
        turned = False  # a broken EXIF block says nothing about the pixels
    return (image.height, image.width) if turned else (image.width, image.height)


def know_heif(data: bytes) -> None:
    """Make Pillow read HEIF if this may be such a file. It is Pillow's only by a plugin, which costs five megabytes and
    is seldom wanted; whoever opens a stored picture in a new process has to ask for it as well."""
    if data[4:8] == b"ftyp":
        import pillow_heif

        pillow_heif.register_heif_opener()


def _known_kinds() -> list[str]:
    return [kind for kind in KINDS if kind in Image.OPEN]


def _begins_like_a_picture(data: bytes) -> bool:
    Image.init()
    know_heif(data)
    # Pillow's own tests of the first bytes read past the end of fewer.
    prefix = data[:16].ljust(16, b"\0")
    tests = (Image.OPEN[kind][1] for kind in _known_kinds())
    return any(accept is not None and accept(prefix) is True for accept in tests)


def _check_pixels(image: Image.Image) -> None:
    if image.width < 1 or image.height < 1:
        raise _corrupt()
    if image.width * image.height > MAX_PIXELS:
        raise _too_many_pixels()


def _check_sums(data: bytes) -> None:
    """A PNG holds a sum of each of its parts. Pillow looks at those of the pixels only for the asking, and otherwise
    makes something of pixels that are damaged."""
    with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
        image.verify()


def _load_all(image: Image.Image) -> None:
    if ImageFile.LOAD_TRUNCATED_IMAGES:
        raise RuntimeError("truncated pictures would pass for whole ones")
    if not getattr(image, "is_animated", False):
        image.load()
        return
    pixels = 0
    for frame in ImageSequence.Iterator(image):
        pixels += frame.width * frame.height
        if pixels > MAX_ANIMATION_PIXELS:
            raise _too_many_pixels()
        frame.load()


def _too_many_pixels() -> ImageRejected:
    return ImageRejected(
        f"The picture has more than {MAX_PIXELS:,} pixels.", code="image_too_large_pixels", field="file"
    )


def _corrupt() -> ImageRejected:
    return ImageRejected("The picture is damaged or incomplete.", code="corrupt_image", field="file")
