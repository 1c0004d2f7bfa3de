"""The library's documents: uploaded, read behind the requests, listed, searched, shown page by page, taken away."""

from __future__ import annotations

import io
from typing import Any

from flask import Response, jsonify, request, send_file, url_for
from flask_openapi3 import APIBlueprint, Tag
from werkzeug.datastructures import FileStorage

from models.library import Document
from routes.auth import signed
from routes.current import base_url, owner_id, services
from routes.document_schemas import (
    MAX_FILES,
    DocumentChanges,
    DocumentList,
    DocumentPageShown,
    DocumentPath,
    DocumentResults,
    DocumentsForm,
    DocumentsQuery,
    FoundPassages,
    LibraryDocument,
    PagePath,
    PassageQuery,
)
from routes.images import failure, folder_or_none
from routes.parsing import iso, uuid_or_none, validated
from routes.session_schemas import Problem
from services.documents.base import MAX_BYTES
from services.errors import AssistantError, InvalidInput
from services.library.document_rows import not_found
from services.library.documents import KEEP, Wanted
from services.library.passages import Passage

SENT: dict[str | int, Any] = dict.fromkeys((400, 404, 413, 415, 422), Problem)
CHANGED: dict[str | int, Any] = dict.fromkeys((400, 404, 415, 422), Problem)
FILE_CSP = "default-src 'none'; style-src 'unsafe-inline'; sandbox"

bp = APIBlueprint(
    "documents",
    __name__,
    url_prefix="/api/v2",
    abp_tags=[Tag(name="Library", description="Pictures, documents, folders and links between them.")],
)


@bp.post("/documents", responses={201: DocumentResults, **SENT})
@validated
def upload(form: DocumentsForm) -> tuple[Response, int]:
    """Upload documents; each is kept or refused for itself, and read behind the request."""
    files = [*request.files.getlist("file"), *request.files.getlist("files")]
    if not files:
        raise InvalidInput("Send documents as multipart field `file` or `files`.", code="missing_file", field="file")
    if len(files) > MAX_FILES:
        raise InvalidInput(f"At most {MAX_FILES} files are taken at once.", code="too_many_files", field="files")
    folder_id = folder_or_none(form.folder_id or None)
    if folder_id is not None:
        services().folders.get(owner_id(), folder_id)
    kept = [_kept(file, folder_id) for file in files]
    errors = [error for _result, error in kept if error is not None]
    results = [result for result, _error in kept]
    if len(errors) == len(files):
        raise _none_kept(results, errors)
    return jsonify({"results": results, "created": len(files) - len(errors), "failed": len(errors)}), 201


@bp.get("/documents", responses={200: DocumentList, 404: Problem, 422: Problem})
@validated
def listing(query: DocumentsQuery) -> Response:
    """Documents, newest first."""
    folder_id = folder_or_none(query.folder_id)
    wanted = Wanted(query.search, query.status, folder_id, query.limit, query.offset, query.cursor)
    page = services().documents.page_of(owner_id(), wanted)
    return jsonify(
        {
            "documents": [present(document) for document in page.documents],
            "total_count": page.total,
            "has_more": page.cursor is not None,
            "next_cursor": page.cursor,
        }
    )


@bp.get("/documents/<document_id>", responses={200: LibraryDocument, 404: Problem})
@validated
def detail(path: DocumentPath) -> Response:
    """A document and how far it has been read."""
    return jsonify(present(services().documents.get(owner_id(), document_id(path))))


@bp.patch("/documents/<document_id>", responses={200: LibraryDocument, **CHANGED})
@validated
def change(path: DocumentPath, body: DocumentChanges) -> Response:
    """Change a document's title or folder; null takes one away."""
    title = (body.title or None) if "title" in body.model_fields_set else KEEP
    folder_id = folder_or_none(body.folder_id) if "folder_id" in body.model_fields_set else KEEP
    changed = services().documents.update(owner_id(), document_id(path), title=title, folder_id=folder_id)
    return jsonify(present(changed))


@bp.delete("/documents/<document_id>", responses={204: None, 404: Problem})
@validated
def delete(path: DocumentPath) -> tuple[str, int]:
    """Take a document away, with everything that belongs to it."""
    services().documents.delete(owner_id(), document_id(path))
    return "", 204


@bp.get("/documents/<document_id>/file", responses={200: {"content": {"*/*": {}}}, 404: Problem})
@validated
def file(path: DocumentPath) -> Response:
    """The document as it was uploaded; takes `Range` and `If-None-Match`. Nothing in it is run."""
    document = services().documents.get(owner_id(), document_id(path))
    response = send_file(
        io.BytesIO(services().documents.file(document)),
        mimetype=document.mime_type,
        # A web page of a stranger's is never shown under this server's name.
        as_attachment=document.kind != "pdf",
        download_name=document.filename,
        etag=document.sha256,
        conditional=True,
        max_age=3600,
    )
    response.headers["Content-Security-Policy"] = FILE_CSP
    response.cache_control.public = False
    response.cache_control.private = True
    return response


@bp.get("/documents/<document_id>/pages/<number>", responses={200: DocumentPageShown, 404: Problem})
@validated
def page(path: PagePath) -> Response:
    """What was read of one page; numbers begin at 1."""
    number = int(path.number) if path.number.isascii() and path.number.isdigit() and len(path.number) < 7 else 0
    document, found = services().documents.page(owner_id(), document_id(path), number)
    return jsonify(
        {
            "document_id": document.id,
            "number": found.number,
            "page_count": document.page_count,
            "text": found.text,
            "headings": [{"start": start, "text": text, "level": level} for start, text, level in found.headings],
            "ocr": found.ocr,
        }
    )


@bp.post("/documents/<document_id>/retry", responses={202: LibraryDocument, 404: Problem, 409: Problem})
@validated
def retry(path: DocumentPath) -> tuple[Response, int]:
    """Read a document again that could not be read."""
    return jsonify(present(services().documents.retry(owner_id(), document_id(path)))), 202


@bp.post("/search/documents", responses={200: FoundPassages, **CHANGED})
@validated
def search(body: PassageQuery) -> Response:
    """Find passages of documents by their words and their meaning; nothing where nothing answers."""
    ids = None
    if body.document_ids is not None:
        ids = list(dict.fromkeys(uuid_or_none(given) or given for given in body.document_ids))
    found = services().passages.search(owner_id(), body.query, ids, limit=body.limit, offset=body.offset)
    return jsonify(
        {
            "results": [present_passage(passage) for passage in found.passages],
            "total_count": found.total,
            "query_interpretation": {
                "original_query": body.query,
                "filters_applied": [] if ids is None else [f"in {len(ids)} document{'' if len(ids) == 1 else 's'}"],
                "search_type": "hybrid" if found.by_meaning else "keyword",
            },
        }
    )


def present(document: Document) -> dict[str, Any]:
    """A document as every answer shows it."""
    told = {"code": document.error_code.upper(), "message": document.error_message} if document.error_code else None
    ready = document.status == "ready"
    done = document.pages_done / document.page_count if document.page_count else 0.0
    return {
        "id": document.id,
        "filename": document.filename,
        "title": document.title,
        "kind": document.kind,
        "mime_type": document.mime_type,
        "size_bytes": document.size_bytes,
        "status": document.status,
        "error": told if document.status == "failed" else None,
        "notice": told if document.status != "failed" else None,
        "page_count": document.page_count,
        "pages_done": document.pages_done,
        "progress": 1.0 if ready else round(min(1.0, done), 3),
        "folder_id": document.folder_id,
        "created_at": iso(document.created_at),
        "updated_at": iso(document.updated_at),
        "url": base_url() + signed(url_for("documents.file", document_id=document.id)),
    }


def present_passage(passage: Passage) -> dict[str, Any]:
    return {
        "document_id": passage.document_id,
        "chunk_id": passage.chunk_id,
        "filename": passage.filename,
        "title": passage.title,
        "page": passage.page,
        "heading": passage.heading,
        "text": passage.text,
        "quote": passage.quote,
        "start": passage.start,
        "end": passage.end,
        "relevance_score": passage.relevance,
        "matched": list(passage.matched),
        "url": base_url() + signed(url_for("documents.page", document_id=passage.document_id, number=passage.page)),
    }


def document_id(path: DocumentPath) -> str:
    """Raises `DocumentNotFound` where it is no UUID."""
    found = uuid_or_none(path.document_id)
    if found is None:
        raise not_found()
    return found


def _kept(sent: FileStorage, folder_id: str | None) -> tuple[dict[str, Any], AssistantError | None]:
    """Keep one file; what became of it."""
    name = sent.filename or ""
    try:
        if not name:
            raise InvalidInput("The file has no name.", code="empty_filename", field="file")
        document = services().documents.add(owner_id(), name, sent.stream.read(MAX_BYTES + 1), folder_id)
    except AssistantError as error:
        return {"filename": name, "status": "failed", "error": failure(error)}, error
    finally:
        sent.close()
    return {"filename": document.filename, "status": "created", "document": present(document)}, None


def _none_kept(results: list[dict[str, Any]], errors: list[AssistantError]) -> AssistantError:
    """Why not one of the files was kept: the one reason that all have, or that there are several."""
    first = errors[0]
    if len({type(error) for error in errors}) > 1:
        first = InvalidInput(f"None of the {len(errors)} files can be kept. {first.message}", field="files")
    first.context = {**first.context, "results": results}
    return first
