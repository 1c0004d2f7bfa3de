"""What earlier answers of a conversation rested on, so that a later one can go on from there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import bindparam, select

from models.chats import Message
from models.database import Work
from models.library import Plan, PlanStep
from services.agent.evidence import Bond, Extract, Found, Paper, Picture, ResultSet

FOLDER_TOOLS = ("create_folder", "rename_folder", "move_folder", "delete_folder", "move_images_to_folder")
ANSWERS = 12
"""Newest answers that are looked at."""

# Built once: to put a statement together takes longer than to run it.
_NEWEST = (
    select(Message.details, Message.created_at)
    .where(Message.conversation_id == bindparam("conversation"), Message.role == "assistant")
    .order_by(Message.seq.desc())
    .limit(ANSWERS)
)

Kept = TypeVar("Kept", Picture, Paper, Extract, Bond, ResultSet)


@dataclass(frozen=True, slots=True)
class Recalled:
    """What earlier answers brought.

    Args:
        refs: their result sets by key.
        folder_modified: a plan of the conversation has changed folders since its newest answer.
        last: the newest answer's pictures that a tool brought, in their order: what "the first two" and "these" mean.
    """

    found: Found = Found()
    refs: Mapping[str, ResultSet] = field(default_factory=dict)
    last: tuple[Picture, ...] = ()
    folder_modified: bool = False


def recall(work: Work, conversation_id: str) -> Recalled:
    """What the newest answers of a conversation brought, as it was kept with them."""
    answers = work.execute(_NEWEST, {"conversation": conversation_id}).all()
    every = [row.details for row in answers if row.details and row.details.get("agents_used")]
    if not every:
        return Recalled()
    pictures = [_some(details.get("image_context"), Picture) for details in every]
    refs: dict[str, ResultSet] = {}
    for details in reversed(every):
        for key, stored in (details.get("result_refs") or {}).items():
            refs[key] = ResultSet(stored["type"], tuple(stored["ids"]), stored["label"])
    return Recalled(
        Found(
            pictures=tuple(picture for some in reversed(pictures) for picture in some),
            papers=tuple(one for details in every for one in _some(details.get("tool_document_data"), Paper)),
            extracts=tuple(one for details in every for one in _some(details.get("tool_chunk_data"), Extract)),
            bonds=tuple(one for details in every for one in _some(details.get("tool_link_data"), Bond)),
        ),
        refs,
        _last_listed(every, {one.image_id: one for some in pictures for one in some}),
        _folders_changed(work, conversation_id, answers[0].created_at),
    )


def _folders_changed(work: Work, conversation_id: str, since: datetime) -> bool:
    return bool(
        work.execute(
            select(PlanStep.plan_id)
            .join(Plan, Plan.id == PlanStep.plan_id)
            .where(Plan.conversation_id == conversation_id, Plan.finished_at > since)
            .where(PlanStep.status == "done", PlanStep.tool_name.in_(FOLDER_TOOLS))
            .limit(1)
        ).first()
    )


def _last_listed(every: list[dict[str, Any]], known: Mapping[str, Picture]) -> tuple[Picture, ...]:
    listed: list[str] = next((details["listed"] for details in every if details.get("listed")), [])
    return tuple(known[image_id] for image_id in listed if image_id in known)


def _some(stored: list[dict[str, Any]] | None, kind: type[Kept]) -> list[Kept]:
    known = {one.name for one in fields(kind)}
    return [kind(**{name: value for name, value in one.items() if name in known}) for one in stored or ()]
