"""What a query says of the shape of a picture."""

from __future__ import annotations

import re
from typing import Literal

from services.answers.text_folding import pattern
from services.library.query_filters import cut
from services.library.query_sizes import PICTURES

Orientation = Literal["portrait", "landscape", "square"]
_SHAPED = r"(?:orient(?:ed|ation)|format(?:ted)?|mode|aspect(?: ratio)?|aligned|alignment|layout|shaped?)"
_ENDS = r"(?=\s*$|\s*[,;]|\s(?:and|or|of|with|without|from|in|taken|uploaded|not|but)\b)"
_THAT_ARE = r"(?:that|which) are "


def _shape(adjectives: str, alone: str, than: str, plain: str, others: str) -> re.Pattern[str]:
    """Matches an orientation.

    Args:
        adjectives: what means it beside "orientation" or "photos".
        alone: what means it by itself.
        than: what is longer than what.
        plain: what means it after "that are".
        others: Hindi and Marathi for it, beside a word for pictures.
    """
    ways = (
        rf"\b(?:in )?(?:{adjectives})(?:ly)?[ -]{_SHAPED}\b",
        rf"\b(?:{adjectives})(?:ly)?\b(?= {PICTURES}\b)",
        rf"\b(?:taken )?(?:{alone})\b{_ENDS}",
        rf"\b(?:{_THAT_ARE})?(?:{than})\b",
        rf"\b{_THAT_ARE}{plain}\b",
        rf"\b(?:{others})\b(?= {PICTURES}\b)",
    )
    return pattern("|".join(ways))


_ORIENTATIONS: dict[Orientation, re.Pattern[str]] = {
    "portrait": _shape(
        "portrait|vertical|upright|tall",
        "vertical(?:ly)?|upright|portraits?(?! of)",
        "(?:taller|higher) than (?:they are )?wide",
        "tall",
        "खडी|खडे|उभे|उभी|उभ्या|पोर्ट्रेट",
    ),
    "landscape": _shape(
        "landscape|horizontal|wide",
        "horizontal(?:ly)?|in landscape",
        "wider than (?:they are )?(?:tall|high)",
        "wide",
        "आडी|आडे|आडवे|आडवी|आडव्या|लैंडस्केप|लँडस्केप",
    ),
    "square": pattern(rf"\bsquare(?:[ -]{_SHAPED})?\b|\b(?:चौकोनी|वर्गाकार)\b(?= {PICTURES}\b)"),
}


def orientations_wanted(rest: str) -> tuple[tuple[tuple[Orientation, bool], ...], str]:
    """Shapes of a folded query, each with whether it is wanted, and the query without them."""
    found: list[tuple[Orientation, bool]] = []
    for value, finder in _ORIENTATIONS.items():
        hit = finder.search(rest)
        if hit:
            wanted, rest = cut(rest, hit.start(), hit.end())
            found.append((value, wanted))
    return tuple(found), rest
