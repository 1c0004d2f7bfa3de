"""The media store, a folder or a bucket: whole files or none, keys that stay inside, nothing left over."""

from __future__ import annotations

import os
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from services.errors import StorageUnavailable
from services.library.storage import FolderStore, MediaStore
from services.library.storage_s3 import Access, S3Store
from tests import hosts


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "media")


def files(store: FolderStore) -> list[str]:
    return sorted(path.relative_to(store.root).as_posix() for path in store.root.rglob("*") if path.is_file())


@pytest.fixture(params=["folder", "bucket", "bucket without a prefix"])
def any_store(request: pytest.FixtureRequest, tmp_path: Path) -> MediaStore:
    """An empty store of each kind."""
    match request.param:
        case "folder":
            return FolderStore(tmp_path / "media")
        case "bucket":
            return hosts.store_of(hosts.bucket().fresh())
        case _:
            return hosts.store_of(f"s3://{hosts.bucket().another()}")


class TestAnyStore:
    """What holds wherever the files lie."""

    def test_what_is_put_is_got(self, any_store: MediaStore) -> None:
        for data in (b"data", b"other", b"", bytes(range(256)) * 40_000):
            any_store.put("a/b/c d-é.bin", data)
            assert any_store.get("a/b/c d-é.bin") == data
        assert list(any_store.keys("")) == ["a/b/c d-é.bin"]

    def test_what_is_not_there(self, any_store: MediaStore) -> None:
        with pytest.raises(FileNotFoundError):
            any_store.get("a/none")
        any_store.delete("a/none")

    def test_what_is_deleted_is_gone(self, any_store: MediaStore) -> None:
        any_store.put("a/b/one", b"1")
        any_store.put("a/b/two", b"2")
        any_store.delete("a/b/one")
        assert list(any_store.keys("a/")) == ["a/b/two"]
        with pytest.raises(FileNotFoundError):
            any_store.get("a/b/one")

    @pytest.mark.parametrize("key", ["../outside", "a/../../outside", "/etc/passwd", "", "a/b/../../../x"])
    def test_a_key_stays_inside(self, any_store: MediaStore, key: str) -> None:
        for attempt in (lambda: any_store.put(key, b"x"), lambda: any_store.get(key), lambda: any_store.delete(key)):
            with pytest.raises(ValueError, match="not a key"):
                attempt()
        assert list(any_store.keys("")) == []

    def test_keys_by_beginning_and_age(self, any_store: MediaStore) -> None:
        any_store.put("images/a/one", b"1")
        any_store.put("images/b/two", b"2")
        any_store.put("other/three", b"3")
        assert list(any_store.keys("images/")) == ["images/a/one", "images/b/two"]
        assert list(any_store.keys("images/b/")) == ["images/b/two"]
        assert list(any_store.keys("images/", older_than_s=60)) == []
        assert sorted(any_store.keys("images/", older_than_s=-60)) == ["images/a/one", "images/b/two"]
        assert list(any_store.keys("nowhere/")) == []

    def test_many_at_once(self, any_store: MediaStore) -> None:
        def work(number: int) -> bytes:
            key = f"many/{number}"
            any_store.put(key, b"%d" % number)
            return any_store.get(key)

        with ThreadPoolExecutor(16) as pool:
            assert list(pool.map(work, range(64))) == [b"%d" % number for number in range(64)]
        assert len(list(any_store.keys("many/"))) == 64

    def test_a_probe_leaves_nothing(self, any_store: MediaStore) -> None:
        any_store.probe()
        assert list(any_store.keys("")) == []


def test_more_keys_than_come_at_once() -> None:
    store = hosts.store_of(hosts.bucket().fresh(), page=3)
    names = [f"many/{number:02}" for number in range(10)]
    for name in names:
        store.put(name, b"")
    assert list(store.keys("many/")) == names


def test_a_bucket_that_is_not_there_is_told() -> None:
    store = hosts.store_of("s3://no-such-bucket/prefix")
    for attempt in (store.probe, lambda: store.put("a", b"x"), lambda: store.get("a"), lambda: list(store.keys(""))):
        with pytest.raises(StorageUnavailable) as told:
            attempt()
        assert "no-such-bucket" not in str(told.value)


def test_a_server_that_is_not_there_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    store = S3Store("s3://bucket", Access(f"http://127.0.0.1:{port}", "us-east-1", "key", "secret"))
    for attempt in (store.probe, lambda: store.get("a"), lambda: store.delete("a")):
        with pytest.raises(StorageUnavailable):
            attempt()
    store.close()


def test_deletion_takes_empty_folders_along(store: FolderStore) -> None:
    store.put("a/b/one", b"1")
    store.put("a/b/two", b"2")
    store.delete("a/b/one")
    assert store.get("a/b/two") == b"2"
    store.delete("a/b/two")
    assert list(store.root.iterdir()) == []


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


def test_the_age_of_a_file(store: FolderStore) -> None:
    store.put("images/a/one", b"1")
    store.put("images/b/two", b"2")
    past = time.time() - 120
    os.utime(store.root / "images/a/one", (past, past))
    assert list(store.keys("images/", older_than_s=60)) == ["images/a/one"]
