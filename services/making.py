"""Make and change pictures by conversation: a wish is a turn like any other, whose answer may bring a picture."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from models.studio import StudioVersion
from services import turns
from services.content import Usage
from services.errors import Conflict
from services.galleries import Galleries, Gallery, Made
from services.providers.base import AnswerDone, AnswerStarted, ChatRequest, ModelEvent, TextDelta
from services.studio import operations as ops
from services.studio.base import EditChain, ImageStudio, Picture, StudioReply, StudioRequest
from services.studio.base import Turn as Earlier
from services.studio.versions import chain_of
from services.turns import Turns

UPLOADED = "upload"
TURNS_SENT = 6
WISHES_IN_ONE = 4
"""How often one message may go to another version and then go on ("undo that and make it blue")."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asks for.

    Args:
        picture: one they sent along; it becomes a version of its own.
        conversation_id: None begins a conversation.
        version_id: the version to begin from; None is the current one.
        mask: only where it is white may pixels change.
    """

    owner_id: str
    message: str
    picture: Picture | None = None
    conversation_id: str | None = None
    version_id: str | None = None
    mask: bytes | None = None
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a wish: words, and the version it led to, if it led to one."""

    text: str
    gallery: Gallery
    version: StudioVersion | None
    picture: Picture | None
    provider: str


class Studio:
    """Grants wishes, one at a time in a conversation.

    Args:
        maker: makes the pictures.
        caption: says what a picture shows; None where nobody can tell.
    """

    def __init__(
        self, galleries: Galleries, turns: Turns, maker: ImageStudio, caption: Callable[[bytes], str | None]
    ) -> None:
        self.galleries = galleries
        self.turns = turns
        self.maker = maker
        self.caption = caption

    def grant(self, wish: Wish) -> Outcome:
        """Do what is asked for, or say why not.

        Raises:
            NotFound: `conversation_not_found`, `version_not_found`.
            Conflict: `conversation_busy`.
            InvalidInput: the mask does not fit.
            ProviderError: nobody could make the picture; what was said is kept.
        """
        gallery, base = self._base(wish)
        said: list[str] = []
        prompt: str = wish.message
        version: StudioVersion | None = None
        provider = ""
        for _ in range(WISHES_IN_ONE):
            reply, message_id = self._ask(wish, gallery, base, prompt)
            said.append(reply.text)
            provider = reply.provider
            if reply.picture is not None:
                version = self._keep(gallery, base, prompt, reply, reply.picture)
            elif reply.navigation is not None:
                try:
                    version = self._navigated(gallery, base, reply.navigation)
                except Conflict as nowhere:
                    said[-1] = nowhere.message
                    break
            self.galleries.mark(message_id, version.id if version else None)
            gallery = self.galleries.get(wish.owner_id, gallery.conversation.id)
            if reply.navigation is None or not reply.remaining_prompt:
                break
            base, prompt = version, reply.remaining_prompt
        picture = Picture(self.galleries.file(version), version.mime_type) if version else None
        return Outcome(" ".join(filter(None, said)), gallery, version, picture, provider)

    def close(self) -> None:
        self.maker.close()

    def _base(self, wish: Wish) -> tuple[Gallery, StudioVersion | None]:
        """The conversation, and the version to work on; a picture sent along is kept first."""
        if wish.conversation_id is None:
            gallery = self.galleries.begin(wish.owner_id, wish.message)
        else:
            gallery = self.galleries.get(wish.owner_id, wish.conversation_id)
        if wish.picture is not None:
            row = self.galleries.add(gallery, self._uploaded(wish.picture))
            return self.galleries.get(wish.owner_id, gallery.conversation.id), row
        return gallery, gallery.row(wish.version_id) if wish.version_id else gallery.current

    def _uploaded(self, picture: Picture) -> Made:
        return Made(
            picture=picture,
            parent_id=None,
            prompt="",
            text="",
            alt_text=self.caption(picture.data) or "Uploaded picture",
            provider=UPLOADED,
            model="",
        )

    def _ask(self, wish: Wish, gallery: Gallery, base: StudioVersion | None, prompt: str) -> tuple[StudioReply, str]:
        asked = _Asked(self.maker, self._request(wish, gallery, base, prompt))
        try:
            turn = self.turns.start(
                turns.Question(
                    conversation_id=gallery.conversation.id,
                    text=prompt,
                    instructions="",
                    request_id=wish.request_id,
                    one_at_a_time=True,
                ),
                model=asked,
            )
        except Conflict as conflict:
            raise Conflict(
                "A picture in this conversation is still being made.", code="conversation_busy"
            ) from conflict
        turns.collect(turn)
        if asked.reply is None:
            raise turns.cut_short()
        return asked.reply, turn.message_id

    def _request(self, wish: Wish, gallery: Gallery, base: StudioVersion | None, prompt: str) -> StudioRequest:
        if base is None:
            return StudioRequest(prompt, mask=wish.mask, request_id=wish.request_id)
        path = gallery.tree.path(base.id)
        original = self.galleries.original(base.original_key) if base.original_key else None
        rows = [gallery.row(version.id) for version in path]
        return StudioRequest(
            prompt=prompt,
            picture=Picture(self.galleries.file(base), base.mime_type),
            turns=tuple(self._earlier(row) for row in rows[-TURNS_SENT:]),
            mask=wish.mask,
            chain=EditChain(original, ops.from_json(base.operations)),
            subject=rows[0].alt_text if rows[0].provider == UPLOADED else None,
            request_id=wish.request_id,
        )

    def _earlier(self, row: StudioVersion) -> Earlier:
        return Earlier(row.prompt, row.text, Picture(self.galleries.file(row), row.mime_type))

    def _keep(
        self, gallery: Gallery, base: StudioVersion | None, prompt: str, reply: StudioReply, picture: Picture
    ) -> StudioVersion:
        parent = gallery.tree.get(base.id) if base else None
        original, operations = chain_of(reply, parent, "")
        return self.galleries.add(
            gallery,
            Made(
                picture=picture,
                parent_id=base.id if base else None,
                prompt=prompt,
                text=reply.text,
                alt_text=reply.alt_text,
                provider=reply.provider,
                model=reply.model,
                chain=(original, operations) if operations else None,
            ),
        )

    def _navigated(
        self, gallery: Gallery, base: StudioVersion | None, navigation: ops.Navigation
    ) -> StudioVersion | None:
        if base is None:
            raise Conflict("There is no version yet.", code="nothing_to_undo")
        target = gallery.tree.go(base.id, navigation)
        self.galleries.go(gallery, target.id)
        return gallery.row(target.id)


class _Asked:
    """A maker of pictures as a chat model, so that its turns are kept like any other; `reply` holds what came."""

    context_tokens = 1_000_000

    def __init__(self, maker: ImageStudio, request: StudioRequest) -> None:
        self.maker = maker
        self.request = request
        self.reply: StudioReply | None = None
        self.name = maker.name
        self.model = maker.model

    def stream(self, _request: ChatRequest) -> Iterator[ModelEvent]:
        reply = self.maker.create_or_edit(self.request)
        self.reply = reply
        yield AnswerStarted(reply.provider, reply.model)
        if reply.text:
            yield TextDelta(reply.text)
        yield AnswerDone("content_filter" if reply.outcome == "refused" else "stop", Usage())

    def close(self) -> None:
        """Its maker is closed by whoever made it."""
