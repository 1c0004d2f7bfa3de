"""Plans: changes to the library that wait for their owner's yes, are decided once, and can be taken back.

Who carries them out is `services/plan_runs.py`.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, assert_never

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from models.base import new_id, now
from models.database import Database
from models.library import Plan, PlanStep
from services import plan_rows
from services.agent.actions import ACTIONS, Step, prepared
from services.bus import Bus, Listener
from services.errors import Conflict, InvalidInput, NoWorker, PlanNotFound
from services.jobs import Jobs
from services.library.retelling import JOB as RETELL
from services.plan_news import channel, hear_of_end, tell
from services.plan_rows import Progress, StoredPlan

JOB = "run_plan"
EXPIRES = timedelta(hours=1)
MAX_STEPS = 50
FAST_PATH_S = 2.0
"""How long an approval waits for the plan's end. Until then the plan is its own: a cancel meanwhile came too late."""
CLAIM_S = 5.0
"""A plan that no worker has begun by then waits for another approval."""
POLL_S = 0.2
UNAVAILABLE = "Service temporarily unavailable: no worker carries out plans now. The plan can be approved again."

Choice = Literal["approve", "cancel"]


@dataclass(frozen=True, slots=True)
class Decision:
    """What came of a decision. `plan` as it stood when the answer was due: finished, or still on its way."""

    choice: Choice
    plan: StoredPlan


class Plans:
    """Plans of owners. Every method raises `SessionNotFound` for a session, and `PlanNotFound` for a plan, that is
    unknown or another's."""

    def __init__(self, database: Database, jobs: Jobs, bus: Bus) -> None:
        self.database = database
        self.jobs = jobs
        self.bus = bus

    def propose(
        self, owner_id: str, conversation_id: str, message_id: str | None, title: str, steps: Sequence[Step]
    ) -> StoredPlan:
        """Keep a plan that waits for a decision, for an hour.

        Args:
            message_id: the answer it belongs to.
            steps: 1 to 50; an argument `$step:N` stands for the id of what step N made, counted from 0.

        Raises:
            InvalidInput: no or too many steps, an unknown tool, arguments that are not as its schema says.
            ImageNotFound, DocumentNotFound, NotFound: a step speaks of what is not there.
            Conflict: `session_closed`.
        """
        if not 1 <= len(steps) <= MAX_STEPS:
            raise InvalidInput(f"A plan has 1 to {MAX_STEPS} steps.", field="steps")
        at, plan_id = now(), new_id()
        with self.database.write() as session:
            plan_rows.require_open(plan_rows.require_session(session, owner_id, conversation_id))
            ready = prepared(session, owner_id, steps)
            session.execute(
                insert(Plan).values(
                    id=plan_id,
                    owner_id=owner_id,
                    conversation_id=conversation_id,
                    message_id=message_id,
                    title=title,
                    created_at=at,
                    expires_at=at + EXPIRES,
                )
            )
            rows = [
                {
                    "plan_id": plan_id,
                    "position": position,
                    "agent_name": step.agent_name,
                    "tool_name": step.tool_name,
                    "arguments": dict(step.arguments),
                    "description": step.description,
                }
                for position, step in enumerate(ready)
            ]
            session.execute(insert(PlanStep), rows)
            plan = plan_rows.read(session, owner_id, conversation_id, plan_id)
        tell(self.bus, plan_id, conversation_id, plan.status)
        return plan

    def get(self, owner_id: str, conversation_id: str, plan_id: str, *, whole: bool = True) -> StoredPlan:
        """One plan, in whatever state, `whole` as `plan_rows.stored` says."""
        with self.database.read() as session:
            plan_rows.require_session(session, owner_id, conversation_id)
            return plan_rows.read(session, owner_id, conversation_id, plan_id, whole=whole)

    def list(
        self, owner_id: str, conversation_id: str, limit: int = 20, offset: int = 0
    ) -> tuple[list[StoredPlan], int]:
        """A page of the session's plans, newest first, and how many there are in all."""
        mine = Plan.conversation_id == conversation_id
        with self.database.read() as session:
            plan_rows.require_session(session, owner_id, conversation_id)
            total = session.execute(select(func.count()).select_from(Plan).where(mine)).scalar_one()
            newest = select(Plan).where(mine).order_by(Plan.created_at.desc(), Plan.id.desc())
            rows = session.execute(newest.limit(limit).offset(offset)).scalars()
            return plan_rows.stored(session, rows.all()), total

    def progress(self, owner_id: str, conversation_id: str) -> Sequence[Progress]:
        """How far the session's plans are that are unfinished or ended within the last hour, oldest first."""
        with self.database.read() as session:
            plan_rows.require_session(session, owner_id, conversation_id)
            return plan_rows.progress(session, conversation_id)

    def decide(self, owner_id: str, conversation_id: str, plan_id: str, choice: Choice) -> Decision:
        """Approve a plan or cancel it. Of decisions that race, one counts.

        Approving waits up to 2 s for the plan's end; what is not finished then goes on by itself. A plan on its way can
        be cancelled once its approval has been answered: it stops between two steps, and what is done stays.

        Raises:
            PlanNotFound: also when its hour is over.
            Conflict: `session_closed`; `plan_already_processed`, somebody has decided.
            NoWorker: nobody carries out plans now; it can be approved again.
        """
        match choice:
            case "approve":
                plan = self._approve(owner_id, conversation_id, plan_id)
            case "cancel":
                plan = self._cancel(owner_id, conversation_id, plan_id)
            case _:
                assert_never(choice)
        return Decision(choice, plan)

    def undo(self, owner_id: str, conversation_id: str, plan_id: str) -> StoredPlan:
        """Take back what a finished plan has done, the last step first, all of it or nothing.

        Raises:
            Conflict: `session_closed`; `plan_not_finished`; `plan_already_undone`; `plan_not_reversible`, one of its
                steps cannot be taken back, or nothing was done; `plan_outdated`, what it changed has changed since.
        """
        with self.database.write() as session:
            plan_rows.require_open(plan_rows.require_session(session, owner_id, conversation_id))
            plan = plan_rows.read(session, owner_id, conversation_id, plan_id)
            retold: list[str] = []
            _require_undoable(plan)
            mine = update(Plan).where(Plan.id == plan_id, Plan.status == plan.status).values(status="undone")
            if not plan_rows.changed(session, mine):
                raise Conflict("The plan has been undone already.", code="plan_already_undone")
            for step in reversed(plan.steps):
                action = ACTIONS[step.tool_name]
                if step.status == "done" and action.undo is not None and step.undo is not None:
                    action.undo(session, owner_id, step.undo)
                    retold += [step.undo[action.retold]] if action.retold else []
            session.execute(
                update(PlanStep).where(PlanStep.plan_id == plan_id, PlanStep.status == "done").values(status="undone")
            )
            session.expire_all()
            plan = plan_rows.read(session, owner_id, conversation_id, plan_id)
        for image_id in retold:
            self.jobs.enqueue(RETELL, image_id)
        tell(self.bus, plan_id, conversation_id, plan.status)
        return plan

    def expire(self) -> int:
        """Settle plans whose hour is over without a decision; how many there were."""
        over = (Plan.status == "pending") & (Plan.expires_at <= now())
        with self.database.read() as session:
            rows = session.execute(select(Plan).where(over)).scalars().all()
        if not rows:
            return 0
        gone = []
        with self.database.write() as session:
            for row in rows:
                change = update(Plan).where(Plan.id == row.id, over).values(status="expired", finished_at=now())
                if plan_rows.changed(session, change):
                    gone.append(row)
        for row in gone:
            tell(self.bus, row.id, row.conversation_id, "expired")
        return len(gone)

    def _approve(self, owner_id: str, conversation_id: str, plan_id: str) -> StoredPlan:
        with self.database.read() as session:
            _require_pending(session, owner_id, conversation_id, plan_id)
        if not self.jobs.alive():
            raise NoWorker(UNAVAILABLE)
        with self.bus.subscribe(channel(conversation_id)) as news:
            with self.database.write() as session:
                _require_pending(session, owner_id, conversation_id, plan_id)
                mine = update(Plan).where(Plan.id == plan_id, Plan.status == "pending")
                if not plan_rows.changed(session, mine.values(status="approved", decided_at=now())):
                    raise processed()
            self.jobs.enqueue(JOB, plan_id)
            plan = self._awaited(news, owner_id, conversation_id, plan_id)
            if plan.status == "approved" and self._given_back(news, plan):
                raise NoWorker(UNAVAILABLE)
        return plan if plan.finished else self.get(owner_id, conversation_id, plan_id, whole=False)

    def _cancel(self, owner_id: str, conversation_id: str, plan_id: str) -> StoredPlan:
        with self.bus.subscribe(channel(conversation_id)) as news:
            with self.database.write() as session:
                plan_rows.require_session(session, owner_id, conversation_id)
                plan = plan_rows.read(session, owner_id, conversation_id, plan_id)
                # What has been set going can be stopped in a closed session too.
                if not _answered(plan):
                    _require_pending(session, owner_id, conversation_id, plan_id)
                if plan.status == "running":
                    asked = update(Plan).where(Plan.id == plan_id, Plan.status == "running", ~Plan.cancel_asked)
                    won = plan_rows.changed(session, asked.values(cancel_asked=True))
                else:
                    won = plan_rows.finish(session, plan_id, plan.status, "cancelled")
                if not won:
                    raise processed()
            if plan.status == "running":
                plan = self._awaited(news, owner_id, conversation_id, plan_id)
            else:
                plan = self.get(owner_id, conversation_id, plan_id)
                tell(self.bus, plan_id, conversation_id, plan.status)
        if plan.status not in ("cancelled", "running"):
            raise processed()
        return plan

    def _awaited(self, news: Listener, owner_id: str, conversation_id: str, plan_id: str) -> StoredPlan:
        """The plan once it is finished, or after 2 s."""
        deadline = time.monotonic() + FAST_PATH_S
        while True:
            plan = self.get(owner_id, conversation_id, plan_id, whole=False)
            if plan.finished or news.ended or time.monotonic() >= deadline:
                return plan
            # Without news, another process may still have finished it.
            hear_of_end(news, plan_id, min(POLL_S, max(0.0, deadline - time.monotonic())))

    def _given_back(self, news: Listener, plan: StoredPlan) -> bool:
        """Whether nobody has begun an approved plan within `CLAIM_S`: it waits for another approval then."""
        deadline = time.monotonic() + CLAIM_S - FAST_PATH_S
        while time.monotonic() < deadline and not news.ended:
            if self.get(plan.owner_id, plan.conversation_id, plan.id, whole=False).status != "approved":
                return False
            news.get(POLL_S)
        with self.database.write() as session:
            # A plan that a worker has begun, and lost when it died, keeps that worker's id.
            unclaimed = (Plan.id == plan.id) & (Plan.status == "approved") & Plan.worker_id.is_(None)
            return plan_rows.changed(session, update(Plan).where(unclaimed).values(status="pending", decided_at=None))


def processed() -> Conflict:
    return Conflict("Plan is already being processed", code="plan_already_processed")


def _answered(plan: StoredPlan) -> bool:
    """Whether a plan is on its way and its approval has been answered."""
    if plan.status not in ("approved", "running") or plan.decided_at is None:
        return False
    return plan.decided_at + timedelta(seconds=FAST_PATH_S) <= now()


def _require_pending(session: Session, owner_id: str, conversation_id: str, plan_id: str) -> None:
    found = plan_rows.require_session(session, owner_id, conversation_id)
    plan = plan_rows.read(session, owner_id, conversation_id, plan_id)
    if plan.status == "expired":
        raise PlanNotFound("The plan has expired.")
    plan_rows.require_open(found)
    if plan.status != "pending":
        raise processed()


def _require_undoable(plan: StoredPlan) -> None:
    if plan.status == "undone":
        raise Conflict("The plan has been undone already.", code="plan_already_undone")
    if not plan.finished:
        raise Conflict("The plan is not finished.", code="plan_not_finished")
    if not plan.steps_done:
        raise Conflict("The plan has changed nothing.", code="plan_not_reversible")
    for step in plan.steps:
        if step.status == "done" and not step.reversible:
            raise Conflict(
                f"Step {step.index + 1} cannot be undone: {step.description}",
                code="plan_not_reversible",
                context={"step": step.index},
            )
