"""Order and trust of what the recogniser hands over."""

from __future__ import annotations

import numpy as np
import pytest

from services.vision.reading import Piece, in_order, least_confidence


def piece(text: str, left: float, top: float, width: float, height: float = 20, *, turn: float = 0) -> Piece:
    """A run of text in a box, the whole page turned by degrees about its corner."""
    corners = np.array([[left, top], [left + width, top], [left + width, top + height], [left, top + height]])
    angle = np.radians(turn)
    rotation = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return Piece(text, 0.95, corners @ rotation)


def read(pieces: list[Piece]) -> list[str]:
    return [" ".join(each.text for each in line) for line in in_order(pieces)]


@pytest.mark.parametrize("turn", [0, -14, 14, 40, 180])
def test_lines_keep_their_order_on_a_page_askew(turn: float) -> None:
    lines = [piece(str(row), 10, 10 + row * 26, 600 - row * 20, turn=turn) for row in range(12)]
    shuffled = [lines[place] for place in np.random.default_rng(0).permutation(12)]
    assert read(shuffled) == [str(row) for row in range(12)]


def test_words_that_stand_together_are_one_line_and_columns_are_not() -> None:
    pieces = [piece("world", 70, 12, 60), piece("Hello", 5, 10, 55), piece("Other", 400, 11, 60)]
    assert read(pieces) == ["Hello world", "Other"]


def test_a_heading_beside_small_print_is_not_joined_to_it() -> None:
    assert read([piece("SALE", 0, 0, 100, 60), piece("until May", 105, 22, 80, 16)]) == ["SALE", "until May"]


def test_nothing() -> None:
    assert read([]) == []


@pytest.mark.parametrize(
    ("text", "score", "kept"),
    [("O", 0.95, False), ("4", 1.0, True), ("8", 0.9, False), ("日", 0.99, False), ("■", 1.0, False),
     ("OK", 0.95, True), ("OK", 0.9, False), ("Exit", 0.86, True), ("0000", 0.8, False),
     ("YAMAHA", 0.83, True), ("...", 1.0, False)],
)  # fmt: skip
def test_the_shorter_the_surer(text: str, score: float, kept: bool) -> None:
    assert (score >= least_confidence(text)) == kept
