"""The picture as a whole: a description, a caption, and what has not been said yet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from services.answers import people as people_answers
from services.answers import picture, things, whereabouts
from services.answers.nouns import kinds
from services.answers.questions import Ask
from services.answers.seen import evidence, named_things, people, sure_faces, sure_label, sure_objects, total
from services.answers.speaker import Speaker
from services.answers.text_folding import fold
from services.answers.wording import be
from services.content import Message
from services.vision.facts import Facts

_PLAIN = Ask("describe")


def describe(facts: Facts, speaker: Speaker) -> list[str]:
    """What is in the picture; spoken: advice on retaking it first, then what matters for safety, and little else."""
    return _spoken(facts, speaker) if speaker.spoken else _written_out(facts, speaker)


def _spoken(facts: Facts, speaker: Speaker) -> list[str]:
    advice = picture.advice(facts, speaker)
    seen = sure_objects(facts)
    said = [advice] if advice else []
    said += whereabouts.places(facts, speaker, 4) if seen else _things(facts, speaker)
    said += [*_label(facts, speaker), *(_nothing(facts, speaker) if not said else [])]
    said += [*things.possibilities(facts, speaker), *_text(facts, speaker), *_setting(facts, speaker)]
    return said if seen else [*said, *picture.colours(_PLAIN, facts, speaker)]


def _written_out(facts: Facts, speaker: Speaker) -> list[str]:
    said = _subject(facts, speaker)
    if len(sure_objects(facts)) > 1:
        said += whereabouts.places(facts, speaker, 4)
    said += [*things.possibilities(facts, speaker), *_text(facts, speaker)]
    said += [*picture.colours(_PLAIN, facts, speaker), *_setting(facts, speaker)]
    if facts.motion is not None:
        said += picture.motion(_PLAIN, facts, speaker)
    advice = picture.advice(facts, speaker)
    return [*said, *([advice] if advice else []), *_missing(facts, speaker)]


def about(ask: Ask, facts: Facts, speaker: Speaker) -> list[str]:
    """One thing alone: how many, where, of what colour, and what label it carries."""
    name = ask.subjects[0]
    if not evidence(facts, name).sure:
        return things.exists(ask, facts, speaker)
    said = things.count(ask, facts, speaker) if len(evidence(facts, name).sure) > 1 else []
    said += whereabouts.where(ask, facts, speaker)
    said += [] if name == "person" else picture.colours(ask, facts, speaker)
    label = next((label for label in facts.labels if label.sure and name in kinds(label.name)), None)
    sentence = speaker.label_beside(label.name, (name,)) if label is not None else None
    return [*said, sentence] if sentence else said


def _subject(facts: Facts, speaker: Speaker) -> list[str]:
    """The sure things and, where it adds to them, the sure label."""
    said = [*_things(facts, speaker), *_label(facts, speaker)]
    return said or _nothing(facts, speaker)


def _things(facts: Facts, speaker: Speaker) -> list[str]:
    named = named_things(facts)[:8]
    if not named:
        return []
    medium = speaker.say(f"in_medium.{facts.scene.medium or 'plain'}")
    key = "intro_spoken" if speaker.spoken else "intro"
    return [speaker.say(key, medium=medium, things=speaker.things(named), **be(speaker, total(named)))]


def _label(facts: Facts, speaker: Speaker) -> list[str]:
    label = sure_label(facts)
    sentence = speaker.label_beside(label.name, (name for name, _ in named_things(facts))) if label else None
    return [sentence] if sentence else []


def _nothing(facts: Facts, speaker: Speaker) -> list[str]:
    return [] if {"objects", "labels"} <= set(facts.missing) else [speaker.say("nothing")]


def _text(facts: Facts, speaker: Speaker, lines: int = 3) -> list[str]:
    sure = [line.text for line in facts.text if line.sure]
    return (
        [speaker.say("text", text=speaker.quote([*sure[:lines], *(["…"] if len(sure) > lines else [])]))]
        if sure
        else []
    )


def _setting(facts: Facts, speaker: Speaker) -> list[str]:
    return picture.setting(_PLAIN, facts, speaker) if facts.scene.setting and facts.scene.setting_sure else []


def _missing(facts: Facts, speaker: Speaker) -> list[str]:
    if not facts.missing:
        return []
    return [speaker.say("missing_note", parts=speaker.listing([speaker.say(f"part_{part}") for part in facts.missing]))]


_SKIES = {"sunset": "at sunset or sunrise", "blue": "under a blue sky", "night": "at night"}


def caption(facts: Facts) -> str:
    """One short English line, for alternative text and descriptions; no final full stop."""
    said = _shown(facts)
    return f"{said} {_SKIES[facts.scene.sky]}" if facts.scene.sky else said


def _shown(facts: Facts) -> str:
    speaker = Speaker("en", "written")
    named, label = named_things(facts)[:4], sure_label(facts)
    kind = facts.scene.medium or "plain"
    medium = speaker.say(f"medium.{kind}").capitalize()
    if label is not None and (not named or kinds(label.name)[:1] == (named[0][0],)):
        rest = [one for one in named if one[0] not in kinds(label.name)]
        words = speaker.listing([speaker.label(label.name), *[speaker.thing(*one) for one in rest]])
        return f"{medium} of {words}"
    if named:
        return f"{medium} of {speaker.things(named)}"
    lines = [line.text for line in facts.text if line.sure]
    if lines:
        words = " ".join(lines)
        return f"{medium} with the text “{words if len(words) <= 80 else words[:79].rstrip() + '…'}”"
    shades = [colour for colour in facts.colours if colour.share >= 0.1][:2] or list(facts.colours[:1])
    return f"{medium} in {speaker.colours(shades)}" if shades else medium


@dataclass(frozen=True, slots=True)
class _Statement:
    sentences: list[str]
    evidence: tuple[str, ...]  # when all of these words were said before, so was the statement


def more(facts: Facts, history: Sequence[Message], speaker: Speaker, most: int = 3) -> list[str]:
    """What the conversation has not heard yet, the weightiest first."""
    heard = fold(" ".join(message.text for message in history if message.role == "assistant"))
    said: list[str] = []
    told = 0
    for statement in _statements(facts, speaker):
        new = [sentence for sentence in statement.sentences if fold(sentence) not in heard]
        known = statement.evidence and all(fold(word) in heard for word in statement.evidence)
        if new and not known:
            said += new
            told += 1
        if told == most:
            break
    return said or [speaker.say("more_none")]


def _statements(facts: Facts, speaker: Speaker) -> list[_Statement]:
    named = named_things(facts)
    found: list[_Statement] = []

    def add(sentences: list[str], *evidence: str) -> None:
        if sentences:
            found.append(_Statement(sentences, evidence))

    add(_subject(facts, speaker), *(speaker.thing(*one) for one in named))
    add(whereabouts.places(facts, speaker))
    add(things.possibilities(facts, speaker))
    if facts.text:
        add(picture.text(_PLAIN, facts, speaker), *(line.text for line in facts.text if line.sure))
    add(picture.colours(_PLAIN, facts, speaker))
    for name in dict.fromkeys(thing.name for thing in sure_objects(facts)[:4]):
        add(picture.colours(Ask("colours", subjects=(name,)), facts, speaker))
    if sure_faces(facts) and people(facts):
        add(people_answers.faces(facts, speaker))
    if facts.scene.setting is not None:
        add(picture.setting(_PLAIN, facts, speaker))
    for part in _OF_THE_FILE:
        add(part(_PLAIN, facts, speaker))
    if facts.capture.taken_at:
        add(picture.taken_when(_PLAIN, facts, speaker))
    if facts.capture.camera:
        add(picture.camera(_PLAIN, facts, speaker))
    if facts.capture.latitude is not None:
        add(picture.taken_where(_PLAIN, facts, speaker))
    return found


_OF_THE_FILE: tuple[Callable[[Ask, Facts, Speaker], list[str]], ...] = (picture.quality, picture.size, picture.file)
