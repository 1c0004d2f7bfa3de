"""The WebSocket of a session: what becomes of its plans, as JSON text messages.

A client is first told how the plans stand that are unfinished or ended within the last hour, one message each with
`replayed` true, then `{"type": "Subscribed"}`, then what happens:

    {"type": "PlanPendingApproval", "plan_id", "session_id", "status", "plan"}
    {"type": "PlanExecutionStarted", "plan_id", "session_id", "status", "title", "steps_done", "steps_total"}
    {"type": "PlanStepCompleted", ..., "index", "agent_name", "tool_name", "description", "result"}
    {"type": "PlanCompleted" | "PlanCancelled" | "PlanUndone" | "PlanExpired", ..., "results"}
    {"type": "PlanFailed", ..., "results", "error"}

`folder_modified` is true in those of the last two kinds that have changed folders.

What the client sends is passed over. The rows are looked at anew with each piece of news, so nothing is queued for a
client that does not read, and none of a plan's steps is told twice or left out.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from typing import Any

from flask import Flask, current_app
from flask_sock import Sock
from simple_websocket import Server

from models.database import DatabaseUnavailable
from routes import sockets
from routes.current import owner_id, services
from routes.errors import status_of
from routes.parsing import uuid_or_none
from routes.plan_schemas import present
from services.errors import AssistantError, SessionNotFound
from services.plan_news import channel
from services.plan_rows import Progress, Status, StoredPlan

log = logging.getLogger(__name__)

LOOK_S = 1.0
"""How often the rows are looked at without news, where other processes have no way to send any."""
SURE_S = 15.0
"""How often they are looked at all the same where they have."""
NOT_FOUND, GOING_AWAY, TRY_AGAIN = 4404, 1001, 1013
PLACES = "event_sockets"
ENDED: dict[Status, str] = {
    "completed": "PlanCompleted",
    "failed": "PlanFailed",
    "cancelled": "PlanCancelled",
    "expired": "PlanExpired",
    "undone": "PlanUndone",
}


def init(app: Flask) -> None:
    """Serve `/api/v2/chat/sessions/<session_id>/events`."""
    # Each takes a thread for as long as it lasts; half of them stay for requests.
    app.extensions[PLACES] = threading.BoundedSemaphore(app.extensions["services"].settings.threads // 2)
    Sock(app).route("/api/v2/chat/sessions/<session_id>/events", endpoint="session_events")(follow)


def follow(socket: Server, session_id: str) -> None:
    """Tell a client of a session's plans until it goes away or the server stops."""
    places: threading.BoundedSemaphore = current_app.extensions[PLACES]
    if not places.acquire(blocking=False):
        sockets.end(socket, TRY_AGAIN, "Too many are listening.")
        return
    try:
        _follow(socket, session_id)
    except (AssistantError, DatabaseUnavailable) as error:
        refuse(socket, error)
    finally:
        places.release()


def _follow(socket: Server, session_id: str) -> None:
    found = uuid_or_none(session_id)
    if found is None:
        raise SessionNotFound("There is no session with this id.")
    bus, watch = services().bus, Watch(owner_id(), found)
    pause = SURE_S if bus.everywhere else LOOK_S
    with bus.subscribe(channel(found)) as news:
        for message in watch.stored():
            tell(socket, message)
        tell(socket, {"type": "Subscribed", "session_id": found})
        waited = 0.0
        while not news.ended:
            if not socket.connected:
                return
            forget_received(socket)
            heard = news.get(LOOK_S) is not None
            waited = 0.0 if heard else waited + LOOK_S
            if heard or waited >= pause:
                waited = 0.0
                while news.get(0) is not None:
                    pass  # one look shows what all of it was about
                for message in watch.changes():
                    tell(socket, message)
    sockets.end(socket, GOING_AWAY, "The server stops.")


class Watch:
    """What one client knows of a session's plans."""

    def __init__(self, owner: str, session_id: str) -> None:
        self.owner = owner
        self.session_id = session_id
        self._known: dict[str, Progress] = {}

    def stored(self) -> Iterator[dict[str, Any]]:
        """How the plans stand."""
        for now in services().plans.progress(self.owner, self.session_id):
            plan = services().plans.get(self.owner, self.session_id, now.plan_id)
            self._known[plan.id] = Progress(plan.id, plan.status, steps_settled(plan))
            yield event(kind_of(plan), plan, plan=present(plan), **ending(plan), replayed=True)

    def changes(self) -> Iterator[dict[str, Any]]:
        """What has happened since."""
        for now in services().plans.progress(self.owner, self.session_id):
            before = self._known.get(now.plan_id)
            if before != now:
                plan = services().plans.get(self.owner, self.session_id, now.plan_id, whole=now.status == "pending")
                self._known[plan.id] = Progress(plan.id, plan.status, steps_settled(plan))
                yield from since(before or Progress(plan.id, "pending", 0), plan, new=before is None)


def since(before: Progress, plan: StoredPlan, *, new: bool) -> Iterator[dict[str, Any]]:
    """What has happened to a plan, in order."""
    if plan.status == "pending":
        yield event("PlanPendingApproval", plan, plan=present(plan))
        return
    settled = steps_settled(plan)
    begun = plan.status in ("running", "completed", "failed") or settled > 0
    if begun and before.status in ("pending", "approved") and plan.status != "undone":
        resumed = bool((plan.results or {}).get("resumed"))
        yield event("PlanExecutionStarted", plan, steps_done=before.settled, resumed=resumed, status="running")
    for number, step in enumerate(plan.steps[before.settled : settled], before.settled + 1):
        if step.status == "done":
            yield event(
                "PlanStepCompleted",
                plan,
                status="running",
                steps_done=number,
                index=step.index,
                agent_name=step.agent_name,
                tool_name=step.tool_name,
                description=step.description,
                result=step.result,
            )
    if plan.status in ENDED and (new or before.status != plan.status):
        yield event(ENDED[plan.status], plan, **ending(plan))


def kind_of(plan: StoredPlan) -> str:
    return "PlanPendingApproval" if plan.status == "pending" else ENDED.get(plan.status, "PlanExecutionStarted")


def ending(plan: StoredPlan) -> dict[str, Any]:
    if plan.status not in ENDED:
        return {}
    told: dict[str, Any] = {"results": plan.results} | ({"error": plan.error} if plan.error else {})
    if (plan.results or {}).get("folder_modified"):
        told["folder_modified"] = True
    return told


def steps_settled(plan: StoredPlan) -> int:
    """Steps that have been done or have failed; they are the first ones."""
    return sum(step.status in ("done", "failed", "undone") for step in plan.steps)


def event(kind: str, of: StoredPlan, **more: Any) -> dict[str, Any]:
    return {
        "type": kind,
        "plan_id": of.id,
        "session_id": of.conversation_id,
        "status": of.status,
        "title": of.title,
        "steps_done": of.steps_done,
        "steps_total": len(of.steps),
        **more,
    }


def refuse(socket: Server, error: AssistantError | DatabaseUnavailable) -> None:
    """Say what is wrong, and close."""
    if isinstance(error, DatabaseUnavailable):
        log.error("the database does not answer: %s", error)
        status, code, detail = 503, "STORAGE_UNAVAILABLE", "The database does not answer. Please try again."
    else:
        status, code, detail = status_of(error), error.code.upper(), error.message
    tell(socket, {"type": "error", "status": status, "code": code, "detail": detail})
    sockets.end(socket, NOT_FOUND if status == 404 else sockets.FAILED, code)


def tell(socket: Server, message: dict[str, Any]) -> None:
    """Raises `ConnectionClosed`."""
    sockets.send(socket, json.dumps(message, ensure_ascii=False))


def forget_received(socket: Server) -> None:
    while socket.receive(timeout=0) is not None:
        pass
