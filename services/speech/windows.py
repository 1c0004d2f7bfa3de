"""Long recordings in pieces a recogniser takes in."""

from __future__ import annotations

import numpy as np

from services.speech.base import SAMPLE_RATE, Samples

WINDOW_S = 30
"""What Whisper takes in; Moonshine's binding makes a Python object of every sample, so that more would cost memory."""

_SEEK_S = 5  # at the end of a window, where the quietest moment is looked for
_FRAME = SAMPLE_RATE // 50


def windows(samples: Samples) -> list[Samples]:
    """Pieces of at most `WINDOW_S`, cut at the quietest 20 ms of the last five seconds; joined they are the whole."""
    pieces = []
    size, seek = WINDOW_S * SAMPLE_RATE, _SEEK_S * SAMPLE_RATE
    while len(samples) > size:
        tail = samples[size - seek : size].reshape(-1, _FRAME)
        cut = size - seek + int(np.square(tail).sum(axis=1).argmin()) * _FRAME
        pieces.append(samples[:cut])
        samples = samples[cut:]
    return [*pieces, samples]
