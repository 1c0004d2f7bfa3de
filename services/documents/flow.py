"""Documents that know no pages are cut into them.

A page ends before a first or second heading once it is half full, and between paragraphs when it is full; a paragraph
longer than a page is cut between sentences. Where the document itself says that a page ends, it does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from services.documents.base import Heading, Page, clean
from services.documents.sentences import sentences

FULL: Final = 3_000
"""Characters, about what a printed page holds."""


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, a heading, a list's item or a table's row.

    Args:
        level: of a heading, 1 to 6; 0 for all else.
        tight: it stands on the line after the last, without an empty one between.
        new_page: a page begins with it.
    """

    text: str
    level: int = 0
    tight: bool = False
    new_page: bool = False


def paginate(blocks: Iterable[Block], *, full: int = FULL) -> Iterator[Page]:
    """Pages of the blocks, in order, numbered from 1; none is empty unless the document says so.

    Args:
        full: characters after which a page ends by itself.
    """
    number = 1
    page = _Sheet()
    for block in blocks:
        text = clean(block.text)
        if block.new_page and page.begun:
            yield page.page(number)
            number, page = number + 1, _Sheet()
        for position, piece in enumerate(_pieces(text, full)):
            if page.length and _turns(page, piece, block, full):
                yield page.page(number)
                number, page = number + 1, _Sheet()
            page.add(piece, block.level if position == 0 else 0, tight=block.tight)
        page.begun = True
    if page.length:
        yield page.page(number)


def _turns(page: _Sheet, piece: str, block: Block, full: int) -> bool:
    if page.length + len(piece) > full:
        return True
    return block.level in (1, 2) and page.length > full // 2


def _pieces(text: str, full: int) -> list[str]:
    """The text, in pieces no longer than a page."""
    if len(text) <= full:
        return [text] if text else []
    pieces: list[str] = []
    begin = end = 0
    for start, stop in sentences(text):
        if stop - begin > full and end > begin:
            pieces.append(text[begin:end])
            begin = start
        while stop - begin > full:
            cut = text.rfind(" ", begin + 1, begin + full)
            cut = begin + full if cut < 0 else cut
            pieces.append(text[begin:cut].strip())
            begin = cut
        end = stop
    pieces.append(text[begin:end].strip())
    return [piece for piece in pieces if piece]


class _Sheet:
    """A page being written."""

    def __init__(self) -> None:
        self.begun = False
        self.length = 0
        self._parts: list[str] = []
        self._headings: list[Heading] = []

    def add(self, text: str, level: int, *, tight: bool) -> None:
        between = "" if not self._parts else "\n" if tight else "\n\n"
        if level:
            self._headings.append(Heading(self.length + len(between), " ".join(text.split()), level))
        self._parts.append(between + text)
        self.length += len(between) + len(text)

    def page(self, number: int) -> Page:
        return Page(number, "".join(self._parts), tuple(self._headings))
