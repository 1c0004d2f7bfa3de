"""The roll of processes: what a dead one left is settled, what a living one makes is left alone."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select, update

from config import ROOT
from models.base import new_id, now
from models.chats import Conversation, Message
from models.database import Database
from models.workers import Worker
from services.workers import DEAD_AFTER, RENEWALS, Roll
from tests import hosts
from tests.inventory import eventually


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(hosts.database_url(tmp_path))
    with opened.write() as session:
        session.execute(insert(Conversation).values(id="c", owner_id="local", surface="classic"))
    yield opened
    opened.close()


def half_made(database: Database, worker_id: str | None, seq: int = 0, age: timedelta = timedelta()) -> str:
    message_id = new_id()
    with database.write() as session:
        session.execute(
            insert(Message).values(
                id=message_id,
                conversation_id="c",
                seq=seq,
                role="assistant",
                content="half an ans",
                status="streaming",
                worker_id=worker_id,
                created_at=now() - age,
            )
        )
    return message_id


def signed_in(database: Database, *, host: str, pid: int, age: timedelta = timedelta()) -> str:
    worker_id = new_id()
    with database.write() as session:
        session.execute(insert(Worker).values(id=worker_id, host=host, pid=pid, seen_at=now() - age))
    return worker_id


def status(database: Database, message_id: str) -> str:
    with database.read() as session:
        found = session.execute(select(Message).where(Message.id == message_id)).scalar_one()
        assert found.content == "half an ans"
        return found.status


def gone() -> int:
    """A process id that has just become nobody's."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait(30)
    return process.pid


def test_of_a_process_that_is_gone(database: Database) -> None:
    roll = Roll(database)
    left = half_made(database, signed_in(database, host=roll.host, pid=gone()))
    assert roll.settle(set()) == 1
    assert status(database, left) == "interrupted"
    assert roll.settle(set()) == 0


def test_of_a_process_whose_end_nobody_has_heard_of(database: Database) -> None:
    """A killed server's worker is such a one until the system has taken note of it."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and stays unheard of
        roll = Roll(database)
        left = half_made(database, signed_in(database, host=roll.host, pid=process.pid))
        assert roll.settle(set()) == 1
        assert status(database, left) == "interrupted"


def test_of_nobody_known(database: Database) -> None:
    left = [half_made(database, None, 0), half_made(database, "long forgotten", 1)]
    assert Roll(database).settle(set()) == 2
    assert {status(database, message) for message in left} == {"interrupted"}


def test_of_a_living_process(database: Database) -> None:
    roll = Roll(database)
    here = half_made(database, signed_in(database, host=roll.host, pid=os.getppid()), 0)
    elsewhere = half_made(database, signed_in(database, host="another-host", pid=1), 1)
    assert roll.settle(set()) == 0
    assert (status(database, here), status(database, elsewhere)) == ("streaming", "streaming")


@pytest.mark.parametrize("age", [DEAD_AFTER + timedelta(seconds=5), timedelta(hours=-1)])
def test_of_a_process_that_has_not_been_heard_of(database: Database, age: timedelta) -> None:
    """Also where it signed by a clock that was set back since."""
    silent = signed_in(database, host="another-host", pid=1, age=age)
    left = half_made(database, silent)
    assert Roll(database).settle(set()) == 1
    assert status(database, left) == "interrupted"


def test_of_an_earlier_process_with_this_ones_number(database: Database) -> None:
    roll = Roll(database)
    left = half_made(database, signed_in(database, host=roll.host, pid=os.getpid()))
    assert roll.settle(set()) == 1
    assert status(database, left) == "interrupted"


@pytest.mark.parametrize("jump", [timedelta(hours=1), timedelta(hours=-1)])
def test_a_clock_that_is_set(database: Database, jump: timedelta) -> None:
    """Nobody is taken for dead because of it; who really is gone is noticed all the same."""
    set_by = timedelta()
    roll = Roll(database, clock=lambda _work: now() + set_by)
    roll.start(set)
    living = half_made(database, signed_in(database, host="another-host", pid=1))
    gone_here = half_made(database, signed_in(database, host=roll.host, pid=gone()), 1)
    own = half_made(database, roll.worker_id, 2, DEAD_AFTER * 2)
    set_by = jump
    assert roll.settle(set()) == 1
    assert [status(database, left) for left in (living, gone_here, own)] == ["streaming", "interrupted", "streaming"]
    roll.stop()


def test_its_own(database: Database) -> None:
    roll = Roll(database)
    roll.start(set)
    old = DEAD_AFTER + timedelta(seconds=5)
    making, lost = half_made(database, roll.worker_id, 0, old), half_made(database, roll.worker_id, 1, old)
    just_begun = half_made(database, roll.worker_id, 2)
    assert roll.settle({making}) == 1
    assert [status(database, message) for message in (making, lost, just_begun)] == [
        "streaming",
        "interrupted",
        "streaming",
    ]
    roll.stop()


def test_signing_in_and_out(database: Database) -> None:
    roll = Roll(database)
    roll.start(set)
    with database.read() as session:
        (worker,) = session.execute(select(Worker)).scalars()
    assert (worker.id, worker.pid) == (roll.worker_id, os.getpid())
    roll.stop()
    with database.read() as session:
        assert session.execute(select(Worker)).first() is None


def test_finished_answers_are_left_alone(database: Database) -> None:
    done = half_made(database, None)
    with database.write() as session:
        session.execute(update(Message).values(status="complete"))
    assert Roll(database).settle(set()) == 0
    assert status(database, done) == "complete"


SIGNS_IN = """
import sys, time
from datetime import timedelta
from models.database import Database
from services.workers import Roll

roll = Roll(Database(sys.argv[1]), dead_after=timedelta(seconds=float(sys.argv[2])))
roll.host = "another-host"
roll.start(set)
print(roll.worker_id, flush=True)
time.sleep(60)
"""


@pytest.mark.slow
def test_another_hosts_process_that_is_killed(database: Database) -> None:
    """As in production, twenty times faster: nobody sees its end, and what it left is settled within the time."""
    patience = timedelta(seconds=3)
    url = database.url.render_as_string(hide_password=False)
    command = [sys.executable, "-c", SIGNS_IN, url, str(patience.total_seconds())]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        left = half_made(database, process.stdout.readline().strip())
        here = Roll(database, dead_after=patience)
        taken_up: list[float] = []
        here.start(set, take_up=lambda: taken_up.append(time.monotonic()))
        try:
            time.sleep(patience.total_seconds() * 1.5)
            assert status(database, left) == "streaming", "it lives, and signs"
            process.kill()
            killed = time.monotonic()
            eventually("interrupted", lambda: status(database, left), 3 * patience.total_seconds())
            assert patience.total_seconds() / 2 < taken_up[0] - killed < patience.total_seconds() * (1 + 4 / RENEWALS)
        finally:
            here.stop()
