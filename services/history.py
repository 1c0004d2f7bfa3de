"""Rows of a conversation to messages for a model, trimmed to what it can take in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from sqlalchemy import bindparam, select

from models.chats import Message as Row
from models.database import Work
from services.content import ImagePart, Message, Role, assistant, system, user
from services.providers.tokens import TOKENS_A_MESSAGE, TOKENS_AN_IMAGE, estimate

NEWEST = 200
"""Rows looked at; older ones would not fit the window of any model."""


@dataclass(frozen=True, slots=True)
class Said:
    """One earlier message: who said it, and what."""

    role: Role
    text: str


_BEFORE = (
    select(Row.role, Row.content)
    .where(Row.conversation_id == bindparam("conversation"), Row.seq < bindparam("seq"))
    .where(Row.status.in_(("sent", "complete", "interrupted", "failed")), Row.content != "")
    .order_by(Row.seq.desc())
    .limit(NEWEST)
)


def before(work: Work, conversation_id: str, seq: int) -> tuple[Said, ...]:
    """What was said before message number `seq`, oldest first: sent questions that were answered, and their answers.

    Questions that stayed unanswered are left out, for the next question would otherwise be read as two.
    """
    rows = work.execute(_BEFORE, {"conversation": conversation_id, "seq": seq}).all()
    return tuple(Said(cast(Role, role), content) for role, content in reversed(rows))


def compose(
    instructions: str,
    earlier: Sequence[Said],
    question: str,
    images: Sequence[ImagePart],
    context_tokens: int,
    *,
    images_are_new: bool = False,
) -> tuple[Message, ...]:
    """The messages of one call: instructions, as much of what was said as fits, the question.

    The pictures stand in the first user message that is sent, wherever trimming put it, so that a vendor's prompt
    cache meets the same beginning again.

    Args:
        context_tokens: window of the model; a quarter of it is left for the answer.
        images_are_new: they came with the question and stand in it, since what was said before was about others.
    """
    room = context_tokens * 3 // 4 - estimate(instructions) - estimate(question)
    room -= sum(TOKENS_AN_IMAGE[image.detail] for image in images)
    kept: list[Said] = []
    for said in reversed(earlier):
        room -= estimate(said.text) + TOKENS_A_MESSAGE
        if room < 0:
            break
        kept.append(said)
    while kept and kept[-1].role != "user":
        kept.pop()
    talk = [*reversed(kept), Said("user", question)]
    messages = [user(said.text) if said.role == "user" else assistant(said.text) for said in talk]
    place = -1 if images_are_new else 0
    messages[place] = user(talk[place].text, *images)
    return (system(instructions), *messages)
