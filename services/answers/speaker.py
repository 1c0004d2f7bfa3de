"""Words and grammar of the answer's language: how a count, a place, a list or a colour is said."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from services.answers.colours import colour_name
from services.answers.nouns import Forms, kinds, nouns, rows
from services.content import Language
from services.providers.base import Style
from services.vision.facts import Box, Colour

Named = tuple[str, int]  # a noun's name and how many of it
_UNCOUNTED = frozenset({"velvet", "hay", "wool", "dough", "corn", "guacamole", "chain mail", "sunglasses", "bubble"})
# shares of the picture's area: what is this large is close, this small far or little, this large everywhere
_NEAR, _FAR, _FILLING = 0.2, 0.02, 0.85


@dataclass(frozen=True, slots=True)
class Speaker:
    """Says things in one language and style."""

    language: Language
    style: Style

    @property
    def spoken(self) -> bool:
        return self.style == "spoken"

    @property
    def stop(self) -> str:
        """What ends a sentence."""
        return "।" if self.language == "hi" else "."

    def say(self, key: str, **values: object) -> str:
        """A sentence of the language's table with its places filled."""
        sentence = _phrases(self.language)[key]
        return _capital(sentence.format(**values)) if values else sentence

    def forms(self, name: str) -> Forms:
        return nouns(self.language).get(name) or Forms(name, name, name, name, "n")

    def number(self, count: int) -> str:
        return self.say(f"number.{count}") if count <= 10 else str(count)

    def things(self, named: Iterable[Named]) -> str:
        """ "a dog and two cats" """
        return self.listing([self.thing(name, count) for name, count in named])

    def thing(self, name: str, count: int) -> str:
        forms = self.forms(name)
        if count != 1:
            return f"{self.number(count)} {forms.many}"
        return article(forms.one) if self.language == "en" else f"{self.number(1)} {forms.one}"

    def counted(self, name: str, count: int) -> str:
        """As `thing`, with "one" said as a number."""
        return self.thing(name, count) if count != 1 else f"{self.number(1)} {self.forms(name).one}"

    def listing(self, items: Sequence[str]) -> str:
        joined = self.say("and").replace("␣", " ")
        return items[0] if len(items) == 1 else ", ".join(items[:-1]) + joined + items[-1] if items else ""

    def be(self, count: int) -> str:
        """is, are"""
        one, many = {"en": ("is", "are"), "hi": ("है", "हैं"), "mr": ("आहे", "आहेत")}[self.language]
        return one if count == 1 else many

    def raha(self, name: str) -> str:
        """Hindi's progressive, in the noun's gender."""
        return "रही" if self.forms(name).gender == "f" else "रहा"

    def position(self, box: Box) -> str:
        """Where in the picture: "at the top left"; spoken: "on your left, close"."""
        across, down = _thirds(box)
        if not self.spoken:
            return self.say("filling" if box.area > _FILLING else f"at.{across}.{down}")
        beside = self.say(f"spoken.{across}")
        if box.area >= _NEAR:
            return f"{beside}, {self.say('close')}"
        return f"{beside}, {self.say('far')}" if box.area <= _FAR else beside

    def side(self, side: str) -> str:
        return self.say(f"side.{side}")

    def colours(self, colours: Sequence[Colour], most: int = 3, least: float = 0.08) -> str:
        """Names of the largest colours, each once."""
        kept = [colour for colour in colours if colour.share >= least] or list(colours[:1])
        return self.listing([colour_name(colour.name, self.language) for colour in kept[:most]])

    def label(self, name: str) -> str:
        """An ImageNet label; in Hindi and Marathi the kind of thing it is, with the English name quoted."""
        if self.language == "en":
            return name if name in _UNCOUNTED else article(name)
        if name in nouns(self.language):
            return self.forms(name).one
        known = next((kind for kind in kinds(name) if kind in nouns(self.language)), None)
        quoted = f"“{name}”"
        return f"{self.forms(known).one} ({quoted})" if known else quoted

    def label_beside(self, name: str, seen: Iterable[str]) -> str | None:
        """A label said of the seen thing it is a kind of, else of the picture; None where it adds nothing."""
        seen = tuple(seen)
        if name.lower() in seen:
            return None
        thing = next((kind for kind in kinds(name) if kind in seen), None)
        if thing is None:
            return self.say("label_sure", label=self.label(name))
        forms = self.forms(thing)
        label = self.label(name) if self.language == "en" else f"“{name}”"
        return self.say("label_of", noun=forms.one, oblique=forms.oblique_one, label=label)

    def quote(self, lines: Sequence[str]) -> str:
        """Words read out of a picture, marked as such."""
        joined = _in_one_breath(lines) if self.spoken else ("\n" if len(lines) > 3 else " / ").join(lines)
        limit = 300 if self.spoken else 3000
        return f"“{joined if len(joined) <= limit else joined[:limit].rstrip() + '…'}”"

    def cloud(self) -> str:
        return self.say("cloud_spoken" if self.spoken else "cloud")

    def cannot(self, topic: str) -> str:
        return self.say("cannot", what=self.say(f"topic.{topic}"))


@cache
def _phrases(language: Language) -> dict[str, str]:
    return {row["key"]: row[language] for row in rows("phrases.tsv")}


def _in_one_breath(lines: Sequence[str]) -> str:
    """Lines as they are read aloud: a pause between two signs, none where a sentence goes on."""
    joined = ""
    for line in lines:
        pause = "" if not joined else " " if line[:1].islower() or joined[-1] in ".,;:!?।" else ", "
        joined += pause + line
    return joined


def article(noun: str) -> str:
    """English "a" or "an" before a noun."""
    starts = noun.lower()
    vowel = starts[0] in "aeiou" and not starts.startswith(("uni", "eu", "one"))
    return f"{'an' if vowel or starts in ('mri', 'x-ray') else 'a'} {noun}"


def side_of(box: Box, side: str) -> bool:
    """Whether a box lies in that part of the picture."""
    across, down = _thirds(box)
    middle = across == "centre" and down == "middle"
    return middle if side == "centre" else side in (across, down)


def reaches(box: Box, side: str) -> bool:
    """Whether a box stretches well into that part of the picture, wherever its middle lies."""
    near = {"left": box.left < 0.2, "right": box.right > 0.8, "top": box.top < 0.2, "bottom": box.bottom > 0.8}
    return near.get(side, box.left < 0.4 and box.right > 0.6 and box.top < 0.4 and box.bottom > 0.6)


def _thirds(box: Box) -> tuple[str, str]:
    x, y = box.centre
    wide, tall = box.right - box.left > 0.5, box.bottom - box.top > 0.5
    across = "centre" if (wide and 0.3 < x < 0.7) or 0.36 <= x <= 0.64 else "left" if x < 0.5 else "right"
    down = "middle" if (tall and 0.25 < y < 0.75) or 0.34 <= y <= 0.7 else "top" if y < 0.5 else "bottom"
    return across, down


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
