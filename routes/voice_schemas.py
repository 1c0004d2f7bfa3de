"""Shapes of the voice API, for the OpenAPI document and for what is sent."""

from __future__ import annotations

from typing import Any, Literal

from flask_openapi3 import FileStorage
from pydantic import BaseModel, ConfigDict, Field

HEADERS = {
    "X-Response-Text": "What is said: at most 200 characters, percent-encoded UTF-8 where not ASCII.",
    "X-Detected-Language": "`en`, `hi` or `mr`.",
}
LIMITS = {
    "X-RateLimit-Limit": "Requests a minute.",
    "X-RateLimit-Remaining": "Requests left.",
    "X-RateLimit-Reset": "Unix seconds.",
}
FAULTS = {"X-Error-Message": "What went wrong.", "X-Error-Type": "Its kind, such as `SpeechNotUnderstood`."}


class Form(BaseModel):
    """Described here, read by the views: their messages are the API's own."""

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="ignore")


class AnalyzeForm(Form):
    session_id: str = Field(
        description="A UUID is recommended.", min_length=1, max_length=128, pattern=r"^[A-Za-z0-9._-]+$"
    )
    mode: Literal["snapshot", "conversation"]
    image: FileStorage = Field(description="JPEG, at most 10 MB.")
    audio: FileStorage | None = Field(default=None, description="WAV, at most 5 MB; a conversation's question.")
    language: Literal["en", "hi", "mr"] | None = Field(default=None, description="Found out when not given.")
    voice: Literal["default", "slow"] = "default"
    question: str = Field(default="", max_length=10_000, description="The question in writing, in place of `audio`.")


class Told(BaseModel):
    """An answer for those who ask for JSON."""

    session_id: str
    query: str = Field(description="What was understood, or `[Snapshot Mode]`.")
    text: str
    language: Literal["en", "hi", "mr"]
    confidence: float | None = Field(description="Of the recogniser, 0 to 1, where it gives one.")
    audio_base64: str
    mime_type: Literal["audio/mpeg"]


class SpokenError(BaseModel):
    """An error for those who ask for JSON."""

    detail: str
    language: Literal["en", "hi", "mr"]
    spoken: str = Field(description="What is heard in place of this.")


class BatchForm(Form):
    session_id: str = Field(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9._-]+$")
    image: list[FileStorage] = Field(description="One to ten JPEGs, at most 10 MB each and 15 MB together.")
    question: list[str] = Field(default=[], description="None, one for all, or one for each picture.")
    language: Literal["en", "hi", "mr"] | None = None
    voice: Literal["default", "slow"] = "default"


class ResetForm(Form):
    session_id: str = Field(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9._-]+$")


class VoicePath(BaseModel):
    session_id: str


class Detail(BaseModel):
    detail: str


class ResetDone(BaseModel):
    status: Literal["success"]
    session_id: str
    message: str


class InteractionInfo(BaseModel):
    timestamp: str
    user_query: str
    detected_language: str
    image_path: str
    ai_response: str


class SessionInfo(BaseModel):
    session_id: str
    created_at: str
    last_activity: str
    detected_language: str | None
    chat_history: list[InteractionInfo]


class HealthServices(BaseModel):
    stt: str
    gemini: str
    tts: str
    session: str


class Health(BaseModel):
    status: Literal["healthy", "unhealthy"]
    services: HealthServices
    error: str | None = None


class BatchResult(BaseModel):
    index: int
    status: int = Field(description="200, or what `/analyze` would have answered.")
    session_id: str | None = None
    query: str | None = None
    text: str | None = None
    language: str | None = None
    confidence: float | None = None
    audio_base64: str | None = None
    mime_type: str | None = None
    detail: str | None = Field(default=None, description="What went wrong; the other fields are missing then.")


class BatchResults(BaseModel):
    session_id: str
    results: list[BatchResult]


class VoiceInfo(BaseModel):
    id: str
    languages: list[str]


class VoiceList(BaseModel):
    voices: list[VoiceInfo]
    default: str
    provider: str


class AnalyticsReport(BaseModel):
    requests: dict[str, int]
    languages: dict[str, int]
    errors: dict[str, int]
    latency: dict[str, dict[str, float]]


def heard_or_told(meaning: str, told: type[BaseModel], headers: dict[str, str]) -> dict[str, Any]:
    """A response that is an MP3, or JSON for those who prefer it."""
    return {
        "description": meaning,
        "headers": {name: {"description": text, "schema": {"type": "string"}} for name, text in headers.items()},
        "content": {
            "audio/mpeg": {"schema": {"type": "string", "format": "binary"}},
            "application/json": {"schema": told.model_json_schema()},
        },
    }


ANALYZE: dict[str | int, Any] = {
    200: heard_or_told(
        "The answer, spoken",
        Told,
        HEADERS | LIMITS | {"X-Session-Id": "As sent.", "X-Confidence": "Of the recogniser, 0 to 1."},
    ),
    422: heard_or_told("The question could not be made out: asks to repeat it", SpokenError, HEADERS | LIMITS | FAULTS),
    429: heard_or_told(
        "Too many requests of this session",
        SpokenError,
        HEADERS | LIMITS | {"X-Rate-Limit-Exceeded": "`true`", "Retry-After": "Seconds."},
    ),
    500: heard_or_told("Something went wrong here", SpokenError, HEADERS | LIMITS | FAULTS),
    503: heard_or_told(
        "Something behind this server does not answer",
        SpokenError,
        HEADERS | LIMITS | FAULTS | {"Retry-After": "Seconds."},
    ),
}
