"""How a turn stands in the database: the question, its answer, and the conversation they belong to."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, bindparam, case, func, insert, select, update

from models.base import now
from models.chats import Conversation
from models.chats import Message as Row
from models.database import Work
from services.content import FinishReason, Usage
from services.errors import SessionNotFound

PREVIEW = 200
"""Characters of a message that lists show."""
CANCELLED = "cancelled"
"""`error_code` of an answer that somebody stopped."""

_ROWS = cast(Table, Row.__table__)
_PLACES = cast(Table, Conversation.__table__)

# Built once: to put a statement together takes longer than to run it.
_TAKE_PLACE = (
    update(_PLACES)
    .where(_PLACES.c.id == bindparam("conversation"))
    .values(
        next_seq=_PLACES.c.next_seq + 2,
        total_messages=_PLACES.c.total_messages + 2,
        last_user_message=bindparam("said"),
        last_message_at=bindparam("at"),
        updated_at=bindparam("at"),
    )
    .returning(_PLACES.c.next_seq)
)
_ADD = insert(_ROWS)
_KEEP_SO_FAR = (
    update(_ROWS)
    .where(_ROWS.c.id == bindparam("message"), _ROWS.c.status == "streaming")
    .values(content=bindparam("so_far"))
)
_DETAILS = update(_ROWS).where(_ROWS.c.id == bindparam("message")).values(details=bindparam("told"))
_CANCELLED = _ROWS.c.status == "interrupted"  # by another process, while this one was making it
_END_ANSWER = (
    update(_ROWS)
    .where(_ROWS.c.id == bindparam("message"))
    .values(
        status=case((_CANCELLED, "interrupted"), else_=bindparam("ended")),
        error_code=case((_CANCELLED, CANCELLED), else_=bindparam("error")),
        **{
            name: bindparam(name)
            for name in (
                "content",
                "provider",
                "model",
                "finish_reason",
                "prompt_tokens",
                "completion_tokens",
                "tokens_estimated",
                "processing_time_ms",
            )
        },
    )
    .returning(_ROWS.c.status)
)
_END_TURN = (
    update(_PLACES)
    .where(_PLACES.c.id == bindparam("conversation"))
    .values(
        total_tokens=_PLACES.c.total_tokens + bindparam("tokens"),
        total_messages=_PLACES.c.total_messages - bindparam("unanswered"),
        last_message_preview=func.coalesce(bindparam("preview"), _PLACES.c.last_message_preview),
        last_message_at=bindparam("at"),
        updated_at=bindparam("at"),
    )
)
_UNANSWERED = update(_ROWS).where(_ROWS.c.id == bindparam("message")).values(status="unanswered")


@dataclass(frozen=True, slots=True)
class Begun:
    """A question and the room for its answer.

    Args:
        details, answer_details: kept with the question, and with the answer.
        worker_id: names the process that makes the answer.
    """

    conversation_id: str
    user_message_id: str
    message_id: str
    text: str
    details: dict[str, Any] | None
    answer_details: dict[str, Any] | None
    worker_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Ended:
    """How an answer ended: `status` is `complete`, `interrupted` or `failed`."""

    conversation_id: str
    user_message_id: str
    message_id: str
    text: str
    status: str
    provider: str | None
    model: str | None
    finish_reason: FinishReason | None
    error_code: str | None
    usage: Usage
    processing_time_ms: int


def begin(work: Work, begun: Begun) -> int:
    """Keep the question and make room for the answer; the question's number in the conversation.

    Raises:
        SessionNotFound: there is no such conversation.
    """
    place = {"conversation": begun.conversation_id, "said": begun.text[:PREVIEW], "at": begun.at}
    after: int | None = work.execute(_TAKE_PLACE, place).scalar()
    if after is None:
        raise SessionNotFound("There is no such conversation.")
    asked = {
        "id": begun.user_message_id,
        "conversation_id": begun.conversation_id,
        "seq": after - 2,
        "role": "user",
        "content": begun.text,
        "status": "sent",
        "details": begun.details,
        "worker_id": None,
        "created_at": begun.at,
    }
    answer = asked | {
        "id": begun.message_id,
        "seq": after - 1,
        "role": "assistant",
        "content": "",
        "status": "streaming",
        "details": begun.answer_details,
        "worker_id": begun.worker_id,
    }
    work.execute(_ADD, [asked, answer])
    return after - 2


def keep_so_far(work: Work, texts: Sequence[tuple[str, str]]) -> None:
    """Write down what answers under way have said so far: pairs of their ids and texts."""
    work.execute(_KEEP_SO_FAR, [{"message": message_id, "so_far": text} for message_id, text in texts])


def add_details(work: Work, message_id: str, details: dict[str, Any]) -> None:
    """Keep details with an answer in place of those it has."""
    work.execute(_DETAILS, {"message": message_id, "told": details})


def cancelled(work: Work, message_ids: Collection[str]) -> list[str]:
    """Those of the answers that another process has marked `interrupted`."""
    ended = select(_ROWS.c.id).where(_ROWS.c.id.in_(message_ids), _ROWS.c.status == "interrupted")
    return list(work.execute(ended).scalars())


def has_ended(work: Work, message_id: str) -> bool:
    """Whether `end` has been called for an answer, and was kept."""
    took = select(_ROWS.c.processing_time_ms).where(_ROWS.c.id == message_id)
    return work.execute(took).scalar() is not None


def end(work: Work, ended: Ended) -> bool:
    """Write the end of an answer down, and mark a question that got none.

    Returns:
        whether another process had marked it `interrupted`, which it then stays.
    """
    unanswered = ended.status == "failed" and not ended.text
    # The conversation before its messages, as whoever deletes it locks them.
    work.execute(
        _END_TURN,
        {
            "conversation": ended.conversation_id,
            "tokens": ended.usage.total_tokens,
            "unanswered": int(unanswered),
            "preview": None if unanswered else ended.text[:PREVIEW],
            "at": now(),
        },
    )
    status = work.execute(
        _END_ANSWER,
        {
            "message": ended.message_id,
            "content": ended.text,
            "ended": ended.status,
            "provider": ended.provider,
            "model": ended.model,
            "finish_reason": ended.finish_reason,
            "error": ended.error_code,
            "prompt_tokens": ended.usage.prompt_tokens,
            "completion_tokens": ended.usage.completion_tokens,
            "tokens_estimated": ended.usage.estimated,
            "processing_time_ms": ended.processing_time_ms,
        },
    ).scalar()
    if unanswered:
        work.execute(_UNANSWERED, {"message": ended.user_message_id})
    return bool(status == "interrupted" and ended.status != "interrupted")
