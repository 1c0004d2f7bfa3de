"""What a plan can do with links between pictures and documents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from models.base import new_id, now
from models.library import Document, Link
from services.agent.action import IMAGE_IDS, Action, Arguments, Done, Names, an_id, counted, image_ids, schema
from services.content import ToolSpec
from services.errors import Conflict, DocumentNotFound, ImageNotFound, InvalidInput, NotFound
from services.library import folder_rows

AGENT = "CrossReferenceAgent"
KEPT = ("id", "image_id", "document_id", "page", "title", "note")
PAGE: dict[str, Any] = {"type": "integer", "minimum": 1, "maximum": 1_000_000}


def _link(work: Session, owner_id: str, arguments: Arguments) -> Done:
    wanted, page = image_ids(arguments), arguments.get("page", 0)
    document = _document(work, owner_id, arguments["document_id"])
    if document.page_count is not None and page > document.page_count:
        raise InvalidInput(f"The document has {counted(document.page_count, 'page')}.", field="page")
    there = list(folder_rows.lying_where(work, owner_id, wanted))
    if not there:
        raise ImageNotFound(wanted[0])
    linked = {link.image_id for link in _links(work, owner_id, there, document.id, page)}
    made = [
        Link(
            id=new_id(),
            owner_id=owner_id,
            image_id=image_id,
            document_id=document.id,
            page=page,
            title=arguments.get("title", "").strip() or document.title or document.filename,
            note=arguments.get("note", "").strip(),
            created_at=now(),
        )
        for image_id in there
        if image_id not in linked
    ]
    work.add_all(made)
    work.flush()
    ids = [link.id for link in made]
    result = {
        "id": ids[0] if ids else None,
        "link_ids": ids,
        "linked": len(ids),
        "linked_before": len(linked),
        "missing": [image_id for image_id in wanted if image_id not in there],
    }
    return Done(result, {"link_ids": ids})


def _unlink_made(work: Session, owner_id: str, undo: Arguments) -> None:
    ids = undo["link_ids"]
    found = work.execute(select(Link.id).where(Link.id.in_(ids), Link.owner_id == owner_id)).scalars().all()
    if len(found) != len(ids):
        raise Conflict("A link of the plan is gone.", code="plan_outdated")
    work.execute(delete(Link).where(Link.id.in_(ids)).execution_options(synchronize_session=False))


def _unlink(work: Session, owner_id: str, arguments: Arguments) -> Done:
    if "link_id" in arguments:
        asked = select(Link).where(Link.id == arguments["link_id"], Link.owner_id == owner_id)
        found = list(work.execute(asked).scalars())
    else:
        found = _links(work, owner_id, [arguments["image_id"]], arguments["document_id"], arguments.get("page"))
    if not found:
        raise NotFound("There is no such link.", code="link_not_found", field="link_id")
    rows = [{name: getattr(link, name) for name in KEPT} for link in found]
    for link in found:
        work.delete(link)
    work.flush()
    return Done({"unlinked": len(rows), "link_ids": [row["id"] for row in rows]}, {"links": rows})


def _relink(work: Session, owner_id: str, undo: Arguments) -> None:
    for row in undo["links"]:
        if not folder_rows.lying_where(work, owner_id, [row["image_id"]]):
            raise Conflict("A photo that was linked is gone.", code="plan_outdated")
        try:
            _document(work, owner_id, row["document_id"])
        except DocumentNotFound:
            raise Conflict("A document that was linked is gone.", code="plan_outdated") from None
        if _links(work, owner_id, [row["image_id"]], row["document_id"], row["page"]):
            raise Conflict("They have been linked again.", code="plan_outdated")
        work.add(Link(owner_id=owner_id, created_at=now(), **row))
    work.flush()


def _links(work: Session, owner_id: str, ids: Sequence[str], document_id: str, page: int | None) -> list[Link]:
    asked = select(Link).where(Link.owner_id == owner_id, Link.image_id.in_(ids), Link.document_id == document_id)
    return list(work.execute(asked if page is None else asked.where(Link.page == page)).scalars())


def _document(work: Session, owner_id: str, document_id: str) -> Document:
    found = work.execute(select(Document).where(Document.id == document_id, Document.owner_id == owner_id)).scalar()
    if found is None:
        raise DocumentNotFound("There is no document with this id.", field="document_id")
    return found


def _one_kind_of_images(arguments: Arguments) -> None:
    if len({"image_id", "image_ids"} & set(arguments)) != 1:
        raise InvalidInput("Give one of image_id and image_ids.", field="image_ids")


def _one_way(arguments: Arguments) -> None:
    if set(arguments) != {"link_id"} and not {"image_id", "document_id"} <= set(arguments) - {"link_id"}:
        raise InvalidInput("Give link_id alone, or image_id and document_id.", field="link_id")
    if "link_id" in arguments and len(arguments) > 1:
        raise InvalidInput("Give link_id alone, or image_id and document_id.", field="link_id")


def _where(arguments: Arguments, names: Names) -> str:
    page = f", page {arguments['page']}" if "page" in arguments else ""
    return f"{names.document(arguments)}{page}"


def _describe_unlink(arguments: Arguments, names: Names) -> str:
    if "link_id" in arguments:
        return f"Remove the link {names.links.get(arguments['link_id'], arguments['link_id'])}."
    return f"Remove the link of {names.pictures(arguments)} with {_where(arguments, names)}."


LINK_ACTIONS = (
    Action(
        ToolSpec(
            "link_image_to_document",
            "Link images to a document, or to one of its pages.",
            schema(
                {
                    "image_id": an_id("the image"),
                    "image_ids": IMAGE_IDS | {"maxItems": 100},
                    "document_id": an_id("the document"),
                    "page": PAGE | {"description": "Page of the document; without it the whole document."},
                    "title": {"type": "string", "maxLength": 255, "description": "What the link is called."},
                    "note": {"type": "string", "maxLength": 2000, "description": "Why they belong together."},
                },
                ["document_id"],
            ),
        ),
        AGENT,
        lambda arguments, names: f"Link {names.pictures(arguments)} to {_where(arguments, names)}.",
        _link,
        _unlink_made,
        makes=True,
        check=_one_kind_of_images,
    ),
    Action(
        ToolSpec(
            "unlink_image_from_document",
            "Remove a link between an image and a document.",
            schema(
                {
                    "link_id": an_id("the link, in place of all others"),
                    "image_id": an_id("the image"),
                    "document_id": an_id("the document"),
                    "page": PAGE | {"description": "Page that is linked; without it every link of the two."},
                }
            ),
        ),
        AGENT,
        _describe_unlink,
        _unlink,
        _relink,
        check=_one_way,
    ),
)
