"""Budgets of sessions and limits of months: checked and taken in the transaction that keeps the question."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache

from sqlalchemy import Executable, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite

from models.base import now
from models.chats import Conversation, Message, MonthlyUsage
from models.database import Work, dialect_of
from services.errors import Conflict, LimitExceeded, SessionNotFound

UPGRADE_URL = "/settings/billing"
OF_A_TURN = 2
"""Messages a turn adds to a session: the question and its answer. There is room for both, or for neither."""

# Built once: to put a statement together takes longer than to run it.
_STANDING = (
    select(Conversation.is_active, Conversation.total_messages, Conversation.total_tokens)
    .where(Conversation.id == bindparam("conversation"))
    .with_for_update()
)
_BUSY = (
    select(Message.id)
    .where(Message.conversation_id == bindparam("conversation"), Message.status == "streaming")
    .limit(1)
)
_ADD_TOKENS = (
    update(MonthlyUsage.__table__)  # type: ignore[arg-type]  # declared as any selectable
    .where(MonthlyUsage.owner_id == bindparam("owner"), MonthlyUsage.month == bindparam("of_month"))
    .values(tokens=MonthlyUsage.tokens + bindparam("more"))
)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a chat session may use.

    Args:
        owner_id: whose month is counted.
        session_messages, session_tokens: the session's budgets.
        monthly_messages: user messages a month; 0 is no limit.
    """

    owner_id: str
    session_messages: int
    session_tokens: int
    monthly_messages: int = 0


def month_of(at: datetime) -> str:
    return at.strftime("%Y-%m")


def reset_date(at: datetime) -> str:
    """The first day of the month after `at`, ISO 8601."""
    year, month = (at.year + 1, 1) if at.month == 12 else (at.year, at.month + 1)
    return f"{year:04d}-{month:02d}-01"


def admit(work: Work, conversation_id: str, limits: Limits) -> int:
    """Let one more question into a session, or say why not. Racing questions are let in one after the other.

    Returns:
        how many the owner has asked this month, with this one.

    Raises:
        SessionNotFound, Conflict (`session_closed`, `message_in_progress`), LimitExceeded (`session_limit_exceeded`,
        `usage_limit_exceeded`)
    """
    row = work.execute(_STANDING, {"conversation": conversation_id}).first()
    if row is None:
        raise SessionNotFound("There is no session with this id.")
    if not row.is_active:
        raise Conflict("The session is closed.", code="session_closed")
    if row.total_messages + OF_A_TURN > limits.session_messages:
        raise _full("session_messages", row.total_messages, limits.session_messages, "message")
    if row.total_tokens >= limits.session_tokens:
        raise _full("session_tokens", row.total_tokens, limits.session_tokens, "token")
    _require_idle(work, conversation_id)
    return _take_from_month(work, limits)


def require_idle(work: Work, conversation_id: str) -> None:
    """Raises `Conflict` (`message_in_progress`) while an answer in the conversation is being made. Racing questions ask
    one after the other."""
    work.execute(select(Conversation.id).where(Conversation.id == conversation_id).with_for_update())
    _require_idle(work, conversation_id)


def _require_idle(work: Work, conversation_id: str) -> None:
    busy = work.execute(_BUSY, {"conversation": conversation_id}).scalar()
    if busy is not None:
        raise Conflict(
            "An answer in this session is still being made.", code="message_in_progress", context={"message_id": busy}
        )


def give_back(work: Work, owner_id: str, at: datetime) -> None:
    """A question that was not answered does not count."""
    work.execute(
        update(MonthlyUsage)
        .where(MonthlyUsage.owner_id == owner_id, MonthlyUsage.month == month_of(at), MonthlyUsage.messages > 0)
        .values(messages=MonthlyUsage.messages - 1)
    )


def of_month(work: Work, owner_id: str, at: datetime) -> tuple[int, int]:
    """Messages and tokens an owner has used in the month of `at`."""
    row = work.execute(
        select(MonthlyUsage.messages, MonthlyUsage.tokens).where(
            MonthlyUsage.owner_id == owner_id, MonthlyUsage.month == month_of(at)
        )
    ).first()
    return (row.messages, row.tokens) if row else (0, 0)


def add_tokens(work: Work, owner_id: str, at: datetime, tokens: int) -> None:
    work.execute(_ADD_TOKENS, {"owner": owner_id, "of_month": month_of(at), "more": tokens})


def _take_from_month(work: Work, limits: Limits) -> int:
    at = now()
    counted: int = work.execute(
        _count_one(dialect_of(work)), {"owner": limits.owner_id, "of_month": month_of(at)}
    ).scalar_one()
    limit = limits.monthly_messages
    if limit and counted > limit:
        # The transaction is rolled back, and with it the count.
        raise LimitExceeded(
            f"You've reached your monthly chat message limit ({limit}/{limit}).",
            code="usage_limit_exceeded",
            context={
                "limit_type": "monthly_chat_messages",
                "current_usage": counted - 1,
                "monthly_limit": limit,
                "reset_date": reset_date(at),
                "upgrade_url": UPGRADE_URL,
            },
        )
    return counted


@cache
def _count_one(dialect: str) -> Executable:
    inserted = sqlite.insert(MonthlyUsage) if dialect == "sqlite" else postgresql.insert(MonthlyUsage)
    return (
        inserted.values(owner_id=bindparam("owner"), month=bindparam("of_month"), messages=1, tokens=0)
        .on_conflict_do_update(
            index_elements=[MonthlyUsage.owner_id, MonthlyUsage.month],
            set_={"messages": MonthlyUsage.messages + 1},
        )
        .returning(MonthlyUsage.messages)
    )


def _full(kind: str, used: int, budget: int, noun: str) -> LimitExceeded:
    return LimitExceeded(
        f"This session has reached its {noun} limit ({used}/{budget}).",
        code="session_limit_exceeded",
        context={"limit_type": kind, "current_usage": used, "session_limit": budget},
    )
