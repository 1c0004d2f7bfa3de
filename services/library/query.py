"""What somebody looks for, out of their words: things, colours, dates, text, and what they do not want.

Things, colours, dates and negations are known in English, Hindi and Marathi, by the tables of `services/answers` and
of the modules beside this one. A query is a list of alternatives ("or"), each of things and words that are to be there
together ("and"); what is said of the picture itself, its date or type, holds for all of them. What is understood is
taken out of the query; the words that remain are looked for as they are and by their meaning.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime

from services.answers.text_folding import LETTER, fold
from services.library import query_filters as filters
from services.library.dates import Period, periods_in
from services.library.query_filters import FAMILY, NOT, Kind, Place, Said
from services.library.query_shapes import Orientation, orientations_wanted
from services.library.query_sizes import Limits, sizes_wanted
from services.library.query_things import Thing, is_empty, things_in

_OR = re.compile(r"\s(?:or|either|या|किंवा|अथवा)\s")
_NEGATED_LIST = re.compile(
    rf"(?<!{LETTER})((?:without|no|not|neither|बिना|except|excluding)\s+(?:(?:any|a|an|the)\s+)?{LETTER}+(?:\s{LETTER}+)?)\s(?:or|nor)\s"
)
_OR_MORE = re.compile(rf"\s({LETTER}+) or (?:more|three|four|five)\s")
_SPEAKING = ("setting", "type", "quality", "orientation", "object", "look")
"""What is plain without its name: "not: indoors"."""
MOST_WORDS = 16
"""Words of one alternative that are looked for; a longer one is hardly a search."""


@dataclass(frozen=True, slots=True)
class Clause:
    """What should be there together.

    Args:
        words: what was not understood.
        meaning: what it wants in its own words; "" where all of it was understood and can be seen.
        unwanted: words that should not be there.
        loose: whether pictures with one of the things will do where none has all ("dogs and cats").
    """

    things: tuple[Thing, ...] = ()
    words: tuple[str, ...] = ()
    meaning: str = ""
    unwanted: tuple[str, ...] = ()
    loose: bool = False

    @property
    def sought(self) -> tuple[str, ...]:
        """What is looked for in words; its meaning may stand for all of it."""
        return (*self.words, *(thing.concept for thing in self.things if thing.is_vague and thing.concept))


@dataclass(frozen=True, slots=True)
class Query:
    """A query understood.

    Args:
        clauses: alternatives, one of which has to hold; none where only the picture itself is spoken of.
        periods: each with whether it is wanted.
        sureness: least and most confidence of what is found; None for any.
        filters: all of it in words, as `filters_applied` tells it.
    """

    clauses: tuple[Clause, ...] = ()
    reads: tuple[Said, ...] = ()
    periods: tuple[tuple[Period, bool], ...] = ()
    sureness: tuple[float, float] | None = None
    orientations: tuple[tuple[Orientation, bool], ...] = ()
    kinds: tuple[tuple[Kind, bool], ...] = ()
    sizes: tuple[Limits, ...] = ()
    folder: tuple[str, bool] | None = None
    place: Place | None = None
    filters: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked for: then nothing is found."""
        return not (self.clauses or self.filters)

    @property
    def words(self) -> tuple[str, ...]:
        """What was not understood, of all alternatives."""
        return tuple(word for clause in self.clauses for word in clause.words)


def understand(text: str, now: datetime) -> Query:
    """Take a query apart.

    Args:
        text: as the person put it.
        now: their time, with their zone.
    """
    rest = f" {fold(text)} "
    folder, rest = filters.folder_wanted(rest)
    reads, rest = filters.texts_wanted(rest)
    place, rest = filters.place_wanted(rest)
    sureness, sure_words, rest = filters.confidence_wanted(rest)
    sizes, rest = sizes_wanted(rest)
    periods, rest = _periods(rest, now)
    orientations, rest = orientations_wanted(rest)
    kinds, rest = filters.kinds_wanted(rest)
    clauses = _clauses(rest)
    if sureness and not any(thing.wanted for clause in clauses for thing in clause.things):
        clauses = (*clauses[:-1], _with(clauses[-1] if clauses else Clause(), Thing("anything")))
    said = [
        *(told("text", said.words, said.wanted) for said in reads),
        *_of_things(clauses),
        *(told("date", period.words, wanted) for period, wanted in periods),
        *([f"confidence: {sure_words}"] if sureness else []),
        *(told("orientation", value, wanted) for value, wanted in orientations),
        *(told(FAMILY[kind], kind, wanted) for kind, wanted in kinds),
        *(f"size: {words}" for _limits, words in sizes),
        *([told("folder", folder[0], folder[1])] if folder else []),
        *([f"near: {place.latitude:g}, {place.longitude:g} within {place.km:g} km"] if place else []),
    ]
    return Query(
        clauses=clauses,
        reads=reads,
        periods=periods,
        sureness=sureness,
        orientations=orientations,
        kinds=kinds,
        sizes=tuple(limits for limits, _words in sizes),
        folder=folder,
        place=place,
        filters=tuple(dict.fromkeys(said)),
    )


def told(name: str, value: str, wanted: bool) -> str:
    """A part of a query in words."""
    if wanted:
        return f"{name}: {value}"
    return f"not: {value}" if name in _SPEAKING else f"not: {name} {value}"


def _periods(rest: str, now: datetime) -> tuple[tuple[tuple[Period, bool], ...], str]:
    found, rest = periods_in(rest, now)
    periods: list[tuple[Period, bool]] = []
    for period, place in found:
        negation = NOT.search(rest[:place])
        periods.append((period, negation is None))
        if negation:
            rest = rest[: negation.start()] + " " * (place - negation.start()) + rest[place:]
    return tuple(periods), rest


def _clauses(rest: str) -> tuple[Clause, ...]:
    """The alternatives of what is left; those that ask for nothing are none."""
    # "without people or cars" wants neither.
    rest = _OR_MORE.sub(r" at least \1 ", _NEGATED_LIST.sub(r"\1 and not ", rest))
    clauses = [clause for part in _parts(rest) if (clause := _clause(part)) != Clause()]
    wanted = [clause for clause in clauses if any(thing.wanted for thing in clause.things) or clause.words]
    if wanted and len(wanted) < len(clauses):
        # "not a cat or dog, a car": what is unwanted holds for each alternative that wants something.
        unwanted = [clause for clause in clauses if clause not in wanted]
        denied = tuple(thing for clause in unwanted for thing in clause.things)
        words = tuple(word for clause in unwanted for word in clause.unwanted)
        return tuple(
            replace(clause, things=(*clause.things, *denied), unwanted=(*clause.unwanted, *words)) for clause in wanted
        )
    return tuple(clauses)


def _parts(rest: str) -> list[str]:
    """The query cut at each "or" that does not merely join two colours of one thing."""
    parts: list[str] = []
    for part in _OR.split(rest):
        things = things_in(parts[-1]).things if parts else ()
        if parts and things and all(thing.concept is None for thing in things):
            parts[-1] = f"{parts[-1]} {part}"
        else:
            parts.append(part)
    return parts


def _clause(part: str) -> Clause:
    named = things_in(part)
    words = tuple(dict.fromkeys(word for word in named.left if not is_empty(word)))[:MOST_WORDS]
    unwanted = tuple(dict.fromkeys(word for word in named.denied if not is_empty(word)))[:MOST_WORDS]
    vague = any(thing.is_vague for thing in named.things)
    meaning = " ".join(word for word in named.said if not is_empty(word)) if words or vague else ""
    return Clause(named.things, words, meaning, unwanted, loose=named.loose and not words)


def _with(clause: Clause, thing: Thing) -> Clause:
    return replace(clause, things=(*clause.things, thing))


def _of_things(clauses: tuple[Clause, ...]) -> list[str]:
    said: list[str] = []
    for thing in dict.fromkeys(thing for clause in clauses for thing in clause.things):
        if thing.concept == "anything":
            continue
        if not thing.wanted:
            said.append(f"not: {thing.words}")
            continue
        said += [f"color: {colour}" for colour in thing.colours]
        if thing.concept:
            said.append(f"object: {thing.counted}{thing.concept}")
    return said + [f"not: {word}" for clause in clauses for word in clause.unwanted]
