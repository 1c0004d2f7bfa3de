"""DocumentSearchAgent's tools: find passages, read pages, know which documents there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol

from sqlalchemy import func, select

from models.library import Document, DocumentPage
from services.agent.evidence import Extract, Found, ResultSet
from services.agent.planted import is_planted
from services.agent.reach import DATA, Reach, as_paper
from services.agent.tool import Outcome, Tool
from services.agent.wording import counted, say
from services.content import ToolSpec
from services.errors import InvalidInput

AGENT = "DocumentSearchAgent"
USUAL, MOST = 5, 10
LONGEST_PAGE = 12_000
"""Characters of a page a model gets at once."""
MOST_LISTED = 100
TOLD = ("document_id", "filename", "page", "heading", "text", "quote", "relevance")
"""What a model is told of a passage."""
_DOCUMENT_ID: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": 64, "description": "Id of the document."}
SEARCH = ToolSpec(
    "search_documents",
    "Find passages in the user's documents, each with its page and a sentence to quote word for word.",
    {
        "type": "object",
        "properties": {
            "query": {"type": "string", "minLength": 1, "maxLength": 500, "description": "What to look for."},
            "document_ids": {"type": "array", "items": _DOCUMENT_ID, "maxItems": 100, "description": "Only in these."},
            "document": {"type": "string", "maxLength": 255, "description": "Only in those with this in their name."},
            "limit": {"type": "integer", "minimum": 1, "maximum": MOST, "description": f"Default {USUAL}."},
        },
        "required": ["query"],
        "additionalProperties": False,
    },
)
READ = ToolSpec(
    "read_document_page",
    "Read a page of a document whole.",
    {
        "type": "object",
        "properties": {
            "document_id": _DOCUMENT_ID,
            "page": {"type": "integer", "minimum": 1, "maximum": 1_000_000, "description": "The first is 1."},
        },
        "required": ["document_id", "page"],
        "additionalProperties": False,
    },
)
LIST = ToolSpec(
    "list_documents",
    "The user's documents, newest first; `name` gives those with it in their name, or all if there is none.",
    {
        "type": "object",
        "properties": {"name": {"type": "string", "maxLength": 255}},
        "additionalProperties": False,
    },
)


class Passage(Protocol):
    """A passage as a search finds it (`services/library/passages.py`)."""

    @property
    def chunk_id(self) -> str: ...
    @property
    def document_id(self) -> str: ...
    @property
    def filename(self) -> str: ...
    @property
    def page(self) -> int: ...
    @property
    def heading(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def quote(self) -> str: ...
    @property
    def relevance(self) -> float: ...


class FindsPassages(Protocol):
    """A search in documents."""

    def find(
        self, owner_id: str, query: str, document_ids: Sequence[str] | None = None, limit: int = 5
    ) -> Sequence[Passage]: ...


def tools(reach: Reach, passages: FindsPassages) -> tuple[Tool, ...]:
    return (
        Tool(
            SEARCH,
            AGENT,
            lambda arguments: _search(reach, passages, arguments),
            phase="searching",
            doing=say("doing_search_documents", reach.language),
            describe=lambda given: say("why_search_documents", reach.language, query=given["query"][:200]),
        ),
        Tool(
            READ,
            AGENT,
            lambda arguments: _read(reach, arguments["document_id"], arguments["page"]),
            phase="reading",
            doing=say("doing_read_document_page", reach.language),
            describe=lambda given: say("why_read_document_page", reach.language, page=given["page"]),
        ),
        Tool(
            LIST,
            AGENT,
            lambda arguments: _list(reach, arguments.get("name", "")),
            phase="listing",
            doing=say("doing_list_documents", reach.language),
            describe=lambda given: (
                say("why_list_documents_named", reach.language, name=given["name"][:80])
                if given.get("name")
                else say("why_list_documents", reach.language)
            ),
        ),
    )


def _search(reach: Reach, passages: FindsPassages, arguments: dict[str, Any]) -> Outcome:
    among = _among(reach, arguments)
    found = passages.find(reach.owner_id, arguments["query"], among, arguments.get("limit", USUAL))
    outcome = told(reach, found)
    with reach.database.read() as session:
        within = session.execute(select(func.count()).select_from(Document).where(reach.documents())).scalar_one()
    return replace(outcome, content={"documents": within, **outcome.content})


def _among(reach: Reach, arguments: dict[str, Any]) -> list[str] | None:
    """Ids of the documents to look in; None for all of the owner's."""
    wanted = [reach.paper(document_id).id for document_id in arguments.get("document_ids", ())]
    if not wanted and arguments.get("document"):
        wanted = [paper.id for paper in reach.papers(arguments["document"])]
    if not wanted and reach.document_ids is not None:
        wanted = list(reach.document_ids)
    return wanted or None


def told(reach: Reach, found: Sequence[Passage]) -> Outcome:
    """Passages as a model is told of them, with the pages they stand on."""
    extracts = tuple(_extract(one) for one in found)
    ids = {one.document_id for one in extracts}
    with reach.database.read() as session:
        papers = session.execute(select(Document).where(Document.id.in_(ids))).scalars().all()
        pages = _pages(session, {(one.document_id, one.page) for one in extracts})
    planted = dict.fromkeys(one.filename for one in extracts if is_planted(one.filename, one.heading, one.text))
    data = [{name: getattr(one, name) for name in TOLD} for one in extracts]
    label = counted("label_passages", reach.language, len(extracts))
    return Outcome(
        {"total": len(extracts), "note": DATA, "data": data},
        Found(
            papers=tuple(as_paper(paper) for paper in papers),
            extracts=extracts,
            pages=pages,
            results=ResultSet("passages", tuple(one.chunk_id for one in extracts), label),
            planted=tuple(planted),
        ),
    )


def _extract(one: Passage) -> Extract:
    return Extract(
        chunk_id=one.chunk_id,
        document_id=one.document_id,
        filename=one.filename,
        page=one.page,
        text=one.text,
        heading=one.heading,
        quote=one.quote,
        relevance=one.relevance,
        start=one.start,
        end=one.end,
    )


def _pages(session: Any, wanted: set[tuple[str, int]]) -> dict[tuple[str, int], str]:
    pages: dict[tuple[str, int], str] = {}
    for document_id in {document for document, _page in wanted}:
        numbers = [page for document, page in wanted if document == document_id]
        rows = session.execute(
            select(DocumentPage.number, DocumentPage.text).where(
                DocumentPage.document_id == document_id, DocumentPage.number.in_(numbers)
            )
        )
        pages |= {(document_id, row.number): row.text for row in rows}
    return pages


def _read(reach: Reach, document_id: str, number: int) -> Outcome:
    paper = reach.paper(document_id)
    with reach.database.read() as session:
        text = session.execute(
            select(DocumentPage.text).where(DocumentPage.document_id == paper.id, DocumentPage.number == number)
        ).scalar()
    if text is None:
        if paper.status != "ready":
            raise InvalidInput("The document has not been read yet, or could not be.", field="page")
        raise InvalidInput(f"The document has {paper.page_count or 0} pages.", field="page")
    extract = Extract(f"{paper.id}:{number}", paper.id, paper.filename, number, text[:LONGEST_PAGE])
    content = {
        "page": number,
        "page_count": paper.page_count,
        "cut_off": len(text) > LONGEST_PAGE,
        "note": DATA,
        "data": [{"document_id": paper.id, "filename": paper.filename, "page": number, "text": text[:LONGEST_PAGE]}],
    }
    planted = (paper.filename,) if is_planted(paper.filename, text) else ()
    found = Found((), (as_paper(paper),), (extract,), (), {(paper.id, number): text}, planted=planted)
    return Outcome(content, found)


def _list(reach: Reach, name: str) -> Outcome:
    papers = reach.papers(name)
    shown = papers[:MOST_LISTED]
    data = [
        {
            "document_id": paper.id,
            "filename": paper.filename,
            "title": paper.title,
            "kind": paper.kind,
            "status": paper.status,
            "page_count": paper.page_count,
        }
        for paper in shown
    ]
    label = counted("label_documents", reach.language, len(papers))
    found = Found(
        papers=tuple(as_paper(paper) for paper in shown),
        results=ResultSet("documents", tuple(paper.id for paper in papers), label),
        planted=tuple(paper.filename for paper in shown if is_planted(paper.filename, paper.title)),
    )
    return Outcome({"total": len(papers), "note": DATA, "data": data}, found)
