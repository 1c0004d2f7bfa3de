"""What a plan's step can do: change something of its owner's, in one transaction, and know how to take it back."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from services.content import ToolSpec

Arguments = Mapping[str, Any]

REFERENCE = r"\$step:(\d{1,2})(?:\.id)?"
"""In place of an id: the id of what an earlier step of the plan makes, steps counted from 0."""
MOST_IMAGES = 1000


@dataclass(frozen=True, slots=True)
class Done:
    """What a step has done.

    Args:
        result: JSON-serialisable facts; `id` of what it made, if it made something.
        undo: what its action needs to take it back.
        gone: id and storage key of pictures whose rows were deleted; their files go after the commit.
    """

    result: dict[str, Any]
    undo: dict[str, Any] | None = None
    gone: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Names:
    """What people call the things a plan speaks of, by id; by `$step:N` those that it is going to make."""

    folders: Mapping[str, str] = field(default_factory=dict)
    images: Mapping[str, str] = field(default_factory=dict)
    documents: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)

    def folder(self, arguments: Arguments, key: str = "folder") -> str:
        """“Trips / Beach”, for `folder_id` or `folder_name`."""
        given = arguments.get(f"{key}_id")
        name = self.folders.get(given, given) if given is not None else arguments[f"{key}_name"]
        return quoted(name)

    def pictures(self, arguments: Arguments) -> str:
        """“beach.jpg”, or “3 photos”."""
        ids = image_ids(arguments)
        return quoted(self.images.get(ids[0], ids[0])) if len(ids) == 1 else counted(len(ids), "photo")

    def document(self, arguments: Arguments) -> str:
        given = arguments["document_id"]
        return quoted(self.documents.get(given, given))


@dataclass(frozen=True, slots=True)
class Action:
    """A tool that changes the library.

    Args:
        spec: what a model is told of it; its `parameters` are what arguments are held to.
        agent: whose tool it is.
        describe: arguments in their final form to a sentence: what happens, and what cannot be taken back.
        perform: does it within the transaction given, as the owner; every id is looked up anew. An `AssistantError` it
            raises is why the step failed.
        undo: takes it back within the transaction given, from what `perform` returned as `undo`; raises `Conflict`
            where what was changed has changed since. None: it cannot be taken back.
        makes: it makes something with an id, which later steps may speak of.
        check: raises `InvalidInput` for what the schema cannot say.
        retold: the argument, and the key of `undo`, that names a picture whose words change, if they do.
    """

    spec: ToolSpec
    agent: str
    describe: Callable[[Arguments, Names], str]
    perform: Callable[[Session, str, Arguments], Done]
    undo: Callable[[Session, str, Arguments], None] | None
    makes: bool = False
    check: Callable[[Arguments], None] = lambda _arguments: None
    retold: str | None = None


def image_ids(arguments: Arguments) -> list[str]:
    """The pictures spoken of, each once."""
    return list(dict.fromkeys(arguments.get("image_ids") or [arguments["image_id"]]))


def quoted(name: str) -> str:
    """A name as part of a sentence, on one line."""
    return f"“{' '.join(name.split())}”"


def counted(count: int, thing: str) -> str:
    return f"{count} {thing}{'' if count == 1 else 's'}"


def reference(value: object) -> int | None:
    """The step that a `$step:N` speaks of."""
    found = re.fullmatch(REFERENCE, value) if isinstance(value, str) else None
    return int(found[1]) if found else None


def schema(properties: dict[str, Any], required: Sequence[str] = ()) -> dict[str, Any]:
    """A JSON Schema of arguments."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def an_id(what: str) -> dict[str, Any]:
    return {"type": "string", "minLength": 1, "maxLength": 64, "description": f"Id of {what}."}


IMAGE_IDS: dict[str, Any] = {
    "type": "array",
    "items": {"type": "string", "minLength": 1, "maxLength": 64},
    "minItems": 1,
    "maxItems": MOST_IMAGES,
    "description": "Ids of the images.",
}
FOLDER: dict[str, Any] = {
    "folder_id": an_id("the folder, or $step:N for the one that step N of the same plan makes"),
    "folder_name": {
        "type": "string",
        "minLength": 1,
        "maxLength": 255,
        "description": "Name of the folder, or its path as in Trips/Beach, in place of folder_id.",
    },
}
