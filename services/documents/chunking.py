"""Pages cut into passages of a size that one thought has."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from services.documents.base import Heading
from services.documents.sentences import sentences

ENOUGH: Final = 120
"""Words from which a passage ends with its paragraph."""
MOST: Final = 200
LONGEST: Final = 2_000
"""Characters, for scripts that put no spaces between words."""
SECTION: Final = 12
"""Words from which a passage ends before the next heading; fewer are a heading over a heading."""
REST: Final = 40
"""Words below which the last of a section joins the passage before."""

_WORD = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class Chunk:
    """A passage: `text` is characters `start` to `end` of its page's text; `heading` is the one it stands under."""

    start: int
    end: int
    heading: str
    text: str


@dataclass(slots=True)
class _Span:
    start: int
    end: int
    words: int


def chunks(text: str, headings: Sequence[Heading] = (), carried: str = "") -> list[Chunk]:
    """The passages of a page, in order, whole sentences each; together they hold every word of it.

    Args:
        carried: the heading that the page begins under, from a page before it.
    """
    spans = _joined(text, headings)
    made = []
    for span in spans:
        heading = _heading(headings, span) or carried
        made.append(Chunk(span.start, span.end, heading, text[span.start : span.end]))
    return made


def _joined(text: str, headings: Sequence[Heading]) -> list[_Span]:
    begins = {heading.start for heading in headings}
    pieces = [piece for start, end in sentences(text) for piece in _pieces(text, start, end)]
    spans: list[_Span] = []
    for before, piece in pairwise([None, *pieces]):
        assert piece is not None  # noqa: S101 - only the first is none
        if before is None or _ends(spans[-1], piece, text[before.end : piece.start], at_heading=piece.start in begins):
            spans.append(_Span(piece.start, piece.end, piece.words))
        else:
            spans[-1].end = piece.end
            spans[-1].words += piece.words
    return _without_rests(spans, begins)


def _without_rests(spans: list[_Span], begins: Collection[int]) -> list[_Span]:
    kept: list[_Span] = []
    for span in spans:
        if kept and span.words < REST and span.start not in begins and span.end - kept[-1].start <= LONGEST:
            kept[-1].end = span.end
            kept[-1].words += span.words
        else:
            kept.append(span)
    return kept


def _ends(span: _Span, piece: _Span, between: str, *, at_heading: bool) -> bool:
    if span.words + piece.words > MOST or piece.end - span.start > LONGEST:
        return True
    if at_heading:
        return span.words >= SECTION
    return span.words >= ENOUGH and "\n\n" in between


def _pieces(text: str, start: int, end: int) -> Iterator[_Span]:
    """A sentence, cut between words where it is longer than a passage may be."""
    words = list(_WORD.finditer(text, start, end))
    begin, count = start, 0
    last = start
    for word in words:
        if count and (count >= MOST or word.end() - begin > LONGEST):
            yield _Span(begin, last, count)
            begin, count = word.start(), 0
        while word.end() - begin > LONGEST:
            yield _Span(begin, begin + LONGEST, 1)
            begin += LONGEST
        last = word.end()
        count += 1
    if end > begin:
        yield _Span(begin, end, count)


def _heading(headings: Sequence[Heading], span: _Span) -> str:
    """The last heading before the passage or at its beginning."""
    found = ""
    for heading in headings:
        if heading.start <= span.start:
            found = heading.text
    return found
