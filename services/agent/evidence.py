"""What an answer may rest on: everything that was in the turn's context or came back from its tools."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any, Literal

Kind = Literal["images", "documents", "passages", "links", "folders", "counts"]


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as answers cite it.

    Args:
        confidence: of what the description says with most certainty, 0-1, where it is known.
        relevance: how well it matches what was looked for, 0-1, where it was looked for.
    """

    image_id: str
    filename: str
    title: str | None = None
    description: str = ""
    confidence: float | None = None
    relevance: float | None = None


@dataclass(frozen=True, slots=True)
class Paper:
    """A document as answers cite it."""

    document_id: str
    filename: str
    title: str | None = None
    kind: str = ""
    page_count: int | None = None


@dataclass(frozen=True, slots=True)
class Extract:
    """A passage of a document: characters `start` to `end` of page number `page`."""

    chunk_id: str
    document_id: str
    filename: str
    page: int
    text: str
    heading: str = ""
    quote: str = ""
    relevance: float | None = None
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class Bond:
    """A picture and a document that belong together; `page` None is the whole document."""

    link_id: str
    title: str
    image_id: str
    document_id: str
    page: int | None = None
    note: str = ""
    image_filename: str = ""
    document_filename: str = ""


@dataclass(frozen=True, slots=True)
class Scene:
    """A stretch of a video, in milliseconds from its beginning, and the picture that stands for it."""

    video_id: str
    filename: str
    scene_index: int
    start_ms: int
    end_ms: int
    frame_ms: int
    image_id: str
    description: str


@dataclass(frozen=True, slots=True)
class ResultSet:
    """A list of results under one key, so that an answer or a later request can speak of all of it.

    Args:
        label: what it is in words, as "5 pictures".
    """

    kind: Kind
    ids: tuple[str, ...]
    label: str


@dataclass(frozen=True, slots=True)
class Found:
    """What one tool brought, beside what the model is told.

    Args:
        pages: whole texts of pages, by document and number, for the words quoted from them to be checked.
        scenes: moments of videos among the results.
        results: the main list of it, if it has one.
        planted: names of things that hold text which reads like an order.
    """

    pictures: tuple[Picture, ...] = ()
    papers: tuple[Paper, ...] = ()
    extracts: tuple[Extract, ...] = ()
    bonds: tuple[Bond, ...] = ()
    pages: Mapping[tuple[str, int], str] = field(default_factory=dict)
    scenes: tuple[Scene, ...] = ()
    results: ResultSet | None = None
    planted: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        return len(self.results.ids) if self.results else 0


class Evidence:
    """What has been in front of the model so far in this turn. Grows as tools answer; used by one thread.

    Args:
        context: what the turn began with.
        refs: result sets of earlier turns, by their keys.
    Attributes:
        in_view: names of the pictures the model is shown whose text reads like an order; called at the turn's end, as
            some are looked at only during it.
    """

    def __init__(self, context: Found = Found(), refs: Mapping[str, ResultSet] | None = None) -> None:
        self.in_view: Callable[[], Iterable[str]] = tuple
        self.pictures: dict[str, Picture] = {}
        self.papers: dict[str, Paper] = {}
        self.bonds: dict[str, Bond] = {}
        self.pages: dict[tuple[str, int], str] = {}
        self.earlier = dict(refs or {})
        self.refs: dict[str, ResultSet] = {}
        self.planted: dict[str, None] = {}
        self.know(context)
        self.found: list[Found] = []

    def add(self, found: Found, key: str | None = None) -> None:
        """Take in what a tool brought; its result set under `key`."""
        self.know(found)
        self.found.append(found)
        if key is not None and found.results is not None:
            self.refs[key] = found.results

    def know(self, found: Found) -> None:
        """Let it be cited; it is no result of this turn."""
        self.pictures |= {picture.image_id: picture for picture in found.pictures}
        self.papers |= {paper.document_id: paper for paper in found.papers}
        for extract in found.extracts:
            self.papers.setdefault(extract.document_id, Paper(extract.document_id, extract.filename))
            self.pages.setdefault((extract.document_id, extract.page), extract.text)
        self.pages |= found.pages
        self.bonds |= {bond.link_id: bond for bond in found.bonds}
        self.planted |= dict.fromkeys(found.planted)

    def new_key(self, kind: Kind) -> str:
        """A key that no result set of the conversation has."""
        taken = self.refs.keys() | self.earlier.keys()
        return next(key for number in count(1) if (key := f"{kind}_{number}") not in taken)

    def ref(self, key: str) -> ResultSet | None:
        """A result set of this turn or an earlier one; one that is cited is this turn's as well."""
        if key not in self.refs and key in self.earlier:
            self.refs[key] = self.earlier[key]
        return self.refs.get(key)


@dataclass(frozen=True, slots=True)
class Change:
    """Something a model wants changed; nothing of it has been done."""

    agent_name: str
    tool_name: str
    description: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class PendingPlan:
    """A plan that is kept and waits for a yes."""

    plan_id: str
    title: str
    steps: tuple[Change, ...]
    estimated_tokens: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Results:
    """All that the tools of a turn brought, each thing once, in the order it came.

    Args:
        agents: names of those whose tools ran, in the order of their first.
        reasoning: what was done and why, a line a step.
        plan: changes that wait for a yes.
    """

    agents: tuple[str, ...] = ()
    reasoning: str = ""
    pictures: tuple[Picture, ...] = ()
    papers: tuple[Paper, ...] = ()
    extracts: tuple[Extract, ...] = ()
    bonds: tuple[Bond, ...] = ()
    scenes: tuple[Scene, ...] = ()
    refs: Mapping[str, ResultSet] = field(default_factory=dict)
    plan: PendingPlan | None = None

    @property
    def count(self) -> int:
        """How many things were found."""
        extracts = {extract.chunk_id for extract in self.extracts}
        papers = {paper.document_id for paper in self.papers} - {extract.document_id for extract in self.extracts}
        return len(self.pictures) + len(extracts) + len(papers) + len(self.bonds)


def results(
    agents: Iterable[str],
    reasoning: Iterable[str],
    found: Iterable[Found],
    refs: Mapping[str, ResultSet],
    plan: PendingPlan | None,
) -> Results:
    """What several tools brought as one."""
    every = list(found)
    return Results(
        agents=tuple(dict.fromkeys(agents)),
        reasoning="\n".join(dict.fromkeys(reasoning)),
        pictures=tuple({one.image_id: one for some in every for one in some.pictures}.values()),
        papers=tuple({one.document_id: one for some in every for one in some.papers}.values()),
        extracts=tuple({one.chunk_id: one for some in every for one in some.extracts}.values()),
        bonds=tuple({one.link_id: one for some in every for one in some.bonds}.values()),
        scenes=tuple({one.image_id: one for some in every for one in some.scenes}.values()),
        refs=dict(refs),
        plan=plan,
    )
