"""AnalysisAgent's tools: look closely at pictures, one by one or against each other."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from models.media import Image
from services.agent.evidence import Found, Picture
from services.agent.planted import is_planted
from services.agent.reach import DATA, Reach
from services.agent.tool import Outcome, Tool
from services.agent.wording import counted, say
from services.answers import answer
from services.answers.compare import difference
from services.answers.questions import Ask
from services.answers.speaker import Speaker
from services.content import ImagePart, Language, ToolSpec
from services.errors import AssistantError
from services.library.analyses import Analyses
from services.library.images import Images
from services.vision.facts import Facts

AGENT = "AnalysisAgent"
MOST, MOST_COMPARED = 8, 4
_IDS = {"type": "string", "minLength": 1, "maxLength": 64}


def _ids(least: int, most: int) -> dict[str, Any]:
    return {
        "type": "array",
        "items": _IDS,
        "minItems": least,
        "maxItems": most,
        "description": "Ids of pictures, or the `ref` of an earlier result for all of it.",
    }


ANALYZE = ToolSpec(
    "analyze_images",
    f"Look closely at up to {MOST} pictures: what they show, what can be read in them, and their pixels.",
    {
        "type": "object",
        "properties": {
            "image_ids": _ids(1, MOST),
            "question": {"type": "string", "maxLength": 1000, "description": "What to find out; else all of it."},
        },
        "required": ["image_ids"],
        "additionalProperties": False,
    },
)
COMPARE = ToolSpec(
    "compare_images",
    f"Compare 2 to {MOST_COMPARED} pictures: what each shows, what differs from one to the next, and their pixels.",
    {
        "type": "object",
        "properties": {"image_ids": _ids(1, MOST_COMPARED)},
        "required": ["image_ids"],
        "additionalProperties": False,
    },
)


def tools(reach: Reach, images: Images, analyses: Analyses) -> tuple[Tool, ...]:
    def analyze(arguments: dict[str, Any]) -> Outcome:
        rows = reach.pictures(arguments["image_ids"], MOST)
        looked = [_facts(images, analyses, row) for row, _picture in rows]
        question = arguments.get("question", "")
        data = [_told(picture, facts, question, reach) for (_row, picture), facts in zip(rows, looked, strict=True)]
        return _outcome(rows, looked, images, {"data": data})

    def compare(arguments: dict[str, Any]) -> Outcome:
        rows = reach.pictures(arguments["image_ids"], MOST_COMPARED)
        looked = [_facts(images, analyses, row) for row, _picture in rows]
        data = [_told(picture, facts, "", reach) for (_row, picture), facts in zip(rows, looked, strict=True)]
        speaker = Speaker(reach.language, "written")
        pairs = [
            {"of": [first + 1, first + 2], "found": difference(Ask("difference"), [one, other], speaker)}
            for first, (one, other) in enumerate(pairwise(looked))
            if one is not None and other is not None
        ]
        return _outcome(rows, looked, images, {"data": data, "differences": pairs})

    return (
        Tool(
            ANALYZE,
            AGENT,
            analyze,
            phase="analysis",
            doing=say("doing_analyze_images", reach.language),
            describe=lambda given: _examining(given, reach.language),
        ),
        Tool(
            COMPARE,
            AGENT,
            compare,
            phase="comparison",
            doing=say("doing_compare_images", reach.language),
            describe=lambda given: counted("why_compare_images", reach.language, len(given["image_ids"])),
        ),
    )


def _examining(given: dict[str, Any], language: Language) -> str:
    count = len(given["image_ids"])
    if given.get("question"):
        return counted("why_analyze_for", language, count, question=given["question"][:200])
    return counted("why_analyze_images", language, count)


def _facts(images: Images, analyses: Analyses, row: Image) -> Facts | None:
    """What was measured of a picture; None where it cannot be looked at."""
    try:
        return analyses.of(images.picture(row))
    except (AssistantError, OSError, ValueError, MemoryError):
        return None


def _told(picture: Picture, facts: Facts | None, question: str, reach: Reach) -> dict[str, Any]:
    told: dict[str, Any] = {"id": picture.image_id, "filename": picture.filename, "title": picture.title}
    if facts is None:
        return told | {"shows": picture.description, "error": "The picture cannot be looked at."}
    told["shows"] = answer("", [facts], (), reach.language)
    if question.strip():
        told["answer"] = answer(question, [facts], (), reach.language)
    told["reads"] = [line.text for line in facts.text if line.sure]
    told["size"] = [facts.width, facts.height]
    return told


def _outcome(
    rows: list[tuple[Image, Picture]], looked: list[Facts | None], images: Images, content: dict[str, Any]
) -> Outcome:
    planted = [
        picture.filename
        for (_row, picture), facts in zip(rows, looked, strict=True)
        if is_planted(picture.filename, picture.title, picture.description, read(facts))
    ]
    pixels = tuple(ImagePart(images.picture(row), "high") for row, _picture in rows)
    found = Found(pictures=tuple(picture for _row, picture in rows), planted=tuple(planted))
    return Outcome({"note": DATA, **content}, found, pixels)


def read(facts: Facts | None) -> str:
    """All that can be read in a picture, a line a line."""
    return "\n".join(line.text for line in facts.text) if facts else ""
