"""Replay a chain of edits from its original, so that a tenth edit looks as good as the first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.studio.apply import apply
from services.studio.errors import CannotApply
from services.studio.frames import Frames, encode, load
from services.studio.operations import Canvas, Convert, Edit, Masked


@dataclass(frozen=True, slots=True)
class Rendered:
    """An encoded result; `notes` are sentences about what could not be kept."""

    data: bytes
    mime_type: str
    width: int
    height: int
    notes: tuple[str, ...] = ()


def render(original: bytes | None, operations: tuple[Edit, ...]) -> Rendered:
    """Do `operations` to `original` in order and encode once.

    Args:
        original: the file the chain began with; None when it begins with a canvas. Without operations the
            caller already has the result: the original itself.

    Raises:
        CannotApply: an operation does not fit the picture; there is no picture at all.
        TooLarge: a result over 50 megapixels.
        ImageRejected: the original is none.
    """
    return finish(replay(original, operations), operations)


def replay(original: bytes | None, operations: tuple[Edit, ...]) -> Frames:
    """`render` before the encoding."""
    frames: Frames | None = None
    start = _last_canvas(operations)
    if start is None:
        if original is None:
            raise CannotApply("there is no picture yet")
        frames = load(original)
    for operation in operations[start or 0 :]:
        frames = apply(frames, operation)
    if frames is None:
        raise CannotApply("there is no picture yet")
    return frames


def finish(frames: Frames, operations: tuple[Edit, ...]) -> Rendered:
    """Encode what `operations` led to."""
    data, mime_type = encode(frames, lossless=is_lossless(operations))
    return Rendered(data, mime_type, *frames.size, notes=frames.notes)


def is_lossless(operations: Sequence[Edit]) -> bool:
    """Whether what they lead to is written without loss: where one of them had a mask, unless it was then asked to be
    of another kind."""
    marks = [one for one in operations if isinstance(one, Masked | Convert)]
    return bool(marks) and isinstance(marks[-1], Masked)


def _last_canvas(operations: tuple[Edit, ...]) -> int | None:
    """A canvas makes everything before it moot."""
    return next((index for index in reversed(range(len(operations))) if isinstance(operations[index], Canvas)), None)
