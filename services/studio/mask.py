"""Edits limited to a region to the pixel.

A mask is a picture of the same upright size: where it is light (128 and more) pixels may change, where it is dark
they come back bit for bit; there is no feather. What is transparent in a mask counts as dark. "Unchanged" is meant of
the decoded upright pixels, 8 bits a channel, so the result is always a lossless file: a JPEG that is written again
changes everywhere. An edit with a mask therefore starts a chain of its own from the version it was made on.
"""

from __future__ import annotations

import base64
import binascii
import io
from collections.abc import Callable
from dataclasses import replace

from PIL import Image

from services.errors import InvalidInput
from services.studio.errors import CannotApply
from services.studio.frames import Frames, decoded_or_rejected, encode, load
from services.studio.operations import Edit, Masked


def mask_without_picture() -> InvalidInput:
    return InvalidInput("A mask needs a picture that it belongs to.", code="mask_without_picture", field="mask")


def read_mask(data: bytes, size: tuple[int, int]) -> Image.Image:
    """The mask as a one-bit picture, white where pixels may change.

    Raises:
        InvalidInput: another size than the picture (`mask_size_mismatch`), or nothing is white (`empty_mask`).
        ImageRejected: no picture.
    """
    picture = decoded_or_rejected(data, field="mask").images[0]
    if picture.size != size:
        raise InvalidInput(
            f"The mask is {picture.width} × {picture.height} pixels, the picture {size[0]} × {size[1]}.",
            code="mask_size_mismatch",
            field="mask",
            context={"mask": list(picture.size), "picture": list(size)},
        )
    if picture.mode == "RGBA":
        picture = Image.alpha_composite(Image.new("RGBA", size, (0, 0, 0, 255)), picture)
    bits = picture.convert("L").point(lambda value: 255 if value >= 128 else 0).convert("1", dither=Image.Dither.NONE)
    if bits.getbbox() is None:
        raise InvalidInput("The mask marks nothing: its white part may change.", code="empty_mask", field="mask")
    return bits


def stored(mask: Image.Image) -> str:
    """A one-bit mask as `Masked.mask` holds it."""
    buffer = io.BytesIO()
    mask.save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def apply_masked(frames: Frames, operation: Masked, apply: Callable[[Frames, Edit], Frames]) -> Frames:
    """Do the operations to the part of the picture around the mask's white, then take over what is under the white.

    Raises CannotApply for an operation that changes that part's size.
    """
    mask = _stored_mask(operation.mask, frames.size)
    box = mask.getbbox()
    if box is None:
        return frames
    part = frames.with_images(tuple(image.crop(box) for image in frames.images))
    size = part.size
    for inner in operation.operations:
        part = apply(part, inner)
        if part.size != size:
            raise CannotApply("it would change the size, and a marked region keeps its own")
    stencil = mask.crop(box)
    images = []
    for whole, changed in zip(frames.images, part.images, strict=True):
        mode = _wider(whole.mode, changed.mode)
        done = whole.copy() if whole.mode == mode else whole.convert(mode)
        done.paste(changed.convert(mode), box[:2], stencil)
        images.append(done)
    return replace(frames, images=tuple(images))


def limit_to_mask(before: bytes, after: bytes, mask: bytes) -> bytes:
    """A PNG of `before` with the pixels of `after` (stretched to the same size) under the mask's white.

    Raises InvalidInput and ImageRejected as `read_mask`.
    """
    old = load(before)
    stencil = read_mask(mask, old.size)
    new = load(after).images[0]
    if new.size != old.size:
        new = new.resize(old.size, Image.Resampling.LANCZOS)
    mode = _wider(old.images[0].mode, new.mode)
    done = old.images[0].convert(mode)
    done.paste(new.convert(mode), (0, 0), stencil)
    return encode(replace(old, images=(done,), durations=()), lossless=True)[0]


def _wider(first: str, second: str) -> str:
    """The mode that holds both without loss."""
    return next(mode for mode in ("RGBA", "RGB", "L") if mode in (first, second))


def _stored_mask(text: str, size: tuple[int, int]) -> Image.Image:
    try:
        mask = Image.open(io.BytesIO(base64.b64decode(text, validate=True)), formats=("PNG",)).convert("1")
    except (binascii.Error, OSError, ValueError, SyntaxError) as error:
        raise InvalidInput("The stored mask is damaged.", code="invalid_operations", field="operations") from error
    if mask.size != size:
        raise InvalidInput("The stored mask does not fit.", code="mask_size_mismatch", field="operations")
    return mask
