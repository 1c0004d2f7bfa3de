"""Voice sessions at hand in Redis, so that a request of a lively one costs the database nothing before its turn."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from models.voice import VoiceSession
from services.shared import Shared

WRITTEN_EVERY = timedelta(seconds=60)
"""How long a session's last activity may be known here alone; the database is told at least so often."""


@dataclass(frozen=True, slots=True)
class Hot:
    """A session, and when the database was last told of its activity."""

    session: VoiceSession
    written_at: datetime


class HotSessions:
    """Sessions by owner and id. Without a store, or while it is away, there are none.

    Args:
        idle: after so long without a request a session is over, here as in the database.
    """

    def __init__(self, shared: Shared | None, idle: timedelta) -> None:
        self.shared = shared
        self.idle = idle

    @property
    def lag(self) -> timedelta:
        """By how much the database's last activity may be behind."""
        return WRITTEN_EVERY if self.shared is not None else timedelta()

    def get(self, owner_id: str, session_id: str) -> Hot | None:
        packed = self.shared.get(_key(owner_id, session_id)) if self.shared is not None else None
        if packed is None:
            return None
        kept = json.loads(packed)
        return Hot(
            VoiceSession(
                owner_id=owner_id,
                session_id=session_id,
                conversation_id=kept["conversation_id"],
                language=kept["language"],
                image_key=kept["image_key"],
                created_at=datetime.fromisoformat(kept["created_at"]),
                last_activity=datetime.fromisoformat(kept["last_activity"]),
            ),
            datetime.fromisoformat(kept["written_at"]),
        )

    def put(self, session: VoiceSession, written_at: datetime) -> None:
        if self.shared is None:
            return
        packed = {
            "conversation_id": session.conversation_id,
            "language": session.language,
            "image_key": session.image_key,
            "created_at": session.created_at.isoformat(),
            "last_activity": session.last_activity.isoformat(),
            "written_at": written_at.isoformat(),
        }
        key = _key(session.owner_id, session.session_id)
        self.shared.set(key, json.dumps(packed).encode(), self.idle.total_seconds())

    def forget(self, owner_id: str, session_id: str) -> None:
        if self.shared is not None:
            self.shared.delete(_key(owner_id, session_id))


def _key(owner_id: str, session_id: str) -> str:
    return f"voice-session:{owner_id}:{session_id}"
