"""Operations that draw: shapes and new canvases."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import assert_never

from PIL import Image, ImageDraw

from services.studio import colours
from services.studio.apply_frame import holding
from services.studio.errors import CannotApply
from services.studio.frames import check_size
from services.studio.measures import Place
from services.studio.operations import Canvas, Direction, Shape, ShapeName

MARGIN = 0.04  # of the shorter side, kept to the edges
_SMOOTH = 4
Points = list[tuple[float, float]]


def require_seen(outer: tuple[int, int], box: tuple[int, int, int, int], place: Place) -> None:
    """Raises CannotApply for what would lie outside the picture altogether."""
    if place.at and (box[2] <= 0 or box[3] <= 0 or box[0] >= outer[0] or box[1] >= outer[1]):
        raise CannotApply(
            f"{place.at[0]}, {place.at[1]} lies outside the picture, which is {outer[0]} × {outer[1]} pixels"
        )


def corner(outer: tuple[int, int], inner: tuple[int, int], place: Place, margin: int) -> tuple[int, int]:
    if place.at:
        return place.at[0] - inner[0] // 2, place.at[1] - inner[1] // 2
    left = margin + (outer[0] - 2 * margin - inner[0]) * place.x
    top = margin + (outer[1] - 2 * margin - inner[1]) * place.y
    return round(left), round(top)


def shape(image: Image.Image, operation: Shape) -> Image.Image:
    base = holding(holding(image, operation.colour), operation.outline or "#000000").copy()
    width, height = _extent(operation, min(base.size))
    gap = max(2, width // 4)
    row = operation.count * width + (operation.count - 1) * gap
    if operation.count > 1 and row > base.width and operation.size.unit == "percent":
        shrink = base.width * (1 - 2 * MARGIN) / row
        width, height, gap = max(1, int(width * shrink)), max(1, int(height * shrink)), max(1, int(gap * shrink))
        row = operation.count * width + (operation.count - 1) * gap
    if max(width, height) > 2 * max(base.size):
        raise CannotApply("the shape would be far larger than the picture")
    left, top = corner(base.size, (row, height), operation.place, round(MARGIN * min(base.size)))
    require_seen(base.size, (left, top, left + row, top + height), operation.place)
    stamp = _stamp(operation, (width, height))
    for number in range(operation.count):
        _paint(base, stamp, operation, (left + number * (width + gap), top))
    return base


def _extent(operation: Shape, shorter: int) -> tuple[int, int]:
    size = max(1, operation.size.pixels(shorter))
    match operation.shape:
        case "ellipse" | "rectangle":
            return size, max(1, operation.height.pixels(shorter) if operation.height else round(size * 0.6))
        case "line":
            thin = max(2, size // 50)
            return (thin, size) if operation.direction in ("up", "down") else (size, thin)
        case "arrow":
            thin = max(3, round(size * 0.4))
            return (thin, size) if operation.direction in ("up", "down") else (size, thin)
        case "circle" | "square" | "triangle" | "star" | "heart" | "diamond":
            return size, size
        case _:
            assert_never(operation.shape)


def _stamp(operation: Shape, size: tuple[int, int]) -> tuple[Image.Image, Image.Image | None]:
    """Coverage (0-255) of the whole shape, and of its inside within the outline where there is one."""
    whole = _coverage(operation.shape, size, operation.direction)
    if operation.filled and operation.outline is None:
        return whole, None
    line = max(2, round(min(size) * 0.06))
    inside = Image.new("L", size, 0)
    inner = (size[0] - 2 * line, size[1] - 2 * line)
    if min(inner) > 0:
        inside.paste(_coverage(operation.shape, inner, operation.direction), (line, line))
    return whole, inside


def _paint(
    base: Image.Image, stamp: tuple[Image.Image, Image.Image | None], operation: Shape, corner: tuple[int, int]
) -> None:
    whole, inside = stamp
    bands = len(base.getbands())
    rim = colours.rgba(operation.outline or operation.colour)[:bands]
    if inside is None:
        base.paste(rim, (*corner, corner[0] + whole.width, corner[1] + whole.height), whole)
        return
    box = (*corner, corner[0] + whole.width, corner[1] + whole.height)
    before = base.crop(box)
    base.paste(rim, box, whole)
    if operation.filled:
        base.paste(colours.rgba(operation.colour)[:bands], box, inside)
    else:
        base.paste(before, box, inside)


def _coverage(name: ShapeName, size: tuple[int, int], direction: Direction) -> Image.Image:
    smooth = _SMOOTH if max(size) <= 2048 else 1
    width, height = size[0] * smooth, size[1] * smooth
    mask = Image.new("L", (width, height), 0)
    draw = ImageDraw.Draw(mask)
    match name:
        case "circle" | "ellipse":
            draw.ellipse((0, 0, width - 1, height - 1), fill=255)
        case "square" | "rectangle" | "line":
            draw.rectangle((0, 0, width - 1, height - 1), fill=255)
        case "triangle" | "star" | "heart" | "diamond" | "arrow":
            points = [(x * (width - 1), y * (height - 1)) for x, y in _turned(_outline(name), name, direction)]
            draw.polygon(points, fill=255)
        case _:
            assert_never(name)
    return mask.resize(size, Image.Resampling.BOX) if smooth > 1 else mask


def _outline(name: ShapeName) -> Points:
    """Corners in fractions of the shape's own box."""
    if name == "triangle":
        return [(0.5, 0), (1, 1), (0, 1)]
    if name == "diamond":
        return [(0.5, 0), (1, 0.5), (0.5, 1), (0, 0.5)]
    if name == "arrow":
        return [(0, 0.33), (0.65, 0.33), (0.65, 0), (1, 0.5), (0.65, 1), (0.65, 0.67), (0, 0.67)]
    if name == "star":
        radii = [(0.5, 0.191)[corner % 2] for corner in range(10)]  # 0.382, the pentagram's own ratio
        turns = [math.pi * corner / 5 for corner in range(10)]
        return _fitted([(r * math.sin(t), -r * math.cos(t)) for r, t in zip(radii, turns, strict=True)])
    # x = 16 sin³t, y = 13 cos t - 5 cos 2t - 2 cos 3t - cos 4t: the usual heart curve
    steps = [2 * math.pi * step / 120 for step in range(120)]
    return _fitted([
        (16 * math.sin(t) ** 3, -(13 * math.cos(t) - 5 * math.cos(2 * t) - 2 * math.cos(3 * t) - math.cos(4 * t)))
        for t in steps
    ])  # fmt: skip


def _fitted(points: Points) -> Points:
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return [((x - min(xs)) / (max(xs) - min(xs)), (y - min(ys)) / (max(ys) - min(ys))) for x, y in points]


def _turned(points: Points, name: ShapeName, direction: Direction) -> Points:
    if name != "arrow":
        return points
    match direction:
        case "right":
            return points
        case "left":
            return [(1 - x, y) for x, y in points]
        case "down":
            return [(y, x) for x, y in points]
        case "up":
            return [(y, 1 - x) for x, y in points]
        case _:
            assert_never(direction)


def canvas(operation: Canvas) -> Image.Image:
    check_size(operation.width, operation.height)
    paints = [colours.rgba(colour) for colour in operation.colours]
    mode = "RGBA" if any(paint[3] < 255 for paint in paints) else "RGB"
    size = (operation.width, operation.height)
    bare = [paint[: len(mode)] for paint in paints]
    match operation.pattern:
        case "solid":
            return Image.new(mode, size, bare[0])
        case "gradient":
            return _blended(_ramp(size, operation.direction), bare, mode)
        case "radial":
            return _blended(Image.radial_gradient("L").resize(size, Image.Resampling.BICUBIC), bare, mode)
        case "checkerboard":
            return _tiled(mode, size, bare, vertical=True, horizontal=True)
        case "stripes":
            upright = operation.direction in ("right", "left")
            return _tiled(mode, size, bare, vertical=not upright, horizontal=upright)
        case _:
            assert_never(operation.pattern)


def _ramp(size: tuple[int, int], direction: Direction) -> Image.Image:
    """Black to white towards `direction`."""
    width, height = size
    long = width if direction in ("right", "left") else height
    line = Image.new("L", (long, 1))
    line.putdata([round(255 * step / max(1, long - 1)) for step in range(long)])
    if direction in ("left", "up"):
        line = line.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if direction in ("up", "down"):
        line = line.transpose(Image.Transpose.ROTATE_270)
    return line.resize(size, Image.Resampling.NEAREST)


def _blended(ramp: Image.Image, paints: list[tuple[int, ...]], mode: str) -> Image.Image:
    if len(paints) == 1:
        paints = [paints[0], (255, 255, 255, 255)[: len(mode)]]
    channels = []
    for channel in range(len(mode)):
        stops = [paint[channel] for paint in paints]
        table = []
        for value in range(256):
            position = value / 255 * (len(stops) - 1)
            low, high = list(pairwise(stops))[min(int(position), len(stops) - 2)]
            table.append(round(low + (high - low) * (position - min(int(position), len(stops) - 2))))
        channels.append(ramp.point(table))
    return Image.merge(mode, channels)


def _tiled(
    mode: str, size: tuple[int, int], paints: list[tuple[int, ...]], *, vertical: bool, horizontal: bool
) -> Image.Image:
    if len(paints) == 1:
        paints = [paints[0], (255, 255, 255, 255)[: len(mode)]]
    cell = max(1, min(size) // 8)
    columns = -(-size[0] // cell) if horizontal else 1
    rows = -(-size[1] // cell) if vertical else 1
    small = Image.new(mode, (columns, rows))
    small.putdata([paints[(column + row) % len(paints)] for row in range(rows) for column in range(columns)])
    stretched = (columns * cell if horizontal else size[0], rows * cell if vertical else size[1])
    return small.resize(stretched, Image.Resampling.NEAREST).crop((0, 0, *size))
