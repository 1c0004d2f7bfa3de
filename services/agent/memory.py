"""What was spoken of before, read off the talk itself: for whoever has nothing but its messages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from services.agent.citations import MARKUP
from services.agent.going_on import going_on
from services.agent.requests import understand
from services.agent.subjects import subject
from services.content import Message

LOOKED_BACK = 12
"""Questions before this one that can have begun what it goes on from."""
_NUMBERED = re.compile(r"^(\d{1,6})\. \[\[img:", re.MULTILINE)
_LISTED = re.compile(r"^(\d+)\. <image id=([0-9a-f-]{36}) name=(?:'|\")", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Memory:
    """What "these", "the first two" and "it" can mean.

    Args:
        pictures: ids of the pictures the newest answer with any cited, in their order.
        ref: key of the result set that answer named, if it did.
        listed: ids of the pictures the newest answer that named a result set listed.
        list_ref: key of that result set.
        shown: how far that list has been shown: the number of its last line.
        kind: what was asked last, as in `data/requests.tsv`; "passages" also where a document has answered unasked.
        papers: ids of the documents cited last, the newest answer's first.
        topic: what was looked for last.
        session: ids of the session's pictures by their numbers from 1, as far as they are told of.
    """

    pictures: tuple[str, ...] = ()
    ref: str = ""
    listed: tuple[str, ...] = ()
    list_ref: str = ""
    shown: int = 0
    kind: str = ""
    papers: tuple[str, ...] = ()
    topic: str = ""
    session: tuple[tuple[int, str], ...] = ()

    @property
    def several(self) -> str:
        """Key of what "these" means where several are meant, though one of them was looked at since; else empty."""
        return self.list_ref if len(self.pictures) == 1 < len(self.listed) and self.numbered == self.listed else ""

    @property
    def numbered(self) -> tuple[str, ...]:
        """The pictures that "the second" counts: of one out of a list that was looked at since, those of the list."""
        return self.listed if set(self.pictures) <= set(self.listed) else self.pictures


def memory(instructions: str, talk: Sequence[Message]) -> Memory:
    """What the talk before a question left.

    Args:
        instructions: the system message, which lists the session's pictures.
        talk: messages of user and assistant, oldest first, without the question.
    """
    pictures: tuple[str, ...] = ()
    listed: tuple[str, ...] = ()
    ref = list_ref = ""
    shown = 0
    papers: dict[str, None] = {}
    for message in reversed(talk):
        if message.role == "assistant":
            cited = list(MARKUP.finditer(message.text))
            papers |= dict.fromkeys(found["id"] for found in cited if found["kind"] == "doc")
            there = tuple(dict.fromkeys(found["id"] for found in cited if found["kind"] == "img"))
            key = next((found["key"] for found in cited if (found["key"] or "").startswith("images")), "")
            if there and not pictures:
                pictures, ref = there, key
            if there and key and not listed:
                listed, list_ref = there, key
                shown = max(map(int, _NUMBERED.findall(message.text)), default=len(there))
    in_order = sorted((int(number), image_id) for number, image_id in _LISTED.findall(instructions))
    kind, topic = _asked(talk)
    return Memory(pictures, ref, listed, list_ref, shown, kind, tuple(papers), topic, tuple(in_order))


def _asked(talk: Sequence[Message]) -> tuple[str, str]:
    """The kind of what was asked last, and what was looked for last."""
    kind = topic = ""
    for text in [message.text for message in talk if message.role == "user"][-LOOKED_BACK:]:
        requests = understand(text) or going_on(text, kind, topic)
        topic = next((words for request in requests if (words := subject(request))), topic)
        if not requests or not requests[-1].again:
            kind = requests[-1].kind if requests else ""
    if not kind:
        answer = next((message.text for message in reversed(talk) if message.role == "assistant"), "")
        cited = {found["kind"] for found in MARKUP.finditer(answer)}
        kind = "passages" if "doc" in cited and "img" not in cited else ""
    return kind, topic
