"""Hindi and Marathi wishes word by word into the English that the grammar reads.

The grammar hardly looks at the order of words, so a wish such as "तस्वीर को 90 डिग्री दाईं ओर घुमाओ" needs no more than
its words: "picture 90 degrees right rotate". A word without a row stays as it is, and its clause is not understood.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from functools import cache
from pathlib import Path

from services.answers.text_folding import fold, pattern

_LETTER = re.compile("[\u0900-\u097f]")
_FILE = Path(__file__).parent / "data" / "devanagari.tsv"
# Said after the verb there, before it in English.
_NOT = re.compile(r"(?P<joint>^|\b(?:and|then|but) |[,.;] )(?P<what>(?:(?!\b(?:and|then|but)\b)[^,.;!?])*?) do not\b")
_DANDA = re.compile("[\u0964\u0965]")
_DIGIT = re.compile("[\u0966-\u096f]")


def in_english(text: str) -> str:
    """A wish with its Hindi and Marathi words put into English; one without a letter of theirs as it is."""
    if not _LETTER.search(text):
        return text
    text = _DIGIT.sub(lambda match: str(unicodedata.digit(match[0])), _DANDA.sub(". ", text))
    lines = []
    for line in text.split("\n"):
        said = fold(line)
        for words, english in _words():
            said = words.sub(f" {english} ", said)
        said = re.sub(r" +(?=[.,;!?])", "", re.sub(r" {2,}", " ", said)).strip()
        lines.append(_NOT.sub(r"\g<joint>do not \g<what>", said))
    return "\n".join(lines)


@cache
def _words() -> tuple[tuple[re.Pattern[str], str], ...]:
    with _FILE.open(encoding="utf-8", newline="") as lines:
        rows = csv.reader((line for line in lines if not line.startswith("#")), delimiter="\t", quoting=csv.QUOTE_NONE)
        next(rows)
        return tuple((pattern(source), english) for source, english in rows)
