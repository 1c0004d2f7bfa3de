"""Voice: a picture and a spoken question in, a spoken answer out. Every outcome can be heard."""

from __future__ import annotations

import base64
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast
from urllib.parse import quote

from flask import Response, g, jsonify, request
from flask_openapi3 import APIBlueprint, Tag
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import RequestEntityTooLarge

from models.database import DatabaseUnavailable
from routes.current import owner_id, request_id, services
from routes.errors import status_of
from routes.parsing import iso, validated
from routes.voice_schemas import (
    AnalyticsReport,
    AnalyzeForm,
    BatchForm,
    BatchResults,
    Detail,
    Health,
    ResetDone,
    ResetForm,
    SessionInfo,
    VoiceList,
    VoicePath,
)
from services.content import Language
from services.errors import AssistantError, InvalidInput, SpeechNotUnderstood, TooLarge, WrongContentType
from services.rates import Allowance
from services.speech.base import LANGUAGES, Voice
from services.speech.clips import clip
from services.speech.messages import Key, key_of, message
from services.speech.wav import looks_like_wav
from services.voice import Answer, Asked, Mode, Sentence
from services.voice_sessions import require_id

log = logging.getLogger(__name__)

MB = 1024 * 1024
MAX_IMAGE = 10 * MB
MAX_AUDIO = 5 * MB
MAX_REQUEST = 15 * MB
MULTIPART_ROOM = 64 * 1024
MAX_BATCH = 10
PREVIEW = 200
VOICES: tuple[Voice, ...] = ("default", "slow")
SPOKEN: dict[str | int, Any] = {status: {"content": {"audio/mpeg": {}}} for status in (200, 422, 429, 500, 503)}
TOLD: dict[str | int, Any] = dict.fromkeys((400, 413, 415), Detail)

bp = APIBlueprint(
    "voice", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="Voice", description="Ask aloud, hear the answer.")]
)


@bp.post("/analyze", responses={**SPOKEN, **TOLD})
@validated
def analyze(form: AnalyzeForm) -> Response:  # noqa: ARG001 - read by the OpenAPI document
    """Ask about a picture, aloud or not, and hear the answer."""
    asked = read_request()
    allowance = services().voice_rate.take(owner_id(), asked.session_id)
    g.allowance = allowance
    if not allowance.allowed:
        return too_many(asked, allowance)
    return heard(asked, lambda: spoken_answer(asked))


@bp.post("/analyze/batch", responses={200: BatchResults, **TOLD})
@validated
def batch(form: BatchForm) -> Response:  # noqa: ARG001 - read by the OpenAPI document
    """Several pictures at once, each with a question of its own or none; the answers as JSON."""
    asked = read_batch()
    return jsonify(
        {
            "session_id": asked[0].session_id,
            "results": [one_of_batch(each, number) for number, each in enumerate(asked)],
        }
    )


@bp.post("/session/reset", responses={200: ResetDone, 400: Detail, 500: Detail})
@validated
def reset(form: ResetForm) -> Response | tuple[Response, int]:  # noqa: ARG001 - read by the OpenAPI document
    """Forget everything of a session."""
    session_id = require_id(field_of(reset_fields(), "session_id"))
    try:
        services().voice_sessions.reset(owner_id(), session_id)
    except (DatabaseUnavailable, AssistantError):
        log.exception("a voice session could not be reset")
        return jsonify({"detail": "Failed to reset session"}), 500
    return jsonify({"status": "success", "session_id": session_id, "message": "Session reset successfully"})


@bp.get("/session/<session_id>", responses={200: SessionInfo, 404: Detail})
@validated
def session(path: VoicePath) -> Response:
    """What is remembered of a session: at most its ten newest interactions."""
    found = services().voice_sessions.read(owner_id(), path.session_id)
    return jsonify(
        {
            "session_id": found.session.session_id,
            "created_at": iso(found.session.created_at),
            "last_activity": iso(found.session.last_activity),
            "detected_language": found.session.language,
            "chat_history": [
                {
                    "timestamp": iso(interaction.at),
                    "user_query": interaction.query,
                    "detected_language": interaction.language,
                    "image_path": f"temp_{found.session.session_id}.jpg",
                    "ai_response": interaction.answer,
                }
                for interaction in found.interactions
            ],
        }
    )


@bp.get("/health", responses={200: Health, 500: Health})
def health() -> tuple[Response, int]:
    """Whether hearing, seeing, speaking and remembering work just now."""
    found = services().health.check()
    states = {name: "unavailable" if problem else "available" for name, problem in found.items()}
    problems = [problem for problem in found.values() if problem]
    if problems:
        return jsonify({"status": "unhealthy", "services": states, "error": problems[0]}), 500
    return jsonify({"status": "healthy", "services": states}), 200


@bp.get("/voices", responses={200: VoiceList})
def voices() -> Response:
    """The voices answers can be heard in."""
    listed = [{"id": voice, "languages": list(LANGUAGES)} for voice in VOICES]
    return jsonify({"voices": listed, "default": "default", "provider": services().assistant.voice.name})


@bp.get("/analytics", responses={200: AnalyticsReport})
def analytics() -> Response:
    """Requests, languages, errors, and how long each stage took (seconds), since this process started."""
    stages = services().stages
    return jsonify(
        {
            "requests": stages.counts("mode"),
            "languages": stages.counts("language"),
            "errors": stages.counts("error"),
            "latency": stages.percentiles(),
        }
    )


@bp.after_request
def rate_headers(response: Response) -> Response:
    allowance: Allowance | None = g.get("allowance")
    if allowance is not None:
        response.headers["X-RateLimit-Limit"] = str(allowance.limit)
        response.headers["X-RateLimit-Remaining"] = str(allowance.remaining)
        response.headers["X-RateLimit-Reset"] = str(allowance.reset_at)
    return response


def read_request() -> Asked:
    """The request, checked in the order a caller would mend it.

    Raises:
        InvalidInput, TooLarge, WrongContentType: with the messages of the API's description.
    """
    fields = form_fields()
    session_id = require_id(field_of(fields, "session_id"))
    mode = field_of(fields, "mode")
    if mode not in ("snapshot", "conversation"):
        raise InvalidInput("Invalid mode. Must be 'snapshot' or 'conversation'", field="mode")
    image = file_of("image", "Image file too large (max 10MB)", MAX_IMAGE)
    if image is None:
        raise missing("image")
    question = fields.get("question", "").strip() or None
    audio = file_of("audio", "Audio file too large (max 5MB)", MAX_AUDIO) if mode == "conversation" else None
    if mode == "conversation" and audio is None and question is None:
        raise missing("audio")
    return asked_of(fields, session_id, cast(Mode, mode), image=image, audio=audio, question=question)


def asked_of(
    fields: dict[str, str], session_id: str, mode: Mode, *, image: bytes, audio: bytes | None, question: str | None
) -> Asked:
    language = fields.get("language") or None
    if language is not None and language not in LANGUAGES:
        raise InvalidInput("Invalid language. Must be 'en', 'hi' or 'mr'", field="language")
    voice = fields.get("voice") or "default"
    if voice not in VOICES:
        raise InvalidInput("Invalid voice. Must be 'default' or 'slow'", field="voice")
    if question is not None and len(question) > 10_000:
        raise InvalidInput("Question too long (max 10000 characters)", field="question")
    if image[:3] != b"\xff\xd8\xff":
        raise InvalidInput("Image must be JPEG format", field="image")
    if audio is not None and not looks_like_wav(audio):
        raise InvalidInput("Audio must be WAV format", field="audio")
    return Asked(
        owner_id=owner_id(),
        session_id=session_id,
        mode=mode,
        image=image,
        audio=audio,
        question=None if audio else question,
        language=language,
        voice=voice,
        request_id=request_id(),
    )


def read_batch() -> list[Asked]:
    """The requests of a batch: one for each `image`, with the `question` of the same place, if there is one."""
    fields = form_fields()
    session_id = require_id(field_of(fields, "session_id"))
    images = [part.read() for part in request.files.getlist("image")]
    questions = request.form.getlist("question")
    if not images:
        raise missing("image")
    if len(images) > MAX_BATCH:
        raise InvalidInput(f"Too many images (max {MAX_BATCH})", field="image")
    if len(questions) not in (0, 1, len(images)):
        raise InvalidInput("There must be no question, one, or one for each image", field="question")
    if len(questions) == 1:
        questions *= len(images)
    asked = []
    for number, image in enumerate(images):
        if len(image) > MAX_IMAGE:
            raise TooLarge("Image file too large (max 10MB)", field="image")
        question = questions[number].strip() if questions else ""
        mode: Mode = "conversation" if question else "snapshot"
        asked.append(asked_of(fields, session_id, mode, image=image, audio=None, question=question or None))
    return asked


def form_fields() -> dict[str, str]:
    request.max_content_length = MAX_REQUEST + MULTIPART_ROOM
    if request.mimetype not in ("multipart/form-data", "application/x-www-form-urlencoded"):
        raise WrongContentType("The request must be multipart/form-data.")
    try:
        return request.form.to_dict()
    except RequestEntityTooLarge:
        raise TooLarge("Request too large (max 15MB)") from None


def reset_fields() -> dict[str, str]:
    if request.is_json:
        body = request.get_json(silent=True)
        return {"session_id": str(body.get("session_id") or "")} if isinstance(body, dict) else {}
    return request.form.to_dict()


def field_of(fields: dict[str, str], name: str) -> str:
    value = fields.get(name, "").strip()
    if not value:
        raise missing(name)
    return value


def file_of(name: str, too_large: str, limit: int) -> bytes | None:
    part: FileStorage | None = request.files.get(name)
    if part is None:
        return None
    data: bytes = part.read(limit + 1)
    if len(data) > limit:
        raise TooLarge(too_large, field=name)
    return data


def missing(name: str) -> InvalidInput:
    return InvalidInput(f"Missing required field: {name}", field=name)


def wants_json() -> bool:
    kinds = request.accept_mimetypes
    return bool(kinds["application/json"] > kinds["audio/mpeg"])


def spoken_answer(asked: Asked) -> Response:
    """The answer, its first sentence sent while later ones are still being spoken."""
    began = time.perf_counter()
    answer = services().assistant.answer(asked)
    said = list(answer.sentences())
    text = " ".join(sentence.text for sentence in said)
    first = said[0].audio.result()
    services().stages.count(mode=asked.mode, language=answer.language)
    if wants_json():
        audio = first + b"".join(rest(said, answer.language))
        finisher(answer, began)()
        response = jsonify(as_json(answer, text, audio))
    else:
        response = Response(sound(first, said, answer.language, finisher(answer, began)), mimetype="audio/mpeg")
        response.headers["Content-Disposition"] = "attachment; filename=response.mp3"
    response.headers["X-Response-Text"] = preview(text)
    response.headers["X-Detected-Language"] = answer.language
    response.headers["X-Session-Id"] = asked.session_id
    if answer.heard is not None and answer.heard.confidence is not None:
        response.headers["X-Confidence"] = f"{answer.heard.confidence:.2f}"
    return response


def sound(first: bytes, said: Sequence[Sentence], language: Language, finish: Callable[[], None]) -> Iterator[bytes]:
    """Speech as it is ready; the request itself may be over by then."""
    yield first
    yield from rest(said, language)
    finish()


def rest(said: Sequence[Sentence], language: Language) -> Iterator[bytes]:
    """The sentences after the first; where the voice fails meanwhile, the clip that says so."""
    for sentence in said[1:]:
        try:
            yield sentence.audio.result()
        except AssistantError as error:
            log.warning("speech failed in the middle of an answer: %s", error.code)
            yield clip("unavailable", language)
            return


def finisher(answer: Answer, began: float) -> Callable[[], None]:
    """What writes the timings down, bound to this program's parts but not to the request."""
    stages, metrics = services().stages, services().metrics

    def finish() -> None:
        took = {**answer.timings, "total": time.perf_counter() - began}
        stages.took(took)
        for stage, seconds in took.items():
            metrics.voice.labels(stage).observe(seconds)

    return finish


def as_json(answer: Answer, text: str, audio: bytes) -> dict[str, Any]:
    return {
        "session_id": answer.session_id,
        "query": answer.query,
        "text": text,
        "language": answer.language,
        "confidence": answer.heard.confidence if answer.heard else None,
        "audio_base64": base64.b64encode(audio).decode(),
        "mime_type": "audio/mpeg",
    }


def heard(asked: Asked, answer: Callable[[], Response]) -> Response:
    """What `answer` gives; what goes wrong on the way, spoken."""
    try:
        return answer()
    except SpeechNotUnderstood as error:
        return spoken_error(asked, 422, error, error.message)
    except (InvalidInput, TooLarge):
        raise
    except AssistantError as error:
        status = 503 if status_of(error) in (502, 503, 504) else 500
        return spoken_error(asked, status, error, error.message)
    except DatabaseUnavailable as error:
        log.exception("the database does not answer")
        return spoken_error(asked, 503, error, "The database does not answer.")
    except Exception as error:
        log.exception("a voice request failed on something nobody foresaw")
        return spoken_error(asked, 500, error, "Something went wrong.")


def too_many(asked: Asked, allowance: Allowance) -> Response:
    language = spoken_language(asked)
    response = said_or_written("rate_limited", message("rate_limited", language), language, 429)
    response.headers["X-Rate-Limit-Exceeded"] = "true"
    response.headers["Retry-After"] = str(allowance.retry_after_s)
    services().stages.count(error="RateLimited")
    return response


def spoken_error(asked: Asked, status: int, error: Exception, words: str) -> Response:
    language = spoken_language(asked)
    key = key_of(error) if isinstance(error, AssistantError) else "internal" if status == 500 else "unavailable"
    response = said_or_written(key, words, language, status)
    response.headers["X-Error-Message"] = preview(words)
    response.headers["X-Error-Type"] = type(error).__name__
    services().stages.count(error=type(error).__name__)
    return response


def said_or_written(key: Key, words: str, language: Language, status: int) -> Response:
    """A stored clip, so that an error is heard whatever is down; JSON for those who ask for it."""
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
    return asked.language or services().voice_sessions.language(asked.owner_id, asked.session_id) or "en"


def preview(text: str) -> str:
    """At most 200 characters, percent-encoded where they are not printable ASCII."""
    short = text if len(text) <= PREVIEW else text[: PREVIEW - 3] + "..."
    return quote(short, safe=" !\"#$&'()*+,-./:;<=>?@[\\]^_`{|}~")


def one_of_batch(asked: Asked, number: int) -> dict[str, Any]:
    allowance = services().voice_rate.take(owner_id(), asked.session_id)
    g.allowance = allowance
    if not allowance.allowed:
        return {"index": number, "status": 429, "detail": message("rate_limited", "en")}
    began = time.perf_counter()
    try:
        answer = services().assistant.answer(asked)
        said = list(answer.sentences())
        audio = said[0].audio.result() + b"".join(rest(said, answer.language))
    except AssistantError as error:
        return {"index": number, "status": status_of(error), "detail": error.message}
    services().stages.count(mode=asked.mode, language=answer.language)
    finisher(answer, began)()
    return {"index": number, "status": 200, **as_json(answer, " ".join(part.text for part in said), audio)}
