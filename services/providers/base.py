"""What a chat model is, whoever makes it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from services.content import FinishReason, Language, Message, ToolCall, ToolSpec, Usage

Style = Literal["written", "spoken"]


@dataclass(frozen=True, slots=True)
class Options:
    """How an answer is to be written, where a caller says so; None leaves it to the provider.

    What a vendor has no word for is passed over, except `stop` and `response_format`, which change what an answer is.

    Args:
        stop: the answer ends before any of these.
        must_call: the answer has to call a tool: this one, or any where it is empty.
        response_format: OpenAI's: `{"type": "json_object"}`, or `json_schema` with a schema.
    """

    top_p: float | None = None
    seed: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    stop: tuple[str, ...] = ()
    must_call: str | None = None
    response_format: dict[str, Any] | None = None

    @property
    def json_schema(self) -> dict[str, Any] | None:
        """The schema an answer has to follow, if one was given."""
        if self.response_format is None or self.response_format.get("type") != "json_schema":
            return None
        schema: dict[str, Any] = self.response_format["json_schema"].get("schema") or {}
        return schema


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One call of a model.

    Args:
        messages: system messages first, then the conversation, oldest first, the newest user message last.
        tools: what the model may call; empty for plain talk.
        max_tokens: upper bound of the answer; None leaves it to the provider.
        temperature: None leaves it to the provider.
        language: language to answer in. The system message tells cloud models as well; the local one reads it here.
        style: `spoken` answers suit listening: short, no Markdown, what matters for safety first.
        request_id: sent to the vendor where it takes one, for tracing.
        options: further wishes of the caller.
    """

    messages: tuple[Message, ...]
    tools: tuple[ToolSpec, ...] = ()
    max_tokens: int | None = None
    temperature: float | None = None
    language: Language = "en"
    style: Style = "written"
    request_id: str | None = None
    options: Options = Options()


@dataclass(frozen=True, slots=True)
class AnswerStarted:
    """The provider has accepted the request; comes once, before anything else."""

    provider: str
    model: str


@dataclass(frozen=True, slots=True)
class TextDelta:
    """A piece of the answer; never empty."""

    text: str


@dataclass(frozen=True, slots=True)
class AnswerDone:
    """The provider has finished; comes once, last. Never leave out the finish reason.

    Args:
        response_id, response_model: what the vendor itself calls its answer, and the model that gave it, if it says so.
    """

    finish_reason: FinishReason
    usage: Usage
    response_id: str | None = None
    response_model: str | None = None


ModelEvent = AnswerStarted | TextDelta | ToolCall | AnswerDone


class ChatModel(Protocol):
    """A model that answers messages with a stream of events.

    `stream` yields `AnswerStarted`, then any number of `TextDelta` and whole `ToolCall`s, then `AnswerDone`.
    It raises a `ProviderError` (see `services/errors.py`) in place of any vendor exception, at the call or while
    iterating. Closing the iterator ends the vendor's connection. Thread-safe.
    """

    @property
    def name(self) -> str:
        """As in `VISION_PROVIDER`."""
        ...

    @property
    def model(self) -> str: ...

    @property
    def context_tokens(self) -> int:
        """How many tokens of conversation the model takes in."""
        ...

    def stream(self, request: ChatRequest) -> Iterator[ModelEvent]: ...

    def close(self) -> None:
        """Let go of connections; called once, when the program stops."""
        ...
