"""Approved plans carried out: step by step, each step once.

What a step does and the word that it is done are one transaction. So a process may be killed at any moment: the plan
goes on at the first step that is not done, in whichever process takes it up.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from sqlalchemy import exists, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models.base import now
from models.database import Database, DatabaseUnavailable
from models.library import Plan, PlanStep
from models.workers import Worker
from services import plan_rows
from services.agent.action import reference
from services.agent.actions import ACTIONS
from services.bus import Bus
from services.errors import AssistantError, Conflict, StorageUnavailable
from services.library.images import Images
from services.plan_news import tell

log = logging.getLogger(__name__)

TRIES = 3
"""How often a step is begun anew that met a change made at the same moment."""

Around = Callable[[str, str, str, Callable[[], "_After"]], "_After"]
"""Takes a step of a session by the call that does it: tool, agent and session come first."""
Turn = Literal["more", "completed", "cancelled", "failed", "lost"]


class PlanRuns:
    """The plans this process carries out.

    Args:
        worker_id: this process in the roll of those that live.
        images: lets go of deleted pictures and their files.
        retell: has what a picture can be found by brought up to its new words, behind all this.
        stopping: set when this process stops; a plan under way is left to the next.
        around: takes each step.
    """

    def __init__(
        self,
        database: Database,
        bus: Bus,
        images: Images,
        *,
        retell: Callable[[str], None],
        worker_id: str,
        stopping: threading.Event,
        around: Around = lambda _tool, _agent, _session, take: take(),
    ) -> None:
        self.database = database
        self.bus = bus
        self.images = images
        self.retell = retell
        self.worker_id = worker_id
        self.stopping = stopping
        self.around = around
        self._held: set[str] = set()
        self._lock = threading.Lock()

    def run(self, plan_id: str) -> None:
        """Carry a plan out from its first step that is not done; nothing happens if it is not approved, or another's.

        Raises:
            DatabaseUnavailable: it goes on with a later call.
        """
        with self._lock:
            if plan_id in self._held:
                return
            self._held.add(plan_id)
        try:
            conversation_id = self._claim(plan_id)
            if conversation_id is not None:
                self._carry_out(plan_id, conversation_id)
        finally:
            with self._lock:
                self._held.discard(plan_id)

    def waiting(self) -> Sequence[str]:
        """Ids of approved plans, oldest first, with those that dead processes had begun.

        Raises:
            DatabaseUnavailable
        """
        with self._lock:
            held = set(self._held)
        left = (Plan.status == "running") & (
            ((Plan.worker_id == self.worker_id) & Plan.id.not_in(held))
            | ((Plan.worker_id != self.worker_id) & Plan.worker_id.not_in(select(Worker.id)))
        )
        with self.database.read() as session:
            abandoned = list(session.execute(select(Plan.id).where(left)).scalars())
        if abandoned:
            log.warning("%d plans that were cut short are taken up again", len(abandoned))
            with self.database.write() as session:
                # Its worker's id stays: it says that the plan was begun.
                again = update(Plan).where(left, Plan.id.in_(abandoned)).values(status="approved")
                session.execute(again.execution_options(synchronize_session=False))
        with self.database.read() as session:
            approved = select(Plan.id).where(Plan.status == "approved").order_by(Plan.decided_at, Plan.id)
            return list(session.execute(approved).scalars())

    def _claim(self, plan_id: str) -> str | None:
        """The session of a plan that is this process's from now on."""
        with self.database.write() as session:
            mine = update(Plan).where(Plan.id == plan_id, Plan.status == "approved")
            if not plan_rows.changed(session, mine.values(status="running", worker_id=self.worker_id)):
                return None
            begun = session.execute(
                select(exists().where(PlanStep.plan_id == plan_id, PlanStep.status == "done"))
            ).scalar_one()
            if begun:
                session.execute(update(Plan).where(Plan.id == plan_id).values(results={"resumed": True}))
            conversation_id: str = session.execute(select(Plan.conversation_id).where(Plan.id == plan_id)).scalar_one()
        tell(self.bus, plan_id, conversation_id, "running")
        return conversation_id

    def _carry_out(self, plan_id: str, conversation_id: str) -> None:
        turn: Turn = "more"
        while turn == "more":
            if self.stopping.is_set():
                self._leave(plan_id)
                return
            turn = self._step(plan_id)
            if turn != "lost":
                tell(self.bus, plan_id, conversation_id, "running" if turn == "more" else turn)

    def _step(self, plan_id: str) -> Turn:
        """Do the next step, or end the plan.

        Raises:
            DatabaseUnavailable
        """
        failure: AssistantError = Conflict("The library kept changing at the same moment.")
        for _ in range(TRIES):
            try:
                turn, after = self._next(plan_id)
            except IntegrityError:
                continue
            except AssistantError as error:
                failure = error
            except DatabaseUnavailable:
                raise
            except Exception:
                log.exception("a plan's step failed on something nobody foresaw")
                failure = AssistantError("Something went wrong.")
            else:
                self._follow_up(after)
                return turn
            break
        return self._fail(plan_id, failure)

    def _next(self, plan_id: str) -> tuple[Turn, _After]:
        """One transaction: the next step and that it is done, or the plan's end."""
        with self.database.write() as session:
            plan = self._taken(session, plan_id)
            if plan is None:
                return "lost", _After()
            if plan.cancel_asked:
                plan_rows.finish(session, plan_id, "running", "cancelled")
                return "cancelled", _After()
            step = _first_waiting(session, plan_id)
            after = self._do(session, plan, step) if step is not None else _After()
            if after.gone and self.images.index is not None:
                self.images.index.forget(session, plan.owner_id, [image_id for image_id, _key in after.gone])
            if step is not None and _more_than(session, step):
                return "more", after
            plan_rows.finish(session, plan_id, "running", "completed")
            return "completed", after

    def _do(self, session: Session, plan: Plan, step: PlanStep) -> _After:
        take = partial(_perform, session, plan.owner_id, step)
        return self.around(step.tool_name, step.agent_name, plan.conversation_id, take)

    def _taken(self, session: Session, plan_id: str) -> Plan | None:
        """The plan, kept from everybody else's hands until the transaction's end; None where it is another's."""
        mine = update(Plan).where(Plan.id == plan_id, Plan.status == "running", Plan.worker_id == self.worker_id)
        if not plan_rows.changed(session, mine.values(worker_id=self.worker_id)):
            return None
        return session.get_one(Plan, plan_id)

    def _fail(self, plan_id: str, error: AssistantError) -> Turn:
        with self.database.write() as session:
            if self._taken(session, plan_id) is None:
                return "lost"
            step = _first_waiting(session, plan_id)
            words = error.message
            if step is not None:
                told = {"error": {"code": error.code, "message": error.message}}
                _settle(session, step, status="failed", result=told)
                words = f"Step {step.position + 1}: {error.message}"
            plan_rows.finish(session, plan_id, "running", "failed", words)
        return "failed"

    def _leave(self, plan_id: str) -> None:
        with self.database.write() as session:
            if self._taken(session, plan_id) is not None:
                session.execute(update(Plan).where(Plan.id == plan_id).values(status="approved"))

    def _follow_up(self, after: _After) -> None:
        """What a committed step leaves to be done outside its transaction. What a crash keeps from being done, the
        sweep of files does."""
        if after.retold is not None:
            self.retell(after.retold)
        try:
            self.images.let_go(after.owner_id, after.gone)
        except StorageUnavailable as error:
            log.warning("pictures that a plan deleted have left files behind: %s", error)


@dataclass(frozen=True, slots=True)
class _After:
    """What follows from a step once it is committed.

    Args:
        gone: id and storage key of pictures that were deleted.
        retold: a picture whose words have changed.
    """

    owner_id: str = ""
    gone: tuple[tuple[str, str], ...] = ()
    retold: str | None = None


def _perform(session: Session, owner_id: str, step: PlanStep) -> _After:
    began = now()
    action, arguments = ACTIONS[step.tool_name], _resolved(session, step)
    done = action.perform(session, owner_id, arguments)
    session.flush()
    _settle(session, step, status="done", result=done.result, undo=done.undo, started_at=began)
    return _After(owner_id, done.gone, arguments[action.retold] if action.retold else None)


def _first_waiting(session: Session, plan_id: str) -> PlanStep | None:
    waiting = select(PlanStep).where(PlanStep.plan_id == plan_id, PlanStep.status == "waiting")
    return session.execute(waiting.order_by(PlanStep.position).limit(1)).scalar()


def _more_than(session: Session, step: PlanStep) -> bool:
    """Whether steps wait after this one."""
    later = exists().where(PlanStep.plan_id == step.plan_id, PlanStep.position > step.position)
    found: bool = session.execute(select(later)).scalar_one()
    return found


def _settle(session: Session, step: PlanStep, **values: Any) -> None:
    own = update(PlanStep).where(PlanStep.plan_id == step.plan_id, PlanStep.position == step.position)
    session.execute(own.values(finished_at=now(), **values).execution_options(synchronize_session=False))


def _resolved(session: Session, step: PlanStep) -> Mapping[str, Any]:
    """The arguments with ids in the places of `$step:N`.

    Raises:
        Conflict: step N made nothing that has an id.
    """

    def value(given: Any) -> Any:
        number = reference(given)
        if number is None:
            return given
        made = select(PlanStep.result).where(PlanStep.plan_id == step.plan_id, PlanStep.position == number)
        result = session.execute(made).scalar()
        if not result or result.get("id") is None:
            raise Conflict(f"Step {number + 1} has made nothing that this step could use.")
        return result["id"]

    return {name: value(given) for name, given in step.arguments.items()}
