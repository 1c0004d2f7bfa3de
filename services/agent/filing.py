"""FolderAgent's tools that read: which folders there are, and what lies in one."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.library import Document, Folder
from models.media import Analysis, Image
from services.agent.evidence import Found, ResultSet
from services.agent.planted import is_planted
from services.agent.reach import DATA, Reach, as_paper, as_picture
from services.agent.tool import Outcome, Tool
from services.agent.wording import counted, say
from services.content import ToolSpec
from services.errors import NotFound
from services.library import folder_rows

AGENT = "FolderAgent"
MOST_LISTED = 200
MOST_SHOWN = 50
FOLDERS = ToolSpec(
    "list_folders",
    "The user's folders with their paths and how many pictures and documents lie in each.",
    {"type": "object", "properties": {}, "additionalProperties": False},
)
INSIDE = ToolSpec(
    "list_folder_images",
    "The pictures and documents that lie in a folder.",
    {
        "type": "object",
        "properties": {
            "folder_id": {"type": "string", "minLength": 1, "maxLength": 64},
            "folder_name": {"type": "string", "minLength": 1, "maxLength": 255, "description": "In place of its id."},
        },
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": False,
    },
)


def tools(reach: Reach) -> tuple[Tool, ...]:
    return (
        Tool(
            FOLDERS,
            AGENT,
            lambda _arguments: _folders(reach),
            phase="listing",
            doing=say("doing_list_folders", reach.language),
            describe=lambda _given: say("why_list_folders", reach.language),
        ),
        Tool(
            INSIDE,
            AGENT,
            lambda arguments: _inside(reach, arguments),
            phase="listing",
            doing=say("doing_list_folder_images", reach.language),
            describe=lambda given: (
                say("why_list_folder_images", reach.language, folder=given["folder_name"][:80])
                if given.get("folder_name")
                else say("why_list_folder", reach.language)
            ),
        ),
    )


def _folders(reach: Reach) -> Outcome:
    with reach.database.read() as session:
        every = folder_rows.every(session, reach.owner_id)
        paths = {folder_id: folder_rows.path_of(every, folder_id) for folder_id in every}
        images = _counts(session, Image, reach.owner_id)
        documents = _counts(session, Document, reach.owner_id)
    ordered = sorted(paths.items(), key=lambda item: item[1].casefold())
    data = [
        {
            "folder_id": folder_id,
            "path": path,
            "images": images.get(folder_id, 0),
            "documents": documents.get(folder_id, 0),
        }
        for folder_id, path in ordered[:MOST_LISTED]
    ]
    label = counted("label_folders", reach.language, len(ordered))
    found = Found(
        results=ResultSet("folders", tuple(paths), label),
        planted=tuple(path for _id, path in ordered[:MOST_LISTED] if is_planted(path)),
    )
    return Outcome({"total": len(ordered), "note": DATA, "data": data}, found)


def _counts(session: Session, kind: type[Image] | type[Document], owner_id: str) -> dict[str, int]:
    rows = session.execute(
        select(kind.folder_id, func.count())
        .where(kind.owner_id == owner_id, kind.folder_id.is_not(None))
        .group_by(kind.folder_id)
    )
    return {str(folder_id): count for folder_id, count in rows}


def _inside(reach: Reach, arguments: dict[str, Any]) -> Outcome:
    with reach.database.read() as session:
        folder = _folder(session, reach.owner_id, arguments)
        lying = select(Image, Analysis.caption).outerjoin(Analysis, Analysis.sha256 == Image.sha256)
        rows = session.execute(
            lying.where(reach.images(), Image.folder_id == folder.id).order_by(Image.created_at, Image.id)
        ).all()
        papers = session.execute(
            select(Document).where(reach.documents(), Document.folder_id == folder.id).order_by(Document.created_at)
        ).scalars()
        documents = [as_paper(paper) for paper in papers]
        name = folder.name
    pictures = tuple(as_picture(image, caption) for image, caption in rows[:MOST_SHOWN])
    data = [
        {"id": one.image_id, "filename": one.filename, "title": one.title, "description": one.description}
        for one in pictures
    ]
    named = [{"document_id": one.document_id, "filename": one.filename} for one in documents[:MOST_SHOWN]]
    planted = [one.filename for one in pictures if is_planted(one.filename, one.title, one.description)]
    found = Found(
        pictures=pictures,
        papers=tuple(documents[:MOST_SHOWN]),
        results=ResultSet(
            "images", tuple(image.id for image, _caption in rows), counted("label_pictures", reach.language, len(rows))
        ),
        planted=tuple(planted + [one.filename for one in documents if is_planted(one.filename)]),
    )
    content = {"folder": name, "total": len(rows), "note": DATA, "data": data, "documents": named}
    return Outcome(content, found)


def _folder(session: Session, owner_id: str, arguments: dict[str, Any]) -> Folder:
    """Raises `NotFound`."""
    if "folder_id" in arguments:
        return folder_rows.get(session, owner_id, arguments["folder_id"])
    found = folder_rows.named(session, owner_id, arguments["folder_name"])
    if found is None:
        raise NotFound("There is no folder of this name.", code="folder_not_found", field="folder_name")
    return found
