"""Steps of plans in the language of who is to approve them; in English an action has its own words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.library import Document
from models.media import Image
from services.agent.action import Arguments, image_ids, reference
from services.agent.actions import Step
from services.agent.wording import counted, say
from services.content import Language
from services.library import folder_rows


def in_words(work: Session, owner_id: str, steps: Sequence[Step], language: Language) -> str:
    """The last of the steps as a sentence.

    Args:
        steps: as `actions.prepared` gives them.
    """
    step = steps[-1]
    if language == "en":
        return step.description
    arguments = step.arguments
    folders = folder_rows.every(work, owner_id)

    def folder(key: str = "folder") -> str:
        given = arguments.get(f"{key}_id")
        number = reference(given)
        if number is not None:
            made = steps[number].arguments
            return str(made.get("name") or made.get("folder_name") or given)
        return folder_rows.path_of(folders, given) if given in folders else str(arguments.get(f"{key}_name", ""))

    def words(step: str, /, **values: Any) -> str:
        return say(f"step_{step}", language, **values)

    match step.tool_name:
        case "create_folder":
            return words("create_folder", name=arguments["name"])
        case "rename_folder":
            return words("rename_folder", folder=folder(), name=arguments["name"])
        case "move_folder" if not arguments.get("top"):
            return words("move_folder", folder=folder(), parent=folder("parent"))
        case "delete_folder":
            return words("delete_folder", folder=folder())
        case "move_images_to_folder" if not arguments.get("top"):
            return words("move_images", pictures=_pictures(work, arguments, language), folder=folder())
        case "delete_images":
            return words("delete_images", pictures=_pictures(work, arguments, language))
        case "update_image":
            return words("update_image", pictures=_pictures(work, arguments, language))
        case "link_image_to_document":
            name = work.execute(select(Document.filename).where(Document.id == arguments["document_id"])).scalar()
            return words("link", pictures=_pictures(work, arguments, language), document=name)
        case "unlink_image_from_document":
            return words("unlink")
        case _:
            return step.description


def _pictures(work: Session, arguments: Arguments, language: Language) -> str:
    """“beach.jpg”, or how many they are."""
    ids = image_ids(arguments)
    if len(ids) > 1:
        return counted("label_pictures", language, len(ids))
    return f"“{work.execute(select(Image.filename).where(Image.id == ids[0])).scalar()}”"
