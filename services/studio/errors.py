"""What an edit can run into."""

from __future__ import annotations

from services.errors import InvalidInput


class CannotApply(InvalidInput):
    """This operation is not possible on this picture; the message is a clause that fits after a colon."""

    code = "edit_not_possible"
