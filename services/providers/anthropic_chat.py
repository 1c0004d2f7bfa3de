"""Chat through Anthropic's Messages API."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, cast

import anthropic
import httpx2
from jiter import from_json

from services.content import FinishReason, ImagePart, Part, TextPart, ToolCall, ToolResult, Usage
from services.errors import ProviderGarbage, ProviderUnavailable
from services.providers.base import AnswerDone, AnswerStarted, ChatRequest, ModelEvent, TextDelta
from services.providers.config import ProviderConfig
from services.providers.conversation import image_base64, result_text, system_text, tool_names, turns, whole_call
from services.providers.http import FaultTable, http_client, provider_errors, streamed_error, timeouts
from services.providers.sse import event_batches
from services.providers.tokens import context_tokens, estimated_usage

BASE_URL = "https://api.anthropic.com"
DEFAULT_MODEL = "claude-sonnet-5-5"

# The API wants a bound; this one is under every model's own.
DEFAULT_MAX_TOKENS = 8192

# Over 1,568 pixels the vendor scales down itself, which costs time and gains nothing.
# https://docs.anthropic.com/en/docs/build-with-claude/vision#evaluate-image-size
LONGEST_SIDE = {"high": 1568, "low": 512}

FINISH_REASONS: dict[str, FinishReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}

FAULTS: FaultTable = (
    (anthropic.APITimeoutError, "timeout"),
    (anthropic.APIConnectionError, "unavailable"),
    (anthropic.APIResponseValidationError, "garbage"),
    (anthropic.APIStatusError, "status"),
    (anthropic.CredentialsError, "rejected"),
    (anthropic.AnthropicError, "garbage"),
)

JSON_ALONE = "Answer with one JSON object and nothing else."


class AnthropicChat:
    """`ChatModel` over the `anthropic` SDK. The SDK makes the request; its stream is read raw, as its typed events
    cost many times the CPU.

    Args:
        config: `base_url` without the `/v1`; `api_key` must be given.

    Raises:
        ValueError: there is no key.
    """

    name = "anthropic"

    def __init__(self, config: ProviderConfig) -> None:
        if not config.api_key:
            raise ValueError("anthropic needs an API key")
        self.model = config.model or DEFAULT_MODEL
        self.context_tokens = config.context_tokens or context_tokens(self.model)
        self._secret = config.api_key
        self._timeout = config.timeout
        self._client = anthropic.Anthropic(
            api_key=config.api_key,
            base_url=config.base_url or BASE_URL,
            max_retries=0,
            timeout=timeouts(config.timeout),
            http_client=http_client(config.timeout, config.on_request),
        )

    def stream(self, request: ChatRequest) -> Iterator[ModelEvent]:
        """See `ChatModel.stream`."""
        with (
            provider_errors(self.name, FAULTS, self._secret),
            contextlib.closing(self._open(request)) as response,
        ):
            yield AnswerStarted(self.name, self.model)
            answer = _Answer(self.name, self._secret)
            for events in event_batches(response.iter_bytes(), self._timeout):
                if text := answer.take(events):
                    yield TextDelta(text)
            yield from answer.end(request)

    def close(self) -> None:
        self._client.close()

    def _open(self, request: ChatRequest) -> httpx2.Response:
        # The SDK's call for endpoints without types, for its price; see `OpenAIChat._open`.
        response = self._client.post(
            "/v1/messages",
            body=self._body(request),
            cast_to=httpx2.Response,
            options={"headers": {"X-Request-ID": request.request_id}} if request.request_id else {},
            stream=True,
            stream_cls=anthropic.Stream[Any],
        )
        return cast(httpx2.Response, response)

    def _body(self, request: ChatRequest) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self.model,
            "messages": message_params(request),
            "max_tokens": request.max_tokens or DEFAULT_MAX_TOKENS,
            "stream": True,
        }
        system = system_text(request.messages)
        if request.options.response_format == {"type": "json_object"}:
            # There is a word for a schema alone.
            system = f"{system}\n\n{JSON_ALONE}".strip()
        if system:
            body["system"] = system
        if request.temperature is not None:
            body["temperature"] = min(request.temperature, 1.0)
        if request.options.top_p is not None:
            body["top_p"] = request.options.top_p
        if request.options.stop:
            body["stop_sequences"] = list(request.options.stop)
        if schema := request.options.json_schema:
            body["output_config"] = {"format": {"type": "json_schema", "schema": schema}}
        if request.tools:
            body["tools"] = [
                {
                    "name": tool.name,
                    "description": tool.description,
                    "input_schema": tool.parameters or {"type": "object", "properties": {}},
                }
                for tool in request.tools
            ]
            if (wanted := request.options.must_call) is not None:
                body["tool_choice"] = {"type": "tool", "name": wanted} if wanted else {"type": "any"}
        elif named := list(tool_names(request.messages)):
            # A conversation that speaks of tools is refused unless they are declared, even where none may be called.
            body["tools"] = [{"name": name, "input_schema": {"type": "object"}} for name in named]
            body["tool_choice"] = {"type": "none"}
        return body


def message_params(request: ChatRequest) -> list[dict[str, Any]]:
    """The conversation as the `messages` of the API: sides in turns, the user's first, results before words."""
    sides = turns(request.messages)
    messages: list[dict[str, Any]] = []
    if sides and sides[0][0] == "model":
        messages.append({"role": "user", "content": "(Earlier messages are left out.)"})
    for side, parts in sides:
        blocks = [block for part in parts for block in content_blocks(part)]
        blocks.sort(key=lambda block: block["type"] != "tool_result")
        messages.append({"role": "assistant" if side == "model" else "user", "content": blocks})
    return messages


def content_blocks(part: Part) -> list[dict[str, Any]]:
    match part:
        case TextPart(text):
            return [{"type": "text", "text": text}]
        case ImagePart(source, detail):
            return [
                {
                    "type": "image",
                    "source": {"type": "base64", "media_type": image.mime_type, "data": image_base64(image)},
                }
                for image in source.prepared(LONGEST_SIDE[detail])
            ]
        case ToolCall(id=call_id, name=name, arguments=arguments):
            return [{"type": "tool_use", "id": clean_id(call_id), "name": name, "input": arguments}]
        case ToolResult(call_id=call_id, failed=failed):
            result = {"type": "tool_result", "tool_use_id": clean_id(call_id), "content": result_text(part)}
            return [{**result, "is_error": True} if failed else result]


def clean_id(call_id: str) -> str:
    """An id another vendor gave, in the letters this one takes."""
    return re.sub(r"[^a-zA-Z0-9_-]", "_", call_id)


@dataclass(slots=True)
class _CallParts:
    """A tool call as its fragments come in; `given` is the input its opening block already held."""

    id: str
    name: str
    given: dict[str, Any]
    fragments: list[str] = field(default_factory=list)

    def whole(self) -> ToolCall:
        return whole_call(self.id, self.name, "".join(self.fragments) or json.dumps(self.given))


class _Answer:
    """What has come of one answer so far."""

    def __init__(self, provider: str, secret: str | None) -> None:
        self._provider = provider
        self._secret = secret
        self._texts: list[str] = []
        self._calls: dict[int, _CallParts] = {}
        self._stop_reason: str | None = None
        self._ended = False
        self._events = 0
        self._prompt_tokens: int | None = None
        self._completion_tokens: int | None = None
        self._id: str | None = None
        self._model: str | None = None

    def take(self, events: list[bytes]) -> str:
        """Read events; the text they add, maybe none.

        Raises:
            ProviderError: an error the vendor put into its stream, or an event of another form.
        """
        texts: list[str] = []
        for data in events:
            self._events += 1
            try:
                self._read(from_json(data), texts)
            except (TypeError, KeyError, AttributeError, ValueError):
                raise ProviderGarbage("The answer was not of the expected format.", provider=self._provider) from None
        text = "".join(texts)
        if text:
            self._texts.append(text)
        return text

    def _read(self, event: dict[str, Any], texts: list[str]) -> None:
        match event["type"]:
            case "content_block_delta":
                delta = event["delta"]
                if delta["type"] == "text_delta":
                    texts.append(delta["text"])
                elif delta["type"] == "input_json_delta":
                    self._calls[event["index"]].fragments.append(delta["partial_json"])
            case "content_block_start":
                block = event["content_block"]
                if block["type"] == "tool_use":
                    self._calls[event["index"]] = _CallParts(block["id"], block["name"], block.get("input") or {})
                elif block["type"] == "text":
                    texts.append(block.get("text") or "")
            case "message_start":
                message = event["message"]
                self._id, self._model = str(message.get("id") or ""), str(message.get("model") or "")
                self._count(message.get("usage") or {})
            case "message_delta":
                self._stop_reason = event["delta"].get("stop_reason") or self._stop_reason
                self._count(event.get("usage") or {})
            case "message_stop":
                self._ended = True
            case "error":
                raise streamed_error(self._provider, event.get("error"), self._secret)

    def _count(self, usage: dict[str, Any]) -> None:
        if usage.get("input_tokens") is not None:
            cached = (usage.get("cache_creation_input_tokens") or 0) + (usage.get("cache_read_input_tokens") or 0)
            self._prompt_tokens = int(usage["input_tokens"]) + cached
        if usage.get("output_tokens") is not None:
            self._completion_tokens = int(usage["output_tokens"])

    def end(self, request: ChatRequest) -> Iterator[ModelEvent]:
        """The whole tool calls and the end.

        Raises:
            ProviderGarbage: nothing came that is an event.
            ProviderUnavailable: the stream stopped before the vendor said that it was finished.
        """
        if not self._events:
            raise ProviderGarbage("The answer was no stream of events.", provider=self._provider)
        if self._stop_reason is None and not self._ended:
            raise ProviderUnavailable("The answer was cut off.", provider=self._provider)
        reason = FINISH_REASONS.get(self._stop_reason or "end_turn", "stop")
        if reason != "length":
            for call in self._calls.values():
                yield call.whole()
        if self._prompt_tokens is None or self._completion_tokens is None:
            usage = estimated_usage(request, "".join(self._texts))
        else:
            usage = Usage(self._prompt_tokens, self._completion_tokens)
        yield AnswerDone(reason, usage, self._id, self._model)
