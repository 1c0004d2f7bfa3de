"""Documents read in the background: their pages, passages and meanings, page by page, each once.

A page is written together with its passages, their vectors and the count of pages done, so that a reading that was cut
off goes on behind the last page. `Document.reader` says what read it: the version of the reader, and behind it, once
every passage has its vector, what made those.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Any, Final

from sqlalchemy import ColumnElement, func, insert, select, update

from models.base import now
from models.database import Database
from models.library import Document, DocumentChunk, DocumentPage
from services.claims import MAX_ATTEMPTS, Claims, Rows
from services.documents import reading
from services.documents.base import DocumentRejected, Page
from services.documents.reading import ReadingStopped
from services.documents.scans import as_text
from services.errors import StorageUnavailable
from services.library.document_rows import chunk_rows, forget_pages, heading_after, page_row
from services.library.files import will_pass
from services.library.passage_vectors import PassageVectors
from services.library.storage import MediaStore
from services.vision.facts import TextLine

log = logging.getLogger(__name__)

SCANS: Final = 200
"""Scanned pages that are read of one document; each takes some seconds."""
BATCH: Final = 16
BATCH_S: Final = 2.0
"""Pages are written when there are so many, or when the first has waited so long."""
WAITING: Final = 1_000

EMBEDDED_AT_ONCE: Final = 120
"""Passages that get their vectors while their document is read; the rest follow, found by their words until then."""
SLICE_S: Final = 45.0
"""How long a PDF is read in one go; then it queues again, so that others are not kept waiting by it."""

FAILURES: Final = {
    "reading_failed": "The document could not be read. Please try again later.",
    "file_missing": "The document's file is gone.",
}
NOTICES: Final = {
    "scans_unread": f"Of the scanned pages only the first {SCANS} were read; the others have no text.",
    "scans_unreadable": "Scanned pages could not be read here; they have no text.",
}
"""What is said of a document that was read, but not all of it."""

Ocr = Callable[[bytes], Sequence[TextLine] | None]
"""Reads the lines of a picture; None where nothing on this machine can."""

GIVEN_UP: Final = {"error_code": "reading_failed", "error_message": FAILURES["reading_failed"]}
ROWS = Rows(table=Document, exhausted={"status": "failed", **GIVEN_UP})


@dataclass(slots=True)
class _Progress:
    """How far the reading of a document is."""

    document: Document
    pages: int
    position: int
    scans: int
    heading: str
    lacking: bool
    page_count: int | None = None
    notice: str | None = None
    waiting: list[Page] = field(default_factory=list)
    begun: float = field(default_factory=time.monotonic)
    since: float = 0.0


class DocumentReading:
    """The job that reads documents.

    Args:
        worker_id: this process in the roll of those that live.
        ocr: reads the pictures of scanned pages.
        again: has `run` called again soon, behind what waits already.
        version: of the reader.
        scans: how many scanned pages are read of one document.
    """

    def __init__(
        self,
        database: Database,
        store: MediaStore,
        meanings: PassageVectors,
        *,
        ocr: Ocr,
        again: Callable[[str], None],
        worker_id: str,
        version: str = reading.VERSION,
        scans: int = SCANS,
    ) -> None:
        self.database = database
        self.store = store
        self.meanings = meanings
        self.ocr = ocr
        self.again = again
        self.version = version
        self.scans = scans
        self.claims = Claims(database, worker_id, ROWS)

    @property
    def reader(self) -> str:
        """`Document.reader` of what is read and has all its vectors."""
        return f"{self.version} {self.meanings.embedder.name}"

    def waiting(self) -> list[str]:
        """Ids of documents that are to be read, or whose passages want vectors; what another version read is to be
        read again.

        Raises:
            DatabaseUnavailable
        """
        stale = self._stale()
        with self.database.look() as work:
            outdated = work.execute(select(Document.id).where(stale).limit(1)).first()
        if outdated is not None:
            with self.database.change() as work:
                work.execute(update(Document).where(stale).values(status="pending", attempts=0))
        unread = self.claims.waiting()
        with self.database.look() as work:
            bare = (Document.status == "ready") & (Document.reader == self.version)
            other = (Document.status == "ready") & (Document.reader != self.reader) & ~stale
            lacking = work.execute(select(Document.id).where(bare | other).limit(WAITING)).scalars()
            return [*unread, *lacking]

    def run(self, document_id: str) -> None:
        """Read a document, if it waits for that and nobody else does it.

        Raises:
            DatabaseUnavailable: it is done again later.
        """
        with self.claims.held(document_id) as mine:
            if mine:
                self._read(document_id)
        self._complete(document_id)

    def _read(self, document_id: str) -> None:
        with self.database.read() as work:
            document = work.get(Document, document_id)
        if document is None:
            return
        try:
            self._pages(document)
        except DocumentRejected as refused:
            self._fail(document, refused.code, refused.message)
        except FileNotFoundError:
            self._fail(document, "file_missing", FAILURES["file_missing"])
        except (ReadingStopped, StorageUnavailable, OSError) as error:
            log.warning("document %s could not be read: %s", document_id, error)
            passes = will_pass(error, self.store)
            if passes or document.attempts < MAX_ATTEMPTS:
                self.claims.release(document_id, counts=not passes)
            else:
                self._fail(document, "reading_failed", FAILURES["reading_failed"])

    def _pages(self, document: Document) -> None:
        data = self.store.get(document.storage_key)
        progress = self._begin(document)
        with closing(reading.read(document.kind, data, first=progress.pages + 1)) as pages:  # type: ignore[arg-type, type-var]  # the table's kinds are the reader's
            del data
            for page in pages:
                if self.meanings.stopping.is_set():
                    self.claims.release(document.id)
                    return
                progress.waiting.append(self._seen(progress, page))
                progress.page_count = page.page_count or progress.page_count
                progress.since = progress.since or time.monotonic()
                late = time.monotonic() - progress.since > BATCH_S
                if len(progress.waiting) < BATCH and not late:
                    continue
                if not self._keep(progress):
                    return
                if document.kind == "pdf" and time.monotonic() - progress.begun > SLICE_S:
                    self.claims.release(document.id)
                    self.again(document.id)
                    return
        if self._keep(progress):
            self._finish(progress)

    def _begin(self, document: Document) -> _Progress:
        """Where the reading goes on; what another version of the reader made is thrown away."""
        document_id = document.id
        with self.database.write() as work:
            if not (document.reader or "").startswith(self.version):
                forget_pages(work, self.meanings.vectors, document.owner_id, document_id)
                values: dict[str, Any] = {"pages_done": 0, "page_count": None, "reader": self.version}
                values |= {"error_code": None, "error_message": None}
                work.execute(update(Document).where(Document.id == document_id).values(**values))
            own = DocumentPage.document_id == document_id
            done = work.execute(select(func.count()).select_from(DocumentPage).where(own)).scalar_one()
            scans = work.execute(
                select(func.count()).select_from(DocumentPage).where(own, DocumentPage.ocr)
            ).scalar_one()
            last = work.execute(
                select(DocumentPage.headings).where(own).order_by(DocumentPage.number.desc()).limit(BATCH)
            ).scalars()
            heading = next((headings[-1][1] for headings in last if headings), "")
            position = work.execute(
                select(func.count()).select_from(DocumentChunk).where(DocumentChunk.document_id == document_id)
            ).scalar_one()
        return _Progress(document, done, position, scans, heading, lacking=done > 0)

    def _seen(self, progress: _Progress, page: Page) -> Page:
        """The page with its words, read off its picture where it is a scanned one."""
        if page.picture is None:
            return page
        if progress.scans >= self.scans:
            progress.notice = "scans_unread"
            return replace(page, picture=None)
        progress.scans += 1
        lines = self.ocr(page.picture)
        if lines is None:
            progress.notice = "scans_unreadable"
            return replace(page, picture=None)
        text = as_text(lines)
        if len(text) <= len(page.text):
            return replace(page, picture=None)
        return replace(page, text=text, headings=(), ocr=True, picture=None)

    def _keep(self, progress: _Progress) -> bool:
        """Write the pages that wait; False where the document is gone or was taken from this process."""
        pages, progress.waiting, progress.since = progress.waiting, [], 0.0
        rows = chunk_rows(progress.document, pages, progress.position, progress.heading)
        matrix = None
        if progress.position < EMBEDDED_AT_ONCE:
            matrix = self.meanings.make([(row["heading"], row["text"]) for row in rows])
        progress.lacking = progress.lacking or matrix is None
        document = progress.document
        with self.database.write() as work:
            values: dict[str, Any] = {"pages_done": progress.pages + len(pages), "updated_at": now()}
            values["page_count"] = progress.page_count
            if pages:
                values["attempts"] = 1  # only those count that come no further
            if progress.notice:
                values |= {"error_code": progress.notice, "error_message": NOTICES[progress.notice]}
            changed: Any = work.execute(update(Document).where(*self._mine(document.id)).values(**values))
            if not changed.rowcount:
                return False
            if pages:
                work.execute(insert(DocumentPage), [page_row(document.id, page) for page in pages])
            if rows:
                work.execute(insert(DocumentChunk), rows)
            if matrix is not None:
                self.meanings.keep(work, document.owner_id, [row["id"] for row in rows], matrix)
        progress.pages += len(pages)
        progress.position += len(rows)
        progress.heading = heading_after(pages) or progress.heading
        return True

    def _finish(self, progress: _Progress) -> None:
        if progress.position == 0:
            raise DocumentRejected("no_text")
        reader = self.version if progress.lacking else self.reader
        values: dict[str, Any] = {"status": "ready", "page_count": progress.pages, "reader": reader}
        with self.database.write() as work:
            self.claims.finish(work, progress.document.id, updated_at=now(), **values)

    def _fail(self, document: Document, code: str, message: str) -> None:
        """Nothing is found in a document that could not be read whole."""
        values = {"status": "failed", "error_code": code, "error_message": message, "reader": self.version}
        with self.database.write() as work:
            if self.claims.finish(work, document.id, updated_at=now(), pages_done=0, **values):
                forget_pages(work, self.meanings.vectors, document.owner_id, document.id)

    def _complete(self, document_id: str) -> None:
        with self.database.read() as work:
            document = work.get(Document, document_id)
        if document is None or document.status != "ready" or document.reader == self.reader:
            return
        lacking = self.meanings.complete(document)
        if lacking == "later":
            self.again(document_id)
        if lacking == "none":
            with self.database.write() as work:
                read = update(Document).where(Document.id == document_id, Document.status == "ready")
                work.execute(read.values(reader=self.reader))

    def _mine(self, document_id: str) -> tuple[ColumnElement[bool], ...]:
        held = Document.worker_id == self.claims.worker_id
        return Document.id == document_id, Document.status == "processing", held

    def _stale(self) -> ColumnElement[bool]:
        done = Document.status.in_(("ready", "failed")) & Document.reader.is_not(None)
        return done & (Document.reader != self.version) & Document.reader.not_like(f"{self.version} %")
