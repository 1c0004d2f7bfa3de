"""Written text to spoken text, sentences and languages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.content import Language
from services.errors import InvalidInput
from services.speech.espeak import say
from services.speech.language import identify, likelihoods
from services.speech.sentences import LONGEST, sentences
from services.speech.speakable import speakable


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("# Title\n\n- **one** item\n- two `code`", "Title. one item. two code."),
        ("1. first\n2. second", "1. first. 2. second."),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "a. b. 1. 2."),
        ("Hello 🙂 world! See https://www.example.com/a?b=1.", "Hello world! See example.com."),
        ("<b>Bold</b> & 5 < 6, 20°C, 50%, ₹30", "Bold & 5 < 6, 20°C, 50%, ₹30."),
        ("मैं Python में **25** किताबें पढ़ता हूँ।", "मैं Python में 25 किताबें पढ़ता हूँ।"),
        ("![a dog](x.png) and [a link](http://a.b/c)", "a dog and a link."),
        ("क्\u200dष \ufeffa\u202eb", "क्\u200dष ab."),
        ("line one\nline two", "line one line two."),
        ("snake_case stays", "snake_case stays."),
    ],
)
def test_speakable(written: str, said: str) -> None:
    assert speakable(written) == said


@given(st.text(max_size=300))
def test_any_text_is_said_or_refused_and_the_engine_lives(text: str) -> None:
    try:
        spoken = speakable(text)
    except InvalidInput:
        return
    assert spoken.strip() == spoken
    assert "\n" not in spoken
    for voice in ("en-us", "hi", "mr"):
        say(spoken, voice, 300)


TALK = (
    "There is a chair (Dr. Smith's) 3.5 metres ahead. Yes. It's brown! \"Is it?\" he said. The flag, e.g. red, waves. "
    "A. B. Smith came.\n\n- one thing here\n- two things there\n1. first point is\n2. second point is\n"
    "आपके सामने एक कुर्सी है। वह भूरी है। डॉ. राव यहाँ हैं। "
)
SPOKEN = [
    "There is a chair (Dr. Smith's) 3.5 metres ahead.",
    "Yes. It's brown!",
    '"Is it?" he said.',
    "The flag, e.g. red, waves.",
    "A. B. Smith came.",
    "- one thing here",
    "- two things there",
    "1. first point is",
    "2. second point is\nआपके सामने एक कुर्सी है।",
    "वह भूरी है। डॉ. राव यहाँ हैं।",
]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50, 10_000])
def test_sentences_are_the_same_however_the_text_comes(size: int) -> None:
    assert list(sentences(TALK[at : at + size] for at in range(0, len(TALK), size))) == SPOKEN


def test_a_sentence_comes_before_the_next_is_written() -> None:
    taken = 0

    def pieces():
        nonlocal taken
        for piece in ["There is a chair.", " It", " is brown.", " It is old."]:
            taken += 1
            yield piece

    assert next(sentences(pieces())) == "There is a chair."
    assert taken == 2


def test_an_endless_sentence_is_cut_at_a_comma_or_space() -> None:
    cut = list(sentences(["many words, and then " * 60]))
    assert all(len(each) <= LONGEST for each in cut)
    assert all(each.endswith(",") or each == cut[-1] for each in cut)
    assert list(sentences(["x" * 1000])) == ["x" * LONGEST] * 3 + ["x" * 100]


@given(st.lists(st.text('ab .!?।\n-*1🙂"', max_size=12), max_size=30))
def test_no_word_is_lost(pieces: list[str]) -> None:
    said = list(sentences(pieces))
    assert [char for char in "".join(said) if char.isalnum()] == [char for char in "".join(pieces) if char.isalnum()]
    assert all(len(each) <= LONGEST for each in said)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("What is this?", "en"),
        ("यह क्या है", "hi"),
        ("मेरे सामने क्या रखा है", "hi"),
        ("हे काय आहे", "mr"),
        ("माझ्या समोर काय आहे", "mr"),
        ("हा कोणता रंग आहे", "mr"),
        ("इथे किती लोक आहेत", "mr"),
        ("दरवाज़ा कहाँ है", "hi"),
    ],
)
def test_language(text: str, language: Language) -> None:
    assert identify(text) == language
    assert sum(likelihoods(text).values()) == pytest.approx(1.0)


def test_language_of_nothing_is_the_first_asked_for() -> None:
    assert identify("123", ["mr", "en"]) == "mr"
