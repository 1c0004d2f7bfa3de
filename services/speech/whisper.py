"""Hindi and Marathi speech recognition on this machine: Whisper small in 8 bits. Weak, and opt-in for that reason."""

from __future__ import annotations

import json
import threading
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
from onnx_asr.loader import Manager
from onnx_asr.models.whisper import WhisperHf

from services.content import Language
from services.speech.base import SAMPLE_RATE, Audio, Samples

Floats = npt.NDArray[np.float32]

_WINDOW_S = 30  # what the model takes in
_SEEK_S = 5  # at the end of a window, where the quietest moment is looked for
_FRAME = SAMPLE_RATE // 50

# The same checks, with the same limits, as openai/whisper's own transcribe.py.
_COMPRESSION_LIMIT = 2.4
_LOGPROB_LIMIT = -1.0
_NO_SPEECH_LIMIT = 0.6

# Devanagari is up to two tokens a letter in Whisper's vocabulary; fast speech is 15 letters a second.
_TOKENS_PER_SECOND = 30
_TOKENS_AT_LEAST = 30
_TOKENS_AT_MOST = 440

# Spoken Urdu is spoken Hindi: what the model calls by either name is Hindi here.
_TAGS: dict[Language, tuple[str, ...]] = {"en": ("en",), "hi": ("hi", "ur"), "mr": ("mr",)}


@dataclass(frozen=True, slots=True)
class Heard:
    """What Whisper wrote, and the mean probability of its tokens, 0..1. The text is empty where its own checks say
    that there is no speech or that it went astray."""

    text: str
    confidence: float


class _Model(WhisperHf):
    """onnx-asr's Whisper with what it leaves out: probabilities, the suppressed tokens, a bound on length."""

    def prepare(self, folder: Path) -> None:
        settings = json.loads((folder / "generation_config.json").read_text(encoding="utf-8"))
        self._suppressed = list(settings["suppress_tokens"])
        self._suppressed_first = list(settings["begin_suppress_tokens"])
        self._no_speech = int(settings["no_timestamps_token_id"]) - 1

    def encoded(self, samples: Samples) -> Any:
        return self._encode(samples[None, :], np.array([len(samples)], dtype=np.int64))

    def first(self, encoding: Any) -> Floats:
        """Log-probabilities of the token after the first, which names the language."""
        logits, _ = self._decode(self._detect_lang_input, self._create_state(), encoding)
        return _log_softmax(logits[0, -1])

    def token(self, name: str) -> int:
        return self._tokens[f"<|{name}|>"]

    def no_speech(self, first: Floats) -> float:
        return float(np.exp(first[self._no_speech]))

    def write(self, encoding: Any, language: str, most: int) -> tuple[str, float]:
        """The text, and the mean log-probability of its tokens."""
        tokens = self._transcribe_input.copy()
        tokens[:, 1] = self.token(language)
        prompt, state, total = tokens.shape[1], self._create_state(), 0.0
        while tokens.shape[1] - prompt < most:
            logits, state = self._decode(tokens, state, encoding)
            scores = logits[0, -1].copy()
            scores[self._suppressed] = -np.inf
            if tokens.shape[1] == prompt:
                scores[self._suppressed_first] = -np.inf
            probabilities = _log_softmax(scores)
            chosen = int(probabilities.argmax())
            total += float(probabilities[chosen])
            tokens = np.hstack((tokens, np.array([[chosen]], dtype=np.int64)))
            if chosen == self._eos_token_id:
                break
        said = tokens.shape[1] - prompt
        return self._decode_tokens(tokens[0]).text.strip(), total / max(said, 1)


class Whisper:
    """The model, loaded at the first use. Thread-safe: one recording at a time.

    Args:
        folder: with the files of `services/speech/weights.py`.
        threads: of one recognition.
    """

    def __init__(self, folder: Path, threads: int = 2) -> None:
        self._folder = folder
        self._threads = threads
        self._lock = threading.Lock()
        self._model: _Model | None = None

    def languages(self, audio: Audio, languages: Sequence[Language]) -> dict[Language, float]:
        """How likely each language is, from the first 30 seconds; they sum to 1."""
        with self._lock:
            model = self._model or self._load()
            first = model.first(model.encoded(audio.samples[: _WINDOW_S * SAMPLE_RATE]))
        scores = {each: sum(float(np.exp(first[model.token(tag)])) for tag in _TAGS[each]) for each in languages}
        total = sum(scores.values())
        return {each: score / total if total else 1 / len(scores) for each, score in scores.items()}

    def transcribe(self, audio: Audio, language: Language) -> Heard:
        """Write down a recording in the language it is known to be in."""
        with self._lock:
            model = self._model or self._load()
            written = [_window(model, samples, language) for samples in _windows(audio.samples)]
        said = [heard for heard in written if heard.text]
        if not said:
            return Heard("", 0.0)
        return Heard(" ".join(heard.text for heard in said), min(heard.confidence for heard in said))

    def close(self) -> None:
        """Free the model."""
        with self._lock:
            self._model = None

    def _load(self) -> _Model:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads
        # An arena keeps the 1.5 GB that encoding takes for a moment.
        options.enable_cpu_mem_arena = False
        manager = Manager(sess_options=options, providers=["CPUExecutionProvider"])
        suffix = "_quantized.onnx"
        files = {
            "encoder": self._folder / f"encoder_model{suffix}",
            "decoder": self._folder / f"decoder_model_merged{suffix}",
            "vocab": self._folder / "vocab.json",
            "added_tokens": self._folder / "added_tokens.json",
            "config": self._folder / "config.json",
        }
        model = _Model(files, manager._create_preprocessor, manager.default_onnx_config)
        model.prepare(self._folder)
        self._model = model
        return model


def _window(model: _Model, samples: Samples, language: Language) -> Heard:
    encoding = model.encoded(samples)
    most = min(_TOKENS_AT_LEAST + int(_TOKENS_PER_SECOND * len(samples) / SAMPLE_RATE), _TOKENS_AT_MOST)
    no_speech = model.no_speech(model.first(encoding))
    text, logprob = model.write(encoding, _TAGS[language][0], most)
    data = text.encode()
    astray = bool(data) and len(data) / len(zlib.compress(data)) > _COMPRESSION_LIMIT
    unsure = logprob < _LOGPROB_LIMIT
    if astray or (unsure and no_speech > _NO_SPEECH_LIMIT) or not any(char.isalnum() for char in text):
        return Heard("", 0.0)
    return Heard(text, float(np.exp(logprob)))


def _windows(samples: Samples) -> list[Samples]:
    """Pieces the model can take in, cut at the quietest moment near their end."""
    pieces = []
    size, seek = _WINDOW_S * SAMPLE_RATE, _SEEK_S * SAMPLE_RATE
    while len(samples) > size:
        tail = samples[size - seek : size].reshape(-1, _FRAME)
        cut = size - seek + int(np.square(tail).sum(axis=1).argmin()) * _FRAME
        pieces.append(samples[:cut])
        samples = samples[cut:]
    return [*pieces, samples]


def _log_softmax(scores: Floats) -> Floats:
    shifted = scores - scores.max()
    return np.asarray(shifted - np.log(np.exp(shifted).sum()), dtype=np.float32)
