"""One turn of a conversation, the only way anything is answered: kept before it begins, and however it ends."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Literal

from models.base import new_id, now
from models.database import Database, DatabaseUnavailable, Work
from services import history, turn_rows, usage
from services.agent import loop
from services.agent.citations import CitationFilter
from services.agent.evidence import Change, Evidence, PendingPlan, Results
from services.agent.tool import Tool
from services.content import FinishReason, ImagePart, Language, Message, ToolCall, Usage
from services.errors import AssistantError, Interrupted
from services.events import ChatEvent, LoopDone, LoopEvent, TurnCancelled, TurnDone, TurnFailed, TurnStarted
from services.providers import tokens
from services.providers.base import AnswerStarted, ChatModel, ChatRequest, Options, Style, TextDelta
from services.session_search import index_message
from services.usage import Limits

log = logging.getLogger(__name__)

KEEP_EVERY_S = 3.0
"""How often the text so far is written down: a crash loses at most this much of an answer's end."""

Outcome = Literal["complete", "interrupted", "failed"]


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


class Turns:
    """Starts turns and knows those that are under way.

    Args:
        worker_id: names this process on the rows it is working on.
        observe: told of every finished turn, for metrics.
    """

    def __init__(
        self,
        database: Database,
        model: ChatModel,
        worker_id: str,
        observe: Callable[[Turn], None] = lambda _turn: None,
    ) -> None:
        self.database = database
        self.model = model
        self.worker_id = worker_id
        self.observe = observe
        self._open: set[Turn] = set()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._keeper = threading.Thread(target=self._keep_all, name="keeper", daemon=True)
        self._keeper.start()

    def start(self, question: Question, model: ChatModel | None = None) -> Turn:
        """Keep the question, make room for the answer, and return the turn, which begins when it is iterated.

        Args:
            model: answers in place of the usual one.

        Raises:
            SessionNotFound: there is no such conversation.
            Conflict, LimitExceeded: see `usage.admit`.
            DatabaseUnavailable: nothing was kept.
        """
        with self.database.change() as work:
            turn, earlier = self._keep(work, question)
        messages = question.messages or history.compose(
            question.instructions,
            earlier,
            question.text,
            question.images,
            self.model.context_tokens,
            images_are_new=question.images_are_new,
        )
        turn.request = ChatRequest(
            messages=messages,
            max_tokens=question.max_tokens,
            temperature=question.temperature,
            language=question.language,
            style=question.style,
            request_id=question.request_id,
            options=question.options,
        )
        turn.question = question
        turn.answering = model or self.model
        with self._lock:
            self._open.add(turn)
        return turn

    def interrupt_all(self) -> int:
        """Settle every turn under way with what it has said so far; how many there were."""
        with self._lock:
            under_way = list(self._open)
        for turn in under_way:
            turn.interrupt()
        return len(under_way)

    def stop(self) -> int:
        """Interrupt all and stop writing down; how many there were."""
        self._stopping.set()
        return self.interrupt_all()

    def keep_so_far(self) -> None:
        """Write down the text of every turn under way that has said more, but for those kept with their stream, all in
        one transaction, and end those that another process has cancelled."""
        with self._lock:
            said = {turn: len(turn._said) for turn in self._open}
        for turn in self._cancelled_elsewhere(list(said)):
            turn.cancelled = True
            turn.interrupt()
        grown = [turn for turn, pieces in said.items() if pieces > turn.pieces_kept and not turn.kept_with_stream]
        if not grown:
            return
        with self.database.change() as work:
            turn_rows.keep_so_far(work, [(turn.message_id, turn.text) for turn in grown])
        for turn in grown:
            turn.pieces_kept = said[turn]

    def _cancelled_elsewhere(self, under_way: list[Turn]) -> list[Turn]:
        by_id = {turn.message_id: turn for turn in under_way}
        if not by_id:
            return []
        with self.database.look() as work:
            return [by_id[message_id] for message_id in turn_rows.cancelled(work, by_id)]

    def _keep_all(self) -> None:
        while not self._stopping.wait(KEEP_EVERY_S):
            try:
                self.keep_so_far()
            except DatabaseUnavailable as error:
                log.warning("answers under way could not be written down: %s", error)

    def ids_under_way(self) -> set[str]:
        """Ids of the answers being made."""
        with self._lock:
            return {turn.message_id for turn in self._open}

    def forget(self, turn: Turn) -> None:
        with self._lock:
            self._open.discard(turn)

    def _keep(self, work: Work, question: Question) -> tuple[Turn, tuple[history.Said, ...]]:
        if question.limits is not None:
            usage.admit(work, question.conversation_id, question.limits)
        elif question.one_at_a_time:
            usage.require_idle(work, question.conversation_id)
        turn = Turn(self, question.conversation_id, new_id(), new_id(), now(), limits=question.limits)
        recorded = question.recorded or question.text
        seq = turn_rows.begin(
            work,
            turn_rows.Begun(
                conversation_id=question.conversation_id,
                user_message_id=turn.user_message_id,
                message_id=turn.message_id,
                text=recorded,
                details=question.details,
                answer_details=question.answer_details,
                worker_id=self.worker_id,
                at=turn.created_at,
            ),
        )
        if question.limits is not None:
            index_message(work, turn.user_message_id, recorded)
        return turn, history.before(work, question.conversation_id, seq)


@dataclass(eq=False, slots=True)
class Turn:
    """An answer on its way. Iterate it once; `interrupt` may be called from any thread at any time.

    The first event is `TurnStarted`, the last `TurnDone` or `TurnFailed`; an interrupted turn just ends. A failure is
    an event here, not an exception, since by then the stream may have begun.
    """

    turns: Turns
    conversation_id: str
    user_message_id: str
    message_id: str
    created_at: datetime
    limits: Limits | None = None
    request: ChatRequest = ChatRequest(messages=())
    question: Question | None = None
    answering: ChatModel | None = None
    provider: str | None = None
    model: str | None = None
    finish_reason: FinishReason | None = None
    usage: Usage = Usage()
    outcome: Outcome | None = None
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
                        yield self._done() if self.outcome == "complete" else self._cancelled()
                case _:
                    yield event

    def _events(self) -> Iterator[LoopEvent]:
        model = self.answering or self.turns.model
        question = self.question
        if question is None or not question.tools:
            return loop.run(model, self.request)
        propose = partial(question.propose, self.message_id) if question.propose else None
        return loop.run(model, self.request, question.tools, question.evidence, propose)

    def _say(self, text: str) -> Iterator[TextDelta]:
        if not self._said:
            self.first_text_ms = self.elapsed_ms
        with self._lock:
            # Nothing is said after the end has been written down.
            if self.outcome is not None:
                return
            self._said.append(text)
        yield TextDelta(text)

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

    def _settle(self, outcome: Outcome) -> bool:
        """Write the end down; True for the one caller whose outcome it became."""
        with self._lock:
            if self.outcome is not None:
                return False
            if outcome == "interrupted":
                self.usage = self._counted(self.usage)
            try:
                with self.turns.database.change() as work:
                    if self._write_end(work, outcome):
                        # Another process has cancelled it, and has said so.
                        outcome, self.cancelled = "interrupted", True
            finally:
                self.outcome = outcome
                self.turns.forget(self)
        self.turns.observe(self)
        return True

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
