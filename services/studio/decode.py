"""Pictures that come as base64 text in JSON (`/chat`'s `picture` and `mask`)."""

from __future__ import annotations

import base64

from services.base64_text import from_base64
from services.errors import AssistantError, ImageRejected, InvalidInput, TooLarge
from services.library.decoding import MAX_UPLOAD_BYTES, decode
from services.studio.base import Picture

_WITH_WHITESPACE = 1.4
"""Base64 grows by 4/3; the rest is room for line breaks before the text is even looked at."""


def picture_from_base64(text: str, *, field: str = "picture") -> Picture:
    """Decode and check a picture.

    Args:
        text: see `from_base64`.
        field: the request's field, for the error.

    Raises:
        InvalidInput: not base64 (`invalid_picture`, or as the field is called) or empty (`empty_picture`).
        TooLarge: over 16 MB decoded.
        ImageRejected: no picture, a damaged one or one with too many pixels.
    """
    data = bytes_from_base64(text, field=field)
    try:
        return Picture(data, decode(data).mime_type)
    except ImageRejected as error:
        raise ImageRejected(error.message, code=error.code, field=field) from error


def bytes_from_base64(text: str, *, field: str = "picture") -> bytes:
    """Only the base64 part of `picture_from_base64`: raises InvalidInput and TooLarge."""
    if len(text) > MAX_UPLOAD_BYTES * 4 / 3 * _WITH_WHITESPACE:
        raise _too_large(field)
    try:
        data = from_base64(text)
    except ValueError as error:
        raise InvalidInput("The picture is not valid base64.", code=f"invalid_{field}", field=field) from error
    if not data:
        raise InvalidInput("The picture is empty.", code="empty_picture", field=field)
    if len(data) > MAX_UPLOAD_BYTES:
        raise _too_large(field)
    return data


def to_base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _too_large(field: str) -> AssistantError:
    return TooLarge("The picture is larger than 16 MB.", code="file_too_large", field=field)
