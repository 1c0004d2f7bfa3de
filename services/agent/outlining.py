"""DocumentSearchAgent's tool for a document as a whole: its headings, and what stands under each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import select

from models.library import Document, DocumentPage
from services.agent.evidence import Extract, Found
from services.agent.planted import is_planted
from services.agent.reach import DATA, Reach, as_paper
from services.agent.tool import Outcome, Tool
from services.agent.wording import say
from services.content import ToolSpec
from services.documents.sentences import sentences
from services.errors import InvalidInput

AGENT = "DocumentSearchAgent"
MOST_PAGES = 200
"""Pages that are looked through."""
MOST_PARTS = 40
LONGEST_OPENING = 300
LEAST_WORDS = 3
"""Words of what is worth quoting."""
OUTLINE = ToolSpec(
    "outline_document",
    "What a document is about as a whole: its headings with their pages, and the sentence each part begins with.",
    {
        "type": "object",
        "properties": {"document_id": {"type": "string", "minLength": 1, "maxLength": 64}},
        "required": ["document_id"],
        "additionalProperties": False,
    },
)


def tools(reach: Reach) -> tuple[Tool, ...]:
    return (
        Tool(
            OUTLINE,
            AGENT,
            lambda arguments: _outline(reach, arguments["document_id"]),
            phase="reading",
            doing=say("doing_outline_document", reach.language),
            describe=lambda _given: say("why_outline_document", reach.language),
        ),
    )


def _outline(reach: Reach, document_id: str) -> Outcome:
    paper = reach.paper(document_id)
    if paper.status != "ready":
        raise InvalidInput("The document has not been read yet, or could not be.", field="document_id")
    with reach.database.read() as session:
        pages = (
            session.execute(
                select(DocumentPage)
                .where(DocumentPage.document_id == paper.id)
                .order_by(DocumentPage.number)
                .limit(MOST_PAGES)
            )
            .scalars()
            .all()
        )
        texts = {(paper.id, page.number): page.text for page in pages}
        parts = [part for page in pages for part in _parts(paper, page)]
    told = parts[:MOST_PARTS]
    content: dict[str, Any] = {
        "document_id": paper.id,
        "filename": paper.filename,
        "page_count": paper.page_count,
        "total": len(parts),
        "note": DATA,
        "data": [
            {
                "document_id": paper.id,
                "filename": paper.filename,
                "page": part.page,
                "heading": part.heading,
                "quote": part.quote,
            }
            for part in told
        ],
    }
    planted = (paper.filename,) if is_planted(paper.filename, paper.title, *texts.values()) else ()
    return Outcome(content, Found(papers=(as_paper(paper),), extracts=tuple(told), pages=texts, planted=planted))


def _parts(paper: Document, page: DocumentPage) -> Iterator[Extract]:
    """What is worth telling of a page: under each heading the sentence it begins with; without any, the page's own."""
    headings = [(int(start), str(text)) for start, text, _level in page.headings]
    starts = [(start + len(text), text) for start, text in headings] or [(0, "")]
    ends = [*(start for start, _text in headings[1:]), len(page.text)]
    for (start, heading), end in zip(starts, ends, strict=True):
        opening = next(_openings(page.text, start, end), None)
        if opening is not None:
            begin, until = opening
            text = page.text[begin:until]
            yield Extract(
                f"{paper.id}:{page.number}:{begin}",
                paper.id,
                paper.filename,
                page.number,
                text,
                heading,
                text,
                start=begin,
                end=until,
            )


def _openings(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Where the sentences of a stretch begin and end that are worth quoting."""
    for begin, until in sentences(text[start:end]):
        if len(text[start + begin : start + until].split()) >= LEAST_WORDS and until - begin <= LONGEST_OPENING:
            yield start + begin, start + until
