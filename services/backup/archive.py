"""A backup's form: one gzipped tar. `head.json` says of which schema it is, `tables/NAME.jsonl` hold a row a line, and
`media/KEY` the files as they are, and `manifest.json`, written last, the digest of each: without it none is whole.

Rows are written by the names of their columns, in JSON that both databases' types come from and go to.
"""

from __future__ import annotations

import base64
import hashlib
import json
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from sqlalchemy import Column, DateTime, LargeBinary

FORMAT = 1
HEAD = "head.json"
MANIFEST = "manifest.json"
TABLES = "tables/"
MEDIA = "media/"
NOT_KEPT = ("alembic_version", "workers")
"""Tables that say something of this moment and this place alone."""
CHUNK = 1024 * 1024


class BadBackup(Exception):
    """A file that is no backup, not a whole one, damaged, or of a version this one cannot read."""


@dataclass(frozen=True, slots=True)
class Head:
    """What a backup is of.

    Args:
        revision: of the schema.
        created_at: ISO 8601.
    """

    revision: str
    created_at: str


def packed(row: Mapping[Any, Any]) -> bytes:
    """A row as a line."""
    values = {str(name): _plain(value) for name, value in row.items()}
    return json.dumps(values, separators=(",", ":")).encode() + b"\n"


def unpacked(line: bytes, columns: Mapping[str, Column[Any]], *, zoned: bool) -> dict[str, Any]:
    """A line as a row.

    Args:
        zoned: whether the database keeps the zone of an instant; else it gets UTC without one.
    """
    return {name: _value(value, columns[name], zoned=zoned) for name, value in json.loads(line).items()}


def _plain(value: Any) -> Any:
    match value:
        case bytes():
            return base64.b64encode(value).decode()
        case datetime():
            return value.astimezone(UTC).isoformat()
        case _:
            return value


def _value(value: Any, column: Column[Any], *, zoned: bool) -> Any:
    if value is None:
        return None
    match column.type:
        case LargeBinary():
            return base64.b64decode(value)
        case DateTime():
            at = datetime.fromisoformat(value)
            return at if zoned else at.replace(tzinfo=None)
        case _:
            return value


def verified(file: Path) -> Head:
    """Read a backup through and compare every digest.

    Raises:
        BadBackup
    """
    try:
        return _verified(file)
    except (tarfile.TarError, zlib.error, EOFError, OSError, ValueError, KeyError, TypeError) as error:
        raise BadBackup(f"The backup cannot be read: {error}") from error


def _verified(file: Path) -> Head:
    digests: dict[str, str] = {}
    head = manifest = None
    for name, content in members(file):
        if name == MANIFEST:
            manifest = json.loads(content.read())
            continue
        if name == HEAD:
            data = content.read()
            head, digests[name] = json.loads(data), hashlib.sha256(data).hexdigest()
        else:
            digests[name] = digest_of(content)
    if head is None or head["format"] != FORMAT:
        raise BadBackup("This is no backup, or one of another version's form.")
    if manifest is None:
        raise BadBackup("The backup is not whole: its end is missing.")
    if digests != manifest["sha256"]:
        named = sorted({name for name, _digest in digests.items() ^ manifest["sha256"].items()})
        raise BadBackup(f"The backup is damaged: {', '.join(named[:3])}.")
    return Head(head["revision"], head["created_at"])


def members(file: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """Every member's name and content, in order."""
    with tarfile.open(file, "r|gz") as tar:
        for member in tar:
            content = tar.extractfile(member)
            if content is not None:
                yield member.name, content


def digest_of(content: IO[bytes]) -> str:
    """SHA-256 of what is left to read."""
    digest = hashlib.sha256()
    while chunk := content.read(CHUNK):
        digest.update(chunk)
    return digest.hexdigest()
