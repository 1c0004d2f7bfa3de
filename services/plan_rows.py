"""Plans as they are kept: rows to values, and the few changes of a plan's state that must not be raced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, cast

from sqlalchemy import CursorResult, Update, func, select, update
from sqlalchemy.orm import Session, defer

from models.base import now
from models.chats import Conversation
from models.library import Plan, PlanStep
from services.agent.actions import ACTIONS
from services.agent.recall import FOLDER_TOOLS
from services.errors import Conflict, PlanNotFound, SessionNotFound
from services.session_pages import SURFACE

Status = Literal["pending", "approved", "running", "completed", "failed", "cancelled", "expired", "undone"]
RECENT = timedelta(hours=1)
WATCHED = 20
"""Plans of one session that are watched."""
FINISHED: tuple[Status, ...] = ("completed", "failed", "cancelled", "expired", "undone")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a plan is: `settled` of its steps were done or have failed."""

    plan_id: str
    status: Status
    settled: int


@dataclass(frozen=True, slots=True)
class StoredStep:
    """One change of a plan; `index` begins at 0. `reversible`: it can be taken back."""

    index: int
    agent_name: str
    tool_name: str
    description: str
    arguments: Mapping[str, Any]
    status: str
    result: Mapping[str, Any] | None
    undo: Mapping[str, Any] | None
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def reversible(self) -> bool:
        return self.tool_name in ACTIONS and ACTIONS[self.tool_name].undo is not None


@dataclass(frozen=True, slots=True)
class StoredPlan:
    """A plan with its steps, as it stood when it was read."""

    id: str
    owner_id: str
    conversation_id: str
    message_id: str | None
    title: str
    status: Status
    steps: tuple[StoredStep, ...]
    estimated_tokens: int
    results: Mapping[str, Any] | None
    error: str | None
    cancel_asked: bool
    expires_at: datetime
    decided_at: datetime | None
    finished_at: datetime | None
    created_at: datetime

    @property
    def steps_done(self) -> int:
        return sum(step.status == "done" for step in self.steps)

    @property
    def finished(self) -> bool:
        return self.status in FINISHED


def read(session: Session, owner_id: str, conversation_id: str, plan_id: str, *, whole: bool = True) -> StoredPlan:
    """One plan, `whole` as `stored` says; one whose time has run out without a decision is `expired`.

    Raises:
        PlanNotFound
    """
    row = session.execute(
        select(Plan).where(Plan.id == plan_id, Plan.owner_id == owner_id, Plan.conversation_id == conversation_id)
    ).scalar()
    if row is None:
        raise PlanNotFound("There is no plan with this id in the session.")
    return stored(session, [row], whole=whole)[0]


def stored(session: Session, rows: Sequence[Plan], *, whole: bool = True) -> list[StoredPlan]:
    """Rows with their steps, in the order given.

    Args:
        whole: with what may be long: the arguments, and what takes a step back.
    """
    steps: dict[str, list[StoredStep]] = {row.id: [] for row in rows}
    asked = select(PlanStep).where(PlanStep.plan_id.in_(steps)).order_by(PlanStep.plan_id, PlanStep.position)
    if not whole:
        asked = asked.options(defer(PlanStep.arguments), defer(PlanStep.undo))
    for step in session.execute(asked).scalars():
        steps[step.plan_id].append(_step(step, whole=whole))
    return [_plan(row, tuple(steps[row.id])) for row in rows]


def progress(session: Session, conversation_id: str) -> list[Progress]:
    """How far the session's newest plans are that are unfinished or ended not long ago, oldest first."""
    settled = (
        select(func.count())
        .select_from(PlanStep)
        .where(PlanStep.plan_id == Plan.id, PlanStep.status.in_(("done", "failed", "undone")))
        .scalar_subquery()
    )
    lively = Plan.finished_at.is_(None) | (Plan.finished_at > now() - RECENT)
    found = session.execute(
        select(Plan.id, Plan.status, Plan.expires_at, settled)
        .where(Plan.conversation_id == conversation_id, lively)
        .order_by(Plan.created_at.desc(), Plan.id.desc())
        .limit(WATCHED)
    ).all()
    return [
        Progress(plan_id, "expired" if status == "pending" and expires_at <= now() else cast(Status, status), count)
        for plan_id, status, expires_at, count in reversed(found)
    ]


def require_session(session: Session, owner_id: str, conversation_id: str) -> Conversation:
    """Raises `SessionNotFound`."""
    found = session.execute(
        select(Conversation).where(
            Conversation.id == conversation_id, Conversation.owner_id == owner_id, Conversation.surface == SURFACE
        )
    ).scalar()
    if found is None:
        raise SessionNotFound("There is no session with this id.")
    return found


def require_open(found: Conversation) -> None:
    """Raises `Conflict` (`session_closed`)."""
    if not found.is_active:
        raise Conflict("The session is closed.", code="session_closed")


def changed(session: Session, change: Update) -> bool:
    """Whether a conditional change of one row was made: of several that race, one is."""
    made = session.execute(change.execution_options(synchronize_session=False))
    return cast("CursorResult[Any]", made).rowcount == 1


def finish(
    session: Session,
    plan_id: str,
    was: str,
    status: Literal["completed", "failed", "cancelled"],
    error: str | None = None,
) -> bool:
    """End a plan that is `was`: what has not been done is left out. False where it was something else meanwhile."""
    ended = {
        "status": status,
        "error": error,
        "finished_at": now(),
        "decided_at": func.coalesce(Plan.decided_at, now()),
    }
    if not changed(session, update(Plan).where(Plan.id == plan_id, Plan.status == was).values(**ended)):
        return False
    left = update(PlanStep).where(PlanStep.plan_id == plan_id, PlanStep.status == "waiting").values(status="skipped")
    session.execute(left.execution_options(synchronize_session=False))
    columns = (PlanStep.position, PlanStep.tool_name, PlanStep.description, PlanStep.status, PlanStep.result)
    found = session.execute(select(*columns).where(PlanStep.plan_id == plan_id).order_by(PlanStep.position)).all()
    steps = [
        {
            "index": step.position,
            "tool_name": step.tool_name,
            "description": step.description,
            "status": step.status,
            "result": step.result,
        }
        for step in found
    ]
    before = session.execute(select(Plan.results).where(Plan.id == plan_id)).scalar_one() or {}
    results = before | {
        "steps_done": sum(step.status == "done" for step in found),
        "steps_total": len(steps),
        "steps": steps,
    }
    if any(step.status == "done" and step.tool_name in FOLDER_TOOLS for step in found):
        results["folder_modified"] = True
    return changed(session, update(Plan).where(Plan.id == plan_id).values(results=results))


def _plan(row: Plan, steps: tuple[StoredStep, ...]) -> StoredPlan:
    expired = row.status == "pending" and row.expires_at <= now()
    return StoredPlan(
        id=row.id,
        owner_id=row.owner_id,
        conversation_id=row.conversation_id,
        message_id=row.message_id,
        title=row.title,
        status="expired" if expired else cast(Status, row.status),
        steps=steps,
        estimated_tokens=row.estimated_tokens,
        results=row.results,
        error=row.error,
        cancel_asked=row.cancel_asked,
        expires_at=row.expires_at,
        decided_at=row.decided_at,
        finished_at=row.finished_at,
        created_at=row.created_at,
    )


def _step(row: PlanStep, *, whole: bool) -> StoredStep:
    return StoredStep(
        index=row.position,
        agent_name=row.agent_name,
        tool_name=row.tool_name,
        description=row.description,
        arguments=row.arguments if whole else {},
        status=row.status,
        result=row.result,
        undo=row.undo if whole else None,
        started_at=row.started_at,
        finished_at=row.finished_at,
    )
