"""Findings held against one another: an object against the classifier, a face against the people found.

The detectors know 80 names and give one of them to whatever looks most like it: a fish is a "bird", coins are "clocks".
The classifier knows 1000 and, shown the object alone, often knows better.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from services.vision.decode import Pixels, cut
from services.vision.faces import SURE as FACE_SURE
from services.vision.facts import Box, DetectedObject, Face
from services.vision.imagenet import COCO_AS_IMAGENET
from services.vision.labels import Labeller, Likely
from services.vision.objects import POSSIBLE, SURE

_MOST_GLANCES: Final = 10
_PER_KIND: Final = 3
_SMALLEST: Final = 20  # pixels a side; less cannot be classified


def checked(objects: Sequence[DetectedObject], pixels: Pixels, labeller: Labeller) -> tuple[DetectedObject, ...]:
    """The objects the classifier does not speak against, with their certainty brought in line.

    At most three of a kind and ten in all are shown to it; others of the kind share those's mean.
    """
    factors: dict[str, list[float]] = {}
    glances = 0
    weighed: list[tuple[DetectedObject, float | None]] = []
    for thing in sorted(objects, key=lambda each: -each.box.area):
        factor = None
        own = factors.setdefault(thing.name, [])
        if glances < _MOST_GLANCES and len(own) < _PER_KIND:
            piece = _alone(pixels, thing.box)
            if min(piece.shape[:2]) >= _SMALLEST and _can_be_checked(thing.name):
                glances += 1
                factor = _factor(thing.name, labeller.glance(piece))
                own.append(factor)
        weighed.append((thing, factor))
    kept = []
    for thing, factor in weighed:
        shared = factors[thing.name]
        change = factor if factor is not None else sum(shared) / len(shared) if shared else 1.0
        confidence = round(min(0.99, thing.confidence * change), 3)
        if confidence >= POSSIBLE:
            kept.append(replace(thing, confidence=confidence, sure=confidence >= SURE))
    return tuple(sorted(kept, key=lambda thing: -thing.confidence))


def doubted(objects: Sequence[DetectedObject]) -> tuple[DetectedObject, ...]:
    """The objects of a picture that is not from life: the detectors have seen photographs alone."""
    weighed = (replace(thing, confidence=round(thing.confidence * 0.75, 3)) for thing in objects)
    return tuple(replace(thing, sure=thing.confidence >= SURE) for thing in weighed if thing.confidence >= POSSIBLE)


def _can_be_checked(name: str) -> bool:
    return name == "person" or name in COCO_AS_IMAGENET


def _factor(name: str, likely: Likely) -> float:
    if name == "person":  # ImageNet has no people; but what it knows for an animal is none
        return 0.5 if likely.animal > 0.6 else 1.0
    wanted = COCO_AS_IMAGENET[name]
    support, against = likely.of(wanted), likely.against(wanted)
    if support >= 0.3 or support > against:
        return 1.15
    if support >= 0.08:
        return 1.0
    return 0.35 if against >= 0.5 else 0.5 if against >= 0.25 else 0.6


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
