"""What a query says of the size of a file and of its picture."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from services.answers.text_folding import pattern

PICTURES = (
    r"(?:images?|pictures?|pics?|photos?|photographs?|shots?|snaps?|snapshots?|files?|ones?|scenes?|"
    r"चित्र|चित्रे|तस्वीरें|तस्वीरों|तस्वीर|फोटो|फोटोज|छायाचित्रे|छायाचित्र)"
)
OVER = r"over|above|more than|greater than|larger than|bigger than|exceeding|at least|min(?:imum)?(?: of)?|>=?"
UNDER = r"under|below|less than|smaller than|up to|at most|max(?:imum)?(?: of)?|<=?"
_COMPARED = rf"(?:(?P<over>{OVER})|(?P<under>{UNDER}))"
_BYTES = {"kb": 1000, "kilobyte": 1000, "kib": 1024, "mb": 10**6, "megabyte": 10**6, "mib": 2**20, "gb": 10**9}
_FILE_SIZE = re.compile(rf"{_COMPARED} ?(?P<number>\d+(?:\.\d+)?) ?(?P<unit>{'|'.join(_BYTES)})s?\b")
_MEGAPIXELS = re.compile(rf"{_COMPARED} ?(?P<number>\d+(?:\.\d+)?) ?(?:mp|megapixels?)\b")
_SIDE = re.compile(
    rf"(?:{_COMPARED}|(?P<wider>wider than)|(?P<taller>(?:taller|higher) than)) ?(?P<number>\d{{2,5}})"
    r"(?: ?(?:px|pixels?))?(?: (?:(?P<wide>wide|in width|width)|(?P<high>high|tall|in height|height)))?"
)
_EXACTLY = re.compile(r"\b(?P<width>\d{2,5}) ?[x×] ?(?P<height>\d{2,5})\b")
_LARGE = pattern(
    rf"\b(?:(?:very )?(?:large|big|huge|high[- ]resolution|hi-?res)|बडी|बडे|मोठे|मोठी)\b(?= {PICTURES}|\s*$)"
)
_SMALL = pattern(rf"\b(?:(?:very )?(?:small|tiny|little|low[- ]resolution)|छोटी|छोटे|लहान)\b(?= {PICTURES}|\s*$)")
_LARGE_PIXELS, _SMALL_PIXELS = 2_000_000, 300_000
"""From 2 megapixels on a picture is large, up to 640 by 480 it is small."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Least and most, both included; None is open."""

    field: Literal["bytes", "pixels", "width", "height"]
    least: float | None = None
    most: float | None = None


def sizes_wanted(rest: str) -> tuple[tuple[tuple[Limits, str], ...], str]:
    """Limits of the file's and the picture's size, each with its words."""
    found: list[tuple[Limits, str]] = []

    def bounded(field: Literal["bytes", "pixels", "width", "height"], value: float, *, over: bool, words: str) -> None:
        limits = Limits(field, least=value) if over else Limits(field, most=value)
        found.append((limits, f"{'over' if over else 'under'} {words}"))

    while (hit := _FILE_SIZE.search(rest)) and len(found) < 4:
        value, unit = float(hit["number"]), hit["unit"]
        bounded(
            "bytes",
            value * _BYTES[unit],
            over=bool(hit["over"]),
            words=f"{value:g} {unit.upper() if len(unit) < 4 else unit}",
        )
        rest = f"{rest[: hit.start()]} {rest[hit.end() :]}"
    while (hit := _MEGAPIXELS.search(rest)) and len(found) < 4:
        bounded("pixels", float(hit["number"]) * 1e6, over=bool(hit["over"]), words=f"{hit['number']} megapixels")
        rest = f"{rest[: hit.start()]} {rest[hit.end() :]}"
    while (hit := _EXACTLY.search(rest)) and len(found) < 4:
        for field in ("width", "height"):
            found.append(
                (
                    Limits(field, float(hit[field]), float(hit[field])),
                    f"{hit[field]} {'wide' if field == 'width' else 'high'}",
                )
            )
        rest = f"{rest[: hit.start()]} {rest[hit.end() :]}"
    for hit in list(_SIDE.finditer(rest)):
        wide, high = hit["wide"] or hit["wider"], hit["high"] or hit["taller"]
        if (wide or high) and len(found) < 4:
            words = f"{hit['number']} pixels {'wide' if wide else 'high'}"
            bounded("width" if wide else "height", float(hit["number"]), over=not hit["under"], words=words)
            rest = rest.replace(hit[0], " ", 1)
    for finder, limits, words in (
        (_LARGE, Limits("pixels", least=_LARGE_PIXELS), "large"),
        (_SMALL, Limits("pixels", most=_SMALL_PIXELS), "small"),
    ):
        if finder.search(rest):
            found.append((limits, words))
            rest = finder.sub(" ", rest, count=1)
    return tuple(found), rest
