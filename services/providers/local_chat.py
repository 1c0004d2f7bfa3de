"""The local provider: answers about pictures from what this machine measures in them, without network or key."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence

from services.agent.citations import cite_picture
from services.agent.routing import next_step
from services.answers import answer
from services.content import FinishReason, ImageSource, Message, ToolCall, Usage
from services.errors import AssistantError, ProviderError, ProviderUnavailable
from services.providers.base import AnswerDone, AnswerStarted, ChatRequest, ModelEvent, TextDelta
from services.vision.facts import Facts

FactsOf = Callable[[ImageSource], Facts]
_PIECE = re.compile(r"\s*\S+|\s+$")


class LocalChat:
    """A `ChatModel` that answers from facts. Where tools are on offer, rules call them (`services/agent/routing.py`).

    Args:
        facts_of: looks at a picture, or gives what is kept of it; may raise `AssistantError`. Called in the thread that
            iterates, once per picture of the message.
        model: the name it goes by.
    """

    def __init__(self, facts_of: FactsOf, *, model: str = "visual-assistant-local-1") -> None:
        self._facts_of = facts_of
        self._model = model

    @property
    def name(self) -> str:
        return "local"

    @property
    def model(self) -> str:
        return self._model

    @property
    def context_tokens(self) -> int:
        return 128_000

    def stream(self, request: ChatRequest) -> Iterator[ModelEvent]:
        """Answer the newest user message, word by word; the pieces joined are the answer.

        Its pictures are those of the newest user message that has any. Raises `ProviderUnavailable` where one of them
        cannot be looked at.
        """
        asked = _newest_user(request.messages)
        if request.tools and asked is not None:
            step = next_step(request.messages, asked, request.tools, request.language)
            if step is not None:
                yield from self._step(step, request)
                return
        question, history = (request.messages[asked].text, request.messages[:asked]) if asked is not None else ("", ())
        sources = _pictures(request.messages)
        facts = [self._look(source) for source in sources]
        yield AnswerStarted(self.name, self.model)
        # Where there are tools there are citations: pictures are told apart by their names.
        names = [cite_picture(source.image_id, "") for source in sources] if request.tools else ()
        text = answer(question, facts, _talk(history), request.language, request.style, names=names)
        text, finish_reason = _within(text, request)
        for piece in pieces(text):
            yield TextDelta(piece)
        prompt = sum(len(message.text) for message in request.messages)
        yield AnswerDone(finish_reason, Usage(prompt // 4, max(1, len(text) // 4), estimated=True))

    def _step(self, step: tuple[ToolCall, ...] | str, request: ChatRequest) -> Iterator[ModelEvent]:
        """Calls of tools, or the answer made of what they brought."""
        yield AnswerStarted(self.name, self.model)
        if isinstance(step, str):
            prompt = sum(len(message.text) for message in request.messages)
            text, finish_reason = _within(step, request)
            for piece in pieces(text):
                yield TextDelta(piece)
            yield AnswerDone(finish_reason, Usage(prompt // 4, max(1, len(text) // 4), estimated=True))
            return
        yield from step
        # What was asked is counted once, with the answer, however many rounds lie between.
        yield AnswerDone("tool_calls", Usage(0, sum(1 + len(str(call.arguments)) // 4 for call in step), True))

    def _look(self, source: ImageSource) -> Facts:
        try:
            return self._facts_of(source)
        except ProviderError:
            raise
        except (AssistantError, OSError, ValueError, MemoryError) as error:
            raise ProviderUnavailable("The picture could not be looked at.", provider=self.name) from error

    def close(self) -> None:
        """Nothing is held open."""


def _within(text: str, request: ChatRequest) -> tuple[str, FinishReason]:
    """As much of an answer as was asked for, in the form that was asked for, and why it ends where it does.

    Raises:
        ProviderUnavailable: it was to follow a schema, which takes a language model.
    """
    if request.options.json_schema is not None:
        raise ProviderUnavailable("The local provider cannot write by a schema.", provider="local")
    if request.options.response_format == {"type": "json_object"}:
        return json.dumps({"answer": text}, ensure_ascii=False), "stop"
    ends = [place for word in request.options.stop if (place := text.find(word)) >= 0]
    text = text[: min(ends)] if ends else text
    words = pieces(text)
    if request.max_tokens is not None and len(words) > request.max_tokens:
        return "".join(words[: request.max_tokens]), "length"
    return text, "stop"


def pieces(text: str) -> list[str]:
    """Words with the space before them; joined they are the text."""
    return _PIECE.findall(text)


def _newest_user(messages: Sequence[Message]) -> int | None:
    return next((place for place in range(len(messages) - 1, -1, -1) if messages[place].role == "user"), None)


def _pictures(messages: Sequence[Message]) -> list[ImageSource]:
    for message in reversed(messages):
        if message.role == "user" and message.images:
            return [part.source for part in message.images]
    return []


def _talk(messages: Sequence[Message]) -> tuple[Message, ...]:
    return tuple(message for message in messages if message.role in ("user", "assistant"))
