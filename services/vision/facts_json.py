"""Facts as JSON and back: what is stored beside a picture so that it is looked at once."""

from __future__ import annotations

import dataclasses
import types
import typing
from typing import Any

from services.vision.facts import FACTS_VERSION, Facts


def to_json(facts: Facts) -> dict[str, Any]:
    """A dict of JSON values; tuples become lists when it is written."""
    return dataclasses.asdict(facts)


def from_json(stored: dict[str, Any], *, earlier: bool = False) -> Facts:
    """The facts back, equal to what was stored. Unknown fields are passed over, absent ones get their default.

    Args:
        earlier: take facts of an earlier version as well, for what may use them until they are measured anew.

    Raises:
        ValueError: when the facts are of another version, or are not facts at all.
    """
    version = stored.get("version") if isinstance(stored, dict) else None
    older = earlier and type(version) is int and 0 < version < FACTS_VERSION
    if version != FACTS_VERSION and not older:
        raise ValueError("facts of another version")
    try:
        facts = _build(Facts, stored)
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError("not facts") from error
    assert isinstance(facts, Facts)  # noqa: S101  narrows for the type checker
    return facts


def _build(kind: Any, value: Any) -> Any:
    """A value of this annotated type from its JSON form: the kinds that `facts` uses, no more."""
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        hints = typing.get_type_hints(kind)
        known = {field.name for field in dataclasses.fields(kind)} & value.keys()
        return kind(**{name: _build(hints[name], value[name]) for name in known})
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is tuple:
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            return tuple(_build(arguments[0], item) for item in value)
        return tuple(_build(each, item) for each, item in zip(arguments, value, strict=True))
    if origin in {types.UnionType, typing.Union}:
        return None if value is None else _build(next(a for a in arguments if a is not type(None)), value)
    if origin is typing.Literal and value not in arguments:
        raise ValueError(f"unknown value {value!r}")
    if kind in {int, float, str, bool}:
        return _scalar(kind, value)
    return value


def _scalar(kind: type, value: Any) -> Any:
    wanted: tuple[type, ...] = (int, float) if kind is float else (kind,)
    if not isinstance(value, wanted) or (isinstance(value, bool) and kind is not bool):
        raise TypeError(f"{value!r} is no {kind.__name__}")
    return kind(value)
