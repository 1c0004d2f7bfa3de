"""What belongs to the request being answered."""

from __future__ import annotations

from typing import cast

from flask import current_app, g, request

from services.accounts import Caller
from services.container import Services


def services() -> Services:
    """The program's parts, as `create_app` wired them."""
    return cast(Services, current_app.extensions["services"])


def caller() -> Caller:
    """Who sent this request, as `routes/auth.py` found out."""
    return cast(Caller, g.caller)


def owner_id() -> str:
    """Whose data this request may see."""
    return caller().owner_id


def request_id() -> str:
    return cast(str, g.request_id)


def base_url() -> str:
    """What links begin with, without a slash at the end."""
    return services().settings.public_base_url or f"{request.scheme}://{request.host or request.environ['HTTP_HOST']}"
