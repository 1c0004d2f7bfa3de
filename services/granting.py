"""One wish for a picture being granted: where it begins, who makes it, what is kept of it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from models.studio import StudioVersion
from services.content import Usage
from services.errors import Conflict
from services.galleries import Galleries, Made
from services.gallery_rows import Gallery
from services.providers.base import AnswerDone, AnswerStarted, ChatRequest, ModelEvent, TextDelta
from services.studio import operations as ops
from services.studio.base import EditChain, ImageStudio, Picture, StudioReply, StudioRequest
from services.studio.base import Turn as Earlier
from services.studio.navigation import navigation_reply
from services.studio.versions import chain_of

UPLOADED = "upload"
TURNS_SENT = 6
"""Earlier turns that a maker of pictures is told of."""
TURNS_READ = 40
MOVES_IN_ONE = 20
"""How often one message may go to another version before it goes on ("undo that and make it blue")."""

MOVED_BY = ("local", "words")
"""Provider and model of an answer that only went to another version."""

Captioner = Callable[[bytes], str | None]


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asks for.

    Args:
        picture: one they sent along. Unless it is one of the conversation's own, it becomes a version by itself.
        conversation_id: None begins a conversation, or goes on with that of `version_id`.
        version_id: the version to begin from; None is the current one. A picture that was sent along goes before it.
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


class Granting:
    """One wish being granted, as a chat model, so that its turn is kept like any other.

    All of it happens once the turn was let in: nobody else changes the conversation's versions meanwhile, and when the
    turn is settled, so is the version.
    """

    context_tokens = 1_000_000

    def __init__(
        self, galleries: Galleries, maker: ImageStudio, caption: Captioner, wish: Wish, conversation_id: str
    ) -> None:
        self.galleries = galleries
        self.maker = maker
        self.caption = caption
        self.wish = wish
        self.conversation_id = conversation_id
        self.message_id = ""
        self.outcome: Outcome | None = None
        self.name = maker.name
        self.model = maker.model

    def stream(self, _request: ChatRequest) -> Iterator[ModelEvent]:
        gallery, base = self._place()
        base, moved, said, prompt = self._moved(gallery, base)
        reply: StudioReply | None = None
        version = base if moved else None
        picture: Picture | None = None
        if prompt:
            reply = self.maker.create_or_edit(self._request(gallery, base, prompt))
            said.append(reply.text)
        if reply is not None and reply.picture is not None:
            version, picture = self._keep(gallery, base, prompt, reply, reply.picture), reply.picture
        elif version is not None:
            self.galleries.go(gallery, version.id)
            picture = Picture(self.galleries.files.picture(version), version.mime_type)
        self._mark(version, base, talk=reply is not None and reply.picture is None)
        provider, model = (reply.provider, reply.model) if reply else MOVED_BY
        text = " ".join(filter(None, said))
        self.outcome = Outcome(text, self._read(), version, picture, provider)
        yield AnswerStarted(provider, model)
        if text:
            yield TextDelta(text)
        refused = reply is not None and reply.outcome == "refused"
        yield AnswerDone("content_filter" if refused else "stop", reply.usage if reply else Usage())

    def close(self) -> None:
        """Its maker is closed by whoever made it."""

    def _read(self) -> Gallery:
        return self.galleries.get(self.wish.owner_id, self.conversation_id)

    def _mark(self, version: StudioVersion | None, base: StudioVersion | None, *, talk: bool) -> None:
        details = {"version_id": version.id if version else None, "base_id": base.id if base else None, "talk": talk}
        self.galleries.mark(self.message_id, details)

    def _place(self) -> tuple[Gallery, StudioVersion | None]:
        """The conversation and the version to work on; a picture sent along is kept first, unless it is one of the
        conversation's own."""
        gallery = self._read()
        picture = self.wish.picture
        if picture is None:
            return gallery, gallery.row(self.wish.version_id) if self.wish.version_id else gallery.current
        digest = hashlib.sha256(picture.data).hexdigest()
        same = [row for row in gallery.versions if row.sha256 == digest]
        if same:
            return gallery, gallery.current if gallery.current in same else same[-1]
        uploaded = Made(
            picture=picture,
            parent_id=None,
            prompt="",
            text="",
            alt_text=self.caption(picture.data) or "Uploaded picture",
            provider=UPLOADED,
            model="",
        )
        row = self.galleries.add(gallery, uploaded)
        return self._read(), row

    def _moved(self, gallery: Gallery, base: StudioVersion | None) -> tuple[StudioVersion | None, bool, list[str], str]:
        """Where the wish's leading words ask to go, whether that is elsewhere, what is said of it, and the rest of
        the wish. Nothing is changed yet."""
        said: list[str] = []
        prompt = self.wish.message
        moves = 0
        while going := navigation_reply(prompt):
            if going.navigation is None or moves == MOVES_IN_ONE:
                return base, moves > 0, [*said, "That is too many steps for one message."], ""
            try:
                base = _target(gallery, base, going.navigation)
            except Conflict as nowhere:
                rest = "" if navigation_reply(going.remaining_prompt) else going.remaining_prompt
                return base, moves > 0, [*said, nowhere.message], rest
            said.append(going.text)
            prompt = going.remaining_prompt
            moves += 1
            if not prompt:
                break
        return base, moves > 0, said, prompt

    def _request(self, gallery: Gallery, base: StudioVersion | None, prompt: str) -> StudioRequest:
        wish = self.wish
        earlier = self._earlier(gallery, base)
        if base is None:
            return StudioRequest(prompt, turns=earlier, mask=wish.mask, request_id=wish.request_id)
        first = gallery.row(gallery.tree.path(base.id)[0].id)
        operations = ops.from_json(self.galleries.operations([base])[base.id])
        picture = Picture(self.galleries.files.picture(base), base.mime_type)
        original = picture.data if base.original_key == base.picture_key else None
        if original is None and base.original_key is not None:
            original = self.galleries.files.at(base.original_key)
        return StudioRequest(
            prompt=prompt,
            picture=picture,
            turns=earlier,
            mask=wish.mask,
            chain=EditChain(original, operations),
            subject=first.alt_text if first.provider == UPLOADED else None,
            request_id=wish.request_id,
        )

    def _earlier(self, gallery: Gallery, base: StudioVersion | None) -> tuple[Earlier, ...]:
        """What was asked for on the way to `base`, and what was only talked about there, oldest first."""
        path = [gallery.row(version.id) for version in gallery.tree.path(base.id)] if base else []
        places = {None, *(row.id for row in path)}
        found = [(row.created_at, Earlier(row.prompt, row.text, made_picture=True)) for row in path if row.prompt]
        for asked, answered in self.galleries.turns(self.conversation_id, newest=TURNS_READ):
            details = answered.details or {}
            if details.get("talk") and answered.content and details.get("base_id") in places:
                found.append((asked.created_at, Earlier(asked.content, answered.content)))
        found.sort(key=lambda one: one[0])
        return tuple(turn for _at, turn in found[-TURNS_SENT:])

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


def _target(gallery: Gallery, base: StudioVersion | None, navigation: ops.Navigation) -> StudioVersion:
    if base is None:
        raise Conflict("There is no version yet.", code=f"nothing_to_{navigation.kind}")
    return gallery.row(gallery.tree.go(base.id, navigation).id)
