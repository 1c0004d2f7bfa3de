"""Speaking while the text is being written."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from services.content import Language
from services.errors import ProviderUnavailable
from services.speech.base import Voice
from services.speech.local_voice import LocalVoice
from services.speech.talk import talk
from tests.speech.conftest import frames


class Slow(LocalVoice):
    """The local voice with a vendor's latency; it can lose its voice at a word."""

    def __init__(self, wait: float, broken_at: str = "\0") -> None:
        self.said: list[str] = []
        self._wait = wait
        self._broken_at = broken_at

    def speak(self, text: str, language: Language, voice: Voice = "default") -> bytes:
        self.said.append(text)
        time.sleep(self._wait)
        if self._broken_at in text:
            raise ProviderUnavailable("hoarse", provider="slow")
        return super().speak(text, language, voice)


def written(text: str, wait: float, done: threading.Event | None = None) -> Iterator[str]:
    """The text word by word, as a model writes it."""
    for word in text.split(" "):
        time.sleep(wait)
        yield word + " "
    if done:
        done.set()


TEXT = "There is a chair here. It is made of wood. Two people are sitting on the left. The way ahead is clear."


def test_the_first_sentence_is_heard_before_the_last_is_written() -> None:
    done = threading.Event()
    spoken = talk(written(TEXT, 0.03, done), Slow(0.05), "en")
    first = next(spoken)
    assert not done.is_set()
    rest = list(spoken)
    assert done.is_set()
    assert [each.text for each in (first, *rest)] == [f"{each.strip()}." for each in TEXT.split(".")[:-1]]
    assert set(frames(b"".join(each.audio for each in (first, *rest)))) == {(128, 44_100)}
    assert all(each.seconds >= 0.05 for each in rest)


def test_it_takes_little_longer_than_the_writing() -> None:
    started = time.monotonic()
    list(talk(written(TEXT, 0.04), Slow(0.2), "en"))
    together = time.monotonic() - started
    started = time.monotonic()
    for sentence in "".join(written(TEXT, 0.04)).split(".")[:-1]:
        Slow(0.2).speak(sentence, "en")
    assert together < 0.85 * (time.monotonic() - started)


def test_a_lost_voice_is_told_after_what_was_said() -> None:
    spoken = talk(written(TEXT, 0.0), Slow(0.0, broken_at="people"), "en")
    assert [next(spoken).text, next(spoken).text] == ["There is a chair here.", "It is made of wood."]
    with pytest.raises(ProviderUnavailable):
        next(spoken)


def test_leaving_early_leaves_the_rest_unsaid() -> None:
    slow = Slow(0.1)
    spoken = talk(written(TEXT * 5, 0.0), slow, "en")
    next(spoken)
    spoken.close()
    time.sleep(0.5)
    assert len(slow.said) <= 6


def test_nothing_written_is_nothing_said() -> None:
    assert list(talk(["", " \n", "🙂"], LocalVoice(), "hi")) == []
