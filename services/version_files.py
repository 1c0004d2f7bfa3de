"""The files behind studio versions: each version's picture, and a small copy of it once somebody asked for one."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from PIL import Image as PillowImage

from models.studio import StudioVersion
from services.errors import NotFound, StorageUnavailable
from services.library import decoding, pictures
from services.library.files import drop, keep_if_possible, kept_beside_its_row
from services.library.storage import MediaStore

log = logging.getLogger(__name__)

ROOT = "studio/"
THUMBNAIL_SIDE = 256
_THUMBNAIL = f"-thumbnail-{THUMBNAIL_SIDE}"


class VersionFiles:
    """Files of versions in the media store, a folder for each conversation."""

    def __init__(self, store: MediaStore) -> None:
        self.store = store

    @contextmanager
    def kept(self, conversation_id: str, version_id: str, data: bytes) -> Iterator[str]:
        """Keep a version's picture, and within the block its row; see `kept_beside_its_row`. Gives the key."""
        key = f"{_folder(conversation_id)}{version_id}"
        with kept_beside_its_row(self.store, key, data):
            yield key

    def picture(self, row: StudioVersion) -> bytes:
        """A version's picture.

        Raises:
            NotFound: `version_not_found`, its file is gone.
        """
        return self.at(row.picture_key)

    def at(self, key: str) -> bytes:
        """What lies under a key that a version names.

        Raises:
            NotFound: `version_not_found`, it was deleted meanwhile.
        """
        try:
            return self.store.get(key)
        except FileNotFoundError:
            raise no_version() from None

    def thumbnail(self, row: StudioVersion) -> tuple[bytes, str]:
        """A small upright copy and its MIME type; made once, then kept beside the picture.

        Raises:
            NotFound: `version_not_found`, its file is gone.
        """
        key = row.picture_key + _THUMBNAIL
        try:
            data = self.store.get(key)
        except FileNotFoundError:
            data = pictures.prepare(self.picture(row), THUMBNAIL_SIDE, frames=1)[0].data
            keep_if_possible(self.store, key, data)
        with PillowImage.open(io.BytesIO(data)) as small:
            return data, decoding.MIME[str(small.format)]

    def drop(self, keys: Iterable[str]) -> None:
        """Take pictures away with their small copies."""
        drop(self.store, [name for key in keys for name in (key, key + _THUMBNAIL)])

    def drop_thumbnail(self, row: StudioVersion) -> None:
        drop(self.store, [row.picture_key + _THUMBNAIL])

    def drop_all(self, conversation_id: str) -> None:
        try:
            drop(self.store, list(self.store.keys(_folder(conversation_id))))
        except StorageUnavailable as error:
            log.warning("files of a conversation are left to the next sweep: %s", error)

    def sweep(self, needed: Callable[[], tuple[frozenset[str], frozenset[str]]], older_than_s: float) -> int:
        """Take away what no version needs; how many files that were.

        Args:
            needed: gives the keys of pictures that are shown or replayed from, and of those that are shown, and so
                may have a small copy.
            older_than_s: younger ones may be another process's version on its way.
        """
        # The files first: a row comes after its file.
        keys = list(self.store.keys(ROOT, older_than_s=older_than_s))
        known, shown = needed()
        kept = known | {key + _THUMBNAIL for key in shown}
        orphans = [key for key in keys if key not in kept]
        for key in orphans:
            self.store.delete(key)
        return len(orphans)


def no_version() -> NotFound:
    return NotFound("There is no version with this id.", code="version_not_found", field="version_id")


def _folder(conversation_id: str) -> str:
    return f"{ROOT}{conversation_id[:2]}/{conversation_id}/"
