"""Chat sessions: conversations over a user's pictures that are listed, searched, renamed, aimed and closed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, delete, func, insert, select, update
from sqlalchemy.orm import Session

from models.base import new_id, now
from models.chats import Conversation, Message
from models.database import Database, held
from models.library import ConversationDocument, Document
from models.media import ConversationImage, Image
from services import session_search
from services.errors import Conflict, DocumentNotFound, ImageNotFound, SessionNotFound
from services.session_pages import SURFACE, Page, Wanted, page

UNTITLED = "New chat"

# Built once: to put a statement together takes longer than to run it.
_ONE = select(*Conversation.__table__.c).where(
    Conversation.id == bindparam("session"),
    Conversation.owner_id == bindparam("owner"),
    Conversation.surface == SURFACE,
)


class Sessions:
    """Sessions of owners. Every method raises `SessionNotFound` for an id that is unknown or another owner's."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def create(
        self, owner_id: str, title: str | None, image_ids: Sequence[str], *, use_all_images: bool
    ) -> Conversation:
        """Begin a session.

        Raises:
            ImageNotFound: one of the pictures is not there.
        """
        at = now()
        session_id = new_id()
        with self.database.write() as session:
            _require_images(session, owner_id, image_ids)
            session.execute(
                insert(Conversation).values(
                    id=session_id,
                    owner_id=owner_id,
                    surface=SURFACE,
                    title=title or UNTITLED,
                    use_all_images=use_all_images,
                    created_at=at,
                    updated_at=at,
                )
            )
            session_search.number_session(session, session_id)
            _select_images(session, session_id, image_ids)
            return _get(session, owner_id, session_id)

    def get(self, owner_id: str, session_id: str) -> Conversation:
        with self.database.look() as work:
            found = work.execute(_ONE, {"session": session_id, "owner": owner_id}).mappings().first()
        if found is None:
            raise _unknown()
        return Conversation(**found)

    def page(self, owner_id: str, wanted: Wanted) -> Page:
        """One page of sessions. The order never changes: by creation, newest first.

        Raises:
            InvalidInput: the cursor is none of this list.
        """
        with self.database.read() as session:
            return page(session, owner_id, wanted)

    def messages(self, session_id: str, limit: int | None = None) -> list[Message]:
        """The newest `limit` messages, or all, oldest first; without answers that never came to a word, which do not
        count either."""
        with self.database.read() as session:
            newest = (
                select(Message)
                .where(Message.conversation_id == session_id, (Message.status != "failed") | (Message.content != ""))
                .order_by(Message.seq.desc())
            )
            found = session.execute(newest if limit is None else newest.limit(limit)).scalars().all()
        return list(reversed(found))

    def message(self, owner_id: str, session_id: str, message_id: str) -> Message:
        """One message.

        Raises:
            SessionNotFound: also when the session has no such message.
        """
        with self.database.read() as session:
            _get(session, owner_id, session_id)
            found = session.execute(
                select(Message).where(Message.id == message_id, Message.conversation_id == session_id)
            ).scalar()
        if found is None:
            raise SessionNotFound("There is no message with this id in the session.", code="message_not_found")
        return found

    def interrupt(self, message_id: str) -> None:
        """Mark an answer that another process is making as ended; it notices when it next writes it down."""
        with self.database.write() as session:
            session.execute(
                update(Message)
                .where(Message.id == message_id, Message.status == "streaming")
                .values(status="interrupted")
            )

    def rename(self, owner_id: str, session_id: str, title: str) -> Conversation:
        """Raises `Conflict` (`session_closed`)."""
        with self.database.write() as session:
            _require_open(_get(session, owner_id, session_id, to_change=True))
            session_search.forget_title(session, session_id)
            changed = _change(session, owner_id, session_id, title=title)
            session_search.index_title(session, session_id)
            return changed

    def set_mode(self, owner_id: str, session_id: str, *, use_all_images: bool) -> Conversation:
        """Talk about all of the owner's pictures, or about the selected ones.

        Raises:
            Conflict: `session_closed`.
        """
        with self.database.write() as session:
            _require_open(_get(session, owner_id, session_id, to_change=True))
            return _change(session, owner_id, session_id, use_all_images=use_all_images)

    def select_images(self, owner_id: str, session_id: str, image_ids: Sequence[str]) -> list[str]:
        """Talk about these pictures from now on; the ids, each once.

        Raises:
            ImageNotFound: one is not there; nothing has changed then.
            Conflict: `session_closed`.
        """
        chosen = list(dict.fromkeys(image_ids))
        with self.database.write() as session:
            _require_open(_get(session, owner_id, session_id, to_change=True))
            _require_images(session, owner_id, chosen)
            session.execute(delete(ConversationImage).where(ConversationImage.conversation_id == session_id))
            _select_images(session, session_id, chosen)
            session.execute(
                update(Conversation).where(Conversation.id == session_id).values(use_all_images=False, updated_at=now())
            )
        return chosen

    def select_documents(self, owner_id: str, session_id: str, document_ids: Sequence[str]) -> list[str]:
        """Talk about these documents from now on; the ids, each once.

        Raises:
            DocumentNotFound: one is not there; nothing has changed then.
            Conflict: `session_closed`.
        """
        chosen = list(dict.fromkeys(document_ids))
        with self.database.write() as session:
            _require_open(_get(session, owner_id, session_id, to_change=True))
            mine = select(Document.id).where(Document.owner_id == owner_id, Document.id.in_(chosen))
            missing = sorted(set(chosen) - set(session.execute(held(mine.order_by(Document.id))).scalars()))
            if missing:
                raise DocumentNotFound("There is no document with this id.", context={"document_ids": missing})
            session.execute(delete(ConversationDocument).where(ConversationDocument.conversation_id == session_id))
            rows = [
                {"conversation_id": session_id, "document_id": document_id, "position": position}
                for position, document_id in enumerate(chosen)
            ]
            if rows:
                session.execute(insert(ConversationDocument), rows)
            session.execute(update(Conversation).where(Conversation.id == session_id).values(updated_at=now()))
        return chosen

    def selected_documents(self, session_id: str) -> list[str]:
        """Ids of the selected documents, in the order they were chosen."""
        with self.database.read() as session:
            return list(
                session.execute(
                    select(ConversationDocument.document_id)
                    .where(ConversationDocument.conversation_id == session_id)
                    .order_by(ConversationDocument.position)
                ).scalars()
            )

    def selected_images(self, session_id: str) -> list[str]:
        """Ids of the selected pictures, in the order they were chosen."""
        with self.database.read() as session:
            return list(
                session.execute(
                    select(ConversationImage.image_id)
                    .where(ConversationImage.conversation_id == session_id)
                    .order_by(ConversationImage.position)
                ).scalars()
            )

    def agree_on_images(self, owner_id: str, session_id: str, expected: Sequence[str]) -> None:
        """See to it that the session talks about the pictures the caller believes it does.

        Raises:
            Conflict: `image_selection_mismatch`, with both lists: the session talks about all pictures, or one of the
                expected is not there; `session_closed`.
        """
        found = self.get(owner_id, session_id)
        _require_open(found)
        if found.use_all_images and not expected:
            return  # nothing is selected, as the session itself tells
        selected = self.all_images(owner_id, 5000, 0)[0] if found.use_all_images else self.selected_images(session_id)
        if set(expected) == set(selected):
            return
        try:
            if found.use_all_images:
                raise ImageNotFound("")
            self.select_images(owner_id, session_id, expected)
        except ImageNotFound:
            raise Conflict(
                "The session's pictures are not the expected ones.",
                code="image_selection_mismatch",
                context={"expected_image_ids": list(expected), "selected_image_ids": selected},
            ) from None

    def all_images(self, owner_id: str, limit: int, offset: int) -> tuple[list[str], int]:
        """Ids of the owner's pictures, newest first, and how many there are in all."""
        with self.database.read() as session:
            mine = (Image.owner_id == owner_id) & Image.video_id.is_(None)
            total = session.execute(select(func.count()).select_from(Image).where(mine)).scalar_one()
            ids = session.execute(
                select(Image.id)
                .where(mine)
                .order_by(Image.created_at.desc(), Image.id.desc())
                .limit(limit)
                .offset(offset)
            ).scalars()
            return list(ids), total

    def close(self, owner_id: str, session_id: str) -> tuple[Conversation, datetime]:
        """Close a session; it can still be read and exported.

        Raises:
            Conflict: `session_closed`, when it is closed already.
        """
        at = now()
        with self.database.write() as session:
            _require_open(_get(session, owner_id, session_id, to_change=True))
            return _change(session, owner_id, session_id, is_active=False, closed_at=at), at


def _change(session: Session, owner_id: str, session_id: str, **values: object) -> Conversation:
    session.execute(
        update(Conversation)
        .where(Conversation.id == session_id)
        .values(updated_at=now(), **values)
        .execution_options(synchronize_session=False)
    )
    session.expire_all()
    return _get(session, owner_id, session_id)


def _get(session: Session, owner_id: str, session_id: str, *, to_change: bool = False) -> Conversation:
    wanted = select(Conversation).where(
        Conversation.id == session_id, Conversation.owner_id == owner_id, Conversation.surface == SURFACE
    )
    found = session.execute(wanted.with_for_update() if to_change else wanted).scalar()
    if found is None:
        raise _unknown()
    return found


def _unknown() -> SessionNotFound:
    return SessionNotFound("There is no session with this id.")


def _require_open(found: Conversation) -> None:
    if not found.is_active:
        raise Conflict("The session is closed.", code="session_closed")


def _require_images(session: Session, owner_id: str, image_ids: Sequence[str]) -> None:
    there: set[str] = set()
    # Everywhere in one order: two that hold what the other waits for would wait for ever.
    wanted = sorted(set(image_ids))
    for begin in range(0, len(wanted), 500):
        mine = select(Image.id).where(Image.owner_id == owner_id, Image.id.in_(wanted[begin : begin + 500]))
        there |= set(session.execute(held(mine.order_by(Image.id))).scalars())
    missing = [image_id for image_id in wanted if image_id not in there]
    if missing:
        error = ImageNotFound(missing[0])
        error.context = {"image_ids": missing}
        raise error


def _select_images(session: Session, session_id: str, image_ids: Sequence[str]) -> None:
    rows = [
        {"conversation_id": session_id, "image_id": image_id, "position": position}
        for position, image_id in enumerate(dict.fromkeys(image_ids))
    ]
    if rows:
        session.execute(insert(ConversationImage), rows)
