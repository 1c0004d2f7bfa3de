"""Files that come as base64 text in JSON, in all the ways clients write it."""

from __future__ import annotations

import base64
import re

_DATA_URL = re.compile(r"\s*data:[^,]{0,200};base64,", re.IGNORECASE)
_BLANKS = str.maketrans("", "", " \t\r\n\f\v")


def from_base64(text: str) -> bytes:
    """The bytes; none for a text without any.

    Args:
        text: standard or URL-safe base64, padded or not, a `data:` URL's prefix and any white space allowed.

    Raises:
        ValueError: it is something else.
    """
    prefix = _DATA_URL.match(text)
    body = (text[prefix.end() :] if prefix else text).translate(_BLANKS)
    body = body.rstrip("=").replace("-", "+").replace("_", "/")
    return base64.b64decode(body + "=" * (-len(body) % 4), validate=True)
