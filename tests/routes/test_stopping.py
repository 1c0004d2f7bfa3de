"""Stopping in the middle of an answer, gently and not, and what the next start finds."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from config import ROOT
from tests import inventory
from tests.conftest import picture
from tests.mock.aimock import Aimock
from tests.routes.conftest import ANSWER, StartServer, client_of, uploaded
from tests.routes.test_sockets import form, part, post
from tests.routes.test_stream import ask_raw, frames_of, read_until
from tests.server import Server

WORDS = "one two three four five six seven eight nine ten "


def begin(server: Server, mock: Aimock, times: int, latency_ms: int) -> tuple[str, socket.socket, bytes]:
    """Upload a picture, ask for a slow stream, and read its first words: id, connection, what was read."""
    mock.answer({"content": ANSWER})
    with client_of(server) as api:
        image_id = uploaded(api)
    mock.reset()
    mock.answer({"content": WORDS * times}, latency=latency_ms, chunkSize=10)
    connection = ask_raw(server, image_id)
    return image_id, connection, read_until(connection, b"two")


def rest_of(connection: socket.socket) -> bytes:
    seen = b""
    while more := connection.recv(65536):
        seen += more
    return seen


def unchunked(response: bytes) -> str:
    """The body of a chunked response."""
    body, left = b"", response.partition(b"\r\n\r\n")[2]
    while left:
        size, _, left = left.partition(b"\r\n")
        body, left = body + left[: int(size, 16)], left[int(size, 16) + 2 :]
    return body.decode()


def messages(data: Path) -> list[tuple[str, str, str]]:
    return inventory.rows(data, "SELECT role, status, content FROM messages ORDER BY created_at, seq")


def workers(data: Path) -> int:
    return int(inventory.rows(data, "SELECT count(*) FROM workers")[0][0])


@pytest.mark.parametrize("terminal", [False, True], ids=["main process", "whole terminal"])
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT], ids=lambda how: how.name)
def test_a_gentle_stop_lets_a_stream_finish(
    start_server: StartServer, aimock: Aimock, how: signal.Signals, terminal: bool
) -> None:
    server = start_server()
    _, connection, seen = begin(server, aimock, times=3, latency_ms=150)
    with connection:
        began = time.monotonic()
        assert server.stop(how, terminal=terminal) == 0
        assert time.monotonic() - began < 15
        text = unchunked(seen + rest_of(connection))
    frames = frames_of(text)
    assert frames[-1] == "[DONE]"
    assert "".join(frame["choices"][0]["delta"].get("content", "") for frame in frames[:-1]) == WORDS * 3
    assert messages(server.data)[-1] == ("assistant", "complete", WORDS * 3)
    assert workers(server.data) == 0
    assert "Traceback" not in server.log


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT], ids=lambda how: how.name)
def test_a_stream_that_will_not_end_is_marked(start_server: StartServer, aimock: Aimock, how: signal.Signals) -> None:
    server = start_server()
    _, connection, seen = begin(server, aimock, times=60, latency_ms=200)
    with connection:
        connection.settimeout(40)
        began = time.monotonic()
        assert server.stop(how, terminal=True) == 0
        assert time.monotonic() - began < 30
        frames = frames_of(unchunked(seen + rest_of(connection)))
    assert frames[-1]["error"]["code"] == "interrupted"
    role, status, content = messages(server.data)[-1]
    assert (role, status) == ("assistant", "interrupted")
    said = "".join(frame["choices"][0]["delta"].get("content", "") for frame in frames[:-1])
    assert content == said
    assert len(content) > 100
    assert workers(server.data) == 0


@pytest.mark.slow(hosts=True)
def test_a_killed_server_settles_at_its_next_start(start_server: StartServer, aimock: Aimock) -> None:
    server = start_server()
    image_id, connection, _ = begin(server, aimock, times=60, latency_ms=50)
    with connection:
        inventory.eventually(True, lambda: bool(messages(server.data)[-1][2]), within_s=15)
        server.stop(signal.SIGKILL)
    role, status, kept = messages(server.data)[-1]
    assert (role, status) == ("assistant", "streaming")

    again = start_server()
    with client_of(again) as api:
        assert api.get("/healthz").status_code == 200
    assert messages(again.data)[-1] == ("assistant", "interrupted", kept)
    assert kept
    assert (WORDS * 60).startswith(kept)
    assert workers(again.data) == 1
    aimock.reset()
    aimock.answer({"content": "Gladly."})
    with client_of(again) as api:
        assert api.post(f"/chat/{image_id}", json={"question": "Go on."}).status_code == 200
        heard = [message["content"] for message in aimock.journal()[-1]["body"]["messages"]]
        assert kept in heard
        listed = api.get(f"/images/{image_id}/messages").json()["messages"]
    assert [message["status"] for message in listed] == ["sent", "complete", "sent", "interrupted", "sent", "complete"]


@pytest.mark.slow(hosts=True)
def test_a_kill_during_an_upload_leaves_no_half_of_it(start_server: StartServer, aimock: Aimock) -> None:
    """A file whose row never came is swept; one whose analysis was cut short is kept."""
    server = start_server(STORAGE_URL="")
    orphan = server.data / "media" / "images" / "ab" / "abandoned" / "original.jpg"
    orphan.parent.mkdir(parents=True)
    orphan.write_bytes(b"half an upload")
    half = orphan.with_name(".new-half")
    half.write_bytes(b"less than half")
    long_ago = time.time() - 3600
    os.utime(orphan, (long_ago, long_ago))
    os.utime(half, (long_ago, long_ago))
    aimock.answer({"content": WORDS * 60}, latency=100, chunkSize=10)
    with socket.create_connection(server.address, timeout=20) as connection:
        connection.sendall(post(form(part(picture()))))
        inventory.eventually(True, lambda: bool(aimock.journal()) or len(messages(server.data)) == 2)
        server.stop(signal.SIGKILL)
    again = start_server(STORAGE_URL="")
    inventory.eventually(False, orphan.parent.exists)
    with client_of(again) as api:
        (image_id,) = [path.parent.name for path in (again.data / "media").rglob("original.*")]
        assert api.get(f"/images/{image_id}").status_code == 200
        assert [message["status"] for message in api.get(f"/images/{image_id}/messages").json()["messages"]] == [
            "sent",
            "interrupted",
        ]


@pytest.mark.slow(hosts=True)
def test_several_processes_share_one_folder(start_server: StartServer, aimock: Aimock) -> None:
    """Two workers, one database: no answer is lost, none is settled by the wrong one, and both sign out."""
    server = start_server(WORKERS="2")
    aimock.answer({"content": ANSWER})
    with client_of(server) as api:
        image_id = uploaded(api)
    for number in range(20):
        with client_of(server) as api:  # a new connection may reach the other process
            assert api.post(f"/chat/{image_id}", json={"question": f"{number}?"}).status_code == 200
    with client_of(server) as api:
        kept = api.get(f"/images/{image_id}/messages").json()["messages"]
    assert [message["content"] for message in kept[2::2]] == [f"{number}?" for number in range(20)]
    assert {message["status"] for message in kept} == {"sent", "complete"}
    assert server.stop() == 0
    assert workers(server.data) == 0


@pytest.mark.parametrize(
    ("setting", "value"),
    [("PORT", "nonsense"), ("VISION_PROVIDER", "gemini"), ("AUTH_REQUIRED", "perhaps"), ("DATABASE_URL", "mysql://x")],
)
def test_a_bad_setting_stops_the_start_with_one_line(tmp_path: Path, setting: str, value: str) -> None:
    with pytest.raises(RuntimeError) as raised:
        Server(tmp_path, **{setting: value})
    said = str(raised.value).removeprefix("the server did not start: ").strip()
    assert len(said.splitlines()) == 1
    assert setting in said
    assert value in said or setting == "DATABASE_URL"
    assert "takes" in said


def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(RuntimeError) as raised:
        Server(
            tmp_path,
            PORT=str(taken.getsockname()[1]),
            VISION_PROVIDER="openai",
            OPENAI_BASE_URL="http://127.0.0.1:9/v1",
        )
    assert "in use" in str(raised.value).lower()
    assert "Traceback" not in str(raised.value)


def test_the_first_start_makes_its_folder_and_its_tables(start_server: StartServer, tmp_path: Path) -> None:
    folder = tmp_path / "not" / "yet"
    with client_of(start_server(DATA_DIR=str(folder))) as api:
        image_id = uploaded(api)
        assert api.get("/api/v2/images").json()["images"][0]["id"] == image_id
    assert folder.is_dir()


def test_an_open_server_without_keys_warns(start_server: StartServer) -> None:
    server = start_server(HOST="0.0.0.0")  # noqa: S104 - what is being warned of
    assert "AUTH_REQUIRED is off" in server.log
    assert "AUTH_REQUIRED" not in start_server().log


def test_every_line_of_the_log_is_json(start_server: StartServer, aimock: Aimock) -> None:
    server = start_server()
    server.stop()
    assert all(json.loads(line)["level"] for line in server.log.splitlines())


TOLD_AT_ONCE = """
import logging, os, signal, sys
from pathlib import Path
from app import create_app
from config import Settings
from routes import errors
from services.serving import Server

class Told(Server):
    def load_config(self):
        super().load_config()
        self.cfg.set("post_fork", told)

def told(_arbiter, worker):
    if worker.age == 1:
        os.kill(os.getpid(), signal.SIGTERM)

logging.basicConfig(level=logging.INFO)
settings = Settings(data_dir=Path(sys.argv[1]), port=0, fetch_models=False, job_threads=0)
Told(settings, lambda: create_app(settings), errors.refusal).run()
"""


def test_a_worker_that_is_told_to_stop_before_it_listens(tmp_path: Path) -> None:
    """The main process may say so as soon as it has begun it."""
    said = tmp_path / "log"
    with said.open("w") as log:
        command = [sys.executable, "-c", TOLD_AT_ONCE, str(tmp_path / "data")]
        server = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
    try:
        inventory.eventually(True, lambda: "Booting worker" in said.read_text(), 30)
        # The first has ended, and another has taken its place.
        inventory.eventually(2, lambda: said.read_text().count("Booting worker"), 15)
    finally:
        server.terminate()
        assert server.wait(30) == 0
