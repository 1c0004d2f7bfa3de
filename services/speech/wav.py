"""A WAV upload, whatever it is like, to sound a recogniser can take."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator

import numpy as np
import soundfile
import soxr

from services.errors import AudioRejected, SpeechNotUnderstood
from services.speech.base import SAMPLE_RATE, Audio, Samples

MAX_SECONDS = 180.0
"""The recommended format fills the upload's 5 MB in 164 seconds."""

_LOWEST_RATE = 4_000  # of a recording in which words can be told apart
_HIGHEST_RATE = 768_000  # of any converter there is
_SHORTEST_SECONDS = 0.1
_SILENCE = 10 ** (-60 / 20)  # peak, of full scale
_BLOCK_VALUES = 262_144


def looks_like_wav(data: bytes) -> bool:
    """Whether the first bytes are those of a RIFF, RIFX or RF64 file of form WAVE.

    Source: Multimedia Programming Interface and Data Specifications 1.0 (1991); EBU Tech 3306 (RF64).
    """
    return data[:4] in (b"RIFF", b"RIFX", b"RF64") and data[8:12] == b"WAVE"


def read_wav(data: bytes) -> Audio:
    """Read a WAV file: any PCM width, float, A-law, mu-law or ADPCM, any number of channels, any usable rate.

    The sizes its header declares are not believed; what is there is read. Of several channels the loudest is
    taken: a mean loses a voice that is in one of eight, or in two with opposite signs. Memory is bounded by
    `MAX_SECONDS`, not by the file.

    Raises:
        AudioRejected: it is no WAV file, or a broken one (`not_wav`); it lasts over `MAX_SECONDS` (`audio_too_long`).
        SpeechNotUnderstood: there is only silence in it, or too little or too coarse for a word (`no_speech`).
    """
    if not looks_like_wav(data):
        raise _not_wav()
    try:
        with soundfile.SoundFile(io.BytesIO(_with_length(data))) as file:
            _check(file)
            channel = _loudest(file)
            samples = _resampled(file, channel)
    # libsndfile reports through these; RuntimeError also stands for a seek it refuses
    except (soundfile.SoundFileError, RuntimeError, OSError, EOFError) as error:
        raise _not_wav() from error
    return Audio(_leveled(samples))


def _with_length(data: bytes) -> bytes:
    """The file with a `data` chunk that runs to its end where its header says 0, as recorders leave it that write
    to a pipe or were stopped. libsndfile sees to every other wrong length itself."""
    order = ">" if data[:4] == b"RIFX" else "<"
    at = 12
    while at + 8 <= len(data):
        name, size = struct.unpack_from(f"{order}4sI", data, at)
        if name == b"data" and size == 0:
            return data[: at + 4] + b"\xff\xff\xff\xff" + data[at + 8 :]
        # ds64: size of the file, size of the data chunk, samples, eight bytes each
        if name == b"ds64" and data[at + 16 : at + 24] == bytes(8):
            return data[: at + 16] + struct.pack("<Q", 2**62) + data[at + 24 :]
        if name == b"data":
            break
        at += 8 + size + size % 2
    return data


def _check(file: soundfile.SoundFile) -> None:
    if file.samplerate > _HIGHEST_RATE:
        raise _not_wav()
    if file.samplerate < _LOWEST_RATE:
        raise SpeechNotUnderstood("The recording is too coarse to hold speech.", code="no_speech")


def _blocks(file: soundfile.SoundFile) -> Iterator[np.ndarray[tuple[int, int], np.dtype[np.float32]]]:
    size = max(1, _BLOCK_VALUES // file.channels)
    limit = int(MAX_SECONDS * file.samplerate)
    done = 0
    while True:
        # asked for by blocks: the library allocates what is asked for, and a header may promise exabytes
        block = file.read(size, dtype="float32", always_2d=True)
        if not len(block):
            return
        done += len(block)
        if done > limit:
            raise AudioRejected(f"Audio is too long (max {MAX_SECONDS / 60:.0f} minutes)", code="audio_too_long")
        yield np.nan_to_num(block, nan=0.0, posinf=0.0, neginf=0.0)


def _loudest(file: soundfile.SoundFile) -> int:
    if file.channels == 1:
        return 0
    energy = np.zeros(file.channels)
    for block in _blocks(file):
        energy += np.square(block - block.mean(axis=0), dtype=np.float64).sum(axis=0)
    file.seek(0)
    return int(energy.argmax())


def _resampled(file: soundfile.SoundFile, channel: int) -> Samples:
    stream = soxr.ResampleStream(file.samplerate, SAMPLE_RATE, 1, dtype="float32")
    pieces = [stream.resample_chunk(np.ascontiguousarray(block[:, channel])) for block in _blocks(file)]
    pieces.append(stream.resample_chunk(np.zeros(0, np.float32), last=True))
    return np.concatenate(pieces)


def _leveled(samples: Samples) -> Samples:
    if len(samples) < _SHORTEST_SECONDS * SAMPLE_RATE:
        raise SpeechNotUnderstood("There is no speech in the recording.", code="no_speech")
    centred = samples - samples.mean()
    peak = float(np.abs(centred).max())
    if peak < _SILENCE:
        raise SpeechNotUnderstood("The recording is silent.", code="no_speech")
    # Float files are not bound to -1..1; a whole-number file cannot go beyond.
    return np.asarray(centred / peak if peak > 1.0 else centred, dtype=np.float32)


def _not_wav() -> AudioRejected:
    return AudioRejected("Audio must be WAV format", field="audio")
