"""Words about cutting, turning and sizing."""

from __future__ import annotations

import re

from services.studio.measures import Length, Place, Region
from services.studio.operations import (
    Crop,
    CropAspect,
    CropEdges,
    CropSize,
    Flip,
    Pad,
    PlainEdit,
    Rotate,
    RoundCorners,
    Trim,
)
from services.studio.places import take_amount, take_colour, take_place, take_region
from services.studio.words import Reader

Edits = list[PlainEdit]
_CROP = (
    r"\b(?:crop|cut|trim|chop|slic|clip|shav|snip|reduc|reframe?)(?:p?ed|p?ing|e|es|s|ped|ping|ting|t|ming|"
    r"med)?\b"
)
_AWAY = r"\b(?:remov\w*|delet\w*|tak\w+ (?:off|away)|los\w+|get rid of|discard\w*|drop\w*)\b"
_OFF = r"\b(?:off|away|out)\b"
_KEEP = r"\b(?:keep\w*|retain\w*|leav\w+|(?:zoom\w*|focus\w*) (?:in(?:to)? )?(?:on|to)?)\b"
_SIDES = (
    r"(?:left and (?:the )?right|top and (?:the )?bottom|left|right|top|bottom|(?:each|every|all|"
    r"both) (?:side|edge)s?|sides|edges|all (?:the way )?a?round)"
)
_TWO_SIDES = {
    "both sides": ("left", "right"), "sides": ("left", "right"), "left and right": ("left", "right"),
    "top and bottom": ("top", "bottom"),
}  # fmt: skip
_NAMED_RATIOS: tuple[tuple[str, tuple[float, float]], ...] = (
    (r"\bsquar(?:e|ed|ish)\b", (1, 1)),
    (r"\b(?:widescreen|wide ?screen|youtube)\b", (16, 9)),
    (r"\b(?:cinema(?:tic|scope)?|ultra-?wide)\b", (21, 9)),
    (r"\bpanoram(?:a|ic)\b", (2, 1)),
    (r"\b(?:instagram|social) (?:story|reel)\b|\b(?:phone|mobile) (?:screen|wallpaper)\b", (9, 16)),
    (r"\blandscape(?: (?:format|orientation))?\b", (4, 3)),
    (r"\b(?:portrait|upright)(?: (?:format|orientation))?\b", (3, 4)),
)
_NO_CROP = r"\bwithout (?:any )?(?:crop\w*|cut\w*|los\w+)(?: (?:anything|any of it|it|parts?))?\b"


def take_ratio(reader: Reader) -> tuple[float, float] | None:
    """Proportions: "16:9", "4 to 3", "square", "widescreen"."""
    if match := reader.take(r"\b(\d+(?:\.\d+)?) ?(?::|/|to) ?(\d+(?:\.\d+)?)\b(?!px|%)(?: ?(?:aspect )?ratio)?"):
        width, height = float(match[1]), float(match[2])
        reader.take_all(r"\b(?:landscape|portrait|upright|wide ?screen)\b")
        return (width, height) if width and height and max(width, height) <= 1000 else None
    if match := reader.take(r"\b([1-9]|[12]\d|3[0-2])x([1-9]|[12]\d|3[0-2])\b"):
        return float(match[1]), float(match[2])
    for pattern, ratio in _NAMED_RATIOS:
        if reader.take(pattern):
            return ratio
    return None


def trim(reader: Reader) -> Edits | None:
    edge = r"(?:borders?|margins?|edges?|white ?space|(?:empty|blank|white|black) (?:space|area|part)s?|frame|bars)"
    blank = r"(?:(?:the|any|all|its|empty|blank|white|black|extra|plain|unused|surrounding) ){0,4}"
    patterns = (
        r"\bauto(?:matic(?:ally)?)?[ -]?(?:crop|trim)\w*",
        rf"\b(?:trim|crop|cut|remov|delet|get rid of|strip)\w*(?: (?:off|away|out))? {blank}{edge}(?: (?:off|away))?",
    )
    if any(reader.take(pattern) for pattern in patterns):
        return [Trim()]
    return [Trim()] if not reader.has(r"\d") and reader.take(r"\btrim(?:med|ming)?\b") else None


def crop_edges(reader: Reader) -> Edits | None:
    if not (reader.take(_CROP) or reader.take(_AWAY)):
        return None
    by_side = (
        rf"(?P<n>\d+(?:\.\d+)?)(?P<unit>px|%)? ?(?:(?:off|from|of|at|on|away|out)\b ?)*(?:the )?(?P<side>{_SIDES})\b"
    )
    side_by = rf"\b(?P<side>{_SIDES})(?: (?:edge|side))? by (?P<n>\d+(?:\.\d+)?)(?P<unit>px|%)?"
    found = reader.take_all(by_side) or reader.take_all(side_by)
    if not found:
        return None
    reader.take_all(r"\b(?:edges?|off)\b")
    cut: dict[str, Length] = {}
    for match in found:
        length = Length(float(match["n"]), "percent" if match["unit"] == "%" else "px")
        side = match["side"].lower().replace("the ", "")
        both = _TWO_SIDES.get(side)
        for edge in both or (
            (side,) if side in ("left", "right", "top", "bottom") else ("left", "top", "right", "bottom")
        ):
            cut[edge] = length
    left, top, right, bottom = (cut.get(edge, Length(0)) for edge in ("left", "top", "right", "bottom"))
    return [CropEdges(left, top, right, bottom)]


def crop_circle(reader: Reader) -> Edits | None:
    circle = r"\b(?:circular|(?:a )?circle|round shape)\b"
    if (reader.has(_CROP) and reader.take(circle) and reader.take(_CROP)) or reader.take(
        r"\bmake (?:it|the picture|the photo|the image) (?:round|circular|a circle)\b"
    ):
        return [CropAspect(1, 1), RoundCorners(Length(50, "percent"))]
    return None


def crop_aspect(reader: Reader) -> Edits | None:
    if reader.has(r"\b(?:canvas|blank|checker\w*|chess\w*|gradient)\b"):
        return None  # a new picture's size
    kept_whole = (
        reader.take(_NO_CROP) is not None
        or reader.take(r"\b(?:pad(?:ded|ding)?|letter ?box(?:ed|ing)?|(?:white|black) bars)\b") is not None
    )
    colour = take_colour(reader) if kept_whole else None
    ratio = take_ratio(reader)
    if ratio is None:
        return None
    reader.take_all(_CROP)
    reader.take_all(r"\b(?:aspect(?: ratio)?|ratio|proportions?|format|shape|orientation|bars|background)\b")
    if kept_whole:
        return [Pad(*ratio, colour or "#ffffff")]
    reader.take_all(_KEEP)
    return [CropAspect(*ratio, take_place(reader) or Place())]


def crop_size(reader: Reader) -> Edits | None:
    if not reader.take(_CROP):
        return None
    reader.take(r"\bcrop\w*")
    if match := reader.take(r"(\d+)x(\d+)\b"):
        return [CropSize(Length(int(match[1])), Length(int(match[2])), _around(reader))]
    if match := reader.take(r"(?:middle|centre|central|inner) (\d+)%|\bto (?:the )?(?:middle |centre )?(\d+)%"):
        share = Length(float(match[1] or match[2]), "percent")
        return [CropSize(share, share, _around(reader))]
    width = reader.take(r"(\d+)(px|%)? (?:wide|width)|width (?:of |to )?(\d+)(px|%)?")
    height = reader.take(r"(\d+)(px|%)? (?:high|tall|height)|height (?:of |to )?(\d+)(px|%)?")
    if not (width or height):
        return None
    return [CropSize(_side(width), _side(height), _around(reader))]


def zoom(reader: Reader) -> Edits | None:
    """ "Zoom in" and nothing of where to: towards the middle."""
    if not reader.take(r"\bzoom\w* in\b") or reader.has(r"\d"):
        return None
    amount = take_amount(reader)
    share = Length({"small": 85.0, "large": 50.0}.get(amount.kind if amount else "", 70.0), "percent")
    return [CropSize(share, share)]


def _side(match: re.Match[str] | None) -> Length:
    if match is None:
        return Length(100, "percent")
    return Length(float(match[1] or match[3]), "percent" if "%" in match[0] else "px")


def _around(reader: Reader) -> Place:
    place = take_place(reader) or Place()
    reader.take(r"\b(?:square|rectangle|corner|portion|section)\b")
    return place


def crop_region(reader: Reader) -> Edits | None:
    if reader.has(r"\b(?:in colou?r|as (?:it|they) (?:is|are)|unchanged|untouched|alone)\b"):
        return None  # what is kept there is not the region but how it looks
    gone = bool(reader.take(_AWAY))
    verb = gone or reader.take(_CROP) or reader.take(_KEEP) or reader.take(r"\b(?:just|only)\b(?= the )")
    gone = gone or bool(reader.take(_OFF))
    region = take_region(reader) if verb else None
    if region is None:
        return None
    reader.take(r"\bkeep\w*|\bcrop\w*|\bcut\b")
    if not gone:
        return [Crop(region)]
    rest = _complement(region)
    return [Crop(rest)] if rest else None


def _complement(region: Region) -> Region | None:
    """What is left when a strip along one edge goes."""
    if (region.top, region.bottom) == (0, 1):
        return Region(region.right, 0, 1, 1) if region.left == 0 else Region(0, 0, region.left, 1)
    if (region.left, region.right) == (0, 1):
        return Region(0, region.bottom, 1, 1) if region.top == 0 else Region(0, 0, 1, region.top)
    return None


def rotate(reader: Reader) -> Edits | None:
    verb = reader.take(r"\b(?:rotat\w*|turn(?:ed|ing)?|spin\w*|tilt\w*|rotation|straighten\w*)\b")
    fill = _corner_fill(reader)
    if reader.take(r"\bupside[ -]down\b") and not reader.has(r"\b(?:flip|mirror)"):
        return [Rotate(180)]
    if verb and reader.take(r"\b(?:on (?:to )?its (?P<side>left |right )?side|sideways)\b"):
        return [Rotate(90)]
    left = reader.take(r"\b(?:counter|anti)[ -]?clock ?-?wise\b|\bccw\b|\b(?:to(?:wards)? the )?left(?:wards?)?\b")
    right = reader.take(r"\b(?:clock ?-?wise|cw|(?:to(?:wards)? the )?right(?:wards?)?)\b")
    if not (verb or ((left or right) and reader.has(r"deg\b"))):
        return None
    degrees = _degrees(reader)
    if degrees is None:
        if not (left or right or verb[0].lower().startswith(("rotat", "spin")) if verb else left or right):
            return None
        degrees = 5.0 if reader.take(r"\b(?:slight(?:ly)?|a (?:tiny |little )?(?:bit|little|touch))\b") else 90.0
    if reader.take(r"\btwice\b"):
        degrees *= 2
    return [Rotate(-degrees if left else degrees, fill)]


def _degrees(reader: Reader) -> float | None:
    if match := reader.take(r"(?:\bby )?(-?\d+(?:\.\d+)?)(?:deg\b|(?= |$)(?! ?(?:times|x|px|%)))"):
        return float(match[1])
    if reader.take(r"\b(?:by )?(?:a )?quarter(?:[ -]turn| of the way)?(?: turn)?\b"):
        return 90.0
    return 180.0 if reader.take(r"\b(?:by )?(?:a )?half(?:[ -]turn| way)?(?: turn)?\b|\bhalfway\b") else None


def _corner_fill(reader: Reader) -> str | None:
    if reader.has(r"\b(?:background|corners?|fill(?:ed|ing)?)\b"):
        colour = take_colour(reader)
        reader.take_all(r"\b(?:background|corners?|fill(?:ed|ing)?)\b")
        return None if colour and len(colour) == 9 else colour
    return None


def flip(reader: Reader) -> Edits | None:
    swap_sides = r"\b(?:swap|switch|exchange)\w* (?:the )?left and (?:the )?right(?: sides?)?\b"
    if reader.take(swap_sides):
        return [Flip("horizontal")]
    if not reader.take(r"\b(?:flip(?:ped|ping)?|mirror(?:ed|ing)?|flop|revers(?:e|ed|ing))\b(?: image)?"):
        return None
    vertical = reader.take(
        r"\bvertical(?:ly)?\b|\bupside[ -]down\b|\b(?:from )?(?:top|up)(?:side)?(?: and| to|[ -])+(?:bottom|"
        r"down)\b|\bx[ -]axis\b"
    )
    horizontal = reader.take(
        r"\bhorizontal(?:ly)?\b|\b(?:from )?left(?: and| to|[ -])+right\b|\bsideways\b|\by[ -]axis\b|\bleft\b|"
        r"\bright\b"
    )
    reader.take(r"\b(?:axis|both (?:ways|directions)|direction|back(?: again)?)\b")
    if vertical and horizontal:
        return [Flip("horizontal"), Flip("vertical")]
    return [Flip("vertical" if vertical else "horizontal")]


PARSERS = (crop_circle, crop_edges, crop_aspect, crop_size, crop_region, zoom, trim, flip, rotate)
