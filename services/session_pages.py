"""Lists of sessions, a page at a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from models.chats import Conversation
from models.media import ConversationImage
from services import session_search
from services.paging import beyond, cursor_of, place_of

SURFACE = "session"
ORDER = (Conversation.created_at.expression, Conversation.id.expression)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which sessions to list, newest first.

    Args:
        search: in titles and in what was said, whatever the case, every character meant literally.
        is_active: open ones, closed ones, or None for both.
        min_messages: with at least so many messages.
        cursor: where the page before ended; in place of `offset`.
    """

    search: str = ""
    is_active: bool | None = None
    min_messages: int = 0
    limit: int = 20
    offset: int = 0
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A page of sessions. `total` counts the whole list, `cursor` is where this page ended, if there is more."""

    sessions: list[Listed]
    total: int
    cursor: str | None


@dataclass(frozen=True, slots=True)
class Listed:
    """One session and how many pictures are selected in it."""

    session: Conversation
    selected: int


def page(session: Session, owner_id: str, wanted: Wanted) -> Page:
    """`Sessions.page` within a transaction."""
    offset = 0 if wanted.cursor is not None else wanted.offset
    matching = select(Conversation.id).where(
        Conversation.owner_id == owner_id, Conversation.surface == SURFACE, *_filters(session, owner_id, wanted)
    )
    rest = matching.order_by(*(column.desc() for column in ORDER))
    if wanted.cursor is not None:
        rest = rest.where(beyond(ORDER, place_of(wanted.cursor, "newest", datetime, str), descending=True))
    if wanted.search and wanted.cursor is None:
        # To search is dear: once for the page and the count together.
        found = session.execute(rest).scalars().all()
        ids, total = found[offset : offset + wanted.limit + 1], len(found)
    else:
        ids = session.execute(rest.limit(wanted.limit + 1).offset(offset)).scalars().all()
        total = session.execute(select(func.count()).select_from(matching.subquery())).scalar_one()
    selected = (
        select(func.count())
        .select_from(ConversationImage)
        .where(ConversationImage.conversation_id == Conversation.id)
        .scalar_subquery()
    )
    rows = session.execute(
        select(Conversation, selected)
        .where(Conversation.id.in_(ids[: wanted.limit]))
        .order_by(*(column.desc() for column in ORDER))
    ).all()
    listed = [Listed(one, count) for one, count in rows]
    more = len(ids) > wanted.limit and listed
    last = listed[-1].session if more else None
    return Page(listed, total, cursor_of("newest", last.created_at, last.id) if last else None)


def _filters(session: Session, owner_id: str, wanted: Wanted) -> list[ColumnElement[bool]]:
    filters: list[ColumnElement[bool]] = []
    if wanted.is_active is not None:
        filters.append(Conversation.is_active == wanted.is_active)
    if wanted.min_messages:
        filters.append(Conversation.total_messages >= wanted.min_messages)
    if wanted.search:
        filters.append(session_search.says(session, owner_id, wanted.search))
    return filters
