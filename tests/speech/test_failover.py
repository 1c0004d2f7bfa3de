"""Several recognisers or voices as one."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from services.errors import AllProvidersFailed, InvalidInput, ProviderTimeout, SpeechNotUnderstood
from services.providers.config import ProviderConfig
from services.speech.base import LANGUAGES, Audio, LanguageNotHeard
from services.speech.messages import key_of
from services.speech.registry import SpeechConfig, speech_to_text, text_to_speech
from tests.speech.conftest import GREETING, spoken, vendors_mp3, words_kept
from tests.speech.vendor import Vendor

# SpeechRecognition imports them on Pythons that still have them.
pytestmark = pytest.mark.filterwarnings("ignore:'(aifc|audioop)' is deprecated:DeprecationWarning")

TIMEOUT_S = 1.0


def config(vendor: Vendor) -> SpeechConfig:
    return SpeechConfig(
        {
            "google": ProviderConfig("key", f"{vendor.url}/recognize", None, TIMEOUT_S),
            "gtts": ProviderConfig(None, vendor.url, None, TIMEOUT_S),
        }
    )


def test_a_sick_recogniser_costs_its_timeout_once(vendor: Vendor) -> None:
    ears = speech_to_text(["google", "local"], config(vendor))
    audio = spoken("How many people are there?")
    vendor.fault = "hang"
    started = time.monotonic()
    for _ in range(3):
        transcript = ears.transcribe(audio, ["en"])
        assert transcript.provider == "local"
        assert words_kept("How many people are there", transcript.text) > 0.7
    assert time.monotonic() - started >= TIMEOUT_S
    assert len(vendor.asked) == 1
    assert ears.states() == {"google": "open", "local": "closed"}
    ears.close()


def test_a_sick_voice_costs_its_timeout_once(vendor: Vendor) -> None:
    voices = text_to_speech(["gtts", "local"], config(vendor))
    vendor.fault = "hang"
    started = time.monotonic()
    for _ in range(3):
        assert voices.speak(GREETING["hi"], "hi")
    assert time.monotonic() - started >= TIMEOUT_S
    assert len(vendor.asked) == 1
    assert voices.states() == {"gtts": "open", "local": "closed"}
    voices.probe()
    voices.close()


def test_the_first_that_works_answers(vendor: Vendor) -> None:
    vendor.heard = {"hi-IN": ("मेरे सामने क्या है", 0.9)}
    vendor.sound = vendors_mp3()
    ears, voices = (
        speech_to_text(["google", "local"], config(vendor)),
        text_to_speech(["gtts", "local"], config(vendor)),
    )
    assert ears.name == "google,local"
    assert ears.transcribe(spoken("x"), LANGUAGES).provider == "google"
    voices.speak("Hello there.", "en")
    assert vendor.spoken() == ["Hello there."]
    ears.close()
    voices.close()


def test_silence_is_not_asked_about_twice(vendor: Vendor) -> None:
    ears = speech_to_text(["google", "local"], config(vendor))
    for _ in range(5):
        with pytest.raises(SpeechNotUnderstood):
            ears.transcribe(Audio(np.zeros(16_000, np.float32)), ["en"])
    assert ears.states() == {"google": "closed", "local": "closed"}
    assert len(vendor.asked) == 5
    ears.close()


def test_all_failing_says_that_the_language_is_not_heard(vendor: Vendor) -> None:
    ears = speech_to_text(["google", "local"], config(vendor))
    vendor.fault = 500
    for _ in range(5):
        with pytest.raises(AllProvidersFailed) as caught:
            ears.transcribe(spoken("x"), ["hi"])
        assert key_of(caught.value) == "language_not_heard"
    assert ears.states() == {"google": "open", "local": "closed"}  # a missing language is no illness
    ears.close()


def test_nothing_to_speak_goes_no_further(vendor: Vendor) -> None:
    voices = text_to_speech(["gtts", "local"], config(vendor))
    with pytest.raises(InvalidInput):
        voices.speak("🙂", "en")
    assert voices.states() == {"gtts": "closed", "local": "closed"}
    assert not vendor.asked
    voices.close()


def test_a_substitute_is_not_heard_after_the_first_is_well(vendor: Vendor, tmp_path: Path) -> None:
    voices = text_to_speech(["gtts", "local"], config(vendor), tmp_path)
    vendor.sound = vendors_mp3()
    vendor.fault = 500
    substitute = voices.speak("Hello there.", "en")
    vendor.fault = None
    proper = voices.speak("Hello there.", "en")
    assert proper != substitute
    asked = len(vendor.asked)
    assert voices.speak("Hello there.", "en") == proper
    assert len(vendor.asked) == asked
    voices.close()


def test_messages_of_failures() -> None:
    timeout = ProviderTimeout("late", provider="google")
    deaf = LanguageNotHeard("deaf", provider="local")
    assert key_of(AllProvidersFailed((deaf, timeout))) == "language_not_heard"
    assert key_of(AllProvidersFailed((timeout,))) == "timeout"
    assert key_of(SpeechNotUnderstood("?", code="no_speech")) == "no_speech"
    assert key_of(SpeechNotUnderstood("?")) == "not_understood"
    assert key_of(ZeroDivisionError()) == "internal"


@pytest.mark.parametrize("names", [[], ["gtts", "gtts"], ["nobody"]])
def test_bad_lists(names: list[str]) -> None:
    with pytest.raises(ValueError, match="provider"):
        text_to_speech(names, SpeechConfig())
    with pytest.raises(ValueError, match="provider"):
        speech_to_text([name.replace("gtts", "local") for name in names], SpeechConfig())


def test_vosk_is_not_asked_without_a_folder() -> None:
    with pytest.raises(ValueError, match="VOSK_MODEL_PATH"):
        speech_to_text(["vosk"], SpeechConfig(vosk_model_path=Path("nowhere")))
