"""The lines of a PDF's page put together to paragraphs, headings and table rows, by where they stand."""

from __future__ import annotations

import ctypes
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import pypdfium2.raw as c

from services.documents.base import Heading, clean

CELL_GAP: Final = 1.4
"""Heights of a letter that part the cells of a row; justified text never stands so wide apart."""
HEADING: Final = 1.15
"""Times the size of most of the text."""
HEADING_LENGTH: Final = 150
PARAGRAPH_GAP: Final = 0.75
"""Heights of a line that part paragraphs."""
FULL: Final = 0.8
"""Of the widest line's reach; a line that ends before it ends what it is part of."""

SOFT: Final = ("\ufffe", "\x02")
"""What PDFium has for a hyphen at the end of a line, asked for the text or for one character."""

_LINE_END = re.compile("[\r\n\x02\ufffe]|\\Z")
_BLANKS = re.compile(" +")
_BULLET = re.compile(r"(?:[-–•●▪◦*]|\(?\d{1,3}[.)]|\(?[a-z][.)])\s")


@dataclass(frozen=True, slots=True)
class Outlined:
    """A bookmark."""

    title: str
    level: int


@dataclass(slots=True)
class Line:
    """What stands side by side: its cells, and where it is, in points from the page's bottom left."""

    cells: list[str]
    left: float
    right: float
    bottom: float
    top: float

    @property
    def size(self) -> float:
        return max(0.1, self.top - self.bottom)

    @property
    def text(self) -> str:
        return " ".join(self.cells)


def lines(textpage: Any) -> list[Line]:
    """The page's lines in the order in which the file has them."""
    text = _characters(textpage)
    found: list[Line] = []
    begin = 0
    for match in _LINE_END.finditer(text):
        # PDFium puts a hyphen's mark in place of the line's end.
        line = _line(textpage, text, begin, match.end() if match[0] in SOFT else match.start())
        if line is not None:
            _add(found, line)
        begin = match.end()
    return found


def _characters(textpage: Any) -> str:
    """The page's characters, each at the place by which PDFium knows it."""
    count = textpage.count_chars()
    buffer = (ctypes.c_ushort * (2 * count + 1))()
    written = c.FPDFText_GetText(textpage, 0, count, buffer)
    text = bytes(buffer)[: 2 * max(0, written - 1)].decode("utf-16-le", "surrogatepass")
    if len(text) == count:
        return text
    codes = (c.FPDFText_GetUnicode(textpage, index) for index in range(count))
    return "".join(chr(code) if code < 0x110000 else "\ufffd" for code in codes)


def _line(textpage: Any, text: str, begin: int, end: int) -> Line | None:
    while begin < end and text[begin] == " ":
        begin += 1
    while end > begin and text[end - 1] == " ":
        end -= 1
    if begin == end:
        return None
    first, last = _box(textpage, begin), _box(textpage, end - 1)
    bottom, top = min(first[1], last[1]), max(first[3], last[3])
    size = max(0.1, top - bottom)
    cells = []
    cell = begin
    for blank in _BLANKS.finditer(text, begin, end):
        before, after = blank.span()
        # One that stands in the file is as wide as a letter; only one that PDFium found can be a column's gap.
        if after - before == 1 and c.FPDFText_IsGenerated(textpage, before) == 0:
            continue
        if _box(textpage, after)[0] - _box(textpage, before - 1)[2] > CELL_GAP * size:
            cells.append(text[cell:before])
            cell = after
    cells.append(text[cell:end])
    return Line(cells, first[0], last[2], bottom, top)


def _box(textpage: Any, index: int) -> tuple[float, float, float, float]:
    """Left, bottom, right and top of a character, with the room that its font gives it."""
    box = c.FS_RECTF()
    if not c.FPDFText_GetLooseCharBox(textpage, index, ctypes.byref(box)):
        return 0.0, 0.0, 0.0, 0.0
    return box.left, min(box.bottom, box.top), box.right, max(box.bottom, box.top)


def _add(found: list[Line], line: Line) -> None:
    """Put a line down, or to the right of the last where it stands on the same level."""
    if found:
        last = found[-1]
        overlap = min(last.top, line.top) - max(last.bottom, line.bottom)
        if overlap > 0.6 * min(last.size, line.size) and line.left >= last.right - 0.2 * last.size:
            if line.left - last.right > CELL_GAP * min(last.size, line.size):
                last.cells += line.cells
            else:
                last.cells[-1] += f" {line.cells[0]}"
                last.cells += line.cells[1:]
            last.right, last.bottom = max(last.right, line.right), min(last.bottom, line.bottom)
            last.top = max(last.top, line.top)
            return
    found.append(line)


def layout(found: Sequence[Line], outline: Sequence[Outlined] = ()) -> tuple[str, tuple[Heading, ...]]:
    """The page's text and its headings.

    Args:
        outline: bookmarks that point at this page; those whose words stand on it are headings of it.
    """
    if not found:
        return "", ()
    body = _body_size(found)
    reach = max(line.right for line in found)
    titles = {_plain(mark.title): mark.level for mark in outline}
    sizes = sorted({round(line.size, 1) for line in found if line.size > HEADING * body}, reverse=True)
    parts: list[str] = []
    headings: list[Heading] = []
    length = 0
    before: Line | None = None
    heading_open = False
    for index, line in enumerate(found):
        row = _is_row(found, index)
        level = 0 if row else _level(line, titles, sizes)
        text = clean(" | ".join(line.cells) if row else line.text)
        if not text:
            continue
        joint = "" if before is None else _joint(before, line, reach, tight=row and _is_row(found, index - 1))
        if level and heading_open and before is not None and abs(before.size - line.size) < 0.5 and joint != "\n\n":
            joint, last = " ", headings.pop()
            headings.append(Heading(last.start, f"{last.text} {text}", last.level))
        else:
            if (level or heading_open) and before is not None:
                joint = "\n\n"
            if level:
                headings.append(Heading(length + len(joint), text, level))
        if before is not None and before.text.endswith(SOFT):
            joint = ""  # the mark is gone from the text as every control character is
        parts.append(joint + text)
        length += len(joint) + len(text)
        before, heading_open = line, bool(level)
    return "".join(parts), tuple(headings)


def _body_size(found: Sequence[Line]) -> float:
    """The size in which most of the text is set."""
    sizes: Counter[float] = Counter()
    for line in found:
        sizes[round(line.size, 1)] += len(line.text)
    return sizes.most_common(1)[0][0]


def _is_row(found: Sequence[Line], index: int) -> bool:
    """A table's row has cells, and another such row beside it."""
    if index < 0 or len(found[index].cells) < 2:
        return False
    return any(0 <= beside < len(found) and len(found[beside].cells) > 1 for beside in (index - 1, index + 1))


def _level(line: Line, titles: dict[str, int], sizes: Sequence[float]) -> int:
    text = line.text.strip()
    level = titles.get(_plain(text), 0)
    if level or not sizes or len(text) > HEADING_LENGTH or not any(character.isalpha() for character in text):
        return level
    size = round(line.size, 1)
    return min(6, sizes.index(size) + 1) if size in sizes else 0


def _joint(before: Line, line: Line, reach: float, *, tight: bool) -> str:
    """What stands between two lines: a space within a paragraph, a line's end, or an empty line."""
    if tight:
        return "\n"
    gap = before.bottom - line.top
    size = min(before.size, line.size)
    if gap > PARAGRAPH_GAP * size or gap < -3 * size or abs(before.size - line.size) > 0.2 * size:
        return "\n\n"
    if before.right < FULL * reach or _BULLET.match(line.text) or len(before.cells) > 1 or len(line.cells) > 1:
        return "\n"
    return " "


def _plain(title: str) -> str:
    return " ".join(title.casefold().split())
