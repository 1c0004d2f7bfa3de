"""Keys: made once, shown once, kept as a digest, taken back at any time."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import select, update

from models.accounts import ApiKey
from models.base import new_id, now
from models.database import Database
from services.errors import NotFound, Unauthorized

PREFIX = "va-"
BELIEVED_S = 10.0
"""Seconds a key is believed without asking again: so long may a revoked one still work in another process."""
MOST_BELIEVED = 10_000


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent a request.

    Args:
        owner_id: whose data it sees.
        monthly_limit: chat messages a month; None leaves it to the server's setting.
    """

    owner_id: str
    monthly_limit: int | None = None


class Accounts:
    """Makes keys and knows callers by them.

    Args:
        timer: seconds, monotonic.
    """

    def __init__(self, database: Database, timer: Callable[[], float] = time.monotonic) -> None:
        self.database = database
        self._timer = timer
        self._believed: dict[str, tuple[float, Caller]] = {}

    def create(self, name: str, owner_id: str | None = None, monthly_limit: int | None = None) -> tuple[ApiKey, str]:
        """A new key, and its text, which is not kept.

        Args:
            owner_id: whose data it sees; a new owner when None.

        Raises:
            NotFound: there is no such owner.
        """
        text = PREFIX + secrets.token_urlsafe(32)
        with self.database.write() as session:
            if (
                owner_id is not None
                and not session.execute(select(ApiKey.id).where(ApiKey.owner_id == owner_id).limit(1)).first()
            ):
                raise NotFound("There is no such owner.")
            key = ApiKey(
                id=new_id(),
                owner_id=owner_id or new_id(),
                name=name,
                digest=_digest(text),
                monthly_limit=monthly_limit,
                created_at=now(),
            )
            session.add(key)
        return key, text

    def list(self) -> list[ApiKey]:
        """Every key, the oldest first."""
        with self.database.read() as session:
            return list(session.execute(select(ApiKey).order_by(ApiKey.created_at)).scalars())

    def revoke(self, key_id: str) -> None:
        """Take a key back.

        Raises:
            NotFound: there is none with this id or name that is in use.
        """
        self._change(key_id, revoked_at=now())
        self._believed.clear()

    def limit(self, key_id: str, monthly_limit: int | None) -> None:
        """Give a key a monthly limit, or None for the server's.

        Raises:
            NotFound: there is none with this id or name that is in use.
        """
        self._change(key_id, monthly_limit=monthly_limit)
        self._believed.clear()

    def caller(self, text: str) -> Caller:
        """Whose key this is.

        Raises:
            Unauthorized: nobody's, or one that was taken back.
        """
        digest = _digest(text)
        believed = self._believed.get(digest)
        if believed is not None and self._timer() - believed[0] < BELIEVED_S:
            return believed[1]
        with self.database.look() as work:
            row = work.execute(
                select(ApiKey.owner_id, ApiKey.monthly_limit).where(
                    ApiKey.digest == digest, ApiKey.revoked_at.is_(None)
                )
            ).first()
        if row is None:
            self._believed.pop(digest, None)
            raise Unauthorized("The key is not known or was revoked.", code="invalid_api_key")
        if len(self._believed) >= MOST_BELIEVED:
            self._believed.clear()
        caller = Caller(row.owner_id, row.monthly_limit)
        self._believed[digest] = (self._timer(), caller)
        return caller

    def _change(self, key_id: str, **values: object) -> None:
        named = (ApiKey.id == key_id) | (ApiKey.name == key_id)
        with self.database.change() as work:
            done = work.execute(update(ApiKey).where(named, ApiKey.revoked_at.is_(None)).values(**values))
        if not done.rowcount:
            raise NotFound("There is no key in use with this id or name.")


def _digest(text: str) -> str:
    """SHA-256 is enough: the key itself is 256 random bits, which no dictionary holds."""
    return hashlib.sha256(text.encode()).hexdigest()
