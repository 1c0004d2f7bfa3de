"""Words about frames, backgrounds, writing and shapes."""

from __future__ import annotations

import re

from services.studio.measures import Length, Place
from services.studio.operations import (  # fmt: skip
    Border,
    Direction,
    Flatten,
    PlainEdit,
    RoundCorners,
    Shape,
    ShapeName,
    Text,
    Transparent,
)
from services.studio.places import take_colour, take_length, take_place
from services.studio.words import Reader

Edits = list[PlainEdit]
_THIN = r"\b(?:very )?(?:thin|narrow|fine|slim|small|hairline)\b"
_THICK = r"\b(?:very )?(?:thick|wide|broad|big|large|fat|heavy|bold)\b"
_SHAPES: tuple[tuple[ShapeName, str], ...] = (
    ("circle", r"\b(?:circles?|dots?|discs?|disks?|rings?)\b"),
    ("ellipse", r"\b(?:ellips(?:e|es|is)|ovals?)\b"),
    ("rectangle", r"\b(?:rectangles?|box(?:es)?)\b"),
    ("square", r"\bsquares?\b"),
    ("triangle", r"\btriangles?\b"),
    ("star", r"\bstars?\b"),
    ("heart", r"\bhearts?\b"),
    ("diamond", r"\b(?:diamonds?|rhombus(?:es)?)\b"),
    ("arrow", r"\barrows?\b"),
    ("line", r"\blines?\b"),
)
_WAYS: dict[str, Direction] = {
    "right": "right",
    "left": "left",
    "up": "up",
    "down": "down",
    "upward": "up",
    "downward": "down",
}
_FROM_AN_EDGE = r"\b\d+(?:px|%)? (?:away )?from (?:the )?(?:left|right|top|bottom|edge)"
_AROUND_IT = (
    r"\b(?:rectangle|box|square|line)(?: all)? (?:around|round) (?:it|(?:the|this) (?:whole |entire )?(?:picture|image|"
    r"photo|edges?))\b"
)
_DRAW = (
    r"\b(?:draw\w*|add\w*|put\w*|plac\w*|insert\w*|paint\w*|includ\w*|creat\w*|mak\w*|with|overlay\w*|"
    r"another|show\w*)\b"
)


def border(reader: Reader) -> Edits | None:
    if reader.take(_AROUND_IT):
        usual = "#000000"
    elif reader.take(r"\bpad(?:ding|ded)?\b|\bmargins?\b"):
        usual = "#ffffff"
    elif reader.take(r"\b(?:borders?|fram(?:e[ds]?|ing)|outlined?|edging)\b"):
        usual = "#000000"
    else:
        return None
    if reader.has(r"\b(?:text|letters|circle|star|square|rectangle|triangle|heart|diamond|arrow)s?\b|«"):
        return None
    width = take_length(reader, r"(?:\b(?:width|thickness) (?:of |is )?|\bof |\bby )?", bare=True)
    if width is None:
        width = Length(3, "percent")
        if reader.take(_THIN):
            width = Length(1, "percent")
        elif reader.take(_THICK):
            width = Length(6, "percent")
    reader.take_all(r"\b(?:thick|wide|width|thickness|solid|around|borders?|sides?|each|every|border)\b")
    return [Border(take_colour(reader) or usual, width)]


def round_corners(reader: Reader) -> Edits | None:
    if not (
        corners := reader.take(
            r"\bround(?:ed|er|ing)?(?: off)?(?: (?:the|its|all|all the))? ?(?:corners?|edges)\b|"
            r"\bcorners? (?:\w+ ){0,2}?round(?:ed|er)?\b"
        )
    ):
        return None
    radius = take_length(reader, r"(?:\bradius (?:of )?|\bby |\bof )?", bare=True)
    reader.take_all(r"\b(?:radius|corners?)\b")
    if radius is None:
        radius = Length(8, "percent")
        if reader.take(r"\b(?:slight(?:ly)?|a (?:bit|little)|small)\b"):
            radius = Length(4, "percent")
        elif reader.take(r"\b(?:very|really|strongly|a lot|much|large|big)\b") or re.search(
            r"(?i)very|really|much", corners[0]
        ):
            radius = Length(20, "percent")
    return [RoundCorners(radius)]


def background(reader: Reader) -> Edits | None:
    gone = reader.take(
        r"\b(?:remov\w*|delet\w*|eras\w*|cut\w* (?:out|away)|get rid of|drop|no|without|strip\w*|knock out)\b"
    )
    see_through = reader.take(r"\b(?:transparent|see[ -]through|transparency)\b")
    if reader.has(r"\bcolou?rs? (?:from|of|in)\b"):
        return None  # its colour is to change, not itself
    ground = reader.take_all(r"\bbackground\b")
    if not ground:
        if see_through and (colour := take_colour(reader)):
            reader.take_all(r"\b(?:areas?|pixels|parts?)\b")
            return [Transparent(colour)]
        return None
    if gone or see_through:
        take_colour(reader)
        return [Transparent()]
    if reader.has(r"\b(?:gradient|circle|square|star|heart|triangle|rectangle|checker\w*)\b|«"):
        return None
    colour = take_colour(reader)
    reader.take_all(r"\b(?:replace\w*|swap\w*|behind)\b")
    return [Transparent(), Flatten(colour)] if colour and colour != "#00000000" else None


def text(reader: Reader) -> Edits | None:
    quoted = reader.take(r"«(\d+)»")
    if not quoted:
        return None
    verb = reader.take_all(
        r"\b(?:writ\w*|text|captions?|words?|titles?|labels?|watermark\w*|headings?|headline|messages?|says?|"
        r"saying|read(?:s|ing)?|typ(?:e|ing)|print\w*|"
        r"stamp\w*|letter(?:s|ing)?|sign|name|overlay\w*|phrase|sentence|superimpos\w*|inscri\w*)\b"
    )
    kind = " ".join(match[0].lower() for match in verb)
    ground = reader.take(r"\b(?:on|with|over|in) (?:a |an )?((?:\S+ ){1,3})(?:background|box|bar|banner|strip)\b")
    behind = take_colour(Reader(ground[1])) if ground else None
    place = take_place(reader) or _usual_place(kind)
    if "watermark" in kind:
        reader.take(r"\bin (?:a|the|one) corner\b")
    size = take_length(reader, r"\b(?:font )?size (?:of )?", bare=True)
    size = size or take_length(reader, r"(?:\bat |\bin )?", r"(?: (?:high|tall|font|letters|text|size))?")
    if size is None:
        if reader.take(r"\b(?:huge|giant|enormous|massive)\b"):
            size = Length(25, "percent")
        elif reader.take(r"\b(?:big|large|bold)\b"):
            size = Length(16, "percent")
        elif reader.take(r"\b(?:small|tiny|little)\b"):
            size = Length(5, "percent")
    reader.take_all(r"\b(?:font|size|bold|italic|centred|across|over|reading|capital|text|letters|high|tall)\b")
    return [Text(reader.quotes[int(quoted[1])], place, take_colour(reader), size, behind)]


def _usual_place(kind: str) -> Place:
    if "watermark" in kind:
        return Place(1, 1)
    if "caption" in kind:
        return Place(0.5, 1)
    return Place(0.5, 0) if re.search(r"title|head", kind) else Place()


def shape(reader: Reader) -> Edits | None:
    found = next(((name, match) for name, pattern in _SHAPES if (match := reader.take(pattern))), None)
    if (
        found is None
        or reader.has(_FROM_AN_EDGE)
        or reader.has(r"\b(?:around|round) (?:the|it|him|her|them|every\w*)\b")
    ):
        return None
    name, match = found
    if name == "square" and reader.has(r"\bmake (?:it|this|(?:the|this) (?:picture|image|photo))\b"):
        return None  # the picture's own shape
    asked = reader.has(_DRAW) or reader.has(r"\b(?:a|an|some|\d+)\b")
    count = reader.take(r"(?:^|\s)(\d+)(?= (?!px|%)\D*¦)")
    outline = _outline(reader)
    hollow = reader.take(r"\b(?:hollow|empty|unfilled|outlined?|not filled|open)\b") or match[0].lower().startswith(
        "ring"
    )
    reader.take_all(r"\b(?:filled(?: in)?|solid)\b")
    direction = _direction(reader, name)
    sides = reader.take(r"\b([1-9]\d*)x([1-9]\d*)\b") if name in ("rectangle", "ellipse") else None
    height = Length(int(sides[2])) if sides else None
    size = Length(int(sides[1])) if sides else _shape_size(reader, small=match[0].lower().startswith("dot"))
    place = take_place(reader) or Place()
    colour = take_colour(reader)
    reader.take_all(r"\b(?:shapes?|shaped|radius|diameter|long|thick)\b")
    if colour is None and not asked:
        return None
    many = int(count[1]) if count else 1
    if not 1 <= many <= 100:
        return None
    return [Shape(name, colour or "#ff0000", place, size, not hollow, outline, direction, many, height)]


def _outline(reader: Reader) -> str | None:
    match = reader.take(r"\b(?:with|and) (?:a |an )?((?:\S+ ){1,3})(?:outline|border|edge|stroke|rim)\b")
    return take_colour(Reader(match[1])) if match else None


def _direction(reader: Reader, name: ShapeName) -> Direction:
    if name == "line":
        upright = reader.take(r"\bvertical(?:ly)?\b|\bfrom (?:the )?top to (?:the )?bottom\b")
        reader.take(
            r"\bhorizontal(?:ly)?\b|\bfrom (?:the )?left to (?:the )?right\b|"
            r"\bfrom (?:the )?right to (?:the )?left\b"
        )
        return "down" if upright else "right"
    if name != "arrow":
        return "right"
    way = r"(?P<way>right|left|up|down|upward|downward)(?:wards?|s)?"
    match = reader.take(rf"\b(?:pointing|facing|going|towards?) (?:to (?:the )?|the )?{way}\b")
    match = match or reader.take(rf"(?<!top )(?<!bottom )\b{way}(?=[ -]*(?:¦|pointing|arrow))")
    return _WAYS[match["way"].lower()] if match else "right"


def _shape_size(reader: Reader, *, small: bool) -> Length:
    if radius := take_length(reader, r"\bradius (?:of )?", bare=True):
        return Length(radius.value * 2, radius.unit)
    if match := reader.take(r"\b(\d+)x(\d+)\b"):
        return Length(max(int(match[1]), int(match[2])))
    if length := take_length(
        reader, r"(?:\b(?:diameter|size|width) (?:of )?)?", r"(?: (?:wide|across|high|tall|long|radius))?"
    ):
        doubled = "radius" in reader.text.lower()
        return Length(length.value * (2 if doubled else 1), length.unit)
    if reader.take(r"\b(?:tiny|very small|little)\b"):
        return Length(8, "percent")
    if reader.take(r"\bsmall\b") or small:
        return Length(15, "percent")
    if reader.take(r"\b(?:huge|giant|enormous|very (?:big|large))\b"):
        return Length(90, "percent")
    return Length(65, "percent") if reader.take(r"\b(?:big|large)\b") else Length(40, "percent")


PARSERS = (background, round_corners, border, text, shape)
