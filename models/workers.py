"""Processes that make answers, so that what a dead one left can be settled."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, now


class Worker(Base):
    """A running process. `seen_at` is renewed while it lives; `job_threads` is how many jobs it does at once."""

    __tablename__ = "workers"

    id: Mapped[str] = mapped_column(primary_key=True)
    host: Mapped[str]
    pid: Mapped[int]
    job_threads: Mapped[int] = mapped_column(default=0, server_default="0")
    seen_at: Mapped[datetime] = mapped_column(default=now)
