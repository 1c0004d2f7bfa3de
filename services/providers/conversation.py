"""What every vendor's adapter does to a conversation before it writes it in the vendor's words."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any, Literal

from services.content import Message, Part, PreparedImage, TextPart, ToolCall, ToolResult

Side = Literal["user", "model"]


def system_text(messages: tuple[Message, ...]) -> str:
    """All system messages as one text, a blank line between them; empty if there are none."""
    return "\n\n".join(message.text for message in messages if message.role == "system" and message.text)


def turns(messages: tuple[Message, ...]) -> list[tuple[Side, list[Part]]]:
    """The conversation without system messages, as two sides that take turns.

    Messages of one side in a row become one, as Anthropic and Gemini demand; a tool's results belong to the user's
    side. Empty texts go, and so do tool calls without a result and results without a call: each vendor refuses them,
    and an answer cut off between the two leaves them.
    """
    answered = {part.call_id for message in messages for part in message.parts if isinstance(part, ToolResult)}
    called = {part.id for message in messages for part in message.parts if isinstance(part, ToolCall)}
    sides: list[tuple[Side, list[Part]]] = []
    for message in messages:
        if message.role == "system":
            continue
        parts = [part for part in message.parts if _can_be_sent(part, answered, called)]
        if not parts:
            continue
        side: Side = "model" if message.role == "assistant" else "user"
        if sides and sides[-1][0] == side:
            sides[-1][1].extend(parts)
        else:
            sides.append((side, parts))
    return sides


def _can_be_sent(part: Part, answered: set[str], called: set[str]) -> bool:
    match part:
        case TextPart(text):
            return bool(text.strip())
        case ToolCall(id=call_id):
            return call_id in answered
        case ToolResult(call_id=call_id):
            return call_id in called
        case _:
            return True


def tool_names(messages: tuple[Message, ...]) -> Iterator[str]:
    """The names of the tools the conversation speaks of, each once, in order."""
    names = dict.fromkeys(
        part.name for message in messages for part in message.parts if isinstance(part, ToolCall | ToolResult)
    )
    yield from names


def result_text(result: ToolResult) -> str:
    """A tool's answer as text: a string as it is, anything else as JSON; a failure says that it is one."""
    content = {"error": result.content} if result.failed else result.content
    return content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)


def image_base64(image: PreparedImage) -> str:
    return base64.b64encode(image.data).decode("ascii")


def whole_call(call_id: str, name: str, arguments: str) -> ToolCall:
    """A tool call from the text a model wrote for its arguments; nothing at all means no arguments."""
    try:
        parsed: Any = json.loads(arguments or "{}")
    except ValueError:
        parsed = None
    if isinstance(parsed, dict):
        return ToolCall(call_id, name, parsed)
    return ToolCall(call_id, name, {}, broken=arguments)
