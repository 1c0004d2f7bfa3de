"""A database that goes away in the middle: files and their rows, keys and their answers stay together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from models.accounts import KeptAnswer
from models.base import LOCAL_OWNER, now
from models.database import Database, DatabaseUnavailable
from models.media import Image
from models.workers import Worker
from services.cache import Cache
from services.idempotency import AGAIN_S, Answer, Claim, Idempotency
from services.library.images import Images
from services.library.storage import FolderStore
from tests import hosts
from tests.conftest import picture
from tests.faults.cutting import Way
from tests.inventory import eventually

ANSWER = Answer(201, {"Content-Type": "text/plain"}, b"made")


class Shelf:
    """Pictures whose database can be reached by one way alone, and a look at it by another."""

    def __init__(self, there: str, folder: Path) -> None:
        self.way = Way(there)
        self.by_the_way = Database(self.way.url)
        self.database = Database(there)
        self.store = FolderStore(folder)
        self.images = Images(self.by_the_way, self.store, Cache(0, 0, len))

    def upload(self) -> None:
        self.images.add(LOCAL_OWNER, "a.jpg", picture())

    def rows(self) -> set[str]:
        with self.database.read() as work:
            return set(work.execute(select(Image.storage_key)).scalars())

    def files(self) -> set[str]:
        return set(self.store.keys(""))

    def close(self) -> None:
        self.by_the_way.close()
        self.database.close()
        self.way.leave()


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    with closing(Shelf(hosts.postgres().fresh(), tmp_path)) as made:
        made.upload()
        yield made


def test_a_row_that_came_unheard_has_its_file(shelf: Shelf) -> None:
    shelf.way.cut_at_the_next_commit()
    with pytest.raises(DatabaseUnavailable) as raised:
        shelf.upload()
    assert raised.value.in_doubt
    assert shelf.way.cuts == 1
    assert len(shelf.rows()) == 2
    assert shelf.files() == shelf.rows()
    assert shelf.images.sweep(0) == 0


def test_without_its_row_a_file_goes_at_once(shelf: Shelf) -> None:
    shelf.way.close()
    with pytest.raises(DatabaseUnavailable) as raised:
        shelf.upload()
    assert not raised.value.in_doubt
    shelf.way.open()
    assert len(shelf.rows()) == 1
    assert shelf.files() == shelf.rows()


class Keys:
    """Answers by key, whose database can be reached by one way alone."""

    def __init__(self, there: str, folder: Path) -> None:
        self.way = Way(there)
        self.database = Database(self.way.url)
        with self.database.write() as work:
            work.execute(insert(Worker).values(id="this", host="here", pid=1, seen_at=now()))
        self.idempotency = Idempotency(self.database, FolderStore(folder), "this")

    def claim(self) -> Claim | Answer:
        return self.idempotency.claim(LOCAL_OWNER, "key", "fingerprint")

    def close(self) -> None:
        self.idempotency.stop()
        self.database.close()
        self.way.leave()


@pytest.fixture
def keys(tmp_path: Path) -> Iterator[Keys]:
    with closing(Keys(hosts.postgres().fresh(), tmp_path)) as made:
        yield made


def in_flight(keys: Keys) -> bool:
    with keys.database.look() as work:
        return work.execute(select(KeptAnswer.status)).first() == (None,)


@pytest.mark.parametrize("answer", [ANSWER, None], ids=["answered", "failed"])
def test_a_request_that_the_database_leaves_may_be_sent_again(keys: Keys, answer: Answer | None) -> None:
    """The same key is good at once when the database is back, and not only when the process has ended."""
    first = keys.claim()
    assert isinstance(first, Claim)
    keys.way.close()
    keys.idempotency.settle(first, answer)
    with pytest.raises(DatabaseUnavailable):
        keys.claim()
    keys.way.open()
    assert keys.claim() == (answer or first)


def test_other_processes_hear_of_it_soon(keys: Keys) -> None:
    first = keys.claim()
    assert isinstance(first, Claim)
    keys.way.close()
    keys.idempotency.settle(first, ANSWER)
    keys.way.open()
    assert in_flight(keys)
    eventually(False, lambda: in_flight(keys), 3 * AGAIN_S)


def test_a_claim_that_came_unheard_is_free(keys: Keys) -> None:
    keys.way.cut_at_the_next_commit()
    with pytest.raises(DatabaseUnavailable):
        keys.claim()
    assert in_flight(keys)
    assert isinstance(keys.claim(), Claim)
