"""The engine for PostgreSQL: psycopg 3 behind a pool, nothing waits for ever, and every text can be stored."""

from __future__ import annotations

import json
from typing import Any

from psycopg.types.string import StrDumperUnknown
from sqlalchemy import Engine, create_engine, event, make_url

CONNECT_TIMEOUT_S = 5
IDLE_IN_TRANSACTION_MS = 60_000
RECYCLE_S = 1800
"""A connection is not used for longer: servers, proxies and firewalls close old ones without a word."""
NO_CHARACTER = "\N{REPLACEMENT CHARACTER}"
"""Stands for what PostgreSQL cannot keep: NUL, and halves of surrogate pairs in JSON."""


def engine(url: str, connections: int, wait_ms: int) -> Engine:
    """An engine whose connections are found alive before each use.

    Args:
        url: `postgresql+psycopg://…`; what its query sets goes before what is set here.
        connections: opened at most.
        wait_ms: how long a statement may take or wait for a lock, and a thread for a connection.
    """
    made = create_engine(
        url,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=wait_ms / 1000,
        pool_pre_ping=True,
        pool_recycle=RECYCLE_S,
        # The last one used first, so that those a quiet server does not need grow old.
        pool_use_lifo=True,
        connect_args=_connect_args(url, wait_ms),
        json_serializer=_json,
    )

    @event.listens_for(made, "connect")
    def connected(connection: Any, _record: object) -> None:
        connection.adapters.register_dumper(str, _Text)

    return made


def _connect_args(url: str, wait_ms: int) -> dict[str, Any]:
    """Source of the names: libpq's "Parameter Key Words"."""
    limits = {
        "statement_timeout": wait_ms,
        "lock_timeout": wait_ms,
        "idle_in_transaction_session_timeout": IDLE_IN_TRANSACTION_MS,
    }
    wanted: dict[str, Any] = {
        "application_name": "visual-assistant",
        "connect_timeout": CONNECT_TIMEOUT_S,
        "options": " ".join(f"-c {name}={value}" for name, value in limits.items()),
        "keepalives": 1,
        "keepalives_idle": 30,
        "keepalives_interval": 10,
        "keepalives_count": 3,
        "tcp_user_timeout": wait_ms,
    }
    given = make_url(url).query
    return {name: value for name, value in wanted.items() if name not in given}


class _Text(StrDumperUnknown):
    """Text with NUL, which a model or a document may well hold, is kept without it; a search for such finds nothing."""

    def dump(self, obj: str) -> Any:
        return super().dump(obj.replace("\0", NO_CHARACTER) if "\0" in obj else obj)


def _json(value: Any) -> str:
    written = json.dumps(value)
    if "\\u0000" in written or "\\ud" in written:
        written = json.dumps(_storable(value))
    return written


def _storable(value: Any) -> Any:
    match value:
        case str():
            return value.replace("\0", NO_CHARACTER).encode("utf-8", "replace").decode()
        case dict():
            return {_storable(key): _storable(item) for key, item in value.items()}
        case list() | tuple():
            return [_storable(item) for item in value]
        case _:
            return value
