"""Operations on edges and backgrounds: borders, padding, rounded corners, transparency."""

from __future__ import annotations

from PIL import Image, ImageChops, ImageDraw, ImageOps

from services.studio import colours
from services.studio.errors import CannotApply
from services.studio.frames import check_size
from services.studio.operations import Border, Flatten, Pad, RoundCorners, Transparent

TOLERANCE = 40  # of 255, the largest difference of a channel that still counts as the same colour
_SMOOTH = 4  # times the size at which a round edge is drawn before it is brought down


def holding(image: Image.Image, colour: str) -> Image.Image:
    """The picture in a mode that can show `colour`."""
    mode = "RGBA" if image.mode == "RGBA" or colours.rgba(colour)[3] < 255 else "RGB"
    return image.convert(mode) if image.mode != mode else image


def border(image: Image.Image, operation: Border) -> Image.Image:
    width = operation.width.pixels(min(image.size))
    if width < 1:
        raise CannotApply("a border needs a width of at least one pixel")
    check_size(image.width + 2 * width, image.height + 2 * width)
    base = holding(image, operation.colour)
    return ImageOps.expand(base, width, colours.rgba(operation.colour)[: len(base.getbands())])


def pad(image: Image.Image, operation: Pad) -> Image.Image:
    ratio = operation.width / operation.height
    width = max(image.width, round(image.height * ratio))
    height = max(image.height, round(image.width / ratio))
    check_size(width, height)
    base = holding(image, operation.colour)
    canvas = Image.new(base.mode, (width, height), colours.rgba(operation.colour)[: len(base.getbands())])
    canvas.paste(base, ((width - base.width) // 2, (height - base.height) // 2))
    return canvas


def round_corners(image: Image.Image, operation: RoundCorners) -> Image.Image:
    shorter = min(image.size)
    radius = min(operation.radius.pixels(shorter), shorter // 2)
    if radius < 1:
        raise CannotApply("a rounded corner needs a radius of at least one pixel")
    # Only one corner is drawn large; the whole mask at four times the size would take sixteen times the memory.
    corner = Image.new("L", (radius * _SMOOTH, radius * _SMOOTH), 0)
    ImageDraw.Draw(corner).ellipse((0, 0, 2 * radius * _SMOOTH - 1, 2 * radius * _SMOOTH - 1), fill=255)
    corner = corner.resize((radius, radius), Image.Resampling.BOX)
    mask = Image.new("L", image.size, 255)
    right, bottom = image.width - radius, image.height - radius
    mask.paste(corner, (0, 0))
    mask.paste(ImageOps.mirror(corner), (right, 0))
    mask.paste(ImageOps.flip(corner), (0, bottom))
    mask.paste(ImageOps.flip(ImageOps.mirror(corner)), (right, bottom))
    rounded = image.convert("RGBA")
    rounded.putalpha(ImageChops.multiply(rounded.getchannel("A"), mask))
    return rounded


def transparent(image: Image.Image, operation: Transparent) -> Image.Image:
    base = image.convert("RGBA")
    if operation.colour is not None:
        gone = _near(base.convert("RGB"), colours.rgba(operation.colour)[:3])
    else:
        gone = _background(base.convert("RGB"))
    if gone.getbbox() is None:
        raise CannotApply(
            "no even background touches the edges" if operation.colour is None else "nothing has that colour"
        )
    base.putalpha(ImageChops.multiply(base.getchannel("A"), ImageOps.invert(gone)))
    return base


def _near(image: Image.Image, colour: tuple[int, ...]) -> Image.Image:
    red, green, blue = ImageChops.difference(image, Image.new("RGB", image.size, colour)).split()
    most = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    return most.point(lambda value: 255 if value <= TOLERANCE else 0)


def _background(image: Image.Image) -> Image.Image:
    """What is of the corners' colour and connected with the edges, as 255 on 0.

    Raises CannotApply where the four corners are not of one colour: then there is no even background to take away.
    """
    corners = sorted(_pixel(image, x, y) for x in (0, image.width - 1) for y in (0, image.height - 1))
    colour = corners[1]
    agreeing = sum(max(abs(a - b) for a, b in zip(colour, one, strict=True)) <= TOLERANCE for one in corners)
    if agreeing < 3:
        raise CannotApply("the background is not of one even colour")
    near = ImageOps.expand(_near(image, colour), 1, 255)  # a rim joins all the edges into one start
    ImageDraw.floodfill(near, (0, 0), 128)
    return near.crop((1, 1, near.width - 1, near.height - 1)).point(lambda value: 255 if value == 128 else 0)


def _pixel(image: Image.Image, x: int, y: int) -> tuple[int, int, int]:
    red, green, blue = image.crop((x, y, x + 1, y + 1)).tobytes()
    return red, green, blue


def flatten(image: Image.Image, operation: Flatten) -> Image.Image:
    colour = colours.rgba(operation.colour)
    if image.mode != "RGBA" or colour[3] < 255:
        return image
    ground = Image.new("RGBA", image.size, colour)
    return Image.alpha_composite(ground, image).convert("RGB")
