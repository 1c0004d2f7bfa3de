"""The text of a scanned page, from the lines that were read off its picture."""

from __future__ import annotations

from collections.abc import Sequence

from services.documents.base import clean
from services.vision.facts import TextLine


def as_text(lines: Sequence[TextLine]) -> str:
    """Lines in reading order; what stands on one level far apart is a table's row."""
    rows: list[list[TextLine]] = []
    for line in lines:
        if rows and _beside(rows[-1][-1], line):
            rows[-1].append(line)
        else:
            rows.append([line])
    parts: list[str] = []
    last: TextLine | None = None
    for row in rows:
        apart = last is not None and row[0].box.top - last.box.bottom > 1.2 * (row[0].box.bottom - row[0].box.top)
        parts.append(("\n\n" if apart else "\n") if parts else "")
        parts.append(" | ".join(line.text for line in row))
        last = row[-1]
    return clean("".join(parts))


def _beside(one: TextLine, other: TextLine) -> bool:
    return one.box.top < other.box.centre[1] < one.box.bottom and other.box.left > one.box.left
