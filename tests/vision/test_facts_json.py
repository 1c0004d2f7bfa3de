"""Facts are the same after they were stored."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from services.vision.facts import (
    FACTS_VERSION,
    Box,
    Colour,
    DetectedObject,
    Face,
    Facts,
    Label,
    Motion,
    Quality,
    Scene,
    TextLine,
)  # fmt: skip
from services.vision.facts_json import from_json, to_json

BOX = Box(0.1, 0.2, 0.3, 1.0)
FULL = Facts(
    width=3, height=4, format="GIF", colours=(Colour("dark blue", 0.5, (0, 0, 90)),),
    quality=Quality(0.5, 0.5, 0.5, 0.0, 1.0, "soft", "washed out"),
    objects=(DetectedObject("cat", 0.9, True, BOX, (Colour("black", 1.0, (1, 2, 3)),)),),
    labels=(Label("tabby", 0.5, False),), text=(TextLine("Grüße", 0.9, True, BOX),), faces=(Face(0.7, True, BOX),),
    motion=Motion(3, 300, 0.2, None), scene=Scene("indoors", True, "photo"), has_transparency=True, missing=("text",),
)  # fmt: skip


@pytest.mark.parametrize("picture", ["astronaut.png", "page.png", "coffee.png"])
def test_round_trip_of_real_facts(seen: Callable[[str], Facts], picture: str) -> None:
    facts = seen(picture)
    assert from_json(json.loads(json.dumps(to_json(facts)))) == facts


def test_round_trip_of_everything() -> None:
    assert from_json(json.loads(json.dumps(to_json(FULL)))) == FULL


def test_unknown_fields_are_passed_over_and_absent_ones_get_their_default() -> None:
    stored = json.loads(json.dumps(to_json(FULL)))
    stored["weather"] = "fine"
    stored["objects"][0]["weight"] = 4
    for name in ("scene", "motion", "capture", "missing"):
        del stored[name]
    facts = from_json(stored)
    assert (facts.objects, facts.scene, facts.motion, facts.missing) == (FULL.objects, Scene(), None, ())


@pytest.mark.parametrize(
    "change",
    [{"version": 0}, {"version": None}, {"colours": 5}, {"width": "wide"}, {"quality": None}, {"objects": [3]},
     {"missing": ["nose"]}, {"colours": [{"name": "red", "share": 1.0, "rgb": [1, 2]}]}, {"has_transparency": 1}],
)  # fmt: skip
def test_what_is_not_of_this_version_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"facts|unknown|argument"):
        from_json(json.loads(json.dumps(to_json(FULL))) | change)


def test_an_earlier_version_is_read_where_that_will_do() -> None:
    stored = json.loads(json.dumps(to_json(FULL))) | {"version": FACTS_VERSION - 1}
    del stored["scene"]["sky"]
    with pytest.raises(ValueError, match="another version"):
        from_json(stored)
    assert from_json(stored, earlier=True).objects == FULL.objects
    for version in (0, FACTS_VERSION + 1, True, "1"):
        with pytest.raises(ValueError, match="another version"):
            from_json(stored | {"version": version}, earlier=True)


@pytest.mark.parametrize("stored", [{}, [], None, "facts", {"version": 1}])
def test_what_is_nothing_of_the_kind_is_refused(stored: object) -> None:
    with pytest.raises(ValueError, match="facts"):
        from_json(stored)  # type: ignore[arg-type]  # what a damaged row may hold
