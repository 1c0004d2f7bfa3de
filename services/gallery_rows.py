"""Rows of studio conversations, read and changed within a transaction that somebody else begins and ends."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, defer

from models.base import now
from models.chats import Conversation, Message
from models.studio import StudioPlace, StudioVersion
from services.errors import NotFound
from services.studio.versions import Version, VersionTree
from services.version_files import no_version

SURFACE = "studio"


@dataclass(frozen=True)
class Gallery:
    """A conversation with all its versions, oldest first. Their `operations` are not loaded: see `Galleries`."""

    conversation: Conversation
    versions: tuple[StudioVersion, ...]
    current_id: str | None

    @cached_property
    def tree(self) -> VersionTree:
        return VersionTree(
            Version(
                id=row.id,
                parent_id=row.parent_id,
                number=row.number,
                picture_key=row.picture_key,
                original_key=row.original_key,
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


def conversation_of(session: Session, owner_id: str, conversation_id: str, *, to_change: bool = False) -> Conversation:
    """Raises `NotFound` (`conversation_not_found`).

    Args:
        to_change: whoever else wants to change it waits.
    """
    wanted = select(Conversation).where(
        Conversation.id == conversation_id, Conversation.owner_id == owner_id, Conversation.surface == SURFACE
    )
    conversation = session.execute(wanted.with_for_update() if to_change else wanted).scalar()
    if conversation is None:
        raise NotFound("There is no conversation with this id.", code="conversation_not_found", field="conversation_id")
    return conversation


def gallery_of(session: Session, owner_id: str, conversation_id: str) -> Gallery:
    conversation = conversation_of(session, owner_id, conversation_id)
    rows = session.execute(
        select(StudioVersion)
        .options(defer(StudioVersion.operations, raiseload=True))
        .where(StudioVersion.conversation_id == conversation_id)
        .order_by(StudioVersion.number)
    ).scalars()
    place = session.execute(
        select(StudioPlace.version_id).where(StudioPlace.conversation_id == conversation_id)
    ).scalar()
    return Gallery(conversation, tuple(rows), place)


def version_of(session: Session, owner_id: str, version_id: str) -> StudioVersion:
    row = session.execute(
        select(StudioVersion)
        .options(defer(StudioVersion.operations, raiseload=True))
        .join(Conversation, Conversation.id == StudioVersion.conversation_id)
        .where(StudioVersion.id == version_id, Conversation.owner_id == owner_id)
    ).scalar()
    if row is None:
        raise no_version()
    return row


def next_number(session: Session, conversation_id: str) -> int:
    newest = session.execute(
        select(func.max(StudioVersion.number)).where(StudioVersion.conversation_id == conversation_id)
    ).scalar()
    return (newest or 0) + 1


def make_current(session: Session, conversation_id: str, version_id: str | None) -> None:
    session.execute(
        update(StudioPlace).where(StudioPlace.conversation_id == conversation_id).values(version_id=version_id)
    )
    session.execute(update(Conversation).where(Conversation.id == conversation_id).values(updated_at=now()))


def busy(session: Session, conversation_id: str) -> bool:
    streaming = select(Message.id).where(Message.conversation_id == conversation_id, Message.status == "streaming")
    return session.execute(streaming.limit(1)).scalar() is not None
