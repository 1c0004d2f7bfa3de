"""Messages and their parts: plain values, the same for every provider and every surface.

They carry no database identity; rows become messages in `services/history.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

Role = Literal["system", "user", "assistant", "tool"]
FinishReason = Literal["stop", "length", "content_filter", "tool_calls", "error"]
Language = Literal["en", "hi", "mr"]


@dataclass(frozen=True, slots=True)
class PreparedImage:
    """Encoded pixels ready to be sent: upright, without metadata, within a size.

    Args:
        data: the encoded file.
        mime_type: `image/jpeg` or `image/png`.
        width, height: in pixels.
    """

    data: bytes
    mime_type: str
    width: int
    height: int


class ImageSource(Protocol):
    """A picture that can be asked for its pixels; nothing is read until it is asked."""

    @property
    def image_id(self) -> str: ...

    @property
    def sha256(self) -> str:
        """Hex digest of the original file: the key under which what is known of it is kept."""
        ...

    def original(self) -> bytes:
        """The file as it was uploaded."""
        ...

    def prepared(self, longest_side: int) -> tuple[PreparedImage, ...]:
        """The picture for a provider: upright (EXIF orientation applied), metadata stripped, no side
        longer than `longest_side` pixels and never enlarged. One image; several frames in order for an animation."""
        ...


@dataclass(frozen=True, slots=True)
class TextPart:
    text: str


@dataclass(frozen=True, slots=True)
class ImagePart:
    """A picture in a message.

    Args:
        source: where its pixels come from.
        detail: `high` asks for the provider's best resolution, `low` for a thumbnail's.
    """

    source: ImageSource
    detail: Literal["low", "high"] = "high"


@dataclass(frozen=True, slots=True)
class ToolCall:
    """The model asks for a tool. `arguments` is the parsed JSON object; a model that sent broken JSON
    gets `arguments={}` and `broken` holding what it sent, so that the loop can tell it."""

    id: str
    name: str
    arguments: dict[str, Any]
    broken: str | None = None
    vendor_state: str | None = None  # opaque, handed back to the same vendor (Gemini's thought signature, base64)


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool answered: JSON-serialisable `content`, or a failure in words."""

    call_id: str
    name: str
    content: Any
    failed: bool = False


Part = TextPart | ImagePart | ToolCall | ToolResult


@dataclass(frozen=True, slots=True)
class Message:
    role: Role
    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        return "".join(part.text for part in self.parts if isinstance(part, TextPart))

    @property
    def images(self) -> tuple[ImagePart, ...]:
        return tuple(part for part in self.parts if isinstance(part, ImagePart))


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one answer. `estimated` is true where the provider did not report them itself."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    estimated: bool = False

    @property
    def total_tokens(self) -> int:
        return self.prompt_tokens + self.completion_tokens

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.estimated or other.estimated,
        )


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool as a model is told of it: `parameters` is a JSON Schema object."""

    name: str
    description: str
    parameters: dict[str, Any] = field(default_factory=dict)


def user(text: str, *images: ImagePart) -> Message:
    """A user's message: the pictures first, as every vendor advises, then the words."""
    return Message("user", (*images, TextPart(text)))


def system(text: str) -> Message:
    return Message("system", (TextPart(text),))


def assistant(text: str) -> Message:
    return Message("assistant", (TextPart(text),))
