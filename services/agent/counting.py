"""AnalyticsAgent's tools: how many pictures, by what, and what is used."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.base import now
from models.chats import MonthlyUsage
from models.library import Document, Folder, Link
from models.media import Analysis, Image
from services.agent.evidence import Found, ResultSet
from services.agent.reach import DATA, Reach
from services.agent.tool import Outcome, Tool
from services.agent.wording import say
from services.content import ToolSpec
from services.library.search import ImageSearch
from services.usage import month_of
from services.vision.facts import Facts
from services.vision.facts_json import from_json

AGENT = "AnalyticsAgent"
BY = ("total", "day", "month", "year", "object", "colour", "folder", "type", "setting")
MOST_GROUPS = 200
TIMES = {"day": "%Y-%m-%d", "month": "%Y-%m", "year": "%Y"}
COUNT = ToolSpec(
    "count_images",
    "Count the user's pictures: in all, a day, month or year, by the objects or colours in them, by folder, file type "
    "or setting (indoors, outdoors). `query` counts only those that a search finds.",
    {
        "type": "object",
        "properties": {
            "by": {"type": "string", "enum": list(BY), "description": "What to group by; default total."},
            "query": {"type": "string", "minLength": 1, "maxLength": 500, "description": "Only pictures that match."},
        },
        "additionalProperties": False,
    },
)
USAGE = ToolSpec(
    "usage_statistics",
    "What the user has and uses: pictures, documents, folders, links, bytes stored, this month's messages and tokens.",
    {"type": "object", "properties": {}, "additionalProperties": False},
)


def tools(reach: Reach, search: ImageSearch) -> tuple[Tool, ...]:
    return (
        Tool(
            COUNT,
            AGENT,
            lambda arguments: _count(reach, search, arguments.get("by", "total"), arguments.get("query")),
            phase="counting",
            doing=say("doing_count_images", reach.language),
            describe=lambda given: (
                say("why_count_images_of", reach.language, query=given["query"][:200])
                if given.get("query")
                else say("why_count_images", reach.language)
            ),
        ),
        Tool(
            USAGE,
            AGENT,
            lambda _arguments: Outcome(_usage(reach)),
            phase="counting",
            doing=say("doing_usage_statistics", reach.language),
            describe=lambda _given: say("why_usage_statistics", reach.language),
        ),
    )


def _count(reach: Reach, search: ImageSearch, by: str, query: str | None) -> Outcome:
    among = None if query is None else _matching(reach, search, query)
    with reach.database.read() as session:
        rows = session.execute(
            select(Image.id, Image.created_at, Image.taken_at, Image.folder_id, Image.mime_type, Image.sha256).where(
                reach.images(), Image.video_id.is_(None)
            )
        ).all()
        rows = [row for row in rows if among is None or row.id in among]
        if by in ("object", "colour", "setting"):
            groups = _by_facts(session, [row.sha256 for row in rows], by)
        else:
            names = _folders(session, reach) if by == "folder" else {}
            groups = Counter(_group(row, by, names, reach.now) for row in rows) if by != "total" else Counter()
    ordered = sorted(groups.items()) if by in TIMES else groups.most_common()
    content: dict[str, Any] = {"total": len(rows), "by": by, "query": query}
    if by != "total":
        content |= {"note": DATA, "data": [{by: name, "count": count} for name, count in ordered[:MOST_GROUPS]]}
        content["groups"] = len(ordered)
    ids = tuple(row.id for row in rows[:1000]) if query is not None else ()
    found = Found(results=ResultSet("counts", ids, str(len(rows)))) if ids else Found()
    return Outcome(content, found)


def _matching(reach: Reach, search: ImageSearch, query: str) -> set[str]:
    found = search.match(reach.owner_id, query, reach.now, among=reach.image_ids)
    return {match.image_id for match in found.matches}


def _group(row: Any, by: str, folders: dict[str, str], at: datetime) -> str:
    match by:
        case "folder":
            return folders.get(row.folder_id, "")
        case "type":
            return str(row.mime_type).removeprefix("image/")
        case _:
            return _taken(row, at).strftime(TIMES[by])


def _taken(row: Any, at: datetime) -> datetime:
    """When the camera says it was; else when it was uploaded, in the caller's zone."""
    uploaded: datetime = row.created_at.astimezone(at.tzinfo)
    if row.taken_at:
        try:
            return datetime.fromisoformat(row.taken_at).replace(tzinfo=at.tzinfo)
        except ValueError:
            return uploaded  # a camera whose clock was never set
    return uploaded


def _folders(session: Session, reach: Reach) -> dict[str, str]:
    rows = session.execute(select(Folder.id, Folder.name).where(Folder.owner_id == reach.owner_id))
    return {row.id: row.name for row in rows}


def _by_facts(session: Session, hashes: list[str], by: str) -> Counter[str]:
    """In how many pictures each thing is; a picture counts once for each."""
    copies = Counter(hashes)
    groups: Counter[str] = Counter()
    every = list(copies)
    for start in range(0, len(every), 500):
        some = every[start : start + 500]
        for sha256, stored in session.execute(select(Analysis.sha256, Analysis.facts).where(Analysis.sha256.in_(some))):
            for name in _names(stored, by):
                groups[name] += copies[sha256]
    return groups


def _names(stored: dict[str, Any], by: str) -> set[str]:
    try:
        facts: Facts = from_json(stored, earlier=True)
    except ValueError:
        return set()
    match by:
        case "object":
            return {item.name for item in facts.objects if item.sure}
        case "colour":
            return {colour.name.split()[-1] for colour in facts.colours[:1]}
        case _:
            return {facts.scene.setting} if facts.scene.setting else set()


def _usage(reach: Reach) -> dict[str, Any]:
    mine = reach.owner_id
    month = month_of(now())
    with reach.database.read() as session:
        images, image_bytes = _counted(session, Image, mine)
        documents, document_bytes = _counted(session, Document, mine)
        folders = session.execute(select(func.count()).where(Folder.owner_id == mine)).scalar_one()
        links = session.execute(select(func.count()).where(Link.owner_id == mine)).scalar_one()
        used = session.get(MonthlyUsage, (mine, month))
        return {
            "images": images,
            "documents": documents,
            "folders": folders,
            "links": links,
            "storage_bytes": image_bytes + document_bytes,
            "month": month,
            "messages_this_month": used.messages if used else 0,
            "tokens_this_month": used.tokens if used else 0,
        }


def _counted(session: Session, kind: type[Image] | type[Document], owner_id: str) -> tuple[int, int]:
    count, size = session.execute(
        select(func.count(), func.coalesce(func.sum(kind.size_bytes), 0)).where(kind.owner_id == owner_id)
    ).one()
    return int(count), int(size)
