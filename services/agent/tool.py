"""What a model may call, and what comes of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from services.agent.evidence import Change, Found
from services.content import ImagePart, ToolCall, ToolResult, ToolSpec
from services.errors import AssistantError

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

MOST_TOLD = 3
"""Violations of a schema a model is told of at once."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a tool brings.

    Args:
        content: what the model is told: JSON-serialisable.
        found: the same for citations, results and what follows.
        pictures: pixels for a model that can see.
    """

    content: Any
    found: Found = Found()
    pictures: tuple[ImagePart, ...] = ()


@dataclass(frozen=True, slots=True)
class Tool:
    """Something a model may call.

    Args:
        spec: what the model is told of it.
        agent: whose it is, by name.
        run: takes arguments that hold to the schema, returns an `Outcome` or JSON-serialisable content; an
            `AssistantError` it raises is told to the model, anything else is a bug and goes up. It may be called in
            another thread. Of a tool that changes things this checks and describes, and changes nothing: it gets the
            arguments and the changes planned before, and returns the `Change`.
        changes: it changes the library, so it waits for a yes.
        handed_on: whoever asked runs it; the answer ends with the calls, and `run` is not called.
        phase, doing: what a person is told while it runs, as "searching", "Searching images...".
        describe: arguments to a sentence that says what is done with them and why.
    """

    spec: ToolSpec
    agent: str
    run: Callable[..., Any]
    changes: bool = False
    handed_on: bool = False
    phase: str = "working"
    doing: str = "Working..."
    describe: Callable[[dict[str, Any]], str] = lambda _arguments: ""


_UNTOLD = frozenset({"minLength", "maxLength", "minItems", "additionalProperties"})


def in_brief(spec: ToolSpec) -> ToolSpec:
    """A tool as a model is told of it: every round pays for each word, and a violation is told when it happens."""
    return replace(spec, parameters=_told(spec.parameters))


def _told(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {name: _told(value) for name, value in schema.items() if name not in _UNTOLD}
    return schema


@lru_cache(maxsize=256)
def _validator(_name: str, schema: str) -> Validator:
    # Two megabytes that a server does without until a model first calls a tool.
    import jsonschema

    return jsonschema.Draft202012Validator(json.loads(schema))


def violation(spec: ToolSpec, arguments: dict[str, Any]) -> str | None:
    """What is wrong with the arguments by the tool's schema, in words; None when they hold to it."""
    if not spec.parameters:
        return None
    errors = sorted(
        _validator(spec.name, json.dumps(spec.parameters, sort_keys=True)).iter_errors(arguments),
        key=lambda error: list(map(str, error.absolute_path)),
    )
    if not errors:
        return None
    said = [
        f"{error.json_path.removeprefix('$').lstrip('.') or 'arguments'}: {error.message}"[:300] for error in errors
    ]
    more = f" and {len(said) - MOST_TOLD} more" if len(said) > MOST_TOLD else ""
    return "The arguments do not hold to the schema: " + "; ".join(said[:MOST_TOLD]) + more


def refusal(tool: Tool | None, call: ToolCall) -> ToolResult | None:
    """Why a call cannot be made, as the model is told; None when it can."""
    said: str | None
    if tool is None:
        said = f"There is no tool named {call.name[:80]}."
    elif call.broken is not None:
        said = "The arguments were not a JSON object."
    else:
        said = violation(tool.spec, call.arguments)
    return failure(call, said) if said else None


def failure(call: ToolCall, said: str) -> ToolResult:
    return ToolResult(call.id, call.name, {"error": said}, failed=True)


def run_tool(tool: Tool, call: ToolCall) -> tuple[ToolResult, Outcome]:
    """Run a tool that only reads."""
    try:
        answer = tool.run(call.arguments)
    except AssistantError as error:
        return failure(call, error.message), Outcome(None)
    outcome = answer if isinstance(answer, Outcome) else Outcome(answer)
    return ToolResult(call.id, call.name, outcome.content), outcome


def plan_change(tool: Tool, call: ToolCall, planned: Sequence[Change]) -> Change | ToolResult:
    """The change a call asks for, checked and not made; or why it cannot be."""
    try:
        change: Change = tool.run(call.arguments, planned)
    except AssistantError as error:
        return failure(call, error.message)
    return change
