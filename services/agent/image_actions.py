"""What a plan can do with pictures."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.media import Image
from services.agent.action import IMAGE_IDS, Action, Arguments, Done, Names, an_id, image_ids, quoted, schema
from services.content import ToolSpec
from services.errors import Conflict, ImageNotFound, InvalidInput
from services.library import image_rows

AGENT = "FolderAgent"


def _delete(work: Session, owner_id: str, arguments: Arguments) -> Done:
    wanted = image_ids(arguments)
    gone = image_rows.take_away(work, owner_id, wanted)
    if not gone:
        raise ImageNotFound(wanted[0])
    missing = [image_id for image_id in wanted if image_id not in gone]
    return Done({"deleted": len(gone), "missing": missing}, None, tuple(gone.items()))


def _update(work: Session, owner_id: str, arguments: Arguments) -> Done:
    wanted = {name: arguments[name].strip() or None for name in ("title", "description") if name in arguments}
    image = _image(work, owner_id, arguments["image_id"])
    before = {name: getattr(image, name) for name in wanted}
    _set(image, wanted)
    work.flush()
    return Done({"id": image.id, **wanted}, {"image_id": image.id, "now": wanted, "before": before})


def _unupdate(work: Session, owner_id: str, undo: Arguments) -> None:
    try:
        image = _image(work, owner_id, undo["image_id"])
    except ImageNotFound:
        raise Conflict("The photo is gone.", code="plan_outdated") from None
    if any(getattr(image, name) != value for name, value in undo["now"].items()):
        raise Conflict(f"{quoted(image.filename)} is described otherwise now.", code="plan_outdated")
    _set(image, undo["before"])
    work.flush()


def _image(work: Session, owner_id: str, image_id: str) -> Image:
    found = work.execute(select(Image).where(Image.id == image_id, Image.owner_id == owner_id)).scalar()
    if found is None:
        raise ImageNotFound(image_id)
    return found


def _set(image: Image, values: Arguments) -> None:
    for name, value in values.items():
        setattr(image, name, value)


def _something(arguments: Arguments) -> None:
    if not {"title", "description"} & set(arguments):
        raise InvalidInput("Give a title, a description or both.", field="title")


def _describe_update(arguments: Arguments, names: Names) -> str:
    parts = []
    for name in ("title", "description"):
        if name in arguments:
            text = arguments[name].strip()
            parts.append(f"its {name} to {quoted(text)}" if text else f"no {name}")
    return f"Change {names.pictures(arguments)}: {' and '.join(parts)}."


def _text(most: int) -> dict[str, Any]:
    return {"type": "string", "maxLength": most, "description": "The new text; empty takes it away."}


IMAGE_ACTIONS = (
    Action(
        ToolSpec(
            "delete_images",
            "Delete images for good, with their files. This cannot be undone.",
            schema({"image_ids": IMAGE_IDS}, ["image_ids"]),
        ),
        AGENT,
        lambda arguments, names: f"Delete {names.pictures(arguments)} for good. This cannot be undone.",
        _delete,
        None,
    ),
    Action(
        ToolSpec(
            "update_image",
            "Change the title or the description of an image.",
            schema({"image_id": an_id("the image"), "title": _text(255), "description": _text(5000)}, ["image_id"]),
        ),
        AGENT,
        _describe_update,
        _update,
        _unupdate,
        check=_something,
        retold="image_id",
    ),
)
