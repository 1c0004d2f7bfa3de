"""Streams over real sockets: cut in the middle, taken up again by the byte, killed servers, several processes."""

from __future__ import annotations

import http.client
import json
import re
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.conftest import picture
from tests.inventory import eventually
from tests.mock.aimock import Aimock
from tests.server import Server, running
from tests.sessions.conftest import SESSIONS, Event, events_of, names_of

WORDS = [f"word{number:03} " for number in range(60)]
LONG = {"content": "".join(WORDS)}
TOKEN_MS = 40

Start = Callable[..., Server]


def upstream(mock: Aimock) -> dict[str, str]:
    return {"VISION_PROVIDER": "openai", "OPENAI_BASE_URL": mock.openai_url, "OPENAI_API_KEY": "test-key"}


@pytest.fixture
def start(aimock: Aimock, tmp_path: Path) -> Iterator[Start]:
    """Starts servers over one folder, behind them a vendor that takes its time."""
    aimock.answer(LONG, latency=TOKEN_MS, chunkSize=len(WORDS[0]))
    started: list[Server] = []

    def begin(**settings: str) -> Server:
        started.append(Server(tmp_path, **(upstream(aimock) | settings)))
        return started[-1]

    yield begin
    for one in started:
        if one.process.poll() is None:
            one.stop(signal.SIGKILL)


@pytest.fixture(scope="module")
def running_server(aimock_server: Aimock, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("connections"), **upstream(aimock_server)) as started:
        yield started


@pytest.fixture
def server(running_server: Server, aimock: Aimock) -> Server:
    """One server for the tests that need none of their own, behind it the same vendor."""
    aimock.answer(LONG, latency=TOKEN_MS, chunkSize=len(WORDS[0]))
    return running_server


def api(server: Server) -> httpx2.Client:
    return httpx2.Client(base_url=server.url, trust_env=False, timeout=30)


def new_session(server: Server) -> str:
    with api(server) as client:
        return str(client.post(SESSIONS, json={"title": "Over sockets"}).json()["session_id"])


class Reader:
    """A stream on a socket of its own, which can be left at any byte."""

    def __init__(self, server: Server, method: str, path: str, body: object = None, seen: int | None = None) -> None:
        self.connection = http.client.HTTPConnection(*server.address, timeout=30)
        headers = {"Content-Type": "application/json"} | ({} if seen is None else {"Last-Event-ID": str(seen)})
        self.connection.request(method, path, json.dumps(body) if body else None, headers)
        self.response = self.connection.getresponse()
        assert self.response.status == 200, self.response.read()
        self.bytes = b""

    def until(self, tokens: int) -> bytes:
        """Read on to the end of token number `tokens`."""
        while not re.search(rb"id: %d\n.*\n\n" % tokens, self.bytes):
            self.step()
        return self.bytes

    def step(self) -> None:
        received = self.response.read1(65536)
        assert received, self.bytes[-200:]
        self.bytes += received

    def rest(self) -> bytes:
        self.bytes += self.response.read()
        self.connection.close()
        return self.bytes

    def leave(self) -> None:
        """Go away without a word."""
        self.response.close()
        self.connection.close()


def ask(server: Server, session: str) -> Reader:
    return Reader(server, "POST", f"{SESSIONS}/{session}/messages/stream", {"message": "Tell me all."})


def again(server: Server, session: str, message: str, seen: int | None = None) -> Reader:
    return Reader(server, "GET", f"{SESSIONS}/{session}/messages/{message}/stream", seen=seen)


def events(data: bytes) -> list[Event]:
    return events_of(data.decode())


def whole_frames(data: bytes) -> bytes:
    """Without the frame that was cut off."""
    return data[: data.rindex(b"\n\n") + 2]


def message_of(data: bytes) -> str:
    found = re.search(rb'"message_id":"([^"]+)"', data)
    assert found
    return found[1].decode()


def last_message(server: Server, session: str) -> dict[str, Any]:
    with api(server) as client:
        return dict(client.get(f"{SESSIONS}/{session}").json()["messages"][-1])


@pytest.mark.slow(hosts=True)
def test_cut_and_taken_up_again(start: Start) -> None:
    """A reader is cut off in the middle and comes back: live, after the end, and after a restart, byte for byte."""
    server = start()
    session = new_session(server)
    reader = ask(server, session)
    head = reader.until(10)
    message = message_of(head)
    reader.leave()
    follower = again(server, session, message)
    early = whole_frames(head)
    seen = events(early)[-1].id
    live = again(server, session, message, seen)
    whole = follower.rest()
    assert early + live.rest() == whole
    assert names_of(events(whole)) == ["connection", "thinking", *["token"] * 60, "complete", "close"]
    assert events(whole)[-2].data["content"] == LONG["content"]
    assert early + again(server, session, message, seen).rest() == whole
    kept = last_message(server, session)
    assert (kept["status"], kept["content"]) == ("complete", LONG["content"])
    server.stop()
    restarted = start()
    assert again(restarted, session, message).rest() == whole
    assert early + again(restarted, session, message, seen).rest() == whole


def test_many_readers_at_once(server: Server) -> None:
    session = new_session(server)
    first = ask(server, session)
    message = message_of(first.until(1))
    with ThreadPoolExecutor(12) as pool:

        def read(number: int) -> bytes:
            time.sleep(number * 0.05)
            return again(server, session, message, number).rest()

        others = list(pool.map(read, range(12)))
    whole = first.rest()
    assert others[0] == whole
    for number, other in enumerate(others):
        assert whole.endswith(other)
        assert events(other)[0].id == number + 1 if number else events(other)[0].name == "connection"


def test_words_arrive_while_the_answer_is_made(server: Server) -> None:
    began = time.monotonic()
    reader = ask(server, new_session(server))
    reader.until(3)
    assert b"event: complete" not in reader.bytes
    first = time.monotonic() - began
    reader.rest()
    assert time.monotonic() - began > first + TOKEN_MS * 40 / 1000


def test_a_reader_that_does_not_read(server: Server, aimock: Aimock) -> None:
    """Its connection is full long before the answer is made: others are not held up, and it gets all in the end."""
    aimock.reset()
    piece = "x" * 3999 + " "
    aimock.answer({"content": piece * 80}, latency=10, chunkSize=len(piece))
    session = new_session(server)
    stuck = ask(server, session)
    message = message_of(stuck.until(1))
    began = time.monotonic()
    whole = again(server, session, message).rest()
    assert time.monotonic() - began < 8
    assert len(whole) > 80 * 80 / 2 * 4000
    eventually("complete", lambda: last_message(server, session)["status"], 5)
    assert stuck.rest() == whole


@pytest.mark.slow(hosts=True)
def test_another_process_follows_and_cancels(start: Start, aimock: Aimock) -> None:
    """Two workers share one database: whoever is asked streams, replays and cancels what either makes."""
    server = start(WORKERS="2")
    session = new_session(server)
    reader = ask(server, session)
    message = message_of(reader.until(2))
    with ThreadPoolExecutor(8) as pool:
        # New connections go to either worker.
        copies = list(pool.map(lambda _: again(server, session, message).rest(), range(8)))
    whole = reader.rest()
    assert set(copies) == {whole}
    aimock.reset()
    # Longer than it takes a process to notice what another has cancelled.
    aimock.answer(LONG, latency=150, chunkSize=len(WORDS[0]))
    reader = ask(server, session)
    message = message_of(reader.until(2))
    at = f"{SESSIONS}/{session}/messages/{message}/cancel"

    def cancel(_number: int) -> int:
        with api(server) as client:
            return client.post(at).status_code

    with ThreadPoolExecutor(6) as pool:
        statuses = list(pool.map(cancel, range(6)))
    assert set(statuses) <= {200, 409}
    assert 200 in statuses
    data = events(reader.rest())
    assert names_of(data)[-2:] == ["complete", "close"]
    kept = last_message(server, session)
    assert kept["status"] == "interrupted"
    assert 0 < len(kept["content"]) < len(LONG["content"])
    assert kept["content"] == data[-2].data["content"]


@pytest.mark.slow(hosts=True)
def test_stopping_lets_streams_finish(start: Start) -> None:
    server = start()
    session = new_session(server)
    reader = ask(server, session)
    message = message_of(reader.until(5))
    with ThreadPoolExecutor(1) as pool:
        stopped = pool.submit(server.stop)
        whole = reader.rest()
        assert stopped.result(40) == 0
    assert names_of(events(whole))[-2:] == ["complete", "close"]
    restarted = start()
    assert last_message(restarted, session)["status"] == "complete"
    assert again(restarted, session, message).rest() == whole


def test_a_session_that_goes_between_the_look_and_the_send(start: Start) -> None:
    """Found when the request came, gone when the question was to be kept: the stream has begun for the client."""
    server = start(DATABASE_URL="")
    session = new_session(server)
    with ThreadPoolExecutor(1) as pool, closing(sqlite3.connect(server.data / "assistant.db")) as other:
        other.execute("BEGIN IMMEDIATE")  # whoever writes waits, whoever reads does not
        asked = pool.submit(lambda: ask(server, session).rest())
        time.sleep(2)
        assert not asked.done()
        other.execute("DELETE FROM conversations WHERE id = ?", (session,))
        other.commit()
        told = events(asked.result(30))
    assert names_of(told) == ["auth_error", "close"]


@pytest.mark.slow
def test_a_killed_server_loses_nothing(start: Start, aimock: Aimock) -> None:
    """Killed six times while it streams: every question it took is there, no answer is left `streaming`, and what was
    streamed can be read again up to where it was written down."""
    aimock.reset()
    aimock.answer(LONG, latency=100, chunkSize=len(WORDS[0]))
    asked = 0
    session = ""
    heads: dict[str, bytes] = {}
    for life in range(6):
        server = start()
        session = session or new_session(server)
        if life:
            kept = last_message(server, session)
            assert kept["status"] == "interrupted"
            assert LONG["content"].startswith(kept["content"])
            check_the_rest(server, session, kept, heads)
        reader = ask(server, session)
        # Longer in some lives than the streams are written down at intervals.
        head = reader.until(4 + 10 * life)
        heads[message_of(head)] = head
        asked += 1
        server.stop(signal.SIGKILL)
        reader.leave()
    server = start()
    with api(server) as client:
        found = client.get(f"{SESSIONS}/{session}").json()
        listed = client.get(SESSIONS).json()["sessions"][0]
    assert [message["role"] for message in found["messages"]] == ["user", "assistant"] * asked
    assert {message["content"] for message in found["messages"][::2]} == {"Tell me all."}
    assert {message["status"] for message in found["messages"][1::2]} == {"interrupted"}
    assert listed["total_messages"] == 2 * asked
    assert max(len(message["content"]) for message in found["messages"][1::2]) > 10 * len(WORDS[0])
    # And the session goes on.
    assert names_of(events(ask(server, session).rest()))[-2:] == ["complete", "close"]


def check_the_rest(server: Server, session: str, kept: dict[str, Any], heads: dict[str, bytes]) -> None:
    """The stream of an answer that was cut off by a kill ends with an error; the same bytes each time."""
    replayed = again(server, session, kept["id"]).rest()
    assert replayed == again(server, session, kept["id"]).rest()
    told = events(replayed)
    assert names_of(told)[-2:] == ["error", "close"]
    assert told[-2].data["code"] == "INTERRUPTED"
    tokens = [event for event in told if event.name == "token"]
    assert "".join(event.data["content"] for event in tokens) == kept["content"]
    head = heads[kept["id"]]
    common = min(len(head), replayed.find(b"event: error"))
    assert head[:common] == replayed[:common]


@pytest.mark.slow
def test_kills_between_many_sends(start: Start, aimock: Aimock) -> None:
    """Questions that were answered with 200 are there after a kill, with their answers."""
    aimock.reset()
    aimock.answer({"content": "Yes."})
    acknowledged: list[tuple[str, str]] = []
    for _life in range(3):
        server = start()
        sessions = [new_session(server) for _ in range(4)]
        stop = threading.Event()

        def keep_asking(session: str, server: Server = server, stop: threading.Event = stop) -> None:
            with api(server) as client:
                for number in range(1000):
                    if stop.is_set():
                        return
                    try:
                        sent = client.post(f"{SESSIONS}/{session}/messages", json={"message": f"Number {number}?"})
                    except httpx2.HTTPError:
                        return
                    if sent.status_code == 200:
                        acknowledged.append((session, sent.json()["message_id"]))

        with ThreadPoolExecutor(4) as pool:
            futures = [pool.submit(keep_asking, session) for session in sessions]
            before = len(acknowledged)
            eventually(True, lambda before=before: len(acknowledged) >= before + 8, 30)
            server.stop(signal.SIGKILL)
            stop.set()
            for future in futures:
                future.result(40)
    server = start()
    assert len(acknowledged) >= 24
    with api(server) as client:
        for session in {session for session, _ in acknowledged}:
            found = client.get(f"{SESSIONS}/{session}", params={"message_limit": 1000}).json()
            kept = {message["id"]: message for message in found["messages"]}
            assert all(message["status"] != "streaming" for message in kept.values())
            for owner, message in acknowledged:
                if owner == session:
                    assert (kept[message]["status"], kept[message]["content"]) == ("complete", "Yes.")


def test_the_main_job(start: Start, aimock: Aimock) -> None:
    """Upload, ask in a session over the pictures, list, search, rename, export, close."""
    server = start()
    with api(server) as client:
        ids = [
            client.post("/upload", files={"file": (f"{n}.jpg", picture(size=(40 + n, 40)))}).json()["image_id"]
            for n in range(2)
        ]
        created = client.post(SESSIONS, json={"initial_image_ids": ids, "use_all_images": False}).json()
        at = f"{SESSIONS}/{created['session_id']}"
        told = events_of(client.post(f"{at}/messages/stream", json={"message": "What is in them?"}).text)
        assert [image["image_id"] for image in told[-2].data["image_context"]] == ids
        sent = aimock.journal()[-1]["body"]["messages"]
        assert (
            sum(
                part.get("type") == "image_url" for m in sent if isinstance(m["content"], list) for part in m["content"]
            )
            == 2
        )
        assert client.get(SESSIONS, params={"search": "word059"}).json()["total_count"] == 1
        assert client.patch(f"{at}/title", json={"title": "Two pictures"}).json()["title"] == "Two pictures"
        assert "# Chat Session: Two pictures" in client.get(f"{at}/export").text
        assert client.delete(at).json()["total_messages"] == 2
