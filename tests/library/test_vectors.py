"""The nearest are found, whichever process wrote or deleted them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from models.database import Database
from services.library.vectors import Vectors
from services.meaning.base import Rows, unit
from tests import hosts

OWNER = "someone"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(hosts.database_url(tmp_path))
    yield opened
    opened.close()


def put(vectors: Vectors, ids: list[str], rows: Rows, owner_id: str = OWNER, kind: str = "image") -> None:
    with vectors.database.write() as work:
        vectors.put(work, kind, owner_id, ids, rows)


def some(count: int, seed: int = 1) -> Rows:
    return unit(np.random.default_rng(seed).standard_normal((count, 16), dtype=np.float32))


def test_the_nearest_come_first(database: Database) -> None:
    vectors = Vectors(database, "m")
    rows = some(1200)
    ids = [f"i{number}" for number in range(1200)]
    put(vectors, ids, rows)
    found = vectors.nearest(OWNER, "image", rows[7], 5)
    best = np.argsort(-(rows @ rows[7]))[:5]
    assert [item_id for item_id, _ in found] == [ids[place] for place in best]
    assert found[0] == ("i7", pytest.approx(1.0, abs=1e-5))
    assert [item_id for item_id, _ in vectors.nearest(OWNER, "image", rows[7], 5, among={"i7", "i9", "x"})] == [
        "i7",
        "i9",
    ]
    assert len(vectors.nearest(OWNER, "image", rows[7], 5000)) == 1200


def test_another_process_is_noticed(database: Database) -> None:
    here, there = Vectors(database, "m"), Vectors(database, "m")
    rows = some(4)
    put(here, ["a", "b"], rows[:2])
    assert {item_id for item_id, _ in there.nearest(OWNER, "image", rows[0], 9)} == {"a", "b"}
    put(here, ["c"], rows[2:3])
    with database.write() as work:
        here.drop(work, "image", OWNER, ["a"])
    assert {item_id for item_id, _ in there.nearest(OWNER, "image", rows[0], 9)} == {"b", "c"}
    put(here, ["b"], rows[3:])
    assert there.nearest(OWNER, "image", rows[3], 1)[0] == ("b", pytest.approx(1.0, abs=1e-5))
    with database.write() as work:
        here.drop(work, "image", OWNER, ["b", "c"])
    assert there.nearest(OWNER, "image", rows[3], 1) == []
    put(here, ["d"], rows[:1])
    assert there.nearest(OWNER, "image", rows[0], 9) == [("d", pytest.approx(1.0, abs=1e-5))]


def test_owners_kinds_and_models_are_apart(database: Database) -> None:
    vectors, other_model = Vectors(database, "m"), Vectors(database, "n")
    rows = some(3)
    put(vectors, ["a"], rows[:1])
    put(vectors, ["b"], rows[1:2], owner_id="another")
    put(vectors, ["c"], rows[2:], kind="chunk")
    assert [item_id for item_id, _ in vectors.nearest(OWNER, "image", rows[1], 9)] == ["a"]
    assert [item_id for item_id, _ in vectors.nearest(OWNER, "chunk", rows[1], 9)] == ["c"]
    assert other_model.nearest(OWNER, "image", rows[0], 9) == []
    assert vectors.missing("image", OWNER, ["x", "a", "b"]) == ["x", "b"]
    assert other_model.missing("image", OWNER, ["a"]) == ["a"]
    with database.write() as work:
        vectors.drop(work, "image", OWNER, ["b"])
    assert [item_id for item_id, _ in vectors.nearest("another", "image", rows[1], 9)] == ["b"]


def test_what_is_rolled_back_is_not_there(database: Database) -> None:
    vectors = Vectors(database, "m")
    rows = some(2)
    put(vectors, ["a"], rows[:1])
    assert len(vectors.nearest(OWNER, "image", rows[0], 9)) == 1

    def interrupted() -> None:
        with database.write() as work:
            vectors.put(work, "image", OWNER, ["b"], rows[1:])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        interrupted()
    assert [item_id for item_id, _ in vectors.nearest(OWNER, "image", rows[0], 9)] == ["a"]


def test_memory_for_matrices_is_bounded(database: Database) -> None:
    vectors = Vectors(database, "m", kept_bytes=20_000)
    rows = some(64)
    for owner_id in ("p", "q", "r"):
        put(vectors, [f"{owner_id}{number}" for number in range(64)], rows, owner_id=owner_id)
        assert vectors.nearest(owner_id, "image", rows[3], 1)[0][0] == f"{owner_id}3"
    assert len(vectors._matrices) == 1
    assert vectors.nearest("p", "image", rows[5], 1)[0][0] == "p5"
