"""The server as an OpenAI-compatible one: a client with its `base_url` set to this address works unchanged."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, assert_never
from urllib.parse import urlsplit

from flask import Response, jsonify, stream_with_context
from flask_openapi3 import APIBlueprint, Tag

from routes import openai_shapes, sse
from routes.current import base_url, owner_id, request_id, services
from routes.gateway_schemas import (
    CompletionRequest,
    GatewayCompletion,
    GatewayMessage,
    ImageContent,
    ImageURL,
    ModelInfo,
    ModelList,
    ModelPath,
    RefusalContent,
    TextContent,
)
from routes.parsing import UUID, validated
from routes.schemas import ErrorBody
from services import gateway, turns
from services.content import ImagePart, ImageSource, Message, Part, Role, TextPart, ToolResult
from services.errors import ImageRejected, InvalidInput, NotFound
from services.events import TurnFailed
from services.library.remote import refused
from services.providers.conversation import whole_call
from services.studio.decode import bytes_from_base64

ERRORS: dict[str | int, Any] = dict.fromkeys((400, 404, 413, 415, 502, 503, 504), ErrorBody)
OWN_IMAGE = re.compile(rf"(?:/api/v2)?/images/({UUID.pattern})(?:/file|/thumbnail)?")
OWN_VERSION = re.compile(rf"/studio/versions/({UUID.pattern})/(?:file|thumbnail)")

bp = APIBlueprint(
    "gateway", __name__, url_prefix="/v1", abp_tags=[Tag(name="Gateway", description="For OpenAI clients.")]
)


@bp.get("/models", responses={200: ModelList})
def models() -> Response:
    """The models that answer here, in the order they are asked."""
    return jsonify({"object": "list", "data": listed()})


@bp.get("/models/<path:model>", responses={200: ModelInfo, 404: ErrorBody})
@validated
def model(path: ModelPath) -> Response:
    """One of them by its name."""
    for known in listed():
        if known["id"] == path.model:
            return jsonify(known)
    raise NotFound("No model of this name answers here.", code="model_not_found", field="model")


@bp.post("/chat/completions", responses={200: GatewayCompletion, **ERRORS})
@validated
def completions(body: CompletionRequest) -> Response:
    """Answer a conversation, with pictures or without, whole or streamed."""
    turn = services().gateway.ask(
        gateway.Completion(
            owner_id=owner_id(),
            messages=in_order(messages_of(body.messages)),
            max_tokens=body.max_completion_tokens or body.max_tokens,
            temperature=body.temperature,
            options=body.options(),
            tools=body.offered(),
            request_id=request_id(),
        )
    )
    if not body.stream:
        return jsonify(openai_shapes.completion(turns.collect(turn)))
    pump = sse.Pump(turn)
    begun = pump.begin()
    for happened in begun[0]:
        if isinstance(happened, TurnFailed) and not happened.text:
            raise happened.error
    with_usage = body.stream_options is not None and bool(body.stream_options.include_usage)
    frames = sse.stream(pump, begun, openai_shapes.chunks(usage_apart=with_usage, usage_with_last=False))
    return Response(stream_with_context(frames), mimetype="text/event-stream", headers=sse.HEADERS)


def listed() -> list[dict[str, Any]]:
    return [{"id": each.model, "object": "model", "created": 0, "owned_by": each.name} for each in services().models]


def in_order(messages: list[Message]) -> tuple[Message, ...]:
    """System messages first, as every provider takes them."""
    system = [message for message in messages if message.role == "system"]
    return (*system, *(message for message in messages if message.role != "system"))


def messages_of(messages: list[GatewayMessage]) -> list[Message]:
    """The messages; a tool's answer gets the name of the call it answers."""
    names = {call.id: call.function.name for message in messages for call in message.tool_calls or ()}
    return [message_of(message, names) for message in messages]


def message_of(message: GatewayMessage, names: dict[str, str]) -> Message:
    role: Role = "system" if message.role == "developer" else message.role
    parts: list[Part] = []
    given = message.content or message.refusal or ()
    for content in [TextContent(type="text", text=given)] if isinstance(given, str) else given:
        match content:
            case TextContent():
                parts.append(TextPart(content.text))
            case RefusalContent():
                parts.append(TextPart(content.refusal))
            case ImageContent():
                low = content.image_url.detail == "low"
                parts.append(ImagePart(source_of(content.image_url), "low" if low else "high"))
            case _:
                assert_never(content)
    if role == "tool":
        call_id, _state = openai_shapes.own_id(message.tool_call_id or "")
        text = "".join(part.text for part in parts if isinstance(part, TextPart))
        name = names.get(message.tool_call_id or "")
        if name is None:
            raise InvalidInput("A tool's message answers no call before it.", code="invalid_messages", field="messages")
        return Message(role, (ToolResult(call_id, name, text),))
    for call in message.tool_calls or ():
        call_id, state = openai_shapes.own_id(call.id)
        whole = whole_call(call_id, call.function.name, call.function.arguments)
        parts.append(replace(whole, vendor_state=state))
    return Message(role, tuple(parts))


def source_of(image: ImageURL) -> ImageSource:
    """The picture at an address: within the address itself, or on this server.

    Raises:
        InvalidInput: it is somewhere else, where this server does not go or finds none.
        ImageNotFound, ImageRejected, TooLarge
    """
    try:
        return found(image.url)
    except ImageRejected as error:
        raise ImageRejected(error.message, code=error.code, field="image_url") from error


def found(url: str) -> ImageSource:
    images = services().images
    if url.startswith("data:"):
        return images.inline_picture(bytes_from_base64(url, field="image_url"))
    try:
        parts = urlsplit(url)
    except ValueError:
        raise refused() from None
    here = f"{parts.scheme}://{parts.netloc}" in ("://", base_url())
    if here and (own := OWN_IMAGE.fullmatch(parts.path)):
        return images.picture(images.get(owner_id(), own.group(1).lower()))
    if here and (own := OWN_VERSION.fullmatch(parts.path)):
        galleries = services().galleries
        return images.inline_picture(galleries.files.picture(galleries.version(owner_id(), own.group(1).lower())))
    return images.inline_picture(services().remote_images.fetch(url))
