"""An answer while it is made: what is said goes out and is kept, however it ends."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Literal, Protocol

from models.database import Database, DatabaseUnavailable, Work
from services import turn_rows, usage
from services.agent import loop
from services.agent.citations import CitationFilter
from services.agent.evidence import Results
from services.agent.tool import run_tool
from services.content import FinishReason, ToolCall, Usage
from services.errors import DATABASE_AWAY, AssistantError, Interrupted, StorageUnavailable
from services.events import ChatEvent, LoopDone, LoopEvent, TurnCancelled, TurnDone, TurnFailed, TurnStarted
from services.providers import tokens
from services.providers.base import AnswerStarted, ChatModel, ChatRequest, TextDelta
from services.question import Question, Watch
from services.session_search import index_message
from services.usage import Limits

log = logging.getLogger(__name__)

Outcome = Literal["complete", "interrupted", "failed"]

PAUSES_S = (0.1, 0.2, 0.5, 1.0, 1.0, 2.0, 2.0, 3.0)
"""Between attempts to write down the end of an answer, while whoever reads it waits."""


class Keeper(Protocol):
    """Who started a turn, as far as the turn needs them."""

    @property
    def database(self) -> Database: ...

    @property
    def model(self) -> ChatModel:
        """Answers where the turn names nobody else."""
        ...

    @property
    def observe(self) -> Callable[[Turn], None]:
        """Told of the turn when it has ended."""
        ...

    def forget(self, turn: Turn) -> None:
        """Its end is written down."""
        ...

    def pause(self, seconds: float) -> bool:
        """Wait; False where nothing is waited for any more: the process ends."""
        ...


@dataclass(eq=False, slots=True)
class Turn:
    """An answer on its way. Iterate it once; `interrupt` may be called from any thread at any time.

    The first event is `TurnStarted`, the last `TurnDone` or `TurnFailed`; an interrupted turn just ends. A failure is
    an event here, not an exception, since by then the stream may have begun.

    Attributes:
        asked_this_month: questions its owner has asked this month, with this one, where its session has limits.
        owed: its end is not written down yet, for the database is away; `pay` does it.
    """

    turns: Keeper
    conversation_id: str
    user_message_id: str
    message_id: str
    created_at: datetime
    limits: Limits | None = None
    asked_this_month: int = 0
    request: ChatRequest = ChatRequest(messages=())
    question: Question | None = None
    answering: ChatModel | None = None
    watch: Watch | None = None
    provider: str | None = None
    model: str | None = None
    finish_reason: FinishReason | None = None
    usage: Usage = Usage()
    outcome: Outcome | None = None
    owed: bool = False
    error: AssistantError | None = None
    first_text_ms: int | None = None
    cancelled: bool = False
    pieces_kept: int = 0
    kept_with_stream: bool = False
    results: Results = Results()
    calls: tuple[ToolCall, ...] = ()
    when_interrupted: Callable[[], None] | None = None
    _said: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _began: float = field(default_factory=time.monotonic)

    @property
    def text(self) -> str:
        return "".join(self._said)

    @property
    def elapsed_ms(self) -> int:
        return round((time.monotonic() - self._began) * 1000)

    def __iter__(self) -> Iterator[ChatEvent]:
        try:
            yield TurnStarted(self.conversation_id, self.user_message_id, self.message_id, self.created_at)
            yield from self._answer()
        except AssistantError as error:
            yield from self._failed(error)
        except DatabaseUnavailable as error:
            log.warning("an answer needed the database: %s", error)
            yield from self._failed(StorageUnavailable(DATABASE_AWAY))
        except Exception:
            log.exception("a turn failed on something nobody foresaw")
            yield from self._failed(AssistantError("Something went wrong while the answer was made."))
        finally:
            # Whoever iterated went away, or the server is stopping.
            self._settle("interrupted")

    def interrupt(self) -> None:
        """End the turn now; what was said so far is kept and marked. `when_interrupted` is told."""
        if self._settle("interrupted") and self.when_interrupted is not None:
            self.when_interrupted()

    def _answer(self) -> Iterator[ChatEvent]:
        citations = CitationFilter(self.question.evidence) if self.question and self.question.evidence else None
        try:
            yield from self._answer_through(citations)
        except AssistantError:
            if citations and (text := citations.flush()):
                yield from self._say(text)
            raise

    def _answer_through(self, citations: CitationFilter | None) -> Iterator[ChatEvent]:
        for event in self._events():
            if self.outcome is not None:
                return
            if isinstance(event, TextDelta):
                if text := citations.feed(event.text) if citations else event.text:
                    yield from self._say(text)
                continue
            if citations and (text := citations.flush()):
                yield from self._say(text)
            match event:
                case AnswerStarted():
                    self.provider, self.model = event.provider, event.model
                    yield event
                case LoopDone():
                    self.finish_reason, self.usage = event.finish_reason, self._counted(event.usage)
                    self.results, self.calls = event.results, event.calls
                    if self._settle("complete"):
                        yield self._ended()
                case _:
                    yield event

    def _events(self) -> Iterator[LoopEvent]:
        model = self.answering or self.turns.model
        question = self.question
        if question is None or not question.tools:
            answer = partial(loop.run, model, self.request)
        else:
            propose = partial(question.propose, self.message_id) if question.propose else None
            by = self.watch.tool if self.watch else run_tool
            answer = partial(loop.run, model, self.request, question.tools, question.evidence, propose, run_tool=by)
        return self.watch.events(answer) if self.watch else answer()

    def _say(self, text: str) -> Iterator[TextDelta]:
        if not self._said:
            self.first_text_ms = self.elapsed_ms
        with self._lock:
            # Nothing is said after the end has been written down.
            if self.outcome is not None:
                return
            self._said.append(text)
        yield TextDelta(text)

    def _ended(self) -> TurnDone | TurnCancelled | TurnFailed:
        if self.owed:
            return TurnFailed(self.message_id, StorageUnavailable(DATABASE_AWAY), self.text)
        return self._done() if self.outcome == "complete" else self._cancelled()

    def _cancelled(self) -> TurnCancelled:
        return TurnCancelled(self.message_id, self.text, self.results)

    def _counted(self, usage: Usage) -> Usage:
        """The provider's own count, or an estimate where it gave none."""
        return usage if usage.total_tokens else tokens.estimated_usage(self.request, self.text)

    def _done(self) -> TurnDone:
        return TurnDone(
            message_id=self.message_id,
            text=self.text,
            finish_reason=self.finish_reason or "stop",
            usage=self.usage,
            provider=self.provider or "",
            model=self.model or "",
            processing_time_ms=self.elapsed_ms,
            results=self.results,
            calls=self.calls,
        )

    def _failed(self, error: AssistantError) -> Iterator[ChatEvent]:
        self.error, self.finish_reason = error, "error"
        if self._settle("failed"):
            yield TurnFailed(self.message_id, error, self.text)

    def pay(self) -> None:
        """Write down the end that is owed, if the database is back."""
        if self.outcome is None:
            return
        with self._lock:
            if self.owed and self._write_down(self.outcome):
                self.turns.forget(self)

    def _settle(self, outcome: Outcome) -> bool:
        """Write the end down, or owe it; True for the one caller whose outcome it became."""
        with self._lock:
            if self.outcome is not None:
                return False
            if outcome == "interrupted":
                self.usage = self._counted(self.usage)
            # Whoever breaks an answer off does not wait for the database.
            pauses = iter(() if outcome == "interrupted" else PAUSES_S)
            became: Outcome | None = None
            try:
                while (became := self._write_down(outcome)) is None:
                    pause = next(pauses, None)
                    if pause is None or not self.turns.pause(pause):
                        break
            finally:
                self.outcome = became or outcome
                if not self.owed:
                    self.turns.forget(self)
        self.turns.observe(self)
        return True

    def _write_down(self, outcome: Outcome) -> Outcome | None:
        """What the end that is written down became; None where the database is away: then it is owed."""
        try:
            with self.turns.database.change() as work:
                # An attempt that the database went away at may have been kept all the same.
                if not (self.owed and turn_rows.has_ended(work, self.message_id)) and self._write_end(work, outcome):
                    # Another process has cancelled it, and has said so.
                    outcome, self.cancelled = "interrupted", True
        except DatabaseUnavailable as error:
            log.warning("the end of an answer could not be written down: %s", error)
            self.owed = True
            return None
        self.owed = False
        return outcome

    def _write_end(self, work: Work, outcome: Outcome) -> bool:
        cancelled = turn_rows.end(
            work,
            turn_rows.Ended(
                conversation_id=self.conversation_id,
                user_message_id=self.user_message_id,
                message_id=self.message_id,
                text=self.text,
                status=outcome,
                provider=self.provider,
                model=self.model,
                finish_reason=self.finish_reason,
                error_code=self.error.code if self.error else turn_rows.CANCELLED if self.cancelled else None,
                usage=self.usage,
                processing_time_ms=self.elapsed_ms,
            ),
        )
        if self.question and self.question.kept_results and self.results.agents:
            found = self.question.kept_results(self.results)
            turn_rows.add_details(work, self.message_id, (self.question.answer_details or {}) | found)
        if self.limits is not None:
            index_message(work, self.message_id, self.text)
            usage.add_tokens(work, self.limits.owner_id, self.created_at, self.usage.total_tokens)
            if outcome == "failed" and not self._said:
                usage.give_back(work, self.limits.owner_id, self.created_at)
        return cancelled


def collect(turn: Turn) -> TurnDone:
    """The whole answer at once.

    Raises:
        AssistantError: what the turn failed with, or that it was cut short.
    """
    for event in turn:
        match event:
            case TurnDone():
                return event
            case TurnFailed():
                raise event.error
            case _:
                continue
    raise cut_short()


def cut_short() -> Interrupted:
    """What a reader is told whose answer was interrupted from this side."""
    return Interrupted("The answer was cut short: the server is stopping.")
