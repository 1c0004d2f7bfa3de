"""Keys, whose they are, and answers kept for requests that are sent again."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, new_id, now


class ApiKey(Base):
    """A key: only its digest is kept. All keys of an owner see the same data."""

    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    owner_id: Mapped[str] = mapped_column(index=True)
    name: Mapped[str]
    digest: Mapped[str] = mapped_column(unique=True)
    monthly_limit: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
    revoked_at: Mapped[datetime | None]


class KeptAnswer(Base):
    """The answer to a request that carried an idempotency key; `status` is None while it is being made.

    The body lies in the media store under `body_key`.
    """

    __tablename__ = "kept_answers"

    owner_id: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[str]
    status: Mapped[int | None]
    headers: Mapped[dict[str, Any] | None]
    body_key: Mapped[str | None]
    worker_id: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=now, index=True)
