"""The recognisers and voices by name, and the one of each that is made of those wanted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from services.providers.config import ProviderConfig
from services.speech.base import SpeechToText, TextToSpeech
from services.speech.failover import SpeechToTextFailover, TextToSpeechFailover
from services.speech.phrases import Phrases

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class SpeechConfig:
    """What the providers of speech must be told.

    Args:
        cloud: how to reach each vendor, by name: `openai`, `gemini`, `google`, `gtts`; one that is missing has its
            defaults. `model` is a model for speech, not for chat.
        vosk_model_path: `VOSK_MODEL_PATH`.
        whisper_dir: folder of the Whisper weights where `LOCAL_WHISPER` is on, else None.
    """

    cloud: Mapping[str, ProviderConfig] = field(default_factory=dict)
    vosk_model_path: Path | None = None
    whisper_dir: Path | None = None

    def of(self, name: str) -> ProviderConfig:
        return self.cloud.get(name, ProviderConfig())


# The libraries take up to a second to import, so only those asked for are.
def _google_ear(config: SpeechConfig) -> SpeechToText:
    from services.speech.google_ear import GoogleEar

    return GoogleEar(config.of("google"))


def _openai_ear(config: SpeechConfig) -> SpeechToText:
    from services.speech.openai_ear import OpenAIEar

    return OpenAIEar(config.of("openai"))


def _gemini_ear(config: SpeechConfig) -> SpeechToText:
    from services.speech.gemini_ear import GeminiEar

    return GeminiEar(config.of("gemini"))


def _vosk_ear(config: SpeechConfig) -> SpeechToText:
    from services.speech.vosk_ear import VoskEar

    if config.vosk_model_path is None:
        raise ValueError("vosk needs VOSK_MODEL_PATH")
    return VoskEar(config.vosk_model_path)


def _local_ear(config: SpeechConfig) -> SpeechToText:
    from services.speech.local_ear import LocalEar

    return LocalEar(config.whisper_dir)


def _gtts(config: SpeechConfig) -> TextToSpeech:
    from services.speech.google_voice import GoogleVoice

    return GoogleVoice(config.of("gtts"))


def _openai_voice(config: SpeechConfig) -> TextToSpeech:
    from services.speech.openai_voice import OpenAIVoice

    return OpenAIVoice(config.of("openai"))


def _local_voice(_config: SpeechConfig) -> TextToSpeech:
    from services.speech.local_voice import LocalVoice

    return LocalVoice()


EARS: Mapping[str, Callable[[SpeechConfig], SpeechToText]] = {
    "openai": _openai_ear,
    "gemini": _gemini_ear,
    "google": _google_ear,
    "vosk": _vosk_ear,
    "local": _local_ear,
}
VOICES: Mapping[str, Callable[[SpeechConfig], TextToSpeech]] = {
    "gtts": _gtts,
    "openai": _openai_voice,
    "local": _local_voice,
}


def speech_to_text(names: Sequence[str], config: SpeechConfig) -> SpeechToTextFailover:
    """The recognisers of `STT_PROVIDER`, asked in that order.

    Raises:
        ValueError: a name is not known or listed twice, there is none, or one lacks what it needs.
    """
    return SpeechToTextFailover([_known(EARS, name)(config) for name in names])


def text_to_speech(names: Sequence[str], config: SpeechConfig, folder: Path | None = None) -> TextToSpeechFailover:
    """The voices of `TTS_PROVIDER`, asked in that order.

    Args:
        folder: where each voice's speech is kept (`Phrases`); None keeps nothing. Kept below the failover, so that
            what the second voice said while the first was ill is not heard once it is well.

    Raises:
        ValueError: a name is not known or listed twice, or there is none.
    """
    voices = [_known(VOICES, name)(config) for name in names]
    return TextToSpeechFailover([Phrases(voice, folder) for voice in voices] if folder is not None else voices)


def _known(table: Mapping[str, _T], name: str) -> _T:
    if name not in table:
        raise ValueError(f"there is no provider {name!r}; there are {', '.join(table)}")
    return table[name]
