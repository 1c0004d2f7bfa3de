"""One contract over all recognisers."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from services.content import Language
from services.errors import (
    ProviderError,
    ProviderGarbage,
    ProviderRateLimited,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
    SpeechNotUnderstood,
)
from services.providers.config import ProviderConfig
from services.speech.base import LANGUAGES, SAMPLE_RATE, Audio, LanguageNotHeard, SpeechToText
from services.speech.english import PLAUSIBLE, common_share
from services.speech.registry import EARS, SpeechConfig
from services.speech.windows import WINDOW_S, windows
from tests.mock.aimock import Aimock
from tests.speech.conftest import spoken, words_kept
from tests.speech.vendor import Fault, Vendor

# SpeechRecognition imports them on Pythons that still have them.
pytestmark = pytest.mark.filterwarnings("ignore:'(aifc|audioop)' is deprecated:DeprecationWarning")

QUESTION: dict[Language, str] = {
    "en": "How many people are there?",
    "hi": "मेरे सामने क्या रखा है",
    "mr": "माझ्या समोर काय आहे",
}
CLOUD = ("google", "openai", "gemini")
TIMEOUT_S = 1.5


def sick_config(name: str, url: str) -> SpeechConfig:
    """A cloud provider pointed at the server that misbehaves."""
    paths = {"google": "/recognize", "openai": "/v1", "gemini": ""}
    return SpeechConfig({name: ProviderConfig("key", url + paths[name], None, TIMEOUT_S)})


@dataclass
class Ear:
    """A recogniser, and how to have it hear something."""

    service: SpeechToText
    say: Callable[[str, Language], Audio]
    hears: tuple[Language, ...]


def _google(vendor: Vendor) -> Ear:
    def say(text: str, language: Language) -> Audio:
        vendor.heard = {f"{each}-IN": ("mumble", 0.2) for each in LANGUAGES} | {f"{language}-IN": (text, 0.9)}
        if not text:
            vendor.heard = {}
        return spoken("anything")

    return Ear(EARS["google"](sick_config("google", vendor.url)), say, LANGUAGES)


def _openai(mock: Aimock) -> Ear:
    def say(text: str, language: Language) -> Audio:
        name = {"en": "english", "hi": "hindi", "mr": "marathi"}[language]
        mock.reset()
        mock.answer({"transcription": {"text": text, "language": name}}, when={"endpoint": "transcription"})
        return spoken("anything")

    config = SpeechConfig({"openai": ProviderConfig("key", mock.openai_url, None, 5.0)})
    return Ear(EARS["openai"](config), say, LANGUAGES)


def _gemini(mock: Aimock) -> Ear:
    def say(text: str, language: Language) -> Audio:
        mock.reset()
        mock.answer({"content": json.dumps({"transcript": text, "language": language})})
        return spoken("anything")

    config = SpeechConfig({"gemini": ProviderConfig("key", mock.url, None, 5.0)})
    return Ear(EARS["gemini"](config), say, LANGUAGES)


def _local() -> Ear:
    def say(text: str, language: Language) -> Audio:
        return spoken(text, language) if text else Audio(np.zeros(16_000, np.float32))

    return Ear(EARS["local"](SpeechConfig()), say, ("en",))


@pytest.fixture(params=[*CLOUD, "local"])
def ear(request: pytest.FixtureRequest) -> Iterator[Ear]:
    match request.param:
        case "google":
            made = _google(request.getfixturevalue("vendor"))
        case "openai":
            made = _openai(request.getfixturevalue("aimock"))
        case "gemini":
            made = _gemini(request.getfixturevalue("aimock"))
        case _:
            made = _local()
    yield made
    made.service.close()


class TestSpeechToText:
    def test_hears_each_language_it_is_told(self, ear: Ear) -> None:
        for language in ear.hears:
            transcript = ear.service.transcribe(ear.say(QUESTION[language], language), [language])
            assert words_kept(QUESTION[language], transcript.text) > 0.7
            assert transcript.language == language
            assert transcript.provider == ear.service.name
            assert transcript.confidence is None or 0 <= transcript.confidence <= 1

    def test_says_so_where_it_has_no_ear(self, ear: Ear) -> None:
        for language in set(LANGUAGES) - set(ear.hears):
            with pytest.raises(LanguageNotHeard):
                ear.service.transcribe(ear.say(QUESTION[language], language), [language])

    def test_tells_the_language(self, ear: Ear) -> None:
        for language in ear.hears:
            transcript = ear.service.transcribe(ear.say(QUESTION[language], language), LANGUAGES)
            assert transcript.language == language

    def test_no_words_are_no_answer(self, ear: Ear) -> None:
        with pytest.raises(SpeechNotUnderstood):
            ear.service.transcribe(ear.say("", "en"), ["en"])

    def test_many_at_once(self, ear: Ear) -> None:
        audio = ear.say(QUESTION["en"], "en")
        heard: list[str] = []

        def listen() -> None:
            heard.append(ear.service.transcribe(audio, ["en"]).text)

        threads = [threading.Thread(target=listen) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(heard) == 8
        assert all(words_kept(QUESTION["en"], text) > 0.7 for text in heard)


FAULTS: list[tuple[Fault | int, type[ProviderError] | type[SpeechNotUnderstood]]] = [
    ("hang", ProviderTimeout),
    ("reset", ProviderUnavailable),
    ("garbage", ProviderGarbage),
    (429, ProviderRateLimited),
    (500, ProviderUnavailable),
    (503, ProviderUnavailable),
    (401, ProviderRejected),
    (400, ProviderRejected),
]


@pytest.mark.parametrize("name", CLOUD)
@pytest.mark.parametrize(("fault", "error"), FAULTS, ids=[str(fault) for fault, _ in FAULTS])
def test_faults(vendor: Vendor, name: str, fault: Fault | int, error: type[ProviderError]) -> None:
    service = EARS[name](sick_config(name, vendor.url))
    vendor.fault = fault
    started = time.monotonic()
    with pytest.raises(error) as caught:
        service.transcribe(spoken("anything"), LANGUAGES)
    assert time.monotonic() - started < TIMEOUT_S + 5
    if isinstance(caught.value, ProviderRateLimited):
        assert caught.value.retry_after == 7
    assert vendor.url not in str(caught.value)
    service.close()


@pytest.mark.parametrize("name", CLOUD)
@pytest.mark.parametrize("fault", ["empty", "cut"])
def test_half_answers_are_known_errors(vendor: Vendor, name: str, fault: Fault) -> None:
    service = EARS[name](sick_config(name, vendor.url))
    vendor.fault = fault
    with pytest.raises((ProviderError, SpeechNotUnderstood)):
        service.transcribe(spoken("anything"), ["en"])
    service.close()


@pytest.mark.parametrize("name", CLOUD)
def test_probe_passes_where_something_answers(vendor: Vendor, name: str) -> None:
    service = EARS[name](sick_config(name, vendor.url))
    service.probe()
    service.close()


def test_local_is_there() -> None:
    EARS["local"](SpeechConfig()).probe()


@pytest.mark.parametrize("name", CLOUD)
def test_probe_fails_without_a_connection(name: str) -> None:
    service = EARS[name](sick_config(name, "http://127.0.0.1:9"))
    with pytest.raises(ProviderError):
        service.probe()
    service.close()


class TestGoogle:
    """Three answers to one recording: which language was it?"""

    @pytest.fixture
    def google(self, vendor: Vendor) -> Iterator[SpeechToText]:
        service = EARS["google"](sick_config("google", vendor.url))
        yield service
        service.close()

    def test_asks_in_parallel_once_for_each_language(self, google: SpeechToText, vendor: Vendor) -> None:
        vendor.heard = {"hi-IN": ("मेरे सामने क्या है", 0.9)}
        google.transcribe(spoken("anything"), LANGUAGES)
        assert sorted(path.split("lang=")[1][:5] for path, _ in vendor.asked) == ["en-IN", "hi-IN", "mr-IN"]
        assert all(body.startswith(b"fLaC") for _, body in vendor.asked)

    @pytest.mark.parametrize(
        ("heard", "language"),
        [
            ({"en-IN": ("what is in front of me", 0.94), "hi-IN": ("व्हाट इज इन फ्रंट ऑफ मी", 0.7)}, "en"),
            ({"en-IN": ("mere samne kya hai", 0.55), "hi-IN": ("मेरे सामने क्या है", 0.93)}, "hi"),
            ({"hi-IN": ("माझ्या समोर काय आहे", 0.85), "mr-IN": ("माझ्या समोर काय आहे", 0.85)}, "mr"),
            ({"hi-IN": ("मेरे सामने क्या है", None), "mr-IN": ("मेरे सामने क्या है", None)}, "hi"),
            ({"mr-IN": ("हा कोणता रंग आहे", 0.8)}, "mr"),
        ],
    )
    def test_the_surest_and_likeliest_wins(
        self,
        google: SpeechToText,
        vendor: Vendor,
        heard: dict[str, tuple[str, float | None] | None],
        language: Language,
    ) -> None:
        vendor.heard = heard
        assert google.transcribe(spoken("anything"), LANGUAGES).language == language

    def test_one_language_down_does_not_lose_the_others(self, google: SpeechToText, vendor: Vendor) -> None:
        vendor.heard = {"mr-IN": ("हा कोणता रंग आहे", 0.8)}
        assert google.transcribe(spoken("anything"), ["mr", "en"]).text == "हा कोणता रंग आहे"


def test_openai_is_told_the_language_only_when_it_is_known(aimock: Aimock, vendor: Vendor) -> None:
    service = EARS["openai"](sick_config("openai", vendor.url))
    for languages in (["hi"], LANGUAGES):
        with pytest.raises(ProviderError):
            service.transcribe(spoken("anything"), languages)
    told, open_ = (body for _, body in vendor.asked)
    assert b'name="language"' in told
    assert b'name="language"' not in open_
    assert b"RIFF" in told
    service.close()


def test_vosk_without_its_package_says_so(tmp_path: Path) -> None:
    service = EARS["vosk"](SpeechConfig(vosk_model_path=tmp_path))
    with pytest.raises(ProviderUnavailable, match=r"not installed|does not load"):
        service.transcribe(spoken("anything"), ["en"])
    with pytest.raises(LanguageNotHeard):
        service.transcribe(spoken("anything"), ["hi"])
    service.close()


def test_vosk_without_a_model_is_a_bad_setting(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="VOSK_MODEL_PATH"):
        EARS["vosk"](SpeechConfig())
    with pytest.raises(ValueError, match="VOSK_MODEL_PATH"):
        EARS["vosk"](SpeechConfig(vosk_model_path=tmp_path / "none"))


class TestLocal:
    """English alone, without Whisper."""

    @pytest.fixture
    def local(self) -> Iterator[SpeechToText]:
        service = EARS["local"](SpeechConfig())
        yield service
        service.close()

    def test_english_is_heard_whatever_was_spoken_before(self, local: SpeechToText) -> None:
        for languages in (["mr", "hi", "en"], ["hi", "en", "mr"], ["en", "hi", "mr"]):
            assert local.transcribe(spoken(QUESTION["en"]), languages).language == "en"

    def test_hindi_is_not_taken_for_english(self, local: SpeechToText) -> None:
        audio = spoken("यह कौन सा रंग है", "hi")
        with pytest.raises(LanguageNotHeard):
            local.transcribe(audio, ["hi", "en", "mr"])
        with pytest.raises(LanguageNotHeard):
            local.transcribe(audio, ["hi", "mr"])
        with pytest.raises(SpeechNotUnderstood):
            local.transcribe(audio, ["en", "hi", "mr"])

    def test_a_long_recording_is_heard_to_its_end(self, local: SpeechToText) -> None:
        pause = np.zeros(SAMPLE_RATE, np.float32)
        parts = [spoken("How many people are there?").samples, pause] * 11
        audio = Audio(np.concatenate([*parts, spoken("Where is the door?").samples]))
        assert audio.seconds > WINDOW_S
        heard = local.transcribe(audio, ["en"]).text.lower()
        assert heard.count("people") >= 9
        assert "door" in heard

    @pytest.mark.parametrize(
        ("text", "english"),
        [
            ("What is in this picture?", True),
            ("What's on the table?", True),
            ("Is there a bus coming?", True),
            ("Your thoughts are uncared.", False),
            ("Yogi brought Kai'ahi.", False),
            ("May we marry you, your head.", False),
            ("", False),
        ],
    )
    def test_what_reads_like_english(self, text: str, english: bool) -> None:
        assert (common_share(text) >= PLAUSIBLE) == english


def test_windows_are_cut_where_it_is_quiet() -> None:
    rng = np.random.default_rng(3)
    noise = rng.normal(0, 0.1, SAMPLE_RATE * 70).astype(np.float32)
    for quiet in (27, 54):
        noise[SAMPLE_RATE * quiet : SAMPLE_RATE * quiet + SAMPLE_RATE // 10] = 0
    pieces = windows(noise)
    assert [round(len(piece) / SAMPLE_RATE) for piece in pieces] == [27, 27, 16]
    assert np.array_equal(np.concatenate(pieces), noise)
