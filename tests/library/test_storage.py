"""The folder of media: whole files or none, keys that stay inside, nothing left over."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from services.errors import StorageUnavailable
from services.library.storage import FolderStore


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "media")


def files(store: FolderStore) -> list[str]:
    return sorted(path.relative_to(store.root).as_posix() for path in store.root.rglob("*") if path.is_file())


def test_what_is_put_is_got(store: FolderStore) -> None:
    store.put("a/b/c.bin", b"data")
    assert store.get("a/b/c.bin") == b"data"
    store.put("a/b/c.bin", b"other")
    assert store.get("a/b/c.bin") == b"other"
    assert files(store) == ["a/b/c.bin"]


def test_what_is_not_there(store: FolderStore) -> None:
    with pytest.raises(FileNotFoundError):
        store.get("a/none")
    store.delete("a/none")


def test_deletion_takes_empty_folders_along(store: FolderStore) -> None:
    store.put("a/b/one", b"1")
    store.put("a/b/two", b"2")
    store.delete("a/b/one")
    assert store.get("a/b/two") == b"2"
    store.delete("a/b/two")
    assert list(store.root.iterdir()) == []


@pytest.mark.parametrize("key", ["../outside", "a/../../outside", "/etc/passwd", "", "a/b/../../../x"])
def test_a_key_stays_inside(store: FolderStore, key: str) -> None:
    for attempt in (lambda: store.put(key, b"x"), lambda: store.get(key), lambda: store.delete(key)):
        with pytest.raises(ValueError, match="not a key"):
            attempt()
    assert not (store.root.parent / "outside").exists()


def test_a_link_does_not_lead_outside(store: FolderStore, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (store.root / "link").symlink_to(tmp_path / "outside")
    with pytest.raises(ValueError, match="not a key"):
        store.put("link/file", b"x")


def test_a_write_that_fails_leaves_nothing(store: FolderStore) -> None:
    (store.root / "a").write_text("a file where a folder should be")
    with pytest.raises(StorageUnavailable):
        store.put("a/b", b"x")
    (store.root / "folder").mkdir()
    (store.root / "folder" / "full").mkdir()
    with pytest.raises(StorageUnavailable):
        store.put("folder/full", b"x")
    assert files(store) == ["a"]


def test_a_reader_sees_whole_files_alone(store: FolderStore) -> None:
    sizes = (10, 500_000)
    store.put("file", bytes(sizes[0]))
    done = threading.Event()

    def write() -> None:
        for turn in range(60):
            store.put("file", bytes([turn % 2]) * sizes[turn % 2])
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    seen = set()
    while not done.is_set():
        seen.add(len(store.get("file")))
    writer.join()
    assert seen <= set(sizes)
    assert files(store) == ["file"]


def test_keys_by_beginning_and_age(store: FolderStore) -> None:
    store.put("images/a/one", b"1")
    store.put("images/b/two", b"2")
    store.put("other/three", b"3")
    assert list(store.keys("images/")) == ["images/a/one", "images/b/two"]
    assert list(store.keys("images/b/")) == ["images/b/two"]
    assert list(store.keys("images/", older_than_s=60)) == []
    past = time.time() - 120
    os.utime(store.root / "images/a/one", (past, past))
    assert list(store.keys("images/", older_than_s=60)) == ["images/a/one"]
    assert list(store.keys("nowhere/")) == []


def test_probe(store: FolderStore) -> None:
    store.probe()
    assert files(store) == []
