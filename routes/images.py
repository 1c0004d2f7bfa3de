"""The library's pictures: uploaded one or many, listed, described, looked at again, handed out, taken away."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, request, url_for
from flask_openapi3 import APIBlueprint, Tag
from werkzeug.datastructures import FileStorage
from werkzeug.routing import BaseConverter

from routes.auth import signed
from routes.classic import picture_response
from routes.current import base_url, owner_id, services
from routes.library_schemas import (
    MAX_FILES,
    THUMBNAILS,
    Bulk,
    FileResults,
    ImageChanges,
    ImageList,
    ImagesForm,
    ImagesQuery,
    ImageWithFacts,
    ItemResults,
    PicturePath,
    SizeQuery,
)
from routes.parsing import iso, uuid_or_none, validated
from routes.session_schemas import Problem
from routes.videos import as_context
from services.errors import AssistantError, ImageNotFound, InvalidInput, NotFound, StorageUnavailable, TooLarge
from services.library.analysing import ANEW, JOB
from services.library.catalogue import NO_FOLDER, Shelved, Wanted
from services.library.decoding import MAX_UPLOAD_BYTES, too_large
from services.vision.facts_json import to_json


class PictureId(BaseConverter):
    """Anything but the names of addresses beside pictures, whose `Allow` would tell of methods that are not theirs."""

    regex = r"(?!bulk$)[^/]+"
    part_isolating = True


bp = APIBlueprint(
    "images",
    __name__,
    url_prefix="/api/v2",
    abp_tags=[Tag(name="Library", description="Pictures, documents, folders and links between them.")],
)

SENT: dict[str | int, Any] = dict.fromkeys((400, 404, 413, 415, 422), Problem)
CHANGED: dict[str | int, Any] = dict.fromkeys((400, 404, 415, 422), Problem)
PICTURE: dict[str, Any] = {"content": {"image/*": {}}}


@bp.post("/images", responses={201: FileResults, **SENT})
@validated
def upload(form: ImagesForm) -> tuple[Response, int]:
    """Upload pictures; each is kept or refused for itself, and analysed behind the request."""
    files = [*request.files.getlist("file"), *request.files.getlist("files")]
    if not files:
        raise InvalidInput("Send pictures as multipart field `file` or `files`.", code="missing_file", field="file")
    if len(files) > MAX_FILES:
        raise InvalidInput(f"At most {MAX_FILES:,} files are taken at once.", code="too_many_files", field="files")
    shelf = {
        "title": form.title or None,
        "description": (form.description or "").strip() or None,
        "folder_id": folder_or_none(form.folder_id or None),
    }
    if shelf["folder_id"] is not None:
        services().folders.get(owner_id(), shelf["folder_id"])
    results = [_kept(file, shelf) for file in files]
    created = sum(result["status"] == "created" for result in results)
    if not created:
        raise _none_kept(results)
    return jsonify({"results": results, "created": created, "failed": len(results) - created}), 201


@bp.get("/images", responses={200: ImageList, 404: Problem, 422: Problem})
@validated
def listing(query: ImagesQuery) -> Response:
    """Pictures, newest first unless asked otherwise."""
    folder = query.folder_id if query.folder_id == NO_FOLDER else folder_or_none(query.folder_id)
    wanted = Wanted(folder, query.status, query.sort, query.limit, query.offset, query.cursor)
    page = services().catalogue.page(owner_id(), wanted)
    return jsonify(
        {
            "images": [present(shelved) for shelved in page.images],
            "total_count": page.total,
            "has_more": page.cursor is not None,
            "next_cursor": page.cursor,
        }
    )


@bp.get("/images/<picture:image_id>", responses={200: ImageWithFacts, 404: Problem})
@validated
def detail(path: PicturePath) -> Response:
    """A picture with all that was measured of it."""
    return jsonify(in_full(services().catalogue.one(owner_id(), picture_id(path))))


@bp.patch("/images/<picture:image_id>", responses={200: ImageWithFacts, **CHANGED})
@validated
def change(path: PicturePath, body: ImageChanges) -> Response:
    """Change a picture's title, description or folder; null takes one away."""
    return jsonify(in_full(services().catalogue.update(owner_id(), picture_id(path), changes(body))))


@bp.delete("/images/<picture:image_id>", responses={204: None, 404: Problem})
@validated
def delete(path: PicturePath) -> tuple[str, int]:
    """Take a picture away, with everything that belongs to it."""
    services().images.delete(owner_id(), picture_id(path))
    return "", 204


@bp.get("/images/<image_id>/file", responses={200: PICTURE, 404: Problem})
@validated
def file(path: PicturePath) -> Response:
    """The picture as it was uploaded; takes `Range` and `If-None-Match`."""
    image = services().images.get(owner_id(), picture_id(path))
    return picture_response(services().images.file(image), image.mime_type, image.filename, image.sha256)


@bp.get("/images/<image_id>/thumbnail", responses={200: PICTURE, 404: Problem, 422: Problem})
@validated
def thumbnail(path: PicturePath, query: SizeQuery) -> Response:
    """A small upright copy, of the size asked for or the next larger one that is kept."""
    image = services().images.get(owner_id(), picture_id(path))
    side = next(kept for kept in THUMBNAILS if kept >= query.size)
    data, mime_type = services().images.thumbnail(image, side)
    return picture_response(data, mime_type, None, f"{image.sha256}-thumbnail-{side}")


@bp.post("/images/<image_id>/reanalyse", responses={202: ImageWithFacts, 404: Problem})
@validated
def reanalyse(path: PicturePath) -> tuple[Response, int]:
    """Have a picture looked at anew, behind the request."""
    return jsonify(in_full(services().catalogue.reanalyse(owner_id(), picture_id(path)))), 202


@bp.post("/images/bulk", responses={200: ItemResults, **CHANGED})
@validated
def bulk(body: Bulk) -> Response:
    """Move, delete, change or look again at many pictures; each for itself."""
    wanted = changes(body)
    if body.action == "move" and "folder_id" not in wanted:
        raise InvalidInput("Say where to: a folder's id, or null for none.", field="folder_id")
    if body.action == "update" and not wanted:
        raise InvalidInput("Say what to change: title, description or folder_id.", field="title")
    ids = [uuid_or_none(given) or given for given in body.image_ids]
    outcomes = services().catalogue.each(owner_id(), body.action, ids, wanted)
    results = [
        {
            "image_id": image_id,
            "status": "failed" if error else "done",
            "error": failure(error) if error else None,
        }
        for image_id, error in outcomes.items()
    ]
    failed = sum(error is not None for error in outcomes.values())
    return jsonify({"results": results, "done": len(results) - failed, "failed": failed})


def present(shelved: Shelved) -> dict[str, Any]:
    image = shelved.image
    return {
        "id": image.id,
        "filename": image.filename,
        "title": image.title,
        "description": image.description,
        "mime_type": image.mime_type,
        "size_bytes": image.size_bytes,
        "width": image.width,
        "height": image.height,
        "sha256": image.sha256,
        "created_at": iso(image.created_at),
        "taken_at": image.taken_at,
        "folder_id": image.folder_id,
        "analysis": {
            "status": image.analysis_status,
            "error": image.analysis_error,
            "model": None if image.analysed_by == ANEW else image.analysed_by,
            "attempts": image.analysis_attempts,
        },
        "caption": shelved.caption,
        "url": base_url() + signed(url_for("images.file", image_id=image.id)),
        "thumbnail_url": base_url() + signed(url_for("images.thumbnail", image_id=image.id)),
    }


def in_full(shelved: Shelved) -> dict[str, Any]:
    """`present` with where it was taken, what was measured, and the scene of a video it is a frame of."""
    image = shelved.image
    scene = services().videos.scenes_of(owner_id(), [image.id]).get(image.id) if image.video_id else None
    return {
        **present(shelved),
        "latitude": image.latitude,
        "longitude": image.longitude,
        "scene": as_context(scene, shelved.caption or image.filename) if scene else None,
        "facts": to_json(shelved.facts) if shelved.facts else None,
    }


def picture_id(path: PicturePath) -> str:
    """Raises `ImageNotFound` where it is no UUID."""
    found = uuid_or_none(path.image_id)
    if found is None:
        raise ImageNotFound(path.image_id)
    return found


def folder_or_none(given: str | None) -> str | None:
    """A folder's id in its usual form.

    Raises:
        NotFound: `folder_not_found`, it is no UUID.
    """
    if given is None:
        return None
    found = uuid_or_none(given)
    if found is None:
        raise NotFound("There is no folder with this id.", code="folder_not_found", field="folder_id")
    return found


def changes(body: ImageChanges) -> dict[str, Any]:
    """What a body names, and nothing else."""
    named = {"title", "description", "folder_id"} & body.model_fields_set
    found = {name: getattr(body, name) for name in named}
    if "folder_id" in found:
        found["folder_id"] = folder_or_none(found["folder_id"])
    return found


def failure(error: AssistantError) -> dict[str, str]:
    return {"code": error.code.upper(), "message": error.message}


def _kept(sent: FileStorage, shelf: dict[str, str | None]) -> dict[str, Any]:
    """Keep one file; what became of it."""
    name = sent.filename or ""
    try:
        data = sent.stream.read(MAX_UPLOAD_BYTES + 1)
        if len(data) > MAX_UPLOAD_BYTES:
            raise too_large()
        image = services().images.add(owner_id(), name, data, **shelf).image
    except (InvalidInput, TooLarge, StorageUnavailable) as error:
        return {"filename": name, "status": "failed", "error": failure(error)}
    finally:
        sent.close()
    services().jobs.enqueue(JOB, image.id)
    return {"filename": image.filename, "status": "created", "image": present(Shelved(image, None))}


def _none_kept(results: list[dict[str, Any]]) -> AssistantError:
    """Why not one of the files was kept."""
    if all(result["error"]["code"] == StorageUnavailable.code.upper() for result in results):
        return StorageUnavailable(results[0]["error"]["message"])
    large = too_large()
    if all(result["error"]["code"] == large.code.upper() for result in results):
        large.context = {"results": results}
        return large
    told = [
        {"field": f"files.{number}", "message": result["error"]["message"]} for number, result in enumerate(results)
    ]
    first = results[0]["error"]["message"]
    return InvalidInput(
        first if len(results) == 1 else f"None of the {len(results)} files can be kept. {first}",
        field="files",
        context={"errors": told, "results": results},
    )
