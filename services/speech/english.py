"""Whether what an English recogniser wrote is likely to have been English."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

_WORD = re.compile(r"[a-z]+")

PLAUSIBLE = 0.6
"""Share of common words from which a transcript is taken for English. On synthetic voices, 76 of 84 English questions
reached it (most of the others were misheard), and 4 of 48 Hindi and Marathi ones."""


def common_share(text: str) -> float:
    """Share of the words that are common in questions about what is to be seen; 0 for none.

    Pronouns like "you" and "me" are not among them: a recogniser makes them of any language's sounds.
    """
    words = _WORD.findall(text.lower().replace("'", ""))
    return sum(word in _common() for word in words) / len(words) if words else 0.0


@cache
def _common() -> frozenset[str]:
    return frozenset((Path(__file__).parent / "data" / "common.en.txt").read_text(encoding="utf-8").split())
