"""The tool loop: what is said goes through, what is asked for is run and told, and it comes to an end."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from services.agent.evidence import Change, Evidence, Found, PendingPlan, Picture, ResultSet
from services.agent.loop import MAX_ROUNDS, MOST_CALLS, ROUNDS_OF_REPEATS, run
from services.agent.tool import Outcome
from services.content import ImagePart, Message, ToolCall, ToolResult, Usage, user
from services.errors import ImageNotFound, InvalidInput, ProviderUnavailable
from services.events import (
    ImagesFound,
    LoopDone,
    LoopEvent,
    PlanProposed,
    ThinkingStep,
    ToolFinished,
    ToolStarted,
)
from services.providers.base import AnswerStarted, ChatRequest, ModelEvent, TextDelta
from tests.agent.scripted import Remembering, RoundsModel, said, tools

ASKED = ChatRequest((user("How many?"),))
NUMBERED = {
    "type": "object",
    "properties": {"number": {"type": "integer", "minimum": 1}},
    "required": ["number"],
    "additionalProperties": False,
}


def results(message: Message) -> list[ToolResult]:
    return [part for part in message.parts if isinstance(part, ToolResult)]


class Plans:
    """Keeps what is proposed."""

    def __init__(self) -> None:
        self.proposed: list[tuple[Change, ...]] = []

    def __call__(self, changes: Sequence[Change]) -> PendingPlan:
        self.proposed.append(tuple(changes))
        return PendingPlan("p1", "Sort", tuple(changes), 0, datetime(2026, 1, 1, tzinfo=UTC))


def test_without_tools_it_passes_the_answer_through() -> None:
    model = RoundsModel(["Two ", "cats."])
    events = list(run(model, ASKED))
    assert events == [
        AnswerStarted("rounds", "rounds"),
        TextDelta("Two "),
        TextDelta("cats."),
        LoopDone("stop", Usage(10, 5)),
    ]
    assert model.requests[0].tools == ()


def test_a_tool_is_run_and_its_answer_told() -> None:
    call = ToolCall("1", "count", {"what": "cat"})
    model = RoundsModel(["Let me see.", call], ["Two."])
    count = Remembering("count", {"cats": 2})
    events = list(run(model, ASKED, tools(count)))
    assert count.asked == [{"what": "cat"}]
    assert events.count(AnswerStarted("rounds", "rounds")) == 1
    assert [event for event in events if not isinstance(event, TextDelta | AnswerStarted | LoopDone)] == [
        ThinkingStep("SearchAgent", "searching", "Searching...", "Does count."),
        ToolStarted("1", "count", "SearchAgent"),
        ToolFinished("1", "count", failed=False),
    ]
    assert said(events) == "Let me see.\n\nTwo."
    done = events[-1]
    assert isinstance(done, LoopDone)
    assert (done.usage, done.results.agents, done.results.reasoning) == (Usage(20, 10), ("SearchAgent",), "Does count.")
    asked, called, told = model.requests[1].messages
    assert asked == ASKED.messages[0]
    assert called.role == "assistant"
    assert called.parts[-1] == call
    assert told.role == "tool"
    assert results(told) == [ToolResult("1", "count", {"cats": 2})]


def test_tools_of_one_round_run_side_by_side_and_are_answered_in_their_order() -> None:
    together = threading.Barrier(3, timeout=10)

    def wait(arguments: dict[str, Any]) -> Any:
        together.wait()
        return arguments["number"]

    count = Remembering("count", wait)
    calls = [ToolCall(str(number), "count", {"number": number}) for number in (1, 2, 3)]
    model = RoundsModel(calls, ["Done."])
    list(run(model, ASKED, tools(count)))
    assert [(found.call_id, found.content) for found in results(model.requests[1].messages[-1])] == [
        ("1", 1),
        ("2", 2),
        ("3", 3),
    ]


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (ToolCall("1", "nothing", {}), "no tool named nothing"),
        (ToolCall("1", "x" * 5000, {}), "no tool named xxx"),
        (ToolCall("1", "count", {}, broken='{"what": '), "not a JSON object"),
        (ToolCall("1", "count", {}), "'number' is a required property"),
        (ToolCall("1", "count", {"number": "two"}), "number: 'two' is not of type 'integer'"),
        (ToolCall("1", "count", {"number": 0}), "minimum of 1"),
        (ToolCall("1", "count", {"number": 1, "drop": "table"}), "'drop' was unexpected"),
        (ToolCall("1", "fails", {}), "no image with this id"),
    ],
    ids=["unknown", "long name", "broken", "missing", "wrong type", "out of range", "too much", "a failure"],
)
def test_what_went_wrong_is_told_to_the_model(call: ToolCall, says: str) -> None:
    model = RoundsModel([call], ["I cannot."])
    count = Remembering("count", 2, NUMBERED)
    events = list(run(model, ASKED, tools(count, Remembering("fails", ImageNotFound("x")))))
    assert ToolFinished("1", call.name, failed=True) in events
    (found,) = results(model.requests[1].messages[-1])
    assert found.failed
    assert says in found.content["error"]
    assert len(found.content["error"]) < 2000
    assert count.asked == []
    assert said(events) == "I cannot."


def test_one_that_fails_does_not_stop_the_others() -> None:
    model = RoundsModel([ToolCall("1", "fails", {}), ToolCall("2", "count", {})], ["Two."])
    list(run(model, ASKED, tools(Remembering("fails", ImageNotFound("x")), Remembering("count", 2))))
    assert [found.failed for found in results(model.requests[1].messages[-1])] == [True, False]


def test_a_bug_in_a_tool_goes_up() -> None:
    with pytest.raises(ZeroDivisionError):
        list(run(RoundsModel([ToolCall("1", "count", {})]), ASKED, tools(Remembering("count", ZeroDivisionError()))))


def test_a_model_that_never_has_enough_gets_eight_rounds() -> None:
    class Asking(RoundsModel):
        def stream(self, request: ChatRequest) -> Iterator[ModelEvent]:
            self.rounds = [[ToolCall("1", "count", {"number": len(self.requests)})]]
            return super().stream(request)

    count = Remembering("count", 2)
    for obedient in (True, False):
        model = Asking(obedient=obedient)
        events = list(run(model, ASKED, tools(count)))
        assert len(model.requests) == MAX_ROUNDS == 8
        assert model.requests[-2].tools
        assert model.requests[-1].tools == ()
        assert isinstance(events[-1], LoopDone)
        assert events[-1].usage == Usage(80, 40)
        assert "no answer" in said(events)
    assert len(count.asked) == 2 * (MAX_ROUNDS - 1)


def test_a_model_in_a_loop_is_told_so_and_then_gets_no_more_tools() -> None:
    model = RoundsModel([ToolCall("1", "count", {"number": 1})], obedient=False)
    count = Remembering("count", 2)
    events = list(run(model, ASKED, tools(count)))
    assert len(count.asked) == 1
    assert len(model.requests) == 1 + ROUNDS_OF_REPEATS + 1
    assert model.requests[-1].tools == ()
    (again,) = results(model.requests[2].messages[-1])
    assert "asked this before" in again.content["note"]
    assert again.content["answer"] == 2
    assert isinstance(events[-1], LoopDone)


def test_the_same_call_twice_in_a_round_runs_once() -> None:
    count = Remembering("count", 2)
    model = RoundsModel([ToolCall("1", "count", {}), ToolCall("2", "count", {})], ["Two."])
    list(run(model, ASKED, tools(count)))
    assert len(count.asked) == 1


def test_too_many_calls_at_once() -> None:
    count = Remembering("count", 2)
    calls = [ToolCall(str(number), "count", {"number": number}) for number in range(MOST_CALLS + 5)]
    model = RoundsModel(calls, ["Done."])
    list(run(model, ASKED, tools(count)))
    assert len(count.asked) == MOST_CALLS
    assert sum(found.failed for found in results(model.requests[1].messages[-1])) == 5


def test_what_was_found_is_shown_and_gets_a_key() -> None:
    pictures = (Picture("a", "a.jpg"), Picture("b", "b.jpg"))
    found = Found(pictures=pictures, results=ResultSet("images", ("a", "b"), "2 pictures"))
    search = Remembering("search", Outcome({"count": 2}, found))
    evidence = Evidence(refs={"images_1": ResultSet("images", ("c",), "1 picture")})
    model = RoundsModel([ToolCall("1", "search", {})], ["Two."])
    events = list(run(model, ASKED, tools(search), evidence))
    assert [event for event in events if isinstance(event, ImagesFound)] == [ImagesFound(pictures)]
    (told,) = results(model.requests[1].messages[-1])
    assert told.content == {"ref": "images_2", "count": 2}
    done = events[-1]
    assert isinstance(done, LoopDone)
    assert (done.results.pictures, done.results.count) == (pictures, 2)
    assert set(done.results.refs) == {"images_2"}
    assert set(evidence.pictures) == {"a", "b"}


class Pixels:
    """A picture's source of which nothing is read."""

    image_id = sha256 = "a"

    def original(self) -> bytes:
        raise AssertionError

    def prepared(self, longest_side: int) -> tuple[()]:
        raise AssertionError


def test_pixels_go_to_the_model_with_the_result() -> None:
    look = Remembering("look", Outcome({"shows": "rust"}, pictures=(ImagePart(Pixels()),)))
    model = RoundsModel([ToolCall("1", "look", {})], ["Rust."])
    list(run(model, ASKED, tools(look)))
    told = model.requests[1].messages[-1]
    assert isinstance(told.parts[0], ToolResult)
    assert "in this order: a" in told.text
    assert [part.source.image_id for part in told.images] == ["a"]


def changing(events: Sequence[LoopEvent]) -> list[PlanProposed]:
    return [event for event in events if isinstance(event, PlanProposed)]


def test_changes_become_one_plan_and_are_not_made() -> None:
    search = Remembering("search", {"ids": ["a"]})
    make = Remembering("make", {}, changes=True)
    move = Remembering("move", {}, changes=True)
    plans = Plans()
    model = RoundsModel(
        [ToolCall("1", "move", {"to": "x"}), ToolCall("2", "search", {})],
        [ToolCall("3", "make", {"name": "Beach"})],
        ["I have prepared it."],
    )
    events = list(run(model, ASKED, tools(search, make, move), None, plans))
    (proposed,) = plans.proposed
    assert [(change.tool_name, change.arguments) for change in proposed] == [
        ("move", {"to": "x"}),
        ("make", {"name": "Beach"}),
    ]
    assert len(changing(events)) == 1
    assert "$step:0" in str(results(model.requests[1].messages[-1])[0].content)
    assert results(model.requests[1].messages[-1])[1].content == {"ids": ["a"]}
    assert "waits for your approval" in said(events)
    assert "Nothing has been changed" in said(events)
    done = events[-1]
    assert isinstance(done, LoopDone)
    assert done.results.plan is not None


@pytest.mark.parametrize(("language", "word"), [("hi", "अनुमति"), ("mr", "परवानगी")])
def test_what_waits_is_said_in_the_callers_language(language: Any, word: str) -> None:
    model = RoundsModel([ToolCall("1", "make", {})], [])
    asked = ChatRequest(ASKED.messages, language=language)
    events = list(run(model, asked, tools(Remembering("make", {}, changes=True)), None, Plans()))
    assert word in said(events)


def test_a_change_that_cannot_be_is_told_and_not_planned() -> None:
    model = RoundsModel([ToolCall("1", "make", {}), ToolCall("2", "move", {"number": 0})], ["I cannot."])
    plans = Plans()
    make = Remembering("make", InvalidInput("There is no such folder."), changes=True)
    move = Remembering("move", {}, NUMBERED, changes=True)
    events = list(run(model, ASKED, tools(make, move), None, plans))
    assert plans.proposed == []
    assert not changing(events)
    assert all(found.failed for found in results(model.requests[1].messages[-1]))
    assert said(events) == "I cannot."


def test_a_plan_that_is_refused_is_said() -> None:
    def refuse(_changes: Sequence[Change]) -> PendingPlan:
        raise InvalidInput("A plan is under way.")

    model = RoundsModel([ToolCall("1", "make", {})], [])
    events = list(run(model, ASKED, tools(Remembering("make", {}, changes=True)), None, refuse))
    assert "A plan is under way." in said(events)
    assert isinstance(events[-1], LoopDone)


def test_a_model_that_says_nothing() -> None:
    assert "no answer" in said(list(run(RoundsModel([]), ASKED, tools(Remembering("count", 2)))))
    assert said(list(run(RoundsModel([]), ASKED))) == ""


def test_planted_text_is_told() -> None:
    search = Remembering("search", Outcome({}, Found(planted=("sign.jpg",))))
    events = list(run(RoundsModel([ToolCall("1", "search", {})], ["A sign."]), ASKED, tools(search)))
    assert said(events).startswith("A sign.\n\nNote: “sign.jpg” holds text that reads like an instruction.")


def test_a_failing_model_goes_up_with_what_was_said_before() -> None:
    failure = ProviderUnavailable("Not reached.", provider="rounds")
    events: list[LoopEvent] = []
    count = Remembering("count", 2)
    with pytest.raises(ProviderUnavailable):
        events.extend(run(RoundsModel(["One ", ToolCall("1", "count", {})], ["two ", failure]), ASKED, tools(count)))
    heard = run(RoundsModel(["One ", failure]), ASKED)
    assert isinstance(next(heard), AnswerStarted)
    assert next(heard) == TextDelta("One ")
    with pytest.raises(ProviderUnavailable):
        next(heard)


def test_closing_it_closes_the_model() -> None:
    closed: list[bool] = []

    class Endless(RoundsModel):
        def stream(self, request: ChatRequest) -> Iterator[ModelEvent]:
            try:
                yield AnswerStarted("endless", "endless")
                while True:
                    yield TextDelta("on ")
            finally:
                closed.append(True)

    events = run(Endless(), ASKED)
    for _ in range(5):
        next(events)
    events.close()  # type: ignore[attr-defined]  # a generator
    assert closed == [True]
