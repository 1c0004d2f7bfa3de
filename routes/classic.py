"""Upload a picture and talk about it, in the shapes of OpenAI's chat completions."""

from __future__ import annotations

import io
from typing import Any

from flask import Response, jsonify, request, send_file, stream_with_context, url_for
from flask_openapi3 import APIBlueprint, Tag
from werkzeug.datastructures import FileStorage

from models.chats import Message
from models.media import Image
from routes import openai_shapes, sse
from routes.auth import signed
from routes.current import base_url, owner_id, request_id, services
from routes.parsing import iso, uuid_or_none, validated
from routes.schemas import (
    ChatCompletion,
    ErrorBody,
    FirstAnalysis,
    ImageInfo,
    ImagePath,
    KeptMessages,
    Question,
    ThumbnailQuery,
    UploadForm,
)
from services import prompts, turns
from services.content import ImagePart
from services.errors import (
    AssistantError,
    ImageNotFound,
    ImageRejected,
    ProviderError,
    SessionNotFound,
)
from services.events import TurnDone, TurnFailed
from services.library.analysing import JOB as ANALYSE
from services.library.images import Uploaded
from services.turns import Turn

bp = APIBlueprint("classic", __name__, abp_tags=[Tag(name="Classic", description="Upload a picture, talk about it.")])

ASKED: dict[str | int, Any] = dict.fromkeys((400, 404, 413, 415, 502, 503, 504), ErrorBody)


@bp.post("/upload", responses={201: FirstAnalysis, 400: ErrorBody, 413: ErrorBody, 415: ErrorBody})
@validated
def upload(form: UploadForm) -> tuple[Response, int]:  # noqa: ARG001 - read by the OpenAPI document
    """Upload a picture and get a first analysis of it."""
    file = one_file()
    uploaded = services().images.add(owner_id(), file.filename or "", file.read())
    turn = ask(uploaded, prompts.FIRST_QUESTION, first=True)
    image = describe(uploaded.image)
    try:
        done = turns.collect(turn)
    except ImageNotFound:
        raise  # it was deleted while it was looked at
    except AssistantError as error:
        # The picture is kept: whoever sends it again would have it twice.
        done = unanalysed(turn, error)
    # Not before: the local model has measured the picture by now, and the job finds its facts.
    services().jobs.enqueue(ANALYSE, uploaded.image.id)
    return jsonify(openai_shapes.completion(done, image_id=uploaded.image.id, image=image)), 201


@bp.post("/chat/<image_id>", responses={200: ChatCompletion, **ASKED})
@validated
def chat(path: ImagePath, body: Question) -> Response:
    """Ask about a picture; what was said before is remembered."""
    uploaded = to_ask_about(path)
    done = turns.collect(ask(uploaded, body.question))
    return jsonify(openai_shapes.completion(done, image_id=uploaded.image.id))


@bp.post("/chat-stream/<image_id>", responses={200: {"content": {"text/event-stream": {}}}, **ASKED})
@validated
def chat_stream(path: ImagePath, body: Question) -> Response:
    """Ask about a picture and read the answer while it is being made, as `chat.completion.chunk` events."""
    uploaded = to_ask_about(path)
    pump = sse.Pump(ask(uploaded, body.question))
    begun = pump.begin()
    for happened in begun[0]:
        if isinstance(happened, TurnFailed) and not happened.text:
            raise happened.error
    frames = sse.stream(pump, begun, openai_shapes.chunks(image_id=uploaded.image.id))
    return Response(stream_with_context(frames), mimetype="text/event-stream", headers=sse.HEADERS)


@bp.get("/images/<image_id>", responses={200: ImageInfo, 404: ErrorBody})
@validated
def image_info(path: ImagePath) -> Response:
    """What is known of an uploaded file."""
    image = find(path).image
    return jsonify({"image_id": image.id, **describe(image)})


@bp.get("/images/<image_id>/file", responses={200: {"content": {"image/*": {}}}, 404: ErrorBody})
@validated
def image_file(path: ImagePath) -> Response:
    """The picture as it was uploaded; takes `Range` and `If-None-Match`."""
    image = find(path).image
    return picture_response(services().images.file(image), image.mime_type, image.filename, image.sha256)


@bp.get("/images/<image_id>/thumbnail", responses={200: {"content": {"image/*": {}}}, 400: ErrorBody, 404: ErrorBody})
@validated
def image_thumbnail(path: ImagePath, query: ThumbnailQuery) -> Response:
    """A small upright copy of the picture."""
    image = find(path).image
    data, mime_type = services().images.thumbnail(image, query.size)
    return picture_response(data, mime_type, None, f"{image.sha256}-thumbnail-{query.size}")


@bp.get("/images/<image_id>/messages", responses={200: KeptMessages, 404: ErrorBody})
@validated
def image_messages(path: ImagePath) -> Response:
    """The conversation about a picture, oldest message first."""
    image_id = known(path.image_id)
    messages = services().images.messages(owner_id(), image_id)
    return jsonify({"image_id": image_id, "messages": [present(message) for message in messages]})


@bp.delete("/images/<image_id>", responses={204: None, 404: ErrorBody})
@validated
def delete_image(path: ImagePath) -> tuple[str, int]:
    """Take a picture away, with everything said about it."""
    services().images.delete(owner_id(), known(path.image_id))
    return "", 204


def one_file() -> FileStorage:
    """The request's one `file`.

    Raises:
        ImageRejected: `missing_file`, `empty_filename` or `multiple_files`.
    """
    files = request.files.getlist("file")
    if not files:
        raise ImageRejected(
            "The request has no file: send it as multipart field `file`.", code="missing_file", field="file"
        )
    if len(files) > 1:
        raise ImageRejected("The request has more than one file.", code="multiple_files", field="file")
    if not files[0].filename:
        raise ImageRejected("The file has no name.", code="empty_filename", field="file")
    return files[0]


def known(image_id: str) -> str:
    found = uuid_or_none(image_id)
    if found is None:
        raise ImageNotFound(image_id)
    return found


def find(path: ImagePath) -> Uploaded:
    return services().images.with_conversation(owner_id(), known(path.image_id))


def to_ask_about(path: ImagePath) -> Uploaded:
    return services().images.to_ask_about(owner_id(), known(path.image_id))


def ask(uploaded: Uploaded, text: str, *, first: bool = False) -> Turn:
    part = ImagePart(services().images.picture(uploaded.image))
    question = turns.Question(
        conversation_id=uploaded.conversation_id,
        text=text,
        instructions=prompts.classic(uploaded.image.filename),
        images=(part,),
        request_id=request_id(),
        details={"first_analysis": True} if first else None,
    )
    try:
        return services().turns.start(question)
    except SessionNotFound:
        # Another process has deleted the picture since it was last asked about.
        services().images.forget(owner_id(), uploaded.image.id)
        raise ImageNotFound(uploaded.image.id) from None


def unanalysed(turn: Turn, error: AssistantError) -> TurnDone:
    """The answer to an upload that is kept although nobody could look at it."""
    return TurnDone(
        message_id=turn.message_id,
        text=turn.text or f"The picture is kept, but it could not be analysed now. {error.message}",
        finish_reason="error",
        usage=turn.usage,
        provider=turn.provider or (error.provider if isinstance(error, ProviderError) else ""),
        model=turn.model or "",
        processing_time_ms=turn.elapsed_ms,
    )


def describe(image: Image) -> dict[str, Any]:
    return {
        "filename": image.filename,
        "mime_type": image.mime_type,
        "size_bytes": image.size_bytes,
        "width": image.width,
        "height": image.height,
        "sha256": image.sha256,
        "created_at": iso(image.created_at),
        "url": base_url() + signed(url_for("classic.image_file", image_id=image.id)),
        "thumbnail_url": base_url() + signed(url_for("classic.image_thumbnail", image_id=image.id)),
    }


def present(message: Message) -> dict[str, Any]:
    return {
        "id": message.id,
        "role": message.role,
        "content": message.content,
        "status": message.status,
        "provider": message.provider,
        "model": message.model,
        "finish_reason": message.finish_reason,
        "error_code": message.error_code,
        "created_at": iso(message.created_at),
    }


def picture_response(data: bytes, mime_type: str, filename: str | None, etag: str) -> Response:
    response = send_file(
        io.BytesIO(data), mimetype=mime_type, download_name=filename, etag=etag, conditional=True, max_age=31_536_000
    )
    response.cache_control.public = False
    response.cache_control.private = True
    response.cache_control.immutable = True
    return response
