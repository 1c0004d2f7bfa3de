"""Whether what an English recogniser wrote is likely to have been English."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

_WORD = re.compile(r"[a-z]+")

PLAUSIBLE = 0.6
"""Share of common words from which a transcript is taken for English. Of 16 English questions in a synthetic voice 13
reach it and the other three were misheard; of 15 Hindi and Marathi ones none does (the highest share is 0.57)."""


def reads_like_english(text: str) -> bool:
    """Whether a transcript is likely what was said. A single word is believed: there is too little to judge it by."""
    return len(_WORD.findall(text.lower())) == 1 or common_share(text) >= PLAUSIBLE


def common_share(text: str) -> float:
    """Share of the words that are common in questions about what is to be seen; 0 for none.

    Pronouns like "you" and "me" are not among them: a recogniser makes them of any language's sounds.
    """
    words = _WORD.findall(text.lower().replace("'", ""))
    return sum(word in _common() for word in words) / len(words) if words else 0.0


@cache
def _common() -> frozenset[str]:
    return frozenset((Path(__file__).parent / "data" / "common.en.txt").read_text(encoding="utf-8").split())
