"""How well the local rules understand: requests and the tools they come to, followed through a made-up library.

`made.tsv` is what the rules were made with; `held.tsv` was written beside them and not looked at while they were made.
Each request is asked after the same talk: pictures with rust were found, three of them were listed. A row is right when
the last tools called are its `goal` (`plain` for none), and what was looked for holds its `subject`.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.agent.agents import AGENT_OF
from services.agent.routing import next_step
from services.answers.text_folding import fold
from services.content import Language, Message, ToolCall, ToolResult, ToolSpec, assistant, system, user

HERE = Path(__file__).parent
IDS = [f"00000000-0000-4000-8000-00000000000{number}" for number in range(1, 7)]
DOCUMENT = "00000000-0000-4000-8000-0000000000d0"
INSTRUCTIONS = "The session has 6 pictures.\n" + "\n".join(
    f"{number}. <image id={one} name='p{number}.jpg'>A picture.</image>" for number, one in enumerate(IDS, 1)
)
LISTED = "I found [[ref:images_1]] for “rust”:\n" + "\n".join(
    f"{number}. [[img:{one}|p{number}.jpg]]" for number, one in enumerate(IDS[:3], 1)
)
TOOLS = tuple(ToolSpec(name, "Does it.") for name in AGENT_OF)
PICTURES = [{"id": one, "filename": "p.jpg", "description": "A picture."} for one in IDS[:2]]
PAPER = {"document_id": DOCUMENT, "filename": "manual.pdf", "page_count": 9}
PASSAGE = PAPER | {"page": 3, "text": "So it is.", "quote": "So it is.", "heading": ""}
LINK = {
    "link_id": IDS[5],
    "title": "Manual",
    "image_id": IDS[0],
    "image_filename": "p.jpg",
    "document_filename": "manual.pdf",
    "page": 0,
}
ANSWERS: dict[str, dict[str, Any]] = {
    "search_images": {"ref": "images_2", "total": 2, "offset": 0, "data": PICTURES},
    "compare_images": {"data": [one | {"shows": "It."} for one in PICTURES], "differences": []},
    "analyze_images": {"data": [one | {"shows": "It."} for one in PICTURES]},
    "search_documents": {"total": 1, "documents": 1, "data": [PASSAGE]},
    "outline_document": PAPER | {"total": 1, "data": [PASSAGE]},
    "find_related_documents": {"total": 1, "data": [PASSAGE]},
    "read_document_page": {"data": [PASSAGE]},
    "list_documents": {"total": 1, "data": [PAPER]},
    "count_images": {"total": 2, "by": "total", "data": []},
    "usage_statistics": dict.fromkeys(
        ("images", "documents", "folders", "links", "storage_bytes", "messages_this_month", "tokens_this_month"), 1
    )
    | {"month": "2026-01"},
    "find_links": {"total": 1, "data": [LINK]},
    "list_folders": {"total": 1, "data": [{"path": "Beach", "images": 1}]},
    "list_folder_images": {"folder": "Beach", "total": 2, "data": PICTURES, "documents": []},
}


@dataclass(frozen=True)
class Row:
    language: Language
    goal: str
    subject: str
    question: str


def rows(name: str) -> list[Row]:
    with (HERE / f"{name}.tsv").open(encoding="utf-8", newline="") as file:
        return [Row(**row) for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]


def followed(question: str, language: Language) -> list[ToolCall]:
    """All calls a request comes to, each answered from the made-up library."""
    messages: list[Message] = [
        system(INSTRUCTIONS),
        user("find the photos with rust"),
        assistant(LISTED),
        user(question),
    ]
    asked = len(messages) - 1
    made: list[ToolCall] = []
    for _round in range(8):
        step = next_step(messages, asked, TOOLS, language)
        if not isinstance(step, tuple):
            return [] if step is None else made
        made += step
        results = [ToolResult(call.id, call.name, ANSWERS.get(call.name, {"planned": "$step:0"})) for call in step]
        messages += [Message("assistant", step), Message("tool", tuple(results))]
    raise AssertionError(f"it never came to an end: {question}")


def goal(calls: Sequence[ToolCall]) -> str:
    """The tools that were meant: those that change, or else those that read, without the listing that helps to them."""
    names = list(dict.fromkeys(call.name for call in calls))
    changing = [name for name in names if name not in ANSWERS]
    helping = {"list_documents"} if len(names) > 1 else set()
    return "+".join(changing or [name for name in names if name not in helping]) or "plain"


def is_right(row: Row) -> bool:
    calls = followed(row.question, row.language)
    asked = fold(" ".join(str(call.arguments.get("query", "")) for call in calls))
    return goal(calls) == row.goal and fold(row.subject) in asked


def wrong(some: Sequence[Row]) -> list[tuple[Row, list[ToolCall]]]:
    return [(row, followed(row.question, row.language)) for row in some if not is_right(row)]
