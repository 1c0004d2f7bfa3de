"""What is different between pictures, in what can be measured."""

from __future__ import annotations

from collections.abc import Sequence

from services.answers.picture import motion
from services.answers.questions import Ask
from services.answers.seen import named_things, total
from services.answers.speaker import Speaker
from services.vision.facts import Facts


def difference(ask: Ask, pictures: Sequence[Facts], speaker: Speaker) -> list[str]:
    """Between the first two pictures; of a single animation, what changes in it."""
    if len(pictures) < 2:
        return motion(ask, pictures[0], speaker) if pictures[0].motion else [speaker.say("difference_single")]
    first, second = pictures[0], pictures[1]
    said = [*_things(first, second, speaker), *_colours(first, second, speaker)]
    gap = first.quality.brightness - second.quality.brightness
    if abs(gap) >= 0.1:
        said.append(speaker.say("difference_brighter", n=1 if gap > 0 else 2))
    said += _text(first, second, speaker)
    if (first.width, first.height) != (second.width, second.height):
        said += [
            speaker.say("difference_size", n=number, width=one.width, height=one.height)
            for number, one in ((1, first), (2, second))
        ]
    return said or [speaker.say("difference_none")]


def _things(first: Facts, second: Facts, speaker: Speaker) -> list[str]:
    mine, theirs = dict(named_things(first)), dict(named_things(second))
    said = []
    for number, here, there in ((1, mine, theirs), (2, theirs, mine)):
        named = [(name, count) for name, count in here.items() if count != there.get(name, 0)]
        if named:
            be = {"is": speaker.be(total(named))}
            said.append(speaker.say("difference_only", n=number, things=speaker.things(named), **be))
    return said


def _colours(first: Facts, second: Facts, speaker: Speaker) -> list[str]:
    names = [{colour.name for colour in one.colours[:2]} for one in (first, second)]
    if names[0] == names[1]:
        return []
    return [
        speaker.say("difference_colours", n=number, list=speaker.colours(one.colours, 2))
        for number, one in ((1, first), (2, second))
    ]


def _text(first: Facts, second: Facts, speaker: Speaker) -> list[str]:
    lines = [[line.text for line in one.text if line.sure] for one in (first, second)]
    if lines[0] == lines[1]:
        return []
    return [
        speaker.say("difference_text", n=number, text=speaker.quote(mine[:4]))
        for number, mine in ((1, lines[0]), (2, lines[1]))
        if mine
    ]
