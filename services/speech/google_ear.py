"""Google Web Speech through SpeechRecognition, one call for each language it may be."""

from __future__ import annotations

import socket
import urllib.error
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from http.client import HTTPException
from urllib.parse import urlsplit

import speech_recognition as sr

from services.content import Language
from services.errors import (
    ProviderError,
    ProviderGarbage,
    ProviderTimeout,
    ProviderUnavailable,
    SpeechNotUnderstood,
)
from services.providers.config import ProviderConfig
from services.providers.http import retry_after, status_error
from services.speech.base import SAMPLE_RATE, Audio, Transcript
from services.speech.language import likelihoods

BASE_URL = "https://www.google.com/speech-api/v2/recognize"
_TAGS: dict[Language, str] = {"en": "en-IN", "hi": "hi-IN", "mr": "mr-IN"}

# What SpeechRecognition takes where the vendor gives no confidence.
_UNKNOWN_CONFIDENCE = 0.5
_CALLS_AT_ONCE = 12


class GoogleEar:
    """`SpeechToText` over the Web Speech endpoint; no key needed.

    Asked in three languages it hears something in each; the one whose transcript is both confident and reads like
    its language wins.

    Args:
        config: `base_url` is the whole endpoint; without `api_key` the library's own key is used.
    """

    name = "google"

    def __init__(self, config: ProviderConfig) -> None:
        self._endpoint = config.base_url or BASE_URL
        self._key = config.api_key
        self._timeout = config.timeout
        self._pool = ThreadPoolExecutor(_CALLS_AT_ONCE, thread_name_prefix="google-speech")

    def transcribe(self, audio: Audio, languages: Sequence[Language]) -> Transcript:
        """See `SpeechToText.transcribe`."""
        calls = [self._pool.submit(self._call, audio, language) for language in languages]
        # The library's timeout is for each read, so that an endpoint that dribbles could hold a caller for ever.
        wait(calls, timeout=self._timeout)
        heard, silent, failures = self._sorted(calls)
        if heard:
            return max(heard, key=_plausibility)
        if silent and not failures:
            raise SpeechNotUnderstood("The speech could not be made out.")
        raise failures[0]

    def probe(self) -> None:
        """See `SpeechToText.probe`."""
        address = urlsplit(self._endpoint)
        port = address.port or (443 if address.scheme == "https" else 80)
        try:
            socket.create_connection((address.hostname or "", port), timeout=2.0).close()
        except OSError:
            raise ProviderUnavailable("No connection.", provider=self.name) from None

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _sorted(self, calls: Sequence[Future[Transcript]]) -> tuple[list[Transcript], int, list[ProviderError]]:
        heard: list[Transcript] = []
        failures: list[ProviderError] = []
        silent = 0
        for call in calls:
            if not call.done():
                call.cancel()
                failures.append(ProviderTimeout("No answer within the time allowed.", provider=self.name))
                continue
            try:
                heard.append(call.result())
            except SpeechNotUnderstood:
                silent += 1
            except ProviderError as error:
                failures.append(error)
        return heard, silent, failures

    def _call(self, audio: Audio, language: Language) -> Transcript:
        recognizer = sr.Recognizer()
        recognizer.operation_timeout = self._timeout
        try:
            answer = recognizer.recognize_google(
                _Flac(audio), key=self._key, language=_TAGS[language], with_confidence=True, endpoint=self._endpoint
            )
            text, confidence = str(answer[0]).strip(), float(answer[1])
        except sr.UnknownValueError:
            raise SpeechNotUnderstood("The speech could not be made out.") from None
        except sr.RequestError as error:
            raise self._refused(error) from None
        except TimeoutError:
            raise ProviderTimeout("No answer within the time allowed.", provider=self.name) from None
        except (OSError, HTTPException):
            raise ProviderUnavailable("The connection broke off.", provider=self.name) from None
        # The library reads the answer without looking at its shape.
        except (ValueError, KeyError, TypeError, IndexError, AttributeError):
            raise ProviderGarbage("The answer was not of the expected format.", provider=self.name) from None
        if not text:
            raise SpeechNotUnderstood("The speech could not be made out.")
        return Transcript(text, language, min(max(confidence, 0.0), 1.0), self.name)

    def _refused(self, error: sr.RequestError) -> ProviderError:
        cause = error.__context__
        if isinstance(cause, urllib.error.HTTPError):
            cause.close()  # the library leaves the connection open
            return status_error(self.name, cause.code, retry_after({k.lower(): v for k, v in cause.headers.items()}))
        if isinstance(cause, urllib.error.URLError) and isinstance(cause.reason, TimeoutError):
            return ProviderTimeout("No answer within the time allowed.", provider=self.name)
        return ProviderUnavailable("No connection, or it broke off.", provider=self.name)


class _Flac(sr.AudioData):  # type: ignore[misc]  # the library is untyped
    """The library makes FLAC by running a program it carries for some machines; libsndfile makes it on all."""

    def __init__(self, audio: Audio) -> None:
        super().__init__(b"", SAMPLE_RATE, 2)
        self._flac = audio.flac

    def get_flac_data(self, **_conversion: int | None) -> bytes:
        return self._flac


def _plausibility(transcript: Transcript) -> float:
    confidence = _UNKNOWN_CONFIDENCE if transcript.confidence is None else transcript.confidence
    return confidence * likelihoods(transcript.text)[transcript.language]
