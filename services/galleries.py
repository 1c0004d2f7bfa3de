"""Studio conversations kept: their versions, which of them is current, and what was said."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PIL import Image as PillowImage
from sqlalchemy import delete, func, insert, select, update

from models.base import new_id, now
from models.chats import Conversation, Message
from models.database import Database
from models.studio import StudioPlace, StudioVersion
from services import gallery_rows as rows
from services.errors import Conflict
from services.gallery_rows import SURFACE, Gallery
from services.library import decoding
from services.library.storage import MediaStore
from services.studio import operations as ops
from services.studio.base import Picture
from services.version_files import VersionFiles

TITLE = 80


@dataclass(frozen=True, slots=True)
class Listed:
    """A conversation as a list shows it."""

    conversation: Conversation
    version_count: int
    current_id: str | None


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
        self.files = VersionFiles(store)

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
            return rows.gallery_of(session, owner_id, conversation_id)

    def of_version(self, owner_id: str, version_id: str) -> Gallery:
        """The conversation a version belongs to.

        Raises:
            NotFound: `version_not_found`.
        """
        with self.database.read() as session:
            return rows.gallery_of(session, owner_id, rows.version_of(session, owner_id, version_id).conversation_id)

    def version(self, owner_id: str, version_id: str) -> StudioVersion:
        """One version; its `operations` are not loaded.

        Raises:
            NotFound: `version_not_found`.
        """
        with self.database.read() as session:
            return rows.version_of(session, owner_id, version_id)

    def operations(self, versions: Sequence[StudioVersion]) -> dict[str, list[Any]]:
        """By id, the chain of each; apart from the versions, since masks in it may be large."""
        ids = [row.id for row in versions]
        with self.database.read() as session:
            found = session.execute(select(StudioVersion.id, StudioVersion.operations).where(StudioVersion.id.in_(ids)))
            return {row.id: row.operations for row in found}

    def page(self, owner_id: str, limit: int, offset: int) -> tuple[list[Listed], int]:
        """One page of conversations, the last used first, and how many there are in all."""
        mine = (Conversation.owner_id == owner_id, Conversation.surface == SURFACE)
        count = (
            select(func.count())
            .select_from(StudioVersion)
            .where(StudioVersion.conversation_id == Conversation.id)
            .scalar_subquery()
        )
        with self.database.read() as session:
            total = session.execute(select(func.count()).select_from(Conversation).where(*mine)).scalar_one()
            found = session.execute(
                select(Conversation, count, StudioPlace.version_id)
                .outerjoin(StudioPlace, StudioPlace.conversation_id == Conversation.id)
                .where(*mine)
                .order_by(Conversation.updated_at.desc(), Conversation.id.desc())
                .limit(limit)
                .offset(offset)
            )
            return [Listed(*row) for row in found], total

    def turns(self, conversation_id: str, newest: int | None = None) -> list[tuple[Message, Message]]:
        """What was said, each message with its answer, oldest first.

        Args:
            newest: only so many, the last ones.
        """
        said = select(Message).where(Message.conversation_id == conversation_id).order_by(Message.seq.desc())
        with self.database.read() as session:
            found = session.execute(said if newest is None else said.limit(2 * newest)).scalars().all()[::-1]
        return list(zip(found[::2], found[1::2], strict=True))

    def rename(self, owner_id: str, conversation_id: str, title: str) -> Gallery:
        with self.database.write() as session:
            rows.gallery_of(session, owner_id, conversation_id)
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
        conversation = gallery.conversation
        version_id = new_id()
        width, height = size_of(made.picture)
        with (
            self.files.kept(conversation.id, version_id, made.picture.data) as key,
            self.database.write() as session,
        ):
            rows.conversation_of(session, conversation.owner_id, conversation.id, to_change=True)
            if made.parent_id is not None:
                rows.version_of(session, conversation.owner_id, made.parent_id)
            original, operations = made.chain if made.chain is not None else (key, ())
            row = StudioVersion(
                id=version_id,
                conversation_id=conversation.id,
                parent_id=made.parent_id,
                number=rows.next_number(session, conversation.id),
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
            rows.make_current(session, conversation.id, version_id)
        return row

    def go(self, gallery: Gallery, version_id: str) -> Gallery:
        """Make a version the current one.

        Raises:
            NotFound: `version_not_found`.
        """
        owner_id = gallery.conversation.owner_id
        gallery.row(version_id)
        with self.database.write() as session:
            rows.conversation_of(session, owner_id, gallery.conversation.id, to_change=True)
            rows.version_of(session, owner_id, version_id)
            rows.make_current(session, gallery.conversation.id, version_id)
        return self.get(owner_id, gallery.conversation.id)

    def mark(self, message_id: str, details: dict[str, Any]) -> None:
        """Note what an answer led to."""
        with self.database.write() as session:
            session.execute(update(Message).where(Message.id == message_id).values(details=details))

    def delete(self, owner_id: str, conversation_id: str) -> None:
        """Take a conversation away with its versions and files."""
        with self.database.write() as session:
            rows.conversation_of(session, owner_id, conversation_id, to_change=True)
            session.execute(delete(Conversation).where(Conversation.id == conversation_id))
        self.files.drop_all(conversation_id)

    def delete_version(self, owner_id: str, version_id: str) -> Gallery:
        """Take one version away; those made from it hang on the one it was made from.

        Raises:
            NotFound: `version_not_found`.
            Conflict: `version_in_use`, while an answer is being made in its conversation.
        """
        with self.database.write() as session:
            gone = rows.version_of(session, owner_id, version_id)
            rows.conversation_of(session, owner_id, gone.conversation_id, to_change=True)
            gone = rows.version_of(session, owner_id, version_id)
            before = rows.gallery_of(session, owner_id, gone.conversation_id)
            if rows.busy(session, gone.conversation_id):
                raise Conflict("The version is being edited.", code="version_in_use")
            session.execute(
                update(StudioVersion)
                .where(StudioVersion.parent_id == version_id)
                .values(parent_id=gone.parent_id)
                .execution_options(synchronize_session=False)
            )
            session.execute(
                delete(StudioVersion).where(StudioVersion.id == version_id).execution_options(synchronize_session=False)
            )
            if before.current_id == version_id:
                newest = before.tree.without(version_id).newest()
                rows.make_current(session, gone.conversation_id, gone.parent_id or (newest.id if newest else None))
        # A picture that another version is replayed from stays; a small copy of what nobody sees does not.
        self.files.drop(before.tree.stored_keys() - before.tree.without(version_id).stored_keys())
        self.files.drop_thumbnail(gone)
        return self.get(owner_id, gone.conversation_id)

    def sweep(self, older_than_s: float = 600) -> int:
        """Delete files that no version knows, left behind by a crash; how many there were.

        Args:
            older_than_s: younger ones may be another process's version on its way.
        """
        return self.files.sweep(self._needed, older_than_s)

    def _needed(self) -> tuple[frozenset[str], frozenset[str]]:
        with self.database.read() as session:
            keys = session.execute(select(StudioVersion.picture_key, StudioVersion.original_key)).all()
        shown = frozenset(picture for picture, _original in keys)
        return shown | {original for _picture, original in keys if original is not None}, shown


def size_of(picture: Picture) -> tuple[int, int]:
    """Width and height in pixels, upright."""
    with PillowImage.open(io.BytesIO(picture.data)) as image:
        return decoding.upright_size(image)
