"""One contract over all voices."""

from __future__ import annotations

import base64
import io
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pytest
import soundfile
import soxr

from services.errors import (
    InvalidInput,
    ProviderError,
    ProviderGarbage,
    ProviderRateLimited,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
)
from services.providers.config import ProviderConfig
from services.speech.base import LANGUAGES, SAMPLE_RATE, Audio, TextToSpeech
from services.speech.local_ear import LocalEar
from services.speech.local_voice import LocalVoice
from services.speech.registry import VOICES, SpeechConfig
from tests.mock.aimock import Aimock
from tests.speech.conftest import GREETING, frames, vendors_mp3, words_kept
from tests.speech.vendor import Fault, Vendor

CLOUD = ("gtts", "openai")
TIMEOUT_S = 1.5


def sick_config(name: str, url: str) -> SpeechConfig:
    return SpeechConfig({name: ProviderConfig("key", f"{url}/v1" if name == "openai" else url, None, TIMEOUT_S)})


@dataclass
class Speaker:
    """A voice, and what its vendor was asked to say."""

    service: TextToSpeech
    asked: Callable[[], list[str]] | None


@pytest.fixture(params=[*CLOUD, "local"])
def speaker(request: pytest.FixtureRequest) -> Iterator[Speaker]:
    match request.param:
        case "gtts":
            vendor: Vendor = request.getfixturevalue("vendor")
            vendor.sound = vendors_mp3()
            made = Speaker(VOICES["gtts"](sick_config("gtts", vendor.url)), vendor.spoken)
        case "openai":
            mock: Aimock = request.getfixturevalue("aimock")
            mock.answer(
                {"audio": base64.b64encode(vendors_mp3()).decode(), "format": "mp3"}, when={"endpoint": "speech"}
            )
            config = SpeechConfig({"openai": ProviderConfig("key", mock.openai_url, None, 5.0)})
            made = Speaker(
                VOICES["openai"](config),
                lambda: [entry["body"]["messages"][0]["content"] for entry in mock.journal()],
            )
        case _:
            made = Speaker(VOICES["local"](SpeechConfig()), None)
    yield made
    made.service.close()


def check_mp3(data: bytes) -> float:
    """Seconds of sound in it, after two independent readings of its form."""
    assert set(frames(data)) == {(128, 44_100)}
    with soundfile.SoundFile(io.BytesIO(data)) as file:
        assert (file.samplerate, file.channels, file.format) == (44_100, 1, "MP3")
        samples = file.read(dtype="float32")
    assert np.abs(samples).max() > 0.05
    return len(samples) / 44_100


class TestTextToSpeech:
    @pytest.mark.parametrize("language", LANGUAGES)
    @pytest.mark.parametrize("voice", ["default", "slow"])
    def test_speaks_the_one_kind_of_mp3(self, speaker: Speaker, language: str, voice: str) -> None:
        assert check_mp3(speaker.service.speak(GREETING[language], language, voice)) > 0.8

    def test_files_joined_are_one_file(self, speaker: Speaker) -> None:
        first = speaker.service.speak("The first sentence is here.", "en")
        second = speaker.service.speak("And then a second one.", "en")
        assert check_mp3(first + second) == pytest.approx(check_mp3(first) + check_mp3(second), abs=0.06)

    @pytest.mark.parametrize("text", ["", "   \n", "🙂🎉", "---", "**", "<br>", "\x00\x01"])
    def test_nothing_to_speak(self, speaker: Speaker, text: str) -> None:
        with pytest.raises(InvalidInput) as caught:
            speaker.service.speak(text, "en")
        assert caught.value.code == "nothing_to_speak"

    def test_endless_text_is_refused(self, speaker: Speaker) -> None:
        with pytest.raises(InvalidInput) as caught:
            speaker.service.speak("word " * 3000, "en")
        assert caught.value.code == "text_too_long"

    def test_long_and_mixed_text(self, speaker: Speaker) -> None:
        text = "मैं Python में 25 किताबें पढ़ता हूँ, और chair के पास 3.5 मीटर पर table है। " * 6
        check_mp3(speaker.service.speak(text, "hi"))
        if speaker.asked:
            said = " ".join(speaker.asked())
            assert said.count("Python") == 6
            assert said.count("3.5") == 6

    def test_markup_is_not_read_out(self, speaker: Speaker) -> None:
        check_mp3(speaker.service.speak("# Look\n\n- **one** [chair](https://a.example/x) 🙂", "en"))
        if speaker.asked:
            assert " ".join(speaker.asked()).split() == ["Look.", "one", "chair."]

    def test_many_at_once(self, speaker: Speaker) -> None:
        made: list[float] = []

        def speak() -> None:
            made.append(check_mp3(speaker.service.speak(GREETING["en"], "en")))

        threads = [threading.Thread(target=speak) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(made) == 12
        assert max(made) == min(made)


FAULTS: list[tuple[Fault | int, type[ProviderError]]] = [
    ("hang", ProviderTimeout),
    ("reset", ProviderUnavailable),
    ("cut", ProviderUnavailable),
    ("garbage", ProviderGarbage),
    ("empty", ProviderGarbage),
    (429, ProviderRateLimited),
    (500, ProviderUnavailable),
    (403, ProviderRejected),
]


@pytest.mark.parametrize("name", CLOUD)
@pytest.mark.parametrize(("fault", "error"), FAULTS, ids=[str(fault) for fault, _ in FAULTS])
def test_faults(vendor: Vendor, name: str, fault: Fault | int, error: type[ProviderError]) -> None:
    service = VOICES[name](sick_config(name, vendor.url))
    vendor.fault = fault
    started = time.monotonic()
    with pytest.raises(error) as caught:
        service.speak(GREETING["en"], "en")
    assert time.monotonic() - started < TIMEOUT_S + 5
    if isinstance(caught.value, ProviderRateLimited):
        assert caught.value.retry_after == 7
    service.close()


@pytest.mark.parametrize("name", CLOUD)
def test_probe(vendor: Vendor, name: str) -> None:
    service = VOICES[name](sick_config(name, vendor.url))
    service.probe()
    service.close()
    nowhere = VOICES[name](sick_config(name, "http://127.0.0.1:9"))
    with pytest.raises(ProviderError):
        nowhere.probe()
    nowhere.close()


def test_gtts_keeps_its_connections_and_the_order_of_its_parts(vendor: Vendor) -> None:
    service = VOICES["gtts"](sick_config("gtts", vendor.url))
    vendor.sound = vendors_mp3()
    text = " ".join(f"Sentence number {number} is about this long, or a little longer." for number in range(6))
    assert check_mp3(service.speak(text, "en")) > 5
    assert len(vendor.spoken()) >= 6
    assert all(len(part) <= 100 for part in vendor.spoken())
    service.close()


class TestLocal:
    def test_slow_is_slower(self) -> None:
        voice = LocalVoice()
        for language in LANGUAGES:
            default, slow = (check_mp3(voice.speak(GREETING[language], language, each)) for each in ("default", "slow"))
            assert 1.3 < slow / default < 1.8

    def test_numbers_and_latin_words_are_spoken_in_hindi_and_marathi(self) -> None:
        voice = LocalVoice()
        for language in ("hi", "mr"):
            without = check_mp3(voice.speak("यहाँ", language))
            assert check_mp3(voice.speak("यहाँ 25", language)) > without + 0.2
            assert check_mp3(voice.speak("यहाँ chair", language)) > without + 0.2

    @pytest.mark.parametrize(
        "question",
        ["How many people are there?", "Where is the door?", "Is it raining outside?", "What colour is the car?"],
    )
    def test_what_it_says_can_be_heard(self, question: str) -> None:
        samples, rate = soundfile.read(io.BytesIO(LocalVoice().speak(question, "en", "slow")), dtype="float32")
        audio = Audio(soxr.resample(samples, rate, SAMPLE_RATE).astype(np.float32))
        ear = LocalEar()
        assert words_kept(question, ear.transcribe(audio, ["en"]).text) >= 0.75
        ear.close()
