"""A model that follows a script, round by round, and tools that remember what they were asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from services.agent.evidence import Change
from services.agent.tool import Tool
from services.content import ToolCall, ToolSpec, Usage
from services.errors import ProviderUnavailable
from services.events import LoopEvent
from services.providers.base import AnswerDone, AnswerStarted, ChatRequest, ModelEvent, TextDelta

Piece = str | ToolCall | ProviderUnavailable


class RoundsModel:
    """A model with an answer for each round; the last one again for every further round.

    Args:
        rounds: texts and tool calls of each.
        obedient: it calls no tool where none is on offer.
    """

    name = model = "rounds"
    context_tokens = 8000

    def __init__(self, *rounds: Sequence[Piece], obedient: bool = True) -> None:
        self.rounds = rounds
        self.obedient = obedient
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
                    if request.tools or not self.obedient:
                        yield piece
                case ProviderUnavailable():
                    raise piece
        yield AnswerDone("tool_calls" if any(isinstance(piece, ToolCall) for piece in said) else "stop", Usage(10, 5))

    def close(self) -> None:
        pass


class Remembering:
    """A tool that answers so, or raises it, and remembers its arguments in `asked`."""

    def __init__(self, name: str, answer: Any, schema: dict[str, Any] | None = None, *, changes: bool = False) -> None:
        self.asked: list[dict[str, Any]] = []
        self.answer = answer
        spec = ToolSpec(name, "Does it.", schema or {"type": "object"})
        described = f"Does {name}."
        self.tool = Tool(
            spec,
            "SearchAgent",
            self.run,
            changes=changes,
            phase="searching",
            doing="Searching...",
            describe=lambda _given: described,
        )

    def run(self, arguments: dict[str, Any], *_planned: object) -> Any:
        self.asked.append(arguments)
        if isinstance(self.answer, Exception):
            raise self.answer
        if callable(self.answer):
            return self.answer(arguments)
        return Change("SearchAgent", self.tool.spec.name, "Does it.", arguments) if self.tool.changes else self.answer


def tools(*some: Remembering) -> dict[str, Tool]:
    return {one.tool.spec.name: one.tool for one in some}


def said(events: Sequence[LoopEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))
