"""How the log looks: lines for a person at a terminal, JSON for everything else."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

from config import Settings

FIELDS = ("client", "endpoint", "status", "milliseconds", "request_id")


class JSONLines(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {name: getattr(record, name) for name in FIELDS if hasattr(record, name)}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def init(settings: Settings) -> None:
    """Send the log to standard error in the form the settings ask for."""
    as_json = settings.log_format == "json" or (not settings.log_format and not sys.stderr.isatty())
    handler = logging.StreamHandler()
    handler.setFormatter(
        JSONLines() if as_json else logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s", "%H:%M:%S")
    )
    logging.basicConfig(level=settings.log_level, handlers=[handler], force=True)
    for chatty in ("httpx", "httpx2", "httpcore", "httpcore2", "PIL", "alembic", "google_genai", "openai", "anthropic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
