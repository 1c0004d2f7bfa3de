"""Operations that change where pixels are or how many there are."""

from __future__ import annotations

import math

from PIL import Image, ImageChops

from services.studio import colours
from services.studio.errors import CannotApply
from services.studio.frames import check_size
from services.studio.measures import Place
from services.studio.operations import Crop, CropAspect, CropEdges, CropSize, Flip, Resize, Rotate

TRIM_TOLERANCE = 16  # of 255: what JPEG leaves of an even border


def crop(image: Image.Image, operation: Crop) -> Image.Image:
    return image.crop(operation.region.box(image.size))


def crop_aspect(image: Image.Image, operation: CropAspect) -> Image.Image:
    ratio = operation.width / operation.height
    width = min(image.width, round(image.height * ratio))
    height = min(image.height, round(image.width / ratio))
    return image.crop(_placed(image.size, (max(1, width), max(1, height)), operation.place))


def crop_size(image: Image.Image, operation: CropSize) -> Image.Image:
    width, height = operation.width.pixels(image.width), operation.height.pixels(image.height)
    if width < 1 or height < 1 or width > image.width or height > image.height:
        raise CannotApply(f"cannot cut {width} × {height} pixels out of a picture of {image.width} × {image.height}")
    return image.crop(_placed(image.size, (width, height), operation.place))


def crop_edges(image: Image.Image, operation: CropEdges) -> Image.Image:
    left, right = operation.left.pixels(image.width), operation.right.pixels(image.width)
    top, bottom = operation.top.pixels(image.height), operation.bottom.pixels(image.height)
    if left + right >= image.width or top + bottom >= image.height:
        raise CannotApply(f"nothing would be left of a picture of {image.width} × {image.height} pixels")
    return image.crop((left, top, image.width - right, image.height - bottom))


def _placed(outer: tuple[int, int], inner: tuple[int, int], place: Place) -> tuple[int, int, int, int]:
    left = round((outer[0] - inner[0]) * place.x)
    top = round((outer[1] - inner[1]) * place.y)
    if place.at:
        left = min(max(0, place.at[0] - inner[0] // 2), outer[0] - inner[0])
        top = min(max(0, place.at[1] - inner[1] // 2), outer[1] - inner[1])
    return left, top, left + inner[0], top + inner[1]


def trim_box(image: Image.Image) -> tuple[int, int, int, int] | None:
    """What is left when even edges go, None when nothing would be. The edges' colour is the top left pixel's."""
    if image.mode == "RGBA":
        box = image.getchannel("A").point(lambda alpha: 255 if alpha > 8 else 0).getbbox()
        if box != (0, 0, *image.size):
            return box
    plain = image.convert("RGB")
    edge = Image.new("RGB", plain.size, plain.getpixel((0, 0)))
    red, green, blue = ImageChops.difference(plain, edge).split()
    most = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    return most.point(lambda value: 255 if value > TRIM_TOLERANCE else 0).getbbox()


_QUARTERS = {90: Image.Transpose.ROTATE_270, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_90}


def rotate(image: Image.Image, operation: Rotate) -> Image.Image:
    degrees = operation.degrees % 360
    if degrees == 0:
        return image
    if degrees in _QUARTERS:
        return image.transpose(_QUARTERS[int(degrees)])
    slant = math.radians(degrees)
    along, across = abs(math.cos(slant)), abs(math.sin(slant))
    check_size(
        math.ceil(image.width * along + image.height * across), math.ceil(image.width * across + image.height * along)
    )
    turned = image.convert("RGBA") if operation.fill is None else image.convert(_holding(image, operation.fill))
    fill = (0, 0, 0, 0) if operation.fill is None else colours.rgba(operation.fill)[: len(turned.getbands())]
    return turned.rotate(-degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=fill)


def _holding(image: Image.Image, colour: str) -> str:
    return "RGBA" if image.mode == "RGBA" or colours.rgba(colour)[3] < 255 else "RGB"


def flip(image: Image.Image, operation: Flip) -> Image.Image:
    horizontal = operation.axis == "horizontal"
    return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT if horizontal else Image.Transpose.FLIP_TOP_BOTTOM)


def resize(image: Image.Image, operation: Resize) -> Image.Image:
    width, height = _target(image.size, operation)
    check_size(width, height)
    if operation.fit == "cover" and operation.width and operation.height:
        image = crop_aspect(image, CropAspect(width, height))
    return image.resize((width, height), Image.Resampling.LANCZOS)


def _target(size: tuple[int, int], operation: Resize) -> tuple[int, int]:
    width, height = size
    if operation.scale is not None:
        factor = operation.scale
    elif operation.longest is not None:
        factor = operation.longest / max(size)
    elif operation.width is not None and operation.height is not None:
        if operation.fit != "inside":
            return operation.width, operation.height
        factor = min(operation.width / width, operation.height / height)
    elif operation.width is not None:
        return operation.width, max(1, round(height * operation.width / width))
    elif operation.height is not None:
        return max(1, round(width * operation.height / height)), operation.height
    else:
        factor = 1.0
    return max(1, round(width * factor)), max(1, round(height * factor))
