"""CrossReferenceAgent's tools that read: which pictures and documents belong together, and which might."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from models.library import Document, Link
from models.media import Image
from services.agent import reading
from services.agent.evidence import Bond, Found, Paper, Picture, ResultSet
from services.agent.planted import is_planted
from services.agent.reach import DATA, Reach
from services.agent.reading import FindsPassages
from services.agent.tool import Outcome, Tool
from services.agent.wording import counted, say
from services.content import ToolSpec

AGENT = "CrossReferenceAgent"
MOST_LISTED = 100
MOST_IMAGES = 50
_IDS: dict[str, Any] = {"type": "array", "items": {"type": "string", "minLength": 1, "maxLength": 64}, "maxItems": 50}
LINKS = ToolSpec(
    "find_links",
    "Links between pictures and documents: of these pictures, of these documents, or all.",
    {
        "type": "object",
        "properties": {
            "image_ids": _IDS | {"description": "Ids of pictures, or the `ref` of an earlier result."},
            "document_ids": _IDS | {"description": "Ids of documents."},
            "document": {"type": "string", "maxLength": 255, "description": "A document by its name."},
        },
        "additionalProperties": False,
    },
)
RELATED = ToolSpec(
    "find_related_documents",
    "Passages of documents that speak of what these pictures show, linked or not.",
    {
        "type": "object",
        "properties": {
            "image_ids": _IDS | {"minItems": 1, "description": "Ids of pictures, or the `ref` of an earlier result."},
            "limit": {"type": "integer", "minimum": 1, "maximum": 10, "description": "Default 5."},
        },
        "required": ["image_ids"],
        "additionalProperties": False,
    },
)


def tools(reach: Reach, passages: FindsPassages) -> tuple[Tool, ...]:
    return (
        Tool(
            LINKS,
            AGENT,
            lambda arguments: _links(reach, arguments),
            phase="cross-referencing",
            doing=say("doing_find_links", reach.language),
            describe=lambda _given: say("why_find_links", reach.language),
        ),
        Tool(
            RELATED,
            AGENT,
            lambda arguments: _related(reach, passages, arguments),
            phase="cross-referencing",
            doing=say("doing_find_related_documents", reach.language),
            describe=lambda _given: say("why_find_related_documents", reach.language),
        ),
    )


def _links(reach: Reach, arguments: dict[str, Any]) -> Outcome:
    asked = (
        select(Link, Image.filename, Document.filename.label("document"))
        .join(Image, Image.id == Link.image_id)
        .join(Document, Document.id == Link.document_id)
        .where(Link.owner_id == reach.owner_id, reach.images(), reach.documents())
    )
    if arguments.get("image_ids"):
        pictures = reach.pictures(arguments["image_ids"], MOST_IMAGES)
        asked = asked.where(Link.image_id.in_([row.id for row, _picture in pictures]))
    papers = [reach.paper(document_id).id for document_id in arguments.get("document_ids", ())]
    if arguments.get("document"):
        papers += [paper.id for paper in reach.papers(arguments["document"])]
    if papers:
        asked = asked.where(Link.document_id.in_(papers))
    with reach.database.read() as session:
        rows = session.execute(asked.order_by(Link.created_at, Link.id)).all()
    bonds = tuple(
        Bond(
            link.id,
            link.title or document,
            link.image_id,
            link.document_id,
            link.page or None,
            link.note,
            image,
            document,
        )
        for link, image, document in rows[:MOST_LISTED]
    )
    return _told(reach, bonds, len(rows))


def _told(reach: Reach, bonds: tuple[Bond, ...], total: int) -> Outcome:
    data = [
        {
            "link_id": bond.link_id,
            "title": bond.title,
            "note": bond.note,
            "image_id": bond.image_id,
            "image_filename": bond.image_filename,
            "document_id": bond.document_id,
            "document_filename": bond.document_filename,
            "page": bond.page,
        }
        for bond in bonds
    ]
    planted = [
        bond.title for bond in bonds if is_planted(bond.title, bond.note, bond.image_filename, bond.document_filename)
    ]
    found = Found(
        papers=tuple({bond.document_id: Paper(bond.document_id, bond.document_filename) for bond in bonds}.values()),
        bonds=bonds,
        results=ResultSet(
            "links", tuple(bond.link_id for bond in bonds), counted("label_links", reach.language, total)
        ),
        planted=tuple(dict.fromkeys(planted)),
    )
    return Outcome({"total": total, "note": DATA, "data": data}, found)


def _related(reach: Reach, passages: FindsPassages, arguments: dict[str, Any]) -> Outcome:
    pictures = [picture for _row, picture in reach.pictures(arguments["image_ids"], MOST_IMAGES)]
    query = " ".join(_about(picture) for picture in pictures)[:500]
    among = None if reach.document_ids is None else list(reach.document_ids)
    return reading.told(reach, passages.find(reach.owner_id, query, among, arguments.get("limit", 5)))


def _about(picture: Picture) -> str:
    return " ".join(filter(None, (picture.title, picture.description)))
