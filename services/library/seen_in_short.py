"""What was seen in a picture, in short, and whether and how surely something is in it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from services.answers.colours import basic
from services.answers.nouns import kinds, members
from services.library.query_filters import Kind
from services.library.query_things import Thing
from services.library.relevance import Source

WHOLE_COLOUR = 0.15
"""The share of a picture from which on it is "a red picture"."""
ANYTHING = "anything"


@dataclass(frozen=True, slots=True)
class Found:
    """That a thing is there.

    Args:
        source: what says so.
        confidence: 0-1 of what was measured; None where words say it.
        colour: the colour it was found by, if one was asked for.
    """

    source: Source
    confidence: float | None
    colour: str | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """`ImageWords.seen`, read. Its keys: `o` objects (name, confidence, sure, colours), `l` labels (kinds, confidence,
    sure), `f` faces (confidence, sure), `c` shares of colours, basic ones and shades, `s` setting, `m` medium,
    `a` animated, `g` in greys alone, `q` focus and exposure, `r` how surely its text was read; and of words, things and
    colours they name: `w` title and description, `t` what a model told, `n` the file's name."""

    known: dict[str, Any]

    @property
    def measured(self) -> bool:
        return "q" in self.known

    def find(self, thing: Thing, *, perhaps: bool = True) -> Found | None:
        """The surest sign that a thing is there; None when there is none.

        Args:
            perhaps: whether objects and faces count that are only possibly there.
        """
        if thing.concept is None:
            return self._whole_colour(thing.colours)
        found = self._objects(thing, perhaps=perhaps) if thing.count is None or self._counts(thing) else None
        if thing.count is not None:
            return found
        return found or self._in_words(thing)

    def is_kind(self, kind: Kind) -> bool | None:
        """Whether the picture is of a kind that was measured; None where nothing was."""
        return KINDS[kind](self.known) if self.measured else None

    @property
    def text_sureness(self) -> float:
        """How surely its text was read."""
        return float(self.known.get("r", 0.0))

    def _objects(self, thing: Thing, *, perhaps: bool) -> Found | None:
        best: Found | None = None
        concept = thing.concept or ""
        names = members(concept)
        for name, confidence, sure, colours in self.known.get("o", ()):
            if (name not in names and concept != ANYTHING) or not (sure or perhaps):
                continue
            colour = next((each for each in thing.colours if each in colours), None)
            if thing.colours and colour is None:
                continue
            if best is None or confidence > (best.confidence or 0):
                best = Found("object", confidence, colour)
        if not thing.colours:
            for of, confidence, _sure in self.known.get("l", ()):
                if (concept in of or concept == ANYTHING) and (best is None or confidence > (best.confidence or 0)):
                    best = Found("label", confidence)
            if concept in ("person", "face", ANYTHING):
                for confidence, sure in self.known.get("f", ()):
                    if (sure or perhaps) and (best is None or confidence > (best.confidence or 0)):
                        best = Found("face", confidence)
        return best

    def _counts(self, thing: Thing) -> bool:
        """Whether as many are there for certain as were asked for."""
        names = members(thing.concept or "")
        there = sum(
            1
            for name, _confidence, sure, colours in self.known.get("o", ())
            if sure and name in names and (not thing.colours or set(thing.colours) & set(colours))
        )
        if thing.concept in ("person", "face") and not thing.colours:
            faces = sum(sure for _confidence, sure in self.known.get("f", ()))
            there = faces if thing.concept == "face" else max(there, faces)
        least, most = thing.count or (0, 0)
        return least <= there <= most

    def _whole_colour(self, colours: tuple[str, ...]) -> Found | None:
        shares = self.known.get("c", {})
        colour, share = max(((each, shares.get(each, 0.0)) for each in colours), key=lambda pair: pair[1])
        if share >= WHOLE_COLOUR:
            return Found("colour", min(1.0, share), colour)
        if not self.measured:
            told = next((each for each in colours if basic(each) in self._colours_named()), None)
            return Found("told", None, told) if told else None
        return None

    def _colours_named(self) -> set[str]:
        return {colour for key in ("w", "t") if key in self.known for colour in self.known[key][1]}

    def _in_words(self, thing: Thing) -> Found | None:
        """What words say of a picture."""
        names = members(thing.concept or "")
        for key, source in SOURCES:
            things, colours = self.known.get(key, ((), ()))
            if not any(each == thing.concept or each in names or thing.concept in kinds(each) for each in things):
                continue
            colour = next((each for each in thing.colours if basic(each) in colours), None)
            if not thing.colours or colour is not None:
                return Found(source, None, colour)
        return None


SOURCES: tuple[tuple[str, Source], ...] = (("w", "title"), ("t", "told"), ("n", "name"))
KINDS: dict[Kind, Callable[[dict[str, Any]], bool]] = {
    "photo": lambda known: known.get("m") == "photo",
    "drawing": lambda known: known.get("m") == "drawing",
    "document": lambda known: known.get("m") == "document",
    "screenshot": lambda known: known.get("m") == "screenshot",
    "animation": lambda known: bool(known.get("a")),
    "indoors": lambda known: known.get("s") == "indoors",
    "outdoors": lambda known: known.get("s") == "outdoors",
    "blurred": lambda known: known["q"][0] in ("blurred", "soft"),
    "sharp": lambda known: known["q"][0] == "sharp",
    "dark": lambda known: known["q"][1] in ("dark", "dim"),
    "bright": lambda known: known["q"][1] in ("bright", "washed out"),
    "text": lambda known: "r" in known,
    "monochrome": lambda known: bool(known.get("g")),
}


def read(stored: str) -> Seen:
    """What is kept, read; of what cannot be read nothing is known."""
    try:
        known = json.loads(stored)
    except ValueError:
        known = {}
    return Seen(known if isinstance(known, dict) else {})
