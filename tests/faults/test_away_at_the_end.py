"""A database that goes away when an answer is whole: nothing that was said is lost, and nothing counts twice."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest
from sqlalchemy import insert, select

from models.base import LOCAL_OWNER, new_id, now
from models.chats import Conversation, Message, MessageEvents
from models.database import Database, DatabaseUnavailable
from services import usage
from services.errors import StorageUnavailable
from services.events import ChatEvent, TextDelta
from services.generations import Generations
from services.turns import Question, Turns, collect
from services.usage import Limits
from services.workers import Roll
from tests import hosts
from tests.fakes import ScriptedModel
from tests.faults.cutting import Way
from tests.inventory import eventually

PIECES = ("It is ", "a red ", "square.")
ANSWER = "".join(PIECES)
AWAY_S = 1.0
LIMITS = Limits(LOCAL_OWNER, session_messages=100, session_tokens=100_000, monthly_messages=100)


class Talk:
    """A session whose database can be reached by one way alone, and a look at it by another."""

    def __init__(self, way: Way, there: str, model: ScriptedModel) -> None:
        self.way = way
        self.by_the_way = Database(way.url)
        self.database = Database(there)
        self.turns = Turns(self.by_the_way, model, "this-worker")
        self.id = new_id()
        with self.database.write() as work:
            work.execute(insert(Conversation).values(id=self.id, owner_id=LOCAL_OWNER, surface="chat"))

    def question(self) -> Question:
        return Question(self.id, "What?", "Be brief.", limits=LIMITS)

    def answer(self) -> tuple[str, str]:
        with self.database.read() as work:
            found = work.execute(select(Message.status, Message.content).where(Message.role == "assistant")).one()
        return found.status, found.content

    def counted(self) -> tuple[int, int, int]:
        """Messages and tokens of the session, and tokens of the month."""
        with self.database.read() as work:
            said = select(Conversation.total_messages, Conversation.total_tokens).where(Conversation.id == self.id)
            messages, tokens = work.execute(said).one()
            return messages, tokens, usage.of_month(work, LOCAL_OWNER, now())[1]

    def close(self) -> None:
        self.turns.stop()
        self.by_the_way.close()
        self.database.close()
        self.way.leave()


@pytest.fixture
def model() -> ScriptedModel:
    return ScriptedModel(*PIECES)


@pytest.fixture
def talk(model: ScriptedModel) -> Iterator[Talk]:
    there = hosts.postgres().fresh()
    with closing(Talk(Way(there), there, model)) as made:
        yield made


def before_the_last(model: ScriptedModel, do: object) -> None:
    model.before_piece = lambda number: do() if number == len(PIECES) - 1 else None  # type: ignore[operator]


def test_it_is_waited_for(talk: Talk, model: ScriptedModel) -> None:
    """Whoever reads the answer hears nothing of it."""

    def away() -> None:
        talk.way.close()
        threading.Timer(AWAY_S, talk.way.open).start()

    before_the_last(model, away)
    done = collect(talk.turns.start(talk.question()))
    assert done.text == ANSWER
    assert talk.answer() == ("complete", ANSWER)
    assert talk.counted() == (2, done.usage.total_tokens, done.usage.total_tokens)


def test_a_commit_that_nobody_hears_of_is_not_done_twice(talk: Talk, model: ScriptedModel) -> None:
    before_the_last(model, talk.way.cut_at_the_next_commit)
    done = collect(talk.turns.start(talk.question()))
    assert talk.way.cuts == 1
    assert talk.answer() == ("complete", ANSWER)
    assert talk.counted() == (2, done.usage.total_tokens, done.usage.total_tokens)


def test_a_stretch_of_a_stream_that_nobody_hears_of_is_written_once(talk: Talk, model: ScriptedModel) -> None:
    generations = Generations(talk.by_the_way, None, "this-worker")

    def unheard() -> None:
        talk.way.cut_at_the_next_commit()
        with pytest.raises(DatabaseUnavailable):
            generations.keep_so_far()

    before_the_last(model, unheard)

    def encode(event: ChatEvent) -> list[list[str]]:
        return [["token", event.text]] if isinstance(event, TextDelta) else []

    turn = talk.turns.start(talk.question())
    generations.start(turn, encode)
    generations.wait(turn.message_id)
    assert talk.way.cuts == 1

    def told() -> str:
        with talk.database.read() as work:
            stretches = work.execute(select(MessageEvents.entries).order_by(MessageEvents.position)).scalars()
            return "".join(entry[1] for stretch in stretches for entry in stretch)

    eventually(ANSWER, told)
    assert talk.answer() == ("complete", ANSWER)
    generations.stop()


def test_a_stop_meanwhile(talk: Talk) -> None:
    """It ends all the same, and at once."""
    generations, roll = Generations(talk.by_the_way, None, "this-worker"), Roll(talk.by_the_way)
    roll.start(set)
    talk.way.close()
    began = time.monotonic()
    talk.turns.stop()
    generations.stop()
    roll.stop()
    assert time.monotonic() - began < 5
    talk.way.open()


def test_one_that_stays_away_is_told_and_gets_the_answer_later(talk: Talk, model: ScriptedModel) -> None:
    """Nobody takes the answer for abandoned meanwhile."""
    before_the_last(model, talk.way.close)
    turn = talk.turns.start(talk.question())
    # As at a stop: nothing is waited for any more.
    threading.Timer(AWAY_S, talk.turns.interrupt_all).start()
    with pytest.raises(StorageUnavailable):
        collect(turn)
    assert talk.turns.ids_under_way() == {turn.message_id}
    talk.way.open()
    eventually(("complete", ANSWER), talk.answer, 10)
    assert talk.turns.ids_under_way() == set()
    assert talk.counted() == (2, turn.usage.total_tokens, turn.usage.total_tokens)


def test_a_reader_who_leaves_meanwhile(talk: Talk, model: ScriptedModel) -> None:
    before_the_last(model, talk.way.close)
    events = iter(talk.turns.start(talk.question()))
    said = []
    while len(said) < len(PIECES):
        if isinstance(event := next(events), TextDelta):
            said.append(event.text)
    events.close()  # type: ignore[attr-defined]  # a generator
    assert talk.answer() != ("interrupted", ANSWER)
    talk.way.open()
    eventually(("interrupted", ANSWER), talk.answer, 10)
    assert talk.counted()[0] == 2
