"""How a rule asks for tools: as if the answers were there; where one is not, the rule is begun again with it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.agent.memory import Memory
from services.content import Language, Message, ToolCall, ToolResult


class Needed(Exception):
    """Calls that have to be answered first."""

    def __init__(self, calls: Sequence[ToolCall]) -> None:
        super().__init__()
        self.calls = tuple(calls)


class Refused(Exception):
    """A tool failed, in words."""


class NotForTools(Exception):
    """The tools that are on offer have nothing to do with this."""


@dataclass(slots=True)
class Asker:
    """The tools as a rule sees them.

    Args:
        offered: names of the tools on offer.
        answered: what was answered in this turn, by call.
        wanted: changes asked for so far: their calls.
    """

    language: Language
    memory: Memory
    offered: frozenset[str]
    answered: Mapping[str, ToolResult]
    wanted: list[ToolCall] = field(default_factory=list)

    def ask(self, tool: str, /, **arguments: Any) -> dict[str, Any]:
        """What a tool that reads answers.

        Raises:
            Needed: it has not been called yet.
            Refused: it failed.
            NotForTools: it is not on offer.
        """
        result = self._answer(tool, arguments)
        if result is None:
            raise Needed([_call(tool, arguments)])
        content: dict[str, Any] = result.content
        return content

    def want(self, *changes: tuple[str, dict[str, Any]]) -> None:
        """Ask for changes, all of them together; returns once they are planned.

        Raises: as `ask`.
        """
        missing = [_call(name, arguments) for name, arguments in changes if self._answer(name, arguments) is None]
        if missing:
            raise Needed(missing)

    def _answer(self, name: str, arguments: dict[str, Any]) -> ToolResult | None:
        result = self.answered.get(_key(name, arguments))
        if result is None and name not in self.offered:
            raise NotForTools
        if result is not None and result.failed:
            raise Refused(str(result.content.get("error", "")))
        return result


def answers_in(messages: Sequence[Message]) -> dict[str, ToolResult]:
    """What was answered to which call."""
    results = {part.call_id: part for message in messages for part in message.parts if isinstance(part, ToolResult)}
    return {
        _key(part.name, part.arguments): results[part.id]
        for message in messages
        for part in message.parts
        if isinstance(part, ToolCall) and part.id in results
    }


def _call(name: str, arguments: dict[str, Any]) -> ToolCall:
    return ToolCall("", name, arguments)


def _key(name: str, arguments: Mapping[str, Any]) -> str:
    return f"{name} {json.dumps(arguments, sort_keys=True)}"
