"""Chat through OpenAI's chat completions: OpenAI itself or any server that speaks them (vLLM, Ollama, llama.cpp)."""

from __future__ import annotations

import contextlib
import json
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, cast

import httpx2
import openai
from jiter import from_json
from openai import RequestOptions

from services.content import (
    FinishReason,
    Usage,
)
from services.errors import ProviderGarbage, ProviderUnavailable
from services.providers.base import AnswerDone, AnswerStarted, ChatRequest, ModelEvent, Options, TextDelta
from services.providers.config import ProviderConfig
from services.providers.conversation import whole_call
from services.providers.http import provider_errors, streamed_error
from services.providers.openai_client import FAULTS, openai_client
from services.providers.openai_messages import chat_messages, tool_spec
from services.providers.sse import event_batches
from services.providers.tokens import context_tokens, estimated_usage

DEFAULT_MODEL = "gpt-5.4-mini"

# Reasoning models take `temperature` at its default alone. https://platform.openai.com/docs/guides/reasoning
FIXED_TEMPERATURE = re.compile(r"o\d|gpt-[5-9]")

FINISH_REASONS: dict[str, FinishReason] = {
    "stop": "stop",
    "length": "length",
    "content_filter": "content_filter",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "error": "error",
    "abort": "error",
}


class OpenAIChat:
    """`ChatModel` over the `openai` SDK. The SDK makes the request; its stream is read raw, as its typed chunks cost
    eight times the CPU.

    Args:
        config: `base_url` with its `/v1`; no key is needed where the server wants none.
    """

    name = "openai"

    def __init__(self, config: ProviderConfig) -> None:
        self.model = config.model or DEFAULT_MODEL
        self.context_tokens = config.context_tokens or context_tokens(self.model)
        self._secret = config.api_key
        self._timeout = config.timeout
        self._official = config.base_url is None
        self._client = openai_client(config)

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
            # Read to its very end, the connection is kept for the next call.
            yield from answer.end(request)

    def close(self) -> None:
        self._client.close()

    def _open(self, request: ChatRequest) -> httpx2.Response:
        tracing = request.request_id
        options: RequestOptions = {}
        if tracing:
            options = {"headers": {"X-Request-ID": tracing, "X-Client-Request-Id": tracing}}
        # The SDK's call for endpoints without types: `chat.completions.create` takes 0.4 ms to check the body again.
        # Asked for the response itself it gives that, whatever `stream_cls` makes of its declared type.
        response = self._client.post(
            "/chat/completions",
            body=self._body(request),
            cast_to=httpx2.Response,
            options=options,
            stream=True,
            stream_cls=openai.Stream[Any],
        )
        return cast(httpx2.Response, response)

    def _body(self, request: ChatRequest) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self.model,
            "messages": chat_messages(request),
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if request.tools:
            body["tools"] = [tool_spec(tool) for tool in request.tools]
            if (named := request.options.must_call) is not None:
                body["tool_choice"] = {"type": "function", "function": {"name": named}} if named else "required"
        if request.max_tokens is not None:
            # OpenAI has renamed it and its reasoning models refuse the old name; other servers know the old one.
            body["max_completion_tokens" if self._official else "max_tokens"] = request.max_tokens
        if request.temperature is not None and not (self._official and FIXED_TEMPERATURE.match(self.model)):
            body["temperature"] = request.temperature
        return body | _options(request.options)


def _options(options: Options) -> dict[str, Any]:
    wanted = {
        "top_p": options.top_p,
        "seed": options.seed,
        "presence_penalty": options.presence_penalty,
        "frequency_penalty": options.frequency_penalty,
        "stop": list(options.stop) or None,
        "response_format": options.response_format,
    }
    return {name: value for name, value in wanted.items() if value is not None}


@dataclass(slots=True)
class _CallParts:
    """A tool call as its fragments come in."""

    id: str
    name: str
    arguments: list[str] = field(default_factory=list)


class _Answer:
    """What has come of one answer so far."""

    def __init__(self, provider: str, secret: str | None) -> None:
        self._provider = provider
        self._secret = secret
        self._texts: list[str] = []
        self._calls: list[_CallParts] = []
        self._index: dict[int, _CallParts] = {}
        self._finish: str | None = None
        self._refused = False
        self._ended = False
        self._usage: Usage | None = None
        self._id: str | None = None
        self._model: str | None = None
        self._events = 0

    def take(self, events: list[bytes]) -> str:
        """Read events; the text they add, maybe none.

        Raises:
            ProviderError: an error the vendor put into its stream, or an event of another form.
        """
        texts: list[str] = []
        for data in events:
            if data == b"[DONE]":
                self._ended = True
                continue
            self._events += 1
            try:
                self._read(from_json(data), texts)
            except (TypeError, KeyError, AttributeError, IndexError, ValueError):
                raise ProviderGarbage("The answer was not of the expected format.", provider=self._provider) from None
        text = "".join(texts)
        if text:
            self._texts.append(text)
        return text

    def _read(self, frame: dict[str, Any], texts: list[str]) -> None:
        if error := frame.get("error"):
            raise streamed_error(self._provider, error, self._secret)
        if not self._id:
            self._id, self._model = str(frame.get("id") or ""), str(frame.get("model") or "")
        if usage := frame.get("usage"):
            self._usage = Usage(int(usage["prompt_tokens"] or 0), int(usage.get("completion_tokens") or 0))
        for choice in frame.get("choices") or ():
            delta = choice.get("delta") or {}
            if content := delta.get("content"):
                texts.append(content if isinstance(content, str) else _text_of_items(content))
            if refusal := delta.get("refusal"):
                self._refused = True
                texts.append(refusal)
            for fragment in delta.get("tool_calls") or ():
                self._gather(fragment)
            self._finish = choice.get("finish_reason") or self._finish

    def _gather(self, fragment: dict[str, Any]) -> None:
        function = fragment.get("function") or {}
        call = self._call_of(fragment)
        call.id = fragment.get("id") or call.id
        call.name = function.get("name") or call.name
        arguments = function.get("arguments")
        if arguments:
            call.arguments.append(arguments if isinstance(arguments, str) else json.dumps(arguments))

    def _call_of(self, fragment: dict[str, Any]) -> _CallParts:
        """The call a fragment belongs to: by its index, or, from servers that leave it out, a new id or the last."""
        index = fragment.get("index")
        if index is not None:
            known = self._index.get(index)
        else:
            last = self._calls[-1] if self._calls else None
            known = last if last is not None and fragment.get("id") in (None, "", last.id) else None
        if known is None:
            known = _CallParts("", "")
            self._calls.append(known)
            if index is not None:
                self._index[index] = known
        return known

    def end(self, request: ChatRequest) -> Iterator[ModelEvent]:
        """The whole tool calls and the end.

        Raises:
            ProviderGarbage: nothing came that is an event.
            ProviderUnavailable: the stream stopped before the vendor said that it was finished.
        """
        if not self._events:
            raise ProviderGarbage("The answer was no stream of events.", provider=self._provider)
        if self._finish is None and not self._ended:
            raise ProviderUnavailable("The answer was cut off.", provider=self._provider)
        if self._finish != "length":
            for call in self._calls:
                yield whole_call(call.id or f"call_{uuid.uuid4().hex}", call.name, "".join(call.arguments))
        usage = self._usage or estimated_usage(request, "".join(self._texts))
        yield AnswerDone(self._finish_reason(), usage, self._id, self._model)

    def _finish_reason(self) -> FinishReason:
        if self._refused:
            return "content_filter"
        reason = FINISH_REASONS.get(self._finish or "stop", "stop")
        return "tool_calls" if reason == "stop" and self._calls else reason


def _text_of_items(items: list[dict[str, Any]]) -> str:
    """Text where a server sends a list of typed items in place of a string, as Mistral's reasoning models do."""
    return "".join(item["text"] for item in items if item.get("type") == "text")
