"""Every tool that changes the library, and steps of plans made ready to be shown and kept."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.library import Document, Link
from models.media import Image
from services.agent.action import Action, Arguments, Names, quoted, reference
from services.agent.folder_actions import FOLDER_ACTIONS
from services.agent.image_actions import IMAGE_ACTIONS
from services.agent.link_actions import LINK_ACTIONS
from services.agent.tool import violation
from services.errors import DocumentNotFound, ImageNotFound, InvalidInput, NotFound
from services.library import folder_rows

ACTIONS: Mapping[str, Action] = {
    action.spec.name: action for action in (*FOLDER_ACTIONS, *IMAGE_ACTIONS, *LINK_ACTIONS)
}
MAKES_FOLDERS = ("create_folder", "move_images_to_folder")


@dataclass(frozen=True, slots=True)
class Step:
    """A change as it is asked for.

    Args:
        agent_name: who asks; the tool's own agent when empty.
        description: what is done, in the language of the one who is asked; the action's own words when empty.
    """

    tool_name: str
    arguments: Arguments
    agent_name: str = ""
    description: str = ""


def prepared(work: Session, owner_id: str, steps: Sequence[Step]) -> list[Step]:
    """The steps as they are kept: checked, folders that are there by their ids in place of their names, each with its
    agent and its description.

    Raises:
        InvalidInput: an unknown tool, or arguments that are not as its schema says; `field` begins with `steps.N`.
        ImageNotFound, DocumentNotFound, NotFound: a step speaks of what is not there.
        Conflict: `folder_ambiguous`.
    """
    ready: list[Step] = []
    for index, step in enumerate(steps):
        _check(index, step)
        _check_references(index, steps)
        ready.append(replace(step, arguments=_with_folder_ids(work, owner_id, step, ready)))
    names = _names(work, owner_id, ready)
    return [
        replace(
            step,
            agent_name=step.agent_name or ACTIONS[step.tool_name].agent,
            description=step.description or ACTIONS[step.tool_name].describe(step.arguments, names),
        )
        for step in ready
    ]


def _check(index: int, step: Step) -> None:
    field = f"steps.{index}"
    action = ACTIONS.get(step.tool_name)
    if action is None:
        raise InvalidInput("There is no tool of this name that changes anything.", field=f"{field}.tool_name")
    wrong = violation(action.spec, dict(step.arguments))
    if wrong:
        raise InvalidInput(wrong, field=f"{field}.arguments")
    if any(_broken(text) for text in _texts(step.arguments)):
        raise InvalidInput("The arguments hold control characters or broken Unicode.", field=f"{field}.arguments")
    try:
        action.check(step.arguments)
    except InvalidInput as error:
        raise InvalidInput(error.message, field=f"{field}.arguments.{error.field}") from None


def _check_references(index: int, steps: Sequence[Step]) -> None:
    for text in _texts(steps[index].arguments):
        number = reference(text)
        if number is None:
            continue
        if number >= index or not _makes(steps[number]):
            raise InvalidInput(f"{text} is no earlier step that makes something.", field=f"steps.{index}.arguments")


def _makes(step: Step) -> bool:
    return ACTIONS[step.tool_name].makes and not step.arguments.get("top")


def _with_folder_ids(work: Session, owner_id: str, step: Step, before: Sequence[Step]) -> dict[str, Any]:
    arguments = {name: value for name, value in step.arguments.items() if value is not False}
    for key in ("folder", "parent"):
        name = arguments.get(f"{key}_name")
        if name is None:
            continue
        folder_id = _planned(name, before) or _there(work, owner_id, name)
        if folder_id is not None:
            del arguments[f"{key}_name"]
            arguments[f"{key}_id"] = folder_id
        elif step.tool_name == "move_images_to_folder":
            for part in name.strip("/ ").split("/"):
                folder_rows.name_of(part)
        else:
            raise NotFound(f"There is no folder named {quoted(name)}.", code="folder_not_found", field=f"{key}_name")
    return arguments


def _planned(name: str, before: Sequence[Step]) -> str | None:
    """`$step:N` of the step that makes a folder of this name."""
    for index, step in enumerate(before):
        made = _made_by(step)
        if made is not None and made.casefold() == name.strip("/ ").casefold():
            return f"$step:{index}"
    return None


def _made_by(step: Step) -> str | None:
    if step.tool_name not in MAKES_FOLDERS:
        return None
    name: str | None = step.arguments.get("name") or step.arguments.get("folder_name")
    return name


def _there(work: Session, owner_id: str, name: str) -> str | None:
    found = folder_rows.named(work, owner_id, name)
    return found.id if found else None


def _names(work: Session, owner_id: str, steps: Sequence[Step]) -> Names:
    """What everything is called that the steps speak of.

    Raises:
        ImageNotFound, DocumentNotFound, NotFound: something is not there.
    """
    asked = {kind: {given for step in steps for given in _ids(step.arguments, keys)} for kind, keys in _KEYS.items()}
    images = _titles(work, Image, owner_id, asked["images"])
    missing = sorted(asked["images"] - images.keys())
    if missing:
        error = ImageNotFound(missing[0])
        error.context = {"image_ids": missing}
        raise error
    documents = _titles(work, Document, owner_id, asked["documents"])
    if missing := sorted(asked["documents"] - documents.keys()):
        raise DocumentNotFound("There is no document with this id.", context={"document_ids": missing})
    folders = folder_rows.every(work, owner_id) if asked["folders"] else {}
    if asked["folders"] - folders.keys():
        raise NotFound("There is no folder with this id.", code="folder_not_found", field="folder_id")
    planned = {f"$step:{index}": name for index, step in enumerate(steps) if (name := _made_by(step))}
    paths = {folder_id: folder_rows.path_of(folders, folder_id) for folder_id in asked["folders"]}
    return Names(paths | planned | _with_suffix(planned), images, documents, _links(work, owner_id, asked["links"]))


_KEYS = {
    "images": ("image_id", "image_ids"),
    "documents": ("document_id",),
    "folders": ("folder_id", "parent_id"),
    "links": ("link_id",),
}


def _ids(arguments: Arguments, keys: Iterable[str]) -> set[str]:
    """Ids of things that are there; what a plan will make is left out."""
    return {text for key in keys for text in _texts(arguments.get(key)) if reference(text) is None}


def _titles(work: Session, kind: type[Image] | type[Document], owner_id: str, ids: set[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for some in folder_rows.batched(sorted(ids)):
        rows = work.execute(
            select(kind.id, kind.title, kind.filename).where(kind.id.in_(some), kind.owner_id == owner_id)
        )
        found |= {row.id: row.title or row.filename for row in rows}
    return found


def _links(work: Session, owner_id: str, ids: set[str]) -> dict[str, str]:
    asked = (
        select(Link.id, Image.filename, Document.filename.label("document"))
        .join(Image, Image.id == Link.image_id)
        .join(Document, Document.id == Link.document_id)
        .where(Link.id.in_(ids), Link.owner_id == owner_id)
    )
    found = {row.id: f"of {quoted(row.filename)} with {quoted(row.document)}" for row in work.execute(asked)}
    if ids - found.keys():
        raise NotFound("There is no link with this id.", code="link_not_found", field="link_id")
    return found


def _with_suffix(planned: Mapping[str, str]) -> dict[str, str]:
    return {f"{reference_}.id": name for reference_, name in planned.items()}


def _texts(value: Any) -> list[str]:
    """Every text in arguments."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return [text for item in value.values() for text in _texts(item)]
    if isinstance(value, list | tuple):
        return [text for item in value for text in _texts(item)]
    return []


def _broken(text: str) -> bool:
    return any(unicodedata.category(one) in ("Cc", "Cs") and one not in "\t\n" for one in text)
