"""OpenAI's voice, or any server that speaks its `audio/speech`."""

from __future__ import annotations

from services.content import Language
from services.providers.config import ProviderConfig
from services.providers.http import provider_errors
from services.providers.openai_client import FAULTS, openai_client
from services.speech.base import Voice
from services.speech.rejoin import rejoined
from services.speech.speakable import speakable

DEFAULT_MODEL = "gpt-4o-mini-tts"
_VOICE = "alloy"
# One model heeds the number, another the words.
_SPEED: dict[Voice, float] = {"default": 1.0, "slow": 0.67}
_MANNER: dict[Voice, str] = {"default": "calmly and clearly", "slow": "slowly, calmly and clearly"}
_NAMES: dict[Language, str] = {"en": "English", "hi": "Hindi", "mr": "Marathi"}

# https://platform.openai.com/docs/api-reference/audio/createSpeech: `input` takes at most 4,096 characters.
_MOST_CHARACTERS = 4_000


class OpenAIVoice:
    """`TextToSpeech` over the `openai` SDK.

    Args:
        config: `base_url` with its `/v1`; `model` is the voice's.
    """

    name = "openai"

    def __init__(self, config: ProviderConfig) -> None:
        self._model = config.model or DEFAULT_MODEL
        self._secret = config.api_key
        self._client = openai_client(config)

    def speak(self, text: str, language: Language, voice: Voice = "default") -> bytes:
        """See `TextToSpeech.speak`."""
        with provider_errors(self.name, FAULTS, self._secret):
            files = [self._part(part, language, voice) for part in _parts(speakable(text))]
        return rejoined(self.name, files)

    def probe(self) -> None:
        """See `TextToSpeech.probe`."""
        with provider_errors(self.name, FAULTS, self._secret):
            self._client.models.list(timeout=2.0)

    def close(self) -> None:
        self._client.close()

    def _part(self, text: str, language: Language, voice: Voice) -> bytes:
        answer = self._client.audio.speech.create(
            model=self._model,
            voice=_VOICE,
            input=text,
            speed=_SPEED[voice],
            response_format="mp3",
            instructions=f"Speak {_NAMES[language]}, {_MANNER[voice]}.",
        )
        return answer.read()


def _parts(text: str) -> list[str]:
    parts = []
    while len(text) > _MOST_CHARACTERS:
        cut = text.rfind(" ", 0, _MOST_CHARACTERS)
        cut = cut if cut > 0 else _MOST_CHARACTERS
        parts.append(text[:cut])
        text = text[cut:].lstrip()
    return [*parts, text]
