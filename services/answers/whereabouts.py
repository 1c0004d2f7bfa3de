"""Answers about where things are: of one, of each, the nearest, in a part of the picture, in the way."""

from __future__ import annotations

from services.answers.nouns import ANIMALS, OBSTACLES, VEHICLES
from services.answers.questions import Ask
from services.answers.seen import (
    Evidence,
    by_weight,
    evidence,
    maybe_objects,
    people,
    people_boxes,
    sure_objects,
    tally,
)
from services.answers.speaker import Speaker, reaches, side_of
from services.answers.things import exists_one
from services.answers.wording import be, lower, missing, unknown
from services.vision.facts import DetectedObject, Facts


def where(ask: Ask, facts: Facts, speaker: Speaker) -> list[str]:
    """Where is X?"""
    if not ask.subjects:
        if ask.unknown:
            return unknown(ask, facts, speaker)
        return [*places(facts, speaker)] or [speaker.say("nothing")]
    first = ask.subjects[0]
    found = evidence(facts, first, ask.colours)
    if not found.sure and not found.maybe:
        if first in ("person", "face") and people(facts):
            boxes = people_boxes(facts)
            listed = speaker.listing([speaker.say("one_at", pos=speaker.position(box)) for box in boxes[:6]])
            things = speaker.thing("person", len(boxes))
            return [speaker.say("where_many", things=things, list=lower(listed), **be(speaker, len(boxes)))]
        return exists_one(first, Ask("exists"), facts, speaker)
    said = _where_found(first, found, speaker)
    others = [evidence(facts, name).sure for name in ask.subjects[1:2]]
    if found.sure and others and others[0]:
        said.append(_relation(found.sure[0], others[0][0], speaker))
    return said


def _where_found(concept: str, found: Evidence, speaker: Speaker) -> list[str]:
    if len(found.sure) > 1:
        listed = speaker.listing(
            [lower(speaker.say("one_at", pos=speaker.position(thing.box))) for thing in found.sure[:6]]
        )
        named = tally(found.sure)
        return [speaker.say("where_many", things=speaker.things(named), list=listed, **be(speaker, len(found.sure)))]
    thing = (found.sure or found.maybe)[0]
    name = thing.name if concept not in ("person",) else concept
    words = {"noun": speaker.forms(name).one, "pos": speaker.position(thing.box), **be(speaker, 1)}
    said = [speaker.say("where_one" if found.sure else "where_maybe", **words)]
    if not speaker.spoken and found.sure:
        said.append(speaker.say("takes", percent=max(1, round(thing.box.area * 100))))
    return said


def _relation(thing: DetectedObject, other: DetectedObject, speaker: Speaker) -> str:
    forms = speaker.forms(other.name)
    side = speaker.say(f"beside.{_side(thing, other)}")
    return speaker.say("beside", side=side, noun=forms.one, oblique=forms.oblique_one)


def _side(thing: DetectedObject, other: DetectedObject) -> str:
    """On which side of the other a thing is, whichever is plainer."""
    across = thing.box.centre[0] - other.box.centre[0]
    down = thing.box.centre[1] - other.box.centre[1]
    pair, offset = (("left", "right"), across) if abs(across) >= abs(down) else (("top", "bottom"), down)
    return pair[0] if offset < 0 else pair[1]


def next_to(ask: Ask, facts: Facts, speaker: Speaker) -> list[str]:
    """What is beside, on or behind a thing: the sure things nearest to it, with the side they are on."""
    named = [name for name in ask.subjects if name != "thing"]
    found = evidence(facts, named[0]).sure if named else ()
    if not found:
        return exists_one(named[0], Ask("exists"), facts, speaker) if named else region(ask, facts, speaker)
    thing = found[0]
    beside = [one for one in sure_objects(facts) if one is not thing]
    for side in ask.sides:
        beside = [one for one in beside if side == "centre" or _measured_side(one, thing, side)]
    others = sorted(beside, key=lambda one: _gap(one, thing))[:3]
    forms = speaker.forms(thing.name)
    words = {"noun": forms.one, "oblique": forms.oblique_one}
    if not others:
        return [speaker.say("next_to_none", **words)]
    listed = speaker.listing(
        [f"{speaker.thing(one.name, 1)} ({speaker.say('its.' + _side(one, thing))})" for one in others]
    )
    return [speaker.say("next_to", list=listed, **words)]


def relation(ask: Ask, facts: Facts, speaker: Speaker) -> list[str]:
    """Is the dog left of the car?"""
    first, second = (evidence(facts, name) for name in ask.subjects[:2])
    if not first.sure or not second.sure:
        lacking = ask.subjects[0] if not first.sure else ask.subjects[1]
        return exists_one(lacking, Ask("exists"), facts, speaker)
    side = _side(first.sure[0], second.sure[0])
    wanted = _measured_side(first.sure[0], second.sure[0], ask.sides[0])
    forms = speaker.forms(second.sure[0].name)
    said = speaker.say(f"beside.{ask.sides[0] if wanted else side}")
    return [
        speaker.say("relation_yes" if wanted else "relation_no", side=said, noun=forms.one, oblique=forms.oblique_one)
    ]


def _measured_side(thing: DetectedObject, other: DetectedObject, side: str) -> bool:
    across = thing.box.centre[0] - other.box.centre[0]
    down = thing.box.centre[1] - other.box.centre[1]
    return {"left": across < 0, "right": across > 0, "top": down < 0, "bottom": down > 0}.get(side, False)


def _gap(one: DetectedObject, other: DetectedObject) -> float:
    """Distance between two boxes' nearest edges, in fractions of the picture."""
    across = max(one.box.left - other.box.right, other.box.left - one.box.right, 0.0)
    down = max(one.box.top - other.box.bottom, other.box.top - one.box.bottom, 0.0)
    return float((across**2 + down**2) ** 0.5)


def places(facts: Facts, speaker: Speaker, most: int = 6) -> list[str]:
    """Where the sure things are, grouped by place, as one sentence; empty without any."""
    groups: dict[str, list[DetectedObject]] = {}
    for thing in sure_objects(facts)[:12]:
        groups.setdefault(speaker.position(thing.box), []).append(thing)
    items = [speaker.say("place_item", pos=pos, things=speaker.things(tally(things))) for pos, things in groups.items()]
    return [_sentence(items[:most], speaker)] if items else []


def where_text(_: Ask, facts: Facts, speaker: Speaker) -> list[str]:
    """Where something is written, line by line."""
    if "text" in facts.missing:
        return missing("text", speaker)
    groups: dict[str, list[str]] = {}
    for line in [line for line in facts.text if line.sure][:5]:
        groups.setdefault(speaker.position(line.box), []).append(line.text)
    items = [speaker.say("place_item", pos=pos, things=speaker.quote(texts)) for pos, texts in groups.items()]
    return [_sentence(items, speaker)] if items else [speaker.say("text_none")]


def _sentence(items: list[str], speaker: Speaker) -> str:
    return "; ".join([items[0], *(lower(item) for item in items[1:])]) + speaker.stop


def nearest(ask: Ask, facts: Facts, speaker: Speaker) -> list[str]:
    """The nearest thing, judged by size and how low it stands; the largest; the smallest."""
    wanted = evidence(facts, ask.subjects[0]).sure if ask.subjects else sure_objects(facts)
    if not wanted:
        return missing("objects", speaker) if "objects" in facts.missing else [speaker.say("nothing")]
    if ask.kind == "smallest":
        thing = min(wanted, key=lambda seen: seen.box.area)
    else:
        low = 1.0 if ask.kind == "nearest" else 0.0
        thing = max(wanted, key=lambda seen: seen.box.area * (0.5 + low * seen.box.bottom))
    things = speaker.thing(thing.name, 1)
    return [speaker.say(ask.kind, things=things, pos=speaker.position(thing.box), **be(speaker, 1))]


def region(ask: Ask, facts: Facts, speaker: Speaker) -> list[str]:
    """What is on the left, and: is the dog on the left?"""
    if ask.unknown and not ask.subjects:
        return unknown(ask, facts, speaker)
    named = [name for name in ask.subjects if name != "thing"]
    if named:
        return _placed(named[0], ask, facts, speaker) if ask.sides else next_to(ask, facts, speaker)
    if "objects" in facts.missing:
        return missing("objects", speaker)
    if not ask.sides:
        return [speaker.cannot("depth"), *places(facts, speaker)]
    return [_in_part(side, facts, speaker) for side in ask.sides[:2]]


def _placed(name: str, ask: Ask, facts: Facts, speaker: Speaker) -> list[str]:
    found = evidence(facts, name)
    if not found.sure:
        return where(ask, facts, speaker)
    thing = next((one for one in found.sure if all(side_of(one.box, side) for side in ask.sides)), None)
    shown = thing or found.sure[0]
    words = {"noun": speaker.forms(shown.name).one, "pos": speaker.position(shown.box), **be(speaker, 1)}
    return [speaker.say("region_yes" if thing else "region_no", **words)]


def _in_part(side: str, facts: Facts, speaker: Speaker) -> str:
    seen = sure_objects(facts)
    inside = [thing for thing in seen if side_of(thing.box, side)] or [
        thing for thing in seen if reaches(thing.box, side)
    ]
    if not inside:
        return speaker.say("region_none", pos=speaker.side(side))
    return speaker.say("region", pos=speaker.side(side), things=speaker.things(tally(inside)))


def safe(_: Ask, facts: Facts, speaker: Speaker) -> list[str]:
    """Obstacles and whatever moves; never a verdict that a way is safe."""
    if "objects" in facts.missing:
        return [speaker.say("safe"), *missing("objects", speaker)]
    wanted = {"person"} | VEHICLES | ANIMALS | OBSTACLES
    seen = [thing for thing in sure_objects(facts) if thing.name in wanted]
    maybe = [thing for thing in maybe_objects(facts) if thing.name in wanted]
    said = [speaker.say("safe")]
    if seen:
        items = [f"{speaker.thing(thing.name, 1)} {speaker.position(thing.box)}" for thing in by_weight(seen)[:5]]
        said.append(speaker.say("safe_seen", list="; ".join(items)))
    if maybe:
        said.append(speaker.say("possible", things=speaker.things(tally(maybe[:3])), **be(speaker, len(maybe[:3]))))
    return said if seen else [*said, speaker.say("safe_none")] if not maybe else said
