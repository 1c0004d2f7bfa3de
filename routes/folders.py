"""The library's folders, links between pictures and documents, and what an owner uses."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify
from flask_openapi3 import APIBlueprint, Tag

from models.base import now
from models.library import Link
from routes.current import caller, owner_id, services
from routes.documents import present as show_document
from routes.folder_schemas import (
    DeleteFolderQuery,
    FolderChanges,
    FolderItems,
    FolderList,
    FolderPath,
    ItemsQuery,
    LibraryFolder,
    LibraryLink,
    LinkList,
    LinkPath,
    LinksQuery,
    NewFolder,
    NewLink,
    Use,
)
from routes.images import folder_or_none, present
from routes.parsing import iso, uuid_or_none, validated
from routes.session_schemas import Problem
from services.errors import NotFound
from services.library.folders import Kept
from services.library.holdings import holdings
from services.usage import month_of

bp = APIBlueprint("folders", __name__, url_prefix="/api/v2", abp_tags=[Tag(name="Library")])

WRITTEN: dict[str | int, Any] = dict.fromkeys((400, 404, 409, 415, 422), Problem)


@bp.get("/folders", responses={200: FolderList})
@validated
def listing() -> Response:
    """All folders, in the order of their paths."""
    kept = services().folders.list(owner_id())
    return jsonify({"folders": [shown(each) for each in kept], "total_count": len(kept)})


@bp.post("/folders", responses={201: LibraryFolder, **WRITTEN})
@validated
def create(body: NewFolder) -> tuple[Response, int]:
    """Make a folder, at the top or in another."""
    return jsonify(shown(services().folders.create(owner_id(), body.name, folder_or_none(body.parent_id)))), 201


@bp.get("/folders/<folder_id>", responses={200: LibraryFolder, 404: Problem})
@validated
def detail(path: FolderPath) -> Response:
    """A folder and how much lies in it."""
    return jsonify(shown(services().folders.get(owner_id(), the_folder(path))))


@bp.patch("/folders/<folder_id>", responses={200: LibraryFolder, **WRITTEN})
@validated
def change(path: FolderPath, body: FolderChanges) -> Response:
    """Rename a folder, move it into another or, with null, to the top."""
    named: dict[str, str | None] = {}
    if body.name is not None:
        named["name"] = body.name
    if "parent_id" in body.model_fields_set:
        named["parent_id"] = folder_or_none(body.parent_id)
    return jsonify(shown(services().folders.change(owner_id(), the_folder(path), named)))


@bp.delete("/folders/<folder_id>", responses={204: None, 404: Problem, 422: Problem})
@validated
def delete(path: FolderPath, query: DeleteFolderQuery) -> tuple[str, int]:
    """Delete a folder, and on request all that lies in it."""
    services().folders.delete(owner_id(), the_folder(path), query.contents)
    return "", 204


@bp.get("/folders/<folder_id>/items", responses={200: FolderItems, 404: Problem, 422: Problem})
@validated
def items(path: FolderPath, query: ItemsQuery) -> Response:
    """What lies directly in a folder: its folders, and a page of its pictures and documents."""
    folder_id = the_folder(path)
    found = services().folders.items(owner_id(), folder_id, query.limit, query.offset)
    end = query.offset + query.limit
    return jsonify(
        {
            "folder": shown(services().folders.get(owner_id(), folder_id)),
            "folders": [shown(each) for each in found.folders],
            "images": [present(shelved) for shelved in found.images],
            "documents": [show_document(document) for document in found.documents],
            "total_images": found.total_images,
            "total_documents": found.total_documents,
            "has_more": end < max(found.total_images, found.total_documents),
        }
    )


@bp.get("/links", responses={200: LinkList, 422: Problem})
@validated
def links(query: LinksQuery) -> Response:
    """Links between pictures and documents, newest first; of one picture or one document, if asked."""
    of_image, of_document = (given and given.lower() for given in (query.image_id, query.document_id))
    found, total = services().links.list(owner_id(), of_image, of_document, query.limit, query.offset)
    return jsonify(
        {
            "links": [shown_link(link) for link in found],
            "total_count": total,
            "has_more": query.offset + len(found) < total,
        }
    )


@bp.post("/links", responses={201: LibraryLink, **WRITTEN})
@validated
def link(body: NewLink) -> tuple[Response, int]:
    """Link a picture to a document or one of its pages."""
    made = services().links.create(
        owner_id(), body.image_id.lower(), body.document_id.lower(), body.page, title=body.title, note=body.note
    )
    return jsonify(shown_link(made)), 201


@bp.delete("/links/<link_id>", responses={204: None, 404: Problem})
@validated
def unlink(path: LinkPath) -> tuple[str, int]:
    """Take a link away."""
    services().links.delete(owner_id(), path.link_id.lower())
    return "", 204


@bp.get("/usage", responses={200: Use})
@validated
def used() -> Response:
    """What was used this month, and what is kept."""
    at = now()
    found = holdings(services().database, owner_id(), at)
    own = caller().monthly_limit
    limit = own if own is not None else services().settings.monthly_message_limit
    return jsonify(
        {
            "chat": {
                "month": month_of(at),
                "messages": found.messages,
                "message_limit": limit or None,
                "remaining_messages": max(0, limit - found.messages) if limit else None,
                "tokens": found.tokens,
                "reset_date": found.resets,
                "providers": [
                    {"provider": one.provider, "answers": one.answers, "tokens": one.tokens} for one in found.providers
                ],
            },
            "images": {"count": found.images.count, "size_bytes": found.images.size_bytes},
            "documents": {"count": found.documents.count, "size_bytes": found.documents.size_bytes},
            "folders": found.folders,
            "sessions": found.sessions,
        }
    )


def shown(kept: Kept) -> dict[str, Any]:
    folder = kept.folder
    return {
        "id": folder.id,
        "name": folder.name,
        "parent_id": folder.parent_id,
        "path": kept.path,
        "image_count": kept.images,
        "document_count": kept.documents,
        "created_at": iso(folder.created_at),
        "updated_at": iso(folder.updated_at),
    }


def shown_link(link: Link) -> dict[str, Any]:
    return {
        "id": link.id,
        "image_id": link.image_id,
        "document_id": link.document_id,
        "page": link.page or None,
        "title": link.title,
        "note": link.note,
        "created_at": iso(link.created_at),
    }


def the_folder(path: FolderPath) -> str:
    """The path's folder id.

    Raises:
        NotFound: `folder_not_found`, it is no UUID.
    """
    found = uuid_or_none(path.folder_id)
    if found is None:
        raise NotFound("There is no folder with this id.", code="folder_not_found", field="folder_id")
    return found
