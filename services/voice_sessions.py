"""Voice sessions: begun by their first use, ended by silence, gone with their pictures."""

from __future__ import annotations

import hashlib
import itertools
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, Update, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models.base import new_id, now
from models.chats import Conversation, Message
from models.database import Database
from models.voice import VoiceSession
from services.content import Language
from services.errors import InvalidInput, SessionNotFound
from services.hot_sessions import WRITTEN_EVERY, HotSessions
from services.library.files import drop, kept_beside_its_row
from services.library.storage import MediaStore
from services.shared import Shared
from services.speech.base import LANGUAGES

log = logging.getLogger(__name__)

SURFACE = "voice"
NEWEST = 10
ID = re.compile(r"[A-Za-z0-9._-]{1,128}")


@dataclass(frozen=True, slots=True)
class Interaction:
    """One question and its answer."""

    at: datetime
    query: str
    language: Language
    answer: str


@dataclass(frozen=True, slots=True)
class Remembered:
    """What is kept of a session: the newest interactions, oldest of them first."""

    session: VoiceSession
    interactions: tuple[Interaction, ...]


class VoiceSessions:
    """Sessions of owners, by ids that clients make.

    Args:
        idle: after so long without a request a session is over.
        shared: keeps lively sessions at hand.
    """

    def __init__(self, database: Database, store: MediaStore, idle: timedelta, shared: Shared | None = None) -> None:
        self.database = database
        self.store = store
        self.idle = idle
        self.hot = HotSessions(shared, idle)

    def touch(self, owner_id: str, session_id: str) -> VoiceSession:
        """The session, begun if it is new or was over, its clock set back."""
        at = now()
        hot = self.hot.get(owner_id, session_id)
        if hot is not None and at - hot.written_at < WRITTEN_EVERY:
            hot.session.last_activity = at
            self.hot.put(hot.session, hot.written_at)
            return hot.session
        hot_at = hot.session.last_activity if hot else None
        try:
            made = self._touch(owner_id, session_id, at, hot_at)
        except IntegrityError:  # another request has begun it meanwhile
            made = self._touch(owner_id, session_id, at, hot_at)
        self.hot.put(made, at)
        return made

    def _touch(self, owner_id: str, session_id: str, at: datetime, hot_at: datetime | None) -> VoiceSession:
        with self.database.write() as session:
            found = session.get(VoiceSession, (owner_id, session_id), with_for_update=True)
            if found is not None and at - max(found.last_activity, hot_at or found.last_activity) <= self.idle:
                found.last_activity = at
                return found
            stale = found.image_key if found is not None else None
            if found is not None:
                session.execute(delete(Conversation).where(Conversation.id == found.conversation_id))
                session.expunge(found)
            made = _begin(session, owner_id, session_id, at)
        if stale:
            drop(self.store, [stale])
        return made

    def keep_image(self, found: VoiceSession, image: bytes) -> None:
        """Keep the session's newest picture in place of the one before."""
        digest = hashlib.sha256(f"{found.owner_id}\0{found.session_id}".encode()).hexdigest()
        key = f"voice/{digest[:2]}/{digest}/{new_id()}.jpg"
        with kept_beside_its_row(self.store, key, image), self.database.write() as session:
            before = session.execute(_mine(found.owner_id, found.session_id).with_for_update()).scalar()
            stale = before.image_key if before else None
            session.execute(_change(found).values(image_key=key))
        if stale:
            drop(self.store, [stale])
        found.image_key = key
        self._reheat(found)

    def keep_language(self, found: VoiceSession, language: Language) -> None:
        """The language a session was last spoken to in."""
        if found.language != language:
            with self.database.write() as session:
                session.execute(_change(found).values(language=language))
            found.language = language
            self._reheat(found)

    def _reheat(self, found: VoiceSession) -> None:
        hot = self.hot.get(found.owner_id, found.session_id)
        if hot is not None:
            self.hot.put(found, hot.written_at)

    def read(self, owner_id: str, session_id: str) -> Remembered:
        """A session and its newest interactions.

        Raises:
            SessionNotFound: there is none, or it is over.
        """
        if not is_id(session_id):
            raise SessionNotFound("Session not found")
        hot = self.hot.get(owner_id, session_id)
        with self.database.read() as session:
            found = hot.session if hot is not None else session.execute(_mine(owner_id, session_id)).scalar()
            if found is None or now() - found.last_activity > self.idle:
                raise SessionNotFound("Session not found")
            newest = session.execute(
                select(Message)
                .where(Message.conversation_id == found.conversation_id)
                .order_by(Message.seq.desc())
                .limit(NEWEST * 4)
            ).scalars()
            return Remembered(found, _pairs(list(reversed(newest.all())))[-NEWEST:])

    def language(self, owner_id: str, session_id: str) -> Language | None:
        """The language a session was last spoken to in; None if that is not known."""
        hot = self.hot.get(owner_id, session_id)
        if hot is not None:
            found: VoiceSession | None = hot.session
        else:
            with self.database.read() as session:
                found = session.execute(_mine(owner_id, session_id)).scalar()
        return next((language for language in LANGUAGES if found is not None and language == found.language), None)

    def reset(self, owner_id: str, session_id: str) -> None:
        """Forget everything of a session; one that is not there is forgotten already."""
        self.hot.forget(owner_id, session_id)
        with self.database.write() as session:
            found = session.execute(_mine(owner_id, session_id).with_for_update()).scalar()
            if found is not None:
                session.execute(delete(Conversation).where(Conversation.id == found.conversation_id))
        if found is not None and found.image_key:
            drop(self.store, [found.image_key])

    def sweep(self) -> int:
        """Take away sessions that are over, with their pictures; how many there were."""
        with self.database.write() as session:
            over = session.execute(
                select(VoiceSession)
                .where(VoiceSession.last_activity < now() - self.idle - self.hot.lag)
                .limit(1000)
                # One that is being asked right now is not over.
                .with_for_update(skip_locked=True)
            ).scalars()
            gone = list(over)
            session.execute(delete(Conversation).where(Conversation.id.in_([each.conversation_id for each in gone])))
        drop(self.store, [each.image_key for each in gone if each.image_key])
        # The files first: a row comes after its file.
        keys = list(self.store.keys("voice/", older_than_s=600))
        with self.database.read() as session:
            kept = set(session.execute(select(VoiceSession.image_key)).scalars())
        drop(self.store, [key for key in keys if key not in kept])
        return len(gone)


def is_id(session_id: str) -> bool:
    return ID.fullmatch(session_id) is not None and session_id not in (".", "..")


def require_id(session_id: str) -> str:
    """Raises `InvalidInput` for what is no session id."""
    if not is_id(session_id):
        raise InvalidInput("Invalid session_id. Must be 1 to 128 letters, digits, '.', '_' or '-'", field="session_id")
    return session_id


def _begin(session: Session, owner_id: str, session_id: str, at: datetime) -> VoiceSession:
    conversation_id = new_id()
    session.execute(
        insert(Conversation).values(
            id=conversation_id, owner_id=owner_id, surface=SURFACE, title=session_id, created_at=at, updated_at=at
        )
    )
    made = VoiceSession(
        owner_id=owner_id, session_id=session_id, conversation_id=conversation_id, created_at=at, last_activity=at
    )
    session.add(made)
    return made


def _mine(owner_id: str, session_id: str) -> Select[VoiceSession]:
    return select(VoiceSession).where(VoiceSession.owner_id == owner_id, VoiceSession.session_id == session_id)


def _change(found: VoiceSession) -> Update:
    return update(VoiceSession).where(
        VoiceSession.owner_id == found.owner_id, VoiceSession.session_id == found.session_id
    )


def _pairs(messages: Sequence[Message]) -> tuple[Interaction, ...]:
    """Questions with their answers; a question without one is left out."""
    pairs = []
    for asked, answered in itertools.pairwise(messages):
        if asked.role == "user" and answered.role == "assistant" and answered.content:
            language: Language = (asked.details or {}).get("language", "en")
            pairs.append(Interaction(asked.created_at, asked.content, language, answered.content))
    return tuple(pairs)
