"""Answers that belong to their message, not to a connection: made in a thread of their own, written to a log that any
number of readers follow, from the start or from where they were."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator

from sqlalchemy import select

from models.chats import Message, MessageEvents
from models.database import Database, DatabaseUnavailable, held, upsert
from services import kept_streams, turn_rows
from services.answer_log import Entry, Log, Unread
from services.errors import AssistantError
from services.events import ChatEvent, TurnCancelled, TurnFailed
from services.mailbox import Outlet
from services.relay import Relay
from services.turns import Turn, cut_short

log = logging.getLogger(__name__)

Encode = Callable[[ChatEvent], list[Entry]]

KEEP_EVERY_S = 2.0
RELAY_EVERY_S = 0.04
WAITING_S = 10.0
CANCELLING_TAKES_S = 1.0
"""How long to wait for another process that was asked to end an answer."""
FINISHED_ENTRIES = 50_000
"""Entries of finished answers kept in memory, for readers who come back soon; all are in the database."""
LOOK_AROUND_EVERY_S = 1.0
MAX_ENTRIES = 100_000
"""An answer that goes on beyond this is ended: nobody reads it, and the log has to end somewhere."""


class Generations:
    """Runs turns in the background and lets readers follow them.

    Args:
        redis_url: through it, readers in other processes follow as the answer is made, and not from the database.
        worker_id: names this process on the messages it makes.
        look_around: settles what dead processes left; asked for when nothing is heard of an answer.
    """

    def __init__(
        self,
        database: Database,
        redis_url: str | None = None,
        worker_id: str = "",
        look_around: Callable[[], None] = lambda: None,
    ) -> None:
        self.database = database
        self._look_around = look_around
        self._looked_at = time.monotonic()
        self._relay = Relay(redis_url, worker_id, self._cancel, self._still_made) if redis_url else None
        self._live: dict[str, tuple[Log, Turn]] = {}
        self._finished: OrderedDict[str, Log] = OrderedDict()
        self._finished_entries = 0
        self._lock = threading.Lock()
        self._keeping = threading.Lock()
        self._stopping = threading.Event()
        self._keeper = threading.Thread(target=self._keep_all, name="event-keeper", daemon=True)
        self._keeper.start()
        self._making = threading.Event()
        if self._relay is not None:
            threading.Thread(target=self._relay_all, args=(self._relay,), name="event-relay", daemon=True).start()

    def start(self, turn: Turn, encode: Encode) -> Log:
        """Make an answer in the background.

        Args:
            encode: an event's entries, in order; called in the generation's thread alone.
        """
        made = Log(turn.message_id)
        with self._lock:
            self._live[turn.message_id] = (made, turn)
        self._making.set()
        turn.kept_with_stream = True
        turn.when_interrupted = lambda: self._cut_short(made, turn, encode)
        thread = threading.Thread(target=self._run, args=(made, turn, encode), name="generation", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # the machine gives no more threads
            turn.interrupt()
            self._finish(made, turn)
            raise
        return made

    def wait(self, message_id: str) -> None:
        """Return when the stream of a message has ended."""
        for _entries in self.follow(message_id, WAITING_S, Unread()):
            pass

    def follow(self, message_id: str, timeout_s: float, outlet: Outlet[Entry] | None = None) -> Iterator[list[Entry]]:
        """Entries of a message from the first on, in any process; see `Log.read`."""
        made = self.log(message_id)
        if made is not None:
            yield from made.read(timeout_s, outlet)
            return
        known = 0
        if self._relay is not None and self._being_made([message_id]):
            with self._relay.following(message_id) as told:
                if told is not None:
                    yield from told.read(timeout_s, outlet)
                    if not told.broken:
                        return
                    known = len(told.entries)
        yield from kept_streams.follow(
            self.database, message_id, timeout_s, known, quiet=lambda: self._still_made([message_id])
        )

    def log(self, message_id: str) -> Log | None:
        """The log of a message that is or was made in this process not long ago."""
        with self._lock:
            live = self._live.get(message_id)
            return live[0] if live else self._finished.get(message_id)

    def cancel(self, message_id: str, worker_id: str | None = None) -> bool:
        """Stop an answer that this process is making, or `worker_id` if it can be reached; False if neither."""
        if self._cancel(message_id):
            return True
        if self._relay is None or worker_id is None or not self._relay.cancel(worker_id, message_id):
            return False
        deadline = time.monotonic() + CANCELLING_TAKES_S
        while self._being_made([message_id]):
            if time.monotonic() > deadline:
                return False
            time.sleep(CANCELLING_TAKES_S / 50)
        return True

    def _cancel(self, message_id: str) -> bool:
        with self._lock:
            live = self._live.get(message_id)
        if live is None:
            return False
        live[1].cancelled = True
        live[1].interrupt()
        return True

    def _being_made(self, message_ids: Collection[str]) -> set[str]:
        with self.database.look() as work:
            return set(
                work.execute(
                    select(Message.id).where(Message.id.in_(message_ids), Message.status == "streaming")
                ).scalars()
            )

    def _still_made(self, message_ids: Collection[str]) -> set[str]:
        """Those that are being made, after a look at whether their makers live."""
        with self._lock:
            due = time.monotonic() - self._looked_at > LOOK_AROUND_EVERY_S
            if due:
                self._looked_at = time.monotonic()
        if due:
            self._look_around()
        return self._being_made(message_ids)

    def told(self, message_id: str, known: int) -> list[Entry]:
        """What readers in other processes were told of an answer after its first `known` entries."""
        return self._relay.told(message_id, known) if self._relay is not None else []

    def failure(self, message_id: str) -> AssistantError | None:
        """What an answer made in this process failed with."""
        made = self.log(message_id)
        return made.error if made else None

    def stop(self) -> None:
        """Write down what has not been; the turns have been interrupted before."""
        self._stopping.set()
        self._making.set()
        try:
            self.keep_so_far()
        except DatabaseUnavailable as error:
            log.warning("streams under way could not be written down: %s", error)
        if self._relay is not None:
            self._relay.tell(self._logs())
            self._relay.stop()

    def keep_so_far(self) -> None:
        """Write new entries of all live logs down, in one transaction."""
        self._keep(self._logs())

    def _logs(self) -> list[Log]:
        with self._lock:
            return [made for made, _turn in self._live.values()]

    def _keep(self, logs: list[Log]) -> None:
        with self._keeping:
            grown = [(made, made.entries[made.kept :]) for made in logs if len(made.entries) > made.kept]
            if not grown:
                return
            said = {made: made.said + "".join(entry[1] for entry in new if entry[0] == "token") for made, new in grown}
            with self.database.write() as session:
                ids = [made.message_id for made in said]
                # A picture or a session may have been deleted meanwhile, and its messages with it.
                present = held(select(Message.id).where(Message.id.in_(ids)).order_by(Message.id))
                there = set(session.execute(present).scalars())
                rows = [
                    {"message_id": made.message_id, "position": made.kept, "entries": entries}
                    for made, entries in grown
                    if made.message_id in there
                ]
                if rows:
                    # In place of what an attempt that nobody heard the end of has written.
                    write = upsert(session, MessageEvents)
                    again = {"entries": write.excluded.entries}
                    session.execute(
                        write.on_conflict_do_update(
                            index_elements=[MessageEvents.message_id, MessageEvents.position], set_=again
                        ),
                        rows,
                    )
                    # With its stream, so that after a crash neither goes further than the other.
                    turn_rows.keep_so_far(session.connection(), [(made.message_id, said[made]) for made in said])
            for made, entries in grown:
                made.kept += len(entries)
                made.said = said[made]

    def _run(self, made: Log, turn: Turn, encode: Encode) -> None:
        try:
            for event in turn:
                if isinstance(event, TurnFailed):
                    made.error = event.error
                made.append(encode(event))
                if len(made.entries) > MAX_ENTRIES:
                    turn.interrupt()
        except Exception:
            log.exception("an answer failed on something nobody foresaw")
            self._cut_short(made, turn, encode)
        finally:
            self._finish(made, turn)

    def _cut_short(self, made: Log, turn: Turn, encode: Encode) -> None:
        event = TurnCancelled(turn.message_id, turn.text) if turn.cancelled else None
        made.append(encode(event or TurnFailed(turn.message_id, cut_short(), turn.text)), last=True)

    def _finish(self, made: Log, turn: Turn) -> None:
        made.append([], last=True)
        if self._relay is not None:
            self._relay.tell([made])
        try:
            self._keep([made])
        except DatabaseUnavailable as error:
            log.warning("the stream of an answer could not be written down: %s", error)
        with self._lock:
            self._live.pop(turn.message_id, None)
            self._finished[turn.message_id] = made
            self._finished_entries += len(made.entries)
            while self._finished_entries > FINISHED_ENTRIES:
                _, oldest = self._finished.popitem(last=False)
                self._finished_entries -= len(oldest.entries)

    def _keep_all(self) -> None:
        while not self._stopping.wait(KEEP_EVERY_S):
            try:
                self.keep_so_far()
            except DatabaseUnavailable as error:
                log.warning("streams under way could not be written down: %s", error)

    def _relay_all(self, relay: Relay) -> None:
        while not self._stopping.wait(RELAY_EVERY_S):
            with self._lock:
                logs = [made for made, _turn in self._live.values()]
                if not logs:
                    self._making.clear()
            if logs:
                relay.tell(logs)
            self._making.wait()
