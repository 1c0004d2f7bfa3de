"""Hindi and Marathi speech recognition on this machine: Whisper small in 8 bits. Weak, and opt-in for that reason."""

from __future__ import annotations

import difflib
import heapq
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
import tiktoken
from onnx_asr.loader import Manager
from onnx_asr.models.whisper import WhisperHf

from services.content import Language
from services.speech.base import SAMPLE_RATE, Audio, Samples
from services.speech.questions import questions
from services.speech.windows import windows

Floats = npt.NDArray[np.float32]


# The same checks, with the same limits, as openai/whisper's own transcribe.py.
_COMPRESSION_LIMIT = 2.4
_LOGPROB_LIMIT = -1.0
_NO_SPEECH_LIMIT = 0.6

# Devanagari is up to two tokens a letter in Whisper's vocabulary; fast speech is 15 letters a second.
_TOKENS_PER_SECOND = 30
_TOKENS_AT_LEAST = 30
_TOKENS_AT_MOST = 440

# GPT-2's rule for what a word is, which openai/whisper's tokenizer.py uses.
_WORDS = r"""'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"""

# Of the known questions those that read most like what was written are held against the sound. One is taken if a token
# of it is at most this much less likely, in nats, than one of the free text, and this much likelier than of the next
# best. In 26 synthetic recordings 13 of 17 right questions came within 0.7 with a lead of 0.25 or more, wrong ones (the
# right one was no candidate) not within 0.75 with a lead, and what is no known question not within 1.4. The lead is
# what tells left from right.
_CANDIDATES = 5
_CONCESSION = 0.75
_LEAD = 0.2

# Free text that fits no known question and is less sure than this is mostly none of the words said.
_FREE_LIMIT = -0.8

# Spoken Urdu is spoken Hindi: what the model calls by either name is Hindi here.
_TAGS: dict[Language, tuple[str, ...]] = {"en": ("en",), "hi": ("hi", "ur"), "mr": ("mr",)}


@dataclass(frozen=True, slots=True)
class Heard:
    """What Whisper wrote, and the mean probability of its tokens, 0..1. The text is empty where
    there is no speech in it, or none that it can be at all sure of."""

    text: str
    confidence: float


class _Model(WhisperHf):
    """onnx-asr's Whisper with what it leaves out: probabilities, the suppressed tokens, a bound on length."""

    def prepare(self, folder: Path) -> None:
        settings = json.loads((folder / "generation_config.json").read_text(encoding="utf-8"))
        self._suppressed = list(settings["suppress_tokens"])
        self._suppressed_first = list(settings["begin_suppress_tokens"])
        self._no_speech = int(settings["no_timestamps_token_id"]) - 1
        pieces = {
            bytes(self._byte_decoder[char] for char in token): number
            for token, number in self._tokens.items()
            if number < self._eos_token_id
        }
        self._spelling = tiktoken.Encoding("whisper", pat_str=_WORDS, mergeable_ranks=pieces, special_tokens={})

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

    def logprob(self, encoding: Any, language: str, text: str) -> float:
        """The mean log-probability of the tokens of a given text, its end included."""
        wanted = [*self._spelling.encode(f" {text}"), self._eos_token_id]
        start = self._transcribe_input.copy()
        start[:, 1] = self.token(language)
        tokens = np.hstack((start, np.array([wanted[:-1]], dtype=np.int64)))
        logits, _ = self._decode(tokens, self._create_state(), encoding)
        rows = logits[0, start.shape[1] - 1 :]
        return float(np.mean([_log_softmax(row)[token] for row, token in zip(rows, wanted, strict=True)]))


class Whisper:
    """The model, loaded at the first use. Thread-safe: one recording at a time.

    Its free text is wrong in every second word of Hindi and Marathi; so the questions people ask of a picture
    (`questions.py`) are held against the sound too, and one that fits it nearly as well is taken for what was said.

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
            first = model.first(model.encoded(windows(audio.samples)[0]))
        scores = {each: sum(float(np.exp(first[model.token(tag)])) for tag in _TAGS[each]) for each in languages}
        total = sum(scores.values())
        return {each: score / total if total else 1 / len(scores) for each, score in scores.items()}

    def transcribe(self, audio: Audio, language: Language) -> Heard:
        """Write down a recording in the language it is known to be in."""
        with self._lock:
            model = self._model or self._load()
            written = [_window(model, samples, language) for samples in windows(audio.samples)]
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
    tag = _TAGS[language][0]
    text, logprob = model.write(encoding, tag, most)
    data = text.encode()
    astray = bool(data) and len(data) / len(zlib.compress(data)) > _COMPRESSION_LIMIT
    unsure = logprob < _LOGPROB_LIMIT
    if astray or (unsure and no_speech > _NO_SPEECH_LIMIT) or not any(char.isalnum() for char in text):
        return Heard("", 0.0)
    known = _known(model, encoding, tag, text, questions(language))
    if known is not None and known[1] >= logprob - _CONCESSION:
        return Heard(known[0], float(np.exp(known[1])))
    return Heard(text, float(np.exp(logprob))) if logprob >= _FREE_LIMIT else Heard("", 0.0)


def _known(model: _Model, encoding: Any, tag: str, text: str, known: Sequence[str]) -> tuple[str, float] | None:
    """The question that fits the sound best, and its mean log-probability; None where another fits it as well."""
    likely = sorted((model.logprob(encoding, tag, each), each) for each in _alike(text, known))
    if not likely or (len(likely) > 1 and likely[-1][0] - likely[-2][0] < _LEAD):
        return None
    return likely[-1][1], likely[-1][0]


def _alike(text: str, known: Sequence[str]) -> list[str]:
    """The questions that share most letters, in order, with the text; words are cut differently by ear and by hand."""
    bare = text.replace(" ", "")
    match = difflib.SequenceMatcher(autojunk=False)
    match.set_seq2(bare)
    ratios = {}
    for question in known:
        match.set_seq1(question.replace(" ", ""))
        ratios[question] = match.ratio()
    return heapq.nlargest(_CANDIDATES, known, key=lambda question: ratios[question])


def _log_softmax(scores: Floats) -> Floats:
    shifted = scores - scores.max()
    return np.asarray(shifted - np.log(np.exp(shifted).sum()), dtype=np.float32)
