"""Word documents."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any, Final

import docx
from docx.oxml.ns import qn

from services.documents.base import Page
from services.documents.flow import FULL, Block, paginate
from services.documents.kinds import check_docx

LARGEST: Final = 8 * FULL
"""Characters of a page in a document that says itself where its pages end."""

LISTED: Final = -1

_PAGE_ENDS: Final = "\x0c"
_TEXT, _TAB, _BREAK, _HYPHEN = qn("w:t"), qn("w:tab"), qn("w:br"), qn("w:noBreakHyphen")
_RENDERED, _CARRIAGE = qn("w:lastRenderedPageBreak"), qn("w:cr")
_PARAGRAPH, _TABLE, _ROW, _CELL = qn("w:p"), qn("w:tbl"), qn("w:tr"), qn("w:tc")
_WRAPPERS: Final = frozenset({qn("w:sdt"), qn("w:sdtContent"), qn("w:customXml"), qn("w:ins"), qn("w:moveTo")})
_FALLBACK: Final = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_UNREAD: Final = frozenset({_FALLBACK, qn("w:del"), qn("w:moveFrom"), qn("w:pPr"), qn("w:rPr"), qn("w:instrText")})


def read_docx(data: bytes) -> Iterator[Page]:
    """Pages end where Word last ended them or where the writer did; in a document that Word never laid out, they are
    also cut by size. Headers, footers and notes are not read.

    Raises:
        DocumentTypeRefused, DocumentRejected: see `kinds.check_docx`.
    """
    check_docx(data)
    document = docx.Document(io.BytesIO(data))
    body = document.element.body
    laid_out = next(body.iter(_RENDERED), None) is not None
    blocks = _blocks(body, _heading_levels(document))
    return paginate(blocks, full=LARGEST if laid_out else FULL)


def _heading_levels(document: Any) -> dict[str, int]:
    """Levels of the styles that headings have, by the styles' ids, and `LISTED` of those that lists have; Word keeps
    their names in English."""
    levels = {}
    for style in document.styles:
        name = str(style.name or "").lower()
        if name == "title":
            levels[style.style_id] = 1
        elif found := re.fullmatch(r"heading ([1-9])", name):
            levels[style.style_id] = min(6, int(found[1]))
        elif name.startswith(("list bullet", "list number")):
            levels[style.style_id] = LISTED
    return levels


def _blocks(parent: Any, levels: dict[str, int]) -> Iterator[Block]:
    new_page = False
    listed = False
    for element in _members(parent):
        if element.tag == _TABLE:
            for position, row in enumerate(_rows(element)):
                yield Block(row, tight=position > 0, new_page=new_page and position == 0)
                new_page = False
            listed = False
            continue
        level, item, begins_page, ends_section = _properties(element, levels)
        new_page = new_page or begins_page
        pieces = _text(element).split(_PAGE_ENDS)
        for position, piece in enumerate(pieces):
            new_page = new_page or position > 0
            if piece.strip():
                yield Block(f"- {piece}" if item else piece, level, tight=item and listed, new_page=new_page)
                new_page = False
        listed = item
        new_page = new_page or ends_section


def _members(parent: Any) -> Iterator[Any]:
    """Paragraphs and tables, also those in content controls and insertions."""
    for child in parent:
        if child.tag in (_PARAGRAPH, _TABLE):
            yield child
        elif child.tag in _WRAPPERS:
            yield from _members(child)


def _properties(paragraph: Any, levels: dict[str, int]) -> tuple[int, bool, bool, bool]:
    """A paragraph's heading level, whether it is a list's item, begins a page, and ends a section with its page."""
    properties = paragraph.find(qn("w:pPr"))
    if properties is None:
        return 0, False, False, False
    style = properties.find(qn("w:pStyle"))
    level = levels.get(style.get(qn("w:val")), 0) if style is not None else 0
    outline = properties.find(qn("w:outlineLvl"))
    if not level and outline is not None and (given := outline.get(qn("w:val"), "")) in set("012345"):
        level = int(given) + 1
    before = properties.find(qn("w:pageBreakBefore"))
    begins = before is not None and before.get(qn("w:val"), "1") not in ("0", "false", "off")
    section = properties.find(qn("w:sectPr"))
    kind = section.find(qn("w:type")) if section is not None else None
    ends = section is not None and (kind is None or kind.get(qn("w:val")) != "continuous")
    item = level == LISTED or (level == 0 and properties.find(qn("w:numPr")) is not None)
    return max(0, level), item, begins, ends


def _rows(table: Any) -> Iterator[str]:
    for row in table.iter(_ROW):
        if next(row.iterancestors(_TABLE)) is not table:
            continue  # a table within a cell, whose words the cell has
        cells = [" ".join(_text(cell).split()) for cell in row.iterchildren(_CELL)]
        if any(cells):
            yield " | ".join(cells)


def _text(element: Any) -> str:
    """What is written in an element, a form feed where a page ends in it."""
    parts: list[str] = []
    waiting = [iter(element)]
    while waiting:
        child = next(waiting[-1], None)
        if child is None:
            waiting.pop()
            continue
        if child.tag in _UNREAD:
            continue
        if child.tag == _TEXT:
            parts.append(child.text or "")
        elif child.tag in (_TAB, _CARRIAGE):
            parts.append(" ")
        elif child.tag == _HYPHEN:
            parts.append("-")
        elif child.tag == _RENDERED:
            parts.append(_PAGE_ENDS)
        elif child.tag == _BREAK:
            parts.append(_PAGE_ENDS if child.get(qn("w:type")) == "page" else "\n")
        else:
            if child.tag == _PARAGRAPH and parts:
                parts.append("\n")
            waiting.append(iter(child))
    # Word writes both where the writer's own page break was laid out.
    return re.sub(f"{_PAGE_ENDS}\\s*{_PAGE_ENDS}", _PAGE_ENDS, "".join(parts))
