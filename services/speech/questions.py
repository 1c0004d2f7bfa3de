"""What people ask of a picture in Hindi and Marathi: a weak recogniser can be held against it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from services.content import Language

_DATA = Path(__file__).parent / "data"
_FORMS: Mapping[Language, tuple[str, ...]] = {
    "en": (),
    "hi": ("{} कहाँ है", "क्या यहाँ {} है", "क्या सामने कोई {} है"),
    "mr": ("{} कुठे आहे", "इथे {} आहे का", "समोर {} आहे का"),
}


@cache
def questions(language: Language) -> tuple[str, ...]:
    """Those written down whole, and those about each thing people look for; none for English, which is heard well."""
    forms = _FORMS[language]
    if not forms:
        return ()
    return (
        *_lines(f"questions.{language}.txt"),
        *(form.format(thing) for thing in _lines(f"things.{language}.txt") for form in forms),
    )


def _lines(name: str) -> list[str]:
    return (_DATA / name).read_text(encoding="utf-8").split("\n")[:-1]
