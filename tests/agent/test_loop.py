"""The tool loop: what is said goes through, what is asked for is run and told, and it comes to an end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from services.agent.loop import MAX_ROUNDS, Tool, run
from services.content import Message, ToolCall, ToolResult, ToolSpec, Usage, user
from services.errors import ImageNotFound, ProviderUnavailable
from services.events import LoopDone, LoopEvent, ToolFinished, ToolStarted
from services.providers.base import AnswerDone, AnswerStarted, ChatRequest, ModelEvent, TextDelta


class RoundsModel:
    """A model with an answer for each round; the last one again for every further round.

    Args:
        rounds: texts and tool calls of each.
    """

    name = model = "rounds"
    context_tokens = 8000

    def __init__(self, *rounds: Sequence[str | ToolCall | ProviderUnavailable]) -> None:
        self.rounds = rounds
        self.requests: list[ChatRequest] = []

    def stream(self, request: ChatRequest) -> Iterator[ModelEvent]:
        said = self.rounds[min(len(self.requests), len(self.rounds) - 1)]
        self.requests.append(request)
        yield AnswerStarted(self.name, self.model)
        for piece in said:
            match piece:
                case str():
                    yield TextDelta(piece)
                case ToolCall():
                    if request.tools:
                        yield piece
                case ProviderUnavailable():
                    raise piece
        yield AnswerDone("tool_calls" if any(isinstance(piece, ToolCall) for piece in said) else "stop", Usage(10, 5))

    def close(self) -> None:
        pass


ASKED = ChatRequest((user("How many?"),))


def tool(name: str, answer: Any) -> dict[str, Tool]:
    """One tool by its name that answers so, or raises it; it remembers its arguments in `.spec.parameters`."""

    def called(arguments: dict[str, Any]) -> Any:
        seen.append(arguments)
        if isinstance(answer, Exception):
            raise answer
        return answer

    seen: list[dict[str, Any]] = []
    return {name: Tool(ToolSpec(name, "Does it.", {"seen": seen}), called)}


def results(message: Message) -> list[ToolResult]:
    return [part for part in message.parts if isinstance(part, ToolResult)]


def said(events: list[LoopEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


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
    tools = tool("count", {"cats": 2})
    events = list(run(model, ASKED, tools))
    assert tools["count"].spec.parameters["seen"] == [{"what": "cat"}]
    assert events.count(AnswerStarted("rounds", "rounds")) == 1
    assert [event for event in events if isinstance(event, ToolStarted | ToolFinished)] == [
        ToolStarted("1", "count"),
        ToolFinished("1", "count", failed=False),
    ]
    assert said(events) == "Let me see.\n\nTwo."
    assert events[-1] == LoopDone("stop", Usage(20, 10))
    asked, called, told = model.requests[1].messages
    assert asked == ASKED.messages[0]
    assert called.role == "assistant"
    assert called.parts[-1] == call
    assert told.role == "tool"
    assert results(told) == [ToolResult("1", "count", {"cats": 2})]


def test_several_tools_of_one_round_are_answered_in_their_order() -> None:
    model = RoundsModel([ToolCall("1", "count", {}), ToolCall("2", "name", {})], ["Done."])
    list(run(model, ASKED, tool("count", 2) | tool("name", "cat")))
    assert [(found.call_id, found.content) for found in results(model.requests[1].messages[-1])] == [
        ("1", 2),
        ("2", "cat"),
    ]


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (ToolCall("1", "nothing", {}), "no tool named nothing"),
        (ToolCall("1", "count", {}, broken='{"what": '), "not a JSON object"),
        (ToolCall("1", "fails", {}), "no image with this id"),
    ],
    ids=["unknown", "broken arguments", "a failure"],
)
def test_what_went_wrong_is_told_to_the_model(call: ToolCall, says: str) -> None:
    model = RoundsModel([call], ["I cannot."])
    tools = tool("count", 2) | tool("fails", ImageNotFound("x"))
    events = list(run(model, ASKED, tools))
    assert ToolFinished("1", call.name, failed=True) in events
    (found,) = results(model.requests[1].messages[-1])
    assert found.failed
    assert says in found.content["error"]
    assert tools["count"].spec.parameters["seen"] == []
    assert said(events) == "I cannot."


def test_a_bug_in_a_tool_goes_up() -> None:
    with pytest.raises(ZeroDivisionError):
        list(run(RoundsModel([ToolCall("1", "count", {})]), ASKED, tool("count", ZeroDivisionError())))


def test_a_model_that_never_has_enough_gets_eight_rounds() -> None:
    model = RoundsModel([ToolCall("1", "count", {})])
    events = list(run(model, ASKED, tool("count", 2)))
    assert len(model.requests) == MAX_ROUNDS == 8
    assert model.requests[-2].tools
    assert model.requests[-1].tools == ()
    assert isinstance(events[-1], LoopDone)
    assert events[-1].usage == Usage(80, 40)


def test_a_failing_model_goes_up_with_what_was_said_before() -> None:
    failure = ProviderUnavailable("Not reached.", provider="rounds")
    events: list[LoopEvent] = []
    with pytest.raises(ProviderUnavailable):
        events.extend(
            run(RoundsModel(["One ", ToolCall("1", "count", {})], ["two ", failure]), ASKED, tool("count", 2))
        )
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
