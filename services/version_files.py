"""The files behind studio versions: each version's picture, and a small copy of it once somebody asked for one."""

from __future__ import annotations

import io
from collections.abc import Iterable

from PIL import Image as PillowImage

from models.studio import StudioVersion
from services.errors import NotFound
from services.library import decoding, pictures
from services.library.storage import MediaStore

ROOT = "studio/"
THUMBNAIL_SIDE = 256
_THUMBNAIL = f"-thumbnail-{THUMBNAIL_SIDE}"


class VersionFiles:
    """Files of versions in the media store, a folder for each conversation."""

    def __init__(self, store: MediaStore) -> None:
        self.store = store

    def put(self, conversation_id: str, version_id: str, data: bytes) -> str:
        """Keep a version's picture; its key.

        Raises:
            StorageUnavailable
        """
        key = f"{_folder(conversation_id)}{version_id}"
        self.store.put(key, data)
        return key

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
            self.store.put(key, data)
        with PillowImage.open(io.BytesIO(data)) as small:
            return data, decoding.MIME[str(small.format)]

    def drop(self, keys: Iterable[str]) -> None:
        """Take pictures away with their small copies."""
        for key in keys:
            self.store.delete(key)
            self.store.delete(key + _THUMBNAIL)

    def drop_thumbnail(self, row: StudioVersion) -> None:
        self.store.delete(row.picture_key + _THUMBNAIL)

    def drop_all(self, conversation_id: str) -> None:
        for key in list(self.store.keys(_folder(conversation_id))):
            self.store.delete(key)

    def sweep(self, known: frozenset[str], shown: frozenset[str], older_than_s: float) -> int:
        """Take away what no version needs; how many files that were.

        Args:
            known: keys of pictures that are shown or replayed from.
            shown: those that are shown, and so may have a small copy.
            older_than_s: younger ones may be another process's version on its way.
        """
        kept = known | {key + _THUMBNAIL for key in shown}
        orphans = [key for key in self.store.keys(ROOT, older_than_s=older_than_s) if key not in kept]
        for key in orphans:
            self.store.delete(key)
        return len(orphans)


def no_version() -> NotFound:
    return NotFound("There is no version with this id.", code="version_not_found", field="version_id")


def _folder(conversation_id: str) -> str:
    return f"{ROOT}{conversation_id[:2]}/{conversation_id}/"
