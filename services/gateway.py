"""Conversations that a client keeps itself and sends whole each time, as OpenAI's API has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert

from models.base import new_id, now
from models.chats import Conversation
from models.database import Database
from services import turns
from services.agent.tool import Tool
from services.answers import language_of
from services.content import Message, ToolSpec
from services.providers.base import Options
from services.turns import Turn, Turns

SURFACE = "gateway"
TITLE = 80


@dataclass(frozen=True, slots=True)
class Completion:
    """What is asked for.

    Args:
        messages: the whole conversation; system messages first, the newest last.
        tools: what the model may call; whoever asked runs it.
    """

    owner_id: str
    messages: tuple[Message, ...]
    max_tokens: int | None = None
    temperature: float | None = None
    request_id: str | None = None
    options: Options = Options()
    tools: tuple[ToolSpec, ...] = ()


class Gateway:
    """Answers conversations that are kept elsewhere; the question and its answer are kept here as well."""

    def __init__(self, database: Database, turns: Turns) -> None:
        self.database = database
        self.turns = turns

    def ask(self, asked: Completion) -> Turn:
        """A turn that answers the newest message.

        Raises:
            DatabaseUnavailable: nothing was kept.
        """
        question = next((message.text for message in reversed(asked.messages) if message.role == "user"), "")
        at = now()
        conversation_id = new_id()
        with self.database.change() as work:
            work.execute(
                insert(Conversation).values(
                    id=conversation_id,
                    owner_id=asked.owner_id,
                    surface=SURFACE,
                    title=" ".join(question.split())[:TITLE],
                    created_at=at,
                    updated_at=at,
                )
            )
        return self.turns.start(
            turns.Question(
                conversation_id=conversation_id,
                text=question,
                instructions="",
                messages=asked.messages,
                max_tokens=asked.max_tokens,
                temperature=asked.temperature,
                language=language_of(question),
                request_id=asked.request_id,
                options=asked.options,
                tools={spec.name: Tool(spec, "", _not_run, handed_on=True) for spec in asked.tools},
            )
        )


def _not_run(_arguments: dict[str, Any]) -> Any:
    raise AssertionError("a tool that is handed on was run")
