"""The work on one wish, and what is told of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from services.studio.base import ChainBase
from services.studio.frames import Frames
from services.studio.operations import Edit
from services.studio.parse import NotUnderstood

MAX_ECHO = 200
KEYS = "GEMINI_API_KEY or OPENAI_API_KEY"
_HINTS = (
    ("crop", "say what to keep, such as “crop to a square” or “crop to the left half”"),
    ("text", "say which words, in quotes: add the text “Hello” at the top"),
    ("caption", "say which words, in quotes: add the caption “Hello”"),
    ("resize", "say how large, such as “resize to 800x600” or “to 50%”"),
)


@dataclass(slots=True)
class Sheet:
    """The work on one request."""

    frames: Frames | None
    chain: list[Edit]
    base: ChainBase
    mask: str | None = None
    done: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    beyond: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    taken_back: bool = False
    history: list[tuple[Frames | None, list[Edit], list[str]]] = field(default_factory=list)


def short(words: str) -> str:
    """A person's words as they are told back: at most `MAX_ECHO` characters and an ellipsis."""
    return words if len(words) <= MAX_ECHO else words[:MAX_ECHO].rstrip() + "…"


def note(sheet: Sheet, step: NotUnderstood) -> None:
    """Keep what was not understood, with what to say instead where that is known."""
    words = step.words.lower()
    hint = next(
        (hint for word, hint in _HINTS if word in words and set(step.leftovers) <= {word, "crop", "resize"}), None
    )
    if hint:
        sheet.problems.append(f"“{short(step.words)}”: {hint}.")
    else:
        sheet.beyond.append(f"“{short(step.words)}”")


def _problems(sheet: Sheet) -> list[str]:
    """What was not done and why; what is beyond this editor all at once."""
    if not sheet.beyond:
        return sheet.problems
    cannot = (
        f"{', '.join(sheet.beyond)}: the local editor cannot do that. It crops, turns, resizes, adjusts, frames, "
        f"writes and draws simple shapes; a picture model can do more, if the server has a {KEYS}."
    )
    return [*sheet.problems, cannot]


def _sentence(parts: list[str]) -> str:
    text = "; ".join(parts)
    return text[0].upper() + text[1:] + "."


def text_of(sheet: Sheet) -> str:
    """The reply: what was done, what was like that already, what is worth knowing, what was not done and why."""
    lines = []
    if sheet.done:
        lines.append(_sentence(sheet.done))
    if sheet.unchanged:
        lines.append("This changed nothing, the picture was like that already: " + "; ".join(sheet.unchanged) + ".")
    lines.extend(sheet.remarks)
    if sheet.left_out:
        lines.append("Left alone, as you asked: " + "; ".join(f"“{words}”" for words in sheet.left_out) + ".")
    if problems := _problems(sheet):
        lines.append(("Not done: " if sheet.done else "Nothing was done. ") + " ".join(problems))
    if not lines and sheet.taken_back:
        lines.append("What you asked for was taken back again, so nothing changed.")
    if not lines:
        lines.append("I did not find an edit in that. Say for example “make it black and white”.")
    return "\n\n".join(lines)
