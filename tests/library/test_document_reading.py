"""The reading of documents as a job: each page once, whatever dies meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import delete, func, insert, select

from models.base import new_id, now
from models.database import Database
from models.library import Document, DocumentChunk, DocumentPage, Embedding
from models.workers import Worker
from services.errors import ProviderUnavailable
from services.library.document_reading import DocumentReading
from services.library.documents import Documents
from services.library.passage_vectors import PassageVectors
from services.library.storage import FolderStore
from services.library.vectors import Vectors
from services.meaning.base import Rows, unit
from services.vision.facts import Box, TextLine
from tests import newest
from tests.documents import making

OWNER = "ann"


class Counting:
    """An embedder whose vectors tell a text's length and words; it can be away."""

    name = "counting"
    dimensions = 4

    def __init__(self) -> None:
        self.away = False

    def passages(self, texts: Sequence[str]) -> Rows:
        if self.away:
            raise ProviderUnavailable("away", provider="counting")
        return unit(np.array([[len(each), each.count(" "), each.count("a"), 1] for each in texts], dtype=np.float32))

    queries = passages

    def close(self) -> None:
        pass


class Shelf:
    """A database, a store and what reads the documents in them."""

    def __init__(self, folder: Path) -> None:
        self.database = Database(newest.place(folder / "a.db"))
        self.store = FolderStore(folder / "media")
        self.embedder = Counting()
        self.vectors = Vectors(self.database, "counting")
        self.documents = Documents(self.database, self.store, self.vectors, lambda _id: None)
        self.stopping = threading.Event()
        self.again: list[str] = []

    def reading(self, **options: Any) -> DocumentReading:
        """By a process of its own, as far as the database can tell."""
        worker = new_id()
        with self.database.write() as work:
            work.execute(insert(Worker).values(id=worker, host="here", pid=1, job_threads=1, seen_at=now()))
        meanings = PassageVectors(self.database, self.vectors, self.embedder, self.stopping)
        given = {"ocr": lambda _data: (), "again": self.again.append} | options
        return DocumentReading(self.database, self.store, meanings, worker_id=worker, **given)

    def dies(self, reading: DocumentReading) -> None:
        with self.database.write() as work:
            work.execute(delete(Worker).where(Worker.id == reading.claims.worker_id))

    def pages(self) -> list[int]:
        with self.database.read() as work:
            return list(work.execute(select(DocumentPage.number).order_by(DocumentPage.number)).scalars())

    def counts(self) -> tuple[int, int]:
        """Passages and vectors."""
        with self.database.read() as work:
            return tuple(
                work.execute(select(func.count()).select_from(table)).scalar_one()
                for table in (DocumentChunk, Embedding)
            )

    def one(self, document: Document) -> Document:
        return self.documents.get(OWNER, document.id)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


def words(page: int) -> list[making.Line]:
    return [(72, 700, 11, f"This is what page {page} of the long report says about the river.")]


def book(pages: int, scanned: Sequence[int] = ()) -> bytes:
    """A PDF some of whose pages are nothing but forty lines drawn."""
    drawn = b"".join(b"%d 0 m 9 9 l S " % place for place in range(60))
    return making.pdf([drawn if page in scanned else words(page) for page in range(1, pages + 1)])


def line(text: str) -> TextLine:
    return TextLine(text, 0.99, True, Box(0, 0, 1, 0.1))


class Killed(BaseException):
    pass


def kill(_data: bytes) -> Sequence[TextLine]:
    raise Killed


def test_a_reading_that_was_killed_goes_on_behind_its_last_page(shelf: Shelf) -> None:
    document = shelf.documents.add(OWNER, "a.pdf", book(40, scanned=[38]))
    first = shelf.reading(ocr=kill)
    with pytest.raises(Killed):
        first.run(document.id)
    kept = shelf.pages()
    assert kept
    assert len(kept) < 38
    assert shelf.one(document).pages_done == len(kept)
    second = shelf.reading(ocr=lambda _data: (line("A scanned page of the report."),))
    assert second.waiting() == []  # the first still lives, as far as anybody knows
    shelf.dies(first)
    assert second.waiting() == [document.id]
    second.run(document.id)
    done = shelf.one(document)
    assert (done.status, done.page_count, done.pages_done) == ("ready", 40, 40)
    assert shelf.pages() == list(range(1, 41))
    assert shelf.counts() == (40, 40)


def test_what_kills_its_reader_again_and_again_is_given_up(shelf: Shelf) -> None:
    document = shelf.documents.add(OWNER, "a.pdf", book(2, scanned=[1]))
    for _attempt in range(3):
        reading = shelf.reading(ocr=kill)
        assert reading.waiting() == [document.id]
        with pytest.raises(Killed):
            reading.run(document.id)
        shelf.dies(reading)
    assert shelf.reading().waiting() == []
    assert (shelf.one(document).status, shelf.one(document).error_code) == ("failed", "reading_failed")


def test_two_processes_read_a_document_once(shelf: Shelf) -> None:
    document = shelf.documents.add(OWNER, "a.pdf", book(30))
    threads = [threading.Thread(target=shelf.reading().run, args=(document.id,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert shelf.pages() == list(range(1, 31))
    assert shelf.counts() == (30, 30)
    assert shelf.one(document).attempts == 1


def test_a_new_version_reads_again(shelf: Shelf) -> None:
    document = shelf.documents.add(OWNER, "a.txt", b"The first words of all.")
    shelf.reading().run(document.id)
    before = shelf.one(document)
    newer = shelf.reading(version="2")
    assert newer.waiting() == [document.id]
    newer.run(document.id)
    after = shelf.one(document)
    assert (before.reader, after.reader) == ("1 counting", "2 counting")
    assert shelf.counts() == (1, 1)
    assert newer.waiting() == []


def test_vectors_follow_when_their_model_was_away(shelf: Shelf) -> None:
    document = shelf.documents.add(OWNER, "a.pdf", book(5))
    shelf.embedder.away = True
    reading = shelf.reading()
    reading.run(document.id)
    assert (shelf.one(document).status, shelf.counts()) == ("ready", (5, 0))
    assert reading.waiting() == [document.id]
    shelf.embedder.away = False
    reading.run(document.id)
    assert shelf.counts() == (5, 5)
    assert reading.waiting() == []


def test_a_stop_gives_the_document_back(shelf: Shelf) -> None:
    document = shelf.documents.add(OWNER, "a.pdf", book(3))
    reading = shelf.reading()
    shelf.stopping.set()
    reading.run(document.id)
    assert (shelf.one(document).status, shelf.one(document).attempts) == ("pending", 0)
    shelf.stopping.clear()
    reading.run(document.id)
    assert shelf.one(document).status == "ready"


def test_a_document_deleted_while_it_is_read_is_gone(shelf: Shelf) -> None:
    document = shelf.documents.add(OWNER, "a.pdf", book(3, scanned=[2]))

    def delete_it(_data: bytes) -> Sequence[TextLine]:
        shelf.documents.delete(OWNER, document.id)
        return ()

    shelf.reading(ocr=delete_it).run(document.id)
    assert shelf.pages() == []
    assert shelf.counts() == (0, 0)


def notice_of(
    shelf: Shelf, data: bytes, ocr: Callable[[bytes], Sequence[TextLine] | None], **options: int
) -> str | None:
    document = shelf.documents.add(OWNER, "a.pdf", data)
    shelf.reading(ocr=ocr, **options).run(document.id)
    done = shelf.one(document)
    assert done.status == "ready"
    return done.error_code


def test_scanned_pages_beyond_the_bound_are_told_of(shelf: Shelf) -> None:
    read: list[bytes] = []

    def ocr(data: bytes) -> Sequence[TextLine]:
        read.append(data)
        return (line("Words of a scanned page."),)

    assert notice_of(shelf, book(5, scanned=[1, 2, 4]), ocr, scans=2) == "scans_unread"
    assert len(read) == 2


def test_scanned_pages_that_nothing_can_read_are_told_of(shelf: Shelf) -> None:
    assert notice_of(shelf, book(2, scanned=[1]), lambda _data: None) == "scans_unreadable"


def test_a_file_that_is_gone_is_told_of(shelf: Shelf) -> None:
    document = shelf.documents.add(OWNER, "a.txt", b"words")
    shelf.store.delete(document.storage_key)
    shelf.reading().run(document.id)
    assert (shelf.one(document).status, shelf.one(document).error_code) == ("failed", "file_missing")
