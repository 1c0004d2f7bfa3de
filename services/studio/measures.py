"""Lengths, regions and places: how operations say how much and where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

Colour = Annotated[str, Field(pattern=r"^#[0-9a-f]{6}([0-9a-f]{2})?$")]
Fraction = Annotated[float, Field(ge=0, le=1)]
Unit = Literal["px", "percent"]


@dataclass(frozen=True, slots=True)
class Length:
    """A length in pixels, or in percent of a side that the operation names."""

    value: Annotated[float, Field(ge=0, le=100_000)]
    unit: Unit = "px"

    def pixels(self, reference: int) -> int:
        """Whole pixels, `reference` being the side that percentages are of."""
        return round(self.value if self.unit == "px" else self.value * reference / 100)


@dataclass(frozen=True, slots=True)
class Region:
    """A rectangle in fractions of the picture's width and height, from its top left corner."""

    left: Fraction
    top: Fraction
    right: Fraction
    bottom: Fraction

    def box(self, size: tuple[int, int]) -> tuple[int, int, int, int]:
        width, height = size
        left, top = round(self.left * width), round(self.top * height)
        return left, top, max(left + 1, round(self.right * width)), max(top + 1, round(self.bottom * height))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a thing stands: 0 is at the left or top edge, 1 at the right or bottom one, with a margin kept.
    `at` is its centre in pixels and goes before `x` and `y`."""

    x: Fraction = 0.5
    y: Fraction = 0.5
    at: tuple[int, int] | None = None


CENTRE = Place()
