"""Sentences said to people in their language: `data/sentences.tsv`, a line a sentence, a column a language."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import Any

from services.content import Language

DATA = Path(__file__).parent / "data"


def rows(table: str) -> list[dict[str, str]]:
    """The lines of a table in `data/`, by the names in its first."""
    with (DATA / table).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


@cache
def _sentences() -> dict[str, dict[str, str]]:
    return {row["name"]: row for row in rows("sentences.tsv")}


def say(name: str, language: Language, /, **values: Any) -> str:
    """A sentence by its name, its places filled.

    Raises:
        KeyError: there is no such sentence, or a place without a value.
    """
    return _sentences()[name][language].format(**values)


def counted(name: str, language: Language, count: int, /, **values: Any) -> str:
    """A sentence that has one form for one thing (`name_one`) and one for several (`name_many`)."""
    return say(f"{name}_{'one' if count == 1 else 'many'}", language, n=count, **values)


def joined(items: list[str], language: Language) -> str:
    """Several things as people list them."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {say('and', language)} {items[-1]}"
