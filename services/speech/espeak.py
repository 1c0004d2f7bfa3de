"""The eSpeak NG library (GPL-3.0-or-later, loaded as it is from its own package) behind one lock.

The engine is one per process and not thread-safe, but takes about 1.5 ms for a second of speech: waiting in line costs
less than worker processes would.
"""

from __future__ import annotations

import ctypes
import threading

import numpy as np

from services.speech.base import Samples

# From espeak-ng's speak_lib.h.
_AUDIO_OUTPUT_SYNCHRONOUS = 2
_INITIALIZE_DONT_EXIT = 0x8000
_RATE_WPM = 1
_POSITION_CHARACTER = 1
_CHARS_UTF8 = 1

_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


class EspeakError(Exception):
    """The library or its data is not there, or it refused a call."""


class _Engine:
    def __init__(self) -> None:
        import espeakng_loader

        try:
            self._library = ctypes.CDLL(espeakng_loader.get_library_path())
            data = espeakng_loader.get_data_path()
        except (OSError, RuntimeError) as error:
            raise EspeakError("the eSpeak NG library cannot be loaded") from error
        self.rate = self._library.espeak_Initialize(
            _AUDIO_OUTPUT_SYNCHRONOUS, 0, str(data).encode(), _INITIALIZE_DONT_EXIT
        )
        if self.rate <= 0:
            raise EspeakError("the eSpeak NG library does not start")
        self._pieces: list[bytes] = []
        self._callback = _CALLBACK(self._take)  # kept: the library holds on to it
        self._library.espeak_SetSynthCallback(self._callback)

    def _take(self, samples: object, count: int, _events: object) -> int:
        if samples and count > 0:
            self._pieces.append(ctypes.string_at(samples, count * 2))  # type: ignore[arg-type]  # a C pointer
        return 0

    def say(self, text: str, voice: str, words_per_minute: int) -> Samples:
        if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise EspeakError(f"no voice {voice}")
        self._library.espeak_SetParameter(_RATE_WPM, words_per_minute, 0)
        # The library reads to the terminating zero, which c_char_p adds.
        data = text.replace("\0", " ").encode()
        self._pieces.clear()
        failed = self._library.espeak_Synth(
            ctypes.c_char_p(data), ctypes.c_size_t(len(data) + 1), 0, _POSITION_CHARACTER, 0, _CHARS_UTF8, None, None
        )
        if failed:
            raise EspeakError("the text was not taken")
        return np.frombuffer(b"".join(self._pieces), np.int16).astype(np.float32) / np.float32(32768)


_lock = threading.Lock()
_engine: list[_Engine] = []


def say(text: str, voice: str, words_per_minute: int) -> tuple[Samples, int]:
    """Speak a text.

    Args:
        text: plain.
        voice: eSpeak NG's own name, such as `en`, `hi`, `mr`, `en-us+f3`.
        words_per_minute: 80 to 450.

    Returns:
        mono samples, and their rate in hertz.

    Raises:
        EspeakError: the library is not there, or knows no such voice.
    """
    with _lock:
        if not _engine:
            _engine.append(_Engine())
        engine = _engine[0]
        return engine.say(text, voice, words_per_minute), engine.rate
