"""Short videos: uploaded, cut into scenes behind the request, listed, handed out, taken away."""

from __future__ import annotations

import io
from typing import Any

from flask import Response, jsonify, request, send_file, url_for
from flask_openapi3 import APIBlueprint, Tag

from models.media import Video, VideoScene
from routes.auth import signed
from routes.current import base_url, owner_id, services
from routes.parsing import iso, uuid_or_none, validated
from routes.session_schemas import Problem
from routes.video_schemas import VideoForm, VideoList, VideoPath, VideosQuery, VideoWithScenes
from services.errors import InvalidInput, VideoNotFound
from services.library.videos import MAX_BYTES, Cut, SceneOf, too_large

SENT: dict[str | int, Any] = dict.fromkeys((400, 413, 415, 422), Problem)

bp = APIBlueprint(
    "videos",
    __name__,
    url_prefix="/api/v2",
    abp_tags=[Tag(name="Library", description="Pictures, documents, folders and links between them.")],
)


@bp.post("/videos", responses={201: VideoWithScenes, **SENT})
@validated
def upload(form: VideoForm) -> tuple[Response, int]:  # noqa: ARG001 - it is what OpenAPI tells of
    """Upload a video; its scenes come behind the request, a picture each, and are found as pictures are."""
    files = request.files.getlist("file")
    if len(files) != 1:
        raise InvalidInput("Send one video as multipart field `file`.", code="missing_file", field="file")
    data = files[0].stream.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise too_large()
    return jsonify(in_full(Cut(services().videos.add(owner_id(), files[0].filename or "", data), ()))), 201


@bp.get("/videos", responses={200: VideoList, 422: Problem})
@validated
def listing(query: VideosQuery) -> Response:
    """Videos, newest first."""
    found, total = services().videos.page(owner_id(), query.limit, query.offset)
    return jsonify(
        {
            "videos": [present(video, first) for video, first in found],
            "total_count": total,
            "has_more": query.offset + len(found) < total,
        }
    )


@bp.get("/videos/<video_id>", responses={200: VideoWithScenes, 404: Problem})
@validated
def detail(path: VideoPath) -> Response:
    """A video with its scenes."""
    return jsonify(in_full(services().videos.get(owner_id(), video_id(path))))


@bp.get("/videos/<video_id>/file", responses={200: {"content": {"video/*": {}}}, 404: Problem})
@validated
def file(path: VideoPath) -> Response:
    """The video as it was uploaded; takes `Range` and `If-None-Match`."""
    video = services().videos.get(owner_id(), video_id(path)).video
    return send_file(
        io.BytesIO(services().videos.file(video)),
        mimetype=video.mime_type,
        download_name=video.filename,
        etag=video.sha256,
        conditional=True,
        max_age=31_536_000,
    )


@bp.delete("/videos/<video_id>", responses={204: None, 404: Problem})
@validated
def delete(path: VideoPath) -> tuple[str, int]:
    """Take a video away with its scenes and their pictures."""
    services().videos.delete(owner_id(), video_id(path))
    return "", 204


def video_id(path: VideoPath) -> str:
    """Raises `VideoNotFound` where it is no UUID."""
    found = uuid_or_none(path.video_id)
    if found is None:
        raise VideoNotFound("There is no video with this id.", field="video_id")
    return found


def present(video: Video, first: str | None) -> dict[str, Any]:
    """A video; `first` is the picture of its first scene."""
    failed = video.status == "failed"
    return {
        "id": video.id,
        "filename": video.filename,
        "mime_type": video.mime_type,
        "size_bytes": video.size_bytes,
        "width": video.width,
        "height": video.height,
        "duration_ms": video.duration_ms,
        "sha256": video.sha256,
        "status": video.status,
        "error": {"code": (video.error_code or "").upper(), "message": video.error_message or ""} if failed else None,
        "created_at": iso(video.created_at),
        "url": address(video),
        "thumbnail_url": frame(first) if first else None,
    }


def in_full(cut: Cut) -> dict[str, Any]:
    shown = [
        of_video(cut.video, scene, caption or f"Scene {scene.position + 1} of {cut.video.filename}")
        for scene, caption in cut.scenes
    ]
    return {**present(cut.video, shown[0]["image_id"] if shown else None), "scenes": shown}


def of_video(video: Video, scene: VideoScene, description: str) -> dict[str, Any]:
    """A scene; a player that knows media fragments plays the stretch alone (https://www.w3.org/TR/media-frags/)."""
    return {
        "scene_index": scene.position,
        "start_ms": scene.start_ms,
        "end_ms": scene.end_ms,
        "frame_ms": scene.frame_ms,
        "image_id": scene.image_id,
        "description": description,
        "thumbnail_url": frame(scene.image_id),
        "url": f"{address(video)}#t={scene.start_ms / 1000:g},{scene.end_ms / 1000:g}",
    }


def as_context(found: SceneOf, description: str) -> dict[str, Any]:
    """A scene with the video it is of, as search results and `scene_context` tell of it."""
    return {
        "video_id": found.video.id,
        "filename": found.video.filename,
        **of_video(found.video, found.scene, description),
    }


def frame(image_id: str) -> str:
    return base_url() + signed(url_for("images.thumbnail", image_id=image_id))


def address(video: Video) -> str:
    return base_url() + signed(url_for("videos.file", video_id=video.id))
