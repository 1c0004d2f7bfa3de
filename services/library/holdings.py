"""What an owner keeps and has used, in numbers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from models.chats import Conversation, Message
from models.database import Database
from models.library import Document, Folder
from models.media import Image
from services import usage
from services.session_pages import SURFACE


@dataclass(frozen=True, slots=True)
class Kept:
    count: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Spent:
    """What one provider answered in chat sessions."""

    provider: str
    answers: int
    tokens: int


@dataclass(frozen=True, slots=True)
class Holdings:
    """Of one owner: chat messages and tokens of the month of `at`, files, folders, and sessions.

    Args:
        resets: the day from which on the month's numbers begin anew, ISO 8601.
    """

    messages: int
    tokens: int
    resets: str
    providers: tuple[Spent, ...]
    images: Kept
    documents: Kept
    folders: int
    sessions: int


def holdings(database: Database, owner_id: str, at: datetime) -> Holdings:
    """Count what an owner has.

    Raises:
        DatabaseUnavailable
    """
    month = at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    answered = (
        select(
            Message.provider,
            func.count(),
            func.coalesce(func.sum(Message.prompt_tokens + Message.completion_tokens), 0),
        )
        .join(Conversation, Conversation.id == Message.conversation_id)
        # Sessions in which nothing was said this month are not looked into.
        .where(
            Conversation.owner_id == owner_id, Conversation.surface == SURFACE, Conversation.last_message_at >= month
        )
        .where(Message.role == "assistant", Message.provider.is_not(None), Message.created_at >= month)
        .group_by(Message.provider)
        .order_by(Message.provider)
    )
    sessions = (
        select(func.count())
        .select_from(Conversation)
        .where(Conversation.owner_id == owner_id, Conversation.surface == SURFACE)
    )
    with database.read() as session:
        messages, tokens = usage.of_month(session, owner_id, at)
        kept = [
            session.execute(
                select(func.count(), func.coalesce(func.sum(kind.size_bytes), 0)).where(kind.owner_id == owner_id)
            ).one()
            for kind in (Image, Document)
        ]
        return Holdings(
            messages=messages,
            tokens=tokens,
            resets=usage.reset_date(at),
            providers=tuple(Spent(str(name), count, int(sum_)) for name, count, sum_ in session.execute(answered)),
            images=Kept(kept[0][0], int(kept[0][1])),
            documents=Kept(kept[1][0], int(kept[1][1])),
            folders=session.execute(
                select(func.count()).select_from(Folder).where(Folder.owner_id == owner_id)
            ).scalar_one(),
            sessions=session.execute(sessions).scalar_one(),
        )
