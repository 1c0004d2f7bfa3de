"""Answers and errors as they are heard, or as JSON for those who ask for it."""

from __future__ import annotations

import base64
import itertools
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import quote

from flask import Response, g, jsonify, request

from models.database import DatabaseUnavailable
from routes.current import services
from routes.errors import AGAIN_S, status_of
from services.content import Language
from services.errors import AssistantError, LimitExceeded, SpeechNotUnderstood
from services.rates import Allowance
from services.speech.clips import clip
from services.speech.messages import Key, key_of, message
from services.voice import Answer, Asked, Sentence

log = logging.getLogger(__name__)

PREVIEW = 200


def wants_json() -> bool:
    kinds = request.accept_mimetypes
    return bool(kinds["application/json"] > kinds["audio/mpeg"])


def heard(asked: Asked) -> Response:
    """The answer to what is asked; what goes wrong on the way, spoken.

    Raises:
        InvalidInput, TooLarge: what was sent cannot be used.
    """
    try:
        return _as_json(asked) if wants_json() else _as_speech(asked)
    except AssistantError as error:
        if status_aloud(error) < 500 and not isinstance(error, SpeechNotUnderstood):
            raise
        return spoken_error(asked, error)
    except Exception as error:
        if not isinstance(error, DatabaseUnavailable):
            log.exception("a voice request failed on something nobody foresaw")
        return spoken_error(asked, error)


def whole_answer(asked: Asked) -> tuple[Answer, dict[str, Any]]:
    """An answer to its end, and its JSON.

    Raises:
        AssistantError, DatabaseUnavailable: see `Assistant.answer` and `Answer.sentences`.
    """
    began = time.perf_counter()
    answer = services().assistant.answer(asked)
    said = list(answer.sentences())
    audio = b"".join(_sound(said[0].audio.result(), said[1:], answer.language, finisher(asked, answer, began)))
    return answer, {
        "session_id": answer.session_id,
        "query": answer.query,
        "text": text_of(said),
        "language": answer.language,
        "confidence": answer.heard.confidence if answer.heard else None,
        "audio_base64": base64.b64encode(audio).decode(),
        "mime_type": "audio/mpeg",
    }


def _as_json(asked: Asked) -> Response:
    answer, told = whole_answer(asked)
    return _with_headers(jsonify(told), answer, told["text"])


def _as_speech(asked: Asked) -> Response:
    """Sent while its end is still being written and spoken, once as much of the text is known as the headers show."""
    began = time.perf_counter()
    answer = services().assistant.answer(asked)
    coming = answer.sentences()
    known: list[Sentence] = []
    for sentence in coming:
        known.append(sentence)
        if len(text_of(known)) > PREVIEW:
            break
    later = itertools.chain(known[1:], coming)
    sound = _sound(known[0].audio.result(), later, answer.language, finisher(asked, answer, began))
    response = Response(sound, mimetype="audio/mpeg")
    response.headers["Content-Disposition"] = "attachment; filename=response.mp3"
    return _with_headers(response, answer, text_of(known))


def _with_headers(response: Response, answer: Answer, text: str) -> Response:
    response.headers["X-Response-Text"] = preview(text)
    response.headers["X-Detected-Language"] = answer.language
    response.headers["X-Session-Id"] = answer.session_id
    if answer.heard is not None and answer.heard.confidence is not None:
        response.headers["X-Confidence"] = f"{answer.heard.confidence:.2f}"
    return response


def _sound(first: bytes, later: Iterable[Sentence], language: Language, finish: Callable[[], None]) -> Iterator[bytes]:
    """Speech as it is ready; where it fails after its beginning, the clip that says so. The request may be over."""
    yield first
    try:
        for sentence in later:
            yield sentence.audio.result()
    except AssistantError as error:
        log.warning("an answer broke off while it was spoken: %s", error.code)
        yield clip(key_of(error), language)
        return
    finish()


def text_of(said: Sequence[Sentence]) -> str:
    return " ".join(sentence.text for sentence in said)


def finisher(asked: Asked, answer: Answer, began: float) -> Callable[[], None]:
    """What counts a request and writes its timings down, bound to this program's parts but not to the request."""
    stages, metrics = services().stages, services().metrics

    def finish() -> None:
        stages.count(mode=asked.mode, language=answer.language)
        took = {**answer.timings, "total": time.perf_counter() - began}
        stages.took(took)
        for stage, seconds in took.items():
            metrics.voice.labels(stage).observe(seconds)

    return finish


def too_many(asked: Asked, allowance: Allowance) -> Response:
    """The answer to a request over the rate."""
    language = spoken_language(asked)
    words = message("rate_limited", language)
    response = _said_or_written("rate_limited", words, language, 429)
    response.headers["X-Rate-Limit-Exceeded"] = "true"
    response.headers["Retry-After"] = str(allowance.retry_after_s)
    services().stages.count(error=LimitExceeded.__name__)
    return response


def spoken_error(asked: Asked, error: Exception) -> Response:
    """An error that has to be heard."""
    status, words = status_aloud(error), words_of(error)
    response = _said_or_written(_key(error), words, spoken_language(asked), status)
    response.headers["X-Error-Message"] = preview(words)
    response.headers["X-Error-Type"] = type(error).__name__
    if status == 503:
        response.headers["Retry-After"] = str(AGAIN_S)
    services().stages.count(error=type(error).__name__)
    return response


def status_aloud(error: Exception) -> int:
    """The status of an error as this surface has them: 4xx for the caller's, 422 for words nobody could make out, 503
    where somebody else does not answer, 500 for the rest."""
    match error:
        case SpeechNotUnderstood():
            return 422
        case DatabaseUnavailable():
            return 503
        case AssistantError():
            status = status_of(error)
            return 503 if status in (502, 504) else status
        case _:
            return 500


def words_of(error: Exception) -> str:
    """A sentence of this program's own."""
    match error:
        case AssistantError():
            return error.message
        case DatabaseUnavailable():
            return "The database does not answer."
        case _:
            return "Something went wrong."


def error_clip(error: Exception, language: Language) -> bytes:
    """The stored speech for an error: heard whatever is down."""
    return clip(_key(error), language)


def _key(error: Exception) -> Key:
    return "unavailable" if isinstance(error, DatabaseUnavailable) else key_of(error)


def _said_or_written(key: Key, words: str, language: Language, status: int) -> Response:
    if wants_json():
        response = jsonify({"detail": words, "language": language, "spoken": message(key, language)})
    else:
        response = Response(clip(key, language), mimetype="audio/mpeg")
        response.headers["X-Response-Text"] = preview(message(key, language))
    response.headers["X-Detected-Language"] = language
    response.status_code = status
    return response


def spoken_language(asked: Asked) -> Language:
    """The caller's language, else the session's, else English."""
    try:
        return asked.language or services().voice_sessions.language(asked.owner_id, asked.session_id) or "en"
    except DatabaseUnavailable:
        return "en"


def preview(text: str) -> str:
    """At most 200 characters, percent-encoded where they are not printable ASCII."""
    short = text if len(text) <= PREVIEW else text[: PREVIEW - 3] + "..."
    return quote(short, safe=" !\"#$&'()*+,-./:;<=>?@[\\]^_`{|}~")


def rate_headers(response: Response) -> Response:
    """What is left of the rate, where it was counted."""
    allowance: Allowance | None = g.get("allowance")
    if allowance is not None:
        response.headers["X-RateLimit-Limit"] = str(allowance.limit)
        response.headers["X-RateLimit-Remaining"] = str(allowance.remaining)
        response.headers["X-RateLimit-Reset"] = str(allowance.reset_at)
    return response
