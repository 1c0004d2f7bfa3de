"""What must not happen twice, asked for many times at once: on a database with one writer, and on one with many."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, insert, select, update

from models.accounts import KeptAnswer
from models.base import LOCAL_OWNER, new_id, now
from models.chats import Conversation, Message, MonthlyUsage
from models.database import Database, DatabaseUnavailable
from models.voice import VoiceSession
from models.workers import Worker
from services.errors import Conflict, LimitExceeded, SessionNotFound
from services.idempotency import Claim, Idempotency
from services.library.storage import FolderStore
from services.sessions import SURFACE, Sessions
from services.turns import Question, Turns, collect
from services.usage import Limits, month_of
from services.voice_sessions import VoiceSessions
from services.workers import Roll
from tests import hosts, newest
from tests.fakes import ScriptedModel

AT_ONCE = 12


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    url = newest.place(tmp_path / "test.db") if request.param == "sqlite" else hosts.postgres().fresh()
    opened = Database(url)
    yield opened
    opened.close()


@pytest.fixture
def turns(database: Database) -> Iterator[Turns]:
    made = Turns(database, ScriptedModel(), "this-worker")
    yield made
    made.stop()


def at_once(attempt: Callable[[int], object]) -> list[object]:
    """What each of many attempts made at the same time gave, or what it raised of what may be raised."""
    ready = threading.Barrier(AT_ONCE)

    def one(number: int) -> object:
        ready.wait(30)
        try:
            return attempt(number)
        except (Conflict, LimitExceeded, SessionNotFound) as refused:
            return refused

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [done.result(60) for done in [pool.submit(one, number) for number in range(AT_ONCE)]]


def refused(outcomes: list[object]) -> list[str]:
    return [outcome.code for outcome in outcomes if isinstance(outcome, Conflict | LimitExceeded)]


def begin(database: Database, surface: str = SURFACE) -> str:
    conversation_id = new_id()
    with database.write() as session:
        session.execute(insert(Conversation).values(id=conversation_id, owner_id=LOCAL_OWNER, surface=surface))
    return conversation_id


def count(database: Database, column: Any, *where: Any) -> int:
    with database.read() as session:
        return int(session.execute(select(func.count(column)).where(*where)).scalar_one())


@pytest.mark.parametrize("limits", [Limits(LOCAL_OWNER, 1000, 100_000), None], ids=["with budgets", "without"])
def test_one_answer_at_a_time(database: Database, turns: Turns, limits: Limits | None) -> None:
    conversation_id = begin(database)
    question = Question(conversation_id, "What?", "", limits=limits, one_at_a_time=True)
    outcomes = at_once(lambda _number: turns.start(question))
    assert refused(outcomes) == ["message_in_progress"] * (AT_ONCE - 1)
    assert count(database, Message.id) == 2


def test_questions_of_one_conversation_are_numbered(database: Database, turns: Turns) -> None:
    conversation_id = begin(database, "classic")
    at_once(lambda number: collect(turns.start(Question(conversation_id, f"{number}?", ""))))
    with database.read() as session:
        numbers = session.execute(select(Message.seq).order_by(Message.seq)).scalars().all()
        kept = session.execute(select(Conversation)).scalar_one()
    assert numbers == list(range(2 * AT_ONCE))
    assert (kept.next_seq, kept.total_messages) == (2 * AT_ONCE, 2 * AT_ONCE)
    assert kept.total_tokens == AT_ONCE * 15


def test_a_month_is_not_overdrawn(database: Database, turns: Turns) -> None:
    sessions = [begin(database) for _ in range(AT_ONCE)]
    limits = Limits(LOCAL_OWNER, 1000, 100_000, monthly_messages=5)
    outcomes = at_once(lambda number: turns.start(Question(sessions[number], "What?", "", limits=limits)))
    assert refused(outcomes) == ["usage_limit_exceeded"] * (AT_ONCE - 5)
    assert count(database, Message.id) == 10
    with database.read() as session:
        assert session.execute(select(MonthlyUsage.messages, MonthlyUsage.month)).all() == [(5, month_of(now()))]


def test_a_session_is_closed_once(database: Database) -> None:
    session_id = begin(database)
    outcomes = at_once(lambda _number: Sessions(database).close(LOCAL_OWNER, session_id))
    assert refused(outcomes) == ["session_closed"] * (AT_ONCE - 1)


def test_sessions_begun_at_once_are_all_there(database: Database) -> None:
    sessions = Sessions(database)
    made = at_once(lambda number: sessions.create(LOCAL_OWNER, f"Title {number}", [], use_all_images=True))
    assert len({session.id for session in made if isinstance(session, Conversation)}) == AT_ONCE


def test_a_voice_session_is_begun_once(database: Database, tmp_path: Path) -> None:
    sessions = VoiceSessions(database, FolderStore(tmp_path / "media"), timedelta(minutes=30))
    for _ in range(3):
        touched = at_once(lambda _number: sessions.touch(LOCAL_OWNER, "mine"))
        assert len({found.conversation_id for found in touched if isinstance(found, VoiceSession)}) == 1
        assert (count(database, VoiceSession.session_id), count(database, Conversation.id)) == (1, 1)
        # Over, and begun anew by many at once.
        with database.write() as session:
            session.execute(update(VoiceSession).values(last_activity=now() - timedelta(hours=1)))


def test_pictures_of_a_voice_session_leave_one(database: Database, tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "media")
    sessions = VoiceSessions(database, store, timedelta(minutes=30))
    sessions.touch(LOCAL_OWNER, "mine")
    at_once(lambda number: sessions.keep_image(sessions.touch(LOCAL_OWNER, "mine"), b"%d" % number))
    with database.read() as session:
        kept = session.execute(select(VoiceSession.image_key)).scalar_one()
    assert list(store.keys("voice/")) == [kept]


def test_a_request_sent_again_is_answered_once(database: Database, tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "media")
    workers = [new_id() for _ in range(AT_ONCE)]
    with database.write() as session:
        rows = [{"id": worker, "host": "h", "pid": 1, "seen_at": now()} for worker in workers]
        session.execute(insert(Worker), rows)
        # The claim of a worker that died.
        session.execute(
            insert(KeptAnswer).values(
                owner_id=LOCAL_OWNER, key="k", fingerprint="f", worker_id="dead", created_at=now()
            )
        )
    outcomes = at_once(lambda number: Idempotency(database, store, workers[number]).claim(LOCAL_OWNER, "k", "f"))
    assert len([outcome for outcome in outcomes if isinstance(outcome, Claim)]) == 1
    assert refused(outcomes) == ["idempotency_key_in_flight"] * (AT_ONCE - 1)


def test_an_answer_of_the_dead_is_settled_once(database: Database, turns: Turns) -> None:
    session_id = begin(database)
    turn = Turns(database, ScriptedModel(), "dead").start(
        Question(session_id, "What?", "", limits=Limits(LOCAL_OWNER, 1000, 100_000))
    )
    with database.write() as session:
        session.execute(update(Message).where(Message.id == turn.message_id).values(content="half an answer"))
    rolls = [Roll(database) for _ in range(AT_ONCE)]
    settled = at_once(lambda number: rolls[number].settle(set()))
    assert sorted(settled) == [0] * (AT_ONCE - 1) + [1]
    with database.read() as session:
        answer = session.get_one(Message, turn.message_id)
        kept = session.get_one(Conversation, session_id)
        tokens = session.execute(select(MonthlyUsage.tokens)).scalar_one()
    assert (answer.status, answer.content) == ("interrupted", "half an answer")
    assert kept.total_tokens == answer.completion_tokens == tokens > 0


def test_whoever_was_struck_off_signs_again(database: Database) -> None:
    roll = Roll(database)
    roll.start(set)
    with database.write() as session:
        session.execute(update(Worker).values(seen_at=now() - timedelta(hours=2), host="elsewhere"))
    Roll(database).settle(set())
    assert count(database, Worker.id) == 0
    roll._sign()
    assert count(database, Worker.id) == 1
    roll.stop()
    assert count(database, Worker.id) == 0


def test_a_conversation_deleted_while_answers_end(database: Database, turns: Turns) -> None:
    """Nobody waits for one another in a circle."""
    for _ in range(5):
        conversations = [begin(database, "classic") for _ in range(AT_ONCE)]
        started = [turns.start(Question(conversation_id, "What?", "")) for conversation_id in conversations]

        def one(number: int, conversations: list[str] = conversations, started: list[Any] = started) -> None:
            if number % 2:
                collect(started[number - 1])
            else:
                with database.write() as session:
                    session.delete(session.get_one(Conversation, conversations[number]))

        at_once(one)
    assert count(database, Message.id, Message.status == "complete") <= 5 * AT_ONCE


def test_a_server_that_is_not_there_is_told(tmp_path: Path) -> None:
    database = Database(f"postgresql+psycopg://nobody@/none?host={tmp_path}&connect_timeout=2")
    for way in (database.read, database.look, database.write, database.change):
        with pytest.raises(DatabaseUnavailable), way() as work:
            work.execute(select(Worker.id))
    database.close()


def test_text_that_postgresql_cannot_keep(database: Database) -> None:
    conversation_id = begin(database)
    with database.write() as session:
        values = {"id": "m", "conversation_id": conversation_id, "seq": 0, "role": "user", "status": "sent"}
        details = {"said": ["a\0b", "\ud800", "\\u0000", "नमस्ते 🌸"]}
        session.execute(insert(Message).values(content="before\0after", details=details, **values))
    with database.read() as session:
        kept = session.get_one(Message, "m")
    assert kept.content.startswith("before")
    assert kept.content.endswith("after")
    assert kept.details is not None
    assert kept.details["said"][2:] == ["\\u0000", "नमस्ते 🌸"]


def test_a_dead_connection_is_replaced() -> None:
    url = hosts.postgres().fresh()
    database, other = Database(url, connections=2), Database(url, connections=2)
    database.ping()
    with other.change() as work:
        work.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    database.ping()
    database.close()
    other.close()


def test_more_threads_than_connections_wait_their_turn() -> None:
    database = Database(hosts.postgres().fresh(), connections=2)
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda _number: database.ping(), range(64)))
    database.close()


def test_what_is_open_when_the_database_is_closed_is_closed_when_given_back(database: Database) -> None:
    with database.look() as work:
        held = work.connection.dbapi_connection
        assert held is not None
        database.close()
        assert work.execute(select(func.count(Worker.id))).scalar_one() == 0
    with pytest.raises(Exception, match=r"(?i)closed"):
        held.cursor().execute("SELECT 1")
    database.ping()
