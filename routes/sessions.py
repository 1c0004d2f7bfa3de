"""Chat sessions: create, list, read, rename, aim, export, close."""

from __future__ import annotations

import io
from typing import Any

from flask import Response, jsonify, send_file
from flask_openapi3 import APIBlueprint, Tag

from models.chats import Conversation, Message
from routes.current import owner_id, services
from routes.parsing import iso, uuid_or_none, validated
from routes.session_schemas import (
    AllImages,
    AllImagesQuery,
    Closed,
    DocumentsSelected,
    ExportQuery,
    ImagesSelected,
    Mode,
    ModeSet,
    NewSession,
    NewTitle,
    Problem,
    Renamed,
    SelectedDocuments,
    SelectedImages,
    SessionCreated,
    SessionDetail,
    SessionList,
    SessionPath,
    SessionQuery,
    SessionsQuery,
)
from routes.showing import Relink, relinker
from services import export as exporting
from services.context import TOKENS_AN_IMAGE
from services.errors import SessionNotFound
from services.session_pages import Wanted

ERRORS: dict[str | int, Any] = dict.fromkeys((400, 404, 409, 415, 422), Problem)
READ: dict[str | int, Any] = {404: Problem, 422: Problem}

bp = APIBlueprint(
    "sessions",
    __name__,
    url_prefix="/api/v2/chat",
    abp_tags=[Tag(name="Sessions", description="Chat sessions over many pictures.")],
)


FOUND = (
    *("agents_used", "reasoning", "result_refs", "tool_document_data", "tool_chunk_data", "tool_link_data"),
    *("scene_context", "pending_actions"),
)
"""Of what tools brought, fields that a message keeps as `complete` told them."""
EXPORTS: dict[str, Any] = {kind: {} for kind in ("text/markdown", "application/json", "text/plain")}


@bp.post("/sessions", responses={201: SessionCreated, **ERRORS})
@validated
def create(body: NewSession) -> tuple[Response, int]:
    """Begin a chat session."""
    made = services().sessions.create(
        owner_id(), body.title, known_ids(body.initial_image_ids), use_all_images=body.use_all_images
    )
    return jsonify({"session_id": made.id, "title": made.title, "created_at": iso(made.created_at)}), 201


@bp.get("/sessions", responses={200: SessionList, 422: Problem})
@validated
def listing(query: SessionsQuery) -> Response:
    """Sessions, newest first; searched in titles and in what was said."""
    wanted = Wanted(query.search, query.is_active, query.min_messages, query.limit, query.offset, query.cursor)
    page = services().sessions.page(owner_id(), wanted)
    return jsonify(
        {
            "sessions": [summary(listed.session, listed.selected) for listed in page.sessions],
            "total_count": page.total,
            "has_more": page.cursor is not None,
            **({"next_cursor": page.cursor} if page.cursor else {}),
        }
    )


@bp.get("/sessions/<session_id>", responses={200: SessionDetail, **READ})
@validated
def detail(path: SessionPath, query: SessionQuery) -> Response:
    """A session with what was said in it."""
    session = services().sessions.get(owner_id(), session_id(path))
    selected = services().sessions.selected_images(session.id)
    messages = services().sessions.messages(session.id, query.message_limit) if query.include_messages else []
    relink = relinker()
    return jsonify(
        {
            "session": summary(session, len(selected)),
            "messages": [present(message, relink) for message in messages],
            "selected_image_ids": [] if session.use_all_images else selected,
            "selected_document_ids": services().sessions.selected_documents(session.id),
            "context_summary": context_summary(session, len(selected)),
        }
    )


@bp.patch("/sessions/<session_id>/title", responses={200: Renamed, **ERRORS})
@validated
def rename(path: SessionPath, body: NewTitle) -> Response:
    """Give a session another title."""
    session = services().sessions.rename(owner_id(), session_id(path), body.title)
    return jsonify({"session_id": session.id, "title": session.title, "updated_at": iso(session.updated_at)})


@bp.delete("/sessions/<session_id>", responses={200: Closed, 404: Problem, 409: Problem})
@validated
def close(path: SessionPath) -> Response:
    """Close a session; it can still be read and exported."""
    session, at = services().sessions.close(owner_id(), session_id(path))
    return jsonify(
        {
            "session_id": session.id,
            "closed_at": iso(at),
            "total_messages": session.total_messages,
            "total_tokens": session.total_tokens,
        }
    )


@bp.patch("/sessions/<session_id>/mode", responses={200: ModeSet, **ERRORS})
@validated
def mode(path: SessionPath, body: Mode) -> Response:
    """Talk about all pictures, or about the selected ones."""
    session = services().sessions.set_mode(owner_id(), session_id(path), use_all_images=body.use_all_images)
    selected = services().sessions.selected_images(session.id)
    return jsonify(
        {
            "session_id": session.id,
            "use_all_images": session.use_all_images,
            "selected_image_count": 0 if session.use_all_images else len(selected),
            "updated_at": iso(session.updated_at),
        }
    )


@bp.put("/sessions/<session_id>/images", responses={200: ImagesSelected, **ERRORS})
@validated
def select_images(path: SessionPath, body: SelectedImages) -> Response:
    """Talk about these pictures from now on."""
    selected = services().sessions.select_images(owner_id(), session_id(path), known_ids(body.image_ids))
    return jsonify(
        {
            "session_id": session_id(path),
            "selected_image_ids": selected,
            "context_summary": counted(len(selected)),
            "estimated_tokens": TOKENS_AN_IMAGE * len(selected),
        }
    )


@bp.put("/sessions/<session_id>/documents", responses={200: DocumentsSelected, **ERRORS})
@validated
def select_documents(path: SessionPath, body: SelectedDocuments) -> Response:
    """Talk about these documents from now on."""
    selected = services().sessions.select_documents(owner_id(), session_id(path), known_ids(body.document_ids))
    return jsonify({"session_id": session_id(path), "selected_document_ids": selected, "document_count": len(selected)})


@bp.get("/images/all", responses={200: AllImages, 422: Problem})
@validated
def all_images(query: AllImagesQuery) -> Response:
    """Ids of every picture a session can talk about, newest first."""
    ids, total = services().sessions.all_images(owner_id(), query.limit, query.offset)
    return jsonify({"image_ids": ids, "total_count": total, "has_more": query.offset + len(ids) < total})


@bp.get("/sessions/<session_id>/export", responses={200: {"content": EXPORTS}, **READ})
@validated
def export(path: SessionPath, query: ExportQuery) -> Response:
    """The session as a file."""
    session = services().sessions.get(owner_id(), session_id(path))
    messages = services().sessions.messages(session.id)
    selected = services().sessions.selected_images(session.id)
    text = exporting.export(session, messages, query.format, selected, metadata=query.include_metadata)
    return send_file(
        io.BytesIO(text.encode()),
        mimetype=exporting.MIME[query.format],
        as_attachment=True,
        download_name=exporting.filename(session, query.format),
        max_age=0,
    )


def session_id(path: SessionPath) -> str:
    """The path's session id.

    Raises:
        SessionNotFound: it is no UUID.
    """
    found = uuid_or_none(path.session_id)
    if found is None:
        raise SessionNotFound("There is no session with this id.")
    return found


def known_ids(ids: list[str]) -> list[str]:
    """Ids in their usual form; what is no UUID stays as it is and is not found."""
    return [uuid_or_none(given) or given for given in ids]


def counted(selected: int) -> str:
    return f"{selected} image{'' if selected == 1 else 's'} selected"


def context_summary(session: Conversation, selected: int) -> str:
    return "All images" if session.use_all_images else counted(selected)


def remaining(session: Conversation) -> dict[str, int]:
    settings = services().settings
    return {
        "remaining_tokens": max(0, settings.session_token_budget - session.total_tokens),
        "remaining_messages": max(0, settings.session_message_budget - session.total_messages),
    }


def summary(session: Conversation, selected: int) -> dict[str, Any]:
    return {
        "id": session.id,
        "title": session.title,
        "total_messages": session.total_messages,
        "total_tokens": session.total_tokens,
        **remaining(session),
        "is_active": session.is_active,
        "use_all_images": session.use_all_images,
        "selected_image_count": 0 if session.use_all_images else selected,
        "last_message_at": iso(session.last_message_at) if session.last_message_at else None,
        "last_message_preview": session.last_message_preview,
        "last_user_message": session.last_user_message,
        "created_at": iso(session.created_at),
        "updated_at": iso(session.updated_at),
    }


def present(message: Message, relink: Relink) -> dict[str, Any]:
    details = message.details or {}
    answer = message.role == "assistant"
    context = details.get("image_context") if answer else None
    return {
        "id": message.id,
        "role": message.role,
        "content": message.content,
        "token_count": message.completion_tokens if answer else details.get("token_count", 0),
        "provider": message.provider,
        "model": message.model,
        "processing_time_ms": message.processing_time_ms,
        "created_at": iso(message.created_at),
        "image_context": None if context is None else relink(context),
        "metadata": metadata(message) if answer else None,
        "status": message.status,
    }


def metadata(message: Message) -> dict[str, Any]:
    details = message.details or {}
    return {
        "vision_used": details.get("vision_used", False),
        "offers_detailed_analysis": details.get("offers_detailed_analysis", False),
        "tokens_estimated": message.tokens_estimated,
        "finish_reason": message.finish_reason,
        **{name: details[name] for name in FOUND if name in details},
    }
