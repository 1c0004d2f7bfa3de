"""Which of a session's pictures a question is about: a few are shown to the model, the rest are told of in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, func, or_, select
from sqlalchemy.orm import Session

from models.chats import Conversation, Message
from models.database import Database
from models.media import Analysis, ConversationImage, Image
from services.agent.evidence import Picture
from services.content import ImagePart
from services.library.images import Images
from services.pointing import Pointing, pointing
from services.vision.facts_json import from_json

SHOWN = 4
"""Pictures whose pixels a model gets at once; more cost much and are told apart badly."""
TOLD_OF = 24
"""Pictures a model hears of unasked, in pixels or in words; it can search for more. Each is 60 tokens a round."""
NAMES = 5_000
"""Pictures, newest first, whose file names a question is compared with."""
FOUND = 200
TOKENS_AN_IMAGE = 750

# Built once: to put a statement together takes longer than to run it.
_NAMED = select(Image.id, Image.filename)
_CHOSEN = (
    _NAMED.join(ConversationImage, ConversationImage.image_id == Image.id)
    .where(ConversationImage.conversation_id == bindparam("conversation"))
    .order_by(ConversationImage.position)
)
_NEWEST = (
    _NAMED.where(Image.owner_id == bindparam("owner"), Image.video_id.is_(None))
    .order_by(Image.created_at.desc(), Image.id.desc())
    .limit(NAMES)
)
_CAPTIONED = (
    select(Image, Analysis.caption)
    .outerjoin(Analysis, Analysis.sha256 == Image.sha256)
    .where(Image.id.in_(bindparam("ids", expanding=True)))
)
_FACTS = select(Analysis.sha256, Analysis.facts).where(Analysis.sha256.in_(bindparam("hashes", expanding=True)))


@dataclass(frozen=True, slots=True)
class Known:
    """A picture and what has been measured of it, if it has been.

    Args:
        place: its number among the session's pictures, from 0, in the order they were chosen or uploaded.
        confidence: of what the description says with most certainty; known of shown pictures alone.
        reads: what can be read in it; None where it has not been looked at. Known of shown pictures alone.
    """

    image: Image
    place: int
    caption: str | None = None
    confidence: float | None = None
    reads: str | None = None

    @property
    def description(self) -> str:
        return self.caption or self.image.filename

    @property
    def picture(self) -> Picture:
        """It, as answers cite it."""
        return Picture(self.image.id, self.image.filename, self.image.title, self.description, self.confidence)


@dataclass(frozen=True, slots=True)
class Context:
    """What a question is asked over.

    Args:
        shown: pictures whose pixels go to the model, in their order.
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
        count = "1 picture" if self.total == 1 else f"{self.total} pictures"
        lines = [f"The session has {count}, numbered in the user's order. You are shown these, in this order:"]
        lines += [_line(known) for known in self.shown]
        if self.told:
            lines.append("Of these others you have descriptions alone:")
            lines += [_line(known) for known in self.told]
        left = self.total - len(self.shown) - len(self.told)
        if left:
            lines.append(f"Of the other {left} you are told nothing here.")
        return "\n".join(lines)


class Contexts:
    """Chooses pictures for questions."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def choose(
        self, conversation: Conversation, question: str, *, detailed: bool, listed: Sequence[str] = ()
    ) -> Context:
        """The pictures for one question: those it points at, or the talk was about where it says "it", or those that
        show what it names, and no others; else the first chosen or the last uploaded.

        Args:
            detailed: send full resolution; one picture is always sent so.
            listed: ids of the pictures the last answer listed: "the first two" are of those.
        """
        with self.database.read() as session:
            names, total = _names(session, conversation)
            asked = pointing(question)
            first = total - len(names)
            pointed = _of_those_listed(asked, names, listed) or asked.places(names, total, first) or asked.called(names)
            meant = (
                pointed
                or _last_shown(session, conversation, names, asked)
                or [*asked.hints(names), *_found(session, conversation, names, asked)]
            )
            usual = range(len(names) - 1, -1, -1) if conversation.use_all_images else range(len(names))
            ranked = list(dict.fromkeys([*meant, *(range(len(names)) if pointed else usual)]))
            shown = sorted(list(dict.fromkeys(meant))[:SHOWN] or ranked[:SHOWN])
            others = [place for place in ranked if place not in shown]
            known = _known(session, names, [*shown, *others[: TOLD_OF - len(shown)]], first, measured=len(shown))
        return Context(
            shown=tuple(known[: len(shown)]),
            told=tuple(known[len(shown) :]),
            total=total,
            detailed=detailed or len(shown) == 1,
        )


def _of_those_listed(asked: Pointing, names: Names, listed: Sequence[str]) -> list[int]:
    """Places of the pictures a question points at among those the last answer listed."""
    place = {image_id: index for index, (image_id, _) in enumerate(names)}
    there = [place[image_id] for image_id in listed if image_id in place]
    return [there[index] for index in asked.places([names[index] for index in there], len(there), 0)]


Names = Sequence[tuple[str, str]]
"""Ids and file names of a session's pictures in their order; the newest `NAMES` where there are more."""


def _names(session: Session, conversation: Conversation) -> tuple[Names, int]:
    if not conversation.use_all_images:
        rows = session.execute(_CHOSEN, {"conversation": conversation.id}).all()
        return [(row.id, row.filename) for row in rows], len(rows)
    rows = session.execute(_NEWEST, {"owner": conversation.owner_id}).all()
    total = len(rows)
    if total == NAMES:
        mine = (Image.owner_id == conversation.owner_id) & Image.video_id.is_(None)
        total = session.execute(select(func.count()).select_from(Image).where(mine)).scalar_one()
    return [(row.id, row.filename) for row in reversed(rows)], total


def _found(session: Session, conversation: Conversation, names: Names, asked: Pointing) -> list[int]:
    """Pictures in which something was measured that the question names, those with most of it first."""
    if not asked.words or len(names) <= SHOWN:
        return []
    holds = [Analysis.keywords.contains(f" {word} ", autoescape=True) for word in asked.words]
    wanted = select(Image.id, Analysis.keywords).join(Analysis, Analysis.sha256 == Image.sha256).where(or_(*holds))
    if conversation.use_all_images:
        wanted = wanted.where(Image.owner_id == conversation.owner_id)
    else:
        wanted = wanted.join(ConversationImage, ConversationImage.image_id == Image.id).where(
            ConversationImage.conversation_id == conversation.id
        )
    rows = session.execute(wanted.order_by(Image.created_at.desc(), Image.id.desc()).limit(FOUND)).all()
    place = {image_id: index for index, (image_id, _) in enumerate(names)}
    there = [(len(set(row.keywords.split()) & set(asked.words)), place[row.id]) for row in rows if row.id in place]
    return [index for _, index in sorted(there, key=lambda one: -one[0])]


def _last_shown(session: Session, conversation: Conversation, names: Names, asked: Pointing) -> list[int]:
    """The pictures of the newest answer, where the question speaks of "it" and no picture has come since."""
    if not asked.back or len(names) <= SHOWN:
        return []
    last = session.execute(
        select(Message.details, Message.created_at)
        .where(Message.conversation_id == conversation.id, Message.role == "assistant")
        .order_by(Message.seq.desc())
        .limit(1)
    ).first()
    if last is None or not last.details:
        return []
    newest = session.execute(select(Image.created_at).where(Image.id == names[-1][0])).scalar_one()
    if conversation.use_all_images and newest > last.created_at:
        return []
    place = {image_id: index for index, (image_id, _) in enumerate(names)}
    shown = [picture["image_id"] for picture in last.details.get("image_context", [])]
    return [place[image_id] for image_id in shown if image_id in place]


def _known(session: Session, names: Names, places: Sequence[int], first: int, *, measured: int) -> list[Known]:
    """These pictures; of the first `measured` the facts are looked into."""
    if not places:
        return []
    ids = [names[place][0] for place in places]
    images = {image.id: (image, caption) for image, caption in session.execute(_CAPTIONED, {"ids": ids})}
    hashes = [images[image_id][0].sha256 for image_id in ids[:measured]]
    stored = session.execute(_FACTS, {"hashes": hashes})
    facts: dict[str, dict[str, Any]] = {sha256: found for sha256, found in stored}  # noqa: C416 - a Row is no pair to mypy
    return [
        Known(image, first + place, caption, *_measured(facts.get(image.sha256)))
        for place, (image, caption) in ((place, images[names[place][0]]) for place in places)
    ]


def _measured(stored: dict[str, Any] | None) -> tuple[float | None, str | None]:
    """How sure the surest thing in a picture is, and what can be read in it."""
    if stored is None:
        return None, None
    try:
        facts = from_json(stored)
    except ValueError:
        return None, None  # measured by another version; it is measured anew when it is looked at
    found = [item.confidence for item in facts.objects if item.sure]
    found += [item.confidence for item in facts.labels if item.sure]
    return (round(max(found), 3) if found else None), "\n".join(line.text for line in facts.text)


def _line(known: Known) -> str:
    name, description = (text.replace("<", "").replace(">", "") for text in (known.image.filename, known.description))
    return f"{known.place + 1}. <image id={known.image.id} name={name!r}>{description}</image>"
