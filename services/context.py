"""Which of a session's pictures a question is about: a few are shown to the model, the rest are told of in words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from models.chats import Conversation
from models.database import Database
from models.media import Analysis, ConversationImage, Image
from services.answers import caption
from services.content import ImagePart
from services.library.images import Images
from services.vision.facts import Facts
from services.vision.facts_json import from_json

SHOWN = 4
"""Pictures whose pixels a model gets at once; more cost much and are told apart badly."""
TOLD_OF = 60
TOKENS_AN_IMAGE = 750
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth")
DIGITS = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Known:
    """A picture and what has been measured of it, if it has been."""

    image: Image
    facts: Facts | None

    @property
    def description(self) -> str:
        return caption(self.facts) if self.facts else self.image.filename

    @property
    def confidence(self) -> float | None:
        """Of what the description says with most certainty."""
        if self.facts is None:
            return None
        found = [item.confidence for item in self.facts.objects if item.sure]
        found += [item.confidence for item in self.facts.labels if item.sure]
        return round(max(found), 3) if found else None


@dataclass(frozen=True, slots=True)
class Context:
    """What a question is asked over.

    Args:
        shown: pictures whose pixels go to the model.
        told: others, told of in words.
        total: how many pictures the session talks about.
        detailed: whether the pixels go in full resolution.
    """

    shown: tuple[Known, ...]
    told: tuple[Known, ...]
    total: int
    detailed: bool

    def parts(self, images: Images) -> tuple[ImagePart, ...]:
        return tuple(ImagePart(images.picture(known.image), "high" if self.detailed else "low") for known in self.shown)

    def in_words(self) -> str:
        """The pictures as a model is told of them; names and captions are data and fenced as such."""
        if not self.total:
            return "The user has no pictures in this session."
        lines = [f"The session has {self.total} pictures. You are shown these, in this order:"]
        lines += [_line(number, known) for number, known in enumerate(self.shown, 1)]
        if self.told:
            lines.append("Others, of which you only have these descriptions:")
            lines += [_line(number, known) for number, known in enumerate(self.told, len(self.shown) + 1)]
        return "\n".join(lines)


class Contexts:
    """Chooses pictures for questions."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def choose(self, conversation: Conversation, question: str, *, detailed: bool) -> Context:
        """The pictures for one question: those it names or describes, else those chosen first or added last.

        Args:
            detailed: send full resolution; one picture is always sent so.
        """
        candidates, total = self._candidates(conversation)
        known = self._known(candidates)
        ranked = sorted(range(len(known)), key=lambda index: (-_closeness(question, index, known[index]), index))
        shown = sorted(ranked[:SHOWN])
        rest = [index for index in ranked[SHOWN:] if index not in shown][: TOLD_OF - SHOWN]
        return Context(
            shown=tuple(known[index] for index in shown),
            told=tuple(known[index] for index in rest),
            total=total,
            detailed=detailed or len(shown) == 1,
        )

    def _candidates(self, conversation: Conversation) -> tuple[list[Image], int]:
        """Selected pictures in their order, or the owner's newest."""
        with self.database.read() as session:
            if conversation.use_all_images:
                every = select(Image).where(Image.owner_id == conversation.owner_id)
                newest = every.order_by(Image.created_at.desc(), Image.id.desc())
            else:
                newest = (
                    select(Image)
                    .join(ConversationImage, ConversationImage.image_id == Image.id)
                    .where(ConversationImage.conversation_id == conversation.id)
                    .order_by(ConversationImage.position)
                )
            found = list(session.execute(newest.limit(5000)).scalars())
        return found[:1000], len(found)

    def _known(self, images: Sequence[Image]) -> list[Known]:
        facts: dict[str, Facts] = {}
        hashes = list({image.sha256 for image in images})
        with self.database.read() as session:
            for begin in range(0, len(hashes), 500):
                rows = session.execute(
                    select(Analysis.sha256, Analysis.facts).where(Analysis.sha256.in_(hashes[begin : begin + 500]))
                )
                for sha256, stored in rows:
                    try:
                        facts[sha256] = from_json(stored)
                    except ValueError:
                        continue  # measured by another version; it is measured anew when it is looked at
        return [Known(image, facts.get(image.sha256)) for image in images]


def _closeness(question: str, index: int, known: Known) -> int:
    """How strongly a question points at a picture: by its name, its place in the order, or what it shows."""
    asked = question.lower()
    name = known.image.filename.rsplit(".", 1)[0].lower()
    words = set(re.findall(r"[^\W\d_]{3,}", asked))
    points = 0
    if len(name) > 2 and name in asked:
        points += 100
    if index < len(ORDINALS) and ORDINALS[index] in words:
        points += 50
    first = re.search(r"first (two|three|four|\d)", asked)
    if first:
        count = {"two": 2, "three": 3, "four": 4}.get(first[1]) or int(DIGITS.findall(first[1])[0])
        points += 50 if index < count else 0
    shown = set(re.findall(r"[^\W\d_]{3,}", f"{known.description} {name}".lower()))
    return points + len(words & shown)


def _line(number: int, known: Known) -> str:
    return f"{number}. <image id={known.image.id} name={known.image.filename!r}>{known.description}</image>"
