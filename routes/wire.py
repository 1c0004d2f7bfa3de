"""What happens while an answer is made, as the events of the v2 stream.

A log keeps entries, small and without repetition; a reader gets frames. An entry is `["token", text]`, or
`["event", name, data]`. The same entries always give the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, assert_never

import orjson

from routes import sse
from routes.parsing import iso
from services.agent.agents import display_name
from services.agent.citations import resolved
from services.agent.evidence import PendingPlan, Picture, Results, ResultSet, Scene
from services.agent.wording import counted
from services.answer_log import Entry
from services.content import Language
from services.errors import AssistantError, Interrupted
from services.events import (
    ChatEvent,
    ImagesFound,
    PlanProposed,
    ThinkingStep,
    ToolFinished,
    ToolStarted,
    TurnCancelled,
    TurnDone,
    TurnFailed,
    TurnStarted,
)
from services.providers.base import AnswerStarted, TextDelta

TOKEN = b'event: token\nid: %d\ndata: {"type":"token","content":"%b","accumulated":"%b","token_index":%d}\n\n'
PING = sse.event("ping", {"type": "ping"})
COMPLETE = (
    "agents_used",
    "reasoning",
    "has_results",
    "result_count",
    "image_context",
    "tool_document_data",
    "tool_chunk_data",
    "tool_link_data",
    "result_refs",
    "scene_context",
    "folder_modified",
    "pending_actions",
)
Present = Callable[[Picture | Scene], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Shown:
    """What a turn begins with, and how its pictures are told of.

    Args:
        image_context: the pictures the model is shown, as `complete` tells of them.
        present: a picture that was found as one of those, a scene of a video as `scene_context` tells of it; called in
            the thread that makes the answer.
        folder_modified: a plan has changed folders since the last answer.
        language: of what people are told.
    """

    image_context: list[dict[str, Any]]
    present: Present
    folder_modified: bool = False
    language: Language = "en"


def entries(session_id: str, shown: Shown) -> Callable[[ChatEvent], list[Entry]]:
    """An encoder of one message's events."""

    def complete(message_id: str, text: str, found: Results) -> dict[str, Any]:
        told = results(found, shown)
        return {
            "content": text,
            "resolved_content": resolved(text, found.refs),
            "message_id": message_id,
            "session_id": session_id,
            **told,
        }

    def encode(event: ChatEvent) -> list[Entry]:
        match event:
            case TextDelta():
                return [["token", event.text]]
            case TurnStarted():
                return [
                    _entry("connection", message_id=event.message_id, status="connected"),
                    *_looking(shown),
                    _entry("thinking", status="processing"),
                ]
            case AnswerStarted() | ToolFinished():
                return []
            case ThinkingStep():
                return _step(event)
            case ToolStarted():
                return [_entry("tool_invocation", tool_name=event.name, agent_name=event.agent)]
            case ImagesFound():
                images = [shown.present(picture) for picture in event.pictures]
                return [_entry("image_results", images=images, count=len(images))]
            case PlanProposed():
                return [_entry("plan_pending_approval", **pending(event.plan))]
            case TurnDone():
                done = complete(event.message_id, event.text, event.results)
                done |= {
                    "finish_reason": event.finish_reason,
                    "provider": event.provider,
                    "model": event.model,
                    "token_count": event.usage.completion_tokens,
                    "processing_time_ms": event.processing_time_ms,
                }
                return [_entry("complete", **done), _close(event.message_id)]
            case TurnCancelled():
                done = complete(event.message_id, event.text, event.results)
                return [_entry("complete", **done, cancelled=True), _close(event.message_id)]
            case TurnFailed():
                return [failure(event.error), _close(event.message_id)]
            case _:
                assert_never(event)

    return encode


def results(found: Results, shown: Shown) -> dict[str, Any]:
    """What a turn's tools brought, in the fields of `complete`; a turn without tools tells of the pictures it saw."""
    pictures = [shown.present(picture) for picture in found.pictures] if found.agents else shown.image_context
    count = found.count if found.agents else len(pictures)
    told: dict[str, Any] = {
        "agents_used": list(found.agents) or (["AnalysisAgent"] if shown.image_context else []),
        "reasoning": found.reasoning,
        "has_results": bool(count),
        "result_count": count,
        "image_context": pictures,
        "tool_document_data": [asdict(paper) for paper in found.papers],
        "tool_chunk_data": [asdict(extract) for extract in found.extracts],
        "tool_link_data": [asdict(bond) for bond in found.bonds],
        "result_refs": {
            key: {"type": one.kind, "ids": list(one.ids), "count": len(one.ids), "label": one.label}
            for key, one in found.refs.items()
        },
    }
    if found.scenes:
        told["scene_context"] = [shown.present(scene) for scene in found.scenes]
    if shown.folder_modified:
        told["folder_modified"] = True
    if found.plan:
        told["pending_actions"] = [pending(found.plan)]
    return told


def kept(content: str, details: dict[str, Any]) -> dict[str, Any]:
    """What is kept with a whole answer, in the fields of `complete`."""
    shown = Shown(details.get("image_context") or [], lambda _picture: {})
    told = results(Results(), shown) | {name: details[name] for name in COMPLETE if name in details}
    refs = {key: ResultSet(one["type"], tuple(one["ids"]), one["label"]) for key, one in told["result_refs"].items()}
    return {"resolved_content": resolved(content, refs), **told}


def pending(plan: PendingPlan) -> dict[str, Any]:
    """A plan that waits for a yes."""
    return {
        "plan_id": plan.plan_id,
        "title": plan.title,
        "steps": [{"index": index, **asdict(step)} for index, step in enumerate(plan.steps)],
        "estimated_tokens": plan.estimated_tokens,
        "expires_at": iso(plan.expires_at),
    }


def failure(error: AssistantError) -> Entry:
    """An `error` event."""
    context = {"context": error.context} if error.context else {}
    return _entry("error", message=error.message, code=error.code.upper(), **context)


def refused(message_id: str, error: AssistantError) -> list[Entry]:
    """A whole stream of a question that was not let in."""
    return [_entry("connection", message_id=message_id, status="connected"), failure(error), _close(message_id)]


def auth_error(message_id: str) -> list[Entry]:
    """A whole stream of a session that was gone when the stream began."""
    message = "Authorization failed during stream initialization"
    return [_entry("auth_error", error="Session not found", message=message), _close(message_id)]


def lost(message_id: str) -> list[Entry]:
    """The end of a stream whose making was cut off by a crash."""
    error = Interrupted("The answer was cut short by a restart; what was said is kept.")
    return [failure(error), _close(message_id)]


class Frames:
    """Turns entries into frames, one after the other; knows what has been said so far."""

    def __init__(self) -> None:
        self.tokens = 0
        self.closed = False
        self._said = b""

    def encode(self, some: Sequence[Entry]) -> list[bytes]:
        return [self._frame(entry) for entry in some]

    def pass_over(self, text: str) -> None:
        """Count a token whose frame nobody wants."""
        self._said += orjson.dumps(text)[1:-1]
        self.tokens += 1

    def _frame(self, entry: Entry) -> bytes:
        if entry[0] == "token":
            # Kept as JSON has it, so that what was said is not escaped anew with every token.
            piece = orjson.dumps(entry[1])[1:-1]
            self._said += piece
            self.tokens += 1
            return TOKEN % (self.tokens, piece, self._said, self.tokens - 1)
        self.closed = entry[1] == "close"
        return sse.event(entry[1], entry[2])


def _looking(shown: Shown) -> list[Entry]:
    count = len(shown.image_context)
    if not count:
        return []
    message = counted("looking_at", shown.language, count)
    return [_entry("status", phase="analyzing", message=message, agent_name="AnalysisAgent")]


def _step(event: ThinkingStep) -> list[Entry]:
    return [
        _entry("status", phase=event.phase, message=event.message, agent_name=event.agent),
        _entry(
            "thinking_step",
            phase=event.phase,
            agent_name=event.agent,
            display_name=display_name(event.agent),
            message=event.message,
            reasoning=event.reasoning,
        ),
    ]


def _entry(name: str, **data: Any) -> Entry:
    return ["event", name, {"type": name, **data}]


def _close(message_id: str) -> Entry:
    return _entry("close", message_id=message_id)
