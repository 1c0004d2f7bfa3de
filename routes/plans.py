"""Plans of a session: shown, approved or cancelled, taken back."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify
from flask_openapi3 import APIBlueprint, Tag

from routes.current import owner_id, services
from routes.parsing import uuid_or_none, validated
from routes.plan_schemas import (
    PlanAction,
    PlanDecided,
    PlanDetail,
    PlanList,
    PlanPath,
    PlansQuery,
    PlanUndone,
    events_url,
    present,
)
from routes.session_schemas import Problem, SessionPath
from routes.sessions import ERRORS, session_id
from services.errors import PlanNotFound
from services.plan_rows import StoredPlan
from services.plans import Decision

READ: dict[str | int, Any] = {404: Problem, 422: Problem}

bp = APIBlueprint(
    "plans",
    __name__,
    url_prefix="/api/v2/chat/sessions/<session_id>/plans",
    abp_tags=[Tag(name="Plans", description="Changes to the library that wait for a yes.")],
)


@bp.get("", responses={200: PlanList, **READ})
@validated
def listing(path: SessionPath, query: PlansQuery) -> Response:
    """The session's plans, newest first."""
    found, total = services().plans.list(owner_id(), session_id(path), query.limit, query.offset)
    return jsonify(
        {
            "plans": [present(plan) for plan in found],
            "total_count": total,
            "has_more": query.offset + len(found) < total,
            "events_url": events_url(session_id(path)),
        }
    )


@bp.get("/<plan_id>", responses={200: PlanDetail, **READ})
@validated
def detail(path: PlanPath) -> Response:
    """A plan with its steps and how far it is."""
    return jsonify(present(services().plans.get(owner_id(), session_id(path), plan_id(path))))


@bp.post("/<plan_id>/action", responses={200: PlanDecided, 202: PlanDecided, 503: Problem, **ERRORS})
@validated
def action(path: PlanPath, body: PlanAction) -> tuple[Response, int]:
    """Approve a plan or cancel it. What is finished within 2 s is answered with its results; the WebSocket
    `/api/v2/chat/sessions/{session_id}/events` tells what becomes of the rest. A plan on its way can be cancelled from
    2 s after its approval on: it stops before its next step."""
    decision = services().plans.decide(owner_id(), session_id(path), plan_id(path), body.action)
    plan = decision.plan
    told: dict[str, Any] = {
        "success": plan.status != "failed",
        "plan_id": plan.id,
        "message": message(decision),
        "action_taken": decision.choice,
    }
    if plan.finished and plan.results is not None and decision.choice == "approve":
        told["results"] = {"fast_path": True, "status": plan.status, **plan.results}
        if plan.error:
            told["results"]["error"] = plan.error
    elif plan.finished and plan.steps_done:
        told["results"] = dict(plan.results or {})
    return jsonify(told), 200 if plan.finished else 202


@bp.post("/<plan_id>/undo", responses={200: PlanUndone, 404: Problem, 409: Problem})
@validated
def undo(path: PlanPath) -> Response:
    """Take back what a plan has done: all of it, or nothing where something has changed since."""
    plan = services().plans.undo(owner_id(), session_id(path), plan_id(path))
    return jsonify({"success": True, "plan_id": plan.id, "message": "Plan undone."})


def message(decision: Decision) -> str:
    plan = decision.plan
    if decision.choice == "cancel" and not plan.finished:
        return "The plan stops before its next step; what is done stays."
    match plan.status:
        case "completed":
            return "Plan completed"
        case "failed":
            return f"Plan failed. {plan.error} {stays(plan)}".rstrip()
        case "cancelled":
            return f"Plan cancelled. {stays(plan)}".rstrip()
        case _:
            return "Plan execution started. Progress will be streamed via WebSocket."


def stays(plan: StoredPlan) -> str:
    """What was done of a plan that did not come to its end."""
    done = plan.steps_done
    if not done:
        return ""
    return (
        f"{done} of {len(plan.steps)} steps {'was' if done == 1 else 'were'} done before, and stay{'s' * (done == 1)}."
    )


def plan_id(path: PlanPath) -> str:
    """Raises `PlanNotFound` for what is no UUID."""
    found = uuid_or_none(path.plan_id)
    if found is None:
        raise PlanNotFound("There is no plan with this id in the session.")
    return found
