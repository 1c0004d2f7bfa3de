"""Make and change pictures by conversation; versions that can be gone back to, branched from and taken away."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from flask import Response, jsonify, request, url_for
from flask_openapi3 import APIBlueprint, Tag

from models.chats import Message
from models.studio import StudioVersion
from routes.classic import picture_response
from routes.current import base_url, owner_id, request_id, services
from routes.parsing import iso, uuid_or_none, validated
from routes.schemas import ErrorBody
from routes.studio_schemas import (
    ConversationDetail,
    ConversationInfo,
    ConversationList,
    ConversationPath,
    CurrentVersion,
    FileQuery,
    Granted,
    Moved,
    PageQuery,
    Title,
    VersionPath,
    Wish,
)
from services import making
from services.errors import Conflict, NotFound
from services.galleries import Gallery, no_version
from services.studio.decode import bytes_from_base64, picture_from_base64, to_base64
from services.studio.operations import Navigation, Redo, Undo

MAX_BODY = 64 * 1024 * 1024
"""A picture and a mask of 16 MB each, in base64."""
THUMBNAIL_SIDE = 256

ERRORS: dict[str | int, Any] = dict.fromkeys((400, 404, 409, 413, 415, 502, 503, 504), ErrorBody)
FOUND: dict[str | int, Any] = {404: ErrorBody}
PICTURE: dict[str | int, Any] = {200: {"content": {"image/*": {}}}, 404: ErrorBody}

bp = APIBlueprint("studio", __name__, abp_tags=[Tag(name="Studio", description="Make and change pictures by talking.")])


@bp.before_request
def room() -> None:
    request.max_content_length = MAX_BODY


@bp.post("/chat", responses={200: Granted, **ERRORS})
@validated
def chat(body: Wish) -> Response:
    """Say what to make or to change; the picture stays on the server."""
    granted = services().studio.grant(
        making.Wish(
            owner_id=owner_id(),
            message=body.message,
            picture=picture_from_base64(body.picture) if body.picture else None,
            conversation_id=known(body.conversation_id) if body.conversation_id else None,
            version_id=version(body.version_id) if body.version_id else None,
            mask=bytes_from_base64(body.mask, field="mask") if body.mask else None,
            request_id=request_id(),
        )
    )
    return jsonify(shown(granted))


@bp.get("/studio/conversations", responses={200: ConversationList, 400: ErrorBody})
@validated
def listing(query: PageQuery) -> Response:
    """Conversations, the last used first."""
    found, total = services().galleries.page(owner_id(), query.limit, query.offset)
    return jsonify(
        {
            "conversations": [summary(gallery) for gallery in found],
            "total_count": total,
            "has_more": query.offset + len(found) < total,
        }
    )


@bp.get("/studio/conversations/<conversation_id>", responses={200: ConversationDetail, **FOUND})
@validated
def detail(path: ConversationPath) -> Response:
    """A conversation with all its versions and what was said."""
    gallery = services().galleries.get(owner_id(), known(path.conversation_id))
    said = services().galleries.turns(gallery.conversation.id)
    return jsonify(
        {**summary(gallery), "versions": [present(row) for row in gallery.versions], "turns": turns_of(list(said))}
    )


@bp.patch("/studio/conversations/<conversation_id>", responses={200: ConversationInfo, **ERRORS})
@validated
def rename(path: ConversationPath, body: Title) -> Response:
    """Give a conversation another title."""
    return jsonify(summary(services().galleries.rename(owner_id(), known(path.conversation_id), body.title.strip())))


@bp.delete("/studio/conversations/<conversation_id>", responses={204: None, **FOUND})
@validated
def delete(path: ConversationPath) -> tuple[str, int]:
    """Take a conversation away with all its pictures."""
    services().galleries.delete(owner_id(), known(path.conversation_id))
    return "", 204


@bp.post("/studio/conversations/<conversation_id>/undo", responses={200: Moved, 409: ErrorBody, **FOUND})
@validated
def undo(path: ConversationPath) -> Response:
    """Go back to the version the current one was made from."""
    return jsonify(moved(path, Undo()))


@bp.post("/studio/conversations/<conversation_id>/redo", responses={200: Moved, 409: ErrorBody, **FOUND})
@validated
def redo(path: ConversationPath) -> Response:
    """Go forward again."""
    return jsonify(moved(path, Redo()))


@bp.put("/studio/conversations/<conversation_id>/current", responses={200: Moved, **ERRORS})
@validated
def go(path: ConversationPath, body: CurrentVersion) -> Response:
    """Make any version the current one."""
    gallery = services().galleries.get(owner_id(), known(path.conversation_id))
    return jsonify(place(services().galleries.go(gallery, version(body.version_id))))


@bp.get("/studio/versions/<version_id>/file", responses=PICTURE)
@validated
def version_file(path: VersionPath, query: FileQuery) -> Response:
    """A version's picture, whole; takes `Range` and `If-None-Match`."""
    gallery, row = one(path)
    response = picture_response(services().galleries.file(row), row.mime_type, None, row.sha256)
    disposition = "attachment" if query.download else "inline"
    suffix = PurePosixPath(row.mime_type).name.replace("jpeg", "jpg")
    response.headers.set("Content-Disposition", disposition, filename=f"version-{row.number}.{suffix}")
    response.headers["X-Conversation-Id"] = gallery.conversation.id
    return response


@bp.get("/studio/versions/<version_id>/thumbnail", responses=PICTURE)
@validated
def version_thumbnail(path: VersionPath) -> Response:
    """A small copy of a version's picture."""
    _gallery, row = one(path)
    data, mime_type = services().galleries.thumbnail(row, THUMBNAIL_SIDE)
    return picture_response(data, mime_type, None, f"{row.sha256}-thumbnail")


@bp.delete("/studio/versions/<version_id>", responses={204: None, 409: ErrorBody, **FOUND})
@validated
def delete_version(path: VersionPath) -> tuple[str, int]:
    """Take a version away; those made from it hang on the one it was made from."""
    services().galleries.delete_version(owner_id(), version(path.version_id))
    return "", 204


def known(conversation_id: str) -> str:
    found = uuid_or_none(conversation_id)
    if found is None:
        raise NotFound("There is no conversation with this id.", code="conversation_not_found", field="conversation_id")
    return found


def version(version_id: str) -> str:
    found = uuid_or_none(version_id)
    if found is None:
        raise no_version()
    return found


def one(path: VersionPath) -> tuple[Gallery, StudioVersion]:
    version_id = version(path.version_id)
    gallery = services().galleries.of_version(owner_id(), version_id)
    return gallery, gallery.row(version_id)


def moved(path: ConversationPath, navigation: Navigation) -> dict[str, Any]:
    gallery = services().galleries.get(owner_id(), known(path.conversation_id))
    if gallery.current_id is None:
        raise Conflict("There is no version yet.", code=f"nothing_to_{navigation.kind}")
    target = gallery.tree.go(gallery.current_id, navigation)
    return place(services().galleries.go(gallery, target.id))


def place(gallery: Gallery) -> dict[str, Any]:
    current = gallery.current
    return {
        "conversation_id": gallery.conversation.id,
        "current_version_id": gallery.current_id,
        "version": present(current) if current else None,
    }


def shown(granted: making.Outcome) -> dict[str, Any]:
    row = granted.version
    return {
        "text": granted.text,
        "picture": to_base64(granted.picture.data) if granted.picture else "",
        "mime_type": row.mime_type if row else None,
        "conversation_id": granted.gallery.conversation.id,
        "version_id": row.id if row else granted.gallery.current_id,
        "parent_version_id": row.parent_id if row else None,
        "alt_text": row.alt_text if row else None,
        "provider": granted.provider,
        "changed": row is not None,
        "width": row.width if row else None,
        "height": row.height if row else None,
        **(links(row) if row else {"url": None, "thumbnail_url": None}),
    }


def links(row: StudioVersion) -> dict[str, str]:
    return {
        "url": base_url() + url_for("studio.version_file", version_id=row.id),
        "thumbnail_url": base_url() + url_for("studio.version_thumbnail", version_id=row.id),
    }


def present(row: StudioVersion) -> dict[str, Any]:
    return {
        "version_id": row.id,
        "parent_version_id": row.parent_id,
        "prompt": row.prompt,
        "text": row.text,
        "mime_type": row.mime_type,
        "width": row.width,
        "height": row.height,
        "size_bytes": row.size_bytes,
        "alt_text": row.alt_text,
        "provider": row.provider,
        "model": row.model,
        "operations": row.operations,
        "created_at": iso(row.created_at),
        **links(row),
    }


def summary(gallery: Gallery) -> dict[str, Any]:
    current = gallery.current
    return {
        "conversation_id": gallery.conversation.id,
        "title": gallery.conversation.title,
        "created_at": iso(gallery.conversation.created_at),
        "updated_at": iso(gallery.conversation.updated_at),
        "current_version_id": gallery.current_id,
        "version_count": len(gallery.versions),
        "thumbnail_url": links(current)["thumbnail_url"] if current else None,
    }


def turns_of(messages: list[Message]) -> list[dict[str, Any]]:
    """Questions with their answers; an unanswered one has no text."""
    return [
        {
            "message": asked.content,
            "text": answered.content,
            "version_id": (answered.details or {}).get("version_id"),
            "provider": answered.provider,
            "created_at": iso(asked.created_at),
        }
        for asked, answered in zip(messages[::2], messages[1::2], strict=False)
    ]
