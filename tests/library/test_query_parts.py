"""Parts of a query taken away again, one by one."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from services.library.query import understand
from services.library.query_parts import without

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "gone", "same"),
    [
        ("a cat in a png", ["type: png"], "a cat"),
        ("a cat in a png", ["object: cat"], "png"),
        ("two red cars", ["color: red"], "two cars"),
        ("a red car", ["object: car"], "red"),
        ("a cat without people", ["not: person"], "a cat"),
        ("cats or dogs", ["object: dog"], "cats"),
        ("harbour, not blurry", ["not: quality blurred", "not: blurred"], "harbour"),
        ("dogs from last week", ["date: last 7 days"], "dogs"),
        ('dogs and "exit"', ["text: exit"], "dogs"),
        ("high confidence detections of people", ["confidence: high"], "people"),
        ("dogs over 2 mb", ["size: over 2 MB"], "dogs"),
        ("dogs in the folder called Beach", ["folder: beach"], "dogs"),
        ("landscape photos of a dog", ["orientation: landscape"], "photos of a dog"),
        ("a harbour at dawn with a boat", ["object: boat"], "a harbour at dawn"),
    ],
)
def test_a_query_is_as_if_the_part_had_not_been_said(text: str, gone: list[str], same: str) -> None:
    query = understand(text, NOW)
    assert set(gone) & set(query.filters), query.filters
    assert without(query, gone) == understand(same, NOW)


def test_what_is_no_part_of_it_is_passed_over() -> None:
    query = understand("a red car from last week", NOW)
    assert without(query, ["color: green", "nonsense", ""]) is query


def test_without_all_of_its_parts_nothing_is_asked_for() -> None:
    query = understand("two red cars in a png from last week", NOW)
    assert without(query, query.filters).is_empty
