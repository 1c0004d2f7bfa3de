"""OpenAI's transcription, or any server that speaks its `audio/transcriptions`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import openai

from services.content import Language
from services.errors import ProviderGarbage, SpeechNotUnderstood
from services.providers.config import ProviderConfig
from services.providers.http import provider_errors
from services.providers.openai_client import FAULTS, openai_client
from services.speech.base import Audio, Transcript
from services.speech.language import identify

# The newer models give no language; this one gives it, and how sure it is of each segment.
DEFAULT_MODEL = "whisper-1"
_NAMES: dict[str, Language] = {"english": "en", "hindi": "hi", "marathi": "mr", "en": "en", "hi": "hi", "mr": "mr"}
_NO_SPEECH = 0.8


class OpenAIEar:
    """`SpeechToText` over the `openai` SDK.

    Args:
        config: `base_url` with its `/v1`; `model` is the recogniser's.
    """

    name = "openai"

    def __init__(self, config: ProviderConfig) -> None:
        self._model = config.model or DEFAULT_MODEL
        self._secret = config.api_key
        self._client = openai_client(config)

    def transcribe(self, audio: Audio, languages: Sequence[Language]) -> Transcript:
        """See `SpeechToText.transcribe`."""
        with provider_errors(self.name, FAULTS, self._secret):
            answer: Any = self._client.audio.transcriptions.create(
                model=self._model,
                file=("speech.wav", audio.wav, "audio/wav"),
                response_format="verbose_json" if self._model.startswith("whisper") else "json",
                language=languages[0] if len(languages) == 1 else openai.omit,
            )
        text = getattr(answer, "text", None)
        if not isinstance(text, str):
            raise ProviderGarbage("The answer was not of the expected format.", provider=self.name)
        confidence = _confidence(getattr(answer, "segments", None))
        if not text.strip() or (confidence is not None and confidence < 0):
            raise SpeechNotUnderstood("The speech could not be made out.")
        return Transcript(text.strip(), _language(answer, text, languages), confidence, self.name)

    def probe(self) -> None:
        """See `SpeechToText.probe`."""
        with provider_errors(self.name, FAULTS, self._secret):
            self._client.models.list(timeout=2.0)

    def close(self) -> None:
        self._client.close()


def _language(answer: Any, text: str, languages: Sequence[Language]) -> Language:
    if len(languages) == 1:
        return languages[0]
    named = _NAMES.get(str(getattr(answer, "language", "")).lower())
    # A model that writes Devanagari and calls it English, or calls Marathi Hindi, is overruled by the text.
    read = identify(text, languages)
    if named is None or named not in languages or named == "hi":
        return read
    return named if (named == "en") == (read == "en") else read


def _confidence(segments: Any) -> float | None:
    """The mean probability of a token, from `avg_logprob`; below 0 where every segment is called no speech."""
    rows = [row for row in segments or () if isinstance(getattr(row, "avg_logprob", None), int | float)]
    if not rows:
        return None
    if all((getattr(row, "no_speech_prob", 0.0) or 0.0) > _NO_SPEECH for row in rows):
        return -1.0
    return min(math.exp(sum(row.avg_logprob for row in rows) / len(rows)), 1.0)
