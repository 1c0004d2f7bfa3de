"""Ask every labelled question and mark the answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import cast

from services.answers import answer
from services.answers.aliases import concepts
from services.answers.nouns import COCO
from services.answers.text_folding import fold
from services.content import Language
from services.vision.facts import Facts
from tests.answers.labelled.carriers import Picture, table

_HEDGED = re.compile(r"possibly|\bno\b|\bnot\b|\bnone\b|cannot|don't|\bsays\b|“")


@dataclass(frozen=True)
class Mark:
    """One question's outcome. `false` is a statement that the picture contradicts, whatever was asked."""

    picture: str
    held_out: bool
    intent: str
    question: str
    answer: str
    right: bool
    false: bool


def mark(
    pictures: Iterable[Picture], facts_of: Callable[[Picture], Facts], *, held_out: bool | None = None
) -> list[Mark]:
    """Marks of every question about these pictures; `held_out` keeps one part of the set alone."""
    marks = []
    by_name = {picture.name: picture for picture in pictures if held_out in (None, picture.held_out)}
    looked = cache(facts_of)
    for row in table("questions.tsv"):
        picture = by_name.get(row["picture"])
        if picture is None:
            continue
        said = answer(row["question"], [looked(picture)], (), cast(Language, row["language"]))
        folded = said.lower()
        accepted = re.search(row["accepted"], folded, re.IGNORECASE) is not None
        rejected = bool(row["rejected"]) and re.search(row["rejected"], folded, re.IGNORECASE) is not None
        invented = row["language"] == "en" and bool(invented_things(said, picture.present))
        marks.append(
            Mark(
                picture=picture.name,
                held_out=picture.held_out,
                intent=row["intent"],
                question=row["question"],
                answer=said,
                right=accepted and not rejected and not invented,
                false=rejected or invented,
            )
        )
    return marks


def invented_things(said: str, present: frozenset[str]) -> set[str]:
    """COCO things an English answer states flatly that are not in the picture."""
    named: set[str] = set()
    for sentence in re.split(r"(?<=[.;])\s", re.sub(r"“[^”]*”", "“”", said)):
        if not _HEDGED.search(sentence.lower()) and "cloud" not in sentence.lower():
            named |= {name for name in concepts(fold(sentence)) if name in COCO}
    return named - present


def share(marks: Iterable[Mark]) -> float:
    """Part of the questions answered rightly, 0-1."""
    outcomes = [mark.right for mark in marks]
    return sum(outcomes) / len(outcomes) if outcomes else 0.0
