"""What a question asks: from words to `Ask` values. Tables in `patterns` and `aliases`, the steps here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from services.answers.aliases import concepts, spans
from services.answers.colours import colours_in
from services.answers.patterns import kinds, mark, spelled, topics
from services.answers.text_folding import fold
from services.content import Message

Side = Literal["left", "right", "top", "bottom", "centre"]


@dataclass(frozen=True, slots=True)
class Ask:
    """One thing asked for.

    Args:
        kind: which kind of question it is, one of `patterns.Kind`.
        subjects: the things it is about, by noun name, in the order named.
        unknown: words that name a thing we have no name for, as the person wrote them (folded).
        colours: basic colours it names.
        topic: for `unsupported`, what cannot be told.
        sides: parts of the picture it names.
        quoted: for `says`, the words looked for.
        picture: which of several pictures it is about, counted from 0; None for all.
        whole: it asks about the picture as a whole ("the picture", not a thing in it).
        qualified: it says of people more than can be measured: man, woman, child.
    """

    kind: str
    subjects: tuple[str, ...] = ()
    unknown: str | None = None
    colours: tuple[str, ...] = ()
    topic: str | None = None
    sides: tuple[Side, ...] = ()
    quoted: str | None = None
    picture: int | None = None
    whole: bool = False
    qualified: bool = False


_LONGEST, _MOST = 2000, 6  # characters read and clauses answered: nobody asks more in one breath
_SIDES: tuple[Side, ...] = ("left", "right", "top", "bottom", "centre")
_NTH = ("first picture", "second picture", "third picture")


def understand(question: str, history: Sequence[Message] = ()) -> tuple[Ask, ...]:
    """What is asked, in order; at least one Ask, `unknown` where nothing was understood.

    Args:
        question: as the person put it, in English, Hindi or Marathi, in either script.
        history: the conversation before it, oldest first: "it" and "and the dog?" refer to it.
    """
    asks: tuple[Ask, ...] = ()
    for clause in _clauses(spelled(fold(question[:_LONGEST])))[:_MOST]:
        named = next((ask.subjects[-1] for ask in reversed(asks) if ask.subjects), None)
        asks += (_resolve(_one(clause), clause, history, named),)
    asks = tuple(replace(ask, unknown=_as_written(ask.unknown, question)) for ask in asks)
    real = tuple(ask for ask in asks if ask.kind not in ("greeting", "thanks"))
    return real or asks or (Ask("unknown"),)


def _as_written(words: str | None, question: str) -> str | None:
    """Folded words as the person wrote them, to be quoted back."""
    written = {fold(word.strip("?.,!।")): word.strip("?.,!।") for word in question[:_LONGEST].split()}
    return " ".join(written.get(word, word) for word in words.split()) if words else None


def _clauses(text: str) -> list[str]:
    pieces = [
        piece.strip(" ,.") for sentence in mark("sentence end").split(text) for piece in mark("joint").split(sentence)
    ]
    return [piece for piece in pieces if piece]


def _one(text: str) -> Ask:
    sides = tuple(side for side in _SIDES if mark(side).search(text))
    picture = next((index for index, nth in enumerate(_NTH) if mark(nth).search(text)), None)
    ask = Ask(
        "unknown",
        subjects=concepts(text),
        colours=colours_in(text),
        sides=sides,
        picture=picture,
        whole=mark("whole picture").search(text) is not None,
        qualified=mark("qualified person").search(text) is not None,
    )
    kind, quoted = _kind(text)
    if kind in _BEFORE_TOPICS and not (kind == "text" and _topic(text) == "meaning"):
        return replace(ask, kind=kind, quoted=quoted)
    if ask.whole and mark("picture size").search(text):
        return replace(ask, kind="size")
    topic = _topic(text)
    if topic is not None:
        return replace(ask, kind="unsupported", topic=topic)
    ask = _counting(ask, kind, text)
    return _refine(replace(ask, unknown=_unknown(text, ask)), text)


def _counting(ask: Ask, kind: str, text: str) -> Ask:
    """Of "how many legs does the dog have" it is the legs that are counted."""
    counted = mark("counted").search(text) if kind == "count" else None
    if counted is None or not ask.subjects:
        return replace(ask, kind=kind)
    return replace(ask, kind=kind, subjects=concepts(counted["head"]))


_BEFORE_TOPICS = frozenset(
    {
        "greeting",
        "thanks",
        "capability",
        "more",
        "says",
        "text",
        "taken_when",
        "taken_where",
        "camera",
        "safe",
        "day_night",
    }
)


def _topic(text: str) -> str | None:
    return next((name for name, topic in topics() if topic.search(text)), None)


def _kind(text: str) -> tuple[str, str | None]:
    for name, source in kinds():
        match = source.search(text)
        if match:
            words = match.groupdict()
            return name, (words.get("quoted") or words.get("word") or "").strip(" .")[:80] or None
    return "unknown", None


def _refine(ask: Ask, text: str) -> Ask:
    """Settle what one pattern alone cannot: "is the car red" is about a colour, "is the car on the left" a place."""
    return replace(
        ask, kind=_refined(ask, text), subjects=ask.subjects or (("person",) if ask.kind == "people" else ())
    )


def _refined(ask: Ask, text: str) -> str:
    there = mark("there").search(text) is not None
    closed = mark("yes or no").search(text) is not None and not mark("open").search(text)
    named = [name for name in ask.subjects if name != "thing"]
    if ask.colours and not there and ask.kind in _OF_COLOURS:
        if not named and mark("which of that colour").search(text):
            return "coloured"
        if closed:
            return "is_colour"
    if ask.sides and named and ask.kind in ("region", "where", "exists"):
        return _placed(ask, text, closed=closed and not there)
    match ask.kind:
        case "exists" | "people" | "unknown" if _is_attribute(ask, named, text):
            return "unsupported"
        case "people":
            return "exists"
        case "describe" if ask.sides and not named:
            return "region"
        case "describe" if named and not ask.whole:
            return "about"
        case "exists" if len(named) > 1 and mark("more than").search(text):
            return "count"
        case "exists" if "thing" in ask.subjects and not ask.sides:
            return "describe"
        case "region" | "biggest" | "nearest" | "where" if named and there:
            return "exists"
        case _:
            return ask.kind


def _is_attribute(ask: Ask, named: list[str], text: str) -> bool:
    """Whether it asks what a thing is like ("is the dog friendly", "is it big") and not whether it is there."""
    return (bool(named) or ask.unknown is not None) and not ask.whole and mark("attribute").search(text) is not None


_OF_COLOURS = frozenset({"exists", "colours", "unknown", "what_is", "describe", "region"})


def _placed(ask: Ask, text: str, *, closed: bool) -> str:
    """Of a question that names a thing and a side: is it there, what is beside it, is it left of another."""
    if closed and ({"left", "right"} <= set(ask.sides) or {"top", "bottom"} <= set(ask.sides)):
        return "where"
    if closed and len(ask.subjects) == 2:
        return "relation"
    if len(ask.subjects) == 1 and mark("side of").search(text):
        return "next_to"
    if closed:
        return "region"
    return "exists" if mark("there").search(text) else ask.kind


def _unknown(text: str, ask: Ask) -> str | None:
    """The words in a question's place for a thing, if they name none we know."""
    match = mark("thing").search(text)
    if match is None:
        return None
    words = next((group for group in match.groupdict().values() if group), "")
    words = mark("noise").sub(" ", words)
    for start, end, _ in reversed(spans(words)):
        words = words[:start] + " " + words[end:]
        if ask.subjects:
            return None
    kept = [word for word in words.split() if not mark("filler").fullmatch(word) and not colours_in(word)]
    return " ".join(kept[:4]) or None


def _resolve(ask: Ask, text: str, history: Sequence[Message], named: str | None) -> Ask:
    """Fill in what "it", "that" or "and the dog?" leaves to the conversation, or to what the clause before named."""
    follow = mark("follow-up").search(text)
    if follow and (ask.kind in ("unknown", "colours", "exists", "people") or ask.subjects):
        earlier = _last_ask(history)
        if earlier is not None and earlier.kind not in ("unknown", "greeting", "thanks"):
            if ask.subjects:
                kind = "about" if earlier.kind in ("describe", "more") else earlier.kind
                return replace(earlier, kind=kind, subjects=ask.subjects, unknown=None)
            if ask.sides:
                return replace(earlier, sides=ask.sides)
    if ask.kind == "unknown" and ask.subjects:
        return replace(ask, kind="describe" if ask.subjects == ("thing",) else "exists")
    needs = ask.kind in ("colours", "where", "is_colour", "count", "what_is", "unsupported")
    if needs and not ask.subjects and not ask.unknown and not ask.whole and _leans(text):
        mentioned = named or _last_mentioned(history)
        if mentioned is not None:
            ask = replace(ask, subjects=(mentioned,))
            return replace(ask, kind=_refined(ask, text))
    return ask


def _leans(text: str) -> bool:
    """Whether a question leaves its thing to the conversation: "where is it", "how many?"."""
    return mark("pronoun").search(text) is not None or mark("bare").search(text) is not None


def _last_ask(history: Sequence[Message]) -> Ask | None:
    for place in range(len(history) - 1, -1, -1):
        if history[place].role == "user" and history[place].text.strip():
            return understand(history[place].text, history[:place])[-1]
    return None


def _last_mentioned(history: Sequence[Message]) -> str | None:
    """The thing the conversation spoke of last: in the person's own words, else first in the answer to them."""
    answered: str | None = None
    for message in reversed(history):
        named = [name for name in concepts(fold(message.text)) if name != "thing"]
        if message.role == "assistant" and named:
            answered = named[0]
        elif message.role == "user" and (named or answered):
            return named[-1] if named else answered
    return answered
