"""Questions put to the facts: which objects, labels and faces speak for a thing, and how surely."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from services.answers.colours import basic
from services.answers.nouns import ANIMALS, LABEL_ONLY, OBSTACLES, VEHICLES, kinds, members
from services.answers.speaker import Named
from services.vision.facts import Box, DetectedObject, Face, Facts, Label, Part


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for one thing: objects and labels, sure and not."""

    sure: tuple[DetectedObject, ...]
    maybe: tuple[DetectedObject, ...]
    labels: tuple[Label, ...]
    labels_maybe: tuple[Label, ...]
    lacking: tuple[Part, ...]  # parts that would have been needed and are missing


def evidence(facts: Facts, concept: str, colours: tuple[str, ...] = ()) -> Evidence:
    """What in the facts counts as this concept, and of one of these basic colours if any are given."""
    names = members(concept)
    found = [thing for thing in facts.objects if thing.name in names and has_colour(thing, colours)]
    labels = [label for label in facts.labels if concept in kinds(label.name) and not colours]
    needed: tuple[Part, ...] = ("labels",) if concept in LABEL_ONLY else ("objects",)
    return Evidence(
        sure=by_size(thing for thing in found if thing.sure),
        maybe=by_size(thing for thing in found if not thing.sure),
        labels=tuple(label for label in labels if label.sure),
        labels_maybe=tuple(label for label in labels if not label.sure),
        lacking=tuple(part for part in needed if part in facts.missing),
    )


def has_colour(thing: DetectedObject, colours: tuple[str, ...], least: float = 0.2) -> bool:
    return not colours or any(basic(colour.name) in colours and colour.share >= least for colour in thing.colours)


def by_size(things: Iterable[DetectedObject]) -> tuple[DetectedObject, ...]:
    return tuple(sorted(things, key=lambda thing: thing.box.area, reverse=True))


def by_weight(things: Iterable[DetectedObject]) -> tuple[DetectedObject, ...]:
    """What matters for safety first: people, vehicles, animals, obstacles, then the rest; the larger ones first."""
    return tuple(sorted(things, key=lambda thing: (_weight(thing.name), -thing.box.area)))


def _weight(name: str) -> int:
    if name == "person":
        return 0
    return 1 if name in VEHICLES else 2 if name in ANIMALS else 3 if name in OBSTACLES else 4


def tally(things: Iterable[DetectedObject]) -> list[Named]:
    """How many of each, in the order they first come."""
    return list(Counter(thing.name for thing in things).items())


def sure_objects(facts: Facts) -> tuple[DetectedObject, ...]:
    return by_weight(thing for thing in facts.objects if thing.sure)


def maybe_objects(facts: Facts) -> tuple[DetectedObject, ...]:
    """Unsure objects of kinds that nothing sure already names."""
    known = {thing.name for thing in facts.objects if thing.sure}
    return by_weight(thing for thing in facts.objects if not thing.sure and thing.name not in known)


def sure_label(facts: Facts) -> Label | None:
    return next((label for label in facts.labels if label.sure), None)


def maybe_label(facts: Facts) -> Label | None:
    return next((label for label in facts.labels if not label.sure), None)


def sure_faces(facts: Facts) -> tuple[Face, ...]:
    return tuple(face for face in facts.faces if face.sure)


def people(facts: Facts) -> int:
    """How many people are there for certain: as bodies or as faces, whichever is more."""
    return max(sum(thing.sure and thing.name == "person" for thing in facts.objects), len(sure_faces(facts)))


def people_boxes(facts: Facts) -> tuple[Box, ...]:
    bodies = tuple(thing.box for thing in sure_objects(facts) if thing.name == "person")
    faces = tuple(face.box for face in sure_faces(facts))
    return bodies if len(bodies) >= len(faces) else faces


def named_things(facts: Facts) -> list[Named]:
    """Sure objects with their counts; people as `people` counts them."""
    counts = [(name, count) for name, count in tally(sure_objects(facts)) if name != "person"]
    number = people(facts)
    return [("person", number), *counts] if number else counts


def total(named: Iterable[Named]) -> int:
    return sum(count for _, count in named)
