"""The cache: made once, bounded by bytes and age, counted."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from services.cache import Cache


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def bytes_cache(max_bytes: int = 100, max_age_s: float = 60, clock: Clock | None = None) -> Cache:
    return Cache(max_bytes, max_age_s, len, clock or Clock())


def fails() -> bytes:
    raise ValueError("cannot be made")


def test_a_value_is_made_once() -> None:
    cache = bytes_cache()
    assert cache.get("a", lambda: b"first") == b"first"
    assert cache.get("a", lambda: b"second") == b"first"
    assert (cache.counts.hits, cache.counts.misses, cache.counts.evictions) == (1, 1, 0)
    assert cache.bytes == 5


def test_many_who_ask_at_once_wait_for_one_making() -> None:
    cache = bytes_cache()
    made: list[int] = []
    release = threading.Event()

    def make() -> bytes:
        made.append(1)
        release.wait(10)
        return b"value"

    with ThreadPoolExecutor(24) as pool:
        asked = [pool.submit(cache.get, "a", make) for _ in range(24)]
        while cache.counts.misses < 24:
            pass
        release.set()
        assert {future.result(10) for future in asked} == {b"value"}
    assert len(made) == 1


def test_a_failure_reaches_all_who_waited_and_is_not_kept() -> None:
    cache = bytes_cache()
    release = threading.Event()

    def make() -> bytes:
        release.wait(10)
        return fails()

    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(cache.get, "a", make) for _ in range(4)]
        while cache.counts.misses < 4:
            pass
        release.set()
        for future in asked:
            with pytest.raises(ValueError, match="cannot be made"):
                future.result(10)
    assert cache.get("a", lambda: b"now") == b"now"


def test_the_least_recently_used_goes_first() -> None:
    cache = bytes_cache(max_bytes=100)
    for name in ("a", "b", "c"):
        cache.get(name, lambda: bytes(30))
    cache.get("a", fails)
    cache.get("d", lambda: bytes(30))
    assert cache.bytes <= 100
    cache.get("a", fails)
    with pytest.raises(ValueError, match="cannot be made"):
        cache.get("b", fails)
    assert cache.counts.evictions == 1


def test_what_is_larger_than_all_room_is_handed_out_but_not_kept() -> None:
    cache = bytes_cache(max_bytes=10)
    cache.get("small", lambda: bytes(5))
    assert cache.get("large", lambda: bytes(11)) == bytes(11)
    assert cache.bytes == 5
    cache.get("small", fails)


def test_age_ends_a_value() -> None:
    clock = Clock()
    cache = bytes_cache(max_age_s=60, clock=clock)
    cache.get("a", lambda: b"old")
    clock.now = 59
    assert cache.get("a", fails) == b"old"
    clock.now = 61
    assert cache.get("a", lambda: b"new") == b"new"
    assert cache.counts.evictions == 1


def test_what_is_forgotten_while_it_is_made_is_not_kept() -> None:
    cache = bytes_cache()
    began, release = threading.Event(), threading.Event()

    def make() -> bytes:
        began.set()
        release.wait(10)
        return b"stale"

    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(cache.get, "a", make)
        assert began.wait(10)
        cache.forget("a")
        release.set()
        assert asked.result(10) == b"stale"
    assert cache.get("a", lambda: b"fresh") == b"fresh"


def test_many_threads_and_keys_never_exceed_the_room() -> None:
    cache = bytes_cache(max_bytes=1_000)

    def work(number: int) -> None:
        for step in range(200):
            key = (number * 7 + step) % 40
            assert cache.get(key, lambda key=key: bytes([key]) * 50) == bytes([key]) * 50  # type: ignore[misc]  # default of a lambda
            assert cache.bytes <= 1_000

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert cache.counts.hits + cache.counts.misses == 1_600
