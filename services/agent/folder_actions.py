"""What a plan can do with folders."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sqlalchemy.orm import Session

from services.agent.action import (
    FOLDER,
    IMAGE_IDS,
    Action,
    Arguments,
    Done,
    Names,
    an_id,
    counted,
    image_ids,
    quoted,
    schema,
)
from services.content import ToolSpec
from services.errors import Conflict, ImageNotFound, InvalidInput, NotFound
from services.library import folder_rows
from services.library.dissolving import Dissolved, dissolve, restore

AGENT = "FolderAgent"
NAME: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": folder_rows.MAX_NAME}
PARENT = {
    "parent_id": an_id("the folder it lies in, or $step:N for the one that step N of the same plan makes"),
    "parent_name": FOLDER["folder_name"] | {"description": "Name or path of the folder it lies in."},
}
TOP: dict[str, Any] = {"type": "boolean", "description": "true in place of a folder: out of all folders."}
OUTDATED = "plan_outdated"


def _create(work: Session, owner_id: str, arguments: Arguments) -> Done:
    folder = folder_rows.create(work, owner_id, arguments["name"], arguments.get("parent_id"))
    return Done({"id": folder.id, "name": folder.name, "parent_id": folder.parent_id}, {"folder_id": folder.id})


def _uncreate(work: Session, owner_id: str, undo: Arguments) -> None:
    folder = _still(work, owner_id, undo["folder_id"])
    if not folder_rows.is_empty(work, folder.id):
        raise Conflict(f"The folder {quoted(folder.name)} is not empty any more.", code=OUTDATED)
    folder_rows.take_away(work, owner_id, folder.id)


def _rename(work: Session, owner_id: str, arguments: Arguments) -> Done:
    before = folder_rows.get(work, owner_id, arguments["folder_id"]).name
    folder = folder_rows.rename(work, owner_id, arguments["folder_id"], arguments["name"])
    undo = {"folder_id": folder.id, "name": folder.name, "before": before}
    return Done({"id": folder.id, "name": folder.name, "name_before": before}, undo)


def _unrename(work: Session, owner_id: str, undo: Arguments) -> None:
    if _still(work, owner_id, undo["folder_id"]).name != undo["name"]:
        raise Conflict(f"The folder {quoted(undo['name'])} has another name now.", code=OUTDATED)
    folder_rows.rename(work, owner_id, undo["folder_id"], undo["before"])


def _move(work: Session, owner_id: str, arguments: Arguments) -> Done:
    before = folder_rows.get(work, owner_id, arguments["folder_id"]).parent_id
    folder = folder_rows.move(work, owner_id, arguments["folder_id"], arguments.get("parent_id"))
    undo = {"folder_id": folder.id, "parent_id": folder.parent_id, "before": before}
    return Done({"id": folder.id, "name": folder.name, "parent_id": folder.parent_id}, undo)


def _unmove(work: Session, owner_id: str, undo: Arguments) -> None:
    folder = _still(work, owner_id, undo["folder_id"])
    if folder.parent_id != undo["parent_id"]:
        raise Conflict(f"The folder {quoted(folder.name)} lies elsewhere now.", code=OUTDATED)
    folder_rows.move(work, owner_id, folder.id, undo["before"])


def _delete(work: Session, owner_id: str, arguments: Arguments) -> Done:
    gone = dissolve(work, owner_id, arguments["folder_id"])
    result = {
        "name": gone.name,
        "moved_to": gone.parent_id,
        "images_moved": len(gone.images),
        "documents_moved": len(gone.documents),
        "folders_moved": len(gone.folders),
    }
    return Done(result, asdict(gone))


def _undelete(work: Session, owner_id: str, undo: Arguments) -> None:
    gone = Dissolved(**undo)
    name = quoted(gone.name)
    try:
        restore(work, owner_id, gone)
    except NotFound:
        raise Conflict(f"The folder that {name} lay in is gone.", code=OUTDATED) from None
    except Conflict as error:
        deep = error.code == "folders_too_deep"
        why = f"{name} would lie too deep now." if deep else f"There is another folder {name} in its place now."
        raise Conflict(why, code=OUTDATED) from None


def _put(work: Session, owner_id: str, arguments: Arguments) -> Done:
    folder_id, made = _target(work, owner_id, arguments)
    wanted = image_ids(arguments)
    before = folder_rows.lying_where(work, owner_id, wanted)
    if not before:
        raise ImageNotFound(wanted[0])
    folder_rows.put_images(work, owner_id, list(before), folder_id)
    result = {
        "id": folder_id,
        "folder_id": folder_id,
        "folder_created": made,
        "moved": len(before),
        "missing": [image_id for image_id in wanted if image_id not in before],
    }
    return Done(result, {"folder_id": folder_id, "made": made, "before": before})


def _unput(work: Session, owner_id: str, undo: Arguments) -> None:
    folder_id, before = undo["folder_id"], undo["before"]
    there = folder_rows.lying_where(work, owner_id, list(before))
    elsewhere = [image_id for image_id, place in there.items() if place != folder_id]
    if elsewhere:
        raise Conflict(
            f"{counted(len(elsewhere), 'photo')} lie elsewhere now.", code=OUTDATED, context={"image_ids": elsewhere}
        )
    folders = folder_rows.every(work, owner_id)
    for place in dict.fromkeys(before.values()):
        if place is not None and place not in folders:
            raise Conflict("A folder that photos came from is gone.", code=OUTDATED)
        folder_rows.put_images(work, owner_id, [one for one in there if before[one] == place], place)
    if undo["made"] and folder_id in folders and folder_rows.is_empty(work, folder_id):
        folder_rows.take_away(work, owner_id, folder_id)


def _target(work: Session, owner_id: str, arguments: Arguments) -> tuple[str | None, bool]:
    """The folder that is meant, and whether it had to be made."""
    if arguments.get("folder_id") is not None:
        return folder_rows.get(work, owner_id, arguments["folder_id"], to_fill=True).id, False
    if arguments.get("folder_name") is None:
        return None, False
    found = folder_rows.named(work, owner_id, arguments["folder_name"])
    if found is not None:
        return found.id, False
    parent_id: str | None = None
    *above, name = [part for part in arguments["folder_name"].split("/") if part.strip()]
    for depth in range(1, len(above) + 1):
        there = folder_rows.named(work, owner_id, "/".join(above[:depth]))
        made = there or folder_rows.create(work, owner_id, above[depth - 1], parent_id)
        parent_id = made.id
    return folder_rows.create(work, owner_id, name, parent_id).id, True


def _still(work: Session, owner_id: str, folder_id: str) -> Any:
    try:
        return folder_rows.get(work, owner_id, folder_id)
    except NotFound:
        raise Conflict("A folder of the plan is gone.", code=OUTDATED) from None


def _one_place(arguments: Arguments) -> None:
    given = [name for name in ("folder_id", "folder_name") if name in arguments]
    if len(given) + bool(arguments.get("top")) != 1:
        raise InvalidInput("Give one of folder_id, folder_name and top.", field="folder_id")


def _one_folder(arguments: Arguments) -> None:
    if len({"folder_id", "folder_name"} & set(arguments)) != 1:
        raise InvalidInput("Give one of folder_id and folder_name.", field="folder_id")


def _one_folder_and_name(arguments: Arguments) -> None:
    _one_folder(arguments)
    folder_rows.name_of(arguments["name"])


def _one_parent(arguments: Arguments) -> None:
    _one_folder(arguments)
    given = [name for name in ("parent_id", "parent_name") if name in arguments]
    if len(given) + bool(arguments.get("top")) != 1:
        raise InvalidInput("Give one of parent_id, parent_name and top.", field="parent_id")


def _at_most_one_parent(arguments: Arguments) -> None:
    if {"parent_id", "parent_name"} <= set(arguments):
        raise InvalidInput("Give one of parent_id and parent_name, or none.", field="parent_id")
    folder_rows.name_of(arguments["name"])


def _describe_create(arguments: Arguments, names: Names) -> str:
    inside = f" in {names.folder(arguments, 'parent')}" if "parent_id" in arguments else ""
    return f"Create the folder {quoted(arguments['name'])}{inside}."


def _describe_move(arguments: Arguments, names: Names) -> str:
    to = f"into {names.folder(arguments, 'parent')}" if "parent_id" in arguments else "to the top"
    return f"Move the folder {names.folder(arguments)} {to}."


def _describe_put(arguments: Arguments, names: Names) -> str:
    pictures = names.pictures(arguments)
    if arguments.get("top"):
        return f"Take {pictures} out of {'its folder' if len(image_ids(arguments)) == 1 else 'their folders'}."
    new = "" if "folder_id" in arguments else "new "
    return f"Move {pictures} into the {new}folder {names.folder(arguments)}."


FOLDER_ACTIONS = (
    Action(
        ToolSpec("create_folder", "Make a new folder.", schema({"name": NAME, **PARENT}, ["name"])),
        AGENT,
        _describe_create,
        _create,
        _uncreate,
        makes=True,
        check=_at_most_one_parent,
    ),
    Action(
        ToolSpec("rename_folder", "Give a folder another name.", schema({**FOLDER, "name": NAME}, ["name"])),
        AGENT,
        lambda arguments, names: f"Rename the folder {names.folder(arguments)} to {quoted(arguments['name'])}.",
        _rename,
        _unrename,
        check=_one_folder_and_name,
    ),
    Action(
        ToolSpec(
            "move_folder",
            "Put a folder, with all that is in it, into another folder or to the top.",
            schema({**FOLDER, **PARENT, "top": TOP}),
        ),
        AGENT,
        _describe_move,
        _move,
        _unmove,
        check=_one_parent,
    ),
    Action(
        ToolSpec(
            "delete_folder",
            "Delete a folder. The images, documents and folders in it move to the folder it lies in, or to none.",
            schema(FOLDER),
        ),
        AGENT,
        lambda arguments, names: f"Delete the folder {names.folder(arguments)}; what lies in it moves up one level.",
        _delete,
        _undelete,
        check=_one_folder,
    ),
    Action(
        ToolSpec(
            "move_images_to_folder",
            "Put images into a folder; one that is named and not there is made. With top they lie in no folder.",
            schema({"image_ids": IMAGE_IDS, **FOLDER, "top": TOP}, ["image_ids"]),
        ),
        AGENT,
        _describe_put,
        _put,
        _unput,
        makes=True,
        check=_one_place,
    ),
)
