"""Findings held against one another: an object against the classifier, a face against the people found.

The detectors know 80 names and give one of them to whatever looks most like it: a fish is a "bird", coins are "clocks".
The classifier knows 1000 and, shown the object alone, often knows better.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from services.vision.decode import Pixels, cut
from services.vision.faces import SURE as FACE_SURE
from services.vision.facts import Box, DetectedObject, Face
from services.vision.imagenet import COCO_AS_IMAGENET
from services.vision.labels import Labeller
from services.vision.objects import POSSIBLE, SURE

_MOST_GLANCES: Final = 10
_PER_KIND: Final = 3
_SMALLEST: Final = 16  # pixels a side; less cannot be classified
# names the detectors give to whatever is round or oblong, and that the classifier knows well
_LOOKALIKES: Final = frozenset(("clock", "umbrella", "remote", "donut"))


@dataclass(frozen=True, slots=True)
class _Word:
    """What the classifier's word does to a certainty: times the factor, and never above the cap."""

    factor: float
    cap: float = 0.99


_UNSURE: Final = _Word(0.6, cap=SURE - 0.01)


def checked(objects: Sequence[DetectedObject], pixels: Pixels, labeller: Labeller) -> tuple[DetectedObject, ...]:
    """The objects the classifier does not speak against, with their certainty brought in line.

    At most three of a kind and ten in all are shown to it, the biggest first; of others of the kind the least
    favourable of those words holds.
    """
    words: dict[str, list[_Word]] = {}
    glances = 0
    kept = []
    for thing in sorted(objects, key=lambda each: -each.box.area):
        said = words.setdefault(thing.name, [])
        word = min(said, key=lambda each: each.factor) if said else _Word(1.0)
        if _can_be_checked(thing.name) and len(said) < _PER_KIND and glances < _MOST_GLANCES:
            glances += 1
            word = _word(thing.name, _alone(pixels, thing.box), labeller)
            said.append(word)
        confidence = round(min(word.cap, thing.confidence * word.factor), 3)
        if confidence >= POSSIBLE:
            kept.append(replace(thing, confidence=confidence, sure=confidence >= SURE))
    return tuple(sorted(kept, key=lambda thing: -thing.confidence))


def doubted(objects: Sequence[DetectedObject]) -> tuple[DetectedObject, ...]:
    """The objects of a picture that is not from life, possible at best: the detectors have seen photographs alone."""
    weighed = (replace(thing, confidence=round(thing.confidence * 0.75, 3), sure=False) for thing in objects)
    return tuple(thing for thing in weighed if thing.confidence >= POSSIBLE)


def _can_be_checked(name: str) -> bool:
    return name == "person" or name in COCO_AS_IMAGENET


def _word(name: str, piece: Pixels, labeller: Labeller) -> _Word:
    if min(piece.shape[:2]) < _SMALLEST:
        return _UNSURE if name in _LOOKALIKES else _Word(1.0)
    likely = labeller.glance(piece)
    if name == "person":  # ImageNet has no people; but what it knows for an animal is none
        return _Word(0.5) if likely.animal > 0.6 else _Word(1.0)
    wanted = COCO_AS_IMAGENET[name]
    support, against = likely.of(wanted), likely.against(wanted)
    if support >= 0.3 or support > against:
        return _Word(1.15)
    if support >= 0.08:
        return _Word(1.0, cap=SURE - 0.01)
    if name in _LOOKALIKES or against >= 0.5:
        return _Word(0.33)
    return _Word(0.5) if against >= 0.25 else _UNSURE


def _alone(pixels: Pixels, box: Box) -> Pixels:
    """The object with a tenth of room about it."""
    wide, high = (box.right - box.left) / 10, (box.bottom - box.top) / 10
    return cut(
        pixels,
        max(0.0, box.left - wide),
        max(0.0, box.top - high),
        min(1.0, box.right + wide),
        min(1.0, box.bottom + high),
    )


def supported(faces: Sequence[Face], objects: Sequence[DetectedObject]) -> tuple[Face, ...]:
    """Faces on a person that was found are surer, faces where no person was found are less sure or left out."""
    people = [thing.box for thing in objects if thing.name == "person"]
    kept = []
    for face in faces:
        x, y = face.box.centre
        on_person = any(box.left <= x <= box.right and box.top <= y <= box.bottom for box in people)
        if on_person or face.confidence >= 0.65:
            kept.append(replace(face, sure=face.confidence >= (0.5 if on_person else max(FACE_SURE, 0.8))))
    return tuple(kept)
