"""Text in somebody's material that reads like an order to an assistant: never obeyed, and told of.

The signs are patterns in `data/planted.tsv`, searched in the folded text.
"""

from __future__ import annotations

import re
from functools import cache

from services.agent.wording import rows
from services.answers.text_folding import fold, pattern

LONGEST = 20_000
"""Characters looked at of one text."""


@cache
def _finder() -> re.Pattern[str]:
    signs = [row["pattern"] for row in rows("planted.tsv")]
    return re.compile("|".join(f"(?:{pattern(sign).pattern})" for sign in signs), re.MULTILINE)


def is_planted(*texts: str | None) -> bool:
    """Whether one of the texts reads like an order to an assistant. File names may have `_`, `-` and `.` for spaces."""
    return any(_reads_so(text[:LONGEST]) for text in texts if text)


def _reads_so(text: str) -> bool:
    lines = "\n".join(fold(line) for line in text.splitlines())
    if _finder().search(lines) or _finder().search(" ".join(lines.split())):
        return True
    spaced = re.sub(r"[_.\-+]+", " ", lines)
    return spaced != lines and _finder().search(spaced) is not None
