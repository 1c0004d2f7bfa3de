"""Pages to passages."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.documents.base import Heading
from services.documents.chunking import LONGEST, MOST, chunks
from services.documents.sentences import sentences

HINDI = "बुखार होने पर आराम करें और पानी पिएँ। तीन दिन से अधिक बुखार रहे तो डॉक्टर को दिखाएँ। "


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("It rained. We went in.", ["It rained.", "We went in."]),
        (
            "Dr. Rao paid 3.5 lakh to A. Joshi, e.g. in May. Good!",
            ["Dr. Rao paid 3.5 lakh to A. Joshi, e.g. in May.", "Good!"],
        ),
        ("वह आया। वह गया॥ फिर?", ["वह आया।", "वह गया॥", "फिर?"]),
        ("a | b\nc | d", ["a | b", "c | d"]),
        ("1. First item", ["1. First item"]),
        ("  \n ", []),
    ],
)
def test_sentences(text: str, found: list[str]) -> None:
    assert [text[start:end] for start, end in sentences(text)] == found


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=3_000))
def test_passages_hold_every_word_where_they_say(text: str) -> None:
    made = chunks(text)
    assert [text[chunk.start : chunk.end] for chunk in made] == [chunk.text for chunk in made]
    assert "".join("".join(chunk.text.split()) for chunk in made) == "".join(text.split())
    assert all(one.end <= other.start for one, other in pairwise(made))


@pytest.mark.parametrize("sentence", ["Every word of this sentence counts as one of them. ", HINDI])
def test_passages_are_of_a_size_that_one_thought_has(sentence: str) -> None:
    made = chunks((sentence * 200).strip())
    sizes = [len(chunk.text.split()) for chunk in made]
    assert len(made) > 5
    assert all(100 <= size <= MOST for size in sizes[:-1])
    assert all(chunk.text.endswith((".", "।")) for chunk in made)


def test_text_without_spaces_is_cut_by_its_length() -> None:
    assert max(len(chunk.text) for chunk in chunks("字" * 10_000)) <= LONGEST


def test_headings_begin_passages_and_are_kept() -> None:
    section = "This section says enough about its own matter to stand for itself, as sections do. " * 2
    text = f"Rent\n\n{section}\n\nPets\n\n{section}"
    headings = [Heading(0, "Rent", 1), Heading(text.index("Pets"), "Pets", 1)]
    assert [chunk.heading for chunk in chunks(text, headings)] == ["Rent", "Pets"]
    assert [chunk.heading for chunk in chunks(section, (), "Guests")] == ["Guests"]
