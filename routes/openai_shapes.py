"""Chat completions and their chunks, as OpenAI's API has them (https://platform.openai.com/docs/api-reference/chat)."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from typing import Any, assert_never

from routes import errors, sse
from services.content import ToolCall, Usage
from services.events import (
    ChatEvent,
    ImagesFound,
    PlanProposed,
    ThinkingStep,
    ToolFinished,
    ToolStarted,
    TurnCancelled,
    TurnDone,
    TurnFailed,
    TurnStarted,
)
from services.providers.base import AnswerStarted, TextDelta

DONE = b"data: [DONE]\n\n"
STATE = "__state__"


def usage(used: Usage) -> dict[str, Any]:
    return {
        "prompt_tokens": used.prompt_tokens,
        "completion_tokens": used.completion_tokens,
        "total_tokens": used.total_tokens,
    }


def calls(made: Sequence[ToolCall]) -> list[dict[str, Any]]:
    """Tool calls of a message. What a vendor wants handed back with a call travels in its id."""
    return [
        {
            "id": call.id + (STATE + call.vendor_state if call.vendor_state else ""),
            "type": "function",
            "function": {
                "name": call.name,
                "arguments": call.broken if call.broken is not None else json.dumps(call.arguments, ensure_ascii=False),
            },
        }
        for call in made
    ]


def own_id(call_id: str) -> tuple[str, str | None]:
    """A call's id as the vendor gave it, and what the vendor wants handed back with it."""
    own, _, state = call_id.partition(STATE)
    return own, state or None


def completion(done: TurnDone, **extra: Any) -> dict[str, Any]:
    """A `chat.completion` object with further top-level fields."""
    return {
        "id": f"chatcmpl-{done.message_id}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": done.model,
        "choices": [
            {
                "index": 0,
                "message": _message(done),
                "logprobs": None,
                "finish_reason": done.finish_reason,
            }
        ],
        "usage": usage(done.usage),
        "provider": done.provider,
        **extra,
    }


def _message(done: TurnDone) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": done.text, "refusal": None}
    if done.calls:
        message |= {"content": done.text or None, "tool_calls": calls(done.calls)}
    return message


def chunks(*, usage_with_last: bool = True, usage_apart: bool = False, **extra: Any) -> Callable[[ChatEvent], bytes]:
    """An encoder of one stream: a turn's events to `chat.completion.chunk` frames and `[DONE]`.

    Args:
        usage_with_last: put the usage on the chunk with the finish reason.
        usage_apart: send it in a chunk of its own after that, without choices, as `include_usage` asks for.
        extra: further top-level fields of every chunk.
    """
    head: dict[str, Any] = {}

    def chunk(delta: dict[str, Any], finish_reason: str | None = None, **more: Any) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return sse.data({**head, "choices": [choice], **more})

    def encode(event: ChatEvent) -> bytes:
        match event:
            case TextDelta():
                return chunk({"content": event.text})
            case TurnStarted():
                head.update(
                    id=f"chatcmpl-{event.message_id}",
                    object="chat.completion.chunk",
                    created=int(time.time()),
                    model="",
                )
                return b""
            case AnswerStarted():
                head.update(model=event.model, provider=event.provider, **extra)
                return chunk({"role": "assistant", "content": ""})
            case TurnDone():
                used = {"usage": usage(event.usage)}
                asked = [{"index": number, **call} for number, call in enumerate(calls(event.calls))]
                asks = chunk({"tool_calls": asked}) if asked else b""
                last = chunk({}, event.finish_reason, **(used if usage_with_last else {}))
                apart = sse.data({**head, "choices": [], **used}) if usage_apart else b""
                return asks + last + apart + DONE
            case TurnFailed():
                return sse.data(errors.body(event.error))
            case ThinkingStep() | ToolStarted() | ImagesFound() | ToolFinished() | PlanProposed() | TurnCancelled():
                return b""
            case _:
                assert_never(event)

    return encode
