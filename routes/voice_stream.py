"""The voice WebSocket: the answer's speech sentence by sentence, while it is being made.

The client sends one JSON text message a question: the fields of `/api/v1/analyze`, with `image` and `audio` in base64.
The server answers with JSON text messages, and after each `sentence` with one binary message, its MP3:

    {"type": "heard", "query", "language", "confidence"}
    {"type": "sentence", "index", "text"}  and its MP3
    {"type": "complete", "text", "language", "timings"}
    {"type": "error", "status", "detail", "error_type"}  and, for what has to be heard, an MP3; over the rate,
        "retry_after_s" as well
"""

from __future__ import annotations

import json
import logging
import time
from typing import Any

from flask import Flask
from flask_sock import Sock
from simple_websocket import ConnectionClosed, Server

from models.database import DatabaseUnavailable
from routes import sockets
from routes.current import owner_id, services
from routes.voice_reading import MAX_AUDIO, MAX_IMAGE, MAX_REQUEST, asked_of, field_of, mode_of, require_formats
from routes.voice_saying import error_clip, finisher, spoken_language, status_aloud, words_of
from services.base64_text import from_base64
from services.errors import AssistantError, InvalidInput, InvalidJSON, LimitExceeded, TooLarge
from services.speech.messages import message
from services.voice import Asked
from services.voice_sessions import require_id

log = logging.getLogger(__name__)

FIELDS = ("session_id", "mode", "image", "audio", "language", "voice", "question")
SPOKEN = (422, 429, 500, 503)


def init(app: Flask) -> None:
    """Serve `/api/v1/stream`."""
    # Base64 makes four bytes of three.
    longest = MAX_REQUEST * 4 // 3 + 65_536
    options = {"max_message_size": longest, "ping_interval": 15, "thread_class": sockets.Reader}
    app.config["SOCK_SERVER_OPTIONS"] = options
    sock = Sock(app)
    sock.route("/api/v1/stream")(converse)


def converse(socket: Server) -> None:
    """Answer questions until the client goes away."""
    try:
        while True:
            answer_one(socket, socket.receive())
    except ConnectionClosed:
        return


def answer_one(socket: Server, sent: str | bytes) -> None:
    asked: Asked | None = None
    try:
        asked = read(sent)
        allowance = services().voice_rate.take(owner_id(), asked.session_id)
        if not allowance.allowed:
            words = message("rate_limited", spoken_language(asked))
            raise LimitExceeded(words, context={"retry_after_s": allowance.retry_after_s})
        speak(socket, asked)
    except ConnectionClosed:
        raise
    except (AssistantError, DatabaseUnavailable) as error:
        fail(socket, asked, error)
    except Exception as error:
        log.exception("a spoken question failed on something nobody foresaw")
        fail(socket, asked, error)


def speak(socket: Server, asked: Asked) -> None:
    began = time.perf_counter()
    answer = services().assistant.answer(asked)
    confidence = answer.heard.confidence if answer.heard else None
    tell(socket, "heard", query=answer.query, language=answer.language, confidence=confidence)
    said = []
    for index, sentence in enumerate(answer.sentences()):
        audio = sentence.audio.result()
        tell(socket, "sentence", index=index, text=sentence.text)
        sockets.send(socket, audio)
        said.append(sentence.text)
    finisher(asked, answer, began)()
    timings = {stage: round(seconds, 4) for stage, seconds in answer.timings.items()}
    tell(socket, "complete", text=" ".join(said), language=answer.language, timings=timings)


def fail(socket: Server, asked: Asked | None, error: Exception) -> None:
    status = status_aloud(error)
    more = error.context if isinstance(error, LimitExceeded) else {}
    tell(socket, "error", status=status, detail=words_of(error), error_type=type(error).__name__, **more)
    services().stages.count(error=type(error).__name__)
    if status in SPOKEN:
        sockets.send(socket, error_clip(error, spoken_language(asked) if asked else "en"))


def tell(socket: Server, kind: str, **values: Any) -> None:
    sockets.send(socket, json.dumps({"type": kind, **values}, ensure_ascii=False))


def read(sent: str | bytes) -> Asked:
    """One question.

    Raises:
        InvalidJSON, InvalidInput, TooLarge: in the words of `/api/v1/analyze`.
    """
    try:
        body = json.loads(sent)
    except (ValueError, RecursionError):
        raise InvalidJSON("The message is not valid JSON.") from None
    if not isinstance(body, dict):
        raise InvalidJSON("The message must be a JSON object.")
    fields = {name: value for name, value in body.items() if name in FIELDS and value is not None}
    for name, value in fields.items():
        if not isinstance(value, str):
            raise InvalidInput(f"{name} must be a string", field=name)
    session_id = require_id(field_of(fields, "session_id"))
    mode = mode_of(fields)
    image = decoded(fields, "image", "Image file too large (max 10MB)", MAX_IMAGE)
    audio = decoded(fields, "audio", "Audio file too large (max 5MB)", MAX_AUDIO) if mode == "conversation" else None
    return require_formats(asked_of(fields, session_id, mode, image, audio))


def decoded(fields: dict[str, str], name: str, too_large: str, limit: int) -> bytes | None:
    if not fields.get(name):
        return None
    try:
        data = from_base64(fields[name])
    except ValueError:
        raise InvalidInput(f"{name} must be base64", field=name) from None
    if len(data) > limit:
        raise TooLarge(too_large, field=name)
    return data
