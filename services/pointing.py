"""How a question points at pictures: by their place, by a file's name, by what is in them, by "it"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from services.answers.aliases import concepts
from services.answers.nouns import members
from services.answers.text_folding import fold, pattern

NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
PICTURE = r"(?:picture|image|photo|photograph|pic|file|one)"
_COUNT = rf"(\d{{1,3}}|{'|'.join(NUMBERS)})"
FIRST_FEW = re.compile(rf"\b(?:first|oldest|earliest)\s+{_COUNT}\b(?!\s*(?:st|nd|rd|th)\b)")
LAST_FEW = re.compile(rf"\b(?:last|latest|newest|most recent)\s+{_COUNT}\b")
NTH = re.compile(rf"\b({'|'.join(ORDINALS)}|\d{{1,4}}(?:st|nd|rd|th))\b")
NTH_OF = re.compile(rf"\b{PICTURE}s?\b|\band\b|,|\bwith\b|\bto\b|\bvs\b|\?|$")
NUMBERED = re.compile(
    rf"(?:\b{PICTURE}s?\s*(?:numbers?|no\.?|#)?\s*|#)(\d{{1,4}}(?:(?:\s*,\s*|\s*&\s*|\s+(?:and|with|to)\s+)#?\d{{1,4}})*)\b"
)
FROM_END = re.compile(rf"\b(?:last|latest|newest|most recent)\s+{PICTURE}\b")
FROM_BEGINNING = re.compile(rf"\b(?:oldest|earliest)\s+{PICTURE}\b")
BACK = pattern(
    r"\b(?:it|its|they|them|their|that|those|these|this|more|he|she|his|her|same|"
    r"यह|ये|वह|वे|(?:इस|उस|इन|उन)(?:में|का|की|के|को|से|पर)?|इसे|उसे|इन्हें|उन्हें|"
    r"हे|ते|ती|यात|त्यात|यांत|त्यांत|(?:याच|त्याच|यांच|त्यांच)(?:ा|ी|े|्या)|याला|त्याला|यांना|त्यांना|यावर|त्यावर|"
    r"यामध्ये|त्यामध्ये|या (?:फोटो|चित्र)\w*|त्या)\b"
)
WORD = re.compile(r"[^\W_]{4,}")
GENERAL = frozenset({"image", "images", "img", "photo", "picture", "pic", "file", "untitled", "the", "what", "this"})
"""Stems of file names that a question says without meaning the file."""
_PLAIN = (
    "what which where when does have with there this that these those they them from about image images picture "
    "pictures photo photos show shows tell many much most more some colour color colours colors look looks like "
    "compare difference between describe please could would first second third fourth last file files"
)
PLAIN = frozenset(_PLAIN.split())


@dataclass(frozen=True, slots=True)
class Pointing:
    """What a question says of the pictures it is about.

    Args:
        asked: the question in lower case.
        words: what it names, as `library.keywords` writes it.
        back: it speaks of what was spoken of before.
    """

    asked: str
    words: tuple[str, ...]
    back: bool

    def places(self, names: Sequence[tuple[str, str]], total: int, first: int) -> list[int]:
        """Indices into `names` of the pictures it points at by number or by name, in their order.

        Args:
            names: ids and file names; the pictures numbered from `first` to `total`.
        """
        numbered = {place - first for place in self._numbers(total)}
        named = {index for index, (_, name) in enumerate(names) if _names(self.asked, name.lower())}
        return sorted(index for index in numbered | named if 0 <= index < len(names))

    def called(self, names: Sequence[tuple[str, str]]) -> list[int]:
        """Indices of the pictures it calls by their names without ending: "the coffee picture", "photo of coffee"."""
        stems = [(index, name.rsplit(".", 1)[0].lower()) for index, (_, name) in enumerate(names)]
        return [index for index, stem in stems if _says(self.asked, stem) and _calls(self.asked, stem)]

    def hints(self, names: Sequence[tuple[str, str]]) -> list[int]:
        """Indices of pictures whose name, without its ending, is a word of the question: it may mean the thing."""
        return [index for index, (_, name) in enumerate(names) if _says(self.asked, name.rsplit(".", 1)[0].lower())]

    def _numbers(self, total: int) -> set[int]:
        found: set[int] = set()
        if few := FIRST_FEW.search(self.asked):
            found |= set(range(_number(few[1])))
        if few := LAST_FEW.search(self.asked):
            found |= set(range(max(0, total - _number(few[1])), total))
        for nth in NTH.finditer(self.asked):
            # "the first picture", "the second and the third", but not "the first car".
            if NTH_OF.match(self.asked[nth.end() :].lstrip()):
                found.add(_ordinal(nth[1]) - 1)
        for numbers in NUMBERED.finditer(self.asked):
            found |= {int(number) - 1 for number in re.findall(r"\d+", numbers[1])}
        if FROM_END.search(self.asked):
            found.add(total - 1)
        if FROM_BEGINNING.search(self.asked):
            found.add(0)
        return {place for place in found if 0 <= place < total}


def pointing(question: str) -> Pointing:
    asked = question.lower()
    named = [name for concept in concepts(fold(question)) for name in (concept, *sorted(members(concept)))]
    plain = [word for word in WORD.findall(asked) if word not in PLAIN]
    words = dict.fromkeys(name.lower().replace(" ", "_") for name in [*named, *plain])
    return Pointing(asked, tuple(words)[:40], BACK.search(asked) is not None)


def _names(asked: str, name: str) -> bool:
    """Whether a question has a file's name in it, whole, or without its ending where it is no plain word."""
    stem = name.rsplit(".", 1)[0]
    return _says(asked, name) or (not stem.isalpha() and _says(asked, stem))


def _says(asked: str, name: str) -> bool:
    if len(name) < 3 or name in GENERAL or name not in asked:
        return False
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", asked) is not None


def _calls(asked: str, stem: str) -> bool:
    name = re.escape(stem)
    before = rf"\b(?:the|my|this|that)\s+{name}\s+{PICTURE}\b(?!s)"
    after = rf"\b{PICTURE}\s+(?:of|called|named)\s+(?:the\s+|a\s+|my\s+)?{name}(?!\w)"
    return re.search(rf"{before}|{after}", asked) is not None


def _number(word: str) -> int:
    return int(word) if word.isdigit() else NUMBERS.index(word) + 1


def _ordinal(word: str) -> int:
    return ORDINALS.index(word) + 1 if word in ORDINALS else int(word[:-2])
