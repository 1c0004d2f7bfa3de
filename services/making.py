"""Make and change pictures by conversation: a wish is a turn like any other, whose answer may bring a picture."""

from __future__ import annotations

from services import turns
from services.errors import AssistantError, Conflict, InvalidInput, TooLarge
from services.galleries import Galleries, size_of
from services.gallery_rows import Gallery
from services.granting import Captioner, Granting, Outcome, Wish
from services.studio.base import ImageStudio
from services.studio.mask import mask_without_picture, read_mask
from services.turns import Turn, Turns


class Studio:
    """Grants wishes, one at a time in a conversation.

    Args:
        maker: makes the pictures.
        caption: says what a picture shows; None where nobody can tell.
    """

    def __init__(self, galleries: Galleries, turns: Turns, maker: ImageStudio, caption: Captioner) -> None:
        self.galleries = galleries
        self.turns = turns
        self.maker = maker
        self.caption = caption

    def grant(self, wish: Wish) -> Outcome:
        """Do what is asked for, or say why not.

        A conversation that a wish began is kept when nobody could make the picture, so that it can be tried again
        there: the error's context names it (`conversation_id`). It goes when the wish itself was at fault.

        Raises:
            NotFound: `conversation_not_found`, `version_not_found`.
            Conflict: `conversation_busy`.
            InvalidInput: the mask does not fit.
            ProviderError: nobody could make the picture; what was said is kept.
        """
        gallery = self._gallery(wish)
        _check_mask(wish, gallery)
        if gallery is None:
            gallery = self.galleries.begin(wish.owner_id, wish.message)
        conversation_id = gallery.conversation.id
        work = Granting(self.galleries, self.maker, self.caption, wish, conversation_id)
        turn = self._begun(work)
        try:
            turns.collect(turn)
        except (InvalidInput, TooLarge):
            if wish.conversation_id is None and wish.version_id is None:
                self.galleries.delete(wish.owner_id, conversation_id)
            raise
        except AssistantError as error:
            error.context.setdefault("conversation_id", conversation_id)
            raise
        if work.outcome is None:
            raise turns.cut_short()
        return work.outcome

    def close(self) -> None:
        self.maker.close()

    def _begun(self, work: Granting) -> Turn:
        question = turns.Question(
            conversation_id=work.conversation_id,
            text=work.wish.message,
            instructions="",
            request_id=work.wish.request_id,
            one_at_a_time=True,
        )
        try:
            turn = self.turns.start(question, model=work)
        except Conflict as conflict:
            raise Conflict(
                "A picture in this conversation is still being made.", code="conversation_busy"
            ) from conflict
        work.message_id = turn.message_id
        return turn

    def _gallery(self, wish: Wish) -> Gallery | None:
        """The conversation a wish belongs to; None where it begins one."""
        if wish.conversation_id is None:
            return self.galleries.of_version(wish.owner_id, wish.version_id) if wish.version_id else None
        gallery = self.galleries.get(wish.owner_id, wish.conversation_id)
        if wish.version_id is not None:
            gallery.row(wish.version_id)
        return gallery


def _check_mask(wish: Wish, gallery: Gallery | None) -> None:
    """Raises `InvalidInput` or `ImageRejected` before anything is kept."""
    if wish.mask is None:
        return
    if wish.picture is not None:
        read_mask(wish.mask, size_of(wish.picture))
        return
    base = None if gallery is None else gallery.row(wish.version_id) if wish.version_id else gallery.current
    if base is None:
        raise mask_without_picture()
    read_mask(wish.mask, (base.width, base.height))
