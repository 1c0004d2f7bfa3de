"""How likely a picture is what was meant, from what speaks for it: the numbers that were fitted, and how.

Fitted by `benchmarks/image_search_quality.py --fit`: how often objects are there (isotonic, over the pictures that are
not held out) and how nearness makes one meant (logistic, over the half of the queries that is not held out),
with the cut-offs of nearness. Of labels, faces, text, colours, settings and looks there are too few among those
pictures to fit a curve: those numbers, `WORDED`, `CERTAIN` and `EITHER` are estimates, held against the same half.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from typing import Literal

Source = Literal["object", "label", "face", "colour", "text", "title", "told", "name"]

# How often a thing is there that was measured with this confidence: (confidence, probability), straight between.
MEASURED: dict[Source, tuple[tuple[float, float], ...]] = {
    "object": ((0.3, 0.6), (0.45, 0.68), (0.65, 0.88), (0.85, 0.96), (1.0, 0.99)),
    "label": ((0.2, 0.4), (0.5, 0.75), (0.8, 0.95), (1.0, 0.98)),
    "face": ((0.3, 0.5), (0.6, 0.9), (1.0, 0.99)),
    "text": ((0.5, 0.7), (0.8, 0.92), (1.0, 0.98)),
    "colour": ((0.15, 0.75), (0.3, 0.9), (0.6, 0.98)),
}
WORDED: dict[Source, float] = {"title": 0.95, "told": 0.75, "name": 0.8}
"""How often a thing is there that words name."""
CERTAIN = 0.98
"""Of what is measured or written down and not guessed: a date, a type, a size."""
SETTING = 0.85
LOOKS = 0.92
"""Of where the scene is, and of what else the picture as a whole was judged to be."""

EITHER = 0.7
"""How often who names two things in the plural means pictures of either, where none has both: an estimate."""

NEAR = 0.26
"""Cosine, after centring, from which on a meaning is near enough to be found by alone."""
NEAR_BESIDE = 0.22
"""The same where something else that was asked for is there for certain."""
NEXT_TO_BEST = 0.6
"""Share of the nearest picture's cosine that the others need: beside one that says it, what is akin is nothing."""
BESIDE_NAMED = 0.85
"""The same where a picture has every word: who names it wants that."""
LEAST_SHARE = 0.5
"""Share of the words, weighed by their rarity, that have to be more than there to be found by alone."""
_START, _MEANING_SLOPE = 0.52, 0.82
_ALL_WORDS = 0.9
"""How often a picture is meant that has all the words, whatever its meaning."""


def of_measured(source: Source, confidence: float) -> float:
    """The probability that a measured thing is there."""
    table = MEASURED[source]
    if confidence <= table[0][0]:
        return table[0][1]
    for (low, low_p), (high, high_p) in itertools.pairwise(table):
        if confidence <= high:
            return low_p + (high_p - low_p) * (confidence - low) / (high - low)
    return table[-1][1]


def of_words(share: float, nearness: float | None) -> float:
    """The probability that a picture is meant, from the share of the words it has and the nearness of its meaning.

    Args:
        share: 0-1, weighed by rarity.
        nearness: centred cosine; None where none could be had.
    """
    by_words = _ALL_WORDS * share
    if nearness is None:
        return by_words
    return max(by_words, 1 / (1 + math.exp(-(_START + _MEANING_SLOPE * nearness))))


def together(parts: Iterable[float]) -> float:
    """The probability that all hold. They are not independent: what makes one hold makes the others more likely, so
    the least of them decides, and the others take a little away."""
    ordered = sorted(parts)
    if not ordered:
        return CERTAIN
    rest = math.prod(ordered[1:])
    return ordered[0] * rest**0.5
