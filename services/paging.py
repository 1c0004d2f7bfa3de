"""Pages that stay put while rows are added: where one ended, as an opaque word that the next begins from."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, or_

from services.errors import InvalidInput

MAX_LENGTH = 2048
"""Of a cursor: a title of 255 characters at four bytes each fits, and an address with it is read by any server."""
PATTERN = r"^[A-Za-z0-9_-]*$"


def cursor_of(order: str, *values: str | datetime) -> str:
    """A word for a place in a list.

    Args:
        order: the list's order, which the word is good for alone.
        values: of the columns that the list is ordered by, the last one unique.
    """
    written = [value.isoformat() if isinstance(value, datetime) else value for value in values]
    return base64.urlsafe_b64encode(json.dumps([order, *written], ensure_ascii=False).encode()).decode().rstrip("=")


def place_of(cursor: str, order: str, *kinds: type[str] | type[datetime]) -> list[Any]:
    """The values a cursor was made of.

    Raises:
        InvalidInput: it is none, or one of another list.
    """
    try:
        found = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if found[0] != order or len(found) != len(kinds) + 1 or not all(isinstance(item, str) for item in found):
            raise ValueError
        return [_value(item, kind) for item, kind in zip(found[1:], kinds, strict=True)]
    except (ValueError, TypeError, IndexError, KeyError, binascii.Error, RecursionError):
        raise InvalidInput("It is not a cursor of this list.", field="cursor") from None


def beyond(columns: Sequence[ColumnElement[Any]], values: Sequence[Any], *, descending: bool) -> ColumnElement[bool]:
    """Whether a row comes after a place, all columns ordered in the same direction."""
    steps = []
    for number, column in enumerate(columns):
        same = [earlier == value for earlier, value in zip(columns[:number], values, strict=False)]
        steps.append(and_(*same, column < values[number] if descending else column > values[number]))
    return or_(*steps)


def _value(item: str, kind: type[str] | type[datetime]) -> Any:
    if kind is str:
        return item
    instant = datetime.fromisoformat(item)
    if instant.tzinfo is None:
        raise ValueError("an instant without zone")
    return instant
