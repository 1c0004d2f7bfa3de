"""Which characters the bytes of a text file mean."""

from __future__ import annotations

import codecs
import re
from typing import Final

from services.documents.base import DocumentTypeRefused

_MARKS: Final = (
    # UTF-32's little-endian mark begins with UTF-16's.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BINARY: Final = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_LOOK: Final = 64 * 1024


def decode(data: bytes, declared: str | None = None) -> str:
    """The text: by its byte order mark, as UTF-8, by the pattern of UTF-16 without a mark, by what it declares, or
    as Windows-1252, which every other byte has a meaning in.

    Args:
        declared: an encoding's name that the file itself gives.

    Raises:
        DocumentTypeRefused: `content_mismatch`, it is no text.
    """
    name = encoding_of(data, declared)
    if name is None:
        raise DocumentTypeRefused("content_mismatch")
    return data.decode(name, "replace")


def encoding_of(data: bytes, declared: str | None = None) -> str | None:
    """The encoding's name in Python; None for what is no text."""
    for mark, name in _MARKS:
        if data.startswith(mark):
            return name
    head = data[:_LOOK]
    if b"\0" in head:
        return _without_mark(head)
    if len(_BINARY.findall(head)) > len(head) / 500:
        return None
    if _is_utf8(data):
        return "utf-8"
    if declared:
        try:
            return codecs.lookup(declared).name
        except LookupError:
            pass
    return "cp1252"


def _without_mark(head: bytes) -> str | None:
    """Every other byte of UTF-16 is zero where letters are Latin; its line ends and spaces always have one."""
    even, odd = head[::2].count(0), head[1::2].count(0)
    half = len(head) / 2
    for name, zero, other in (("utf-16-le", odd, even), ("utf-16-be", even, odd)):
        if zero > 0.1 * half and other <= 0.01 * half:
            text = head[: len(head) // 2 * 2].decode(name, "replace")
            if text.count("\ufffd") <= 1:
                return name
    return None


def _is_utf8(data: bytes) -> bool:
    """Also where a few bytes of many are damaged."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("utf-8", "replace")
        beyond = sum(1 for character in text[: 4 * _LOOK] if character > "\x7f")
        return text[: 4 * _LOOK].count("\ufffd") * 20 < beyond
    return True
