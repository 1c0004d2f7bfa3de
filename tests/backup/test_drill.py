"""The restore drill: everything that was made is there again, on the same database, on the other, and back."""

from __future__ import annotations

import gzip
import io
import json
import os
import socket
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_openapi3 import OpenAPI
from sqlalchemy import delete, insert, select, update

from models.base import LOCAL_OWNER, Base, new_id, now
from models.chats import Message
from models.library import Document, DocumentChunk, Embedding, Folder
from models.media import Image, ImageWords
from models.workers import Worker
from services import migrations
from services.backup import archive, saving
from services.session_search import TRIGRAM
from tests import hosts
from tests.conftest import MakeApp, picture, services_of, upload

Where = Callable[[str], dict[str, Any]]
SAID = "Wie heißt das ÄRGERNIS? 100%_x 'q\""


@pytest.fixture
def where(tmp_path: Path) -> Where:
    """Settings of a server that keeps everything in a folder, or on hosts; a new empty place each time."""

    def settings(kind: str) -> dict[str, Any]:
        folder = tmp_path / new_id()
        if kind == "folder":
            return {"data_dir": folder, "database_url": None, "storage_url": None, "redis_url": None}
        return {
            "data_dir": folder,
            "database_url": hosts.postgres().fresh(migrated=False),
            "storage_url": hosts.bucket().fresh(),
            **hosts.bucket().access,
            "redis_url": None,
        }

    return settings


def fill(app: OpenAPI) -> FlaskClient:
    """Something in as many tables as can be: pictures, sessions, keys, kept answers, folders inside folders."""
    client = app.test_client()
    image_id = upload(client, picture(colour="blue"), "blau é.jpg")
    client.post(f"/chat/{image_id}", json={"question": SAID}, headers={"Idempotency-Key": "one"})
    made = client.post("/api/v2/chat/sessions", json={"title": "Größe", "initial_image_ids": [image_id]}).json
    session = f"/api/v2/chat/sessions/{made['session_id']}"
    assert client.post(f"{session}/messages", json={"message": SAID}).status_code == 200
    client.post("/chat", json={"message": "draw a red circle"})
    services = services_of(app)
    services.accounts.create("phone", None, 5)
    inner, outer, document, chunk = (new_id() for _ in range(4))
    with services.database.write() as work:
        owner = {"owner_id": LOCAL_OWNER}
        # The one inside is older: it was moved.
        work.execute(insert(Folder).values(id=outer, name="outer", place="/outer", **owner))
        work.execute(insert(Folder).values(id=inner, name="inner", place=f"{outer}/inner", parent_id=outer, **owner))
        work.execute(update(Image).values(folder_id=inner, latitude=18.52, longitude=73.85))
        about = {"filename": "a.txt", "kind": "text", "mime_type": "text/plain", "size_bytes": 3, "sha256": "x"}
        work.execute(insert(Document).values(id=document, storage_key="documents/x", status="ready", **about, **owner))
        place = {"document_id": document, "page": 1, "position": 0, "start": 0, "end": 9, "heading": "Über"}
        work.execute(insert(DocumentChunk).values(number=41, id=chunk, text="beams and joints", **place, **owner))
        if work.execute(select(ImageWords.number)).first() is None:
            work.execute(insert(ImageWords).values(image_id=image_id, words="a blue picture", **owner))
        vector = {"kind": "image", "item_id": image_id, "model": "m", "vector": b"\x00\xff" * 4}
        work.execute(insert(Embedding).values(**vector, **owner))
    return client


def rows(app: OpenAPI) -> dict[str, list[Any]]:
    """Every row of every table that is kept; of sessions not their numbers, which are the index's own."""
    with services_of(app).database.read() as session:
        found = {}
        for table in Base.metadata.sorted_tables:
            columns = [column for column in table.columns if column.name != "search_number"]
            kept = session.execute(select(*columns)).mappings().all()
            found[table.name] = sorted((json.dumps(dict(row), default=repr, sort_keys=True) for row in kept), key=str)
    return {name: each for name, each in found.items() if name not in archive.NOT_KEPT}


def files(app: OpenAPI) -> dict[str, bytes]:
    store = services_of(app).store
    return {key: store.get(key) for key in store.keys("")}


def run(app: OpenAPI, *arguments: str) -> tuple[int, str]:
    done = app.test_cli_runner().invoke(args=list(arguments), catch_exceptions=False)
    return done.exit_code, done.output


def found(client: FlaskClient, search: str) -> int:
    return int(client.get("/api/v2/chat/sessions", query_string={"search": search}).json["total_count"])


@pytest.mark.parametrize(
    "way", [("folder", "folder"), ("folder", "hosts", "folder"), ("hosts", "hosts")], ids=" to ".join
)
def test_everything_is_there_again(make_app: MakeApp, where: Where, tmp_path: Path, way: tuple[str, ...]) -> None:
    app = make_app(**where(way[0]))
    client = fill(app)
    before, kept = rows(app), files(app)
    assert len([name for name, each in before.items() if each]) >= 14
    assert len(kept) >= 3
    services_of(app).stop()
    for number, kind in enumerate(way[1:]):
        file = tmp_path / f"{number}.tar.gz"
        code, said = run(app, "backup", str(file))
        assert code == 0, said
        app = make_app(**where(kind))
        code, said = run(app, "restore", str(file))
        assert code == 0, said
        assert rows(app) == before
        assert files(app) == kept
        client = app.test_client()
        for search in ("ärgernis", "GRÖSSE"[:TRIGRAM], "100%_X 'Q", "größe", "ä"):
            assert found(client, search) == 1, search
        assert found(client, "nothing like it") == 0
        begun = client.post("/api/v2/chat/sessions", json={"title": "Another"})
        assert begun.status_code == 201
        assert client.delete(f"/api/v2/chat/sessions/{begun.json['session_id']}").status_code == 200
        with services_of(app).database.write() as work:
            # Counted on from the highest, not from one.
            work.execute(insert(ImageWords).values(image_id=more(work), owner_id=LOCAL_OWNER, words="w"))
        before, kept = rows(app), files(app)
        services_of(app).stop()


def more(work: Any) -> str:
    image = work.execute(select(Image)).scalars().first()
    values = {column.key: getattr(image, column.key) for column in Image.__table__.columns}
    values["id"] = new_id()
    work.execute(insert(Image).values(**values))
    return str(values["id"])


@pytest.fixture
def saved(make_app: MakeApp, where: Where, tmp_path: Path) -> Path:
    app = make_app(**where("folder"))
    upload(app.test_client())
    services_of(app).stop()
    file = tmp_path / "backup.tar.gz"
    assert run(app, "backup", str(file))[0] == 0
    return file


def rewritten(file: Path, change: Callable[[str, bytes], bytes | None]) -> Path:
    """The same backup with its members changed, or left out."""
    out = io.BytesIO()
    with tarfile.open(file) as old, tarfile.open(fileobj=out, mode="w:gz") as new:
        for member in old:
            content = old.extractfile(member)
            assert content is not None
            data = change(member.name, content.read())
            if data is not None:
                member.size = len(data)
                new.addfile(member, io.BytesIO(data))
    file.write_bytes(out.getvalue())
    return file


def newer(name: str, data: bytes) -> bytes:
    return data.replace(b'"revision": "0', b'"revision": "9') if name == "head.json" else data


def spoilt(name: str, data: bytes) -> bytes:
    return data[:-1] + b"?" if name.startswith("media/") else data


def cut(file: Path) -> Path:
    file.write_bytes(file.read_bytes()[:-200])
    return file


def flipped(file: Path) -> Path:
    data = bytearray(gzip.decompress(file.read_bytes()))
    data[len(data) // 2] ^= 1
    file.write_bytes(gzip.compress(bytes(data)))
    return file


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (cut, "cannot be read"),
        (flipped, "The backup is "),
        (lambda file: rewritten(file, spoilt), "damaged"),
        (lambda file: rewritten(file, lambda name, data: None if "manifest" in name else data), "not whole"),
        (lambda file: rewritten(file, lambda name, data: None if "messages" in name else data), "damaged"),
        (lambda file: Path(str(file.write_bytes(b"no backup at all") and file)), "cannot be read"),
    ],
    ids=["cut", "a bit flipped", "a file changed", "its end missing", "a table missing", "something else"],
)
def test_what_is_not_whole_is_refused(
    make_app: MakeApp, where: Where, saved: Path, spoil: Callable[[Path], Path], words: str
) -> None:
    app = make_app(**where("folder"))
    code, said = run(app, "restore", str(spoil(saved)))
    assert code == 1
    assert words in said
    assert migrations.current(services_of(app).database) is None
    assert files(app) == {}


def test_a_newer_versions_backup_is_refused(make_app: MakeApp, where: Where, saved: Path) -> None:
    digests: dict[str, str] = {}

    def change(name: str, data: bytes) -> bytes:
        data = newer(name, data)
        if name == archive.MANIFEST:
            return json.dumps({"sha256": digests}).encode()
        digests[name] = archive.digest_of(io.BytesIO(data))
        return data

    code, said = run(make_app(**where("folder")), "restore", str(rewritten(saved, change)))
    assert code == 1
    assert "newer version" in said


@pytest.mark.parametrize("kind", ["folder", "hosts"])
def test_what_is_there_is_not_overwritten_unasked(make_app: MakeApp, where: Where, saved: Path, kind: str) -> None:
    app = make_app(**where(kind))
    image_id = upload(app.test_client())
    another = {"id": "another", "host": socket.gethostname(), "pid": os.getppid(), "seen_at": now()}
    with services_of(app).database.write() as session:
        session.execute(insert(Worker).values(another))
    code, said = run(app, "restore", str(saved), "--force")
    assert code == 1
    assert "running on this database" in said
    with services_of(app).database.write() as session:
        session.execute(delete(Worker).where(Worker.id == "another"))
    services_of(app).stop()
    for arguments in ((), ("--force",)):
        code, said = run(app, "restore", str(saved), *arguments)
        assert code == (0 if arguments else 1), said
        assert bool(arguments) or "not empty" in said
    with services_of(app).database.read() as session:
        images = session.execute(select(Image.id)).scalars().all()
    assert len(images) == 1
    assert image_id not in images
    assert len(files(app)) >= 1
    assert all(image_id not in key for key in files(app))


def test_a_backup_is_of_one_moment(make_app: MakeApp, where: Where, tmp_path: Path) -> None:
    """Rows written while it is made are not half in it."""
    app = make_app(**where("hosts"))
    services = services_of(app)
    client = app.test_client()
    upload(client)

    class Slow:
        """A store that lets somebody write when it is asked for its files."""

        def __getattr__(self, name: str) -> Any:
            return getattr(services.store, name)

        def get(self, key: str) -> bytes:
            upload(client, picture(colour="green"))
            return services.store.get(key)

    saving.save(services.database, Slow(), tmp_path / "b.tar.gz")
    names = [name for name, _content in archive.members(tmp_path / "b.tar.gz")]
    assert names[0] == archive.HEAD
    assert names[-1] == archive.MANIFEST
    assert archive.verified(tmp_path / "b.tar.gz").revision == migrations.newest()
    with services.database.read() as session:
        assert session.execute(select(Worker.id)).first() is not None
        there = len(session.execute(select(Message.id)).all())
    (lines,) = [
        len(content.read().splitlines())
        for name, content in archive.members(tmp_path / "b.tar.gz")
        if name == "tables/messages.jsonl"
    ]
    assert 0 < lines < there
    assert not any(archive.TABLES + name in text for name in archive.NOT_KEPT for text in names)


def test_the_file_appears_whole_or_not_at_all(make_app: MakeApp, where: Where, tmp_path: Path) -> None:
    app = make_app(**where("folder"))
    code, said = run(app, "backup", str(tmp_path / "b.tar.gz"))
    assert code == 1
    assert "flask db upgrade" in said
    upload(app.test_client())
    code, said = run(app, "backup", str(tmp_path / "nowhere" / "b.tar.gz"))
    assert code == 1
    assert "Traceback" not in said
    assert not list(tmp_path.rglob("*.part"))
