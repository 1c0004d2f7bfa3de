"""What can happen while an answer is made. They stay objects until a route writes them down."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.content import FinishReason, Usage
from services.errors import AssistantError
from services.providers.base import AnswerStarted, TextDelta


@dataclass(frozen=True, slots=True)
class TurnStarted:
    """The user's message is kept and the answer has its row; comes once, first."""

    conversation_id: str
    user_message_id: str
    message_id: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ToolStarted:
    call_id: str
    name: str


@dataclass(frozen=True, slots=True)
class ToolFinished:
    call_id: str
    name: str
    failed: bool


@dataclass(frozen=True, slots=True)
class LoopDone:
    """The model has nothing more to say or to ask for."""

    finish_reason: FinishReason
    usage: Usage


@dataclass(frozen=True, slots=True)
class TurnDone:
    """The answer is whole and kept; comes once, last."""

    message_id: str
    text: str
    finish_reason: FinishReason
    usage: Usage
    provider: str
    model: str
    processing_time_ms: int


@dataclass(frozen=True, slots=True)
class TurnFailed:
    """The answer could not be made, or not to its end; what was said is kept. Comes once, last."""

    message_id: str
    error: AssistantError
    text: str


@dataclass(frozen=True, slots=True)
class TurnCancelled:
    """Somebody asked to stop; what was said until then is kept. Comes once, last."""

    message_id: str
    text: str


LoopEvent = AnswerStarted | TextDelta | ToolStarted | ToolFinished | LoopDone
ChatEvent = TurnStarted | AnswerStarted | TextDelta | ToolStarted | ToolFinished | TurnDone | TurnFailed | TurnCancelled
