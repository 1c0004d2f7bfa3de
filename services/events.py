"""What can happen while an answer is made. They stay objects until a route writes them down."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.agent.evidence import PendingPlan, Picture, Results
from services.content import FinishReason, ToolCall, Usage
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
class ThinkingStep:
    """An agent sets about something.

    Args:
        message: what it is doing, in a few words for a person who waits.
        reasoning: what it looks for and why.
    """

    agent: str
    phase: str
    message: str
    reasoning: str


@dataclass(frozen=True, slots=True)
class ToolStarted:
    call_id: str
    name: str
    agent: str = ""


@dataclass(frozen=True, slots=True)
class ImagesFound:
    """Pictures a tool found, the most relevant first; never empty."""

    pictures: tuple[Picture, ...]


@dataclass(frozen=True, slots=True)
class ToolFinished:
    call_id: str
    name: str
    failed: bool


@dataclass(frozen=True, slots=True)
class PlanProposed:
    """What the model wants changed is kept as a plan and waits for a yes; comes at most once."""

    plan: PendingPlan


@dataclass(frozen=True, slots=True)
class LoopDone:
    """The model has nothing more to say or to ask for, or asks for what the caller itself has to run: `calls`."""

    finish_reason: FinishReason
    usage: Usage
    results: Results = Results()
    calls: tuple[ToolCall, ...] = ()


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
    results: Results = Results()
    calls: tuple[ToolCall, ...] = ()


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
    results: Results = Results()


ToolEvent = ThinkingStep | ToolStarted | ImagesFound | ToolFinished | PlanProposed
LoopEvent = AnswerStarted | TextDelta | ToolEvent | LoopDone
ChatEvent = TurnStarted | AnswerStarted | TextDelta | ToolEvent | TurnDone | TurnFailed | TurnCancelled
