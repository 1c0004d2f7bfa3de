"""Answers about the things in a picture: whether, how many, which."""

from __future__ import annotations

from services.answers.nouns import LABEL_ONLY, kinds
from services.answers.people import count_people, faces, more_unsure
from services.answers.questions import Ask
from services.answers.seen import (
    Evidence,
    by_size,
    evidence,
    maybe_label,
    maybe_objects,
    named_things,
    people,
    sure_label,
    tally,
    total,
)
from services.answers.speaker import Speaker, article, side_of
from services.answers.wording import be, unknown, with_place
from services.vision.facts import DetectedObject, Facts


def exists(ask: Ask, facts: Facts, speaker: Speaker) -> list[str]:
    """Is there a X?"""
    if not ask.subjects:
        return unknown(ask, facts, speaker)
    said: list[str] = []
    for concept in ask.subjects[:4]:
        said += exists_one(concept, ask, facts, speaker)
    if ask.qualified and "person" in ask.subjects and people(facts):
        said.append(speaker.say("qualifier"))
    return said


def exists_one(concept: str, ask: Ask, facts: Facts, speaker: Speaker) -> list[str]:
    """Whether one thing is there; of the asked colour and in the asked part of the picture, where any was named."""
    if concept == "face":
        return faces(facts, speaker)
    found = evidence(facts, concept, ask.colours)
    sure = [thing for thing in found.sure if all(side_of(thing.box, side) for side in ask.sides)]
    everyone = people(facts) if concept == "person" and not ask.sides and not ask.colours else 0
    if sure or everyone:
        named = [("person", everyone)] if everyone else tally(sure)
        pos = with_place(speaker, sure[0]) if sure and total(named) == 1 else ""
        return [speaker.say("exists_yes", things=speaker.things(named), pos=pos, **be(speaker, total(named)))]
    hint = None if ask.sides else _exists_hint(found, speaker)
    return [hint] if hint else _absent(concept, found, facts, speaker)


def _exists_hint(found: Evidence, speaker: Speaker) -> str | None:
    """What a label or an unsure object says of a thing that no sure object shows."""
    if found.labels:
        return speaker.say("label_yes", label=speaker.label(found.labels[0].name))
    if found.maybe:
        things = speaker.things(tally(found.maybe[:1]))
        return speaker.say("exists_maybe", things=things, pos=with_place(speaker, found.maybe[0]), **be(speaker, 1))
    if found.labels_maybe:
        return speaker.say("label_perhaps", label=speaker.label(found.labels_maybe[0].name))
    return None


def _absent(concept: str, found: Evidence, facts: Facts, speaker: Speaker) -> list[str]:
    if found.lacking:
        return [speaker.say("missing", part=speaker.say(f"part_{found.lacking[0]}"))]
    forms = speaker.forms(concept)
    words = {"a_noun": article(forms.one), "one": forms.one, "raha": speaker.raha(concept)}
    if concept in LABEL_ONLY:
        return [speaker.say("label_no", **words)]
    clear = facts.quality.focus != "blurred" and facts.quality.exposure != "dark"
    return [speaker.say("exists_no" if clear else "exists_no_sure", **words)]


def count(ask: Ask, facts: Facts, speaker: Speaker) -> list[str]:
    """How many X?"""
    if not ask.subjects:
        if ask.unknown or not facts.objects:
            return [speaker.say("count_unknown"), speaker.cloud()]
        return _count_one("thing", ask, facts, speaker)
    return [sentence for concept in ask.subjects[:4] for sentence in _count_one(concept, ask, facts, speaker)]


def _count_one(concept: str, ask: Ask, facts: Facts, speaker: Speaker) -> list[str]:
    if concept == "face":
        return faces(facts, speaker)
    if concept == "person" and not ask.colours and not ask.sides:
        return count_people(ask, facts, speaker)
    found = evidence(facts, concept, ask.colours)
    sure = [thing for thing in found.sure if all(side_of(thing.box, side) for side in ask.sides)]
    if sure:
        return _counted(concept, sure, 0 if ask.sides else len(found.maybe), speaker)
    hint = _count_hint(found, speaker)
    if hint:
        return hint
    if found.lacking or concept in LABEL_ONLY:
        return _absent(concept, found, facts, speaker)
    forms = speaker.forms(concept)
    return [speaker.say("count_zero", many=forms.many, one=forms.one, raha=speaker.raha(concept))]


def _counted(concept: str, sure: list[DetectedObject], unsure: int, speaker: Speaker) -> list[str]:
    named = tally(sure)
    words = speaker.listing([speaker.counted(name, number) for name, number in named])
    if len(named) > 1 and concept != "thing":
        words = f"{speaker.counted(concept, len(sure))} ({words})"
    said = [speaker.say("count", things=words, **be(speaker, len(sure)))]
    if unsure:
        said.append(more_unsure(speaker, unsure))
    return [*said, speaker.say("count_many")] if len(sure) > 5 else said


def _count_hint(found: Evidence, speaker: Speaker) -> list[str]:
    if found.maybe:
        named = tally(found.maybe)
        words = speaker.listing([speaker.counted(name, number) for name, number in named])
        return [speaker.say("count_maybe", things=words, **be(speaker, total(named)))]
    if found.labels:
        label = speaker.label(found.labels[0].name)
        return [speaker.say("label_sure", label=label), speaker.say("count_by_label")]
    if found.labels_maybe:
        return [speaker.say("label_maybe", label=speaker.label(found.labels_maybe[0].name))]
    return []


def what_is(ask: Ask, facts: Facts, speaker: Speaker) -> list[str]:
    """What is this, what animal is it: the sure things of that kind, and what label they carry."""
    wanted = next((name for name in ask.subjects[:1] if name not in ("thing", "person")), None)
    labels = [label for label in facts.labels if wanted is None or wanted in kinds(label.name)]
    named = tally(by_size(evidence(facts, wanted).sure)) if wanted else named_things(facts)
    said: list[str] = []
    if named:
        key = "intro_spoken" if speaker.spoken else "intro"
        medium = speaker.say(f"in_medium.{facts.scene.medium or 'plain'}")
        said.append(speaker.say(key, medium=medium, things=speaker.things(named[:6]), **be(speaker, total(named[:6]))))
    label = next((one for one in labels if one.sure), None)
    sentence = speaker.label_beside(label.name, [name for name, _ in named]) if label else None
    if sentence:
        said.append(sentence)
    if not said and labels:
        said.append(speaker.say("label_maybe", label=speaker.label(labels[0].name)))
    if said:
        return said
    if wanted:
        return exists_one(wanted, Ask("exists"), facts, speaker)
    return [speaker.say("nothing"), *possibilities(facts, speaker)]


def possibilities(facts: Facts, speaker: Speaker) -> list[str]:
    """What may be there: one unsure label, unsure objects."""
    said = []
    label = maybe_label(facts)
    if label is not None and sure_label(facts) is None and not named_things(facts):
        said.append(speaker.say("label_maybe", label=speaker.label(label.name)))
    maybe = maybe_objects(facts)[:3]
    if maybe:
        named = tally(maybe)
        key = "possible" if named_things(facts) else "possible_only"
        said.append(speaker.say(key, things=speaker.things(named), **be(speaker, total(named))))
    return said
