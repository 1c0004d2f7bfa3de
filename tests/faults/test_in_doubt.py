"""A file and its row, where the database goes away between the two: nobody keeps half of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import select

from models.base import LOCAL_OWNER
from models.database import Database, DatabaseUnavailable
from models.media import Image
from services.cache import Cache
from services.library.images import Images
from services.library.storage import FolderStore
from tests import hosts
from tests.conftest import picture
from tests.faults.cutting import Way


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
