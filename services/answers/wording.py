"""Turns of phrase that several kinds of answer share."""

from __future__ import annotations

from services.answers.questions import Ask
from services.answers.speaker import Speaker
from services.vision.facts import DetectedObject, Facts


def be(speaker: Speaker, number: int) -> dict[str, str]:
    return {"is": speaker.be(number)}


def with_place(speaker: Speaker, thing: DetectedObject) -> str:
    return f"{', ' if speaker.language == 'en' else ' '}{speaker.position(thing.box)}"


def lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def missing(part: str, speaker: Speaker) -> list[str]:
    return [speaker.say("missing", part=speaker.say(f"part_{part}"))]


def unknown(ask: Ask, facts: Facts, speaker: Speaker) -> list[str]:
    """A thing we have no name for: a label may still carry the word, else it cannot be told."""
    if not ask.unknown:
        return [speaker.say("not_understood")]
    words = {word.rstrip("s") for word in ask.unknown.split() if len(word) > 2}
    for label in facts.labels:
        if words & {word.lower().rstrip("s") for word in label.name.replace("-", " ").split()}:
            return [speaker.say("label_yes" if label.sure else "label_perhaps", label=speaker.label(label.name))]
    return [speaker.say("unknown_thing", thing=ask.unknown), speaker.cloud()]
