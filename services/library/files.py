"""Files and their rows, which come and go together: the file first, the row second, and back in the other order."""

from __future__ import annotations

import errno
import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from models.database import DatabaseUnavailable
from services.errors import StorageUnavailable
from services.library.storage import MediaStore

log = logging.getLogger(__name__)

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What the system says of a disk that is full."""


@contextmanager
def kept_beside_its_row(store: MediaStore, key: str, data: bytes) -> Iterator[None]:
    """Keep a file, and within the block its row; where the row does not come, the file goes again.

    Where the database went away and nobody knows whether the row has come, the file stays: the sweep will know.

    Raises:
        StorageUnavailable
    """
    store.put(key, data)
    try:
        yield
    except BaseException as error:
        if not (isinstance(error, DatabaseUnavailable) and error.in_doubt):
            drop(store, [key])
        raise


def drop(store: MediaStore, keys: Iterable[str]) -> None:
    """Take files away whose rows are gone; those that cannot be taken away now are left to the sweep."""
    for key in keys:
        try:
            store.delete(key)
        except StorageUnavailable as error:
            log.warning("%s is left to the next sweep: %s", key, error)


def will_pass(error: Exception, store: MediaStore) -> bool:
    """Whether what kept a file from being read or written is that the store, the disk or the database is away now, and
    nothing of the file itself."""
    if isinstance(error, OSError) and error.errno in NO_ROOM:
        return True
    if isinstance(error, DatabaseUnavailable):
        return True
    try:
        store.probe()
    except StorageUnavailable:
        return True
    return False


def keep_if_possible(store: MediaStore, key: str, data: bytes) -> None:
    """Keep what can be made again."""
    try:
        store.put(key, data)
    except StorageUnavailable as error:
        log.warning("%s is not kept: %s", key, error)
