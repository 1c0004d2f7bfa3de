"""Streams of answers as the database has them: another process makes the answer, or it is long finished."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from sqlalchemy import bindparam, func, select

from models.chats import Message, MessageEvents
from models.database import Database, Work
from models.workers import Worker
from services.answer_log import Entry

POLL_S = 0.5
QUIET_S = 4.0
"""A stream of which nothing has been written down for so long: does its maker live?"""
KEEPING_TAKES_S = 5.0
"""How long a reader waits for the end of a stream whose answer is whole already."""

_STATE = (
    select(Message.status, Worker.id)
    .outerjoin(Worker, Worker.id == Message.worker_id)
    .where(Message.id == bindparam("message"))
)
_OF_MESSAGE = MessageEvents.message_id == bindparam("message")
_AT_OR_BEFORE = select(func.max(MessageEvents.position)).where(_OF_MESSAGE, MessageEvents.position <= bindparam("at"))
_STRETCHES = (
    select(MessageEvents.position, MessageEvents.entries)
    .where(_OF_MESSAGE, MessageEvents.position >= _AT_OR_BEFORE.scalar_subquery())
    .order_by(MessageEvents.position)
)


def follow(
    database: Database, message_id: str, timeout_s: float, position: int, quiet: Callable[[], object]
) -> Iterator[list[Entry]]:
    """Entries of a message from a position on, until its stream has ended.

    Args:
        timeout_s: after so much silence comes an empty list.
        quiet: called when nothing has come for long.

    Raises:
        DatabaseUnavailable
    """
    silent = ended = 0.0
    while True:
        if silent > QUIET_S:
            quiet()
        with database.look() as work:
            # The status first: entries written after it was read are then still looked for.
            more_to_come, being_made = _state(work, message_id)
            entries = _kept(work, message_id, position)
        position += len(entries)
        if entries:
            silent = 0.0
            yield entries
            continue
        # Its end is written down a moment after the answer is.
        if not more_to_come or (not being_made and ended >= KEEPING_TAKES_S):
            return
        if silent >= timeout_s:
            silent = 0.0
            yield []
        time.sleep(POLL_S)
        silent += POLL_S
        ended += 0.0 if being_made else POLL_S


def _state(work: Work, message_id: str) -> tuple[bool, bool]:
    """Whether a message's stream may still grow, and whether its answer is still being made."""
    row = work.execute(_STATE, {"message": message_id}).first()
    if row is None:
        return False, False
    being_made = row[0] == "streaming"
    return being_made or row[1] is not None, being_made


def _kept(work: Work, message_id: str, position: int) -> list[Entry]:
    """What the database has from a position on, which may lie within a stretch."""
    stretches = work.execute(_STRETCHES, {"message": message_id, "at": position})
    return [entry for at, stretch in stretches for entry in stretch[max(0, position - at) :]]
