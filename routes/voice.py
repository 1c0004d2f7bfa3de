"""Voice: a picture and a spoken question in, a spoken answer out. Every outcome can be heard."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Response, g, jsonify
from flask_openapi3 import APIBlueprint, Tag

from models.database import DatabaseUnavailable
from routes.current import owner_id, services
from routes.parsing import iso, validated
from routes.voice_reading import VOICES, read_batch, read_request, session_to_reset
from routes.voice_saying import heard, rate_headers, spoken_language, status_aloud, too_many, whole_answer, words_of
from routes.voice_schemas import (
    ANALYZE,
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
from services.errors import AssistantError, LimitExceeded
from services.speech.base import LANGUAGES
from services.speech.messages import message
from services.voice import Asked

log = logging.getLogger(__name__)

TOLD: dict[str | int, Any] = dict.fromkeys((400, 413, 415), Detail)

bp = APIBlueprint(
    "voice", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="Voice", description="Ask aloud, hear the answer.")]
)
bp.after_request(rate_headers)


def reads_form(view: Callable[..., Any]) -> Callable[[], Any]:
    """Have the OpenAPI library describe the view's `form` and leave it unread: the messages are this API's own."""

    @wraps(view)
    def wrapper() -> Any:
        return view(form=None)

    wrapper.__delay_validate_request__ = True  # type: ignore[attr-defined]  # the library's own mark
    return wrapper


@bp.post("/analyze", responses={**ANALYZE, **TOLD})
@reads_form
def analyze(form: AnalyzeForm) -> Response:  # noqa: ARG001 - read by the OpenAPI document
    """Ask about a picture, aloud or not, and hear the answer."""
    asked = read_request()
    g.allowance = services().voice_rate.take(owner_id(), asked.session_id)
    return heard(asked) if g.allowance.allowed else too_many(asked, g.allowance)


@bp.post("/analyze/batch", responses={200: BatchResults, **TOLD})
@reads_form
def batch(form: BatchForm) -> Response:  # noqa: ARG001 - read by the OpenAPI document
    """Several pictures at once, each with a question of its own or none; the answers as JSON."""
    asked = read_batch()
    results = [{"index": number, **one_of_batch(each)} for number, each in enumerate(asked)]
    return jsonify({"session_id": asked[0].session_id, "results": results})


def one_of_batch(asked: Asked) -> dict[str, Any]:
    g.allowance = services().voice_rate.take(owner_id(), asked.session_id)
    if not g.allowance.allowed:
        services().stages.count(error=LimitExceeded.__name__)
        return {"status": 429, "detail": message("rate_limited", spoken_language(asked))}
    try:
        return {"status": 200, **whole_answer(asked)[1]}
    except (AssistantError, DatabaseUnavailable) as error:
        services().stages.count(error=type(error).__name__)
        return {"status": status_aloud(error), "detail": words_of(error)}


@bp.post("/session/reset", responses={200: ResetDone, 400: Detail, 500: Detail})
@reads_form
def reset(form: ResetForm) -> Response | tuple[Response, int]:  # noqa: ARG001 - read by the OpenAPI document
    """Forget everything of a session."""
    session_id = session_to_reset()
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
