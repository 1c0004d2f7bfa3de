"""What a picture can be found by: its words, what was seen in it in short, and a text whose meaning stands for it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from services.answers import caption
from services.answers.aliases import concepts
from services.answers.colours import basic, colours_in
from services.answers.nouns import GROUPS, kinds
from services.answers.text_folding import fold
from services.library.seen_in_short import KINDS, WHOLE_COLOUR
from services.vision.facts import Facts

KIND_MARK, COLOUR_MARK = "kindof", "wholly"
LEAST_SHARE = 0.2
"""The share of a thing from which on it has a colour."""
MOST_TEXT = 20_000
"""Characters of each text that are made findable."""
SPOKEN_OF = 600
"""Characters of each text that the meaning is made of; a model of meaning blurs what is longer."""
SKIES = {
    "sunset": "sunset sunrise dusk सूर्यास्त सूर्योदय",
    "blue": "blue sky नीला आसमान निळे आकाश",
    "night": "night रात रात्र",
}
"""Words for each sky; "sky" for a blue one alone, as others have "blue" by their colours."""
GREEN = "greenery green nature plants हरियाली हिरवळ"
CAMERA_NAMES = re.compile(r"(?i)\b(?:img|dsc|dscn|dscf|pxl|mvimg|image|photo|picture|scan|whatsapp|file|untitled)\b")
"""Names that say nothing of a picture."""


@dataclass(frozen=True, slots=True)
class Texts:
    """What people and models said of a picture; empty where they said nothing."""

    filename: str
    title: str = ""
    description: str = ""
    told: str = ""


@dataclass(frozen=True, slots=True)
class Findable:
    """A picture as the search knows it.

    Args:
        words: for the text index, folded.
        seen: `Seen` as JSON; None while nothing was measured.
        read: the lines that can be read in it, folded, one a line.
        meaning: what its vector is made of.
    """

    words: str
    seen: str
    read: str
    meaning: str


def findable(texts: Texts, facts: Facts | None) -> Findable:
    """Put together what is known of a picture."""
    name = re.sub(r"\.[A-Za-z0-9]{2,5}$", "", texts.filename).replace("_", " ").replace("-", " ")
    said = [text[:MOST_TEXT] for text in (name, texts.title, texts.description, texts.told)]
    lines = [line.text for line in facts.text] if facts else []
    measured = _measured_words(facts) if facts else []
    named = [concept for text in said for concept in concepts(fold(text))]
    words = [
        *said,
        *measured,
        *marks(facts),
        *(wider for name in named for wider in _wider(name)),
        " ".join(lines)[:MOST_TEXT],
    ]
    return Findable(
        words=fold(" ".join(filter(None, words))),
        seen=json.dumps(_seen(texts, name, facts), ensure_ascii=False, separators=(",", ":")),
        read="\n".join(fold(line) for line in lines)[:MOST_TEXT],
        meaning=_meaning(texts, name, facts),
    )


def marks(facts: Facts | None) -> list[str]:
    """Made-up words for what a picture as a whole is, so that the text index can choose by them."""
    if facts is None:
        return []
    known = _measured(facts)
    kinds_of = [f"{KIND_MARK}{kind}" for kind, holds in KINDS.items() if holds(known)]
    shares = known.get("c", {})
    wholly = (colour_mark(colour) for colour, share in shares.items() if share >= WHOLE_COLOUR)
    return [*kinds_of, *wholly]


def colour_mark(colour: str) -> str:
    """The made-up word for what is of a colour as a whole."""
    return COLOUR_MARK + colour.replace(" ", "")


def _measured_words(facts: Facts) -> list[str]:
    """Names of what was measured, and of what they are kinds of."""
    found: list[str] = [caption(facts)]
    for item in facts.objects:
        found += [item.name, *_wider(item.name), *(basic(colour.name) for colour in item.colours)]
    for label in facts.labels:
        found += [label.name, *kinds(label.name)]
    if facts.faces:
        found += ["face", "person"]
    found += [colour.name for colour in facts.colours] + [basic(colour.name) for colour in facts.colours]
    found += [facts.scene.setting or "", facts.scene.medium or "", *_of_scene(facts)]
    return list(dict.fromkeys(filter(None, found)))


def _of_scene(facts: Facts) -> list[str]:
    """Words for the sky, for green and for shades of grey."""
    scene = facts.scene
    found = [SKIES[scene.sky]] if scene.sky else []
    return [*found, *([GREEN] if scene.green else []), *(["monochrome black and white"] if scene.monochrome else [])]


def _wider(concept: str) -> list[str]:
    """A thing's name and those of what it is a kind of."""
    return [
        concept,
        *kinds(concept),
        *(group for group, names in GROUPS.items() if concept in names and group != "thing"),
    ]


def _seen(texts: Texts, name: str, facts: Facts | None) -> dict[str, Any]:
    """What `Seen` reads: short keys, as there is one of these for each picture."""
    own = fold(f"{texts.title} {texts.description}")
    known: dict[str, Any] = {
        key: [list(concepts(text)), list(colours_in(text))]
        for key, text in (("w", own), ("t", fold(texts.told)), ("n", fold(name)))
        if concepts(text) or colours_in(text)
    }
    return known | _measured(facts) if facts is not None else known


def _measured(facts: Facts) -> dict[str, Any]:
    known: dict[str, Any] = {}
    known["o"] = [
        [item.name, round(item.confidence, 3), int(item.sure), _colours(item.colours)] for item in facts.objects
    ]
    known["l"] = [[list(kinds(label.name)), round(label.confidence, 3), int(label.sure)] for label in facts.labels]
    known["f"] = [[round(face.confidence, 3), int(face.sure)] for face in facts.faces]
    shares: dict[str, float] = {}
    for colour in facts.colours:
        for name in {colour.name, basic(colour.name)}:
            shares[name] = shares.get(name, 0.0) + colour.share
    known["c"] = {colour: round(share, 3) for colour, share in shares.items()}
    known["s"] = facts.scene.setting
    known["m"] = facts.scene.medium
    known["g"] = int(facts.scene.monochrome)
    known["a"] = int(facts.motion is not None)
    known["q"] = [facts.quality.focus, facts.quality.exposure]
    if facts.text:
        known["r"] = round(sum(line.confidence for line in facts.text) / len(facts.text), 3)
    return {key: value for key, value in known.items() if value not in (None, [], 0, {})}


def _colours(colours: Iterable[Any]) -> list[str]:
    """The basic colours of a thing, and their shades."""
    there = [colour.name for colour in colours if colour.share >= LEAST_SHARE]
    return list(dict.fromkeys([*map(basic, there), *there]))


def _meaning(texts: Texts, name: str, facts: Facts | None) -> str:
    """What a person would say of the picture, the most telling first; a name that only a camera gave is left out."""
    parts: list[str] = [texts.title, texts.description]
    if re.search(r"[^\W\d_]{3,}", CAMERA_NAMES.sub("", name)):
        parts.append(name)
    parts.append(texts.told)
    if facts is not None:
        parts += [caption(facts), ", ".join(_telling(facts))]
    return ". ".join(part.strip()[:SPOKEN_OF] for part in parts if part and part.strip())


def _telling(facts: Facts) -> Sequence[str]:
    """Words that say more of a picture than its caption does."""
    found: list[str] = []
    for label in facts.labels:
        found += [label.name, *kinds(label.name)]
    for item in facts.objects:
        found += _wider(item.name)
    found += [basic(colour.name) for colour in facts.colours[:3] if colour.share >= 0.1]
    if facts.scene.setting:
        found.append(facts.scene.setting)
    if facts.scene.sky:
        found.append(f"{facts.scene.sky} sky")
    if facts.scene.green:
        found.append("greenery")
    return list(dict.fromkeys(found))[:14]
