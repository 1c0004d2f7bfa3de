"""A turn is kept before it begins and however it ends, once, whoever ends it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from models.base import new_id
from models.chats import Conversation, Message
from models.database import Database
from services import history
from services.errors import AssistantError, ProviderUnavailable, SessionNotFound
from services.events import TurnDone, TurnFailed, TurnStarted
from services.turns import Question, Turn, Turns, collect
from tests import hosts
from tests.fakes import ScriptedModel

MakeTurns = Callable[..., Turns]
FAILURE = ProviderUnavailable("Not reached.", provider="scripted")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(hosts.database_url(tmp_path))
    yield opened
    opened.close()


@pytest.fixture
def make_turns(database: Database) -> Iterator[MakeTurns]:
    made: list[Turns] = []

    def make(model: ScriptedModel | None = None, **options: object) -> Turns:
        made.append(Turns(database, model or ScriptedModel(), "this-worker", **options))
        return made[-1]

    yield make
    for turns in made:
        turns.stop()


@pytest.fixture
def conversation(database: Database) -> str:
    conversation_id = new_id()
    with database.write() as session:
        session.execute(insert(Conversation).values(id=conversation_id, owner_id="local", surface="classic"))
    return conversation_id


def question(conversation: str, text: str = "What?") -> Question:
    return Question(conversation, text, "Be brief.")


def rows(database: Database) -> list[tuple[str, str, str]]:
    with database.read() as session:
        found = session.execute(select(Message.role, Message.status, Message.content).order_by(Message.seq)).all()
    return [(role, status, content) for role, status, content in found]


def totals(database: Database) -> tuple[int, int]:
    with database.read() as session:
        found = session.execute(select(Conversation.total_messages, Conversation.total_tokens)).one()
    return found[0], found[1]


def test_the_question_is_kept_before_the_model_is_asked(
    make_turns: MakeTurns, database: Database, conversation: str
) -> None:
    model = ScriptedModel()
    turns = make_turns(model)
    turn = turns.start(question(conversation))
    assert rows(database) == [("user", "sent", "What?"), ("assistant", "streaming", "")]
    assert model.requests == []
    assert turns.ids_under_way() == {turn.message_id}


def test_a_whole_answer(make_turns: MakeTurns, database: Database, conversation: str) -> None:
    seen: list[Turn] = []
    turns = make_turns(observe=seen.append)
    events = list(turns.start(question(conversation)))
    assert isinstance(events[0], TurnStarted)
    done = events[-1]
    assert isinstance(done, TurnDone)
    assert (done.text, done.finish_reason, done.provider, done.model) == (
        "It is a red square.",
        "stop",
        "scripted",
        "scripted-1",
    )
    assert rows(database)[1] == ("assistant", "complete", "It is a red square.")
    assert totals(database) == (2, 15)
    assert [turn.outcome for turn in seen] == ["complete"]
    assert seen[0].first_text_ms is not None
    assert turns.ids_under_way() == set()


@pytest.mark.parametrize(("said", "status"), [((), "unanswered"), (("It is ",), "sent")])
def test_a_failure(
    make_turns: MakeTurns, database: Database, conversation: str, said: tuple[str, ...], status: str
) -> None:
    turns = make_turns(ScriptedModel(*said, FAILURE))
    last = list(turns.start(question(conversation)))[-1]
    assert isinstance(last, TurnFailed)
    assert last.error is FAILURE
    assert last.text == "".join(said)
    assert rows(database) == [("user", status, "What?"), ("assistant", "failed", "".join(said))]
    assert totals(database)[0] == (2 if said else 1)


def test_a_bug_in_the_model_is_a_failure_that_tells_nothing(
    make_turns: MakeTurns, database: Database, conversation: str
) -> None:
    def broken(_number: int) -> None:
        raise KeyError("secret")

    last = list(make_turns(ScriptedModel(before_piece=broken)).start(question(conversation)))[-1]
    assert isinstance(last, TurnFailed)
    assert "secret" not in last.error.message
    assert rows(database)[1][1] == "failed"


def test_a_reader_who_leaves(make_turns: MakeTurns, database: Database, conversation: str) -> None:
    model = ScriptedModel("one ", "two ", "three")
    turns = make_turns(model)
    events = iter(turns.start(question(conversation)))
    while "two" not in getattr(next(events), "text", ""):
        pass
    events.close()  # type: ignore[attr-defined]  # a generator
    assert rows(database)[1] == ("assistant", "interrupted", "one two ")
    assert model.closed.wait(5)
    assert turns.ids_under_way() == set()
    assert totals(database)[1] > 0


def test_a_turn_that_nobody_reads_is_settled_by_the_stop(
    make_turns: MakeTurns, database: Database, conversation: str
) -> None:
    turns = make_turns()
    turns.start(question(conversation))
    assert turns.stop() == 1
    assert rows(database)[1][1] == "interrupted"


def test_an_interrupted_turn_just_ends(make_turns: MakeTurns, database: Database, conversation: str) -> None:
    told: list[bool] = []
    turns = make_turns(ScriptedModel("one ", "two ", "three"))
    turn = turns.start(question(conversation))
    turn.when_interrupted = lambda: told.append(True)
    events = []
    for event in turn:
        events.append(event)
        if getattr(event, "text", "") == "one ":
            turn.interrupt()
    assert not any(isinstance(event, TurnDone | TurnFailed) for event in events)
    assert rows(database)[1] == ("assistant", "interrupted", "one ")
    turn.interrupt()
    assert told == [True]


def test_collect_raises_what_failed_or_was_cut_short(make_turns: MakeTurns, conversation: str) -> None:
    with pytest.raises(ProviderUnavailable):
        collect(make_turns(ScriptedModel(FAILURE)).start(question(conversation)))
    model = ScriptedModel("one ", "two ")
    turn = make_turns(model).start(question(conversation))
    model.before_piece = lambda number: turn.interrupt() if number else None
    with pytest.raises(AssistantError) as raised:
        collect(turn)
    assert raised.value.code == "interrupted"


@pytest.mark.parametrize("attempt", range(5))
def test_interruption_and_completion_race(
    make_turns: MakeTurns, database: Database, conversation: str, attempt: int
) -> None:
    """Whoever is first decides; the row, the events and the observer tell the same story."""
    seen: list[Turn] = []
    turns = make_turns(ScriptedModel("word ", "word"), observe=seen.append)
    for number in range(20):
        turn = turns.start(question(conversation))
        gate = threading.Barrier(2)

        def interrupt(turn: Turn = turn, gate: threading.Barrier = gate) -> None:
            gate.wait(10)
            turn.interrupt()

        other = threading.Thread(target=interrupt)
        other.start()
        gate.wait(10)
        events = list(turn)
        other.join(10)
        ended = [event for event in events if isinstance(event, TurnDone | TurnFailed)]
        status = rows(database)[2 * number + 1][1]
        assert status == turn.outcome
        assert (status, len(ended)) in {("complete", 1), ("interrupted", 0)}
    assert len(seen) == 20


def test_many_turns_of_one_conversation_keep_their_places(
    make_turns: MakeTurns, database: Database, conversation: str
) -> None:
    turns = make_turns()
    with ThreadPoolExecutor(16) as pool:
        asked = [pool.submit(lambda n: collect(turns.start(question(conversation, f"{n}"))), n) for n in range(48)]
        for future in asked:
            future.result(60)
    found = rows(database)
    assert [role for role, _, _ in found] == ["user", "assistant"] * 48
    assert totals(database) == (96, 48 * 15)


def test_a_conversation_that_is_not_there(make_turns: MakeTurns, database: Database) -> None:
    with pytest.raises(SessionNotFound):
        make_turns().start(question("nobody"))
    assert rows(database) == []


def test_the_text_so_far_is_written_down(make_turns: MakeTurns, database: Database, conversation: str) -> None:
    turns = make_turns(ScriptedModel("one ", "two ", "three"))
    events = iter(turns.start(question(conversation)))
    while "two" not in getattr(next(events), "text", ""):
        pass
    turns.keep_so_far()
    assert rows(database)[1] == ("assistant", "streaming", "one two ")
    list(events)
    assert rows(database)[1] == ("assistant", "complete", "one two three")


def test_what_was_interrupted_is_context_and_what_stayed_unanswered_is_not(
    make_turns: MakeTurns, conversation: str
) -> None:
    collect(make_turns(ScriptedModel("First.")).start(question(conversation, "One?")))
    list(make_turns(ScriptedModel(FAILURE)).start(question(conversation, "Lost?")))
    events = iter(make_turns(ScriptedModel("Half ", "more")).start(question(conversation, "Two?")))
    while "Half" not in getattr(next(events), "text", ""):
        pass
    events.close()  # type: ignore[attr-defined]  # a generator
    model = ScriptedModel()
    collect(make_turns(model).start(question(conversation, "Three?")))
    said = [(message.role, message.text) for message in model.requests[0].messages]
    assert said == [
        ("system", "Be brief."),
        ("user", "One?"),
        ("assistant", "First."),
        ("user", "Two?"),
        ("assistant", "Half "),
        ("user", "Three?"),
    ]


def test_history_is_trimmed_from_its_beginning_and_begins_with_a_user() -> None:
    earlier = [
        history.Said(role, f"{number} " + "word " * 100) for number in range(30) for role in ("user", "assistant")
    ]  # type: ignore[arg-type]  # two roles
    messages = history.compose("Be brief.", earlier, "Now?", (), 2_000)
    assert messages[0].role == "system"
    assert messages[1].role == "user"
    assert messages[-1].text == "Now?"
    assert messages[-2].text.startswith("29 ")
    assert 4 < len(messages) < 40
    assert len(history.compose("Be brief.", earlier, "Now?", (), 10)) == 2
