"""Shapes of plans in the v2 chat API."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from routes.auth import signed
from routes.current import base_url
from routes.parsing import Body, Query, iso
from routes.session_schemas import SessionPath
from services.plan_rows import StoredPlan, StoredStep


class PlanPath(SessionPath):
    plan_id: str


class PlansQuery(Query):
    limit: int = Field(default=20, ge=1, le=100)
    offset: int = Field(default=0, ge=0, le=1_000_000_000)


class PlanAction(Body):
    action: Literal["approve", "cancel"]


class PlanDecided(BaseModel):
    success: bool
    plan_id: str
    message: str
    action_taken: Literal["approve", "cancel"]
    results: dict[str, Any] | None = None


class PlanUndone(BaseModel):
    success: bool
    plan_id: str
    message: str


class PlanStepDetail(BaseModel):
    index: int
    agent_name: str
    tool_name: str
    description: str
    arguments: dict[str, Any]
    reversible: bool
    status: Literal["waiting", "done", "failed", "skipped", "undone"]
    result: dict[str, Any] | None
    finished_at: str | None


class PlanDetail(BaseModel):
    plan_id: str
    session_id: str
    message_id: str | None
    title: str
    status: Literal["pending", "approved", "running", "completed", "failed", "cancelled", "expired", "undone"]
    steps: list[PlanStepDetail]
    steps_done: int
    steps_total: int
    estimated_tokens: int
    reversible: bool
    cancel_asked: bool
    results: dict[str, Any] | None
    error: str | None
    expires_at: str
    decided_at: str | None
    finished_at: str | None
    created_at: str


class PlanList(BaseModel):
    plans: list[PlanDetail]
    total_count: int
    has_more: bool
    events_url: str


def events_url(session_id: str) -> str:
    """Where a browser can open the session's WebSocket, which sends no header of its own."""
    return base_url().replace("http", "ws", 1) + signed(f"/api/v2/chat/sessions/{session_id}/events")


def present(plan: StoredPlan) -> dict[str, Any]:
    return {
        "plan_id": plan.id,
        "session_id": plan.conversation_id,
        "message_id": plan.message_id,
        "title": plan.title,
        "status": plan.status,
        "steps": [_step(step) for step in plan.steps],
        "steps_done": plan.steps_done,
        "steps_total": len(plan.steps),
        "estimated_tokens": plan.estimated_tokens,
        "reversible": all(step.reversible for step in plan.steps),
        "cancel_asked": plan.cancel_asked,
        "results": plan.results,
        "error": plan.error,
        "expires_at": iso(plan.expires_at),
        "decided_at": iso(plan.decided_at) if plan.decided_at else None,
        "finished_at": iso(plan.finished_at) if plan.finished_at else None,
        "created_at": iso(plan.created_at),
    }


def _step(step: StoredStep) -> dict[str, Any]:
    return {
        "index": step.index,
        "agent_name": step.agent_name,
        "tool_name": step.tool_name,
        "description": step.description,
        "arguments": dict(step.arguments),
        "reversible": step.reversible,
        "status": step.status,
        "result": step.result,
        "finished_at": iso(step.finished_at) if step.finished_at else None,
    }
