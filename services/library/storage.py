"""Where files lie: one protocol, keys with slashes, whole files written or none."""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from services.errors import StorageUnavailable


class MediaStore(Protocol):
    """Files by key. Raises `StorageUnavailable` when the store cannot be reached or is full."""

    def put(self, key: str, data: bytes) -> None:
        """Keep `data` under `key`: afterwards it is there whole, or nothing is."""
        ...

    def get(self, key: str) -> bytes:
        """Raises `FileNotFoundError` when nothing is kept under `key`."""
        ...

    def delete(self, key: str) -> None:
        """Take away what is under `key`; nothing happens if there is nothing."""
        ...

    def keys(self, prefix: str, *, older_than_s: float = 0) -> Iterator[str]:
        """Every key that begins with `prefix`, written at least so many seconds ago."""
        ...

    def probe(self) -> None:
        """Raises `StorageUnavailable` if a file could not be written now."""
        ...

    def close(self) -> None:
        """Let go of what is open."""
        ...


class FolderStore:
    """A folder on this machine.

    Args:
        root: made if it is not there.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)

    def put(self, key: str, data: bytes) -> None:
        target = self._path(key)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=".new-")
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                os.replace(temporary, target)
            except BaseException:
                Path(temporary).unlink(missing_ok=True)
                raise
        except OSError as error:
            raise StorageUnavailable("The media store cannot take the file.") from error

    def get(self, key: str) -> bytes:
        try:
            return self._path(key).read_bytes()
        except FileNotFoundError:
            raise
        except OSError as error:
            raise StorageUnavailable("The media store does not answer.") from error

    def delete(self, key: str) -> None:
        target = self._path(key)
        try:
            target.unlink(missing_ok=True)
        except OSError as error:
            raise StorageUnavailable("The media store does not answer.") from error
        for folder in target.parents:
            if folder == self.root:
                break
            try:
                folder.rmdir()
            except OSError:  # not empty, or another writer is just making it
                break

    def keys(self, prefix: str, *, older_than_s: float = 0) -> Iterator[str]:
        latest = time.time() - older_than_s
        # os.walk passes over folders that are taken away meanwhile, which Path.rglob does not.
        for folder, folders, names in os.walk((self.root / f"{prefix}_").parent):
            folders.sort()
            for name in sorted(names):
                path = Path(folder, name)
                key = path.relative_to(self.root).as_posix()
                if not key.startswith(prefix):
                    continue
                with contextlib.suppress(FileNotFoundError):  # moved or taken away since the folder was read
                    if path.stat().st_mtime <= latest:
                        yield key

    def probe(self) -> None:
        try:
            # It is gone when it is closed, or the process has ended.
            with tempfile.TemporaryFile(dir=self.root) as file:
                file.write(b"?")
        except OSError as error:
            raise StorageUnavailable("The media store cannot be written.") from error

    def close(self) -> None:
        """Nothing stays open here."""

    def _path(self, key: str) -> Path:
        path = (self.root / key).resolve()
        if not path.is_relative_to(self.root.resolve()) or not key:
            raise ValueError(f"not a key: {key!r}")
        return path
