"""What a chat model is, whoever makes it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

from services.content import FinishReason, Language, Message, ToolCall, ToolSpec, Usage

Style = Literal["written", "spoken"]


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
    """

    messages: tuple[Message, ...]
    tools: tuple[ToolSpec, ...] = ()
    max_tokens: int | None = None
    temperature: float | None = None
    language: Language = "en"
    style: Style = "written"
    request_id: str | None = None


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
    """The provider has finished; comes once, last. Never leave out the finish reason."""

    finish_reason: FinishReason
    usage: Usage


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
