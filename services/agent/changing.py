"""The tools that change the library, as a model calls them: what they are asked for becomes a step of a plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from services.agent.action import Action, reference
from services.agent.actions import ACTIONS, Step, prepared
from services.agent.evidence import Change
from services.agent.reach import REF, Reach
from services.agent.steps_in_words import in_words
from services.agent.tool import Tool
from services.agent.wording import say
from services.content import ToolSpec
from services.errors import ImageNotFound

WAITS = " Becomes a step of a plan the user approves."


def tools(reach: Reach) -> tuple[Tool, ...]:
    return tuple(
        Tool(
            _spec(action.spec),
            action.agent,
            partial(_planned, reach, action),
            changes=True,
            phase="planning",
            doing=say("doing_change", reach.language),
            describe=lambda _given: say("why_change", reach.language),
        )
        for action in ACTIONS.values()
    )


def _spec(spec: ToolSpec) -> ToolSpec:
    return replace(spec, description=spec.description + WAITS)


def _planned(reach: Reach, action: Action, arguments: dict[str, Any], before: Sequence[Change]) -> Change:
    """The change, checked as far as it can be now.

    Raises:
        InvalidInput, NotFound, Conflict: see `actions.prepared`; also for pictures the session is not about.
    """
    ready = _with_ids(reach, arguments)
    earlier = [Step(change.tool_name, change.arguments, change.agent_name, change.description) for change in before]
    with reach.database.read() as session:
        steps = prepared(session, reach.owner_id, [*earlier, Step(action.spec.name, ready)])
        described = in_words(session, reach.owner_id, steps, reach.language)
    return Change(steps[-1].agent_name, steps[-1].tool_name, described, dict(steps[-1].arguments))


def _with_photos(reach: Reach, given: Sequence[str]) -> list[str]:
    """The pictures that are meant. Of a list of results they are the photos: frames belong to their videos, and are
    meant where they are named one by one, or where the list holds nothing else."""
    ids = reach.ids(given)
    if not any(REF.match(one) for one in given):
        return ids
    frames = reach.frames(ids)
    return [one for one in ids if one not in frames or one in given] or ids


def _with_ids(reach: Reach, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments with result sets in place of their keys."""
    ready = dict(arguments)
    if "image_ids" in ready:
        ready["image_ids"] = _with_photos(reach, ready["image_ids"])
    if "image_id" in ready and reference(ready["image_id"]) is None:
        ready["image_id"] = reach.ids([ready["image_id"]])[0]
    asked = [*ready.get("image_ids", ()), *([ready["image_id"]] if "image_id" in ready else [])]
    if reach.image_ids is not None and (beyond := [one for one in asked if one not in reach.image_ids]):
        raise ImageNotFound(beyond[0])
    return ready
