"""Short videos of owners: kept, cut into scenes behind the requests, handed out and taken away with their frames."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from sqlalchemy import delete, exists, func, insert, select

from models.base import new_id, now
from models.database import Database, DatabaseUnavailable
from models.media import Analysis, Image, Video, VideoScene
from services.claims import MAX_ATTEMPTS, Claims, Rows
from services.errors import InvalidInput, StorageUnavailable, TooLarge, VideoNotFound
from services.library.decoding import safe_filename
from services.library.files import drop, kept_beside_its_row, will_pass
from services.library.images import Images
from services.library.storage import MediaStore
from services.videos.scenes import probe, scenes

log = logging.getLogger(__name__)

JOB = "cut_video"
MAX_BYTES = 64 * 1024 * 1024
EXTENSIONS = {"mp4": "mp4", "m4v": "mp4", "webm": "webm"}
MIME = {"mp4": "video/mp4", "webm": "video/webm"}
EXHAUSTED = "The video could not be cut into scenes; the server stopped each time it was tried."
AWAY = "The video's file could not be fetched."
ROWS = Rows(Video, exhausted={"status": "failed", "error_code": "video_not_read", "error_message": EXHAUSTED})

Soon = Callable[[str], None]
"""Has something done soon, by its id."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A video and its scenes in their order, each with what was seen in it, if it has been looked at."""

    video: Video
    scenes: tuple[tuple[VideoScene, str | None], ...]


@dataclass(frozen=True, slots=True)
class SceneOf:
    """The stretch of a video that a picture stands for."""

    video: Video
    scene: VideoScene


class Videos:
    """Videos of owners.

    Args:
        images: keeps the frames.
        cut: told of every video that is to be cut.
        look: told of every frame.
    """

    def __init__(self, images: Images, claims: Claims, cut: Soon, look: Soon) -> None:
        self.images = images
        self.database: Database = images.database
        self.store: MediaStore = images.store
        self.claims = claims
        self.cut = cut
        self.look = look

    def add(self, owner_id: str, filename: str, data: bytes) -> Video:
        """Check and keep an upload; its scenes come later.

        Raises:
            InvalidInput: `empty_filename`, `unsupported_extension`, `content_mismatch`, or as `probe` says.
            TooLarge
            StorageUnavailable, DatabaseUnavailable: nothing was kept.
        """
        filename = safe_filename(filename)
        extension = PurePosixPath(filename).suffix.lower().lstrip(".")
        if not filename:
            raise InvalidInput("The file has no name.", code="empty_filename", field="file")
        if extension not in EXTENSIONS:
            raise InvalidInput("Only mp4, m4v and webm are taken.", code="unsupported_extension", field="file")
        if len(data) > MAX_BYTES:
            raise too_large()
        found = probe(data)
        if found.container != EXTENSIONS[extension]:
            said = f"The file's name says .{extension}, its content is {found.container}."
            raise InvalidInput(said, code="content_mismatch", field="file")
        video_id = new_id()
        video = Video(
            id=video_id,
            owner_id=owner_id,
            filename=filename,
            mime_type=MIME[found.container],
            size_bytes=len(data),
            width=found.width,
            height=found.height,
            duration_ms=found.duration_ms,
            sha256=hashlib.sha256(data).hexdigest(),
            storage_key=f"videos/{video_id[:2]}/{video_id}/original.{extension}",
            status="pending",
            attempts=0,
            created_at=now(),
        )
        values = {column.key: getattr(video, column.key) for column in Video.__table__.columns}
        with kept_beside_its_row(self.store, video.storage_key, data), self.database.write() as session:
            session.execute(insert(Video).values(values))
        self.cut(video_id)
        return video

    def get(self, owner_id: str, video_id: str) -> Cut:
        """Raises `VideoNotFound`, also for what is another owner's."""
        with self.database.read() as session:
            video = session.execute(select(Video).where(Video.id == video_id, Video.owner_id == owner_id)).scalar()
            if video is None:
                raise VideoNotFound("There is no video with this id.", field="video_id")
            rows = session.execute(
                select(VideoScene, Analysis.caption)
                .join(Image, Image.id == VideoScene.image_id)
                .outerjoin(Analysis, Analysis.sha256 == Image.sha256)
                .where(VideoScene.video_id == video_id)
                .order_by(VideoScene.position)
            )
            return Cut(video, tuple((scene, caption) for scene, caption in rows))

    def page(self, owner_id: str, limit: int, offset: int) -> tuple[list[tuple[Video, str | None]], int]:
        """Videos, newest first, each with its first scene's picture if that is cut; and how many there are in all."""
        with self.database.read() as session:
            mine = select(Video).where(Video.owner_id == owner_id)
            first = select(VideoScene.image_id).where(VideoScene.video_id == Video.id, VideoScene.position == 0)
            newest = mine.add_columns(first.scalar_subquery()).order_by(Video.created_at.desc(), Video.id.desc())
            total = session.execute(select(func.count()).select_from(mine.subquery())).scalar_one()
            found = session.execute(newest.limit(limit).offset(offset))
            return [(video, image_id) for video, image_id in found], total

    def scenes_of(self, owner_id: str, image_ids: Sequence[str]) -> dict[str, SceneOf]:
        """The scenes that those of the pictures stand for which are frames, by the picture's id."""
        with self.database.read() as session:
            rows = session.execute(
                select(Video, VideoScene)
                .join(VideoScene, VideoScene.video_id == Video.id)
                .where(VideoScene.image_id.in_(image_ids), Video.owner_id == owner_id)
            )
            return {scene.image_id: SceneOf(video, scene) for video, scene in rows}

    def file(self, video: Video) -> bytes:
        """The file as it was uploaded.

        Raises:
            VideoNotFound: its row is there, its file is not.
        """
        try:
            return self.store.get(video.storage_key)
        except FileNotFoundError:
            log.error("the file of video %s is gone from the media store", video.id)
            raise VideoNotFound("The video's file is gone.", field="video_id") from None

    def delete(self, owner_id: str, video_id: str) -> None:
        """Take a video away with its scenes and their frames.

        Raises:
            VideoNotFound
        """
        video = self.get(owner_id, video_id).video
        self._forget_frames(video)
        with self.database.write() as session:
            session.execute(delete(Video).where(Video.id == video_id))
        # A frame may have been added while its video went.
        self._forget_frames(video)
        drop(self.store, [video.storage_key])

    def run(self, video_id: str) -> None:
        """Cut a video into scenes, unless it is done, gone or another's to do: the job.

        Raises:
            DatabaseUnavailable
        """
        with self.claims.held(video_id) as mine:
            if not mine:
                return
            with self.database.read() as session:
                video = session.execute(select(Video).where(Video.id == video_id)).scalar()
            if video is not None:
                self._cut(video)

    def sweep(self, older_than_s: float = 600) -> int:
        """Delete files and frames that no row knows of; how many files there were."""
        # The files first: a row comes after its file.
        keys = list(self.store.keys("videos/", older_than_s=older_than_s))
        with self.database.read() as session:
            known = set(session.execute(select(Video.storage_key)).scalars())
            lost = select(Image).where(Image.video_id.is_not(None), ~exists().where(Video.id == Image.video_id))
            frames = list(session.execute(lost).scalars())
        for frame in frames:
            self.images.delete(frame.owner_id, frame.id)
        orphans = [key for key in keys if key not in known]
        for key in orphans:
            self.store.delete(key)
        return len(orphans)

    def _cut(self, video: Video) -> None:
        try:
            # What an earlier attempt left.
            self._forget_frames(video)
            rows = self._keep_frames(video)
        except InvalidInput as error:
            self._fail(video, error.code, error.message)
        except (StorageUnavailable, DatabaseUnavailable) as error:
            log.warning("a video could not be cut now: %s", error)
            passes = will_pass(error, self.store)
            if passes or video.attempts < MAX_ATTEMPTS:
                self.claims.release(video.id, counts=not passes)
            else:
                self._fail(video, "video_not_read", AWAY)
        except FileNotFoundError:
            self._fail(video, "video_not_read", AWAY)
        else:
            with self.database.write() as session:
                kept = self.claims.finish(session, video.id, status="ready", error_code=None, error_message=None)
                if kept:
                    session.execute(insert(VideoScene), rows)
            if not kept:
                self._forget_frames(video)
                return
            for row in rows:
                self.look(str(row["image_id"]))

    def _keep_frames(self, video: Video) -> list[dict[str, object]]:
        stem = PurePosixPath(video.filename).stem
        rows: list[dict[str, object]] = []
        for position, scene in enumerate(scenes(self.store.get(video.storage_key))):
            seconds = scene.frame_ms // 1000
            name = f"{stem} {seconds // 60}m{seconds % 60:02}s.jpg"
            image = self.images.add(video.owner_id, name, scene.frame, video_id=video.id).image
            rows.append(
                {
                    "video_id": video.id,
                    "position": position,
                    "start_ms": scene.start_ms,
                    "end_ms": scene.end_ms,
                    "frame_ms": scene.frame_ms,
                    "image_id": image.id,
                }
            )
        return rows

    def _forget_frames(self, video: Video) -> None:
        with self.database.read() as session:
            frames = list(session.execute(select(Image.id).where(Image.video_id == video.id)).scalars())
        self.images.delete_many(video.owner_id, frames)

    def _fail(self, video: Video, code: str, why: str) -> None:
        self._forget_frames(video)
        with self.database.write() as session:
            self.claims.finish(session, video.id, status="failed", error_code=code, error_message=why)


def too_large() -> TooLarge:
    return TooLarge("The file is larger than 64 MB.", code="file_too_large", field="file")
