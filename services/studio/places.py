"""Where, how much and how large: the parts of speech that every kind of edit shares."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from services.studio import colours
from services.studio.measures import Length, Place, Region
from services.studio.words import Reader

_ALONG = {"left": 0.0, "right": 1.0, "top": 0.0, "upper": 0.0, "bottom": 1.0, "lower": 1.0}
_CORNER = (
    r"\b(?P<y>top|upper|bottom|lower)(?:[ -]|most )*(?:hand )?(?P<x>left|right)\b"
    r"|\b(?P<x2>left|right)[ -](?:hand )?(?P<y2>top|upper|bottom|lower)\b"
)
_SHARES = {
    "half": 0.5, "third": 1 / 3, "quarter": 0.25, "fourth": 0.25, "fifth": 0.2, "side": 0.25, "part": 0.25,
    "strip": 0.1, "edge": 0.1, "section": 0.25, "area": 0.25,
}  # fmt: skip
_PART_OF = "|".join(_SHARES)
_EDGE = r"(?:left|right|top|upper|bottom|lower)"
_MIDDLE = r"\b(?:middle|centre|central|centred)\b"


def take_region(reader: Reader) -> Region | None:
    """A named part of the picture: "the left half", "the bottom 20%", "the top right corner", "the centre"."""
    if match := reader.take(rf"(?:{_CORNER})[ -](?P<part>half|third|quarter|quadrant|corner|part|area|side)\b"):
        x, y = _corner(match)
        share = {"corner": 1 / 3, "third": 1 / 3, "part": 1 / 3, "area": 1 / 3, "side": 1 / 3}.get(
            match["part"].lower(), 0.5
        )
        return _rectangle(_span(x, share), _span(y, share))
    if match := reader.take(
        rf"\b(?P<edge>{_EDGE})[ -](?:hand )?(?P<n>2|3) ?(?:-|/)? ?(?P<of>thirds|quarters|fourths)\b"
    ):
        return edge_region(match["edge"], int(match["n"]) / (3 if match["of"].lower() == "thirds" else 4))
    if match := reader.take(rf"\b(?P<edge>{_EDGE})(?:most)?[ -](?:hand )?(?P<part>{_PART_OF})\b"):
        return edge_region(match["edge"], _SHARES[match["part"].lower()])
    if match := reader.take(rf"\b(?P<part>half|third|quarter) (?:on|at|to) the (?P<edge>{_EDGE})\b"):
        return edge_region(match["edge"], _SHARES[match["part"].lower()])
    if match := reader.take(rf"\b(?P<edge>{_EDGE}) (?P<n>100|(?!0+(?:\.0*)?%)\d{{1,2}}(?:\.\d+)?)%"):
        return edge_region(match["edge"], float(match["n"]) / 100)
    if match := reader.take(rf"{_MIDDLE}(?: (?P<n>\d+)%)?(?:[ -](?P<part>third|half|part|area|section))?"):
        share = int(match["n"]) / 100 if match["n"] else _SHARES.get((match["part"] or "half").lower(), 0.5)
        share = 0.5 if match["part"] in ("part", "area", "section") else min(1.0, share)
        return _rectangle((0.5 - share / 2, 0.5 + share / 2), (0.5 - share / 2, 0.5 + share / 2))
    return None


def edge_region(edge: str, share: float) -> Region:
    """The strip along an edge that holds this share of the picture."""
    span = _span(_ALONG[edge.lower()], share)
    return _rectangle(span, (0.0, 1.0)) if edge.lower() in ("left", "right") else _rectangle((0.0, 1.0), span)


def _span(along: float, share: float) -> tuple[float, float]:
    return (0.0, share) if along == 0 else (1.0 - share, 1.0)


def _rectangle(x: tuple[float, float], y: tuple[float, float]) -> Region:
    return Region(x[0], y[0], x[1], y[1])


def _corner(match: re.Match[str]) -> tuple[float, float]:
    return _ALONG[(match["x"] or match["x2"]).lower()], _ALONG[(match["y"] or match["y2"]).lower()]


def take_place(reader: Reader) -> Place | None:
    """Where a thing is to stand: "in the top left", "at the bottom", "centred", "at 100, 50"."""
    tail = r"(?:[ -](?:corner|edge|side|part|hand side|half))?"
    if match := reader.take(
        r"\bat (?:position |point |x ?=? ?)?\(?(\d+)(?:px)?(?:,| ,| and|,? y ?=?) ?(\d+)(?:px)?\)?"
    ):
        return Place(at=(int(match[1]), int(match[2])))
    if match := reader.take(r"\bat (?:position |point )?\(?(\d+)x(\d+)\)?"):
        return Place(at=(int(match[1]), int(match[2])))
    if match := reader.take(rf"(?:{_CORNER}){tail}"):
        return Place(*_corner(match))
    if match := reader.take(
        rf"\b(?P<edge>{_EDGE})[ -](?:centre|middle)\b|\b(?:centre|"
        rf"middle)[ -](?P<edge2>{_EDGE})\b"
    ):
        return _edge_place(match["edge"] or match["edge2"])
    if match := reader.take(rf"\b(?P<edge>{_EDGE}){tail}\b"):
        return _edge_place(match["edge"])
    if reader.take(rf"(?:in |at |on )?(?:the )?(?:very )?{_MIDDLE}"):
        return Place()
    if match := reader.take(
        r"\b(?:(?P<below>below|beneath|under|underneath)|above)(?: (?:it|this|that|them))?(?= *(?:¦|,|$))"
    ):
        return _edge_place("bottom" if match["below"] else "top")
    return None


def _edge_place(edge: str) -> Place:
    along = _ALONG[edge.lower()]
    return Place(along, 0.5) if edge.lower() in ("left", "right") else Place(0.5, along)


def take_colour(reader: Reader) -> str | None:
    match = reader.take(colours.pattern())
    return colours.parse(match[0]) if match else None


def take_colours(reader: Reader) -> tuple[str, ...]:
    """Every colour, in the order it is named; "black-and-white" is two."""
    text = reader.rest.replace("black-and-white", "black and white")
    reader.rest = text
    return tuple(colours.parse(match[0]) for match in reader.take_all(colours.pattern()))


def take_length(reader: Reader, before: str = "", after: str = "", *, bare: bool = False) -> Length | None:
    """A number with px or %, or (`bare`) without a unit, between what must stand around it."""
    unit = r"(?P<unit>px|%)?" if bare else r"(?P<unit>px|%)"
    match = reader.take(rf"{before}(?P<n>\d+(?:\.\d+)?){unit}(?![\w%:.]\d|x\d){after}")
    if not match:
        return None
    return Length(float(match["n"]), "percent" if match["unit"] == "%" else "px")


@dataclass(frozen=True, slots=True)
class Amount:
    """How much: a word's strength, or a number that is added (`by`), multiplied with (`times`) or aimed at (`to`)."""

    kind: Literal["small", "large", "by", "times", "to"]
    value: float = 0.0


_SMALL = (
    r"\b(?:(?:just )?a (?:tiny |little |wee |small )?(?:bit|touch|tad|hint|notch|little|smidge)(?: (?:more|less))?|"
    r"slight(?:ly)?|somewhat|subtl[ey]|gentl[ey]|mild(?:ly)?|light(?:ly)?|little|faint(?:ly)?|soft(?:ly)?)\b"
)
_LARGE = (
    r"\b(?:(?:quite )?a (?:whole )?lot|lots|(?:very |so )?much|way|very|strong(?:ly)?|significantly|heav(?:y|"
    r"ily)|really|"
    r"super|extreme(?:ly)?|dramatic(?:ally)?|considerably|massively|intense(?:ly)?|far|hugely|tons?|drastically|"
    r"completely|totally|maximum|max)\b"
)


def take_amount(reader: Reader) -> Amount | None:
    """The first amount: "a bit", "much", "by 30%", "to 80%", "twice", "2x"."""
    if match := reader.take(r"\bto (?:about )?(\d+(?:\.\d+)?)%"):
        return Amount("to", float(match[1]) / 100)
    if match := reader.take(r"(?:\bby )?(?:about )?[+-]?(\d+(?:\.\d+)?)%"):
        return Amount("by", float(match[1]) / 100)
    if match := reader.take(
        r"(?:\bby )?(?:a factor of )?(\d+(?:\.\d+)?) ?(?:x|times)\b|\bby (?:a factor of )(\d+(?:\.\d+)?)"
    ):
        return Amount("times", float(match[1] or match[2]))
    if reader.take(r"\b(?:twice|doubl(?:e|ed|ing))(?: as| the)?\b"):
        return Amount("times", 2.0)
    if reader.take(r"\btripl(?:e|ed|ing)\b"):
        return Amount("times", 3.0)
    if reader.take(r"\b(?:halv(?:e|ed|ing)|half as)\b"):
        return Amount("times", 0.5)
    if match := reader.take(r"\bby (?:a |one |1 )?(half|third|quarter|fifth)\b"):
        return Amount("by", {"half": 0.5, "third": 1 / 3, "quarter": 0.25, "fifth": 0.2}[match[1].lower()])
    if reader.take(_SMALL):
        return Amount("small")
    if reader.take(_LARGE):
        return Amount("large")
    return None
