"""A prompt to steps, in the order they were said.

A sentence is cut at its joints ("then", commas, "and") and the pieces are put together again in the way that leaves
the least not understood: "black and white" stays one piece, "rotate it and flip it" becomes two. Each clause is shown
to every kind of edit; the first that uses up all of its meaning wins. A clause with a meaningful word left over was not
understood, and the reply says so: half an edit done to the whole picture is worse than none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from services.studio import phrases_canvas, phrases_draw, phrases_fill, phrases_geometry, phrases_size, phrases_tone
from services.studio.measures import CENTRE
from services.studio.navigation import parse_navigation
from services.studio.operations import Operation, PlainEdit, Shape
from services.studio.phrases_file import convert
from services.studio.words import Reader, Sentence, regular

MAX_STEPS = 60
_LONGEST_CLAUSE = 4  # pieces
_PARSERS = (
    *phrases_canvas.PARSERS[:2],
    *phrases_draw.PARSERS[:1],
    *phrases_geometry.PARSERS,
    *phrases_size.PARSERS,
    *phrases_tone.PARSERS,
    *phrases_fill.PARSERS,
    *phrases_draw.PARSERS[1:],
    *phrases_canvas.PARSERS[2:],
)
_STRONG = re.compile(
    r"(?:[.;!?]+(?=\s|$)|\n+|,?\s*\b(?:and |but )?(?:then|after that|afterwards|next(?! to)|finally|lastly|"
    r"before)\b,?)+",
    re.IGNORECASE,
)
_WEAK = re.compile(
    r"\s*(?:,\s*(?:and|but|plus|also)?|(?:\b(?:and(?: also)?|plus|as well as|also|but|while)|&)(?=\s)|"
    r"\bwith(?= (?:a|an|some|rounded|thick|thin|more|less|\d+)(?!\w))|\+(?=\s))\s*",
    re.IGNORECASE,
)
_NEGATED = re.compile(
    r"^\W*(?:but |and |please )*(?:don't|do not|dont|never|without|avoid|no(?= )|not\b)", re.IGNORECASE
)
_AFTER = re.compile(
    r"^(?P<second>.+?)\s+(?:after|once)\s+(?P<first>(?:you )?\w+ing\b.+|you(?:'ve| have) .+)$", re.IGNORECASE
)
_VERB = re.compile(r"[a-z][a-z-]*", re.IGNORECASE)
_VERB_WORDS = """
add apply blur brighten change colour convert create crop cut darken decrease delete draw enlarge erase fill flip
frame generate give increase insert invert keep lower make mirror move paint pixelate place put raise reduce remove
rename replace resize rotate round scale set sharpen shrink swap take tint trim turn write boost soften warm cool
trim enhance improve pad fit undo redo desaturate saturate posterize posterise solarize solarise get drop lose
save export
"""
_VERBS = frozenset(_VERB_WORDS.split())
_STICKY = frozenset({"remove", "delete", "erase", "replace", "swap", "get", "take", "move", "drop", "lose", "rename"})


@dataclass(frozen=True, slots=True)
class Understood:
    words: str
    operations: tuple[Operation, ...]
    kind: Literal["understood"] = "understood"


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """`leftovers` are the words nobody could use."""

    words: str
    leftovers: tuple[str, ...]
    kind: Literal["not_understood"] = "not_understood"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """The words ask that something not be done."""

    words: str
    kind: Literal["left_out"] = "left_out"


Step = Understood | NotUnderstood | LeftOut


@dataclass(frozen=True, slots=True)
class _Piece:
    text: str
    joint: str  # what stood before it
    strong: bool


@dataclass(frozen=True, slots=True)
class _Span:
    """What the pieces from `start` to before `end` come to."""

    start: int
    end: int
    step: Step


def parse(prompt: str) -> tuple[Step, ...]:
    """What a prompt asks for. Empty only for a prompt without a word; at most `MAX_STEPS` steps, the last of which
    then says that the rest was not read."""
    sentence = regular(prompt)
    pieces = _pieces(sentence)
    cut = len(pieces) > MAX_STEPS
    steps = _best(pieces[:MAX_STEPS], sentence)
    if cut:
        steps = [*steps, NotUnderstood(" ".join(piece.text for piece in pieces[MAX_STEPS:])[:200], ("…",))]
    return tuple(_spread([_restored(step, sentence) for step in steps]))


def operations(steps: tuple[Step, ...]) -> tuple[Operation, ...]:
    return tuple(one for step in steps if isinstance(step, Understood) for one in step.operations)


def _pieces(sentence: Sentence) -> list[_Piece]:
    pieces: list[_Piece] = []
    for number, part in enumerate(_strong_parts(sentence.text)):
        joint = ""
        position = 0
        for match in [*_WEAK.finditer(part), None]:
            text = part[position : match.start() if match else len(part)].strip()
            if text:
                pieces.append(_Piece(text, joint, strong=number > 0 and not joint))
                joint = match[0] if match else ""
            position = match.end() if match else len(part)
    return pieces


def _strong_parts(text: str) -> list[str]:
    parts: list[str] = []
    for part in _STRONG.split(text):
        stripped = part.strip(" ,")
        if not stripped:
            continue
        leading = re.match(r"^(?:after|once) (?P<first>[^,]+),\s*(?P<second>.+)$", stripped, re.IGNORECASE)
        order = leading or _AFTER.match(stripped)
        parts.extend([order["first"], order["second"]] if order else [stripped])
    return parts


def _best(pieces: list[_Piece], sentence: Sentence) -> list[Step]:
    """The cheapest way to group the pieces into clauses (dynamic programming from the end). An inherited verb is
    taken from the pieces before, not from the grouping, which is not known yet."""
    costs: list[tuple[float, list[_Span]]] = [(0.0, [])]
    for start in reversed(range(len(pieces))):
        options: list[tuple[float, list[_Span]]] = []
        for end in range(start + 1, min(start + _LONGEST_CLAUSE, len(pieces)) + 1):
            if any(piece.strong for piece in pieces[start + 1 : end]):
                break
            cost, step = _clause(pieces, start, end, sentence)
            tail_cost, tail = costs[len(pieces) - end]
            options.append((cost + (end - start - 1) + tail_cost, [_Span(start, end, step), *tail]))
        costs.append(min(options, key=lambda option: option[0]))
    return _joined(pieces, costs[-1][1])


def _joined(pieces: list[_Piece], spans: list[_Span]) -> list[Step]:
    """The steps, what was said in one breath and not understood told as one."""
    told: list[_Span] = []
    for span in spans:
        before = told[-1] if told else None
        lost = isinstance(span.step, NotUnderstood) and not pieces[span.start].strong
        if lost and before is not None and isinstance(before.step, NotUnderstood):
            words = _said(pieces, before.start, span.end)
            told[-1] = _Span(before.start, span.end, NotUnderstood(words, Reader(words).leftovers))
        else:
            told.append(span)
    return [span.step for span in told]


def _said(pieces: list[_Piece], start: int, end: int) -> str:
    text = "".join((piece.joint if number else "") + piece.text for number, piece in enumerate(pieces[start:end]))
    return re.sub(r"\s+", " ", text.replace(",", " , "))


def _clause(pieces: list[_Piece], start: int, end: int, sentence: Sentence) -> tuple[float, Step]:
    text = _said(pieces, start, end)
    if _NEGATED.match(text) and not re.match(r"^\W*(?:no|without) (?:colours?|background)\b", text, re.IGNORECASE):
        return 10.0, LeftOut(text)
    inherited = "" if pieces[start].strong or _verb(text) else _verb_before(pieces, start)
    if inherited:
        done = _understood(f"{inherited} {text}", sentence)
        if done:
            return 3.0, replace(done, words=text)
        if inherited in _STICKY:
            return 100.0, NotUnderstood(f"{inherited} {text}", (text,))
    done = _understood(text, sentence)
    if done:
        return 5.0 if inherited else 0.0, done
    # Each piece of what nobody understood counts, so that one of them that somebody does is not lost among the others.
    # What is said "with" a thing belongs to it.
    parts = 1 + sum(not piece.joint.strip().startswith("with") for piece in pieces[start + 1 : end])
    return 100.0 * parts, NotUnderstood(text, Reader(text).leftovers)


def _verb(text: str) -> str:
    words = [word.lower() for word in _VERB.findall(text)][:5]
    return next((stem for word in words for stem in (word, *_stems(word)) if stem in _VERBS), "")


def _stems(word: str) -> tuple[str, ...]:
    bare = re.sub(r"(?:ing|ed|s)$", "", word)
    return bare, bare + "e", bare[:-1]


def _verb_before(pieces: list[_Piece], start: int) -> str:
    for number in range(start - 1, -1, -1):
        if verb := _verb(pieces[number].text):
            return verb
        if pieces[number].strong:
            break
    return ""


def _understood(text: str, sentence: Sentence) -> Understood | None:
    if navigation := parse_navigation(text):
        return Understood(text, (navigation,))
    reader = Reader(text, sentence.quotes)
    if (kind := convert(reader)) and not reader.leftovers:
        return Understood(text, (kind,))
    for parser in _PARSERS:
        reader = Reader(text, sentence.quotes)
        edits: list[PlainEdit] | None = parser(reader)
        if edits and not reader.leftovers:
            return Understood(text, tuple(edits))
    return None


def _restored(step: Step, sentence: Sentence) -> Step:
    """The step with quotations put back into its words, or with all that was said, if that was another language."""
    if sentence.said is not None:
        return replace(step, words=sentence.said)
    words = re.sub(r"«(\d+)»", lambda match: f"“{sentence.quotes[int(match[1])]}”", step.words)
    return replace(
        step, words=re.sub(r"\s+([,.])", r"\1", words).replace("black-and-white", "black and white").strip(" ,")
    )


def _spread(steps: list[Step]) -> list[Step]:
    """Several shapes of one prompt that nobody gave a place stand side by side, not on top of one another."""
    loose = sum(_loose(one) for one in operations(tuple(steps)))
    if loose < 2:
        return steps
    spread: list[Step] = []
    number = 0
    for step in steps:
        if isinstance(step, Understood):
            moved: list[Operation] = []
            for one in step.operations:
                if isinstance(one, Shape) and _loose(one):
                    share = min(one.size.value, round(80 / loose, 1)) if one.size.unit == "percent" else one.size.value
                    where = replace(one.place, x=number / (loose - 1))
                    moved.append(replace(one, place=where, size=replace(one.size, value=share)))
                    number += 1
                else:
                    moved.append(one)
            spread.append(replace(step, operations=tuple(moved)))
        else:
            spread.append(step)
    return spread


def _loose(operation: Operation) -> bool:
    return isinstance(operation, Shape) and operation.place == CENTRE
