"""Where sentences begin and end in a text, in English, Hindi and Marathi, by their places in it."""

from __future__ import annotations

import re
from typing import Final

_END: Final = re.compile(r"[.!?…]+[\"'”’)\]]*(?=\s)|[।॥]+[\"'”’)\]]*|\n")
_LAST_WORD: Final = re.compile(r"(\S+)\.$")
_ABBREVIATIONS: Final = frozenset(
    (
        "mr mrs ms dr prof st no vs etc e.g i.e approx fig figs al cf ca vol pp p ed eds sec ch inc ltd co jr sr "
        "डॉ श्री प्रा कु रु"
    ).split()
)


def sentences(text: str) -> list[tuple[int, int]]:
    """`(start, end)` of every sentence, without the white space around it; a line's end ends one as well."""
    found: list[tuple[int, int]] = []
    begin = 0
    for match in _END.finditer(text):
        if match[0] != "\n" and _goes_on(text, begin, match.end()):
            continue
        _add(found, text, begin, match.end())
        begin = match.end()
    _add(found, text, begin, len(text))
    return found


def _add(found: list[tuple[int, int]], text: str, begin: int, end: int) -> None:
    while begin < end and text[begin].isspace():
        begin += 1
    while end > begin and text[end - 1].isspace():
        end -= 1
    if end > begin:
        found.append((begin, end))


def _goes_on(text: str, begin: int, end: int) -> bool:
    """Whether the full stop is an abbreviation's, an initial's or a numbered item's."""
    last = _LAST_WORD.search(text[max(begin, end - 24) : end])
    if last is None:
        return False
    given = last[1].lstrip("(\"'“‘[")
    word = given.lower()
    initial = len(given) == 1 and given.isupper() and given != "I"
    numbered = word.isdigit() and not text[begin : end - len(word) - 1].strip()
    return word in _ABBREVIATIONS or initial or numbered
