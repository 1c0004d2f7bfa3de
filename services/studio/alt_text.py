"""An alternative text for a version: what the picture shows, and what was done to it."""

from __future__ import annotations

from collections.abc import Callable

from services.studio import describe
from services.studio.operations import Canvas, Convert, Edit, Shape, Text

Captioner = Callable[[bytes], str | None]
"""Says in a few words what a picture shows, or None where nobody can tell."""
MAX_LENGTH = 300


def alt_text(operations: tuple[Edit, ...], *, data: bytes | None = None, caption: Captioner | None = None) -> str:
    """One sentence of at most 300 characters.

    Args:
        operations: the version's whole chain.
        data: its picture, for the captioner.
        caption: asked what the picture shows, unless the chain began with a canvas and so is known.
    """
    operations = tuple(one for one in operations if not isinstance(one, Convert))  # it shows the same
    start = max((number for number, one in enumerate(operations) if isinstance(one, Canvas)), default=None)
    if start is not None:
        subject, rest = _drawn(operations[start:])
    else:
        said = caption(data) if caption and data is not None else None
        subject, rest = (said or "Edited picture" if operations else said or "Picture"), operations
    parts = [subject.strip().rstrip(".")] + [describe.describe(one) for one in rest]
    text = ", ".join(parts)
    text = text[0].upper() + text[1:]
    return (text if len(text) < MAX_LENGTH else text[: MAX_LENGTH - 2].rsplit(",", 1)[0]) + "."


def _drawn(operations: tuple[Edit, ...]) -> tuple[str, tuple[Edit, ...]]:
    """What a canvas shows, and what was done to it after the first things were put on it."""
    canvas = operations[0]
    if not isinstance(canvas, Canvas):
        raise TypeError("a drawing begins with a canvas")
    things = []
    for one in operations[1:]:
        if isinstance(one, Shape):
            things.append(describe.shapes(one))
        elif isinstance(one, Text):
            things.append(f"the text “{one.text}”")
        else:
            break
    rest = operations[1 + len(things) :]
    ground = describe.canvas(canvas).rsplit(" of ", 1)[0]
    if not things:
        return ground, rest
    ground = ground.replace("a plain ", "a ").replace(" canvas", " background")
    return f"{' and '.join(things)} on {ground}", rest


def prompt_alt_text(prompt: str, *, edited: bool) -> str:
    """For a picture of a model that made no words about it: the wish it came from, said to be one."""
    words = " ".join(prompt.split())
    words = words if len(words) <= 200 else words[:199].rsplit(" ", 1)[0] + "…"
    return f"{'Picture edited' if edited else 'Picture made'} for the request “{words}”."
