"""The studio that needs no key and no network: it does what the words say with Pillow, and says what it cannot."""

from __future__ import annotations

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
from services.studio.sheet import KEYS, Sheet, note, short, text_of


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
                    sheet.left_out.append(short(step.words))
                case NotUnderstood():
                    note(sheet, step)
        rewritten = lossless and not is_lossless(sheet.chain)
        same = before is not None and sheet.frames is not None and _same_file(before, sheet.frames) and not rewritten
        return self._reply(request, sheet, same=same)

    def _seen(self, request: StudioRequest) -> str | None:
        if request.picture is None or self._caption is None:
            return request.subject
        return self._caption(request.picture.data)

    def _reply(self, request: StudioRequest, sheet: Sheet, *, same: bool) -> StudioReply:
        frames = sheet.frames
        changed = bool(sheet.done) and frames is not None and not same
        if not changed or frames is None:
            if sheet.done:  # each did something, together nothing: flipped and flipped back
                sheet.unchanged, sheet.done = sheet.unchanged + sheet.done, []
            outcome: Outcome = "unchanged" if sheet.unchanged else "text_only"
            return StudioReply(text_of(sheet), None, outcome, self.name, self.model, "stop")
        operations = tuple(sheet.chain)
        rendered = finish(frames, operations)
        sheet.remarks.extend(rendered.notes)
        if frames.target != "png" and _became_png(request, rendered.mime_type, sheet.base):
            why = "so that nothing outside the marked region changes" if sheet.mask else "because parts are see-through"
            sheet.remarks.append(f"The result is a PNG file, {why}.")
        return StudioReply(
            text_of(sheet), Picture(rendered.data, rendered.mime_type), "picture", self.name, self.model, "stop",
            alt_text=alt_text(operations, data=rendered.data, caption=self._caption or (lambda _data: request.subject)),
            operations=operations, chain_base=sheet.base,
        )  # fmt: skip


def _same_file(before: Frames, after: Frames) -> bool:
    return before.target == after.target and same_pixels(before, after)


def _became_png(request: StudioRequest, mime_type: str, base: ChainBase) -> bool:
    was_jpeg = request.picture is not None and request.picture.mime_type == "image/jpeg"
    return was_jpeg and mime_type == "image/png" and base != "nothing"


def _begin(request: StudioRequest) -> Sheet:
    if request.picture is None:
        if request.mask is not None:
            raise mask_without_picture()
        return Sheet(None, [], "nothing")
    if request.mask is not None:
        # Exact means against the pixels of the version that is seen, so its own file is what the chain starts from.
        frames = decoded_or_rejected(request.picture.data, field="picture")
        return Sheet(frames, [], "picture", stored(read_mask(request.mask, frames.size)))
    if request.chain is None:
        return Sheet(decoded_or_rejected(request.picture.data, field="picture"), [], "picture")
    base: ChainBase = "nothing" if request.chain.original is None else "original"
    return Sheet(replay(request.chain.original, request.chain.operations), list(request.chain.operations), base)


def _do(sheet: Sheet, step: Understood) -> None:
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
        sheet.problems.append(f"“{short(step.words)}”: {error.message.rstrip('.')}.{more}")


def _cuts_out(step: Understood) -> bool:
    return any(isinstance(one, Transparent) for one in step.operations)


def _with_canvas(sheet: Sheet, operations: tuple[Operation, ...]) -> tuple[Operation, ...]:
    """Something to draw on, where there is nothing yet."""
    if sheet.frames is None and isinstance(operations[0], Shape | Text):
        return (Canvas(SIDE, SIDE, "solid", ("#ffffff",)), *operations)
    return operations


def _do_one(sheet: Sheet, operation: Operation) -> None:
    match operation:
        case Undo():
            _take_back(sheet, operation.steps)
        case Redo() | Restore():
            raise CannotApply("say this on its own, as a message of its own")
        case Convert():
            _convert(sheet, operation)
        case _:
            _edit(sheet, operation)


def _take_back(sheet: Sheet, steps: int) -> None:
    """Undo within one prompt: "crop it to a square, no, undo that"."""
    sheet.history.pop()  # the undo itself
    if len(sheet.history) < steps:
        sheet.history.append((sheet.frames, list(sheet.chain), list(sheet.done)))
        raise CannotApply("there is nothing in this message to take back")
    sheet.taken_back = True
    for _ in range(steps):
        sheet.frames, sheet.chain, sheet.done = sheet.history.pop()
    sheet.history.append((sheet.frames, list(sheet.chain), list(sheet.done)))


def _edit(sheet: Sheet, plain: PlainEdit) -> None:
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


def _convert(sheet: Sheet, operation: Convert) -> None:
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
