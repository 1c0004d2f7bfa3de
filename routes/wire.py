"""What happens while an answer is made, as the events of the v2 stream.

A log keeps entries, small and without repetition; a reader gets frames. An entry is `["token", text]`, or
`["event", name, data]`. The same entries always give the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, assert_never

import orjson

from routes import sse
from services.errors import AssistantError, Interrupted
from services.events import (
    ChatEvent,
    ToolFinished,
    ToolStarted,
    TurnCancelled,
    TurnDone,
    TurnFailed,
    TurnStarted,
)
from services.generations import Entry
from services.providers.base import AnswerStarted, TextDelta

TOKEN = b'event: token\nid: %d\ndata: {"type":"token","content":"%b","accumulated":"%b","token_index":%d}\n\n'
PING = sse.event("ping", {"type": "ping"})
MARKUP = re.compile(r"\[\[(ref:[^\]|]+|(?:img|doc|link):[^\]|]+\|([^\]|]*)(?:\|p:(\d+))?)\]\]")


def entries(session_id: str, image_context: list[dict[str, Any]]) -> Callable[[ChatEvent], list[Entry]]:
    """An encoder of one message's events.

    Args:
        image_context: the pictures the model is shown, as `complete` tells of them.
    """

    def encode(event: ChatEvent) -> list[Entry]:
        match event:
            case TextDelta():
                return [["token", event.text]]
            case TurnStarted():
                return [
                    _entry("connection", message_id=event.message_id, status="connected"),
                    *_looking(image_context),
                    _entry("thinking", status="processing"),
                ]
            case AnswerStarted():
                return []
            case ToolStarted():
                return [_entry("tool_invocation", tool_name=event.name, agent_name="")]
            case ToolFinished():
                return []
            case TurnDone():
                done = _complete(session_id, event.message_id, event.text, image_context)
                done |= {
                    "finish_reason": event.finish_reason,
                    "provider": event.provider,
                    "model": event.model,
                    "token_count": event.usage.completion_tokens,
                    "processing_time_ms": event.processing_time_ms,
                }
                return [_entry("complete", **done), _close(event.message_id)]
            case TurnCancelled():
                done = _complete(session_id, event.message_id, event.text, image_context)
                return [_entry("complete", **done, cancelled=True), _close(event.message_id)]
            case TurnFailed():
                return [failure(event.error), _close(event.message_id)]
            case _:
                assert_never(event)

    return encode


def failure(error: AssistantError) -> Entry:
    """An `error` event."""
    context = {"context": error.context} if error.context else {}
    return _entry("error", message=error.message, code=error.code.upper(), **context)


def refused(message_id: str, error: AssistantError) -> list[Entry]:
    """A whole stream of a question that was not let in."""
    return [_entry("connection", message_id=message_id, status="connected"), failure(error), _close(message_id)]


def auth_error(message_id: str) -> list[Entry]:
    """A whole stream of a session that was gone when the stream began."""
    message = "Authorization failed during stream initialization"
    return [_entry("auth_error", error="Session not found", message=message), _close(message_id)]


def lost(message_id: str) -> list[Entry]:
    """The end of a stream whose making was cut off by a crash."""
    error = Interrupted("The answer was cut short by a restart; what was said is kept.")
    return [failure(error), _close(message_id)]


class Frames:
    """Turns entries into frames, one after the other; knows what has been said so far."""

    def __init__(self) -> None:
        self.tokens = 0
        self.closed = False
        self._said = b""

    def encode(self, some: Sequence[Entry]) -> list[bytes]:
        return [self._frame(entry) for entry in some]

    def pass_over(self, text: str) -> None:
        """Count a token whose frame nobody wants."""
        self._said += orjson.dumps(text)[1:-1]
        self.tokens += 1

    def _frame(self, entry: Entry) -> bytes:
        if entry[0] == "token":
            # Kept as JSON has it, so that what was said is not escaped anew with every token.
            piece = orjson.dumps(entry[1])[1:-1]
            self._said += piece
            self.tokens += 1
            return TOKEN % (self.tokens, piece, self._said, self.tokens - 1)
        self.closed = entry[1] == "close"
        return sse.event(entry[1], entry[2])


def resolved(content: str) -> str:
    """The content with its markup in words, for places that show none."""

    def words(found: re.Match[str]) -> str:
        name, page = found.group(2) or "", found.group(3)
        return f"{name} (page {page})" if page else name

    return re.sub(r"[ \t]+([.,;:!?])", r"\1", MARKUP.sub(words, content)) if MARKUP.search(content) else content


def _looking(image_context: list[dict[str, Any]]) -> list[Entry]:
    if not image_context:
        return []
    count = len(image_context)
    return [
        _entry(
            "status",
            phase="analyzing",
            message=f"Looking at {count} image{'s' if count > 1 else ''}...",
            agent_name="AnalysisAgent",
        )
    ]


def _complete(session_id: str, message_id: str, text: str, image_context: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "content": text,
        "resolved_content": resolved(text),
        "message_id": message_id,
        "session_id": session_id,
        "agents_used": ["AnalysisAgent"] if image_context else [],
        "reasoning": "",
        "has_results": bool(image_context),
        "result_count": len(image_context),
        "image_context": image_context,
        "tool_document_data": [],
        "tool_chunk_data": [],
        "tool_link_data": [],
        "result_refs": {},
    }


def _entry(name: str, **data: Any) -> Entry:
    return ["event", name, {"type": name, **data}]


def _close(message_id: str) -> Entry:
    return _entry("close", message_id=message_id)
