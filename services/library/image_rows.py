"""Pictures taken away within a transaction; for those that do several things in one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session

from models.chats import Conversation
from models.media import Analysis, ConversationImage, Image
from services.library.folder_rows import batched

CLASSIC = "classic"


class Findable(Protocol):
    """What pictures are found by."""

    def update(self, owner_id: str, image_id: str) -> None:
        """Bring it up to what is known of a picture now."""
        ...

    def reword(self, owner_id: str, image_ids: Sequence[str]) -> None:
        """The words alone, at once; `update` brings the rest."""
        ...

    def forget(self, work: Session, owner_id: str, image_ids: Sequence[str]) -> None:
        """Let go of pictures that are deleted in the transaction `work`."""
        ...


def take_away(work: Session, owner_id: str, image_ids: Sequence[str]) -> dict[str, str]:
    """Delete those of the pictures that are there and the owner's: the rows, the conversations about them, and facts
    that no copy needs. Their files go when the transaction is committed; their meanings are the caller's.

    Returns:
        The storage key of each that was deleted, by id.
    """
    gone: dict[str, str] = {}
    for some in batched(sorted(image_ids)):
        asked = select(Image.id, Image.storage_key, Image.sha256).where(Image.id.in_(some), Image.owner_id == owner_id)
        # Whoever refers to them now is waited for; in one order, so that nobody waits in a ring.
        found = work.execute(asked.order_by(Image.id).with_for_update()).all()
        ids = [row.id for row in found]
        own = select(ConversationImage.conversation_id).where(ConversationImage.image_id.in_(ids))
        for statement in (
            delete(Conversation).where(Conversation.id.in_(own), Conversation.surface == CLASSIC),
            delete(Image).where(Image.id.in_(ids)),
        ):
            work.execute(statement.execution_options(synchronize_session=False))
        drop_facts(work, [row.sha256 for row in found])
        gone |= {row.id: row.storage_key for row in found}
    return {image_id: gone[image_id] for image_id in image_ids if image_id in gone}


def drop_facts(work: Session, digests: Sequence[str]) -> None:
    """Delete the facts of those contents that no picture has any more."""
    unneeded = delete(Analysis).where(Analysis.sha256.in_(digests), ~exists().where(Image.sha256 == Analysis.sha256))
    work.execute(unneeded.execution_options(synchronize_session=False))
