"""Finding sessions by what their titles and messages say, every character meant literally, whatever the case.

On SQLite there is a full-text index of trigrams that keeps no text of its own. The id of an entry holds where it comes
from: the session's `search_number`, then a slot, 0 for the title and 1 + `seq` for a message; so no hit has to be
looked up to know its session.

On PostgreSQL there is an index over the trigrams of every message, and a hit is compared with the text itself; the
functions `trigrams` and `folded` come from migration 0011.
"""

from __future__ import annotations

import re

from sqlalchemy import ColumnElement, Integer, Select, func, literal, literal_column, select, text, update
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from models.chats import Conversation, Message
from models.database import Work, dialect_of

TRIGRAM = 3
SLOT_BITS = 20
END = "\x02\x02"
"""Follows every text in the index, so that its last characters begin a trigram as well. Nobody can type it."""
MOST_TERMS = 400
"""A short search that is the beginning of more trigrams than this is in nearly every text: those are read instead."""

# The f-strings hold constants alone.
_TITLE = f"SELECT search_number << {SLOT_BITS}, title || :end FROM conversations WHERE id = :session"  # noqa: S608
_MESSAGE = f"""
INSERT INTO session_text(rowid, content) SELECT (c.search_number << {SLOT_BITS}) + m.seq + 1, :content
FROM messages m JOIN conversations c ON c.id = m.conversation_id WHERE m.id = :message
"""  # noqa: S608
_HITS = f"SELECT rowid >> {SLOT_BITS} AS number FROM session_text WHERE session_text MATCH :query"  # noqa: S608


def number_session(session: Session, session_id: str) -> None:
    """Give a new session its number and make its title findable; call it in the transaction that makes it."""
    if not _indexed(session):
        return
    session.execute(
        text(
            "UPDATE conversations SET search_number = (SELECT coalesce(max(search_number), 0) + 1 FROM conversations) "
            "WHERE id = :session"
        ),
        {"session": session_id},
    )
    index_title(session, session_id)


def forget_title(session: Session, session_id: str) -> None:
    """Take a session's title out of the index, before it is changed."""
    if _indexed(session):
        # An index without text has to be told what it forgets.
        session.execute(
            text(f"INSERT INTO session_text(session_text, rowid, content) SELECT 'delete', * FROM ({_TITLE})"),  # noqa: S608 - a constant
            {"session": session_id, "end": END},
        )


def index_title(session: Session, session_id: str) -> None:
    """Make a session's title findable."""
    if _indexed(session):
        session.execute(text(f"INSERT INTO session_text(rowid, content) {_TITLE}"), {"session": session_id, "end": END})


def index_message(session: Work, message_id: str, content: str) -> None:
    """Make what was said findable; once for each message of a session, when it is whole."""
    if _indexed(session) and content:
        session.execute(text(_MESSAGE), {"content": content + END, "message": message_id})


def index_all(session: Session) -> None:
    """Index everything anew: the rows have come from elsewhere, and the index is empty."""
    session.execute(update(Conversation).values(search_number=None).execution_options(synchronize_session=False))
    if not _indexed(session):
        return
    ids = session.execute(select(Conversation.id).where(Conversation.surface == "session")).scalars().all()
    for session_id in ids:
        number_session(session, session_id)
        said = select(Message.id, Message.content).where(
            Message.conversation_id == session_id, Message.status != "streaming"
        )
        for message_id, content in session.execute(said).all():
            index_message(session, message_id, content)


def says(session: Session, owner_id: str, search: str) -> ColumnElement[bool]:
    """Whether a `Conversation` of an owner has `search` in its title or in what was said in it."""
    if not _indexed(session):
        return _contains(Conversation.title, search) | Conversation.id.in_(_said(owner_id, search))
    query = _query(session, search)
    if query is not None:
        # The plus keeps the planner on the index it lists by: it takes every subquery for a small one.
        number: ColumnElement[int] = literal_column("+conversations.search_number")
        return number.in_(_found(query))
    said = select(Message.id).where(
        Message.conversation_id == Conversation.id, Message.content.icontains(search, autoescape=True)
    )
    return Conversation.title.icontains(search, autoescape=True) | said.exists()


def _said(owner_id: str, search: str) -> Select[str]:
    """Ids of an owner's conversations in which somebody said `search`."""
    place = aliased(Conversation)
    found = (
        select(Message.conversation_id)
        .join(place, place.id == Message.conversation_id)
        .where(
            place.owner_id == owner_id,
            Message.status != literal_column("'streaming'"),
            _contains(Message.content, search),
        )
    )
    if len(search) < TRIGRAM:
        return found
    return found.where(func.trigrams(Message.content).op("@>")(func.trigrams(search)))


def _contains(column: InstrumentedAttribute[str], search: str) -> ColumnElement[bool]:
    plain = re.sub(r"([%_/])", r"/\1", search)
    return func.folded(column).like(literal("%").concat(func.folded(plain)).concat("%"), escape="/")


def _indexed(session: Work) -> bool:
    return dialect_of(session) == "sqlite"


def _found(query: str) -> Select[int]:
    hits = text(_HITS).bindparams(query=query).columns(number=Integer)
    return select(hits.subquery().c.number)


def _query(session: Session, search: str) -> str | None:
    """The search in the index's own words; None where reading the texts is quicker."""
    if len(search) >= TRIGRAM:
        return _phrase(search)
    begins = search.lower()
    terms = session.execute(
        text("SELECT term FROM session_text_terms WHERE term >= :begins AND term < :beyond LIMIT :most"),
        {"begins": begins, "beyond": begins + chr(0x10FFFF), "most": MOST_TERMS + 1},
    ).scalars()
    phrases = [_phrase(term) for term in terms]
    if len(phrases) > MOST_TERMS:
        return None
    return " OR ".join(phrases) or _phrase(search + END)


def _phrase(words: str) -> str:
    """Quotes make a phrase of it, in which FTS5 knows no operators."""
    return '"' + words.replace('"', '""') + '"'
