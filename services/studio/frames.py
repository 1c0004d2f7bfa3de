"""Files to pixels and back: upright, 8 bits a channel, every frame; what the file said besides is carried along."""

from __future__ import annotations

import io
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from PIL import Image, ImageCms, ImageOps, ImageSequence

from services.errors import ImageRejected, TooLarge
from services.library.decoding import MAX_PIXELS, MIME, MPO, decode, know_heif

MAX_RESULT_PIXELS = 50_000_000
MAX_ANIMATION_PIXELS = 150_000_000
JPEG_QUALITY = 95
_LOSSY = frozenset({"JPEG", "MPO", "WEBP", "HEIF"})
_IFD1_THUMBNAIL = (0x0201, 0x0202)


@dataclass(frozen=True, slots=True)
class Frames:
    """A picture in memory.

    Args:
        images: one, or every frame of an animation; all of one size and mode (L, RGB or RGBA).
        source_format: Pillow's name of the file it came from; PNG for a new canvas.
        durations: milliseconds of each frame; empty for a still picture.
        loop: how often an animation repeats; 0 for ever, None once.
        icc_profile, exif, dpi: as the file had them; the EXIF without orientation and thumbnail.
        target: the kind of file it was asked to be, if it was.
        notes: what could not be taken over, in sentences for the person.
    """

    images: tuple[Image.Image, ...]
    source_format: str = "PNG"
    durations: tuple[int, ...] = ()
    loop: int | None = None
    icc_profile: bytes | None = None
    exif: bytes | None = None
    dpi: tuple[float, float] | None = None
    target: Literal["jpeg", "png"] | None = None
    notes: tuple[str, ...] = field(default=())

    @property
    def size(self) -> tuple[int, int]:
        return self.images[0].size

    def with_images(self, images: tuple[Image.Image, ...]) -> Frames:
        return replace(self, images=images)


def load(data: bytes) -> Frames:
    """Decode a file whole.

    A picture deeper than 8 bits a channel is brought down to 8, CMYK goes to sRGB through its profile, a palette
    becomes the colours it stands for, EXIF orientation is applied. Of an animation over 150 megapixels in
    all only the first frame is read, and `notes` says so.

    Raises:
        ImageRejected: what `services.library.decoding.decode` does not accept.
    """
    try:
        return _load(data)
    except Exception:
        decode(data)  # names what is wrong with the file; decoding it here as well each time would take twice as long
        raise


def _load(data: bytes) -> Frames:
    know_heif(data)
    with Image.open(io.BytesIO(data)) as image:
        if image.width * image.height > MAX_PIXELS or image.format not in {*MIME, MPO}:
            decode(data)
        count = getattr(image, "n_frames", 1) if getattr(image, "is_animated", False) else 1
        if image.format in ("MPO", "TIFF", "HEIF"):  # further pictures, not frames
            count = 1
        notes: tuple[str, ...] = ()
        if count * image.width * image.height > MAX_ANIMATION_PIXELS:
            count = 1
            notes = ("The animation is too large to edit frame by frame; only its first frame was used.",)
        if count > 1:
            return _load_animation(image)
        image.load()
        dpi = image.info.get("dpi")
        upright = _upright(image)
        profile = upright.info.get("icc_profile")
        pixels, profile = _plain(upright, profile)
        return Frames((pixels,), str(image.format), icc_profile=profile, exif=_exif(upright), dpi=dpi, notes=notes)


def _load_animation(image: Image.Image) -> Frames:
    images, durations = [], []
    profile = image.info.get("icc_profile")
    for frame in ImageSequence.Iterator(image):
        images.append(_plain(frame.copy(), None)[0])
        durations.append(int(frame.info.get("duration", 0)))
    if any(one.mode == "RGBA" for one in images):
        images = [one.convert("RGBA") for one in images]
    elif len({one.mode for one in images}) > 1:
        images = [one.convert("RGB") for one in images]
    return Frames(tuple(images), str(image.format), tuple(durations), image.info.get("loop"), profile)


def _upright(image: Image.Image) -> Image.Image:
    try:
        ImageOps.exif_transpose(image, in_place=True)
    except (OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, AttributeError):
        image.info.pop("exif", None)  # an unreadable EXIF block is as good as none
    return image


def _exif(image: Image.Image) -> bytes | None:
    try:
        exif = image.getexif()
        for tag in (0x0112, *_IFD1_THUMBNAIL):
            exif.pop(tag, None)
        return exif.tobytes() if len(exif) else None
    except (OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, AttributeError):
        return None


def _plain(image: Image.Image, profile: bytes | None) -> tuple[Image.Image, bytes | None]:
    """L, RGB or RGBA, and the profile that still belongs to those numbers."""
    mode = image.mode
    if mode in ("I", "F") or mode.startswith("I;16"):
        return _eight_bit(image), None
    if mode == "CMYK":
        return _from_cmyk(image, profile), None
    if mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        plain = image.convert("RGBA")
        if image.getbands() in (("L",), ("L", "A")):
            profile = None
    elif mode in ("1", "L"):
        plain = image.convert("L")
    else:
        plain = image.convert("RGB")
        if mode not in ("RGB", "P", "YCbCr"):
            profile = None
    if plain is image:
        plain = image.copy()
    plain.info = {}
    return plain, profile


def _eight_bit(image: Image.Image) -> Image.Image:
    _low, high = image.getextrema()
    scale = 255 / 65535 if isinstance(high, int | float) and high > 255 else 1.0
    plain = image.convert("F").point(lambda value: value * scale + 0.5 * (scale < 1)).convert("L")
    plain.info = {}
    return plain


def _from_cmyk(image: Image.Image, profile: bytes | None) -> Image.Image:
    if profile:
        try:
            converted = ImageCms.profileToProfile(
                image, ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB"), outputMode="RGB"
            )
        except (ImageCms.PyCMSError, OSError, ValueError):
            converted = None  # a broken profile: the plain formula below is what viewers do then
        if converted is not None:
            converted.info = {}
            return converted
    plain = image.convert("RGB")
    plain.info = {}
    return plain


def check_size(width: int, height: int) -> None:
    """Raises TooLarge for a result over 50 megapixels."""
    if width * height > MAX_RESULT_PIXELS:
        raise TooLarge(
            f"The result would be {width} × {height} pixels; {MAX_RESULT_PIXELS // 1_000_000} megapixels is the most.",
            code="result_too_large",
        )


def encode(frames: Frames, *, lossless: bool = False) -> tuple[bytes, str]:
    """Write the file: bytes and MIME type.

    A lossy source (JPEG, WebP, HEIC) becomes a JPEG of quality 95 without chroma subsampling, unless something shows
    through or `lossless` is asked for; then, and for all else, PNG. `Frames.target` goes before the source. An animated
    GIF stays one (a lossless one becomes an animated PNG, because a GIF has 256 colours a frame).
    """
    images = frames.images
    extras: dict[str, Any] = {}
    if frames.icc_profile and (images[0].mode != "L" or _is_grey_profile(frames.icc_profile)):
        extras["icc_profile"] = frames.icc_profile
    buffer = io.BytesIO()
    if len(images) > 1:
        return _encode_animation(frames, extras, lossless)
    if frames.exif:
        extras["exif"] = frames.exif
    if frames.dpi:
        extras["dpi"] = frames.dpi
    if _wants_jpeg(frames) and not lossless and not _shows_through(images[0]):
        plain = images[0].convert("RGB") if images[0].mode == "RGBA" else images[0]
        plain.save(buffer, "JPEG", quality=JPEG_QUALITY, subsampling=0, **extras)
        return buffer.getvalue(), "image/jpeg"
    images[0].save(buffer, "PNG", compress_level=6 if images[0].width * images[0].height < 4_000_000 else 3, **extras)
    return buffer.getvalue(), "image/png"


def _encode_animation(frames: Frames, extras: dict[str, Any], lossless: bool) -> tuple[bytes, str]:
    first, *rest = frames.images
    timing: dict[str, Any] = {"duration": list(frames.durations)}
    if frames.loop is not None:
        timing["loop"] = frames.loop
    buffer = io.BytesIO()
    if frames.source_format == "GIF" and not lossless:
        first.save(buffer, "GIF", save_all=True, append_images=rest, disposal=2, **timing)
        return buffer.getvalue(), "image/gif"
    timing.setdefault("loop", 1)
    first.save(buffer, "PNG", save_all=True, append_images=rest, **timing, **extras)
    return buffer.getvalue(), "image/png"


def written_as(frames: Frames, kind: Literal["jpeg", "png"]) -> Frames:
    """The first frame, to be written as this kind; for a JPEG what shows through becomes white."""
    image = frames.images[0]
    if kind == "jpeg" and _shows_through(image):
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    return replace(frames, images=(image,), durations=(), target=kind)


def is_written_as(frames: Frames, kind: Literal["jpeg", "png"]) -> bool:
    """Is its file of this kind already?"""
    source = "jpeg" if frames.source_format == MPO else frames.source_format.lower()
    see_through = any(_shows_through(image) for image in frames.images)
    return (frames.target or source) == kind and not (kind == "jpeg" and see_through)


def _wants_jpeg(frames: Frames) -> bool:
    return frames.target == "jpeg" or (frames.target is None and frames.source_format in _LOSSY)


def _shows_through(image: Image.Image) -> bool:
    return image.mode == "RGBA" and image.getchannel("A").getextrema() != (255, 255)


def _is_grey_profile(profile: bytes) -> bool:
    return profile[16:20] == b"GRAY"  # ICC.1:2022, 7.2.6: the data colour space


def same_pixels(first: Frames, second: Frames) -> bool:
    """Is it the same picture, number by number?"""
    if first.size != second.size or len(first.images) != len(second.images):
        return False
    return all(_same(one, other) for one, other in zip(first.images, second.images, strict=True))


def _same(first: Image.Image, second: Image.Image) -> bool:
    if first is second or first.mode != second.mode:
        return first is second
    # In strips: where something changed it mostly shows in the first of them.
    for top in range(0, first.height, 64):
        strip = (0, top, first.width, min(first.height, top + 64))
        if first.crop(strip).tobytes() != second.crop(strip).tobytes():
            return False
    return True


def decoded_or_rejected(data: bytes, *, field: str) -> Frames:
    """`load` with the request's field named in the error."""
    try:
        return load(data)
    except ImageRejected as error:
        raise ImageRejected(error.message, code=error.code, field=field) from error
