"""What people ask, as data: for each kind of question the phrasings that ask it, in `data/questions.tsv`.

Rows are tried from the top; the first that matches decides, so the narrower kinds stand first. A pattern is searched in
the folded question (see `text_folding.fold`) in every language, since people mix them. `data/topics.tsv` holds in the
same way what cannot be told from pixels alone, `data/marks.tsv` smaller signs: joints between questions, pronouns,
sides, words in a thing's place.
"""

from __future__ import annotations

import re
from functools import cache

from services.answers.nouns import rows
from services.answers.text_folding import pattern

Rows = tuple[tuple[str, re.Pattern[str]], ...]


@cache
def kinds() -> Rows:
    """Kinds of questions with their patterns, in the order they are to be tried."""
    return _compiled("questions.tsv", "kind")


@cache
def topics() -> Rows:
    """What cannot be told, with the patterns that ask for it."""
    return _compiled("topics.tsv", "topic")


@cache
def mark(name: str) -> re.Pattern[str]:
    """One of the smaller signs, by its name in `data/marks.tsv`."""
    return pattern("|".join(row["pattern"] for row in rows("marks.tsv") if row["mark"] == name))


def spelled(text: str) -> str:
    """A folded text with common misspellings and abbreviations put right, from `data/spellings.tsv`."""
    meant = _spellings()
    return _WORD.sub(lambda word: meant.get(word[0], word[0]), text)


_WORD = re.compile(r"[a-z']+")


@cache
def _spellings() -> dict[str, str]:
    return {row["written"]: row["meant"] for row in rows("spellings.tsv")}


def _compiled(file: str, column: str) -> Rows:
    return tuple((row[column], pattern(row["pattern"])) for row in rows(file))
