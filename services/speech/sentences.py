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


def sentences(pieces: Iterable[str]) -> Iterator[str]:
    """Whole sentences out of pieces of text, each as soon as it is known to have ended.

    Sentences end at `.`, `!`, `?`, `…`, `।` and `॥`, at an empty line and before a list item; not inside numbers
    (3.5), after abbreviations and initials (Dr., e.g., A.), or in a list item's number. One that is shorter than a
    breath is joined to the next; one that does not end within `LONGEST` characters is cut. What cannot be spoken is
    left out. Joined with spaces they are the text, but for white space.

    Args:
        pieces: of the text, in order, cut anywhere.
    """
    pending = ""
    for piece in pieces:
        pending = (pending + piece).lstrip()
        while (end := _end_of_sentence(pending)) is not None:
            sentence, pending = pending[:end].strip(), pending[end:].lstrip()
            if is_speakable(sentence):
                yield sentence
    while len(pending) > LONGEST:
        cut = _cut(pending)
        yield pending[:cut].strip()
        pending = pending[cut:].lstrip()
    if pending.strip() and is_speakable(pending):
        yield pending.strip()


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
