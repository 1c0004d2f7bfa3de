"""What has been streamed of one answer, and those who read it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

from services.errors import AssistantError
from services.mailbox import Mailbox, Outlet

Entry = list[Any]
"""One thing a reader is shown, as JSON: its kind first, and of kind `token` then its text. What it looks like on the
wire is the route's."""


class Log:
    """What has been streamed of one message; grows until it is closed.

    Args:
        message_id: the assistant's message.
    Attributes:
        kept: how many entries are in the database.
        said: the text in those.
        relayed: how many entries other processes have been told of.
        broken: it was closed before its end; the rest is to be had elsewhere.
    """

    def __init__(self, message_id: str) -> None:
        self.message_id = message_id
        self.entries: list[Entry] = []
        self.closed = False
        self.broken = False
        self.error: AssistantError | None = None
        self.kept = 0
        self.said = ""
        self.relayed = 0
        self._readers: list[Mailbox[Entry]] = []
        self._lock = threading.Lock()

    def append(self, entries: list[Entry], *, last: bool = False) -> None:
        """Add entries; what comes after the last is ignored."""
        with self._lock:
            if self.closed:
                return
            self.entries.extend(entries)
            self.closed = last
            for reader in self._readers:
                if entries:
                    reader.put(entries)
                if last:
                    reader.end()

    def break_off(self) -> None:
        """Let the readers look for the rest elsewhere."""
        self.broken = not self.closed
        self.append([], last=True)

    def read(self, timeout_s: float, outlet: Outlet[Entry] | None = None) -> Iterator[list[Entry]]:
        """All entries, then those that come and are not shown through `outlet`, several at once where they come fast;
        an empty list after each `timeout_s` of silence, and when the outlet could not show all."""
        reader = Mailbox(outlet)
        with self._lock:
            so_far, closed = self.entries.copy(), self.closed
            if not closed:
                self._readers.append(reader)
        try:
            if so_far:
                yield so_far
            while not closed:
                entries, closed = reader.take(timeout_s)
                if entries or not closed:
                    yield entries
        finally:
            reader.leave()
            with self._lock:
                if reader in self._readers:
                    self._readers.remove(reader)


class Unread:
    """The outlet of a reader who waits for the end alone."""

    ready = True

    def show(self, _items: list[Entry], /) -> bool:
        return True
