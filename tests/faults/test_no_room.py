"""A disk without room, a database that another program holds: told as such, nothing half done, and over when it is
over."""

from __future__ import annotations

import io
import random
import resource
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from PIL import Image

from tests import inventory
from tests.conftest import MakeApp, picture, upload
from tests.faults.conftest import StartServer, children
from tests.mock.aimock import Aimock
from tests.routes.conftest import client_of, uploaded
from tests.server import Server
from tests.sessions.conftest import SESSIONS, names_of
from tests.sessions.test_connections import LONG, TOKEN_MS, WORDS, again, ask, events, message_of, new_session
from tests.videos.conftest import video
from tests.voice.conftest import CAT

SNAPSHOT = {"session_id": "s", "mode": "snapshot"}


@contextmanager
def no_room(server: Server) -> Iterator[None]:
    """No process of the server can make any file grow: EFBIG, which differs from a full disk's ENOSPC by name alone."""
    before = {pid: resource.prlimit(pid, resource.RLIMIT_FSIZE) for pid in children(server.process.pid)}
    for pid, (_soft, hard) in before.items():
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        for pid, limits in before.items():
            resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)


def noise(width: int = 800, height: int = 600) -> bytes:
    """A picture that does not get smaller; unless told otherwise, larger than what is kept in memory of a form."""
    buffer = io.BytesIO()
    Image.frombytes("RGB", (width, height), random.Random(1).randbytes(width * height * 3)).save(buffer, "PNG")
    return buffer.getvalue()


def send(client: httpx2.Client, session: str) -> httpx2.Response:
    return client.post(f"{SESSIONS}/{session}/messages", json={"message": "Now?"})


@pytest.mark.slow
def test_a_full_disk(start_server: StartServer, aimock: Aimock) -> None:
    aimock.answer(LONG, latency=TOKEN_MS, chunkSize=len(WORDS[0]))
    server = start_server()
    session, other = new_session(server), new_session(server)
    with client_of(server) as client:
        image = uploaded(client)
        before = inventory.take(server.data, server.temporary)
        reader = ask(server, session)
        head = reader.until(5)
        with no_room(server):
            refused = [client.post("/upload", files={"file": ("b.jpg", picture())}) for _ in range(3)]
            refused.append(send(client, other))
            assert {answer.status_code for answer in refused} == {503}, [answer.text for answer in refused]
            assert client.get(f"/images/{image}/file").status_code == 200
            seen = len(reader.bytes)
            reader.until(20)
            assert len(reader.bytes) > seen
        whole = reader.rest()
        assert names_of(events(whole))[-2:] == ["complete", "close"]
        assert again(server, session, message_of(head)).rest() == whole
        after = inventory.take(server.data, server.temporary)
        assert (after.files, after.temporary) == (before.files, before.temporary)
        assert after.rows["images"] == before.rows["images"]
        assert uploaded(client) != image
        assert send(client, other).status_code == 200
    assert inventory.rows(server.data, "SELECT id FROM messages WHERE status = 'streaming'") == []


@pytest.mark.slow
def test_every_upload_on_a_full_disk(start_server: StartServer, aimock: Aimock) -> None:
    """Small ones and those that are too large for memory, of every kind: told as such, and nothing of them stays."""
    aimock.answer({"content": "Yes."})
    server = start_server(STORAGE_URL="")
    large = noise()
    with client_of(server) as client:
        image = uploaded(client)
        drawn = client.post("/chat", json={"message": "draw a red circle"}).json()
        before = inventory.take(server.data, server.temporary)
        uploads: dict[str, dict[str, Any]] = {
            "/upload": {"files": {"file": ("b.png", large)}},
            "/api/v2/images": {"files": [("files", ("b.png", large)), ("files", ("c.jpg", picture()))]},
            "/api/v2/documents": {"files": [("files", ("a.txt", b"A word. " * 200_000, "text/plain"))]},
            "/api/v2/videos": {"files": {"file": ("a.mp4", video(("coffee",), seconds=1.0))}},
            "/api/v1/analyze": {"data": SNAPSHOT, "files": {"image": ("a.jpg", CAT)}},
            "/chat": {"json": {"message": "make it green", "conversation_id": drawn["conversation_id"]}},
            SESSIONS: {"json": {}},
        }
        with no_room(server):
            for path, sent in uploads.items():
                answer = client.post(path, **sent)
                assert answer.status_code == 503, (path, answer.status_code, answer.content[:300])
            # What can be made again is handed out although it cannot be kept.
            assert client.get(f"/images/{image}/thumbnail").status_code == 200
        after = inventory.take(server.data, server.temporary)
        assert (after.files, after.temporary) == (before.files, before.temporary)
        for table in ("images", "documents", "videos", "studio_versions"):
            assert after.rows[table] == before.rows[table]
        for path, sent in uploads.items():
            assert client.post(path, **sent).status_code < 300, path
    assert inventory.rows(server.data, "SELECT id FROM messages WHERE status = 'streaming'") == []
    assert "Traceback" not in server.log


def test_a_backup_that_does_not_fit(make_app: MakeApp, tmp_path: Path) -> None:
    """What was saved before stays as it was."""
    app = make_app()
    client = app.test_client()
    upload(client)
    file = tmp_path / "backup.tar.gz"
    run = app.test_cli_runner()
    assert run.invoke(args=["backup", str(file)]).exit_code == 0
    kept = file.read_bytes()
    # Werkzeug's test client leaves a larger form's file open.
    upload(client, noise(400, 400), "b.png")
    small = len(kept) + 10_000
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    # Room for the database's own files, but not for the backup of what has come since.
    resource.setrlimit(resource.RLIMIT_FSIZE, (max(small, 400_000), limits[1]))
    try:
        done = run.invoke(args=["backup", str(file)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert done.exit_code == 1, done.output
    assert "cannot be read or written" in done.output
    assert file.read_bytes() == kept
    assert list(tmp_path.rglob("*.part")) == []


@pytest.mark.slow
def test_a_database_that_another_program_holds(start_server: StartServer, aimock: Aimock) -> None:
    """A stream goes on all the while; questions and uploads wait, and none is lost."""
    aimock.answer(LONG, latency=TOKEN_MS, chunkSize=len(WORDS[0]))
    server = start_server(DATABASE_URL="")
    session, other = new_session(server), new_session(server)
    reader = ask(server, session)
    reader.until(3)
    with client_of(server) as client, ThreadPoolExecutor(2) as pool:
        with closing(sqlite3.connect(server.data / "assistant.db", isolation_level=None)) as held:
            held.execute("BEGIN IMMEDIATE")
            waiting = [pool.submit(send, client, other), pool.submit(uploaded, client)]
            began = time.monotonic()
            reader.until(25)
            assert time.monotonic() - began < 2.5
            assert not any(each.done() for each in waiting)
            held.execute("ROLLBACK")
        assert waiting[0].result(40).status_code == 200
        assert client.get(f"/images/{waiting[1].result(40)}").status_code == 200
    whole = reader.rest()
    assert names_of(events(whole))[-2:] == ["complete", "close"]
    assert again(server, session, message_of(whole)).rest() == whole
