"""What was spoken of before, read off the talk itself: for whoever has nothing but its messages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from services.agent.citations import MARKUP
from services.agent.requests import understand
from services.agent.subjects import subject
from services.content import Message

_LISTED = re.compile(r"^(\d+)\. <image id=([0-9a-f-]{36}) name=(?:'|\")", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Memory:
    """What "these", "the first two" and "it" can mean.

    Args:
        pictures: ids of the pictures the newest answer with any cited, in their order.
        ref: key of the result set that answer named, if it did.
        papers: ids of the documents cited last, the newest answer's first.
        topic: what was looked for last.
        session: ids of the session's pictures by their numbers from 1, as far as they are told of.
    """

    pictures: tuple[str, ...] = ()
    ref: str = ""
    papers: tuple[str, ...] = ()
    topic: str = ""
    session: tuple[tuple[int, str], ...] = ()


def memory(instructions: str, talk: Sequence[Message]) -> Memory:
    """What the talk before a question left.

    Args:
        instructions: the system message, which lists the session's pictures.
        talk: messages of user and assistant, oldest first, without the question.
    """
    pictures: tuple[str, ...] = ()
    ref = topic = ""
    papers: dict[str, None] = {}
    for message in reversed(talk):
        if message.role == "assistant":
            cited = list(MARKUP.finditer(message.text))
            papers |= dict.fromkeys(found["id"] for found in cited if found["kind"] == "doc")
            shown = tuple(dict.fromkeys(found["id"] for found in cited if found["kind"] == "img"))
            if shown and not pictures:
                pictures = shown
                ref = next((found["key"] for found in cited if (found["key"] or "").startswith("images")), "")
        elif message.role == "user" and not topic:
            topic = next((words for request in understand(message.text) if (words := subject(request))), "")
    listed = sorted((int(number), image_id) for number, image_id in _LISTED.findall(instructions))
    return Memory(pictures, ref, tuple(papers), topic, tuple(listed))
