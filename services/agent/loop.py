"""The only tool loop: ask the model, run what it asks for, tell it, ask again."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from services.agent.evidence import Change, Evidence, Found, PendingPlan, results
from services.agent.tool import Outcome, Tool, failure, in_brief, plan_change, refusal, run_tool
from services.agent.wording import counted, say
from services.content import FinishReason, ImagePart, Message, Part, TextPart, ToolCall, ToolResult, Usage
from services.errors import AssistantError
from services.events import (
    ImagesFound,
    LoopDone,
    LoopEvent,
    PlanProposed,
    ThinkingStep,
    ToolFinished,
    ToolStarted,
)
from services.providers.base import AnswerDone, AnswerStarted, ChatModel, ChatRequest, TextDelta
from services.providers.tokens import estimated_usage

__all__ = ["MAX_ROUNDS", "Propose", "Tool", "run"]

MAX_ROUNDS = 8
MOST_AT_ONCE = 4
"""Tools of one round that run at the same time."""
MOST_CALLS = 32
"""Calls of one round that are answered; a model that asks for more is told so."""
MOST_CHANGES = 50
ROUNDS_OF_REPEATS = 2
"""After so many rounds that only repeat earlier calls, no tool is on offer any more."""

Propose = Callable[[Sequence[Change]], PendingPlan]
"""Keeps changes as a plan that waits for a yes."""
RunTool = Callable[[Tool, ToolCall], tuple[ToolResult, Outcome]]
"""Runs a tool that only reads, in whichever thread."""


@dataclass(slots=True)
class _Talk:
    """What has happened in the loop so far."""

    tools: Mapping[str, Tool]
    evidence: Evidence
    run_tool: RunTool
    usage: Usage = Usage()
    spoken: bool = False
    repeats: int = 0
    agents: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    answered: dict[str, ToolResult] = field(default_factory=dict)
    plan: PendingPlan | None = None

    def done(self, reason: FinishReason) -> LoopDone:
        found = results(self.agents, self.reasoning, self.evidence.found, self.evidence.refs, self.plan)
        return LoopDone(reason, self.usage, found)


def run(
    model: ChatModel,
    request: ChatRequest,
    tools: Mapping[str, Tool] | None = None,
    evidence: Evidence | None = None,
    propose: Propose | None = None,
    *,
    run_tool: RunTool = run_tool,
) -> Iterator[LoopEvent]:
    """Let the model answer, with tools if it wants them, for at most `MAX_ROUNDS` rounds.

    Tools that read run at once, those of one round side by side. Calls that would change something do not run: all of
    them together become one plan, and the answer ends by saying that it waits.

    Args:
        evidence: takes in what the tools bring.
        propose: where plans are kept; needed when one of the tools changes things.
        run_tool: every tool that only reads is run by it.

    Raises:
        ProviderError: the model failed.
    """
    talk = _Talk(tools or {}, evidence or Evidence(), run_tool)
    specs = tuple(tool.spec if tool.handed_on else in_brief(tool.spec) for tool in talk.tools.values())
    messages = request.messages
    reason: FinishReason = "length"
    for round_number in range(1, MAX_ROUNDS + 1):
        # In the last round no tool is on offer, so the model has to answer with what it knows.
        offered = specs if round_number < MAX_ROUNDS and talk.repeats < ROUNDS_OF_REPEATS else ()
        asked = replace(request, messages=messages, tools=offered)
        said, answer_done = yield from _round(model, asked, talk, first=round_number == 1)
        calls = [part for part in said if isinstance(part, ToolCall)]
        if not calls:
            reason = answer_done.finish_reason
            break
        if not offered:
            break
        if handed_on := tuple(call for call in calls if _is_handed_on(talk.tools.get(call.name))):
            yield replace(talk.done("tool_calls"), calls=handed_on)
            return
        told = yield from _run_calls(calls, talk)
        messages = (*messages, Message("assistant", tuple(said)), Message("tool", told))
    yield from _end(request, talk, propose)
    yield talk.done(reason)


def _is_handed_on(tool: Tool | None) -> bool:
    return tool is not None and tool.handed_on


def _round(
    model: ChatModel, request: ChatRequest, talk: _Talk, *, first: bool
) -> Generator[LoopEvent, None, tuple[list[Part], AnswerDone]]:
    """One call of the model: its text goes through, all its parts are returned."""
    said: list[Part] = []
    done = AnswerDone("stop", Usage())
    for event in model.stream(request):
        match event:
            case AnswerStarted():
                if first:
                    yield event
            case TextDelta():
                if not said and talk.spoken:
                    # What was said before the tools ran, and what is said after, are not one sentence.
                    yield TextDelta("\n\n")
                talk.spoken = True
                said.append(TextPart(event.text))
                yield event
            case ToolCall():
                said.append(event)
            case AnswerDone():
                done = event
    text = "".join(part.text for part in said if isinstance(part, TextPart))
    talk.usage += done.usage if done.usage.total_tokens else estimated_usage(request, text)
    return said, done


def _run_calls(calls: list[ToolCall], talk: _Talk) -> Generator[LoopEvent, None, tuple[Part, ...]]:
    """Answer every call of a round: first those that read, side by side, then those that change, by planning them."""
    answers: dict[int, ToolResult] = {}
    pictures: list[Part] = []
    reading: list[tuple[int, Tool, ToolCall]] = []
    changing: list[tuple[int, Tool, ToolCall]] = []
    for place, call in enumerate(calls):
        tool = talk.tools.get(call.name)
        refused = refusal(tool, call) if place < MOST_CALLS else failure(call, f"More than {MOST_CALLS} calls at once.")
        refused = refused or _repeated(call, calls[:place], talk)
        if tool is not None:
            yield from _announce(tool, call, talk, refused=refused is not None)
        else:
            yield ToolStarted(call.id, call.name)
        if refused is not None or tool is None:
            answers[place] = refused or failure(call, "It cannot be called.")
        else:
            (changing if tool.changes else reading).append((place, tool, call))
    talk.repeats = 0 if reading or changing else talk.repeats + 1
    for (place, _tool, call), (result, outcome) in zip(reading, _side_by_side(reading, talk.run_tool), strict=True):
        answers[place] = _take_in(result, outcome, talk)
        if outcome.found.pictures:
            yield ImagesFound(outcome.found.pictures)
        pictures += _shown(outcome.pictures, call)
    for place, tool, call in changing:
        answers[place] = _plan(tool, call, talk)
    for place, call in enumerate(calls):
        yield ToolFinished(call.id, call.name, answers[place].failed)
        talk.answered.setdefault(_key(call), answers[place])
    return (*(answers[place] for place in range(len(calls))), *pictures)


def _announce(tool: Tool, call: ToolCall, talk: _Talk, *, refused: bool) -> Iterator[LoopEvent]:
    reasoning = "" if refused else tool.describe(call.arguments) if not tool.changes else tool.doing
    if tool.agent and not refused:
        talk.agents.append(tool.agent)
        talk.reasoning.append(reasoning)
        yield ThinkingStep(tool.agent, tool.phase, tool.doing, reasoning)
    yield ToolStarted(call.id, call.name, tool.agent)


def _key(call: ToolCall) -> str:
    return f"{call.name} {json.dumps(call.arguments, sort_keys=True)} {call.broken}"


def _repeated(call: ToolCall, before: Sequence[ToolCall], talk: _Talk) -> ToolResult | None:
    """The answer to a call that was made before: nothing runs twice in a turn, and a model in a loop finds its end."""
    earlier = talk.answered.get(_key(call))
    if earlier is None:
        if any(_key(call) == _key(other) for other in before):
            return failure(call, "The same call came twice; its answer stands with the first.")
        return None
    told = {"note": "You asked this before and the answer is the same. Answer the user now.", "answer": earlier.content}
    return ToolResult(call.id, call.name, told, earlier.failed)


def _side_by_side(reading: list[tuple[int, Tool, ToolCall]], run_tool: RunTool) -> list[tuple[ToolResult, Outcome]]:
    if len(reading) < 2:
        return [run_tool(tool, call) for _place, tool, call in reading]
    with ThreadPoolExecutor(min(MOST_AT_ONCE, len(reading)), thread_name_prefix="tool") as pool:
        under_way = [pool.submit(run_tool, tool, call) for _place, tool, call in reading]
        return [one.result() for one in under_way]


def _take_in(result: ToolResult, outcome: Outcome, talk: _Talk) -> ToolResult:
    """Keep what a tool brought; a list of results gets a key, which the model is told."""
    found = outcome.found
    if found.results is None or not found.results.ids:
        if found != Found():
            talk.evidence.add(found)
        return result
    key = talk.evidence.new_key(found.results.kind)
    talk.evidence.add(found, key)
    if isinstance(result.content, dict):
        return replace(result, content={"ref": key, **result.content})
    return result


def _shown(pictures: tuple[ImagePart, ...], call: ToolCall) -> list[Part]:
    if not pictures:
        return []
    ids = ", ".join(part.source.image_id for part in pictures)
    return [TextPart(f"The pictures of {call.name}, in this order: {ids}"), *pictures]


def _plan(tool: Tool, call: ToolCall, talk: _Talk) -> ToolResult:
    if len(talk.changes) >= MOST_CHANGES:
        return failure(call, f"A plan has at most {MOST_CHANGES} steps.")
    change = plan_change(tool, call, tuple(talk.changes))
    if isinstance(change, ToolResult):
        return change
    talk.changes.append(change)
    step = len(talk.changes) - 1
    told = {
        "planned": f"$step:{step}",
        "note": "Not done: it is a step of a plan that waits for the user's yes. Where a later step needs the id of "
        f'what this one makes, write "$step:{step}". Ask for the other changes now, or end your answer; do not say '
        "that it is done.",
    }
    return ToolResult(call.id, call.name, told)


def _end(request: ChatRequest, talk: _Talk, propose: Propose | None) -> Iterator[LoopEvent]:
    """What the loop itself has to say: that a plan waits, that text in the material was not obeyed, or that the model
    said nothing."""
    language = request.language
    closing: list[str] = []
    if talk.changes and propose is not None:
        try:
            talk.plan = propose(tuple(talk.changes))
        except AssistantError as error:
            closing.append(say("plan_refused", language, why=error.message))
        else:
            yield PlanProposed(talk.plan)
            steps = "; ".join(change.description.rstrip(".।") for change in talk.changes[:3])
            more = counted("plan_more", language, len(talk.changes) - 3) if len(talk.changes) > 3 else ""
            closing.append(counted("plan_waits", language, len(talk.changes), steps=steps + more))
    planted = list(talk.evidence.planted)
    if not talk.agents or talk.plan:
        # Tools that only read have brought what the answer is about; else it is about what is in view.
        planted = list(dict.fromkeys([*planted, *talk.evidence.in_view()]))
    if planted:
        names = ", ".join(f"“{name}”" for name in planted[:3])
        closing.append(say("planted", language, names=names))
    if not talk.spoken and not closing and talk.tools:
        closing.append(say("no_answer", language))
    if closing:
        yield TextDelta(("\n\n" if talk.spoken else "") + "\n\n".join(closing))
