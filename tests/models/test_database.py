"""The database under many writers: none is told that it is locked, none loses what it wrote."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import IntegrityError

from config import ROOT
from models.chats import Conversation, Message
from models.database import Database, DatabaseUnavailable, Work
from models.media import ConversationImage
from tests import newest


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(newest.place(tmp_path / "folder" / "test.db"))
    yield opened
    opened.close()


def count_up(database: Database) -> None:
    """Read and write in one transaction: with a deferred one this is where SQLite says it is locked."""
    with database.write() as session:
        found = session.execute(text("SELECT next_seq FROM conversations WHERE id = 'counter'")).scalar_one()
        session.execute(text("UPDATE conversations SET next_seq = :to WHERE id = 'counter'"), {"to": found + 1})


def counter(database: Database) -> int:
    with database.read() as session:
        return int(session.execute(text("SELECT next_seq FROM conversations WHERE id = 'counter'")).scalar_one())


@pytest.fixture
def counting(database: Database) -> Database:
    with database.write() as session:
        session.execute(insert(Conversation).values(id="counter", owner_id="local", surface="classic"))
    return database


def test_many_threads_write_at_once(counting: Database) -> None:
    with ThreadPoolExecutor(32) as pool:
        for done in [pool.submit(count_up, counting) for _ in range(320)]:
            done.result(60)
    assert counter(counting) == 320


PROCESS = """
import sys
sys.path.insert(0, {root!r})
from models.database import Database
from tests.models.test_database import count_up
database = Database({url!r})
for _ in range(40):
    count_up(database)
database.close()
"""


def test_several_processes_write_at_once(counting: Database) -> None:
    script = PROCESS.format(root=str(ROOT), url=counting.url.render_as_string(hide_password=False))
    processes = [
        subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stderr=subprocess.PIPE, text=True) for _ in range(3)
    ]
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(count_up, counting) for _ in range(40)]:
            done.result(60)
    for process in processes:
        _, complaint = process.communicate(timeout=90)
        assert process.returncode == 0, complaint
    assert counter(counting) == 160


def test_readers_do_not_wait_for_a_writer(counting: Database) -> None:
    with counting.write() as session:
        session.execute(text("UPDATE conversations SET next_seq = 7 WHERE id = 'counter'"))
        seen: list[int] = []
        reader = threading.Thread(target=lambda: seen.append(counter(counting)))
        began = time.monotonic()
        reader.start()
        reader.join(10)
        assert time.monotonic() - began < 5
    assert seen == [0]
    assert counter(counting) == 7


def test_what_raises_is_rolled_back(counting: Database) -> None:
    def change_and_break(transaction: Callable[[], AbstractContextManager[Work]]) -> None:
        with transaction() as work:
            work.execute(text("UPDATE conversations SET next_seq = 9 WHERE id = 'counter'"))
            raise ZeroDivisionError

    for transaction in (counting.write, counting.change):
        with pytest.raises(ZeroDivisionError):
            change_and_break(transaction)
    assert counter(counting) == 0
    count_up(counting)
    assert counter(counting) == 1


def test_reading_changes_nothing(counting: Database) -> None:
    with counting.read() as session:
        session.execute(text("UPDATE conversations SET next_seq = 9 WHERE id = 'counter'"))
    assert counter(counting) == 0


def test_references_are_kept(database: Database) -> None:
    with pytest.raises(IntegrityError), database.write() as session:
        session.execute(insert(ConversationImage).values(conversation_id="none", image_id="none", position=0))


def test_a_place_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    (tmp_path / "folder.db").mkdir()
    database = Database(f"sqlite:///{tmp_path / 'folder.db'}")
    with pytest.raises(DatabaseUnavailable):
        database.ping()
    database.close()


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("this is no database, whatever its name says " * 50)
    database = Database(f"sqlite:///{tmp_path / 'text.db'}")
    with pytest.raises(DatabaseUnavailable):
        database.ping()
    database.close()


def test_instants_come_back_in_utc(counting: Database) -> None:
    local = datetime(2026, 3, 1, 12, 0, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    with counting.write() as session:
        session.execute(
            insert(Message).values(
                id="m", conversation_id="counter", seq=0, role="user", content="", status="sent", created_at=local
            )
        )
    with counting.read() as session:
        found = session.execute(select(Message.created_at)).scalar_one()
    assert found == local
    assert found.tzinfo == UTC
