"""What hears and what speaks, whoever makes it."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt
import soundfile

from services.content import Language
from services.errors import ProviderUnavailable

Voice = Literal["default", "slow"]
Samples = npt.NDArray[np.float32]

LANGUAGES: tuple[Language, ...] = ("en", "hi", "mr")
SAMPLE_RATE = 16_000
"""Hertz of every `Audio`: what recognisers are trained on."""


@dataclass(frozen=True)
class Audio:
    """Sound to be understood.

    Args:
        samples: mono, float32 within -1..1, at `SAMPLE_RATE`.
    """

    samples: Samples

    @property
    def seconds(self) -> float:
        return len(self.samples) / SAMPLE_RATE

    @cached_property
    def wav(self) -> bytes:
        """A WAV file, 16 kHz, mono, 16-bit."""
        return self._file("WAV")

    @cached_property
    def flac(self) -> bytes:
        """A FLAC file, 16 kHz, mono, 16-bit."""
        return self._file("FLAC")

    @cached_property
    def sha256(self) -> str:
        """Hex digest of the samples."""
        return hashlib.sha256(self.samples.tobytes()).hexdigest()

    def _file(self, kind: str) -> bytes:
        out = io.BytesIO()
        soundfile.write(out, self.samples, SAMPLE_RATE, format=kind, subtype="PCM_16")
        return out.getvalue()


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was heard.

    Args:
        text: the words; never empty.
        language: the language they are in.
        confidence: 0..1 as the recogniser gives it; None where it gives none.
        provider: who heard it, as in `STT_PROVIDER`.
    """

    text: str
    language: Language
    confidence: float | None
    provider: str


class LanguageNotHeard(ProviderUnavailable):
    """The recogniser works but has no ear for the language."""


class SpeechToText(Protocol):
    """A recogniser. Thread-safe."""

    @property
    def name(self) -> str:
        """As in `STT_PROVIDER`."""
        ...

    def transcribe(self, audio: Audio, languages: Sequence[Language]) -> Transcript:
        """Write down what is said.

        Args:
            audio: at most a few minutes.
            languages: what it may be in, the likeliest first, at least one. With one, the language is given.

        Raises:
            SpeechNotUnderstood: there are no words in it, or none that can be made out.
            ProviderError: the recogniser did not do its work; `LanguageNotHeard` where it has no ear for the language.
        """
        ...

    def probe(self) -> None:
        """See cheaply, within a second or two, whether it could work.

        Raises:
            ProviderError: it could not.
        """
        ...

    def close(self) -> None:
        """Let go of connections and models; called once, when the program stops."""
        ...


class TextToSpeech(Protocol):
    """A voice. Thread-safe."""

    @property
    def name(self) -> str:
        """As in `TTS_PROVIDER`."""
        ...

    def speak(self, text: str, language: Language, voice: Voice = "default") -> bytes:
        """Say a text.

        Args:
            text: as written; Markdown, addresses and emoji are turned into what can be said.
            language: of the text; words of another script in it are spoken as well as the voice can.
            voice: `slow` is the same voice at about two thirds of its speed.

        Returns:
            an MP3 file: 44.1 kHz, 128 kbps, mono. Several of them one after the other are an MP3 file again.

        Raises:
            InvalidInput: nothing in the text can be spoken (`nothing_to_speak`), or it is too long to be
                (`text_too_long`).
            ProviderError: the voice did not do its work.
        """
        ...

    def probe(self) -> None:
        """See cheaply, within a second or two, whether it could work.

        Raises:
            ProviderError: it could not.
        """
        ...

    def close(self) -> None:
        """Let go of connections and engines; called once, when the program stops."""
        ...
