"""Names of things in three languages, with what grammar needs of them: number, oblique form and gender.

The tables are `data/nouns.tsv` and `data/labels.tsv`. The first eighty nouns are the names of COCO, the rest broader
terms people ask with. Hindi and Marathi have the form taken before a postposition (Hindi oblique; Marathi सामान्यरूप,
to which endings such as -चा are joined). `labels.tsv` says what each ImageNet label is a kind of.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, cast

from services.content import Language

Gender = Literal["m", "f", "n"]
DATA = Path(__file__).with_name("data")


@dataclass(frozen=True, slots=True)
class Forms:
    """One noun in one language; for English the oblique forms are the plain ones and the gender is "n"."""

    one: str
    many: str
    oblique_one: str
    oblique_many: str
    gender: Gender


def rows(name: str) -> list[dict[str, str]]:
    """Rows of one of the tables in `data`."""
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


@cache
def nouns(language: Language) -> dict[str, Forms]:
    """Forms of every noun we know, by its English name."""
    table: dict[str, Forms] = {}
    for row in rows("nouns.tsv"):
        one, many = row[f"{language} one"], row[f"{language} many"]
        if language == "en":
            table[row["name"]] = Forms(one, many, one, many, "n")
        else:
            gender = cast(Gender, row[f"{language} gender"])
            table[row["name"]] = Forms(
                one, many, row[f"{language} oblique one"], row[f"{language} oblique many"], gender
            )
    return table


@cache
def kinds(label: str) -> tuple[str, ...]:
    """What an ImageNet label is a kind of, as noun names, the narrowest first: "samoyed" is a dog and an animal."""
    return _label_table().get(label.lower(), ())


@cache
def _label_table() -> dict[str, tuple[str, ...]]:
    return {
        row["label"].lower(): tuple(kind for kind in row["is a kind of"].split(", ") if kind)
        for row in rows("labels.tsv")
    }


COCO: tuple[str, ...] = tuple(nouns("en"))[:80]


def _span(first: str, last: str) -> frozenset[str]:
    return frozenset(COCO[COCO.index(first) : COCO.index(last) + 1])


ANIMALS = _span("bird", "giraffe")
VEHICLES = _span("bicycle", "boat")
FURNITURE = frozenset({"chair", "couch", "bed", "dining table", "bench"})
OBSTACLES = VEHICLES | FURNITURE | {"fire hydrant", "parking meter", "stop sign", "potted plant", "suitcase"}

GROUPS: dict[str, frozenset[str]] = {
    "animal": ANIMALS,
    "pet": frozenset({"dog", "cat"}),
    "vehicle": VEHICLES,
    "fruit": frozenset({"banana", "apple", "orange"}),
    "food": _span("banana", "cake"),
    "furniture": FURNITURE,
    "bag": frozenset({"backpack", "handbag", "suitcase"}),
    "device": frozenset({"tv", "laptop", "mouse", "remote", "keyboard", "cell phone"}),
    "dish": _span("bottle", "bowl"),
    "thing": frozenset(COCO) - {"person"},
}
LABEL_ONLY = frozenset(nouns("en")) - frozenset(COCO) - GROUPS.keys() - {"face"}


def members(concept: str) -> frozenset[str]:
    """The COCO names that count as this concept: a group's members, or the name itself."""
    return GROUPS.get(concept, frozenset({concept}))
