"""The things a query names, each with its colours, its number and whether it is wanted."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass

from services.answers import inflection
from services.answers.aliases import spans
from services.answers.colours import colours_in
from services.answers.nouns import LABEL_ONLY
from services.answers.text_folding import LETTER, pattern
from services.library.query_colours import SHADES, colours_named, whole_colours, without_colours
from services.library.query_filters import NEGATIONS, NOT, NOT_AFTER
from services.library.query_plural import is_plural

MANY = 99
_NUMBERS = {
    "one": 1, "single": 1, "two": 2, "couple": 2, "pair": 2, "both": 2, "three": 3, "four": 4, "five": 5, "six": 6,
    "seven": 7, "eight": 8, "nine": 9, "ten": 10, "एक": 1, "दो": 2, "दोन": 2, "तीन": 3, "चार": 4, "पांच": 5, "पाच": 5,
    "छह": 6, "सहा": 6,
}  # fmt: skip
_NUMBER = rf"(?P<number>\d{{1,2}}|{'|'.join(_NUMBERS)})"
_COUNT = re.compile(
    rf"(?<!{LETTER})(?P<bound>at least |more than |over |at most |up to |fewer than |less than |"
    rf"exactly |only |just )?(?:a )?{_NUMBER}"
    rf"(?P<more> or more)?(?: of)?(?: different)?\s+(?:{LETTER}+\s+)?$"
)
_SEVERAL = re.compile(
    rf"(?<!{LETTER})(?:many|several|multiple|lots of|a lot of|a group of|a crowd of|crowds? of|groups? of|"
    rf"कई|बहुत सारे|अनेक|खूप)\s+(?:{LETTER}+\s+)?$"
)
_SAID_OF = re.compile(r"\s*(?:(?:that|which|who) )?(?:is|are|was|were|isn't|aren't)\b")
_JOINS = re.compile(r"^\s*(?:,|and|or|nor|&|और|आणि|या|किंवा)\s*(?:the |a |an |any )?$")
_BUT = re.compile(r"\b(?:but|लेकिन|पर|पण|मगर)\s*(?:with |also )?(?:a |an |the )?$")
_TOGETHER = pattern(
    r"\b(?:together|side by side|next to each other|in (?:one|the same) (?:picture|photo|image)|"
    r"both(?= .*\band\b)|एक साथ|साथ साथ|साथ में|एकत्र|दोनों|दोन्ही|दोघे)\b"
)
_AND = re.compile(r"\s*(?:,|and|&|और|तथा|आणि|व)\s*(?:and\s*|with\s*)?")
_NEGATION = re.compile(rf"(?<!{LETTER})(?:{NEGATIONS})(?!{LETTER})")
# Marathi joins "without" to the noun; the form it leaves is known with another ending.
_UNJOINED = (
    (pattern(r"\bलोकांशिवाय\b"), "लोक शिवाय"),
    (pattern(r"ांशिवाय\b"), "ांना शिवाय"),
    (pattern(r"(?<=\w)शिवाय\b"), " शिवाय"),
)
EMPTY = frozenset(
    """
    a about all also an and any are as at be been being but by can containing could detected detection detections did do
    does else find for from get give given had has have having here i if image images in into is it its item just kind
    like look looking looks me mine more most my near of on one ones only onto or our out over photo photograph
    photographs photos pic pics picture pictures please search see seen shot shots show showing shows some something
    somewhere sort such taken than that the their them then there these they thing things this those to too under up us
    very want wanted was we were what when where which while who whose will with within would you your
    one's it's there's i'm shall let lets every each other another someone somebody
    की का के को में से पर है हैं और या वह यह ये वो जो एक कोई कुछ सभी सब फोटो चित्र तस्वीर तस्वीरें तस्वीरे दिखाओ दिखाइए
    दिखाएं वाली वाले वाला मुझे मेरी मेरे मेरा हो साथ जिसमें जिनमें लिए ढूंढो खोजो पास
    ची चा चे च्या मध्ये मधील आहे आहेत आणि दाखवा दाखव असलेले असलेली असलेला मला माझे माझी माझा सर्व काही किंवा ज्यात ते ती
    तो हे ही हा शोधा छायाचित्रे छायाचित्र असलेल्या चित्रे
    uploaded added taken made snap snaps snapshot snapshots coloured colored colour color colours colors
    तस्वीरों चित्रों फोटोज फोटोओं ने वालों खींची खींचे खींचा ली गई गए गया हुई हुए हुआ रंग रंगों ऐसी ऐसे सिर्फ केवल
    काढलेले काढलेली काढलेला काढलेल्या घेतलेले घेतलेली घेतलेला अपलोड केलेले केलेली फक्त त्या सगळे सगळी अशी असे असा व
    """.split()
)
"""Words that say nothing of what is looked for."""


@dataclass(frozen=True, slots=True)
class Thing:
    """Something that should be in the picture, or should not.

    Args:
        concept: by its English name; None for a colour of the whole picture, "anything" for whatever was detected.
        colours: it should have one of them; basic ones, or in a shade ("dark red").
        count: least and most of them, if that was said.
        wanted: False for what should not be there.
    """

    concept: str | None
    colours: tuple[str, ...] = ()
    count: tuple[int, int] | None = None
    wanted: bool = True

    @property
    def is_vague(self) -> bool:
        """Whether it may be there unseen: only labels could show it, and they know a few of its kind alone."""
        return self.wanted and self.concept in LABEL_ONLY and not self.colours and self.count is None

    @property
    def words(self) -> str:
        return " ".join([*self.colours, *([self.concept] if self.concept else [])])

    @property
    def counted(self) -> str:
        """ "2 ", "at least 2 " or ""."""
        match self.count:
            case None:
                return ""
            case (least, most) if least == most:
                return f"{least} "
            case (0, most):
                return f"at most {most} "
            case (least, _):
                return f"at least {least} "


@dataclass(frozen=True, slots=True)
class Named:
    """An alternative taken apart.

    Args:
        left: words that are wanted and no names of things.
        denied: words that are not wanted.
        said: all that is wanted, in the words and the order it was said.
        loose: whether several kinds of things are named in the plural ("dogs and cats") and not said to be together.
    """

    things: tuple[Thing, ...]
    left: list[str]
    denied: list[str]
    said: list[str]
    loose: bool = False


def things_in(part: str) -> Named:
    """Things an alternative names, the other words that are wanted, and those that are not."""
    for joined, apart in _UNJOINED:
        part = joined.sub(apart, part)
    part, together = _TOGETHER.subn(" ", part)
    whole, part = whole_colours(part)
    found = spans(part)
    things = [Thing(None, colours, wanted=wanted) for colours, wanted in whole]
    left: list[str] = []
    denied: list[str] = []
    said: list[str] = []
    end = 0
    for number, (start, stop, concept) in enumerate(found):
        before = part[end:start]
        after = NOT_AFTER.match(part[stop:])
        count, before = _count(before)
        before, colours = _colours_of_next(before)
        unwanted = after is not None or NOT.search(_bare(before)) is not None
        if not unwanted and number and not things[-1].wanted:
            unwanted = bool(_JOINS.match(_bare(before) or " ")) and not _BUT.search(before)
        things.append(Thing(concept, colours, count, wanted=not unwanted))
        said += _sort(before, left, denied)
        said += [*colours, part[start:stop]] if not unwanted else []
        end = stop + (after.end() if after else 0)
    said += _tail(part[end:], things, left, denied)
    said += [colour for colours, wanted in whole if wanted for colour in colours]
    loose = not together and _is_loose(part, found)
    return Named(tuple(dict.fromkeys(things)), left, denied, said, loose)


def _is_loose(part: str, found: tuple[tuple[int, int, str], ...]) -> bool:
    """Whether all things are in the plural, with nothing but an "and" and colours between them."""
    between = (part[stop:start] for (_, stop, _), (start, _, _) in itertools.pairwise(found))
    joined = (_AND.fullmatch(without_colours(words) or " ") for words in between)
    return len(found) > 1 and all(joined) and all(is_plural(part[start:stop]) for start, stop, _ in found)


def _tail(tail: str, things: list[Thing], left: list[str], denied: list[str]) -> list[str]:
    """Colours that follow the last thing: of it, or of the whole picture."""
    colours = colours_named(tail)
    rest = [
        word for word in _words(_NEGATION.sub(" ", without_colours(tail) if colours else tail)) if not is_empty(word)
    ]
    # Of "a red dress", where dresses are not known, both words are looked for.
    if colours and not rest:
        # "cars that are not red" speaks of the cars, "a car, blue" of the picture.
        of = things[-1].concept if things and _SAID_OF.match(tail) else None
        things.append(Thing(of, colours, wanted=_NEGATION.search(tail) is None))
        return list(colours) if things[-1].wanted else []
    return _sort(tail, left, denied)


def _colours_of_next(before: str) -> tuple[str, tuple[str, ...]]:
    """The words before a thing without its colours, and these: what stands right before it, or one word away."""
    words = before.split()
    start = len(words)
    strangers = 0
    for place in range(len(words) - 1, -1, -1):
        word = words[place].strip(",")
        if colours_in(word) or (word in SHADES and start < len(words)):
            start = place
        elif word not in ("and", "or", "और", "आणि", "या", "किंवा", ""):
            strangers += 1
            if strangers > 1 or is_empty(word):
                break
    run = words[start:]
    colours = colours_named(" ".join(run))
    kept = [word for word in run if not colours_in(word) and word.strip(",") not in (*SHADES, "and", "or")]
    return " ".join([*words[:start], *kept]) + " ", colours


def _count(before: str) -> tuple[tuple[int, int] | None, str]:
    """How many, and the words before the thing without their number."""
    several = _SEVERAL.search(before)
    if several:
        return (3, MANY), before[: several.start()] + " "
    hit = _COUNT.search(before)
    if hit is None:
        return None, before
    number = _NUMBERS.get(hit["number"]) or int(hit["number"] if hit["number"].isdigit() else 1)
    if hit["number"] == "एक":
        return None, before  # "a", more often than "one"
    rest = before[: hit.start()] + " " + before[hit.end("number") :].removeprefix(" or more")
    match (hit["bound"] or "").strip():
        case "at least":
            return (number, MANY), rest
        case "more than" | "over":
            return (number + 1, MANY), rest
        case "at most" | "up to":
            return (0, number), rest
        case "fewer than" | "less than":
            return (0, number - 1), rest
        case _:
            return (number, MANY if hit["more"] else number), rest


def _sort(words: str, left: list[str], denied: list[str]) -> list[str]:
    """Words into those wanted, which are given back, and those that stand after a negation, up to the next comma or
    "but"."""
    before = len(left)
    for piece in re.split(r"[,;.]|\bbut\b|\band\b", words):
        negation = _NEGATION.search(piece)
        wanted = piece[: negation.start()] if negation else piece
        left += _words(wanted)
        if negation:
            denied += _words(_NEGATION.sub(" ", piece[negation.end() :]))
    return left[before:]


def is_empty(word: str) -> bool:
    """Whether a word says nothing of what is looked for, with whatever ending Marathi joins to it."""
    return word in EMPTY or any(base in EMPTY and len(base) > 2 for base in inflection.bases(word))


def _words(text: str) -> list[str]:
    return [word for word in re.findall(rf"{LETTER}+", text.replace("_", " ")) if len(word) > 1 or word.isdigit()]


def _bare(before: str) -> str:
    """The words before a thing without its colours, so that "no red cars" is seen to be a "no"."""
    kept = [word for word in before.split() if not colours_in(word) and word not in SHADES]
    return " ".join(kept) + " "
