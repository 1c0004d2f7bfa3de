"""Working stand-ins for what is slow or outside: they do what the real thing does and remember what they were asked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

from services.content import Usage
from services.errors import ProviderError
from services.providers.base import AnswerDone, AnswerStarted, ChatRequest, ModelEvent, TextDelta


class ScriptedModel:
    """A model that says what it is told to, piece by piece.

    Args:
        pieces: the answer; a `ProviderError` among them is raised in its place.
        before_piece: called before each piece with its number; it may wait.
    """

    name = "scripted"
    model = "scripted-1"
    context_tokens = 8000

    def __init__(self, *pieces: str | ProviderError, before_piece: Callable[[int], None] | None = None) -> None:
        self.pieces = pieces or ("It is ", "a red ", "square.")
        self.before_piece = before_piece
        self.requests: list[ChatRequest] = []
        self.closed = threading.Event()

    def stream(self, request: ChatRequest) -> Iterator[ModelEvent]:
        self.requests.append(request)
        try:
            if isinstance(self.pieces[0], ProviderError):
                raise self.pieces[0]
            yield AnswerStarted(self.name, self.model)
            for number, piece in enumerate(self.pieces):
                if self.before_piece is not None:
                    self.before_piece(number)
                if isinstance(piece, ProviderError):
                    raise piece
                yield TextDelta(piece)
            yield AnswerDone("stop", Usage(12, len(self.pieces)))
        finally:
            self.closed.set()

    def close(self) -> None:
        pass
