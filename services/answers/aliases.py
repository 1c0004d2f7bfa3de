"""The words people use for the things we know, in three languages and in Roman script: `data/aliases.tsv`.

Hindi and Marathi words are known in every form the rules of `inflection.py` make of them, and with endings joined.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from services.answers import inflection
from services.answers.nouns import nouns, rows
from services.answers.text_folding import LETTER, fold

_WORDS = re.compile(rf"{LETTER}+")
_TWO_MEANINGS = frozenset(("नाव", "बस", "मगर", "पाल", "कप"))
"""Whose Marathi forms are far more often those of another word: नावाचे is "named"."""


@cache
def _table() -> dict[str, str]:
    table: dict[str, str] = {}
    for language in ("en", "hi", "mr"):
        for name, forms in nouns(language).items():
            for word in (forms.one, forms.many, forms.oblique_one, forms.oblique_many):
                table.setdefault(fold(word), name)
    for row in rows("aliases.tsv"):
        table.setdefault(row["name"], row["name"])
        for word in row["words"].split():
            table[fold(word.replace("_", " "))] = row["name"]
    # "orange" alone is far more often the colour.
    table.pop("orange", None)
    table["computer mouse"] = "mouse"
    for word, name in list(table.items()):
        if inflection.is_devanagari(word) and len(word) > 2:
            for form in inflection.hindi(word):
                table.setdefault(form, name)
    return table


@cache
def _stems() -> dict[str, str]:
    """Marathi forms that stand with an ending alone."""
    table: dict[str, str] = {}
    for word, name in _table().items():
        if inflection.is_devanagari(word) and word not in _TWO_MEANINGS:
            for form in inflection.marathi(word):
                table.setdefault(form, name)
    return table


@cache
def _longest() -> int:
    """Words of the longest name."""
    return max(word.count(" ") for word in _table()) + 1


def concepts(text: str) -> tuple[str, ...]:
    """The things named in a folded text, in its order, each once."""
    return tuple(dict.fromkeys(concept for _start, _end, concept in spans(text)))


def spans(text: str) -> tuple[tuple[int, int, str], ...]:
    """As `concepts`, with where each word stands; a thing named twice comes twice."""
    return tuple(_spans(text))


def _spans(text: str) -> Iterator[tuple[int, int, str]]:
    words = list(_WORDS.finditer(text))
    place = 0
    while place < len(words):
        for last in range(min(place + _longest(), len(words)) - 1, place - 1, -1):
            start, end = words[place].start(), words[last].end()
            concept = _named(text[start:end])
            if concept is not None:
                yield start, end, concept
                place = last
                break
        place += 1


def _named(words: str) -> str | None:
    """What a name stands for, with or without an ending at its end."""
    name = _table().get(words)
    if name is not None or not inflection.is_devanagari(words[-1:]):
        return name
    before, _, last = words.rpartition(" ")
    for base in inflection.bases(last):
        form = f"{before} {base}".lstrip()
        name = _table().get(form) or _stems().get(form)
        if name is not None:
            return name
    return None
