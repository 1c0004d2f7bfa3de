"""What a studio is: a picture and a wish in words go in, a picture or a reason comes out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from services.content import Usage
from services.studio.operations import Edit, Navigation

Outcome = Literal["picture", "unchanged", "text_only", "refused", "navigation"]
"""`picture`: there is a new one. `unchanged`: the same pixels came back. `text_only`: only words came back.
`refused`: the vendor's rules forbid it. `navigation`: the words ask for another version (`StudioReply.navigation`).
A failure is none of these: it is raised."""
ChainBase = Literal["original", "picture", "nothing"]


@dataclass(frozen=True, slots=True)
class Picture:
    """An encoded picture, as it is stored."""

    data: bytes
    mime_type: str


@dataclass(frozen=True, slots=True)
class Turn:
    """One earlier turn of the conversation.

    Args:
        prompt: what the person asked for.
        text: what was answered.
        made_picture: whether a picture came out.
    """

    prompt: str
    text: str = ""
    made_picture: bool = False


@dataclass(frozen=True, slots=True)
class EditChain:
    """How the current picture came about: `operations` done to `original` (None: they begin with a canvas)."""

    original: bytes | None
    operations: tuple[Edit, ...] = ()


@dataclass(frozen=True, slots=True)
class StudioRequest:
    """One wish.

    Args:
        prompt: what is asked for, in words; never empty.
        picture: the current version, or None to begin with nothing.
        turns: earlier turns of this branch, oldest first, ending with the one that made `picture`.
        mask: an encoded picture of the current version's upright size; only where it is white may pixels change.
        chain: the current version's own chain; without it the current picture counts as an original.
        subject: what the picture shows, where that is known, for the alternative text.
        request_id: sent to the vendor where it takes one, for tracing.
    """

    prompt: str
    picture: Picture | None = None
    turns: tuple[Turn, ...] = ()
    mask: bytes | None = None
    chain: EditChain | None = None
    subject: str | None = None
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class StudioReply:
    """What came of it.

    Args:
        text: words for the person; may be Markdown, may be empty when there is a picture.
        picture: the new version; None with every outcome but `picture`.
        outcome: see `Outcome`.
        provider, model: who made it, as in `IMAGE_PROVIDER`.
        finish_reason: the vendor's own word for why it stopped; `stop` of the local editor.
        alt_text: a suggestion for the new version; empty without one.
        operations: the whole chain to keep with the new version, the local editor's only.
        chain_base: what `operations` start from: the request's chain's `original`, the request's `picture`, or nothing
            (they begin with a canvas).
        navigation: with the outcome `navigation`, where to.
        remaining_prompt: what else the words asked for, to be sent again after going there.
        usage: tokens, where the vendor counts them.
    """

    text: str
    picture: Picture | None
    outcome: Outcome
    provider: str
    model: str
    finish_reason: str
    alt_text: str = ""
    operations: tuple[Edit, ...] = ()
    chain_base: ChainBase = "picture"
    navigation: Navigation | None = None
    remaining_prompt: str = ""
    usage: Usage = Usage()


class ImageStudio(Protocol):
    """Makes and changes pictures. Raises a ProviderError in place of any vendor's exception, InvalidInput for a mask
    of the wrong size and ImageRejected for a picture that is none. Thread-safe."""

    @property
    def name(self) -> str:
        """As in `IMAGE_PROVIDER`."""
        ...

    @property
    def model(self) -> str: ...

    def create_or_edit(self, request: StudioRequest) -> StudioReply: ...

    def close(self) -> None:
        """Let go of connections; called once, when the program stops."""
        ...
