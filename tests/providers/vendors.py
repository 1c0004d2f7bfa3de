"""The three cloud vendors as the tests see them: how to make the adapter, and what each one's stream looks like."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from services.providers.anthropic_chat import AnthropicChat
from services.providers.base import ChatModel
from services.providers.config import ProviderConfig
from services.providers.gemini_chat import GeminiChat
from services.providers.openai_chat import OpenAIChat

KEY = "sk-secret-0123456789abcdef"


def sse(payload: object) -> bytes:
    return b"data: " + json.dumps(payload).encode() + b"\n\n"


@dataclass(frozen=True)
class Vendor:
    """One vendor.

    Args:
        make: the adapter from its configuration.
        prefix: what its base URL adds to a host.
        text: an event with a piece of text.
        finish: the events that end an answer.
        error: an error inside a stream, of the kind the vendor calls overload.
    """

    name: str
    make: Callable[[ProviderConfig], ChatModel]
    prefix: str
    text: Callable[[str], bytes]
    finish: bytes
    error: bytes

    def at(self, url: str, *, timeout: float = 5.0, **config: Any) -> ChatModel:
        """The adapter, talking to a server at `url`."""
        return self.make(ProviderConfig(api_key=KEY, base_url=url + self.prefix, timeout=timeout, **config))


OPENAI = Vendor(
    name="openai",
    make=OpenAIChat,
    prefix="/v1",
    text=lambda text: sse({"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]}),
    finish=sse({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    + sse({"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}})
    + b"data: [DONE]\n\n",
    error=sse({"error": {"message": f"overloaded {KEY}", "type": "server_error", "code": 503}}),
)
GEMINI = Vendor(
    name="gemini",
    make=GeminiChat,
    prefix="",
    text=lambda text: sse({"candidates": [{"content": {"role": "model", "parts": [{"text": text}]}, "index": 0}]}),
    finish=sse(
        {
            "candidates": [{"content": {"role": "model", "parts": [{"text": ""}]}, "finishReason": "STOP"}],
            "usageMetadata": {"promptTokenCount": 9, "candidatesTokenCount": 3, "totalTokenCount": 12},
        }
    ),
    error=sse({"error": {"code": 503, "message": f"overloaded {KEY}", "status": "UNAVAILABLE"}}),
)
ANTHROPIC = Vendor(
    name="anthropic",
    make=AnthropicChat,
    prefix="",
    text=lambda text: sse({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}}),
    finish=sse({"type": "message_start", "message": {"usage": {"input_tokens": 9, "output_tokens": 1}}})
    + sse({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 3}})
    + sse({"type": "message_stop"}),
    error=sse({"type": "error", "error": {"type": "overloaded_error", "message": f"overloaded {KEY}"}}),
)
VENDORS = {vendor.name: vendor for vendor in (OPENAI, GEMINI, ANTHROPIC)}
