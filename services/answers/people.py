"""Answers about people: how many, how many faces, and never who."""

from __future__ import annotations

from services.answers.questions import Ask
from services.answers.seen import evidence, people, sure_faces
from services.answers.speaker import Speaker
from services.answers.wording import be
from services.vision.facts import Facts


def count_people(ask: Ask, facts: Facts, speaker: Speaker) -> list[str]:
    """How many people; bodies and faces together, never who."""
    number, found = people(facts), evidence(facts, "person")
    if not number and found.maybe:
        things = speaker.thing("person", len(found.maybe))
        return [speaker.say("count_maybe", things=things, **be(speaker, len(found.maybe)))]
    if not number:
        if found.lacking and "faces" in facts.missing:
            return [speaker.say("missing", part=speaker.say("part_objects"))]
        return [speaker.say("people_none")]
    said = [speaker.say("count", things=speaker.counted("person", number), **be(speaker, number))]
    extra = len(found.sure) + len(found.maybe) - number
    if extra > 0:
        said.append(more_unsure(speaker, extra))
    if number > 5:
        said.append(speaker.say("count_many"))
    return [*said, speaker.say("qualifier")] if ask.qualified else said


def faces(facts: Facts, speaker: Speaker) -> list[str]:
    if "faces" in facts.missing:
        return [speaker.say("missing", part=speaker.say("part_faces"))]
    number = len(sure_faces(facts))
    if not number:
        return [speaker.say("faces_none")]
    return [speaker.say("faces", things=speaker.counted("face", number), **be(speaker, number))]


def identity(_: Ask, facts: Facts, speaker: Speaker) -> list[str]:
    """Who is it: how many people there are, and that nobody is identified."""
    number = people(facts)
    if not number:
        return [speaker.say("people_none"), speaker.say("who")]
    return [speaker.say("people", things=speaker.counted("person", number), **be(speaker, number)), speaker.say("who")]


def more_unsure(speaker: Speaker, number: int) -> str:
    return speaker.say("count_more", count=speaker.number(number))
