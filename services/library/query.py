"""What somebody looks for, out of their words: things, colours, dates, text, and what they do not want.

Things and colours are known in English, Hindi and Marathi, by the tables of `services/answers`; dates and the rest in
English. What is understood is taken out of the query; the words that remain are looked for as they are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from services.answers.aliases import spans
from services.answers.colours import colours_in
from services.answers.text_folding import LETTER, fold
from services.library.dates import Period, period_in

Orientation = Literal["portrait", "landscape", "square"]
Kind = Literal["photo", "drawing", "document", "screenshot", "animation", "png", "jpeg", "gif"]

NEGATIONS = "not|no|without|except|excluding|never|isn't|aren't|नहीं|बिना|छोड़कर|नको|शिवाय|नाही"
_NOT = re.compile(rf"(?:\b|(?<=\s))(?:{NEGATIONS})(?:\s+(?:any|a|an|the|of|containing|showing|in|taken))*\s*$")
_OR = re.compile(r"\s(?:or|either|या|किंवा)\s")
_READS = re.compile(
    r"(?:that |which )?(?:says?|saying|reads|reading|labell?ed|with the (?:text|words?))\s+(?P<said>[^,]+?)"
    r"(?=$|,|\s(?:and|or|from|taken|in the|without|not)\s)"
)
_QUOTED = re.compile(r'"([^"]{1,100})"')
_CONFIDENCE = (
    (re.compile(r"\b(?:very )?(?:high(?:est)?|strong) confidence(?: detections?)?(?: of)?\b"), 0.7, "high"),
    (re.compile(r"\b(?:medium|moderate) confidence(?: detections?)?(?: of)?\b"), 0.5, "medium"),
)
_ORIENTATIONS: dict[Orientation, re.Pattern[str]] = {
    "portrait": re.compile(r"\b(?:portrait|vertical|upright)(?: (?:orientation|format|mode))?\b"),
    "landscape": re.compile(r"\b(?:landscape|horizontal)(?: (?:orientation|format|mode))\b|\bhorizontal\b"),
    "square": re.compile(r"\bsquare(?: (?:orientation|format))?\b"),
}
_KINDS: dict[Kind, re.Pattern[str]] = {
    "screenshot": re.compile(r"\bscreen ?(?:shots?|captures?)\b"),
    "drawing": re.compile(r"\b(?:drawings?|sketch(?:es)?|illustrations?|cartoons?|clip ?art|diagrams?)\b"),
    "document": re.compile(r"\b(?:documents?|scans?|receipts?|letters?|pages? of text)\b"),
    "animation": re.compile(r"\b(?:animations?|animated(?: gifs?)?|moving pictures?)\b"),
    "png": re.compile(r"\bpngs?\b"),
    "jpeg": re.compile(r"\bjpe?gs?\b"),
    "gif": re.compile(r"\bgifs?\b"),
}
_SETTINGS = {
    "indoors": re.compile(r"\b(?:indoors?|inside(?! (?:of )?(?:a|an|the)\b))\b"),
    "outdoors": re.compile(r"\b(?:outdoors?|outside(?! of\b)|in the open)\b"),
}
_NUMBERS = {
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
}
_COUNT = re.compile(rf"\b(\d{{1,2}}|{'|'.join(_NUMBERS)})\s+(?:{LETTER}+\s+)?$")
_SAID_OF = re.compile(r"\s*(?:(?:that|which|who) )?(?:is|are|was|were|isn't|aren't)\b")
_EMPTY = frozenset(
    """
    a an and are as at be but by can containing detected detection detections did do does find for from get give had has
    have i image images in is it its like me my near of on only or our out over photo photograph photographs photos pic
    pics picture pictures please search see seen show shows showing some something somewhere taken that the their them
    there these this those to under up was were where which who whose with you your any all kind look looking looks want
    की का के में है हैं और फोटो चित्र तस्वीर दिखाओ ची चा चे मध्ये आहे आणि दाखवा वाली वाले
    """.split()
)


@dataclass(frozen=True, slots=True)
class Thing:
    """Something that should be in the picture, or should not.

    Args:
        concept: by its English name; None for a colour of the whole picture.
        colours: basic colours it should have one of.
        count: how many there should be, if that was said.
        wanted: False for what should not be there.
    """

    concept: str | None
    colours: tuple[str, ...] = ()
    count: int | None = None
    wanted: bool = True

    @property
    def words(self) -> str:
        return " ".join([*self.colours, *([self.concept] if self.concept else [])])


@dataclass(frozen=True, slots=True)
class Query:
    """A query understood.

    Args:
        groups: alternatives ("or"); all things of one group have to hold.
        reads: words that should be readable in the picture.
        words: what was not understood, looked for as it is.
        filters: what was understood, in words.
    """

    groups: tuple[tuple[Thing, ...], ...] = ()
    reads: tuple[str, ...] = ()
    period: Period | None = None
    least_confidence: float = 0.0
    orientation: Orientation | None = None
    kinds: tuple[Kind, ...] = ()
    setting: str | None = None
    setting_wanted: bool = True
    words: tuple[str, ...] = ()
    filters: tuple[str, ...] = field(default=())

    @property
    def search_type(self) -> Literal["semantic", "keyword", "hybrid"]:
        if not self.words:
            return "semantic"
        return "hybrid" if self.filters else "keyword"


def understand(text: str, now: datetime) -> Query:
    """Take a query apart.

    Args:
        text: as the person put it.
        now: their time, with their zone.
    """
    rest = f" {fold(text)} "
    filters: list[str] = []
    reads, rest = _text_wanted(rest)
    filters += [f"text: {said}" for said in reads]
    period, rest = period_in(rest, now)
    if period:
        filters.append(f"date: {period.words}")
    least, rest = _confidence(rest, filters)
    orientation, rest = _one_of(_ORIENTATIONS, rest, "orientation", filters)
    kinds, rest = _all_of(_KINDS, rest, filters)
    setting, setting_wanted, rest = _setting(rest, filters)
    groups, rest = _groups(rest, filters)
    left = re.findall(rf"{LETTER}+", rest.replace("_", " "))
    words = tuple(word for word in left if word not in _EMPTY and not _NOT.search(f" {word} "))
    return Query(
        groups=groups,
        reads=reads,
        period=period,
        least_confidence=least,
        orientation=orientation,
        kinds=kinds,
        setting=setting,
        setting_wanted=setting_wanted,
        words=words,
        filters=tuple(filters),
    )


def _text_wanted(rest: str) -> tuple[tuple[str, ...], str]:
    reads = [found.strip() for found in _QUOTED.findall(rest)]
    rest = _QUOTED.sub(" ", rest)
    said = _READS.search(rest)
    if said:
        reads.append(said["said"].strip())
        rest = rest[: said.start()] + " " + rest[said.end() :]
        rest = re.sub(r"\b(?:the )?(?:signs?|text|words?|labels?)\b", " ", rest)
    return tuple(filter(None, reads)), rest


def _confidence(rest: str, filters: list[str]) -> tuple[float, str]:
    for finder, least, name in _CONFIDENCE:
        if finder.search(rest):
            filters.append(f"confidence: {name}")
            return least, finder.sub(" ", rest)
    return 0.0, rest


def _one_of(
    table: dict[Orientation, re.Pattern[str]], rest: str, name: str, filters: list[str]
) -> tuple[Orientation | None, str]:
    for value, finder in table.items():
        if finder.search(rest):
            filters.append(f"{name}: {value}")
            return value, finder.sub(" ", rest)
    return None, rest


def _all_of(table: dict[Kind, re.Pattern[str]], rest: str, filters: list[str]) -> tuple[tuple[Kind, ...], str]:
    found: list[Kind] = []
    for value, finder in table.items():
        if finder.search(rest):
            found.append(value)
            filters.append(f"type: {value}")
            rest = finder.sub(" ", rest)
    return tuple(found), rest


def _setting(rest: str, filters: list[str]) -> tuple[str | None, bool, str]:
    for value, finder in _SETTINGS.items():
        found = finder.search(rest)
        if found:
            negation = _NOT.search(rest[: found.start()])
            filters.append(f"{'not ' if negation else ''}{value}")
            begin = negation.start() if negation else found.start()
            return value, negation is None, f"{rest[:begin]} {rest[found.end() :]}"
    return None, True, rest


def _groups(rest: str, filters: list[str]) -> tuple[tuple[tuple[Thing, ...], ...], str]:
    groups: list[tuple[Thing, ...]] = []
    left_over: list[str] = []
    for part in _OR.split(rest):
        things, left = _things(part)
        if things:
            groups.append(things)
        left_over.append(left)
    for thing in dict.fromkeys(thing for group in groups for thing in group):
        filters += [f"{'' if thing.wanted else 'not '}color: {colour}" for colour in thing.colours]
        if thing.concept:
            count = f"{thing.count} " if thing.count else ""
            filters.append(f"{'' if thing.wanted else 'not '}object: {count}{thing.concept}")
    return tuple(groups), " ".join(left_over)


def _things(part: str) -> tuple[tuple[Thing, ...], str]:
    """Things a clause names, each with the colours, number and negation before it, and the rest of the words."""
    things: list[Thing] = []
    left: list[str] = []
    end = 0
    for start, stop, concept in spans(part):
        before = part[end:start]
        colours = colours_in(before)
        number = _COUNT.search(before)
        count = None
        if number:
            count = _NUMBERS.get(number.group(1)) or int(number.group(1))
            before = before[: number.start(1)] + before[number.end(1) :]
        things.append(Thing(concept, colours, count, wanted=_NOT.search(_bare(before)) is None))
        left.append(_without(before, colours))
        end = stop
    tail = part[end:]
    colours = colours_in(tail)
    if colours:
        wanted = not re.search(rf"(?:^|\s)(?:{NEGATIONS})\s", tail)
        # "cars that are not red" speaks of the cars, "a car, blue" of the picture.
        of = things[-1].concept if things and _SAID_OF.match(tail) else None
        things.append(Thing(of, colours, wanted=wanted))
    left.append(_without(tail, colours))
    return tuple(things), " ".join(left)


def _bare(before: str) -> str:
    """The words before a thing without its colours, so that "no red cars" is seen to be a "no"."""
    return " ".join(word for word in before.split() if not colours_in(word)) + " "


def _without(words: str, colours: tuple[str, ...]) -> str:
    if not colours:
        return words
    return " ".join(word for word in words.split() if not colours_in(word) and word not in ("dark", "light", "bright"))
