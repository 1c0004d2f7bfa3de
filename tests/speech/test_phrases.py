"""Speech that is kept."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from services.content import Language
from services.errors import ProviderUnavailable
from services.speech.base import LANGUAGES, Voice
from services.speech.clips import FOLDER, clip, clip_path
from services.speech.local_voice import LocalVoice
from services.speech.make_clips import make_clips
from services.speech.messages import MESSAGES, message
from services.speech.phrases import Phrases
from services.speech.speakable import speakable
from tests.speech.conftest import frames


class Counted:
    """The local voice, counting what it is asked."""

    name = "counted"

    def __init__(self, wait: float = 0.0) -> None:
        self.asked: list[tuple[str, Language, Voice]] = []
        self._voice = LocalVoice()
        self._wait = wait
        self.down = False

    def speak(self, text: str, language: Language, voice: Voice = "default") -> bytes:
        self.asked.append((text, language, voice))
        time.sleep(self._wait)
        if self.down:
            raise ProviderUnavailable("down", provider=self.name)
        return self._voice.speak(text, language, voice)

    def probe(self) -> None:
        self._voice.probe()

    def close(self) -> None:
        self._voice.close()


def test_made_once_and_kept_over_a_restart(tmp_path: Path) -> None:
    counted = Counted()
    first = Phrases(counted, tmp_path / "speech")
    made = first.speak("Please wait.", "en")
    assert first.speak("Please wait.", "en") == made
    assert Phrases(counted, tmp_path / "speech").speak("Please wait.", "en") == made
    assert len(counted.asked) == 1
    first.speak("Please wait.", "en", "slow")
    first.speak("Please wait.", "hi")
    assert len(counted.asked) == 3
    assert first.counts.hits == 1


def test_many_at_once_make_it_once(tmp_path: Path) -> None:
    counted = Counted(wait=0.1)
    phrases = Phrases(counted, tmp_path)
    threads = [threading.Thread(target=phrases.speak, args=("One moment.", "en")) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(counted.asked) == 1


def test_a_failure_is_not_kept(tmp_path: Path) -> None:
    counted = Counted()
    counted.down = True
    phrases = Phrases(counted, tmp_path)
    with pytest.raises(ProviderUnavailable):
        phrases.speak("Hello.", "en")
    counted.down = False
    assert phrases.speak("Hello.", "en")


def test_the_folder_stays_within_its_bound(tmp_path: Path) -> None:
    phrases = Phrases(Counted(), tmp_path, memory_bytes=1, disk_bytes=60_000)
    for number in range(12):
        phrases.speak(f"Number {number} is here.", "en")
    phrases.sweep()
    sizes = [path.stat().st_size for path in tmp_path.iterdir()]
    assert sum(sizes) <= 60_000
    assert len(sizes) >= 2


def test_the_least_recently_used_go_first(tmp_path: Path) -> None:
    counted = Counted()
    phrases = Phrases(counted, tmp_path, memory_bytes=1)
    for number in range(3):
        phrases.speak(f"Number {number} is here.", "en")
    for path in tmp_path.iterdir():
        os.utime(path, (1, 1))
    phrases.speak("Number 1 is here.", "en")
    size = max(path.stat().st_size for path in tmp_path.iterdir())
    assert Phrases(counted, tmp_path, disk_bytes=size).sweep() == 2
    Phrases(counted, tmp_path).speak("Number 1 is here.", "en")
    assert len(counted.asked) == 3


def test_a_disk_that_fails_costs_no_answer(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert Phrases(Counted(), tmp_path / "file").speak("Hello.", "en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_can_be_spoken_and_has_its_clip(language: Language) -> None:
    for key in MESSAGES:
        text = message(key, language)
        assert speakable(text) == text
        assert any("\u0900" <= char <= "\u097f" for char in text) == (language != "en")
        assert set(frames(clip(key, language))) == {(128, 44_100)}


def test_the_rate_limit_message_is_exact() -> None:
    assert message("rate_limited", "en") == "Rate limit exceeded. Please wait before making another request."


def test_clips_are_those_of_the_messages(tmp_path: Path) -> None:
    assert make_clips(tmp_path) == len(MESSAGES) * len(LANGUAGES)
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in FOLDER.iterdir()}
    for key in MESSAGES:
        for language in LANGUAGES:
            made, kept = clip_path(key, language, tmp_path).stat().st_size, len(clip(key, language))
            assert made == pytest.approx(kept, rel=0.05), f"{key}.{language}: run python -m services.speech.make_clips"
