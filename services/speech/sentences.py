"""Cut a text that is still being written into sentences, so that the first can be spoken meanwhile."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from services.speech.speakable import is_speakable

LONGEST = 300
"""Characters after which a sentence that does not end is cut at its last comma or space."""

_SHORTEST = 12  # characters: "Yes." waits for what follows rather than being a clip of its own

# A mark that ends a sentence, with its closing quotes, once something other than it follows.
_END = re.compile(r"[.!?…]+[\"'”’)\]]*(?=\s)|[।॥]+[\"'”’)\]]*(?=[^।॥\"'”’)\]])|\n\s*\n|\n(?=\s*(?:[-*•]|\d+[.)])\s)")

_ABBREVIATIONS = frozenset(
    {
        "mr",
        "mrs",
        "ms",
        "dr",
        "prof",
        "st",
        "no",
        "vs",
        "etc",
        "e.g",
        "i.e",
        "approx",
        "fig",
        "डॉ",
        "श्री",
        "प्रा",
        "कु",
        "रु",
    }
)
_LAST_WORD = re.compile(r"(\S+)[.]$")
_SOFT = re.compile(r"[,;:،]\s|\s[–—-]\s")


class Splitter:
    """Takes a text piece by piece and gives out each sentence as soon as it is known to have ended.

    Sentences end at `.`, `!`, `?`, `…`, `।` and `॥`, at an empty line and before a list item; not inside numbers
    (3.5), after abbreviations and initials (Dr., e.g., A.), or in a list item's number. One that is shorter than a
    breath is joined to the next; one that does not end within `LONGEST` characters is cut. What cannot be spoken is
    left out. Joined with spaces they are the text, but for white space.
    """

    def __init__(self) -> None:
        self._pending = ""

    def feed(self, piece: str) -> list[str]:
        """The sentences that this piece, cut anywhere, has ended."""
        ended = []
        self._pending = (self._pending + piece).lstrip()
        while (end := _end_of_sentence(self._pending)) is not None:
            ended.append(self._take(end))
        return [sentence for sentence in ended if is_speakable(sentence)]

    def finish(self) -> list[str]:
        """What is left when no more pieces come."""
        ended = []
        while len(self._pending) > LONGEST:
            ended.append(self._take(_cut(self._pending)))
        ended.append(self._take(len(self._pending)))
        return [sentence for sentence in ended if is_speakable(sentence)]

    def _take(self, end: int) -> str:
        sentence, self._pending = self._pending[:end].strip(), self._pending[end:].lstrip()
        return sentence


def sentences(pieces: Iterable[str]) -> Iterator[str]:
    """The sentences of a text that comes in pieces, as `Splitter` cuts it."""
    splitter = Splitter()
    for piece in pieces:
        yield from splitter.feed(piece)
    yield from splitter.finish()


def _end_of_sentence(text: str) -> int | None:
    for match in _END.finditer(text):
        before = text[: match.end()]
        if len(before.strip()) < _SHORTEST or _goes_on(before):
            continue
        return match.end() if match.end() <= LONGEST else _cut(text)
    return _cut(text) if len(text) > LONGEST else None


def _goes_on(sentence: str) -> bool:
    last = _LAST_WORD.search(sentence)
    if last is None:
        return False
    word = last.group(1).lstrip("(\"'“‘[").lower()
    is_initial = len(word) == 1 and word.isalpha() and word not in {"i", "a"}
    return word in _ABBREVIATIONS or is_initial or (word.isdigit() and "\n" in sentence[-len(word) - 2 :])


def _cut(text: str) -> int:
    head = text[:LONGEST]
    soft = [match.end() for match in _SOFT.finditer(head)]
    if soft and soft[-1] > LONGEST // 3:
        return soft[-1]
    space = head.rfind(" ")
    return space + 1 if space > 0 else LONGEST
