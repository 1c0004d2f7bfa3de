"""Speak a text while it is being written."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from services.content import Language
from services.speech.base import TextToSpeech, Voice
from services.speech.sentences import Splitter


@dataclass(frozen=True, slots=True)
class Spoken:
    """One sentence and its sound.

    Args:
        text: as written.
        audio: an MP3 file; those of one text, joined end to end, are one MP3 file.
        seconds: it took to make, for the measurement of stages.
    """

    text: str
    audio: bytes
    seconds: float


def talk(
    pieces: Iterable[str], speech: TextToSpeech, language: Language, voice: Voice = "default", at_once: int = 2
) -> Iterator[Spoken]:
    """The sentences of a text in order, each spoken while the rest is still being written.

    Sentences are spoken on threads of their own; `pieces` is read on the caller's, so it may hold to a context. What
    is ready is handed out whenever a piece has come. Closing the iterator leaves what was not begun unsaid.

    Args:
        pieces: of the text, in order, cut anywhere.
        speech: the voice.
        at_once: sentences made at the same time.

    Raises:
        ProviderError: no voice could say a sentence; those before it have been handed out.
        whatever `pieces` raises; sentences that had ended by then are lost unless they were handed out.
    """
    splitter = Splitter()
    under_way: deque[Future[Spoken]] = deque()
    pool = ThreadPoolExecutor(at_once, thread_name_prefix="talk")
    try:
        for piece in pieces:
            under_way.extend(pool.submit(_say, text, speech, language, voice) for text in splitter.feed(piece))
            while under_way and under_way[0].done():
                yield under_way.popleft().result()
        under_way.extend(pool.submit(_say, text, speech, language, voice) for text in splitter.finish())
        while under_way:
            yield under_way.popleft().result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _say(text: str, speech: TextToSpeech, language: Language, voice: Voice) -> Spoken:
    started = time.perf_counter()
    audio = speech.speak(text, language, voice)
    return Spoken(text, audio, time.perf_counter() - started)
