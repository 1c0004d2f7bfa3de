"""A first look at how a picture was taken, before anything is spent on what it shows."""

from __future__ import annotations

from services.vision import quality
from services.vision.decode import open_picture
from services.vision.facts import Facts


def glance(data: bytes) -> Facts:
    """Size and quality of a picture and nothing else; needs no weights.

    Args:
        data: an image file that Pillow can decode.

    Raises:
        OSError, ValueError: when it cannot be decoded.
    """
    picture = open_picture(data)
    return Facts(
        width=picture.width,
        height=picture.height,
        format=picture.format,
        colours=(),
        quality=quality.measure(picture.pixels),
        missing=("objects", "labels", "text", "faces"),
    )
