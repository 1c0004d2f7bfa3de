"""Requests to values: strict, with this program's own words for what is wrong."""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Any, TypeVar, get_type_hints

from flask import g, request
from gunicorn.http.errors import ParseException
from pydantic import AfterValidator, BaseModel, ConfigDict, GetJsonSchemaHandler, ValidationError
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, ErrorDetails, PydanticCustomError

from services.errors import InvalidInput, InvalidJSON, WrongContentType

log = logging.getLogger(__name__)

Model = TypeVar("Model", bound=BaseModel)
View = TypeVar("View", bound=Callable[..., Any])

UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
SURROGATE = re.compile("[\ud800-\udfff]")

TEXT_PATTERN = r"^(?:[^\x00-\x08\x0b-\x1f\x7f-\x9f]|\r\n)*$"
"""What `clean` takes, for the OpenAPI document."""
FILLED_PATTERN = TEXT_PATTERN[:-1] + r"[^\s\x00-\x1f\x7f-\x9f]" + TEXT_PATTERN[1:]
"""What `clean` and `filled` take."""

DISCARD_BYTES = 64 * 1024 * 1024
DISCARD_S = 10.0
DISCARD_STEP = 256 * 1024


def clean(text: str) -> str:
    """Refuse what is no text: control characters other than tab and newline (CR LF is one), lone surrogates."""
    if CONTROL.search(text.replace("\r\n", "\n")) or SURROGATE.search(text):
        raise PydanticCustomError("characters", "It holds control characters or broken Unicode.")
    return text


def filled(text: str) -> str:
    """Refuse blanks alone."""
    if not text.strip():
        raise PydanticCustomError("empty", "It is empty.")
    return text


class Body(BaseModel):
    """A JSON body: what it does not name is passed over, nothing is turned into another type."""

    model_config = ConfigDict(strict=True, extra="ignore")

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """What `clean` and `filled` ask of a text is a pattern in the OpenAPI document."""
        schema = handler(core)
        properties = handler.resolve_ref_schema(schema).get("properties", {})
        for name, field in cls.model_fields.items():
            checks = {check.func for check in field.metadata if isinstance(check, AfterValidator)}
            if checks & {clean, filled} and properties[name].get("type") == "string":
                properties[name].setdefault("pattern", FILLED_PATTERN if filled in checks else TEXT_PATTERN)
        return schema


class Query(BaseModel):
    """A query string: its values are text, read as the types named; what it does not name is passed over."""

    model_config = ConfigDict(extra="ignore")


def validated(view: View) -> View:
    """Give a view its `path`, `query` and `body`, each validated as annotated.

    The OpenAPI library reads the same annotations for the document; its own validation would read form fields as JSON
    and build a JSON Schema on every request.

    Raises:
        InvalidInput, InvalidJSON, WrongContentType
    """
    kinds = get_type_hints(view)

    @wraps(view)
    def wrapper(**kwargs: Any) -> Any:
        given: dict[str, Any] = {}
        if "path" in kinds:
            given["path"] = _model(kinds["path"], kwargs)
        if "query" in kinds:
            given["query"] = _model(kinds["query"], request.args.to_dict())
        if "body" in kinds:
            given["body"] = _model(kinds["body"], json_object())
        if "form" in kinds:
            given["form"] = _model(kinds["form"], form_fields())
        return view(**given)

    wrapper.__delay_validate_request__ = True  # type: ignore[attr-defined]  # the OpenAPI library's own mark
    return wrapper  # type: ignore[return-value]


def form_fields() -> dict[str, Any]:
    """The fields and files of a form; none where there is no body.

    Raises:
        WrongContentType: the body is no form.
    """
    if request.mimetype not in ("", "multipart/form-data", "application/x-www-form-urlencoded"):
        raise WrongContentType("The request must be a form, with Content-Type: multipart/form-data.")
    return request.form.to_dict() | request.files.to_dict()


def expect_whole_body() -> None:
    """Have a body that ends before its Content-Length answered with 400: a server that ends the stream itself would
    pass the part for the whole."""
    g.input_ends = "wsgi.input_terminated" in request.environ
    if request.content_length is not None:
        request.environ.pop("wsgi.input_terminated", None)


def discard_body() -> None:
    """Read on to the end of a body that was refused, within bounds: a client that is still sending would find the
    connection reset before it came to read the answer."""
    if not g.input_ends:
        return
    until = time.monotonic() + DISCARD_S
    left = DISCARD_BYTES
    stream = request.environ["wsgi.input"]
    try:
        while left > 0 and time.monotonic() < until and (read := stream.read(min(left, DISCARD_STEP))):
            left -= len(read)
    except (OSError, ParseException):
        log.debug("a refused body ended badly")


def json_object() -> dict[str, Any]:
    """The request's JSON object.

    Raises:
        WrongContentType: it does not say it is JSON.
        InvalidJSON: it is none.
    """
    if not request.is_json:
        raise WrongContentType("The request must be JSON, with Content-Type: application/json.")
    try:
        value = json.loads(request.get_data(cache=False), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise InvalidJSON("The body is not valid JSON.") from None
    if not isinstance(value, dict):
        # It is JSON, and not what is asked for: in v2 a validation error like any other.
        raise InvalidInput("The body must be a JSON object.", code=InvalidJSON.code)
    return value


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _model(kind: type[Model], values: dict[str, Any]) -> Model:
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise _invalid(error.errors(include_url=False, include_context=False)) from None


def _invalid(found: list[ErrorDetails]) -> InvalidInput:
    """One error for the first thing that is wrong, with all of them in its context."""
    listed = [{"field": _field(item), "message": _words(item)} for item in found]
    first = found[0]
    return InvalidInput(
        f"{listed[0]['field']}: {listed[0]['message']}" if listed[0]["field"] else listed[0]["message"],
        code=_code(first),
        field=listed[0]["field"] or None,
        context={"errors": listed},
    )


def _field(item: ErrorDetails) -> str:
    # Between a union's field and its members stand the members' own names, which mean nothing to a client.
    return ".".join(str(part) for part in item["loc"] if re.fullmatch(r"\w+", str(part)))


def _code(item: ErrorDetails) -> str:
    field = str(item["loc"][0]) if item["loc"] else "request"
    match item["type"]:
        case "missing":
            return f"missing_{field}"
        case "empty" | "string_too_short":
            return f"empty_{field}"
        case "string_too_long":
            return f"{field}_too_long"
        case _:
            return f"invalid_{field}"


def _words(item: ErrorDetails) -> str:
    """Plain words; what was sent is never repeated."""
    match item["type"]:
        case "missing":
            return "This field is required."
        case "extra_forbidden":
            return "This field is not known."
        case _:
            return item["msg"].rstrip(".") + "."


def uuid_or_none(value: str) -> str | None:
    """The id in its usual form; None for what is no UUID."""
    return value.lower() if UUID.fullmatch(value) else None


def iso(instant: datetime) -> str:
    """ISO 8601 in UTC, to the millisecond, with a Z."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
