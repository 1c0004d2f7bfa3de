"""The only tool loop: ask the model, run what it asks for, tell it, ask again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from services.content import Message, Part, TextPart, ToolCall, ToolResult, ToolSpec, Usage
from services.errors import AssistantError
from services.events import LoopDone, LoopEvent, ToolFinished, ToolStarted
from services.providers.base import AnswerDone, AnswerStarted, ChatModel, ChatRequest, TextDelta

MAX_ROUNDS = 8


@dataclass(frozen=True, slots=True)
class Tool:
    """Something a model may call.

    Args:
        spec: what the model is told of it.
        run: takes the arguments object, returns JSON-serialisable content; an `AssistantError` it raises is told to
            the model, anything else is a bug and goes up.
    """

    spec: ToolSpec
    run: Callable[[dict[str, Any]], Any]


def run(model: ChatModel, request: ChatRequest, tools: Mapping[str, Tool] | None = None) -> Iterator[LoopEvent]:
    """Let the model answer, with tools if it wants them, for at most `MAX_ROUNDS` rounds.

    Raises:
        ProviderError: the model failed.
    """
    tools = tools or {}
    specs = tuple(tool.spec for tool in tools.values())
    messages = request.messages
    usage = Usage()
    spoken = False
    for round_number in range(1, MAX_ROUNDS + 1):
        # In the last round no tool is on offer, so the model has to answer with what it knows.
        offered = specs if round_number < MAX_ROUNDS else ()
        said: list[Part] = []
        done = AnswerDone("stop", Usage())
        for event in model.stream(replace(request, messages=messages, tools=offered)):
            match event:
                case AnswerStarted():
                    if round_number == 1:
                        yield event
                case TextDelta():
                    if not said and spoken:
                        # What was said before the tools ran, and what is said after, are not one sentence.
                        yield TextDelta("\n\n")
                    spoken = True
                    said.append(TextPart(event.text))
                    yield event
                case ToolCall():
                    said.append(event)
                case AnswerDone():
                    done = event
        usage += done.usage
        calls = [part for part in said if isinstance(part, ToolCall)]
        if not calls:
            yield LoopDone(done.finish_reason, usage)
            return
        results: list[Part] = []
        for call in calls:
            yield ToolStarted(call.id, call.name)
            result = _result(tools, call)
            results.append(result)
            yield ToolFinished(call.id, call.name, result.failed)
        messages = (*messages, Message("assistant", tuple(said)), Message("tool", tuple(results)))
    yield LoopDone("length", usage)


def _result(tools: Mapping[str, Tool], call: ToolCall) -> ToolResult:
    tool = tools.get(call.name)
    if tool is None:
        return ToolResult(call.id, call.name, {"error": f"There is no tool named {call.name}."}, failed=True)
    if call.broken is not None:
        return ToolResult(call.id, call.name, {"error": "The arguments were not a JSON object."}, failed=True)
    try:
        return ToolResult(call.id, call.name, tool.run(call.arguments))
    except AssistantError as error:
        return ToolResult(call.id, call.name, {"error": error.message}, failed=True)
