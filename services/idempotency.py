"""Requests that may be sent again: the first one's answer is kept for a day and given to the others."""

from __future__ import annotations

import hashlib
import logging
import threading
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, insert, update
from sqlalchemy.exc import IntegrityError

from models.accounts import KeptAnswer
from models.base import now
from models.database import Database, DatabaseUnavailable
from models.workers import Worker
from services.errors import Conflict, KeyReused, StorageUnavailable
from services.library.files import drop
from services.library.storage import MediaStore

log = logging.getLogger(__name__)

KEPT = timedelta(hours=24)
AGAIN_S = 2.0
"""How often it is tried to settle claims for which the database or the store was away."""
MOST_OWED = 1000
"""Answers that are held until they can be kept; further ones are not kept."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to make the answer for a key; `settle` ends it."""

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
        self._owed: dict[Claim, Answer | None] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._settler: threading.Thread | None = None

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
        claim = Claim(owner_id, key)
        self._settle_owed([claim])
        for _ in range(2):
            try:
                with self.database.change() as work:
                    work.execute(insert(KeptAnswer), [mine])
            except IntegrityError:
                found = self._found(owner_id, key, fingerprint)
                if found is not None:
                    return found
            except DatabaseUnavailable as error:
                if error.in_doubt:
                    self._owe(claim, None)
                raise
            else:
                return claim
        raise Conflict("A request with this idempotency key is being answered.", code="idempotency_key_in_flight")

    def settle(self, claim: Claim, answer: Answer | None) -> None:
        """Keep the answer of a claim, or give it up, so that the request may be sent again as if it were new: it
        failed, or its answer was not taken to its end. While the database or the store is away, that is done later."""
        try:
            self._settle(claim, answer)
        except (DatabaseUnavailable, StorageUnavailable) as error:
            log.warning("the answer for an idempotency key is settled later: %s", error)
            self._owe(claim, answer)

    def stop(self) -> None:
        """Settle nothing any more: claims of a process that has ended are free."""
        self._stopping.set()

    def _settle(self, claim: Claim, answer: Answer | None) -> None:
        if answer is None:
            self._free(claim.owner_id, claim.key, self.worker_id)
        else:
            self._keep(claim, answer)

    def _owe(self, claim: Claim, answer: Answer | None) -> None:
        with self._lock:
            self._owed[claim] = answer if len(self._owed) < MOST_OWED else None
            if self._settler is None:
                self._settler = threading.Thread(target=self._settle_later, name="idempotency", daemon=True)
                self._settler.start()

    def _settle_later(self) -> None:
        while not self._stopping.wait(AGAIN_S):
            with self._lock:
                owed = list(self._owed)
                if not owed:
                    self._settler = None
                    return
            self._settle_owed(owed)

    def _settle_owed(self, claims: list[Claim]) -> None:
        """Settle those of the claims that are owed, as long as what was away is back."""
        for claim in claims:
            with self._lock:
                if claim not in self._owed:
                    continue
                answer = self._owed.pop(claim)
            try:
                self._settle(claim, answer)
            except (DatabaseUnavailable, StorageUnavailable):
                self._owe(claim, answer)
                return

    def _keep(self, claim: Claim, answer: Answer) -> None:
        digest = hashlib.sha256(f"{claim.owner_id}\0{claim.key}".encode()).hexdigest()
        body_key = f"answers/{digest[:2]}/{digest}"
        self.store.put(body_key, answer.body)
        with self.database.change() as work:
            work.execute(
                update(KeptAnswer)
                .where(KeptAnswer.owner_id == claim.owner_id, KeptAnswer.key == claim.key)
                .values(status=answer.status, headers=answer.headers, body_key=body_key)
            )

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
        drop(self.store, [body_key for body_key in bodies if body_key])
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
