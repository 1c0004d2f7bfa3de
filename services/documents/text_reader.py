"""Plain text and Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator

from markdown_it import MarkdownIt
from markdown_it.token import Token

from services.documents.base import Page
from services.documents.encoding import decode
from services.documents.flow import Block, paginate

_BREAK = re.compile(r"\n[ \t]*\n+|\x0c")
_MARKUP = re.compile(r"<!--.*?-->|</?[a-zA-Z][^<>]*>", re.DOTALL)
_FRONT = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)


def read_text(data: bytes) -> Iterator[Page]:
    """Paragraphs are apart by empty lines; a form feed begins a page."""
    return paginate(_paragraphs(decode(data)))


def _paragraphs(text: str) -> Iterator[Block]:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    begin, new_page = 0, False
    for match in _BREAK.finditer(text):
        if text[begin : match.start()].strip():
            yield Block(text[begin : match.start()], new_page=new_page)
            new_page = False
        new_page = new_page or match[0] == "\x0c"
        begin = match.end()
    if text[begin:].strip():
        yield Block(text[begin:], new_page=new_page)


def read_markdown(data: bytes) -> Iterator[Page]:
    """CommonMark with tables. What is HTML in it loses its tags."""
    text = decode(data).replace("\r\n", "\n")
    # Nesting is bounded: the parser goes down into itself.
    parser = MarkdownIt("commonmark", {"maxNesting": 50}).enable("table")
    return paginate(_blocks(parser.parse(_FRONT.sub("", text))))


def _blocks(tokens: list[Token]) -> Iterator[Block]:
    level = 0
    listed = False
    cells: list[str] | None = None
    marker = ""
    first_row = True
    for token in tokens:
        match token.type:
            case "heading_open":
                level = int(token.tag[1])
            case "heading_close":
                level = 0
            case "list_item_open":
                marker = f"{token.info}{token.markup} " if token.info else "- "
            case "table_open":
                first_row = True
            case "tr_open":
                cells = []
            case "tr_close":
                yield Block(" | ".join(cells or []), tight=not first_row)
                cells, first_row, listed = None, False, False
            case "inline":
                words = _words(token.children or [])
                if cells is not None:
                    cells.append(words.replace("\n", " "))
                elif words.strip():
                    yield Block(marker + words, level, tight=listed and bool(marker))
                    listed, marker = bool(marker), ""
            case "fence" | "code_block":
                yield Block(token.content)
            case "html_block":
                yield Block(_without_markup(token.content))


def _words(children: list[Token]) -> str:
    """What is read of a line: the words of links, what pictures are called, code as it is."""
    parts = []
    for child in children:
        match child.type:
            case "text" | "code_inline":
                parts.append(child.content)
            case "softbreak":
                parts.append(" ")
            case "hardbreak":
                parts.append("\n")
            case "image":
                parts.append(child.content)
    return "".join(parts)


def _without_markup(text: str) -> str:
    text = re.sub(r"<(script|style|template)\b.*?(</\1\s*>|\Z)", "", text, flags=re.DOTALL | re.IGNORECASE)
    return _MARKUP.sub(" ", text)
