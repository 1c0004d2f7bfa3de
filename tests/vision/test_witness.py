"""Findings held against one another."""

from __future__ import annotations

import pytest

from services.vision.facts import Box, DetectedObject, Face
from services.vision.imagenet import COCO_AS_IMAGENET
from services.vision.labels import Likely, worth_saying
from services.vision.objects import COCO
from services.vision.witness import doubted, supported

PERSON = DetectedObject("person", 0.9, True, Box(0.2, 0.1, 0.6, 1.0))


@pytest.mark.parametrize(
    ("confidence", "on_person", "sure"),
    [(0.55, True, True), (0.45, True, False), (0.9, False, True), (0.7, False, False), (0.5, False, None)],
)
def test_a_face_needs_a_person_or_much_certainty(confidence: float, on_person: bool, sure: bool | None) -> None:
    left = 0.35 if on_person else 0.8
    kept = supported([Face(confidence, True, Box(left, 0.15, left + 0.1, 0.3))], [PERSON])
    assert [face.sure for face in kept] == ([] if sure is None else [sure])


def test_what_is_seen_in_a_drawing_is_possible_at_best() -> None:
    weak = DetectedObject("cat", 0.4, False, PERSON.box)
    (left,) = doubted([PERSON, weak])
    assert (left.name, left.sure) == ("person", False)
    assert left.confidence < PERSON.confidence


def test_every_name_that_is_checked_is_one_the_detectors_give() -> None:
    assert set(COCO_AS_IMAGENET) <= set(COCO)


LIKELY = Likely(
    {"rock beauty": 0.5, "goldfish": 0.2, "lemon": 0.1}, {"fish": 0.7}, {"rock beauty": "fish", "goldfish": "fish"}
)


def test_kinds_are_said_where_the_member_is_not_sure() -> None:
    assert [(label.name, label.confidence, label.sure) for label in worth_saying(LIKELY, from_life=True)] == [
        ("fish", 0.7, True)
    ]
    assert worth_saying(LIKELY, from_life=False) == ()


def test_support_counts_a_kind_once() -> None:
    assert LIKELY.of(frozenset(("fish",))) == pytest.approx(0.7)
    assert LIKELY.of(frozenset(("fish", "rock beauty", "lemon"))) == pytest.approx(0.8)
    assert LIKELY.against(frozenset(("fish",))) == pytest.approx(0.1)
    assert LIKELY.against(frozenset(("lemon",))) == pytest.approx(0.7)
