"""Requests that may be sent again: the first one's answer is kept for a day and given to the others."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, insert, update
from sqlalchemy.exc import IntegrityError

from models.accounts import KeptAnswer
from models.base import now
from models.database import Database
from models.workers import Worker
from services.errors import Conflict, KeyReused
from services.library.storage import MediaStore

log = logging.getLogger(__name__)

KEPT = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to make the answer for a key; `keep` or `give_up` ends it."""

    owner_id: str
    key: str


class Idempotency:
    """Answers by owner and key.

    Args:
        worker_id: this process, so that claims of a dead one can be taken over.
    """

    def __init__(self, database: Database, store: MediaStore, worker_id: str) -> None:
        self.database = database
        self.store = store
        self.worker_id = worker_id

    def claim(self, owner_id: str, key: str, fingerprint: str) -> Claim | Answer:
        """The kept answer, or the right to make it.

        Args:
            fingerprint: of the whole request.

        Raises:
            KeyReused: the key was used with another request.
            Conflict: `idempotency_key_in_flight`, the first request is still being answered.
        """
        mine = {
            "owner_id": owner_id,
            "key": key,
            "fingerprint": fingerprint,
            "worker_id": self.worker_id,
            "created_at": now(),
        }
        for _ in range(2):
            try:
                with self.database.change() as work:
                    work.execute(insert(KeptAnswer), [mine])
            except IntegrityError:
                found = self._found(owner_id, key, fingerprint)
                if found is not None:
                    return found
            else:
                return Claim(owner_id, key)
        raise Conflict("A request with this idempotency key is being answered.", code="idempotency_key_in_flight")

    def keep(self, claim: Claim, answer: Answer) -> None:
        """Keep the answer of a claim."""
        digest = hashlib.sha256(f"{claim.owner_id}\0{claim.key}".encode()).hexdigest()
        body_key = f"answers/{digest[:2]}/{digest}"
        self.store.put(body_key, answer.body)
        with self.database.change() as work:
            work.execute(
                update(KeptAnswer)
                .where(KeptAnswer.owner_id == claim.owner_id, KeptAnswer.key == claim.key)
                .values(status=answer.status, headers=answer.headers, body_key=body_key)
            )

    def give_up(self, claim: Claim) -> None:
        """Let the request be sent again as if it were new: it failed, or its answer was not taken to its end."""
        self._free(claim.owner_id, claim.key, self.worker_id)

    def _free(self, owner_id: str, key: str, worker_id: str) -> None:
        """Take a worker's claim away; one that somebody else has laid meanwhile stays."""
        with self.database.change() as work:
            work.execute(
                delete(KeptAnswer).where(
                    KeptAnswer.owner_id == owner_id, KeptAnswer.key == key, KeptAnswer.worker_id == worker_id
                )
            )

    def sweep(self) -> int:
        """Forget answers older than a day; how many there were."""
        with self.database.change() as work:
            old = work.execute(
                delete(KeptAnswer).where(KeptAnswer.created_at < now() - KEPT).returning(KeptAnswer.body_key)
            ).scalars()
            bodies = list(old)
        for body_key in bodies:
            if body_key:
                self.store.delete(body_key)
        return len(bodies)

    def _found(self, owner_id: str, key: str, fingerprint: str) -> Answer | None:
        """The answer kept for a key; None when there is none to wait for, and the key is free again."""
        with self.database.read() as session:
            row = session.get(KeptAnswer, (owner_id, key))
            alive = row is not None and session.get(Worker, row.worker_id) is not None
        if row is None:
            return None
        if row.fingerprint != fingerprint:
            raise KeyReused("This idempotency key was used with another request.")
        if row.status is None or row.body_key is None:
            if not alive:
                self._free(owner_id, key, row.worker_id)
                return None
            raise Conflict("A request with this idempotency key is being answered.", code="idempotency_key_in_flight")
        try:
            body = self.store.get(row.body_key)
        except FileNotFoundError:
            self._free(owner_id, key, row.worker_id)
            return None
        return Answer(row.status, {str(name): str(value) for name, value in (row.headers or {}).items()}, body)
