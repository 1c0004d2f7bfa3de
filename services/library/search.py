"""Finding pictures by what is known of them: only what matches, the surest first, and why."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from models.chats import Conversation, Message
from models.database import Database
from models.media import Analysis, ConversationImage, Image
from services.answers.aliases import concepts
from services.answers.colours import basic, colours_in
from services.answers.nouns import members
from services.answers.seen import evidence, people
from services.answers.text_folding import LETTER, fold
from services.library.query import Kind, Orientation, Query, Thing, understand
from services.vision.facts import Facts
from services.vision.facts_json import from_json

TOLD = 0.6
"""How sure a match is that rests on what a cloud model said of the picture, which gives no number of its own."""
WHOLE_COLOUR = 0.15
"""The share of a picture from which on it is "a red picture"."""
MIMES: dict[Kind, str] = {"png": "image/png", "jpeg": "image/jpeg", "gif": "image/gif"}


@dataclass(frozen=True, slots=True)
class Known:
    """A picture with all that can be searched of it: what was measured, and what was first said of it."""

    image: Image
    facts: Facts | None
    caption: str
    told: str

    @property
    def taken_at(self) -> str | None:
        return self.facts.capture.taken_at if self.facts else None


@dataclass(frozen=True, slots=True)
class Hit:
    """A picture that matches.

    Args:
        relevance: 0-1; of what was asked for, how surely it is there.
        confidence: of the least sure thing found in it; None where no thing was asked for.
        matched: what it was found by, in words.
    """

    known: Known
    relevance: float
    confidence: float | None
    matched: tuple[str, ...]


class ImageSearch:
    """Searches the pictures of owners."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def find(self, owner_id: str, text: str, now: datetime) -> tuple[Query, list[Hit]]:
        """What was understood, and every picture that matches, the most relevant first.

        Args:
            now: the caller's time, with their zone.
        """
        query = understand(text, now)
        hits = [hit for known in self._known(owner_id, query) if (hit := match(known, query, now)) is not None]
        hits.sort(key=lambda hit: (-hit.relevance, -hit.known.image.created_at.timestamp(), hit.known.image.id))
        return query, hits

    def _known(self, owner_id: str, query: Query) -> list[Known]:
        first = (
            select(ConversationImage.image_id, Message.content)
            .join(Conversation, Conversation.id == ConversationImage.conversation_id)
            .join(Message, Message.conversation_id == Conversation.id)
            .where(Conversation.surface == "classic", Conversation.owner_id == owner_id, Message.seq == 1)
            .subquery()
        )
        rows = (
            select(Image, Analysis.facts, Analysis.caption, first.c.content)
            .outerjoin(Analysis, Analysis.sha256 == Image.sha256)
            .outerjoin(first, first.c.image_id == Image.id)
            .where(Image.owner_id == owner_id)
        )
        if query.period and query.period.since:
            # A picture cannot have been taken after it was uploaded.
            rows = rows.where(Image.created_at >= query.period.since)
        with self.database.read() as session:
            return [
                Known(image, _facts(stored), caption or "", told or "")
                for image, stored, caption, told in session.execute(rows)
            ]


def match(known: Known, query: Query, now: datetime) -> Hit | None:
    """Whether a picture is what was asked for, and how surely."""
    reasons: list[str] = []
    scores: list[float] = []
    if not _fits(known, query, now, reasons):
        return None
    found = _best_group(known, query.groups)
    if found is None:
        return None
    things, confidences = found
    if confidences and min(confidences) < query.least_confidence:
        return None
    reasons += things
    scores += confidences
    for said in query.reads:
        sure = _reads(known, said)
        if sure is None:
            return None
        reasons.append(f"text “{said}”")
        scores.append(sure)
    if query.words:
        share = _share_of_words(known, query.words)
        # With nothing else to go by, more than half of the words have to be there.
        if share <= (0.5 if not (scores or reasons) else 0.0):
            return None
        reasons.append("words: " + ", ".join(word for word in query.words if _has_word(known, word)))
        scores.append(share * 0.9)
    if not reasons:
        return None
    relevance = sum(scores) / len(scores) if scores else 0.9
    return Hit(
        known, round(min(1.0, relevance), 3), round(min(confidences), 3) if confidences else None, tuple(reasons)
    )


def _facts(stored: dict[str, object] | None) -> Facts | None:
    if stored is None:
        return None
    try:
        return from_json(stored)
    except ValueError:
        return None  # measured by another version; it is measured anew when it is next looked at


def _fits(known: Known, query: Query, now: datetime, reasons: list[str]) -> bool:
    """Dates, orientation, kinds and setting: conditions that hold or do not."""
    if query.period:
        taken = _taken(known, now)
        if not query.period.holds(taken):
            return False
        reasons.append(f"date {taken.date().isoformat()}")
    if query.orientation:
        if _orientation(known.image) != query.orientation:
            return False
        reasons.append(query.orientation)
    for kind in query.kinds:
        if not _is_kind(known, kind):
            return False
        reasons.append(kind)
    if query.setting:
        is_there = known.facts is not None and known.facts.scene.setting == query.setting
        if is_there != query.setting_wanted:
            return False
        reasons.append(query.setting if query.setting_wanted else f"not {query.setting}")
    return True


def _taken(known: Known, now: datetime) -> datetime:
    """When the camera says it was, in the caller's zone; else when it was uploaded."""
    if known.taken_at:
        try:
            return datetime.fromisoformat(known.taken_at).replace(tzinfo=now.tzinfo)
        except ValueError:
            pass  # a camera whose clock was never set
    return known.image.created_at.astimezone(now.tzinfo)


def _orientation(image: Image) -> Orientation:
    ratio = image.width / image.height
    return "square" if 0.95 <= ratio <= 1.05 else "landscape" if ratio > 1 else "portrait"


def _is_kind(known: Known, kind: Kind) -> bool:
    if kind in MIMES:
        return known.image.mime_type == MIMES[kind]
    if known.facts is None:
        return False
    if kind == "animation":
        return known.facts.motion is not None
    return known.facts.scene.medium == kind


def _best_group(known: Known, groups: Sequence[Sequence[Thing]]) -> tuple[list[str], list[float]] | None:
    """The alternative that holds most surely: reasons and confidences; None when none holds."""
    if not groups:
        return [], []
    best: tuple[list[str], list[float]] | None = None
    for group in groups:
        reasons: list[str] = []
        confidences: list[float] = []
        for thing in group:
            sure = _sureness(known, thing)
            if thing.wanted == (sure is None):
                break
            reasons.append(thing.words if thing.wanted else f"no {thing.words}")
            if thing.wanted and sure is not None:
                confidences.append(sure)
        else:
            if best is None or sum(confidences) > sum(best[1]):
                best = reasons, confidences
    return best


def _sureness(known: Known, thing: Thing) -> float | None:
    """How surely a thing is in the picture; None when it is not."""
    if known.facts is None:
        return _told_sureness(known, thing)
    if thing.concept is None:
        return _whole_colour(known.facts, thing.colours)
    found = evidence(known.facts, thing.concept, thing.colours)
    if thing.count is not None:
        there = max(len(found.sure), people(known.facts) if thing.concept == "person" else 0)
        if there != thing.count:
            return None
    objects = [item.confidence for item in (*found.sure, *found.maybe)]
    labels = [label.confidence for label in (*found.labels, *found.labels_maybe)]
    if thing.concept in ("person", "face") and not thing.colours:
        objects += [face.confidence for face in known.facts.faces]
    return max([*objects, *labels], default=None)


def _whole_colour(facts: Facts, colours: tuple[str, ...]) -> float | None:
    share = sum(colour.share for colour in facts.colours if basic(colour.name) in colours)
    return min(1.0, 0.5 + share) if share >= WHOLE_COLOUR else None


def _told_sureness(known: Known, thing: Thing) -> float | None:
    """What was said of a picture that nothing was measured of."""
    told = fold(known.told)
    named = set(concepts(told))
    coloured = not thing.colours or bool(set(thing.colours) & set(colours_in(told)))
    there = thing.concept is None or bool({thing.concept, *members(thing.concept)} & named)
    return TOLD if there and coloured and told else None


def _reads(known: Known, said: str) -> float | None:
    """How surely words can be read in the picture."""
    wanted = fold(said)
    lines = known.facts.text if known.facts else ()
    found = [line.confidence for line in lines if wanted in fold(line.text)]
    if found:
        return max(found)
    together = fold(" ".join(line.text for line in lines))
    if wanted in together:
        return min(line.confidence for line in lines)
    return TOLD if not known.facts and wanted in fold(known.told) else None


def _share_of_words(known: Known, words: Sequence[str]) -> float:
    return sum(_has_word(known, word) for word in words) / len(words)


def _has_word(known: Known, word: str) -> bool:
    """Whether a word, or another form of it, stands in the name, what was read, or what was said of a picture."""
    stem = word[:-1] if len(word) > 4 and word.endswith("s") else word
    return re.search(rf"(?<!{LETTER}){re.escape(stem)}", _text(known)) is not None


def _text(known: Known) -> str:
    facts = known.facts
    parts = [known.image.filename.replace("_", " ").replace("-", " "), known.caption, known.told]
    if facts:
        parts += [line.text for line in facts.text]
        parts += [label.name for label in facts.labels] + [item.name for item in facts.objects]
    return fold(" ".join(parts))
