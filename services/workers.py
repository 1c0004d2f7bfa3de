"""Who is making answers, and what becomes of those that a dead process left half-made."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import ColumnElement, and_, delete, false, func, insert, or_, select
from sqlalchemy.orm import Session

from models.base import new_id, now
from models.chats import Conversation, Message, MessageEvents
from models.database import Database, DatabaseUnavailable, Work, dialect_of, upsert
from models.workers import Worker
from services import session_search, usage
from services.answer_log import Entry
from services.providers import tokens
from services.session_pages import SURFACE
from services.turn_rows import PREVIEW

log = logging.getLogger(__name__)

DEAD_AFTER = timedelta(seconds=60)
RENEWALS = 6
"""How often a process signs within that time."""
BEGUN_AFTER = timedelta(seconds=20)
"""A turn is in the database a moment before it is under way."""
JUMP_S = 5.0
"""A clock that has gone so much further, or less far, than time has passed was set anew."""

Streamed = Callable[[str, int], Sequence[Entry]]
"""What readers in other processes were told of an answer after its first so many entries."""


def _nothing_more(_message_id: str, _known: int) -> Sequence[Entry]:
    return ()


class Roll:
    """The roll of running processes. This one signs in when it starts and is renewed by a thread of its own.

    Args:
        job_threads: how many jobs this process does at once.
        clock: what all processes sign by; by default the database's, which is one for all hosts.
        dead_after: a process of another host that has not signed for so long is dead.
    """

    def __init__(
        self,
        database: Database,
        job_threads: int = 0,
        clock: Callable[[Work], datetime] | None = None,
        dead_after: timedelta = DEAD_AFTER,
    ) -> None:
        self.database = database
        self.job_threads = job_threads
        self.dead_after = dead_after
        self.worker_id = new_id()
        self.host = socket.gethostname()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._under_way: Callable[[], set[str]] = set
        self._streamed: Streamed = _nothing_more
        self._take_up: Callable[[], object] = lambda: None
        self._time = clock or _time
        self._ahead: float | None = None
        self._trusted_from = 0.0

    def start(
        self,
        under_way: Callable[[], set[str]],
        streamed: Streamed = _nothing_more,
        take_up: Callable[[], object] = lambda: None,
    ) -> None:
        """Sign in, settle what the dead left, and keep doing so.

        Args:
            under_way: ids of the answers this process is really making.
            take_up: called when a process has died, for what else it left.
        """
        self._under_way, self._streamed, self._take_up = under_way, streamed, take_up
        self._sign()
        self.settle(under_way())
        self._thread = threading.Thread(target=self._keep_up, name="roll", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Sign out."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=5)
        try:
            with self.database.write() as session:
                session.execute(delete(Worker).where(Worker.id == self.worker_id))
        except DatabaseUnavailable as error:
            log.warning("this process is left for others to strike off: %s", error)

    def _sign(self) -> None:
        """Say that this process lives: again also where another, whose clock jumped, has struck it off."""
        with self.database.change() as work:
            at = self._time(work)
            name = {"host": self.host, "pid": os.getpid(), "job_threads": self.job_threads}
            sign = upsert(work, Worker).values(id=self.worker_id, seen_at=at, **name)
            work.execute(sign.on_conflict_do_update(index_elements=[Worker.id], set_={"seen_at": at}))

    def others(self) -> bool:
        """Whether a process is running on this database.

        Raises:
            DatabaseUnavailable
        """
        with self.database.read() as session:
            at = self._time(session)
            return any(not self._is_dead(worker, at) for worker in session.execute(select(Worker)).scalars())

    def does_jobs(self) -> bool:
        """Whether any living process does jobs.

        Raises:
            DatabaseUnavailable
        """
        with self.database.look() as work:
            runs = (Worker.job_threads > 0) & (Worker.seen_at > self._time(work) - self.dead_after)
            return work.execute(select(Worker.id).where(runs).limit(1)).first() is not None

    def look_around(self) -> None:
        """Settle now, for somebody who waits for an answer of which nothing is heard.

        Raises:
            DatabaseUnavailable
        """
        self.settle(self._under_way())

    def settle(self, under_way: set[str]) -> int:
        """Mark answers `interrupted` that nobody is making any more; how many there were.

        All that was written down of them, or told to readers elsewhere, is kept: the text so far, or the stream where
        that goes further.
        """
        with self.database.read() as session:
            at = self._time(session)
            self._watch_clock(at)
            dead = [worker for worker in session.execute(select(Worker)).scalars() if self._is_dead(worker, at)]
        if dead:
            with self.database.change() as work:
                for worker in dead:
                    # It may have signed again meanwhile.
                    work.execute(delete(Worker).where(Worker.id == worker.id, Worker.seen_at == worker.seen_at))
        with self.database.read() as session:
            left = session.execute(select(Message.id, Message.conversation_id).where(self._abandoned(under_way))).all()
        settled = 0
        for message_id, conversation_id in left:
            with self.database.read() as session:
                known = len(_stream(session, message_id))
            more = self._streamed(message_id, known)
            # Each by itself: nobody waits for two conversations, so no two wait for one another.
            with self.database.write() as session:
                settled += _settle(session, conversation_id, message_id, known, more)
        if dead:
            self._take_up()
        if settled:
            log.warning("%d answers that were cut short have been marked interrupted", settled)
        return settled

    def _abandoned(self, under_way: set[str]) -> ColumnElement[bool]:
        return (Message.status == "streaming") & or_(
            Message.worker_id.is_(None),
            Message.worker_id.not_in(select(Worker.id)),
            and_(
                Message.worker_id == self.worker_id,
                Message.id.not_in(under_way),
                ~Message.created_at.between(now() - BEGUN_AFTER, now() + BEGUN_AFTER) if self._trusted else false(),
            ),
        )

    def _is_dead(self, worker: Worker, at: datetime) -> bool:
        if worker.id == self.worker_id:
            return False
        # A number that is this process's own now was an earlier process's then.
        if worker.host == self.host and (worker.pid == os.getpid() or not _runs(worker.pid)):
            return True
        return self._trusted and abs(at - worker.seen_at) > self.dead_after

    @property
    def _trusted(self) -> bool:
        """Whether what the clock says may be compared with what it said a minute ago."""
        return time.monotonic() >= self._trusted_from

    def _watch_clock(self, at: datetime) -> None:
        """Trust no clock that was set anew until everybody who lives has signed by it."""
        ahead = at.timestamp() - time.monotonic()
        if self._ahead is not None and abs(ahead - self._ahead) > JUMP_S:
            log.warning("the clock was set by %+.0f s", ahead - self._ahead)
            self._trusted_from = time.monotonic() + self.dead_after.total_seconds()
        self._ahead = ahead

    def _keep_up(self) -> None:
        while not self._stop.wait(self.dead_after.total_seconds() / RENEWALS):
            try:
                self._sign()
                self.settle(self._under_way())
            except DatabaseUnavailable as error:
                log.warning("the roll of processes could not be renewed: %s", error)


def _time(work: Work) -> datetime:
    """The time by the database's clock, which is one for all hosts; SQLite has this machine's."""
    if dialect_of(work) == "sqlite":
        return now()
    at: datetime = work.execute(select(func.clock_timestamp())).scalar_one()
    return at


def _stream(session: Session, message_id: str) -> list[Entry]:
    stretches = session.execute(
        select(MessageEvents.entries).where(MessageEvents.message_id == message_id).order_by(MessageEvents.position)
    ).scalars()
    return [entry for stretch in stretches for entry in stretch]


def _settle(session: Session, conversation_id: str, message_id: str, known: int, more: Sequence[Entry]) -> bool:
    """Whether the answer was still to be settled: another process may have done it.

    Args:
        more: what its stream goes on with after its first `known` entries, which are all that the database has.
    """
    conversation = session.get(Conversation, conversation_id, with_for_update=True)
    message = session.execute(
        select(Message).where(Message.id == message_id, Message.status == "streaming").with_for_update()
    ).scalar()
    if conversation is None or message is None:
        return False
    stream = _stream(session, message_id)
    if more and len(stream) == known:
        session.execute(insert(MessageEvents), [{"message_id": message_id, "position": known, "entries": [*more]}])
        stream += more
    streamed = "".join(entry[1] for entry in stream if entry[0] == "token")
    said = max(message.content, streamed, key=len)
    count = tokens.estimate(said)
    message.content, message.status = said, "interrupted"
    message.completion_tokens, message.tokens_estimated = count, True
    conversation.total_tokens += count
    conversation.last_message_preview = said[:PREVIEW] or conversation.last_message_preview
    conversation.last_message_at = conversation.updated_at = now()
    if conversation.surface == SURFACE:
        session_search.index_message(session, message.id, said)
        usage.add_tokens(session, conversation.owner_id, message.created_at, count)
    return True


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    """Whether a process has ended and nobody has asked for its exit code yet: it still takes signals, and does nothing.

    Where there is no `/proc`, nothing is known of it. Source: proc_pid_stat(5), the state after the name.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] in ("Z", "X")
