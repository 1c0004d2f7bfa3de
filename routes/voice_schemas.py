"""Shapes of the voice API, for the OpenAPI document and for what is sent."""

from __future__ import annotations

from typing import Literal

from flask_openapi3 import FileStorage
from pydantic import BaseModel, ConfigDict, Field


class Form(BaseModel):
    """Described here, read by the views: their messages are the API's own."""

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="ignore")


class AnalyzeForm(Form):
    session_id: str = Field(default="", description="1-128 letters, digits, '.', '_' or '-'; a UUID is recommended.")
    mode: str = Field(default="", description="`snapshot` or `conversation`.")
    image: FileStorage | None = Field(default=None, description="JPEG, at most 10 MB.")
    audio: FileStorage | None = Field(default=None, description="WAV, at most 5 MB; in a conversation.")
    language: str = Field(default="", description="`en`, `hi` or `mr`; found out when not given.")
    voice: str = Field(default="", description="`default` or `slow`.")
    question: str = Field(default="", description="The question in writing, in place of `audio`.")


class BatchForm(Form):
    session_id: str = ""
    image: list[FileStorage] = Field(default=[], description="One to ten JPEGs.")
    question: list[str] = Field(default=[], description="None, one for all, or one for each picture.")
    language: str = ""
    voice: str = ""


class ResetForm(Form):
    session_id: str = ""


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
    status: int
    text: str | None = None
    language: str | None = None
    audio_base64: str | None = None
    detail: str | None = None


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
