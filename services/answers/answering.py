"""From a question and what was measured to an answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from services.answers import describing, picture, things, whereabouts
from services.answers import people as people_answers
from services.answers.compare import difference
from services.answers.questions import Ask, understand
from services.answers.seen import people
from services.answers.speaker import Speaker
from services.content import Language, Message
from services.providers.base import Style
from services.vision.facts import Facts

Handler = Callable[[Ask, Facts, Speaker], list[str]]

HANDLERS: dict[str, Handler] = {
    "exists": things.exists,
    "count": things.count,
    "where": whereabouts.where,
    "about": describing.about,
    "next_to": whereabouts.next_to,
    "relation": whereabouts.relation,
    "monochrome": picture.monochrome,
    "nearest": whereabouts.nearest,
    "biggest": whereabouts.nearest,
    "smallest": whereabouts.nearest,
    "coloured": picture.coloured,
    "region": whereabouts.region,
    "safe": whereabouts.safe,
    "identity": people_answers.identity,
    "what_is": things.what_is,
    "colours": picture.colours,
    "is_colour": picture.is_colour,
    "text": picture.text,
    "says": picture.says,
    "where_text": whereabouts.where_text,
    "quality": picture.quality,
    "size": picture.size,
    "setting": picture.setting,
    "day_night": picture.day_night,
    "taken_when": picture.taken_when,
    "taken_where": picture.taken_where,
    "camera": picture.camera,
    "file": picture.file,
    "medium": picture.medium,
    "motion": picture.motion,
}


def answer(
    question: str,
    facts: Sequence[Facts],
    history: Sequence[Message] = (),
    language: Language = "en",
    style: Style = "written",
    *,
    names: Sequence[str] = (),
) -> str:
    """Answer a question about pictures from what was measured of them.

    Args:
        question: as the person put it; empty asks for a description.
        facts: of each picture in the message, in order; empty when there is none.
        history: the conversation before the question, oldest first.
        language: of the answer, whatever the question's.
        style: `spoken` is short and without Markdown.
        names: what to call each of several pictures, each then on a line of its own; "picture 1" without.
    Returns: sentences joined by spaces; never empty.
    """
    speaker = Speaker(language, style)
    asks = understand(question, history) if question.strip() else (Ask("describe"),)
    said: list[str] = []
    for ask in asks:
        more = _answer_one(ask, facts, history, speaker, names)
        if len(facts) < 2:
            said += [sentence for sentence in more if sentence not in said]
        elif not set(more) <= set(said):
            said += more  # whole, with the heads that tell the pictures apart
    return " ".join(said).replace(" \n", "\n").strip()


def _answer_one(
    ask: Ask, facts: Sequence[Facts], history: Sequence[Message], speaker: Speaker, names: Sequence[str]
) -> list[str]:
    said = _without_looking(ask, speaker) or ([] if facts else [speaker.say("no_picture")])
    if said:
        return said
    if ask.kind == "difference":
        return difference(ask, facts, speaker)
    if ask.kind == "unsupported":
        return _unsupported(ask, facts, speaker)
    if ask.picture is not None and ask.picture < len(facts):
        return _about(ask, facts[ask.picture], history, speaker)
    if len(facts) == 1:
        return _about(ask, facts[0], history, speaker)
    each = [_about(ask, one, history, speaker) for one in facts]
    if all(one == each[0] for one in each):
        return (
            each[0]
            if each[0][0] == speaker.say("not_understood")
            else [speaker.say("pictures_all", n=len(each)), *each[0]]
        )
    heads = [f"\n{number}. {name}:" for number, name in enumerate(names, 1)] or [
        speaker.say("picture_n", n=number) for number in range(1, len(each) + 1)
    ]
    return [sentence for head, one in zip(heads, each, strict=True) for sentence in (head, *one)]


def _without_looking(ask: Ask, speaker: Speaker) -> list[str]:
    """Talk that is about no picture."""
    match ask.kind:
        case "greeting" | "thanks" | "sureness":
            return [speaker.say(ask.kind)]
        case "capability":
            return [speaker.say("capability"), speaker.say("capability_not"), speaker.cloud()]
        case _:
            return []


def _about(ask: Ask, facts: Facts, history: Sequence[Message], speaker: Speaker) -> list[str]:
    if ask.kind == "describe":
        return describing.describe(facts, speaker)
    if ask.kind == "more":
        return describing.more(facts, history, speaker)
    if ask.kind == "unknown":
        return [speaker.say("not_understood"), speaker.cloud()]
    return HANDLERS[ask.kind](ask, facts, speaker)


def _unsupported(ask: Ask, facts: Sequence[Facts], speaker: Speaker) -> list[str]:
    """What cannot be told; where a count was asked, how many there are to begin with."""
    if ask.topic == "far" and speaker.spoken and ask.subjects and len(facts) == 1:
        # Close or far is what a listener can be told, and what was meant.
        return [speaker.cannot("far"), *whereabouts.where(ask, facts[0], speaker)]
    said = [speaker.cannot(ask.topic or "other"), *([] if ask.topic == "outside" else [speaker.cloud()])]
    personal = ask.topic in ("emotion", "gender", "age", "clothing", "relation") and ask.subjects in ((), ("person",))
    if personal and len(facts) == 1 and not any(thing.name == "person" for thing in facts[0].objects):
        return said if people(facts[0]) else [speaker.say("people_none"), *said]
    return said


def describe(facts: Facts, language: Language = "en", style: Style = "written") -> str:
    """The picture as a whole, in a few sentences."""
    return " ".join(describing.describe(facts, Speaker(language, style)))


def advice(facts: Facts, language: Language = "en") -> str | None:
    """How to take a blurred, dark, washed-out or covered picture again, as spoken; None when it is good enough.

    Needs no more than `facts.quality`: a quality gate may ask before any model has looked.
    """
    return picture.advice(facts, Speaker(language, "spoken"))
