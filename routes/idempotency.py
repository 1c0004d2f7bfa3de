"""`Idempotency-Key`: a POST sent again gets the answer of the first, and does nothing twice."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable, Iterator

from flask import Flask, Response, g, request

from routes import direct
from routes.current import owner_id, services
from services.errors import InvalidInput
from services.idempotency import Answer, Claim, Idempotency

HEADER = "Idempotency-Key"
FORM = re.compile(r"[\x21-\x7e]{1,255}")
NOT_KEPT = frozenset({"content-length", "x-request-id", "x-process-time", "date", "set-cookie"})
MAX_BODY = 64 * 1024 * 1024
"""What a kept answer may hold; a larger one is not kept."""


def init(app: Flask) -> None:
    app.before_request(_replay)
    app.after_request(_keep)


def _replay() -> Response | None:
    """The kept answer, if there is one; else the request goes on, and its answer will be kept."""
    key = request.headers.get(HEADER)
    if key is None or request.method != "POST" or request.endpoint is None:
        return None
    if not FORM.fullmatch(key):
        raise InvalidInput(
            "Idempotency-Key must be 1 to 255 visible ASCII characters.", code="invalid_idempotency_key", field=HEADER
        )
    found = services().idempotency.claim(owner_id(), key, _fingerprint())
    if isinstance(found, Claim):
        g.claim = found
        # What goes past the response is not kept.
        direct.withhold(request.environ)
        return None
    response = Response(found.body, found.status, found.headers)
    response.headers["Idempotent-Replayed"] = "true"
    return response


def _fingerprint() -> str:
    """A digest of method, address and body. A form counts by its fields, since its boundary is random."""
    digest = hashlib.sha256(f"{request.method} {request.full_path}\n{request.mimetype}\n".encode())
    if request.mimetype in ("multipart/form-data", "application/x-www-form-urlencoded"):
        for name, value in sorted(request.form.items(multi=True)):
            digest.update(f"\n{name}\0{value}".encode("utf-8", "surrogatepass"))
        for name, file in request.files.items(multi=True):
            digest.update(f"\n{name}\0{file.filename}\0".encode("utf-8", "surrogatepass"))
            digest.update(hashlib.file_digest(file.stream, "sha256").digest())  # type: ignore[arg-type]  # a binary stream
            file.stream.seek(0)
    else:
        digest.update(request.get_data())
    return digest.hexdigest()


def _keep(response: Response) -> Response:
    claim: Claim | None = g.get("claim")
    if claim is None:
        return response
    idempotency = services().idempotency
    if not 200 <= response.status_code < 300:
        # What failed may be tried again.
        idempotency.settle(claim, None)
    elif response.is_streamed:
        made_anyway = g.get("made_anyway")
        response.response = _kept_stream(idempotency, claim, response, iter(response.response), made_anyway)
    else:
        idempotency.settle(claim, _answer(response, response.get_data()))
    return response


def _kept_stream(
    idempotency: Idempotency,
    claim: Claim,
    response: Response,
    inner: Iterator[str | bytes],
    made_anyway: Callable[[], bytes | None] | None,
) -> Iterator[bytes]:
    """The stream, kept once it has been sent whole, or made whole.

    Args:
        made_anyway: waits for all of a stream whose answer is made to its end without its reader; None for others.
    """

    def keep(sent: bytes | None) -> None:
        idempotency.settle(claim, _answer(response, sent) if sent is not None else None)

    pieces: list[bytes] = []
    whole = False
    try:
        for given in inner:
            piece = given.encode() if isinstance(given, str) else given
            pieces.append(piece)
            yield piece
        whole = True
    finally:
        close = getattr(inner, "close", None)
        if close is not None:
            close()
        if whole or made_anyway is None:
            keep(b"".join(pieces) if whole else None)
        else:
            waiting = threading.Thread(target=lambda: keep(made_anyway()), name="idempotency-stream", daemon=True)
            waiting.start()


def _answer(response: Response, body: bytes) -> Answer | None:
    if len(body) > MAX_BODY:
        return None
    headers = {name: value for name, value in response.headers if name.lower() not in NOT_KEPT}
    return Answer(response.status_code, headers, body)
