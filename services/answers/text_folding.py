"""Bring a question to one spelling before it is matched."""

from __future__ import annotations

import re
import unicodedata

LETTER = r"[\w\u0900-\u097f]"  # Python's \w leaves out Devanagari vowel signs
_EDGE = rf"(?:(?<!{LETTER})(?={LETTER})|(?<={LETTER})(?!{LETTER}))"
_DROPPED = re.compile("[\u0300-\u036f\u093c\u200b-\u200d\ufeff]")  # accents, nukta, zero-width signs

_HYPHEN = re.compile("(?<=[\u0900-\u097f])-(?=[\u0900-\u097f])")  # क्या-क्या is two words


def fold(text: str) -> str:
    """Lower case; without accents, nukta and zero-width signs; chandrabindu as anusvara; single spaces."""
    plain = _DROPPED.sub("", unicodedata.normalize("NFD", text.lower()))
    plain = plain.replace("\u0901", "\u0902").replace("’", "'").replace("‘", "'").replace("“", '"').replace("”", '"')
    plain = _HYPHEN.sub(" ", unicodedata.normalize("NFC", plain))
    return " ".join(plain.split())


def pattern(source: str) -> re.Pattern[str]:
    """Compile a folded pattern whose `\\b` and `\\w` know Devanagari."""
    inside = LETTER[1:-1]
    letters = re.sub(r"(\[?)\\w", lambda found: "[" + inside if found[1] else LETTER, fold_pattern(source))
    return re.compile(letters.replace(r"\b", _EDGE))


def fold_pattern(source: str) -> str:
    plain = unicodedata.normalize("NFD", source)
    return unicodedata.normalize("NFC", _DROPPED.sub("", plain).replace("\u0901", "\u0902"))
