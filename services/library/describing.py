"""A few sentences about a picture from whichever cloud model answers, for the library."""

from __future__ import annotations

import logging

from services import prompts
from services.content import ImagePart, ImageSource, system, user
from services.errors import ProviderError
from services.providers.base import AnswerStarted, ChatModel, ChatRequest, TextDelta

log = logging.getLogger(__name__)

MAX_TOKENS = 200
MAX_LENGTH = 2000


class Describer:
    """Asks a model what a picture shows, at the least resolution it takes, since it asks about every picture."""

    def __init__(self, model: ChatModel) -> None:
        self.model = model

    def __call__(self, source: ImageSource) -> str | None:
        """A description; None where no cloud model answers. The local one's facts are kept anyway."""
        request = ChatRequest(
            messages=(system(prompts.DATA_NOT_ORDERS), user(prompts.DESCRIPTION, ImagePart(source, "low"))),
            max_tokens=MAX_TOKENS,
        )
        said = ""
        try:
            for event in self.model.stream(request):
                if isinstance(event, AnswerStarted) and event.provider == "local":
                    return None
                if isinstance(event, TextDelta):
                    said += event.text
        except ProviderError as error:
            log.warning("a picture has no description: %s", error)
            return None
        return said.strip()[:MAX_LENGTH] or None
