"""Is this upload a document, and of which kind? Its content decides; its name must agree."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import PurePosixPath
from typing import Final

from services.documents.base import DocumentRejected, DocumentTypeRefused, Kind
from services.documents.encoding import decode, encoding_of

KINDS: Final[dict[str, Kind]] = {
    "pdf": "pdf",
    "docx": "docx",
    "md": "markdown",
    "markdown": "markdown",
    "html": "html",
    "htm": "html",
    "txt": "text",
    "text": "text",
}
"""By a name's extension."""
MIME: Final[dict[Kind, str]] = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "markdown": "text/markdown",
    "html": "text/html",
    "text": "text/plain",
}

MAX_ENTRIES: Final = 5_000
MAX_UNPACKED: Final = 400 * 1024 * 1024
MAX_XML: Final = 64 * 1024 * 1024
"""Of one part of a DOCX that is read."""
MAX_RATIO: Final = 200
"""How many times smaller than itself a part of more than `SMALL_XML` bytes may be packed."""
SMALL_XML: Final = 4 * 1024 * 1024

_OLE: Final = bytes.fromhex("d0cf11e0a1b11ae1")
_BINARY: Final = (
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"RIFF",
    b"\x1f\x8b",
    b"\x7fELF",
    b"7z\xbc\xaf",
    b"Rar!",
    b"{\\rtf",
)
_PAGE: Final = re.compile(
    r"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html)\b", re.IGNORECASE | re.DOTALL
)
_TAG: Final = re.compile(r"<(?:[a-z][a-z0-9]*(?:\s[^<>]*)?/?|!doctype[^<>]*|/[a-z][a-z0-9]*)>", re.IGNORECASE)


def check(filename: str, data: bytes) -> Kind:
    """The kind of an upload.

    Args:
        filename: without folders.

    Raises:
        DocumentTypeRefused: `unsupported_document_type` or `content_mismatch`.
        DocumentRejected: `empty_file`, `broken_document`, `password_protected` or `document_too_complex`.
    """
    kind = KINDS.get(PurePosixPath(filename).suffix.lower().lstrip("."))
    if kind is None:
        raise DocumentTypeRefused("unsupported_document_type")
    if not data.strip(b"\0 \t\r\n"):
        raise DocumentRejected("empty_file")
    match kind:
        case "pdf":
            if b"%PDF-" not in data[:1024]:
                raise DocumentTypeRefused("content_mismatch")
        case "docx":
            check_docx(data)
        case "markdown" | "html" | "text":
            _check_text(kind, data)
    return kind


def check_docx(data: bytes) -> None:
    """Look at the packing list of a DOCX before anything in it is unpacked.

    Raises:
        DocumentTypeRefused, DocumentRejected: see `check`.
    """
    if data.startswith(_OLE) and "EncryptedPackage".encode("utf-16-le") in data:
        raise DocumentRejected("password_protected")
    if not data.startswith(b"PK\x03\x04"):
        raise DocumentTypeRefused("content_mismatch")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            parts = package.infolist()
    # Its list is damaged, wants a later version than the library knows, or names a part in no letters (a ValueError).
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        raise DocumentRejected("broken_document") from None
    names = {part.filename for part in parts}
    if "[Content_Types].xml" not in names or not any(name.startswith("word/") for name in names):
        raise DocumentTypeRefused("content_mismatch")
    if any(part.flag_bits & 1 for part in parts):
        raise DocumentRejected("password_protected")
    if (
        len(parts) > MAX_ENTRIES
        or len(names) != len(parts)
        or sum(part.file_size for part in parts) > MAX_UNPACKED
        or any(map(_is_bomb, parts))
    ):
        raise DocumentRejected("document_too_complex")


def _is_bomb(part: zipfile.ZipInfo) -> bool:
    is_xml = part.filename.lower().endswith((".xml", ".rels"))
    if is_xml and part.file_size > MAX_XML:
        return True
    return part.file_size > SMALL_XML and part.file_size > MAX_RATIO * max(1, part.compress_size)


def _check_text(kind: Kind, data: bytes) -> None:
    binary = b"%PDF-" in data[:1024] or data.startswith((_OLE, b"PK\x03\x04", b"MZ\x90", *_BINARY))
    if binary or encoding_of(data) is None:
        raise DocumentTypeRefused("content_mismatch")
    head = decode(data[: 64 * 1024])
    is_page = _PAGE.match(head.lstrip("\ufeff")) is not None
    if kind == "html":
        if not is_page and not _TAG.search(head):
            raise DocumentTypeRefused("content_mismatch")
    elif is_page:
        raise DocumentTypeRefused("content_mismatch")
