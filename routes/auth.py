"""Who may ask: keys in headers, and signatures in the links of pictures."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import quote

from flask import Flask, g, request
from itsdangerous import BadSignature, URLSafeTimedSerializer

from models.base import LOCAL_OWNER, now
from routes.current import services
from services.accounts import Caller
from services.errors import Unauthorized

OPEN = frozenset({"pages.root", "static", "docs", "docs_asset", "openapi", "voice.health"})
"""Endpoints that want no key: the page, its files, the docs page with its document, and health."""
MEDIA = frozenset(
    {
        "classic.image_file",
        "classic.image_thumbnail",
        "studio.version_file",
        "studio.version_thumbnail",
        "images.file",
        "images.thumbnail",
        "documents.file",
        "documents.page",
        "videos.file",
    }
)
"""Endpoints that a signed link opens, since an `<img>` tag sends no header."""
SOCKETS = frozenset({"session_events"})
"""WebSockets that a signed link opens: a browser sends them no header either."""
SIGNATURE = "signature"
LINK_AGE = timedelta(hours=24)


def init(app: Flask) -> None:
    app.before_request(_identify)


def signed(path: str) -> str:
    """A link to a picture that works without a key for a day; the bare path where no key is asked for."""
    return signer()(path)


def signer() -> Callable[[str], str]:
    """`signed` for this request's caller, to be called after the request's end as well."""
    if not services().settings.auth_required:
        return lambda path: path
    signs, owner_id = _signer(), g.caller.owner_id
    return lambda path: f"{path}?{SIGNATURE}={quote(signs.dumps([owner_id, path]))}"


def _identify() -> None:
    if request.endpoint is None or request.method == "OPTIONS":
        g.caller = Caller(LOCAL_OWNER)
        if services().settings.auth_required and request.method != "OPTIONS":
            _by_key(required=True)
        return
    required = services().settings.auth_required and request.endpoint not in OPEN
    try:
        by_link = _by_signature()
    except Unauthorized:
        # An old link is no worse than none.
        if required and _given_key() is None:
            raise
        by_link = None
    g.caller = by_link if by_link is not None else _by_key(required=required)


def _by_key(*, required: bool) -> Caller:
    """The key's caller. Where none is asked for, one that is not ours is passed over: SDKs always send something.

    Raises:
        Unauthorized
    """
    given = _given_key()
    if given is None:
        if required:
            raise Unauthorized("Send your key as 'Authorization: Bearer <key>' or 'X-API-Key'.", code="missing_api_key")
        return Caller(LOCAL_OWNER)
    try:
        return services().accounts.caller(given)
    except Unauthorized:
        if required:
            raise
        return Caller(LOCAL_OWNER)


def _given_key() -> str | None:
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and text.strip():
        return text.strip()
    return request.headers.get("X-API-Key") or None


def _by_signature() -> Caller | None:
    text = request.args.get(SIGNATURE)
    if text is None or request.endpoint not in MEDIA | SOCKETS or request.method not in ("GET", "HEAD"):
        return None
    try:
        # Its age is looked at here, since one that is signed by a clock ahead of this one's would be refused there.
        (owner_id, path), signed_at = _signer().loads(text, return_timestamp=True)
    except (BadSignature, ValueError, TypeError):
        raise _refused() from None
    if path != request.path or abs(now() - signed_at) > LINK_AGE:
        raise _refused()
    return Caller(str(owner_id))


def _refused() -> Unauthorized:
    return Unauthorized("The link is not valid or has expired.", code="invalid_signature")


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(services().secret_key, salt="picture-links")
