"""What can go wrong, by meaning. HTTP statuses are given in `routes/errors.py` alone.

AssistantError
├── InvalidInput                 a field is missing, empty, too long or of the wrong kind
│   ├── InvalidJSON              the body is not the JSON document it says it is
│   ├── ImageRejected            an upload that is no acceptable picture (`code` says why)
│   ├── AudioRejected            an upload that is no acceptable sound (`code` says why)
│   └── SpeechNotUnderstood      sound without words in it: silence, noise, speech nobody could make out
├── WrongContentType             the body is of a kind this place does not read
├── TooLarge                     a body, a file or a field is over its limit
├── NotFound
│   ├── ImageNotFound            also for an id that is no UUID
│   ├── SessionNotFound
│   ├── DocumentNotFound
│   └── PlanNotFound
├── Unauthorized                 no key, or one that is not known
├── OriginRefused                a page of a stranger's opens a WebSocket
├── KeyReused                    an idempotency key came with another request than before
├── Conflict                     the state of the thing forbids the change
├── LimitExceeded                a rate, a budget or a monthly limit is used up
├── Interrupted                  an answer was cut short from this side: the server stops, or was restarted
├── StorageUnavailable           the database or the media store does not answer
├── NoWorker                     no process does what is to be done behind the requests
└── ProviderError                a model behind this server did not do its work
    ├── ProviderTimeout          no answer within the read timeout
    ├── ProviderUnavailable      no connection, or the vendor's own 5xx
    ├── ProviderRateLimited      the vendor's 429
    ├── ProviderRejected         the vendor's other 4xx: a wrong key, a wrong model, a refused request
    ├── ProviderGarbage          an answer that is not of the vendor's own format, or cut off
    └── AllProvidersFailed       every provider of the ordered list failed; `causes` holds each
"""

from __future__ import annotations

from typing import Any

DATABASE_AWAY = "The database does not answer. Please try again."


class AssistantError(Exception):
    """Base of every error this program raises on purpose.

    Args:
        message: one sentence a client may read; never a path, a secret or another program's own words.
        code: stable machine-readable name; the class's own when not given.
        field: the request's field the error is about, if any.
        context: further facts for the client.
    """

    code = "internal_error"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        field: str | None = None,
        context: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.field = field
        self.context = context or {}


class InvalidInput(AssistantError):
    code = "invalid_request"


class InvalidJSON(InvalidInput):
    code = "invalid_json"


class ImageRejected(InvalidInput):
    code = "corrupt_image"


class AudioRejected(InvalidInput):
    code = "not_wav"


class SpeechNotUnderstood(InvalidInput):
    """Not a provider's failure: it did its work and found no words. Asking the speaker to repeat is the answer."""

    code = "speech_not_understood"


class WrongContentType(AssistantError):
    code = "unsupported_media_type"


class TooLarge(AssistantError):
    code = "request_too_large"


class NotFound(AssistantError):
    code = "not_found"


class ImageNotFound(NotFound):
    code = "image_not_found"

    def __init__(self, image_id: str) -> None:
        super().__init__("There is no image with this id.", field="image_id")
        self.image_id = image_id


class VideoNotFound(NotFound):
    code = "video_not_found"


class SessionNotFound(NotFound):
    code = "session_not_found"


class DocumentNotFound(NotFound):
    code = "document_not_found"


class PlanNotFound(NotFound):
    code = "plan_not_found"


class Unauthorized(AssistantError):
    code = "unauthorized"


class OriginRefused(AssistantError):
    code = "origin_refused"


class KeyReused(AssistantError):
    code = "idempotency_key_reused"


class Conflict(AssistantError):
    code = "conflict"


class LimitExceeded(AssistantError):
    code = "limit_exceeded"


class Interrupted(AssistantError):
    code = "interrupted"


class StorageUnavailable(AssistantError):
    code = "storage_unavailable"


class NoWorker(AssistantError):
    code = "service_unavailable"


class ProviderError(AssistantError):
    """A model did not do its work.

    Args:
        message: one sentence, without the vendor's body, the key or an address.
        provider: name of the provider, as in `VISION_PROVIDER`.
        retry_after: seconds the vendor asked to wait, if it said so.
        status: the vendor's HTTP status, if it answered with one.
    """

    code = "provider_error"

    def __init__(
        self, message: str, *, provider: str, retry_after: float | None = None, status: int | None = None
    ) -> None:
        super().__init__(message)
        self.provider = provider
        self.retry_after = retry_after
        self.status = status


class ProviderTimeout(ProviderError):
    code = "provider_timeout"


class ProviderUnavailable(ProviderError):
    code = "provider_unavailable"


class ProviderRateLimited(ProviderError):
    code = "provider_rate_limited"


class ProviderRejected(ProviderError):
    code = "provider_rejected"


class ProviderGarbage(ProviderError):
    code = "provider_bad_response"


class AllProvidersFailed(ProviderError):
    """Every provider of the ordered list failed before its first token.

    Args:
        causes: what each one answered, in the order they were tried; never empty.
    """

    def __init__(self, causes: tuple[ProviderError, ...]) -> None:
        super().__init__(
            "No provider could answer: " + "; ".join(f"{c.provider}: {c.message}" for c in causes),
            provider=",".join(c.provider for c in causes),
            retry_after=min((c.retry_after for c in causes if c.retry_after is not None), default=None),
        )
        self.causes = causes
        self.code = causes[-1].code
