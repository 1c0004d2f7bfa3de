"""English speech recognition inside a package: Moonshine tiny, MIT."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np

from services.speech.base import SAMPLE_RATE, Audio, Samples
from services.speech.windows import windows

if TYPE_CHECKING:
    from moonshine_voice.transcriber import Transcriber

_PADDING_S = 0.3  # words at the very ends are lost without it

# In the silence before speech it hears "You": a line of this length, in seconds. No word said alone is as short with
# the silence its voice detector leaves around it.
_SHORTEST_LINE_S = 0.35

# Peak to which a quieter recording is raised.
_PEAK = 0.5


class Moonshine:
    """The model, loaded at the first use. Thread-safe: one recording at a time, as the library hands out its own
    memory, which the next call overwrites."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._transcriber: Transcriber | None = None

    def transcribe(self, audio: Audio) -> str:
        """The English words in a recording; empty where it finds none.

        Raises:
            MoonshineError, OSError: the library or its model does not load.
        """
        said: list[str] = []
        for piece in windows(_raised(audio)):
            padded = np.pad(piece, int(_PADDING_S * SAMPLE_RATE)).tolist()
            with self._lock:
                transcriber = self._transcriber or self._load()
                lines = transcriber.transcribe_without_streaming(padded, SAMPLE_RATE).lines
                said += [line.text.strip() for line in lines if line.duration >= _SHORTEST_LINE_S]
        return " ".join(text for text in said if text)

    def close(self) -> None:
        """Free the model."""
        with self._lock:
            self._transcriber = None  # it frees itself

    def _load(self) -> Transcriber:
        from moonshine_voice.moonshine_api import ModelArch
        from moonshine_voice.transcriber import Transcriber
        from moonshine_voice.utils import get_model_path

        self._transcriber = Transcriber(str(get_model_path("tiny-en")), ModelArch.TINY)
        return self._transcriber


def _raised(audio: Audio) -> Samples:
    peak = float(np.abs(audio.samples).max(initial=0.0))
    return audio.samples * np.float32(_PEAK / peak) if 0 < peak < _PEAK else audio.samples
