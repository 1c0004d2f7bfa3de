"""The words of a passage that answer a question, exactly as they stand on the page."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from services.documents.sentences import sentences
from services.library.passage_words import Word, present, share

LONGEST: Final = 320
SHORTEST: Final = 40
"""Characters; a shorter sentence is quoted with the next."""
SPEAKS_FOR_ITSELF: Final = 0.5
"""The share of the question's words from which on a sentence is the answer whatever the others mean."""


def candidates(text: str, headings: Collection[str]) -> list[tuple[int, int]]:
    """Places of what can be quoted of a passage: its sentences, without headings."""
    found = sentences(text)
    spoken = [(start, end) for start, end in found if text[start:end] not in headings]
    return spoken or found


def best(text: str, spans: Sequence[tuple[int, int]], words: Sequence[Word], weights: Mapping[str, float]) -> list[int]:
    """Which of the places may answer: those with most of the question's words, or all where none has enough."""
    shares = [share(words, weights, present(words, text[start:end])) for start, end in spans]
    most = max(shares)
    return [place for place, each in enumerate(shares) if each == most or most < SPEAKS_FOR_ITSELF]


def fullest(
    text: str,
    spans: Sequence[tuple[int, int]],
    places: Sequence[int],
    words: Sequence[Word],
    weights: Mapping[str, float],
) -> int:
    """The first of the places with most of the question's words."""

    def agreement(place: int) -> float:
        start, end = spans[place]
        return share(words, weights, present(words, text[start:end]))

    return max(places, key=agreement)


def cut(text: str, spans: Sequence[tuple[int, int]], place: int, words: Sequence[Word]) -> tuple[int, int]:
    """Where the quotation begins and ends: the sentence, with the next where it is short, or the part of a long one
    that has the words."""
    start, end = spans[place]
    if end - start < SHORTEST and place + 1 < len(spans):
        begin, stop = spans[place + 1]
        if stop - start <= LONGEST and "\n" not in text[end:begin]:
            end = stop
    if end - start <= LONGEST:
        return start, end
    forms = present(words, text[start:end]).values()
    lowered = text[start:end].lower()
    at = min((lowered.find(form) for form in forms if form in lowered), default=0)
    begin = start if at < LONGEST // 2 else text.rfind(" ", start, start + at - LONGEST // 3) + 1
    stop = text.rfind(" ", begin, begin + LONGEST)
    return begin, min(end, stop if stop > begin else begin + LONGEST)
