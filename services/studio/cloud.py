"""What the cloud studios share: the picture as a vendor takes it, and a vendor's picture checked before use."""

from __future__ import annotations

from dataclasses import dataclass

from services.content import Usage
from services.errors import ImageRejected, ProviderGarbage
from services.library.decoding import decode
from services.library.pictures import prepare
from services.studio.alt_text import prompt_alt_text
from services.studio.base import Outcome, Picture, StudioReply, StudioRequest
from services.studio.frames import decoded_or_rejected, load, same_pixels
from services.studio.mask import limit_to_mask, mask_without_picture, read_mask

LONGEST_SIDE = 2048
_TAKEN = frozenset({"image/png", "image/jpeg", "image/webp", "image/gif"})
REFUSED = "The provider's rules do not allow this picture. Say it another way, or ask for something else."
UNCHANGED = "The provider sent the picture back as it was; nothing changed."


@dataclass(frozen=True, slots=True)
class Sent:
    """The current picture as it goes out: upright, without metadata, at most `LONGEST_SIDE` pixels a side."""

    data: bytes
    mime_type: str
    width: int
    height: int


def outgoing(request: StudioRequest) -> Sent | None:
    """The request's picture made ready; of an animation its first frame.

    Raises InvalidInput and ImageRejected for a mask that does not fit, before anything is paid for.
    """
    if request.picture is None:
        if request.mask is not None:
            raise mask_without_picture()
        return None
    size = decoded_or_rejected(request.picture.data, field="picture").size
    if request.mask is not None:
        read_mask(request.mask, size)
    ready = prepare(request.picture.data, LONGEST_SIDE, frames=1)[0]
    return Sent(ready.data, ready.mime_type, ready.width, ready.height)


def checked(provider: str, data: bytes) -> Picture:
    """A vendor's bytes as a picture, by their content and not by what the vendor calls them.

    Raises ProviderGarbage for what is empty, no picture, damaged or of a kind no browser shows.
    """
    if not data:
        raise ProviderGarbage("The picture in the answer was empty.", provider=provider)
    try:
        mime_type = decode(data).mime_type
    except ImageRejected:
        raise ProviderGarbage("What came as a picture is none, or is damaged.", provider=provider) from None
    if mime_type not in _TAKEN:
        raise ProviderGarbage("The picture in the answer is of an unexpected kind.", provider=provider)
    return Picture(data, mime_type)


@dataclass(frozen=True, slots=True)
class Answer:
    """A vendor's answer, read.

    Args:
        text: its words, maybe none.
        data: its picture, not yet checked; None where there was none.
        finish_reason: its own word for why it stopped.
        refused: whether that word means its rules forbid it.
        usage: tokens, where it counts them.
    """

    text: str
    data: bytes | None
    finish_reason: str
    refused: bool = False
    usage: Usage = Usage()


def reply(provider: str, model: str, request: StudioRequest, sent: Sent | None, answer: Answer) -> StudioReply:
    """The answer as ours: the mask kept to, an unchanged picture noticed.

    Raises ProviderGarbage for a picture that is none, or when there are neither words nor a picture.
    """

    def without_picture(outcome: Outcome, text: str) -> StudioReply:
        return StudioReply(text, None, outcome, provider, model, answer.finish_reason, usage=answer.usage)

    if answer.refused:
        return without_picture("refused", answer.text or REFUSED)
    if answer.data is None:
        if not answer.text:
            raise ProviderGarbage("The answer held neither words nor a picture.", provider=provider)
        return without_picture("text_only", answer.text)
    picture = checked(provider, answer.data)
    if request.picture is not None and sent is not None and _came_back((sent.data, request.picture.data), picture):
        return without_picture("unchanged", answer.text or UNCHANGED)
    if request.picture is not None and request.mask is not None:
        limited = limit_to_mask(request.picture.data, picture.data, request.mask)
        if same_pixels(load(request.picture.data), load(limited)):
            return without_picture("unchanged", answer.text or UNCHANGED)
        picture = Picture(limited, "image/png")
    alt_text = prompt_alt_text(request.prompt, edited=request.picture is not None)
    return StudioReply(
        answer.text,
        picture,
        "picture",
        provider,
        model,
        answer.finish_reason,
        alt_text=alt_text,
        usage=answer.usage,
    )


def _came_back(before: tuple[bytes, ...], picture: Picture) -> bool:
    after = load(picture.data)
    return any(same_pixels(load(one), after) for one in before)
