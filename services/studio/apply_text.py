"""Words on a picture."""

from __future__ import annotations

from PIL import Image, ImageDraw, ImageFont, ImageStat

from services.studio import colours
from services.studio.apply_draw import MARGIN, corner, require_seen
from services.studio.apply_frame import holding
from services.studio.errors import CannotApply
from services.studio.fonts import font_for
from services.studio.operations import Text

_LEAST = 0.6  # of the usual letters' height, before words go on another line
_MOST_OF_THE_HEIGHT = 0.6
_RIM = 0.05  # of the letters' height


def text(image: Image.Image, operation: Text) -> Image.Image:
    base = holding(image, operation.colour or "#000000").copy()
    margin = round(MARGIN * min(base.size))
    size = operation.size.pixels(base.height) if operation.size else max(12, base.height // 10)
    size = max(6, size)
    if size > 2 * base.height:
        raise CannotApply("the letters would be far higher than the picture")
    draw = ImageDraw.Draw(base)
    words, font = _fitting(draw, operation, size, (base.width - 2 * margin, base.height - 2 * margin))
    box = draw.multiline_textbbox((0, 0), words, font=font, align="center")
    width, height = round(box[2] - box[0]), round(box[3] - box[1])
    if width > 3 * base.width:
        raise CannotApply("the words would be far wider than the picture")
    left, top = corner(base.size, (width, height), operation.place, margin)
    require_seen(base.size, (left, top, left + width, top + height), operation.place)
    around = (left - margin // 2, top - margin // 2, left + width + margin // 2, top + height + margin // 2)
    if operation.background:
        draw.rectangle(around, fill=colours.rgba(operation.background)[: len(base.getbands())])
    colour, rim = (operation.colour, None) if operation.colour else _standing_out(base, around)
    origin = (left - box[0], top - box[1])
    bands = len(base.getbands())
    draw.multiline_text(
        origin,
        words,
        font=font,
        fill=colours.rgba(colour)[:bands],
        align="center",
        stroke_width=max(1, round(font.size * _RIM)) if rim and not operation.background else 0,
        stroke_fill=colours.rgba(rim)[:bands] if rim else None,
    )
    return base


def _fitting(
    draw: ImageDraw.ImageDraw, operation: Text, size: int, room: tuple[int, int]
) -> tuple[str, ImageFont.FreeTypeFont]:
    """The words in as many lines as they need, and their font: of the size that was asked for, or else of `size` or
    what is smaller where that fits the room better."""
    font = font_for(operation.text, size)
    width = _width(draw, operation.text, font)
    if width <= room[0] or room[0] <= 0:
        return operation.text, font
    if operation.size is not None:
        return _wrapped(draw, operation.text, font, room[0]), font
    if width * _LEAST <= room[0]:
        return operation.text, font_for(operation.text, max(6, int(size * room[0] / width)))
    for share in (1.0, 0.85, 0.7, _LEAST, 0.45, 0.3):
        font = font_for(operation.text, max(6, int(size * share)))
        words = _wrapped(draw, operation.text, font, room[0])
        box = draw.multiline_textbbox((0, 0), words, font=font, align="center")
        if box[2] - box[0] <= room[0] and box[3] - box[1] <= room[1] * _MOST_OF_THE_HEIGHT:
            return words, font
    return operation.text, font_for(operation.text, max(6, int(size * room[0] / width)))


def _width(draw: ImageDraw.ImageDraw, words: str, font: ImageFont.FreeTypeFont) -> float:
    box = draw.multiline_textbbox((0, 0), words, font=font, align="center")
    return box[2] - box[0]


def _wrapped(draw: ImageDraw.ImageDraw, words: str, font: ImageFont.FreeTypeFont, room: int) -> str:
    lines: list[str] = []
    for line in words.split("\n"):
        current = ""
        for word in line.split(" "):
            longer = f"{current} {word}" if current else word
            if current and draw.textlength(longer, font=font) > room:
                lines.append(current)
                longer = word
            current = longer
        lines.append(current)
    return "\n".join(lines)


def _standing_out(image: Image.Image, box: tuple[int, int, int, int]) -> tuple[str, str]:
    """Black or white, whichever is further from what lies behind, and the other for a thin rim: what lies behind may be
    both."""
    left, top = max(0, box[0]), max(0, box[1])
    part = image.crop((left, top, max(left + 1, min(box[2], image.width)), max(top + 1, min(box[3], image.height))))
    bright = ImageStat.Stat(part.convert("L")).mean[0] > 140
    return ("#000000", "#ffffff") if bright else ("#ffffff", "#000000")
