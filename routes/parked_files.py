"""Uploads of many files: each lies on disk, opened only while it is written or read.

Werkzeug keeps a small file in memory and a larger one open, each; a thousand at once would be too many of either.
"""

from __future__ import annotations

import io
import os
import tempfile
from pathlib import Path
from typing import IO, Any, cast

from flask import Request

ENDPOINTS = frozenset({"images.upload", "documents.upload"})
"""Where many files come at once."""


class ParkingRequest(Request):
    """A request whose files are parked where many may come."""

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        if self.endpoint in ENDPOINTS:
            return cast(IO[bytes], Parked())
        return super()._get_file_stream(total_content_length, content_type, filename, content_length)


class Parked(io.RawIOBase):
    """A temporary file without a name for anybody else, closed whenever it is at its beginning or its end."""

    def __init__(self) -> None:
        descriptor, name = tempfile.mkstemp(prefix="upload-")
        self._path = Path(name)
        self._file: io.BufferedRandom | None = os.fdopen(descriptor, "w+b")

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        return self._opened().write(data)

    def readinto(self, buffer: Any) -> int:
        return self._opened().readinto(buffer)

    def tell(self) -> int:
        return 0 if self._file is None else self._file.tell()

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        if offset == 0 and whence == os.SEEK_SET:
            self._park()
            return 0
        return self._opened().seek(offset, whence)

    def close(self) -> None:
        if not self.closed:
            self._park()
            self._path.unlink(missing_ok=True)
        super().close()

    def _opened(self) -> io.BufferedRandom:
        if self._file is None:
            self._file = self._path.open("r+b")
        return self._file

    def _park(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
