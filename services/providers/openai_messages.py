"""A conversation in the words of OpenAI's chat completions (https://platform.openai.com/docs/api-reference/chat)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from services.content import ImagePart, Part, TextPart, ToolCall, ToolResult, ToolSpec
from services.providers.base import ChatRequest
from services.providers.conversation import image_base64, result_text, system_text, turns

# High detail is fitted into 2,048 pixels and its shorter side brought to 768; low is one tile of 512.
# https://platform.openai.com/docs/guides/images-vision#calculating-costs
LONGEST_SIDE = {"high": 2048, "low": 512}


def tool_spec(tool: ToolSpec) -> dict[str, Any]:
    parameters = tool.parameters or {"type": "object", "properties": {}}
    function = {"name": tool.name, "description": tool.description, "parameters": parameters}
    return {"type": "function", "function": function}


def chat_messages(request: ChatRequest) -> list[dict[str, Any]]:
    """The conversation as the `messages` of a chat completion."""
    messages: list[dict[str, Any]] = []
    if system := system_text(request.messages):
        messages.append({"role": "system", "content": system})
    for side, parts in turns(request.messages):
        if side == "model":
            messages.append(_assistant_message(parts))
            continue
        messages += [
            {"role": "tool", "tool_call_id": part.call_id, "content": result_text(part)}
            for part in parts
            if isinstance(part, ToolResult)
        ]
        if said := [part for part in parts if not isinstance(part, ToolResult)]:
            messages.append({"role": "user", "content": _user_content(said)})
    return messages


def _assistant_message(parts: list[Part]) -> dict[str, Any]:
    text = "".join(part.text for part in parts if isinstance(part, TextPart))
    message: dict[str, Any] = {"role": "assistant", "content": text or None}
    calls = [part for part in parts if isinstance(part, ToolCall)]
    if calls:
        message["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": json.dumps(call.arguments)},
            }
            for call in calls
        ]
    return message


def _user_content(parts: Sequence[Part]) -> str | list[dict[str, Any]]:
    """Plain text where there is nothing else: some compatible servers take a list only from models with eyes."""
    if all(isinstance(part, TextPart) for part in parts):
        return "\n\n".join(part.text for part in parts if isinstance(part, TextPart))
    content: list[dict[str, Any]] = []
    for part in parts:
        match part:
            case TextPart(text):
                content.append({"type": "text", "text": text})
            case ImagePart(source, detail):
                for image in source.prepared(LONGEST_SIDE[detail]):
                    url = f"data:{image.mime_type};base64,{image_base64(image)}"
                    content.append({"type": "image_url", "image_url": {"url": url, "detail": detail}})
    return content
