"""Vosk, where it is installed and has a model."""

from __future__ import annotations

import importlib
import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from services.content import Language
from services.errors import ProviderGarbage, ProviderUnavailable, SpeechNotUnderstood
from services.speech.base import LANGUAGES, SAMPLE_RATE, Audio, LanguageNotHeard, Transcript


class VoskEar:
    """`SpeechToText` over Vosk models on this machine; the package is optional (`pip install vosk`).

    Args:
        model_path: a model's folder, English unless its name says otherwise (`vosk-model-small-hi-0.22`); or a folder
            with one model for each language, named `en`, `hi`, `mr`.

    Raises:
        ValueError: there is no such folder.
    """

    name = "vosk"

    def __init__(self, model_path: Path) -> None:
        if not model_path.is_dir():
            raise ValueError("VOSK_MODEL_PATH is no folder")
        self._paths = _models(model_path)
        self._models: dict[Language, Any] = {}
        self._lock = threading.Lock()

    def transcribe(self, audio: Audio, languages: Sequence[Language]) -> Transcript:
        """See `SpeechToText.transcribe`. Of several languages it has models for, the surest wins."""
        known = [language for language in languages if language in self._paths]
        if not known or (len(known) < len(languages) and languages[0] not in self._paths):
            raise LanguageNotHeard("There is no model for this language.", provider=self.name)
        heard = [transcript for language in known if (transcript := self._heard(audio, language)) is not None]
        if not heard:
            raise SpeechNotUnderstood("The speech could not be made out.")
        return max(heard, key=lambda transcript: transcript.confidence or 0.0)

    def probe(self) -> None:
        """See `SpeechToText.probe`."""
        self._vosk()

    def close(self) -> None:
        with self._lock:
            self._models.clear()

    def _heard(self, audio: Audio, language: Language) -> Transcript | None:
        recognizer = self._vosk().KaldiRecognizer(self._model(language), SAMPLE_RATE)
        recognizer.SetWords(True)
        recognizer.AcceptWaveform((audio.samples * 32767).astype("<i2").tobytes())
        try:
            answer = json.loads(recognizer.FinalResult())
            text = str(answer["text"]).strip()
            sure = [float(word["conf"]) for word in answer.get("result", ())]
        except (ValueError, KeyError, TypeError, AttributeError):
            raise ProviderGarbage("The answer was not of the expected format.", provider=self.name) from None
        return Transcript(text, language, float(np.mean(sure)) if sure else None, self.name) if text else None

    def _model(self, language: Language) -> Any:
        with self._lock:
            if language not in self._models:
                try:
                    self._models[language] = self._vosk().Model(str(self._paths[language]))
                except Exception as error:  # the library raises the bare class
                    raise ProviderUnavailable("The model does not load.", provider=self.name) from error
            return self._models[language]

    def _vosk(self) -> Any:
        try:
            return importlib.import_module("vosk")
        except ImportError:
            raise ProviderUnavailable("Vosk is not installed.", provider=self.name) from None


def _models(path: Path) -> dict[Language, Path]:
    inside: dict[Language, Path] = {each: path / each for each in LANGUAGES if (path / each).is_dir()}
    if inside:
        return inside
    parts = path.name.lower().split("-")
    return {next((each for each in LANGUAGES if each in parts), "en"): path}
