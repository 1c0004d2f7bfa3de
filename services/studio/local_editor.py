"""The studio that needs no key and no network: it does what the words say with Pillow, and says what it cannot."""

from __future__ import annotations

from dataclasses import dataclass, field

import PIL

from services.errors import InvalidInput, TooLarge
from services.studio import talk
from services.studio.alt_text import Captioner, alt_text
from services.studio.apply import apply
from services.studio.base import ChainBase, Outcome, Picture, StudioReply, StudioRequest
from services.studio.describe import describe
from services.studio.errors import CannotApply
from services.studio.frames import Frames, decoded_or_rejected, is_written_as, same_pixels
from services.studio.mask import mask_without_picture, read_mask, stored
from services.studio.navigation import navigation_reply
from services.studio.operations import (
    Canvas,
    Convert,
    Edit,
    Masked,
    Operation,
    PlainEdit,
    Redo,
    Resize,
    Restore,
    Shape,
    Text,
    Transparent,
    Undo,
    from_json,
    to_json,
)  # fmt: skip
from services.studio.parse import LeftOut, NotUnderstood, Understood, parse
from services.studio.phrases_canvas import SIDE
from services.studio.render import finish, is_lossless, replay

KEYS = "GEMINI_API_KEY or OPENAI_API_KEY"
_HINTS = (
    ("crop", "say what to keep, such as “crop to a square” or “crop to the left half”"),
    ("text", "say which words, in quotes: add the text “Hello” at the top"),
    ("caption", "say which words, in quotes: add the caption “Hello”"),
    ("resize", "say how large, such as “resize to 800x600” or “to 50%”"),
)


@dataclass(slots=True)
class _Sheet:
    """The work on one request."""

    frames: Frames | None
    chain: list[Edit]
    base: ChainBase
    mask: str | None = None
    done: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    history: list[tuple[Frames | None, list[Edit], list[str]]] = field(default_factory=list)


class LocalEditor:
    """`ImageStudio` over Pillow. Holds nothing between calls.

    Args:
        caption: says what a picture shows, for the alternative text; None leaves that to what was done.
    """

    def __init__(self, caption: Captioner | None = None) -> None:
        self._caption = caption

    @property
    def name(self) -> str:
        return "local"

    @property
    def model(self) -> str:
        return f"pillow-{PIL.__version__}"

    def close(self) -> None:
        """There is nothing to let go of."""

    def create_or_edit(self, request: StudioRequest) -> StudioReply:
        """See `ImageStudio`.

        Raises:
            ImageRejected: the picture or the mask is none.
            InvalidInput: the mask is of another size or marks nothing.
        """
        if reply := navigation_reply(request.prompt):
            return reply
        if text := talk.answered(request.prompt, lambda: self._seen(request)):
            return StudioReply(text, None, "text_only", self.name, self.model, "stop")
        sheet = _begin(request)
        before, lossless = sheet.frames, is_lossless(sheet.chain)
        for step in parse(request.prompt):
            match step:
                case Understood():
                    _do(sheet, step)
                case LeftOut():
                    sheet.left_out.append(step.words)
                case NotUnderstood():
                    sheet.problems.append(_cannot(step))
        rewritten = lossless and not is_lossless(sheet.chain)
        same = before is not None and sheet.frames is not None and _same_file(before, sheet.frames) and not rewritten
        return self._reply(request, sheet, same=same)

    def _seen(self, request: StudioRequest) -> str | None:
        if request.picture is None or self._caption is None:
            return request.subject
        return self._caption(request.picture.data)

    def _reply(self, request: StudioRequest, sheet: _Sheet, *, same: bool) -> StudioReply:
        frames = sheet.frames
        changed = bool(sheet.done) and frames is not None and not same
        if not changed or frames is None:
            if sheet.done:  # each did something, together nothing: flipped and flipped back
                sheet.unchanged, sheet.done = sheet.unchanged + sheet.done, []
            outcome: Outcome = "unchanged" if sheet.unchanged else "text_only"
            return StudioReply(_text(sheet), None, outcome, self.name, self.model, "stop")
        operations = tuple(sheet.chain)
        rendered = finish(frames, operations)
        sheet.remarks.extend(rendered.notes)
        if frames.target != "png" and _became_png(request, rendered.mime_type, sheet.base):
            why = "so that nothing outside the marked region changes" if sheet.mask else "because parts are see-through"
            sheet.remarks.append(f"The result is a PNG file, {why}.")
        return StudioReply(
            _text(sheet), Picture(rendered.data, rendered.mime_type), "picture", self.name, self.model, "stop",
            alt_text=alt_text(operations, data=rendered.data, caption=self._caption or (lambda _data: request.subject)),
            operations=operations, chain_base=sheet.base,
        )  # fmt: skip


def _same_file(before: Frames, after: Frames) -> bool:
    return before.target == after.target and same_pixels(before, after)


def _became_png(request: StudioRequest, mime_type: str, base: ChainBase) -> bool:
    was_jpeg = request.picture is not None and request.picture.mime_type == "image/jpeg"
    return was_jpeg and mime_type == "image/png" and base != "nothing"


def _begin(request: StudioRequest) -> _Sheet:
    if request.picture is None:
        if request.mask is not None:
            raise mask_without_picture()
        return _Sheet(None, [], "nothing")
    if request.mask is not None:
        # Exact means against the pixels of the version that is seen, so its own file is what the chain starts from.
        frames = decoded_or_rejected(request.picture.data, field="picture")
        return _Sheet(frames, [], "picture", stored(read_mask(request.mask, frames.size)))
    if request.chain is None:
        return _Sheet(decoded_or_rejected(request.picture.data, field="picture"), [], "picture")
    base: ChainBase = "nothing" if request.chain.original is None else "original"
    return _Sheet(replay(request.chain.original, request.chain.operations), list(request.chain.operations), base)


def _do(sheet: _Sheet, step: Understood) -> None:
    """All of a step or nothing of it."""
    frames, chain, done = sheet.frames, list(sheet.chain), list(sheet.done)
    sheet.history.append((frames, chain, done))
    try:
        for operation in _with_canvas(sheet, step.operations):
            _do_one(sheet, operation)
    except (CannotApply, TooLarge) as error:
        sheet.frames, sheet.chain, sheet.done = frames, chain, done
        sheet.history.pop()
        more = f" A picture model can cut it out, if the server has a {KEYS}." if _cuts_out(step) else ""
        sheet.problems.append(f"“{step.words}”: {error.message.rstrip('.')}.{more}")


def _cuts_out(step: Understood) -> bool:
    return any(isinstance(one, Transparent) for one in step.operations)


def _with_canvas(sheet: _Sheet, operations: tuple[Operation, ...]) -> tuple[Operation, ...]:
    """Something to draw on, where there is nothing yet."""
    if sheet.frames is None and isinstance(operations[0], Shape | Text):
        return (Canvas(SIDE, SIDE, "solid", ("#ffffff",)), *operations)
    return operations


def _do_one(sheet: _Sheet, operation: Operation) -> None:
    match operation:
        case Undo():
            _take_back(sheet, operation.steps)
        case Redo() | Restore():
            raise CannotApply("say this on its own, as a message of its own")
        case Convert():
            _convert(sheet, operation)
        case _:
            _edit(sheet, operation)


def _take_back(sheet: _Sheet, steps: int) -> None:
    """Undo within one prompt: "crop it to a square, no, undo that"."""
    sheet.history.pop()  # the undo itself
    if len(sheet.history) < steps:
        sheet.history.append((sheet.frames, list(sheet.chain), list(sheet.done)))
        raise CannotApply("there is nothing in this message to take back")
    for _ in range(steps):
        sheet.frames, sheet.chain, sheet.done = sheet.history.pop()
    sheet.history.append((sheet.frames, list(sheet.chain), list(sheet.done)))


def _edit(sheet: _Sheet, plain: PlainEdit) -> None:
    operation: Edit = Masked(sheet.mask, (plain,)) if sheet.mask else plain
    _check(operation)
    before = sheet.frames
    after = apply(before, operation)
    if before is not None and not isinstance(plain, Canvas) and same_pixels(before, after):
        sheet.unchanged.append(describe(plain))
        return
    if before is not None and isinstance(plain, Resize) and _stretched(before.size, after.size):
        sheet.remarks.append("The proportions changed; say “fit within …” to keep them.")
    if isinstance(operation, Canvas):
        sheet.chain, sheet.base = [], "nothing"
    sheet.chain.append(operation)
    sheet.frames = after
    sheet.done.append(describe(plain))


def _convert(sheet: _Sheet, operation: Convert) -> None:
    if sheet.mask:
        raise CannotApply("the kind of file is of the whole picture, say it without a marked region")
    before = sheet.frames
    after = apply(before, operation)
    lossless = is_lossless(sheet.chain)
    if before is not None and (operation.format == "png" if lossless else is_written_as(before, operation.format)):
        sheet.unchanged.append(describe(operation))
        return
    if before is not None and len(before.images) > 1:
        sheet.remarks.append("Of the animation it holds the first frame.")
    if before is not None and not same_pixels(before.with_images(before.images[:1]), after):
        sheet.remarks.append("A JPEG holds no transparency; what showed through is white now.")
    sheet.chain.append(operation)
    sheet.frames = after
    sheet.done.append(describe(operation))


def _check(operation: Edit) -> None:
    """Raises CannotApply for numbers that could not be read back from where the chain is stored."""
    try:
        from_json(to_json((operation,)))
    except InvalidInput:
        raise CannotApply("a number in it is out of range") from None


def _stretched(before: tuple[int, int], after: tuple[int, int]) -> bool:
    return min(after) > 20 and abs(before[0] * after[1] / (before[1] * after[0]) - 1) > 0.03


def _cannot(step: NotUnderstood) -> str:
    words = step.words.lower()
    hint = next(
        (hint for word, hint in _HINTS if word in words and set(step.leftovers) <= {word, "crop", "resize"}), None
    )
    if hint:
        return f"“{step.words}”: {hint}."
    return (
        f"“{step.words}”: the local editor cannot do that. It crops, turns, resizes, adjusts, frames, writes and "
        f"draws simple shapes; a picture model can do more, if the server has a {KEYS}."
    )


def _sentence(parts: list[str]) -> str:
    text = "; ".join(parts)
    return text[0].upper() + text[1:] + "."


def _text(sheet: _Sheet) -> str:
    lines = []
    if sheet.done:
        lines.append(_sentence(sheet.done))
    if sheet.unchanged:
        lines.append("This changed nothing, the picture was like that already: " + "; ".join(sheet.unchanged) + ".")
    lines.extend(sheet.remarks)
    if sheet.left_out:
        lines.append("Left alone, as you asked: " + "; ".join(f"“{words}”" for words in sheet.left_out) + ".")
    if sheet.problems:
        lines.append(("Not done: " if sheet.done else "Nothing was done. ") + " ".join(sheet.problems))
    if not lines:
        lines.append("I did not find an edit in that. Say for example “make it black and white”.")
    return "\n\n".join(lines)
