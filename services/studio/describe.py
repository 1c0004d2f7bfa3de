"""Operations back into words, as participles: "cropped to a square", "a red border of 20 px added"."""

from __future__ import annotations

from typing import assert_never

from services.studio.colours import spoken
from services.studio.measures import Length, Place, Region
from services.studio.operations import (  # fmt: skip
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
)

_EFFECTS = {
    "greyscale": "turned black and white", "sepia": "toned sepia", "invert": "colours inverted",
    "autocontrast": "contrast spread over the full range", "equalise": "histogram equalised", "emboss": "embossed",
    "edges": "edges traced", "vignette": "corners darkened",
}  # fmt: skip
_PARTS = {(0.0, 0.5): "half", (0.0, 0.3333): "third", (0.0, 0.6667): "two thirds", (0.0, 0.25): "quarter"}


def describe(operation: Edit) -> str:
    """One operation in words, without a full stop."""
    match operation:
        case Crop() | CropAspect() | CropSize() | CropEdges() | Trim() | Rotate() | Flip() | Resize():
            return _geometry(operation)
        case Adjust() | Effect() | Blur() | Pixelate() | Posterise() | Solarise() | Tint() | Fill():
            where = f" in {region(operation.region)}" if operation.region else ""
            return _tone(operation) + where
        case Transparent() | Flatten() | Border() | Pad() | RoundCorners() | Text() | Shape() | Canvas():
            return _drawn(operation)
        case Convert():
            return f"converted to {operation.format.upper()}"
        case Masked():
            return ", ".join(describe(one) for one in operation.operations) + " within the marked region"
        case _:
            assert_never(operation)


def _geometry(operation: Crop | CropAspect | CropSize | CropEdges | Trim | Rotate | Flip | Resize) -> str:
    match operation:
        case Crop():
            return f"cropped to {region(operation.region)}"
        case CropAspect():
            return f"cropped to {ratio(operation.width, operation.height)}"
        case CropSize():
            return f"cropped to {length(operation.width)} by {length(operation.height)}"
        case CropEdges():
            sides = [f"{length(getattr(operation, side))} on the {side}" for side in ("left", "top", "right", "bottom")
                     if getattr(operation, side).value]  # fmt: skip
            lengths = {getattr(operation, side) for side in ("left", "top", "right", "bottom")}
            return (
                f"cut by {length(operation.left)} on each side"
                if len(lengths) == 1
                else "cut by " + " and ".join(sides)
            )
        case Trim():
            return "even edges trimmed off"
        case Rotate():
            turn = operation.degrees if abs(operation.degrees) <= 180 else operation.degrees % 360
            if turn == 0:
                return "turned all the way round"
            way = "" if abs(turn) == 180 else " clockwise" if turn > 0 else " counter-clockwise"
            return f"rotated {abs(turn):g}°{way}"
        case Flip():
            return "mirrored left to right" if operation.axis == "horizontal" else "flipped top to bottom"
        case Resize():
            return f"resized to {_size(operation)}"
        case _:
            assert_never(operation)


def _size(operation: Resize) -> str:
    if operation.scale is not None:
        return f"{operation.scale * 100:.4g}%"
    if operation.longest is not None:
        return f"{operation.longest} px on its longest side"
    if operation.width and operation.height:
        how = {"stretch": "", "inside": "fit inside ", "cover": "fill "}[operation.fit]
        return f"{how}{operation.width} × {operation.height} px"
    return f"{operation.width} px wide" if operation.width else f"{operation.height} px high"


def _tone(operation: Adjust | Effect | Blur | Pixelate | Posterise | Solarise | Tint | Fill) -> str:
    match operation:
        case Adjust():
            percent = round((operation.factor - 1) * 100)
            return f"{operation.level} {'raised' if percent >= 0 else 'lowered'} by {abs(percent)}%"
        case Effect():
            return _EFFECTS[operation.name]
        case Blur():
            return "blurred"
        case Pixelate():
            return "pixelated"
        case Posterise():
            return f"posterised to {2**operation.bits} levels a channel"
        case Solarise():
            return "solarised"
        case Tint():
            warmth = {"#ff8c00": "made warmer", "#1e90ff": "made cooler"}.get(operation.colour)
            return warmth or f"tinted {spoken(operation.colour)}"
        case Fill():
            return f"filled with {spoken(operation.colour)}"
        case _:
            assert_never(operation)


def _drawn(operation: Transparent | Flatten | Border | Pad | RoundCorners | Text | Shape | Canvas) -> str:
    match operation:
        case Transparent():
            what = f"what was {spoken(operation.colour)}" if operation.colour else "the background"
            return f"{what} made transparent"
        case Flatten():
            return f"a {spoken(operation.colour)} background put behind it"
        case Border():
            return f"a {spoken(operation.colour)} border of {length(operation.width)} added"
        case Pad():
            return f"extended to {ratio(operation.width, operation.height)} with {spoken(operation.colour)}"
        case RoundCorners():
            return "corners rounded" if operation.radius != Length(50, "percent") else "cut to a round shape"
        case Text():
            return f"the text “{operation.text}” written {place(operation.place)}"
        case Shape():
            return f"{shapes(operation)} drawn {place(operation.place)}"
        case Canvas():
            return f"{canvas(operation)} created"
        case _:
            assert_never(operation)


def canvas(operation: Canvas) -> str:
    names = [spoken(colour) for colour in operation.colours]
    size = f"{operation.width} × {operation.height} px"
    if operation.pattern == "solid":
        return f"a plain {names[0]} canvas of {size}"
    kind = {
        "gradient": "a gradient",
        "radial": "a radial gradient",
        "checkerboard": "a checkerboard",
        "stripes": "stripes",
    }
    joined = " to ".join(names) if operation.pattern in ("gradient", "radial") else " and ".join(names)
    return f"{kind[operation.pattern]} {'from' if ' to ' in joined else 'in'} {joined} of {size}"


def shapes(operation: Shape) -> str:
    name = {"ellipse": "oval"}.get(operation.shape, operation.shape)
    colour = spoken(operation.colour)
    if operation.count > 1:
        return f"{operation.count} {colour} {name}s"
    return f"{'an' if colour[0] in 'aeiou' else 'a'} {colour} {name}"


def place(where: Place) -> str:
    if where.at:
        return f"at {where.at[0]}, {where.at[1]}"
    x = {0.0: "left", 0.5: "", 1.0: "right"}.get(where.x)
    y = {0.0: "top", 0.5: "", 1.0: "bottom"}.get(where.y)
    if x is None or y is None:
        return "beside it"
    name = f"{y} {x}".strip()
    if not name:
        return "in the middle"
    return f"{'in' if x and y else 'at'} the {name}"


def region(part: Region | None) -> str:
    if part is None:
        return "the whole picture"
    across = _span(part.left, part.right, "left", "right")
    down = _span(part.top, part.bottom, "top", "bottom")
    if across and down is None:
        return f"the {across}"
    if down and across is None:
        return f"the {down}"
    if across and down:
        return f"the {down.split()[0]} {across.split()[0]} corner"
    return "the middle"


def _span(low: float, high: float, first: str, last: str) -> str | None:
    """None when it is everything; empty when it touches neither end."""
    if low <= 0 and high >= 1:
        return None
    if low > 0 and high < 1:
        return ""
    share = round(high - low, 4)
    part = _PARTS.get((0.0, share), f"{share * 100:.3g}%")
    return f"{first if low <= 0 else last} {part}"


def ratio(width: float, height: float) -> str:
    return "a square" if width == height else f"{width:g}:{height:g}"


def length(value: Length) -> str:
    return f"{value.value:g}{' px' if value.unit == 'px' else '%'}"
