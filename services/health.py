"""Whether the parts work: really tried, cheaply, and not more often than every few seconds."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping

from models.database import DatabaseUnavailable
from services.errors import AssistantError

log = logging.getLogger(__name__)

KEPT_S = 10.0
Probe = Callable[[], None]


class Health:
    """Probes by name; each raises an `AssistantError` or `DatabaseUnavailable` where its part does not work."""

    def __init__(self, probes: Mapping[str, Probe], timer: Callable[[], float] = time.monotonic) -> None:
        self._probes = probes
        self._timer = timer
        self._lock = threading.Lock()
        self._checked_at: float | None = None
        self._found: dict[str, str | None] = {}

    def check(self) -> dict[str, str | None]:
        """By name: None for what works, else in a sentence what does not."""
        with self._lock:
            if self._checked_at is None or self._timer() - self._checked_at > KEPT_S:
                self._found = {name: _problem(name, probe) for name, probe in self._probes.items()}
                self._checked_at = self._timer()
            return dict(self._found)


def _problem(name: str, probe: Probe) -> str | None:
    try:
        probe()
    except AssistantError as error:
        return error.message
    except DatabaseUnavailable:
        return "The database does not answer."
    except Exception:
        log.exception("the probe of %s failed on something nobody foresaw", name)
        return f"{name} failed."
    return None
