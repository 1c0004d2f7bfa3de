"""One operation on a picture of one or many frames."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from PIL import Image

from services.studio import apply_draw, apply_frame, apply_geometry, apply_text, apply_tone
from services.studio.errors import CannotApply
from services.studio.frames import Frames, written_as
from services.studio.mask import apply_masked
from services.studio.operations import (
    Adjust,
    Blur,
    Border,
    Canvas,
    Convert,
    Crop,
    CropAspect,
    CropEdges,
    CropSize,
    Edit,
    Effect,
    Fill,
    Flatten,
    Flip,
    Masked,
    Pad,
    Pixelate,
    PlainEdit,
    Posterise,
    Resize,
    Rotate,
    RoundCorners,
    Shape,
    Solarise,
    Text,
    Tint,
    Transparent,
    Trim,
)  # fmt: skip


def apply(frames: Frames | None, operation: Edit) -> Frames:
    """Do one operation.

    Args:
        frames: the picture so far; None to begin with, then only a canvas can come.

    Raises:
        CannotApply: it is not possible on this picture.
        TooLarge: the result would be over 50 megapixels.
    """
    if isinstance(operation, Canvas):
        return Frames((apply_draw.canvas(operation),))
    if frames is None:
        raise CannotApply("there is no picture yet")
    if isinstance(operation, Masked):
        return apply_masked(frames, operation, apply)
    if isinstance(operation, Trim):
        return _trim(frames)
    if isinstance(operation, Convert):
        return written_as(frames, operation.format)
    images = tuple(_apply_to_image(image, operation) for image in frames.images)
    if len({image.mode for image in images}) > 1:
        images = tuple(image.convert("RGBA") for image in images)
    return replace(frames, images=images)


def _trim(frames: Frames) -> Frames:
    """All frames keep what any of them needs."""
    boxes = [box for image in frames.images if (box := apply_geometry.trim_box(image))]
    if not boxes:
        raise CannotApply("the whole picture is of one even colour")
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    box = (min(lefts), min(tops), max(rights), max(bottoms))
    return replace(frames, images=tuple(image.crop(box) for image in frames.images))


def _apply_to_image(image: Image.Image, operation: PlainEdit) -> Image.Image:  # noqa: PLR0911, PLR0912 - one case a kind
    match operation:
        case Crop():
            return apply_geometry.crop(image, operation)
        case CropAspect():
            return apply_geometry.crop_aspect(image, operation)
        case CropSize():
            return apply_geometry.crop_size(image, operation)
        case CropEdges():
            return apply_geometry.crop_edges(image, operation)
        case Rotate():
            return apply_geometry.rotate(image, operation)
        case Flip():
            return apply_geometry.flip(image, operation)
        case Resize():
            return apply_geometry.resize(image, operation)
        case Adjust():
            return apply_tone.adjust(image, operation)
        case Effect():
            return apply_tone.effect(image, operation)
        case Blur():
            return apply_tone.blur(image, operation)
        case Pixelate():
            return apply_tone.pixelate(image, operation)
        case Posterise():
            return apply_tone.posterise(image, operation)
        case Solarise():
            return apply_tone.solarise(image, operation)
        case Tint():
            return apply_tone.tint(image, operation)
        case Fill():
            return apply_tone.fill(image, operation)
        case Transparent():
            return apply_frame.transparent(image, operation)
        case Flatten():
            return apply_frame.flatten(image, operation)
        case Border():
            return apply_frame.border(image, operation)
        case Pad():
            return apply_frame.pad(image, operation)
        case RoundCorners():
            return apply_frame.round_corners(image, operation)
        case Text():
            return apply_text.text(image, operation)
        case Shape():
            return apply_draw.shape(image, operation)
        case Trim() | Canvas():
            raise AssertionError("done for all frames at once")
        case _:
            assert_never(operation)
