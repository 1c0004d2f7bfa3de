from __future__ import annotations

import io
from collections.abc import Iterator
from functools import cache

import numpy as np
import pytest
import soundfile
import soxr

from services.content import Language
from services.speech.base import SAMPLE_RATE, Audio
from services.speech.espeak import say
from tests.speech.vendor import Vendor, start_vendor

# MPEG 1 layer III, ISO/IEC 11172-3, 2.4.2.3
_KBPS = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_HERTZ = (44_100, 48_000, 32_000)


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with start_vendor() as running:
        yield running


@cache
def spoken(text: str, voice: str = "en-us", words_per_minute: int = 110) -> Audio:
    """A recording of a synthetic voice."""
    samples, rate = say(text, voice, words_per_minute)
    return Audio(soxr.resample(samples, rate, SAMPLE_RATE).astype(np.float32))


@cache
def vendors_mp3() -> bytes:
    """A second of tone as Google Translate would send it: 24 kHz, 64 kbps."""
    tone = 0.3 * np.sin(np.arange(24_000) * 0.15)
    out = io.BytesIO()
    soundfile.write(out, tone, 24_000, format="MP3")
    return out.getvalue()


def frames(mp3: bytes) -> list[tuple[int, int]]:
    """Bit rate (kbps) and sample rate of each frame of an MP3 file, which must be frames from end to end."""
    found, at = [], 0
    while at < len(mp3):
        assert mp3[at] == 0xFF, f"no frame at {at}"
        assert mp3[at + 1] & 0xFE == 0xFA, "not MPEG 1 layer III"
        kbps, hertz = _KBPS[mp3[at + 2] >> 4], _HERTZ[mp3[at + 2] >> 2 & 3]
        found.append((kbps, hertz))
        at += 144_000 * kbps // hertz + (mp3[at + 2] >> 1 & 1)
    assert at == len(mp3), "the last frame is cut"
    return found


def words_kept(said: str, heard: str) -> float:
    """Share of the words of `said` that are in `heard`."""
    wanted = _words(said)
    got = set(_words(heard))
    return sum(word in got for word in wanted) / len(wanted)


def _words(text: str) -> list[str]:
    return "".join(char.lower() if char.isalnum() else " " for char in text).split()


GREETING: dict[Language, str] = {
    "en": "There is a wooden chair directly in front of you.",
    "hi": "आपके ठीक सामने लकड़ी की एक कुर्सी है।",
    "mr": "तुमच्या अगदी समोर एक लाकडी खुर्ची आहे.",
}
