"""The tools of one turn, made for its owner and its session."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from models.chats import Conversation
from models.database import Database
from models.library import Document
from services.agent import changing, counting, crossing, filing, looking, outlining, reading, searching
from services.agent.actions import Step
from services.agent.evidence import Change, Evidence, Found, PendingPlan
from services.agent.planted import is_planted
from services.agent.reach import Reach, as_paper, reach, texts_in
from services.agent.reading import FindsPassages
from services.agent.recall import Recalled, recall
from services.agent.tool import Tool
from services.agent.wording import counted
from services.content import Language
from services.context import Context
from services.library.analyses import Analyses
from services.library.images import Images
from services.library.search import ImageSearch
from services.library.videos import Videos
from services.plans import Plans

LONGEST_TITLE = 120


@dataclass(frozen=True, slots=True)
class Kit:
    """What a turn needs for its tools: see `turns.Question`. `language` is that of the answer."""

    language: Language
    tools: Mapping[str, Tool]
    evidence: Evidence
    propose: Callable[[str, Sequence[Change]], PendingPlan]
    papers: str = ""


@dataclass(frozen=True, slots=True)
class Toolbox:
    """Makes the tools of turns."""

    database: Database
    images: Images
    analyses: Analyses
    search: ImageSearch
    videos: Videos
    passages: FindsPassages
    plans: Plans

    def recall(self, session: Conversation) -> Recalled:
        """What earlier answers of a session brought."""
        with self.database.look() as work:
            return recall(work, session.id)

    def kit(
        self, session: Conversation, context: Context, recalled: Recalled, language: Language, now: datetime
    ) -> Kit:
        """The tools for one question in a session.

        Args:
            context: the pictures it is asked over.
            recalled: what earlier answers brought.
            now: the caller's time, with their zone.
        """
        known = (*recalled.found.pictures, *(one.picture for one in (*context.shown, *context.told)))
        evidence = Evidence(recalled.found, recalled.refs)
        within = reach(self.database, session, language, now, evidence)
        papers = self._papers(within)
        evidence.know(Found(pictures=known, papers=papers.papers, planted=papers.planted))
        evidence.in_view = lambda: self._planted(context)
        return Kit(
            language,
            self._tools(within),
            evidence,
            lambda message_id, changes: self._propose(within, message_id, changes),
            "\n".join(f"- {one.filename.translate(_NO_TAGS)!r} id={one.document_id}" for one in papers.papers),
        )

    def _tools(self, within: Reach) -> Mapping[str, Tool]:
        """Every tool of every agent by its name, within the limits of one turn."""
        every = (
            *searching.tools(within, self.search, self.videos),
            *looking.tools(within, self.images, self.analyses),
            *reading.tools(within, self.passages),
            *outlining.tools(within),
            *counting.tools(within, self.search),
            *crossing.tools(within, self.passages),
            *filing.tools(within),
            *changing.tools(within),
        )
        return {tool.spec.name: tool for tool in every}

    def _planted(self, context: Context) -> list[str]:
        """Names of the pictures in view that hold text which reads like an order."""
        unread = [one.image.sha256 for one in context.shown if one.reads is None]
        read = texts_in(self.database, unread) if unread else {}
        return [
            one.image.filename
            for one in context.shown
            if is_planted(
                one.image.filename,
                one.image.title,
                one.image.description,
                one.caption,
                one.reads if one.reads is not None else read.get(one.image.sha256),
            )
        ]

    def _papers(self, within: Reach) -> Found:
        """The documents the session is about, where it is about some."""
        if not within.document_ids:
            return Found()
        with self.database.read() as session:
            rows = session.execute(select(Document).where(within.documents())).scalars().all()
        return Found(papers=tuple(as_paper(row) for row in rows))

    def _propose(self, within: Reach, message_id: str, changes: Sequence[Change]) -> PendingPlan:
        title = changes[0].description.rstrip(".।")[:LONGEST_TITLE]
        if len(changes) > 1:
            title += counted("plan_more", within.language, len(changes) - 1)
        steps = [Step(one.tool_name, one.arguments, one.agent_name, one.description) for one in changes]
        plan = self.plans.propose(within.owner_id, within.conversation_id, message_id, title, steps)
        shown = (Change(one.agent_name, one.tool_name, one.description, dict(one.arguments)) for one in plan.steps)
        return PendingPlan(plan.id, plan.title, tuple(shown), plan.estimated_tokens, plan.expires_at)


_NO_TAGS = str.maketrans("", "", "<>")
