"""The recogniser that needs no network: Moonshine for English; for Hindi and Marathi Whisper, where its weights are."""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from services.content import Language
from services.errors import ProviderUnavailable, SpeechNotUnderstood
from services.speech.base import Audio, LanguageNotHeard, Transcript
from services.speech.english import reads_like_english
from services.speech.moonshine import Moonshine
from services.speech.weights import whisper_is_there

if TYPE_CHECKING:
    from services.speech.whisper import Whisper

_NAMES: dict[Language, str] = {"en": "English", "hi": "Hindi", "mr": "Marathi"}


class LocalEar:
    """`SpeechToText` on this machine.

    With Whisper, the language is told from the sound. Without it there is no ear for Hindi and Marathi: where English
    is one of several, it is heard if the words read like a question in English.

    Args:
        whisper_dir: folder of the Whisper weights, looked for at each call, so that they may come later; None does
            without.
    """

    name = "local"

    def __init__(self, whisper_dir: Path | None = None) -> None:
        self._moonshine = Moonshine()
        self._whisper_dir = whisper_dir
        self._whisper: Whisper | None = None
        self._lock = threading.Lock()

    def transcribe(self, audio: Audio, languages: Sequence[Language]) -> Transcript:
        """See `SpeechToText.transcribe`."""
        if len(languages) > 1 and not self._ready():
            return self._english_or_nothing(audio, languages)
        language = self._language(audio, languages)
        if language == "en":
            return self._said(self._english(audio), "en", None)
        heard = self._need(language).transcribe(audio, language)
        return self._said(heard.text, language, heard.confidence)

    def probe(self) -> None:
        """See `SpeechToText.probe`."""
        if importlib.util.find_spec("moonshine_voice") is None:
            raise ProviderUnavailable("The recogniser of this machine is not installed.", provider=self.name)

    def close(self) -> None:
        self._moonshine.close()
        if self._whisper is not None:
            self._whisper.close()

    def _said(self, text: str, language: Language, confidence: float | None) -> Transcript:
        if not text:
            raise SpeechNotUnderstood("The speech could not be made out.")
        return Transcript(text, language, confidence, self.name)

    def _english_or_nothing(self, audio: Audio, languages: Sequence[Language]) -> Transcript:
        if "en" not in languages:
            raise self._no_ear(languages[0])
        text = self._english(audio)
        if text and not reads_like_english(text):
            if languages[0] != "en":
                raise self._no_ear(languages[0])
            text = ""
        return self._said(text, "en", None)

    def _language(self, audio: Audio, languages: Sequence[Language]) -> Language:
        if len(languages) == 1:
            return languages[0]
        scores = self._need(languages[0]).languages(audio, languages)
        return max(languages, key=lambda language: scores[language])

    def _english(self, audio: Audio) -> str:
        from moonshine_voice.errors import MoonshineError

        try:
            return self._moonshine.transcribe(audio)
        except (MoonshineError, OSError) as error:
            raise ProviderUnavailable("The recogniser of this machine does not work.", provider=self.name) from error

    def _ready(self) -> bool:
        return (
            self._whisper_dir is not None
            and whisper_is_there(self._whisper_dir)
            and importlib.util.find_spec("onnx_asr") is not None
        )

    def _need(self, language: Language) -> Whisper:
        if self._whisper_dir is None or not self._ready():
            raise self._no_ear(language)
        from services.speech.whisper import Whisper

        with self._lock:
            if self._whisper is None:
                self._whisper = Whisper(self._whisper_dir)
            return self._whisper

    def _no_ear(self, language: Language) -> LanguageNotHeard:
        return LanguageNotHeard(
            f"This machine has no recogniser for {_NAMES[language]}; LOCAL_WHISPER=true fetches a weak one.",
            provider=self.name,
        )
