"""Turns of conversations, the only way anything is answered: kept before they begin, and known while they are made."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from models.base import new_id, now
from models.database import Database, DatabaseUnavailable, Work
from services import history, turn_rows, usage
from services.live_turn import Turn, collect, cut_short
from services.providers.base import ChatModel, ChatRequest
from services.question import Question, Watch
from services.session_search import index_message

__all__ = ["Question", "Turn", "Turns", "collect", "cut_short"]

log = logging.getLogger(__name__)

KEEP_EVERY_S = 3.0
"""How often the text so far is written down: a crash loses at most this much of an answer's end."""


class Turns:
    """Starts turns and knows those that are under way.

    Args:
        worker_id: names this process on the rows it is working on.
        observe: told of every finished turn, for metrics.
        watch: gives who looks on while a question is answered.
    """

    def __init__(
        self,
        database: Database,
        model: ChatModel,
        worker_id: str,
        observe: Callable[[Turn], None] = lambda _turn: None,
        watch: Callable[[Question], Watch] | None = None,
    ) -> None:
        self.database = database
        self.model = model
        self.worker_id = worker_id
        self.observe = observe
        self.watch = watch
        self._open: set[Turn] = set()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._hurry = threading.Event()
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
        turn.watch = self.watch(question) if self.watch else None
        with self._lock:
            self._open.add(turn)
        return turn

    def interrupt_all(self) -> int:
        """Settle every turn under way with what it has said so far; how many there were."""
        self._hurry.set()
        with self._lock:
            under_way = [turn for turn in self._open if turn.outcome is None]
        for turn in under_way:
            turn.interrupt()
        return len(under_way)

    def stop(self) -> int:
        """Interrupt all and stop writing down; how many there were."""
        self._stopping.set()
        interrupted = self.interrupt_all()
        self.pay()
        return interrupted

    def pay(self) -> None:
        """Write down the ends of answers for which the database was away."""
        with self._lock:
            owed = [turn for turn in self._open if turn.owed]
        for turn in owed:
            turn.pay()
            if turn.owed:
                return  # it is away still

    def pause(self, seconds: float) -> bool:
        """Wait, but not once all are to be interrupted; False then."""
        return not self._hurry.wait(seconds)

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
                self.pay()
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
        asked_this_month = 0
        if question.limits is not None:
            asked_this_month = usage.admit(work, question.conversation_id, question.limits)
        elif question.one_at_a_time:
            usage.require_idle(work, question.conversation_id)
        turn = Turn(self, question.conversation_id, new_id(), new_id(), now(), limits=question.limits)
        turn.asked_this_month = asked_this_month
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
