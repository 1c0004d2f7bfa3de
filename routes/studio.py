"""Make and change pictures by conversation; versions that can be gone back to, branched from and taken away."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any

from flask import Response, g, jsonify, url_for
from flask_openapi3 import APIBlueprint, Tag

from models.chats import Conversation, Message
from models.studio import StudioVersion
from routes.auth import signed
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
from services import granting
from services.errors import AssistantError, Conflict, NotFound
from services.gallery_rows import Gallery
from services.studio.decode import bytes_from_base64, picture_from_base64, to_base64
from services.studio.operations import Navigation, Redo, Undo
from services.version_files import no_version

ERRORS: dict[str | int, Any] = dict.fromkeys((400, 404, 409, 413, 415, 502, 503, 504), ErrorBody)
FOUND: dict[str | int, Any] = {404: ErrorBody}
PICTURE: dict[str | int, Any] = {200: {"content": {"image/*": {}}}, 404: ErrorBody}

bp = APIBlueprint("studio", __name__, abp_tags=[Tag(name="Studio", description="Make and change pictures by talking.")])


@bp.after_request
def named(response: Response) -> Response:
    """Tell the conversation also with a failure, so that it can be tried again there."""
    if conversation_id := g.get("studio_conversation"):
        response.headers["X-Conversation-Id"] = conversation_id
    return response


@bp.post("/chat", responses={200: Granted, **ERRORS})
@validated
def chat(body: Wish) -> Response:
    """Say what to make or to change; the picture stays on the server."""
    wish = granting.Wish(
        owner_id=owner_id(),
        message=body.message,
        picture=picture_from_base64(body.picture) if body.picture else None,
        conversation_id=known(body.conversation_id) if body.conversation_id else None,
        version_id=version(body.version_id) if body.version_id else None,
        mask=bytes_from_base64(body.mask, field="mask") if body.mask else None,
        request_id=request_id(),
    )
    try:
        granted = services().studio.grant(wish)
    except AssistantError as error:
        g.studio_conversation = error.context.get("conversation_id")
        raise
    g.studio_conversation = granted.gallery.conversation.id
    return jsonify(shown(granted))


@bp.get("/studio/conversations", responses={200: ConversationList, 400: ErrorBody})
@validated
def listing(query: PageQuery) -> Response:
    """Conversations, the last used first."""
    found, total = services().galleries.page(owner_id(), query.limit, query.offset)
    return jsonify(
        {
            "conversations": [summary(one.conversation, one.version_count, one.current_id) for one in found],
            "total_count": total,
            "has_more": query.offset + len(found) < total,
        }
    )


@bp.get("/studio/conversations/<conversation_id>", responses={200: ConversationDetail, **FOUND})
@validated
def detail(path: ConversationPath) -> Response:
    """A conversation with all its versions and what was said."""
    gallery = services().galleries.get(owner_id(), known(path.conversation_id))
    return jsonify(
        {
            **summary_of(gallery),
            "versions": presented(gallery.versions),
            "turns": [said(*turn) for turn in services().galleries.turns(gallery.conversation.id)],
        }
    )


@bp.patch("/studio/conversations/<conversation_id>", responses={200: ConversationInfo, **ERRORS})
@validated
def rename(path: ConversationPath, body: Title) -> Response:
    """Give a conversation another title."""
    return jsonify(summary_of(services().galleries.rename(owner_id(), known(path.conversation_id), body.title.strip())))


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
    row = one(path)
    response = picture_response(services().galleries.files.picture(row), row.mime_type, None, row.sha256)
    disposition = "attachment" if query.download else "inline"
    suffix = PurePosixPath(row.mime_type).name.replace("jpeg", "jpg")
    response.headers.set("Content-Disposition", disposition, filename=f"version-{row.number}.{suffix}")
    response.headers["X-Conversation-Id"] = row.conversation_id
    return response


@bp.get("/studio/versions/<version_id>/thumbnail", responses=PICTURE)
@validated
def version_thumbnail(path: VersionPath) -> Response:
    """A small copy of a version's picture."""
    row = one(path)
    data, mime_type = services().galleries.files.thumbnail(row)
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


def one(path: VersionPath) -> StudioVersion:
    return services().galleries.version(owner_id(), version(path.version_id))


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
        "version": presented([current])[0] if current else None,
    }


def shown(granted: granting.Outcome) -> dict[str, Any]:
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
        **(links(row.id) if row else {"url": None, "thumbnail_url": None}),
    }


def links(version_id: str) -> dict[str, str]:
    return {
        "url": base_url() + signed(url_for("studio.version_file", version_id=version_id)),
        "thumbnail_url": base_url() + signed(url_for("studio.version_thumbnail", version_id=version_id)),
    }


def presented(rows: Sequence[StudioVersion]) -> list[dict[str, Any]]:
    operations = services().galleries.operations(rows)
    return [present(row, operations[row.id]) for row in rows]


def present(row: StudioVersion, operations: list[dict[str, Any]]) -> dict[str, Any]:
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
        # A mask may be larger than all the rest, and whoever sent it has it.
        "operations": [{name: value for name, value in one.items() if name != "mask"} for one in operations],
        "created_at": iso(row.created_at),
        **links(row.id),
    }


def summary_of(gallery: Gallery) -> dict[str, Any]:
    return summary(gallery.conversation, len(gallery.versions), gallery.current_id)


def summary(conversation: Conversation, version_count: int, current_id: str | None) -> dict[str, Any]:
    return {
        "conversation_id": conversation.id,
        "title": conversation.title,
        "created_at": iso(conversation.created_at),
        "updated_at": iso(conversation.updated_at),
        "current_version_id": current_id,
        "version_count": version_count,
        "thumbnail_url": links(current_id)["thumbnail_url"] if current_id else None,
    }


def said(asked: Message, answered: Message) -> dict[str, Any]:
    """A question with its answer; an unanswered one has no text."""
    return {
        "message": asked.content,
        "text": answered.content,
        "version_id": (answered.details or {}).get("version_id"),
        "provider": answered.provider,
        "created_at": iso(asked.created_at),
    }
