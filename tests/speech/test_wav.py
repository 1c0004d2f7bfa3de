"""Every WAV file is accepted, refused or found without speech; nothing else happens."""

from __future__ import annotations

import io
import struct
import tracemalloc

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from services.errors import AudioRejected, SpeechNotUnderstood
from services.speech import mp3
from services.speech.base import Samples
from services.speech.wav import read_wav

SECOND: Samples = (0.3 * np.sin(np.arange(16_000) * 0.17)).astype(np.float32)


def wav(
    subtype: str = "PCM_16",
    *,
    rate: int = 16_000,
    samples: np.ndarray = SECOND,
    kind: str = "WAV",
    endian: str = "FILE",
) -> bytes:
    out = io.BytesIO()
    soundfile.write(out, samples, rate, format=kind, subtype=subtype, endian=endian)
    return out.getvalue()


PLAIN = wav()


def declared(length: int, riff: int | None = None) -> bytes:
    """The plain file with other lengths in its header."""
    data = bytearray(PLAIN)
    at = data.index(b"data") + 4
    data[at : at + 4] = struct.pack("<I", length)
    if riff is not None:
        data[4:8] = struct.pack("<I", riff)
    return bytes(data)


def rf64(length: int) -> bytes:
    """The plain file as RF64 that declares this many bytes (EBU Tech 3306)."""
    sizes = b"ds64" + struct.pack("<IQQQI", 28, length, length, length, 0)
    return b"RF64" + b"\xff" * 4 + b"WAVE" + sizes + PLAIN[12:36] + b"data" + b"\xff" * 4 + PLAIN[44:]


def patched(at: int, data: bytes) -> bytes:
    return PLAIN[:at] + data + PLAIN[at + len(data) :]


@pytest.mark.parametrize(
    "data",
    [
        *(wav(each) for each in ("PCM_16", "PCM_24", "PCM_32", "PCM_U8", "FLOAT", "DOUBLE", "ULAW", "ALAW")),
        *(wav(each) for each in ("IMA_ADPCM", "MS_ADPCM", "GSM610")),
        wav("PCM_24", kind="WAVEX"),
        wav(kind="RF64"),
        wav(endian="BIG"),
        *(declared(length) for length in (0, 0x7FFFF000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)),
        *(declared(length, length) for length in (0, 0x7FFFF000, 0xFFFFFFFF)),
        *(rf64(length) for length in (0, 2**31, 2**62, 2**63)),
        PLAIN + b"\x01",
        PLAIN + b"LIST\x04\x00\x00\x00abcd",
        wav("FLOAT", samples=SECOND * 32768),
    ],
)
def test_heard_whole(data: bytes) -> None:
    audio = read_wav(data)
    assert audio.seconds == pytest.approx(1.0, abs=0.03)
    assert 0.2 < np.abs(audio.samples).max() <= 1.0
    assert audio.samples.dtype == np.float32


@pytest.mark.parametrize("rate", [4_000, 8_000, 11_025, 22_050, 44_100, 48_000, 96_000, 384_000])
def test_every_rate_keeps_pitch_and_length(rate: int) -> None:
    tone = (0.3 * np.sin(2 * np.pi * 500 * np.arange(rate) / rate)).astype(np.float32)
    audio = read_wav(wav(rate=rate, samples=tone))
    assert audio.seconds == pytest.approx(1.0, abs=0.01)
    assert np.abs(np.fft.rfft(audio.samples)).argmax() * 16_000 / len(audio.samples) == pytest.approx(500, abs=3)


@pytest.mark.parametrize("channels", [2, 6, 8, 255])
def test_a_voice_in_one_of_many_channels_is_heard(channels: int) -> None:
    silent = np.zeros((16_000, channels), np.float32)
    silent[:, channels - 1] = SECOND
    assert np.abs(read_wav(wav(samples=silent, kind="WAVEX")).samples).max() == pytest.approx(0.3, abs=0.02)


def test_channels_of_opposite_signs_do_not_cancel() -> None:
    assert np.abs(read_wav(wav(samples=np.stack([SECOND, -SECOND], axis=1))).samples).max() > 0.2


def test_what_is_left_of_a_truncated_file_is_heard() -> None:
    assert read_wav(PLAIN[:20_001]).seconds == pytest.approx(0.62, abs=0.02)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"RIFF",
        PLAIN[:12],
        PLAIN[:20],
        b"RIFF\x00\x00\x00\x00WAVE" + b"\xff" * 5000,
        b"RIFF\x24\x00\x00\x00AVI " + PLAIN[12:],
        mp3.encode(SECOND, 16_000),
        b"ID3\x04" + mp3.encode(SECOND, 16_000),
        wav(kind="FLAC"),
        wav(kind="AIFF"),
        wav(kind="W64"),
        patched(20, b"\xff\xff"),
        patched(22, b"\x00\x00"),
        patched(24, bytes(4)),
        patched(24, b"\xff\xff\xff\x7f"),
        patched(34, b"\x00\x00"),
        rf64(2**64 - 1),
        b"\xff\xd8\xff\xe0" + bytes(1000),
    ],
)
def test_not_wav(data: bytes) -> None:
    with pytest.raises(AudioRejected) as caught:
        read_wav(data)
    assert caught.value.message == "Audio must be WAV format"
    assert caught.value.code == "not_wav"


@pytest.mark.parametrize(
    "data",
    [
        PLAIN[:44],
        PLAIN[:46],
        declared(1),
        wav(samples=np.zeros(16_000, np.float32)),
        wav(samples=np.full(16_000, 0.5, np.float32)),
        wav("FLOAT", samples=np.full(16_000, np.nan, np.float32)),
        wav("FLOAT", samples=np.full(16_000, np.inf, np.float32)),
        wav(rate=1),
        wav(rate=100),
        wav(samples=SECOND[:500]),
    ],
)
def test_no_speech(data: bytes) -> None:
    with pytest.raises(SpeechNotUnderstood) as caught:
        read_wav(data)
    assert caught.value.code == "no_speech"


def test_hours_are_refused_in_little_memory() -> None:
    data = wav("IMA_ADPCM", rate=8_000, samples=np.tile(SECOND, 600))
    tracemalloc.start()
    try:
        with pytest.raises(AudioRejected) as caught:
            read_wav(data)
        assert tracemalloc.get_traced_memory()[1] < 40 * 2**20
    finally:
        tracemalloc.stop()
    assert caught.value.code == "audio_too_long"


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from([PLAIN[:3000], wav("MS_ADPCM")[:3000], wav(kind="WAVEX")[:3000], rf64(2**40)[:3000]]),
    st.lists(st.tuples(st.integers(4, 120), st.integers(0, 255)), max_size=8),
    st.integers(0, 3000),
)
def test_a_broken_header_is_never_another_error(data: bytes, changes: list[tuple[int, int]], length: int) -> None:
    broken = bytearray(data)
    for at, value in changes:
        broken[at] = value
    try:
        audio = read_wav(bytes(broken[:length]))
    except (AudioRejected, SpeechNotUnderstood):
        return
    assert np.isfinite(audio.samples).all()
    assert np.abs(audio.samples).max() <= 1.0
