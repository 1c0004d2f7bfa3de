"""Chat through Google's Gemini API."""

from __future__ import annotations

import base64
import contextlib
import uuid
from collections.abc import Generator, Iterator
from typing import Any, cast

from google.genai import types

from services.content import FinishReason, ImagePart, Part, TextPart, ToolCall, ToolResult, Usage
from services.errors import ProviderGarbage, ProviderUnavailable
from services.providers.base import AnswerDone, AnswerStarted, ChatRequest, ModelEvent, TextDelta
from services.providers.config import ProviderConfig
from services.providers.conversation import system_text, turns
from services.providers.gemini_client import FAULTS, gemini_client
from services.providers.http import http_client, provider_errors
from services.providers.tokens import context_tokens, estimated_usage

DEFAULT_MODEL = "gemini-3.8-flash"

# Up to 384 pixels a picture is 258 tokens; larger ones are cut into tiles of 768, so this is at most 2 by 2 of them.
# https://ai.google.dev/gemini-api/docs/image-understanding#token-calculation
LONGEST_SIDE = {"high": 1536, "low": 384}

# For calls that another vendor's model made; without any, Gemini 3 refuses the conversation.
# https://ai.google.dev/gemini-api/docs/thought-signatures#faqs
FOREIGN_SIGNATURE = b"skip_thought_signature_validator"

Reason = types.FinishReason
FINISH_REASONS: dict[types.FinishReason, FinishReason] = {
    Reason.FINISH_REASON_UNSPECIFIED: "stop",
    Reason.STOP: "stop",
    Reason.MAX_TOKENS: "length",
    Reason.CONTINUATION: "length",
    Reason.SAFETY: "content_filter",
    Reason.RECITATION: "content_filter",
    Reason.LANGUAGE: "content_filter",
    Reason.BLOCKLIST: "content_filter",
    Reason.PROHIBITED_CONTENT: "content_filter",
    Reason.SPII: "content_filter",
    Reason.IMAGE_SAFETY: "content_filter",
    Reason.IMAGE_PROHIBITED_CONTENT: "content_filter",
    Reason.IMAGE_RECITATION: "content_filter",
    Reason.ESCALATION: "content_filter",
    Reason.PUP_LIMITED_DISABLED: "content_filter",
    Reason.MODEL_ARMOR: "content_filter",
    Reason.OTHER: "error",
    Reason.MALFORMED_FUNCTION_CALL: "error",
    Reason.UNEXPECTED_TOOL_CALL: "error",
    Reason.TOO_MANY_TOOL_CALLS: "error",
    Reason.MISSING_THOUGHT_SIGNATURE: "error",
    Reason.MALFORMED_RESPONSE: "error",
    Reason.IMAGE_OTHER: "error",
    Reason.NO_IMAGE: "error",
}


class GeminiChat:
    """`ChatModel` over the `google-genai` SDK, with its typed chunks: it has no public way to the raw stream, and its
    chunks hold many tokens each.

    Args:
        config: `base_url` without a version; `api_key` must be given.

    Raises:
        ValueError: there is no key.
    """

    name = "gemini"

    def __init__(self, config: ProviderConfig) -> None:
        self.model = config.model or DEFAULT_MODEL
        self.context_tokens = config.context_tokens or context_tokens(self.model.removeprefix("models/"))
        self._secret = config.api_key
        self._http = http_client(config.timeout, config.on_request)
        self._client = gemini_client(config, self._http)

    def stream(self, request: ChatRequest) -> Iterator[ModelEvent]:
        """See `ChatModel.stream`."""
        with provider_errors(self.name, FAULTS, self._secret):
            chunks = self._client.models.generate_content_stream(
                model=self.model,
                contents=contents(request),
                config=self._config(request),
            )
            with contextlib.closing(cast("Generator[types.GenerateContentResponse]", chunks)):
                yield from self._events(chunks, request)

    def close(self) -> None:
        self._client.close()
        self._http.close()

    def _events(self, chunks: Iterator[types.GenerateContentResponse], request: ChatRequest) -> Iterator[ModelEvent]:
        answer = _Answer(self.name)
        started = False
        for chunk in self._well_formed(chunks):
            if not started:
                # The SDK sends the request when the first chunk is asked for, and says nothing sooner.
                yield AnswerStarted(self.name, self.model)
                started = True
            yield from answer.take(chunk)
        yield from answer.end(request)

    def _well_formed(self, chunks: Iterator[types.GenerateContentResponse]) -> Iterator[types.GenerateContentResponse]:
        """The SDK's chunks; where it stumbles over JSON of another form, it does so with Python's own exceptions."""
        while True:
            try:
                chunk = next(chunks, None)
            except (TypeError, AttributeError, LookupError, ValueError):
                raise ProviderGarbage("The answer was not of the expected format.", provider=self.name) from None
            if chunk is None:
                return
            # Whatever is no object of the vendor's becomes a chunk without anything in it.
            if not chunk.model_fields_set - {"sdk_http_response"}:
                raise ProviderGarbage("The answer was not of the expected format.", provider=self.name)
            yield chunk

    def _config(self, request: ChatRequest) -> types.GenerateContentConfig:
        config = types.GenerateContentConfig(
            system_instruction=system_text(request.messages) or None,
            max_output_tokens=request.max_tokens,
            temperature=request.temperature,
            top_p=request.options.top_p,
            seed=request.options.seed,
            presence_penalty=request.options.presence_penalty,
            frequency_penalty=request.options.frequency_penalty,
            stop_sequences=list(request.options.stop) or None,
            response_mime_type="application/json" if request.options.response_format else None,
            response_json_schema=request.options.json_schema,
            automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
            automatic_continuation=False,
        )
        if request.tools:
            config.tools = [
                types.Tool(
                    function_declarations=[
                        types.FunctionDeclaration(
                            name=tool.name,
                            description=tool.description,
                            parameters_json_schema=tool.parameters or {"type": "object", "properties": {}},
                        )
                        for tool in request.tools
                    ]
                )
            ]
            if (named := request.options.must_call) is not None:
                calling = types.FunctionCallingConfig(
                    mode=types.FunctionCallingConfigMode.ANY, allowed_function_names=[named] if named else None
                )
                config.tool_config = types.ToolConfig(function_calling_config=calling)
        if request.request_id:
            config.http_options = types.HttpOptions(headers={"X-Request-ID": request.request_id})
        return config


def contents(request: ChatRequest) -> list[types.Content]:
    """The conversation as the `contents` of the API: sides in turns, the user's first."""
    sides = turns(request.messages)
    turned: list[types.Content] = []
    if sides and sides[0][0] == "model":
        turned.append(types.Content(role="user", parts=[types.Part(text="(Earlier messages are left out.)")]))
    for side, parts in sides:
        turned.append(types.Content(role=side, parts=[vendor for part in parts for vendor in vendor_parts(part)]))
    for content in turned:
        sign_foreign_calls(content.parts or [])
    return turned


def sign_foreign_calls(parts: list[types.Part]) -> None:
    """Put the stand-in signature on a turn's first call if none has one; the vendor itself signs but the first."""
    calls = [part for part in parts if part.function_call]
    if calls and not any(part.thought_signature for part in calls):
        calls[0].thought_signature = FOREIGN_SIGNATURE


def vendor_parts(part: Part) -> list[types.Part]:
    match part:
        case TextPart(text):
            return [types.Part(text=text)]
        case ImagePart(source, detail):
            return [
                types.Part(inline_data=types.Blob(data=image.data, mime_type=image.mime_type))
                for image in source.prepared(LONGEST_SIDE[detail])
            ]
        case ToolCall(id=call_id, name=name, arguments=arguments, vendor_state=state):
            call = types.FunctionCall(id=call_id, name=name, args=arguments)
            signature = base64.b64decode(state) if state else None
            return [types.Part(function_call=call, thought_signature=signature)]
        case ToolResult(call_id=call_id, name=name, content=content, failed=failed):
            response = {"error" if failed else "output": content}
            return [types.Part(function_response=types.FunctionResponse(id=call_id, name=name, response=response))]


class _Answer:
    """What has come of one answer so far."""

    def __init__(self, provider: str) -> None:
        self._provider = provider
        self._texts: list[str] = []
        self._called = False
        self._finish: FinishReason | None = None
        self._usage: types.GenerateContentResponseUsageMetadata | None = None
        self._id: str | None = None
        self._model: str | None = None
        self._chunks = 0

    def take(self, chunk: types.GenerateContentResponse) -> Iterator[ModelEvent]:
        self._chunks += 1
        self._usage = chunk.usage_metadata or self._usage
        self._id, self._model = chunk.response_id or self._id, chunk.model_version or self._model
        if chunk.prompt_feedback and chunk.prompt_feedback.block_reason:
            self._finish = "content_filter"
        for candidate in chunk.candidates or ():
            for part in (candidate.content and candidate.content.parts) or ():
                if part.text and not part.thought:
                    self._texts.append(part.text)
                    yield TextDelta(part.text)
                if part.function_call:
                    self._called = True
                    yield tool_call(part.function_call, part.thought_signature)
            if candidate.finish_reason:
                # A reason newer than the SDK is a plain string to the enumeration, and in no table.
                self._finish = FINISH_REASONS.get(candidate.finish_reason, "stop")

    def end(self, request: ChatRequest) -> Iterator[ModelEvent]:
        """The end.

        Raises:
            ProviderGarbage: nothing came that is a chunk.
            ProviderUnavailable: the stream stopped before the vendor said that it was finished.
        """
        if not self._chunks:
            raise ProviderGarbage("The answer was no stream of events.", provider=self._provider)
        if self._finish is None:
            raise ProviderUnavailable("The answer was cut off.", provider=self._provider)
        reason: FinishReason = "tool_calls" if self._called and self._finish == "stop" else self._finish
        yield AnswerDone(reason, self._usage_of(request), self._id, self._model)

    def _usage_of(self, request: ChatRequest) -> Usage:
        usage = self._usage
        if usage is None or not usage.prompt_token_count:
            return estimated_usage(request, "".join(self._texts))
        thought = usage.thoughts_token_count or 0
        return Usage(usage.prompt_token_count, (usage.candidates_token_count or 0) + thought)


def tool_call(call: types.FunctionCall, signature: bytes | None) -> ToolCall:
    """The SDK's call as ours; its thought signature goes back to the vendor with it."""
    arguments: dict[str, Any] = call.args or {}
    state = base64.b64encode(signature).decode("ascii") if signature else None
    return ToolCall(call.id or f"call_{uuid.uuid4().hex}", call.name or "", arguments, vendor_state=state)
