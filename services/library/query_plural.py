"""Whether the name of a thing is said in the plural."""

from __future__ import annotations

from functools import cache

from services.answers import inflection
from services.answers.nouns import nouns
from services.answers.text_folding import fold

_IRREGULAR = frozenset("people men women children mice geese wolves knives leaves cattle crowd".split())
_SAME = frozenset("sheep fish".split())
"""Of one or many."""
_ENDINGS = ("ों", "ें", "यां", "एं", "ां", "ीं", "्या", "े")


def is_plural(word: str) -> bool:
    """Whether a folded name is a plural, in English, Hindi or Marathi."""
    if inflection.is_devanagari(word[-1:]):
        return any(each in _many() or each.endswith(_ENDINGS) for each in (word, *inflection.bases(word)))
    return word in _IRREGULAR or word in _SAME or (word.endswith("s") and word not in _one())


@cache
def _one() -> frozenset[str]:
    return frozenset(fold(forms.one) for forms in nouns("en").values())


@cache
def _many() -> frozenset[str]:
    return frozenset(
        fold(word)
        for language in ("hi", "mr")
        for forms in nouns(language).values()
        for word in (forms.many, forms.oblique_many)
        if word != forms.one
    )
