"""How much there is to do behind the requests, as the rows say it."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import func, select
from sqlalchemy.orm import InstrumentedAttribute

from models.database import Database
from models.library import Document, Plan
from models.media import Image, Video

STATES: Mapping[str, tuple[InstrumentedAttribute[str], Mapping[str, str]]] = {
    "images": (Image.analysis_status, {"pending": "waiting", "processing": "running"}),
    "videos": (Video.status, {"pending": "waiting", "processing": "running"}),
    "documents": (Document.status, {"pending": "waiting", "processing": "running"}),
    "plans": (Plan.status, {"approved": "waiting", "running": "running"}),
}
"""By what is worked on: the column that says so, and what its values mean."""


def backlog(database: Database) -> dict[tuple[str, str], int]:
    """How many rows are `waiting` and `running`, by what they are.

    Raises:
        DatabaseUnavailable
    """
    counts = {(kind, state): 0 for kind in STATES for state in ("waiting", "running")}
    with database.look() as work:
        for kind, (column, states) in STATES.items():
            for status, count in work.execute(select(column, func.count()).where(column.in_(states)).group_by(column)):
                counts[kind, states[status]] = count
    return counts
