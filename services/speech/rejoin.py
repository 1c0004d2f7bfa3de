"""What vendors speak, brought to the one kind of MP3."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import soxr

from services.errors import ProviderGarbage
from services.speech import mp3


def rejoined(provider: str, files: Sequence[bytes]) -> bytes:
    """One MP3 file out of a vendor's sound files, in order. They are joined as samples: each MP3 file begins and ends
    with a silence of its coder, which between words would be heard.

    Args:
        provider: name put on the error.
        files: of any format libsndfile reads; at least one.

    Raises:
        ProviderGarbage: one of them is no sound.
    """
    pieces = []
    for file in files:
        try:
            samples, rate = mp3.decode(file)
        except ValueError:
            raise ProviderGarbage("The answer was not sound.", provider=provider) from None
        pieces.append(samples if rate == mp3.SAMPLE_RATE else soxr.resample(samples, rate, mp3.SAMPLE_RATE))
    return mp3.encode(np.concatenate(pieces), mp3.SAMPLE_RATE)
