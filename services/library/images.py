"""Uploaded pictures: kept, found, handed out and taken away, each file together with its row."""

from __future__ import annotations

import hashlib
import io
import logging
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import cast

from cachetools import LRUCache
from PIL import Image as PillowImage
from sqlalchemy import Table, bindparam, insert, select
from sqlalchemy.orm import Session

from models.base import new_id, now
from models.chats import Conversation, Message
from models.database import Database
from models.media import ConversationImage, Image
from services.cache import Cache
from services.errors import ImageNotFound, StorageUnavailable
from services.library import decoding, folder_rows, image_rows, pictures
from services.library.files import drop, keep_if_possible, kept_beside_its_row
from services.library.pictures import InlinePicture, StoredPicture
from services.library.storage import MediaStore

log = logging.getLogger(__name__)

IMAGES = cast(Table, Image.__table__)
THUMBNAIL_SIDE = 256
REMEMBERED = 10_000
"""Pictures that were asked about whose rows are kept at hand."""


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A picture just kept, and the conversation about it."""

    image: Image
    conversation_id: str


# Built once, for it stands before every question about a picture.
_WITH_CONVERSATION = (
    select(IMAGES, Conversation.id.label("conversation_id"))
    .join(ConversationImage, ConversationImage.image_id == IMAGES.c.id)
    .join(Conversation, Conversation.id == ConversationImage.conversation_id)
    .where(IMAGES.c.id == bindparam("image"), IMAGES.c.owner_id == bindparam("owner"))
    .where(Conversation.surface == image_rows.CLASSIC)
)


class Images:
    """Pictures of owners.

    Args:
        cache: holds prepared pictures.
        index: what pictures are found by; lets go of those that are deleted.
        extra_formats: take WebP, HEIF, BMP and TIFF as well.
    """

    def __init__(
        self,
        database: Database,
        store: MediaStore,
        cache: Cache,
        index: image_rows.Findable | None = None,
        *,
        extra_formats: bool = False,
    ) -> None:
        self.database = database
        self.index = index
        self.store = store
        self.cache = cache
        self.extra_formats = extra_formats
        self._asked_about: LRUCache[tuple[str, str], Uploaded] = LRUCache(REMEMBERED)
        self._lock = threading.Lock()

    def add(
        self, owner_id: str, filename: str, data: bytes, *, video_id: str | None = None, **shelf: str | None
    ) -> Uploaded:
        """Check and keep an upload, and begin the conversation about it.

        Args:
            video_id: the video it is a frame of.
            shelf: `title`, `description` and `folder_id`, where it has them.

        Raises:
            ImageRejected, TooLarge: see `decoding.check_upload`.
            NotFound: `folder_not_found`.
            StorageUnavailable, DatabaseUnavailable: nothing was kept.
        """
        filename = decoding.safe_filename(filename)
        decoded = decoding.check_upload(filename, data, extra_formats=self.extra_formats)
        image_id = new_id()
        image = Image(
            id=image_id,
            owner_id=owner_id,
            filename=filename,
            mime_type=decoded.mime_type,
            size_bytes=len(data),
            width=decoded.width,
            height=decoded.height,
            sha256=hashlib.sha256(data).hexdigest(),
            storage_key=f"images/{image_id[:2]}/{image_id}/original.{decoding.extension(filename)}",
            analysis_status="pending",
            analysis_attempts=0,
            video_id=video_id,
            created_at=now(),
            **shelf,
        )
        with kept_beside_its_row(self.store, image.storage_key, data), self.database.write() as session:
            if image.folder_id is not None:
                folder_rows.get(session, owner_id, image.folder_id, to_fill=True)
            conversation_id = _begin(session, image)
        return Uploaded(image, conversation_id)

    def get(self, owner_id: str, image_id: str) -> Image:
        """Raises `ImageNotFound`, also for what is another owner's."""
        with self.database.read() as session:
            image = session.execute(select(Image).where(Image.id == image_id, Image.owner_id == owner_id)).scalar()
        if image is None:
            raise ImageNotFound(image_id)
        return image

    def with_conversation(self, owner_id: str, image_id: str) -> Uploaded:
        """A picture and the conversation that began with its upload.

        Raises:
            ImageNotFound
        """
        with self.database.look() as work:
            found = work.execute(_WITH_CONVERSATION, {"image": image_id, "owner": owner_id}).mappings().first()
        if found is None:
            raise ImageNotFound(image_id)
        values = dict(found)
        conversation_id = values.pop("conversation_id")
        return Uploaded(Image(**values), conversation_id)

    def to_ask_about(self, owner_id: str, image_id: str) -> Uploaded:
        """`with_conversation` for a question: a picture that was asked about before is remembered, since its row never
        changes. One that another process has deleted meanwhile is noticed when its turn is begun; then `forget` it.

        Raises:
            ImageNotFound
        """
        key = (owner_id, image_id)
        with self._lock:
            found = self._asked_about.get(key)
        if found is None:
            found = self.with_conversation(owner_id, image_id)
            with self._lock:
                self._asked_about[key] = found
        return found

    def forget(self, owner_id: str, image_id: str) -> None:
        """No longer remember a picture that is gone."""
        with self._lock:
            self._asked_about.pop((owner_id, image_id), None)

    def messages(self, owner_id: str, image_id: str) -> list[Message]:
        """Every message of the conversation about a picture, oldest first.

        Raises:
            ImageNotFound
        """
        uploaded = self.with_conversation(owner_id, image_id)
        with self.database.read() as session:
            return list(
                session.execute(
                    select(Message).where(Message.conversation_id == uploaded.conversation_id).order_by(Message.seq)
                ).scalars()
            )

    def picture(self, image: Image) -> StoredPicture:
        """The picture as providers take it."""
        return StoredPicture(image.id, image.sha256, image.storage_key, self.store, self.cache)

    def inline_picture(self, data: bytes) -> InlinePicture:
        """A picture that came with the request.

        Raises:
            ImageRejected: it is none, or a damaged one.
        """
        decoding.decode(data)
        return self.checked_picture(data)

    def checked_picture(self, data: bytes) -> InlinePicture:
        """A picture that came with the request and has been found to be one."""
        return InlinePicture(data, hashlib.sha256(data).hexdigest(), self.cache)

    def file(self, image: Image) -> bytes:
        """The file as it was uploaded.

        Raises:
            ImageNotFound: its row is there, its file is not.
        """
        try:
            return self.store.get(image.storage_key)
        except FileNotFoundError:
            log.error("the file of image %s is gone from the media store", image.id)
            raise ImageNotFound(image.id) from None

    def thumbnail(self, image: Image, side: int = THUMBNAIL_SIDE) -> tuple[bytes, str]:
        """A small upright copy and its MIME type; made once, then kept beside the original.

        Args:
            side: the longest side in pixels.

        Raises:
            ImageNotFound: the original's file is gone.
        """
        key = f"{image.storage_key.rsplit('/', 1)[0]}/thumbnail-{side}"
        try:
            data = self.store.get(key)
        except FileNotFoundError:
            data = pictures.prepare(self.file(image), side, frames=1)[0].data
            keep_if_possible(self.store, key, data)
        with PillowImage.open(io.BytesIO(data)) as small:
            return data, decoding.MIME[str(small.format)]

    def delete(self, owner_id: str, image_id: str) -> None:
        """Take a picture away with its conversation, its facts if no copy needs them, and its files.

        Raises:
            ImageNotFound
        """
        if not self.delete_many(owner_id, [image_id]):
            raise ImageNotFound(image_id)

    def delete_many(self, owner_id: str, image_ids: Sequence[str]) -> set[str]:
        """`delete` those of the pictures that are there; which they were."""
        with self.database.write() as session:
            gone = image_rows.take_away(session, owner_id, image_ids)
            if self.index is not None:
                self.index.forget(session, owner_id, list(gone))
        self.let_go(owner_id, gone.items())
        return set(gone)

    def let_go(self, owner_id: str, gone: Iterable[tuple[str, str]]) -> None:
        """Take away the files of pictures whose rows are deleted. One that cannot be now is for the next `sweep`.

        Args:
            gone: id and storage key of each.
        """
        for image_id, storage_key in gone:
            self.forget(owner_id, image_id)
            try:
                drop(self.store, list(self.store.keys(storage_key.rsplit("/", 1)[0] + "/")))
            except StorageUnavailable as error:
                log.warning("the files of image %s are left to the next sweep: %s", image_id, error)

    def sweep(self, older_than_s: float = 600) -> int:
        """Delete files that no row knows, left behind by a crash between the two; how many there were.

        Args:
            older_than_s: younger ones may be another process's upload on its way.
        """
        # The files first: a row comes after its file.
        keys = list(self.store.keys("images/", older_than_s=older_than_s))
        with self.database.read() as session:
            known = {key.rsplit("/", 1)[0] for key in session.execute(select(Image.storage_key)).scalars()}
        orphans = [key for key in keys if key.rsplit("/", 1)[0] not in known]
        for key in orphans:
            self.store.delete(key)
        return len(orphans)


def _begin(session: Session, image: Image) -> str:
    conversation_id = new_id()
    session.execute(
        insert(Image).values({column.key: getattr(image, column.key) for column in Image.__table__.columns})
    )
    session.execute(
        insert(Conversation).values(
            id=conversation_id,
            owner_id=image.owner_id,
            surface=image_rows.CLASSIC,
            title=image.filename,
            created_at=image.created_at,
            updated_at=image.created_at,
        )
    )
    session.execute(insert(ConversationImage).values(conversation_id=conversation_id, image_id=image.id, position=0))
    return conversation_id
