"""Written text to text that can be said."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token

from services.errors import InvalidInput

MAX_CHARACTERS = 10_000
"""About ten minutes of speech."""

_ADDRESS = re.compile(r"(?:https?://|www\.)[^\s<>()\[\]]+")
_SPACES = re.compile(r"\s+")
_ENDS = (".", "!", "?", "।", ":", ";", ",", "…", "॥")
_SAYABLE = re.compile(r"[^\W_]|[%°₹$€£+=]")

# Kept of the categories that are otherwise dropped: what voices read aloud, and the joiners that shape Devanagari.
_KEPT = frozenset("°\u200c\u200d")
_DROPPED = frozenset({"So", "Sk", "Cs", "Co", "Cn", "Cc", "Cf"})


def speakable(text: str) -> str:
    """What is to be said of a text: without Markdown, HTML, emoji and control characters, addresses by their host.

    Headings, list items and table cells become sentences of their own, so that a voice pauses between them.

    Raises:
        InvalidInput: nothing in it can be said (`nothing_to_speak`), or it is over `MAX_CHARACTERS` long
            (`text_too_long`).
    """
    if len(text) > MAX_CHARACTERS:
        raise InvalidInput(
            f"The text is too long to be spoken (max {MAX_CHARACTERS} characters).", code="text_too_long"
        )
    spoken = _plain(text)
    if not _SAYABLE.search(spoken):
        raise InvalidInput("There is nothing to speak.", code="nothing_to_speak")
    return spoken


def is_speakable(text: str) -> bool:
    """Whether anything in the text can be said."""
    return bool(_SAYABLE.search(_plain(text)))


def _plain(text: str) -> str:
    blocks = (_SPACES.sub(" ", _sayable(block)).strip() for block in _blocks(_parser().parse(text)))
    return " ".join(block if block.endswith(_ENDS) else f"{block}." for block in blocks if _SAYABLE.search(block))


@cache
def _parser() -> MarkdownIt:
    # An indented line of an answer is no code, and `1986.` at the start of one is no list.
    return MarkdownIt("commonmark").enable(["table", "strikethrough"]).disable(["code"])


def _blocks(tokens: list[Token]) -> list[str]:
    blocks = []
    for at, token in enumerate(tokens):
        if token.type == "ordered_list_open" or (token.type == "list_item_open" and token.info):
            continue
        if token.type == "inline":
            number = tokens[at - 2].info if at >= 2 and tokens[at - 2].type == "list_item_open" else ""
            blocks.append(f"{number}. {_inline(token)}" if number else _inline(token))
        elif token.type in {"fence", "code_block"}:
            blocks.append(token.content)
    return blocks


def _inline(token: Token) -> str:
    said = []
    for child in token.children or ():
        match child.type:
            case "text" | "code_inline" | "image" | "text_special":
                said.append(child.content)
            case "softbreak" | "hardbreak":
                said.append(" ")
            case _:
                pass
    return "".join(said)


def _sayable(text: str) -> str:
    text = _ADDRESS.sub(_host, text)
    return "".join(
        char if char in _KEPT or unicodedata.category(char) not in _DROPPED else " " if char.isspace() else ""
        for char in unicodedata.normalize("NFC", text)
    )


def _host(match: re.Match[str]) -> str:
    address = match.group().rstrip(".,;:!?)।")
    tail = match.group()[len(address) :]
    try:
        host = urlsplit(address if "://" in address else f"https://{address}").hostname
    except ValueError:
        host = None
    return (host or "").removeprefix("www.") + tail
