"""The words people use for the things we know, in three languages and in Roman script: `data/aliases.tsv`."""

from __future__ import annotations

import re
from functools import cache

from services.answers.nouns import nouns, rows
from services.answers.text_folding import fold, pattern


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
    return table


@cache
def _finder() -> re.Pattern[str]:
    words = sorted(_table(), key=len, reverse=True)
    # Marathi joins its postpositions to the noun: कुत्र्याचा, गाडीला.
    endings = "(?:चा|ची|चे|च्या|ला|ना|त|ने|वर|मध्ये|जवळ|खाली|पासून|समोर|मागे|पेक्षा|बद्दल|विषयी|शेजारी|बरोबर|सोबत|कडे)?"
    return pattern(rf"\b({'|'.join(re.escape(word) for word in words)}){endings}\b")


def concepts(text: str) -> tuple[str, ...]:
    """The things named in a folded text, in its order, each once."""
    found = (_table()[match.group(1)] for match in _finder().finditer(text))
    return tuple(dict.fromkeys(found))


def spans(text: str) -> tuple[tuple[int, int, str], ...]:
    """As `concepts`, with where each word stands; a thing named twice comes twice."""
    return tuple((match.start(), match.end(), _table()[match.group(1)]) for match in _finder().finditer(text))
