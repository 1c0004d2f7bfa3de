"""What is asked: a question with all that its answer is to be made from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from services.agent.evidence import Change, Evidence, PendingPlan, Results
from services.agent.tool import Outcome, Tool
from services.content import ImagePart, Language, Message, ToolCall, ToolResult
from services.events import LoopEvent
from services.providers.base import Options, Style
from services.usage import Limits


@dataclass(frozen=True, slots=True)
class Question:
    """What a user says, and how it is to be answered.

    Args:
        conversation_id: of an existing conversation.
        text: the user's words, kept as sent.
        recorded: what is kept in their place, where the caller asks in words of its own.
        instructions: the system message.
        messages: what the model is sent, where the caller keeps the conversation itself.
        images: pictures the conversation is about.
        images_are_new: they came with this question.
        details, answer_details: kept with the user's message, and with the answer.
        limits: budgets to check; with them, one answer at a time is made in a conversation.
        one_at_a_time: the same without budgets.
        tools: what the model may call.
        evidence: what the answer may cite; without it nothing is looked at for citations.
        propose: keeps the changes the model asks for as a plan, told of the answer's id.
        kept_results: what of the tools' results is kept with the answer, beside `answer_details`.
    """

    conversation_id: str
    text: str
    instructions: str
    images: tuple[ImagePart, ...] = ()
    images_are_new: bool = False
    language: Language = "en"
    style: Style = "written"
    max_tokens: int | None = None
    temperature: float | None = None
    request_id: str | None = None
    options: Options = Options()
    details: dict[str, Any] | None = None
    answer_details: dict[str, Any] | None = None
    recorded: str | None = None
    messages: tuple[Message, ...] | None = None
    limits: Limits | None = None
    one_at_a_time: bool = False
    tools: Mapping[str, Tool] = field(default_factory=dict)
    evidence: Evidence | None = None
    propose: Callable[[str, Sequence[Change]], PendingPlan] | None = None
    kept_results: Callable[[Results], dict[str, Any]] | None = None


class Watch(Protocol):
    """Looks on while a question is answered."""

    def events(self, answer: Callable[[], Iterator[LoopEvent]], /) -> Iterator[LoopEvent]:
        """What `answer()` yields."""
        ...

    def tool(self, tool: Tool, asked: ToolCall, /) -> tuple[ToolResult, Outcome]:
        """What `run_tool(tool, asked)` gives."""
        ...
