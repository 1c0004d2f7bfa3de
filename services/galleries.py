"""Studio conversations kept: their versions, which of them is current, and the files behind both."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image as PillowImage
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from models.base import new_id, now
from models.chats import Conversation, Message
from models.database import Database
from models.studio import StudioPlace, StudioVersion
from services.errors import Conflict, NotFound
from services.library import decoding, pictures
from services.library.storage import MediaStore
from services.studio import operations as ops
from services.studio.base import Picture
from services.studio.versions import Version, VersionTree

SURFACE = "studio"
TITLE = 80


@dataclass(frozen=True, slots=True)
class Gallery:
    """A conversation with all its versions, oldest first."""

    conversation: Conversation
    versions: tuple[StudioVersion, ...]
    current_id: str | None

    @property
    def tree(self) -> VersionTree:
        return VersionTree(
            Version(
                id=row.id,
                parent_id=row.parent_id,
                number=row.number,
                picture_key=row.picture_key,
                original_key=row.original_key,
                operations=ops.from_json(row.operations),
            )
            for row in self.versions
        )

    def row(self, version_id: str) -> StudioVersion:
        """Raises `NotFound` (`version_not_found`)."""
        for row in self.versions:
            if row.id == version_id:
                return row
        raise no_version()

    @property
    def current(self) -> StudioVersion | None:
        return next((row for row in self.versions if row.id == self.current_id), None)


@dataclass(frozen=True, slots=True)
class Made:
    """A version about to be kept.

    Args:
        chain: the stored picture it is replayed from (None: a canvas) and the operations; None where the picture is its
            own original.
    """

    picture: Picture
    parent_id: str | None
    prompt: str
    text: str
    alt_text: str
    provider: str
    model: str
    chain: tuple[str | None, tuple[ops.Edit, ...]] | None = None


class Galleries:
    """Conversations of owners; what is unknown or another's raises `NotFound` (`conversation_not_found`)."""

    def __init__(self, database: Database, store: MediaStore) -> None:
        self.database = database
        self.store = store

    def begin(self, owner_id: str, title: str) -> Gallery:
        """A new conversation without a version."""
        at = now()
        conversation = {
            "id": new_id(),
            "owner_id": owner_id,
            "surface": SURFACE,
            "title": " ".join(title.split())[:TITLE],
            "created_at": at,
            "updated_at": at,
        }
        with self.database.write() as session:
            session.execute(insert(Conversation).values(conversation))
            session.execute(insert(StudioPlace).values(conversation_id=conversation["id"], version_id=None))
        return self.get(owner_id, str(conversation["id"]))

    def get(self, owner_id: str, conversation_id: str) -> Gallery:
        with self.database.read() as session:
            return _gallery(session, owner_id, conversation_id)

    def of_version(self, owner_id: str, version_id: str) -> Gallery:
        """The conversation a version belongs to.

        Raises:
            NotFound: `version_not_found`.
        """
        with self.database.read() as session:
            conversation_id = session.execute(
                select(StudioVersion.conversation_id)
                .join(Conversation, Conversation.id == StudioVersion.conversation_id)
                .where(StudioVersion.id == version_id, Conversation.owner_id == owner_id)
            ).scalar()
            if conversation_id is None:
                raise no_version()
            return _gallery(session, owner_id, conversation_id)

    def page(self, owner_id: str, limit: int, offset: int) -> tuple[list[Gallery], int]:
        """One page of conversations, the last used first, and how many there are in all."""
        mine = (Conversation.owner_id == owner_id, Conversation.surface == SURFACE)
        with self.database.read() as session:
            total = session.execute(select(func.count()).select_from(Conversation).where(*mine)).scalar_one()
            ids = session.execute(
                select(Conversation.id)
                .where(*mine)
                .order_by(Conversation.updated_at.desc(), Conversation.id.desc())
                .limit(limit)
                .offset(offset)
            ).scalars()
            return [_gallery(session, owner_id, conversation_id) for conversation_id in ids.all()], total

    def turns(self, conversation_id: str) -> Sequence[Message]:
        """All that was said, oldest first."""
        with self.database.read() as session:
            return (
                session.execute(select(Message).where(Message.conversation_id == conversation_id).order_by(Message.seq))
                .scalars()
                .all()
            )

    def rename(self, owner_id: str, conversation_id: str, title: str) -> Gallery:
        with self.database.write() as session:
            _gallery(session, owner_id, conversation_id)
            session.execute(
                update(Conversation).where(Conversation.id == conversation_id).values(title=title, updated_at=now())
            )
        return self.get(owner_id, conversation_id)

    def add(self, gallery: Gallery, made: Made) -> StudioVersion:
        """Keep a version and make it the current one.

        Raises:
            StorageUnavailable, DatabaseUnavailable: nothing was kept.
            NotFound: the conversation, or the version it was made from, was deleted meanwhile.
        """
        version_id = new_id()
        key = f"{_folder(gallery.conversation.id)}{version_id}"
        original, operations = made.chain if made.chain is not None else (key, ())
        with PillowImage.open(io.BytesIO(made.picture.data)) as image:
            width, height = decoding.upright_size(image)
        self.store.put(key, made.picture.data)
        try:
            with self.database.write() as session:
                newest = _gallery(session, gallery.conversation.owner_id, gallery.conversation.id)
                if made.parent_id is not None:
                    newest.row(made.parent_id)
                row = StudioVersion(
                    id=version_id,
                    conversation_id=gallery.conversation.id,
                    parent_id=made.parent_id,
                    number=max((version.number for version in newest.versions), default=0) + 1,
                    picture_key=key,
                    original_key=original,
                    operations=ops.to_json(operations),
                    mime_type=made.picture.mime_type,
                    size_bytes=len(made.picture.data),
                    width=width,
                    height=height,
                    sha256=hashlib.sha256(made.picture.data).hexdigest(),
                    alt_text=made.alt_text,
                    prompt=made.prompt,
                    text=made.text,
                    provider=made.provider,
                    model=made.model,
                    created_at=now(),
                )
                session.add(row)
                _go(session, gallery.conversation.id, version_id)
        except BaseException:
            self.store.delete(key)
            raise
        return row

    def go(self, gallery: Gallery, version_id: str) -> Gallery:
        """Make a version the current one.

        Raises:
            NotFound: `version_not_found`.
        """
        gallery.row(version_id)
        with self.database.write() as session:
            _go(session, gallery.conversation.id, version_id)
        return self.get(gallery.conversation.owner_id, gallery.conversation.id)

    def mark(self, message_id: str, version_id: str | None) -> None:
        """Note which version an answer led to."""
        with self.database.write() as session:
            session.execute(update(Message).where(Message.id == message_id).values(details={"version_id": version_id}))

    def delete(self, owner_id: str, conversation_id: str) -> None:
        """Take a conversation away with its versions and files."""
        with self.database.write() as session:
            _gallery(session, owner_id, conversation_id)
            session.execute(delete(Conversation).where(Conversation.id == conversation_id))
        for key in list(self.store.keys(_folder(conversation_id))):
            self.store.delete(key)

    def delete_version(self, owner_id: str, version_id: str) -> Gallery:
        """Take one version away; those made from it hang on the one it was made from.

        Raises:
            NotFound: `version_not_found`.
            Conflict: `version_in_use`, while an answer is being made in its conversation.
        """
        gallery = self.of_version(owner_id, version_id)
        gone = gallery.row(version_id)
        with self.database.write() as session:
            if _busy(session, gallery.conversation.id):
                raise Conflict("The version is being edited.", code="version_in_use")
            session.execute(
                update(StudioVersion).where(StudioVersion.parent_id == version_id).values(parent_id=gone.parent_id)
            )
            session.execute(delete(StudioVersion).where(StudioVersion.id == version_id))
            rest = _gallery(session, owner_id, gallery.conversation.id)
            if gallery.current_id == version_id:
                newest = rest.tree.newest()
                _go(session, gallery.conversation.id, gone.parent_id or (newest.id if newest else None))
        self._drop_unneeded(gallery, rest)
        return self.get(owner_id, gallery.conversation.id)

    def file(self, row: StudioVersion) -> bytes:
        """Raises `NotFound` (`version_not_found`) where the file is gone."""
        try:
            return self.store.get(row.picture_key)
        except FileNotFoundError:
            raise no_version() from None

    def original(self, key: str) -> bytes:
        """What a chain is replayed from."""
        return self.store.get(key)

    def thumbnail(self, row: StudioVersion, side: int) -> tuple[bytes, str]:
        """A small copy and its MIME type."""
        small = pictures.prepare(self.file(row), side, frames=1)[0]
        return small.data, small.mime_type

    def _drop_unneeded(self, before: Gallery, after: Gallery) -> None:
        """Files that no version shows and none is replayed from."""
        for key in before.tree.stored_keys() - after.tree.stored_keys():
            self.store.delete(key)


def no_version() -> NotFound:
    return NotFound("There is no version with this id.", code="version_not_found", field="version_id")


def _folder(conversation_id: str) -> str:
    return f"studio/{conversation_id[:2]}/{conversation_id}/"


def _gallery(session: Session, owner_id: str, conversation_id: str) -> Gallery:
    conversation = session.execute(
        select(Conversation).where(
            Conversation.id == conversation_id, Conversation.owner_id == owner_id, Conversation.surface == SURFACE
        )
    ).scalar()
    if conversation is None:
        raise NotFound("There is no conversation with this id.", code="conversation_not_found", field="conversation_id")
    rows = session.execute(
        select(StudioVersion).where(StudioVersion.conversation_id == conversation_id).order_by(StudioVersion.number)
    ).scalars()
    place = session.execute(
        select(StudioPlace.version_id).where(StudioPlace.conversation_id == conversation_id)
    ).scalar()
    return Gallery(conversation, tuple(rows), place)


def _go(session: Session, conversation_id: str, version_id: str | None) -> None:
    session.execute(
        update(StudioPlace).where(StudioPlace.conversation_id == conversation_id).values(version_id=version_id)
    )
    session.execute(update(Conversation).where(Conversation.id == conversation_id).values(updated_at=now()))


def _busy(session: Session, conversation_id: str) -> bool:
    streaming = select(Message.id).where(Message.conversation_id == conversation_id, Message.status == "streaming")
    return session.execute(streaming.limit(1)).scalar() is not None
