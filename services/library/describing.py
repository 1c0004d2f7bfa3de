"""A few sentences about a picture from whichever cloud model answers, for the library."""

from __future__ import annotations

import logging
from collections.abc import Callable

from services import prompts
from services.content import ImagePart, ImageSource, Usage, system, user
from services.errors import ProviderError
from services.providers.base import AnswerDone, AnswerStarted, ChatModel, ChatRequest, TextDelta

log = logging.getLogger(__name__)

MAX_TOKENS = 200
MAX_LENGTH = 2000


class Describer:
    """Asks a model what a picture shows, at the least resolution it takes, since it asks about every picture.

    Args:
        used: told of the tokens of each answer, with provider and model.
    """

    def __init__(self, model: ChatModel, used: Callable[[str, str, Usage], None] = lambda *_used: None) -> None:
        self.model = model
        self.used = used

    def __call__(self, source: ImageSource) -> str | None:
        """A description; None where no cloud model answers. The local one's facts are kept anyway."""
        request = ChatRequest(
            messages=(system(prompts.DATA_NOT_ORDERS), user(prompts.DESCRIPTION, ImagePart(source, "low"))),
            max_tokens=MAX_TOKENS,
        )
        said = ""
        by = AnswerStarted("none", "none")
        try:
            for event in self.model.stream(request):
                match event:
                    case AnswerStarted(provider="local"):
                        return None
                    case AnswerStarted():
                        by = event
                    case TextDelta():
                        said += event.text
                    case AnswerDone():
                        self.used(by.provider, by.model, event.usage)
        except ProviderError as error:
            log.warning("a picture has no description: %s", error)
            return None
        return said.strip()[:MAX_LENGTH] or None
