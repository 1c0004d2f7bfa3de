"""An S3 server that goes away and comes back: what needs it says so, what does not goes on, nothing is half-kept."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from typing import Any

import boto3
import httpx2
import pytest
from moto.server import ThreadedMotoServer
from sqlalchemy import select

from models.library import Document
from models.media import Image, Video
from services.claims import MAX_ATTEMPTS
from tests.conftest import MakeApp, picture, services_of, upload
from tests.faults.conftest import StartServer
from tests.inventory import rows
from tests.mock.aimock import Aimock
from tests.routes.conftest import client_of, uploaded
from tests.sessions.conftest import SESSIONS
from tests.videos.conftest import video
from tests.voice.conftest import CAT

ANSWER = "A small red picture."
LONGEST_S = 15.0
"""Within which everything is answered while the store is away."""
SNAPSHOT = {"session_id": "s", "mode": "snapshot"}
TEXT = "The harbour was dredged, and its lighthouse was painted anew. " * 20


class Bucket:
    """An S3 server of this test's own, which keeps what it has while it is away."""

    def __init__(self) -> None:
        self._server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
        self._server.start()
        host, self._port = self._server.get_host_and_port()
        self.endpoint = f"http://{host}:{self._port}"
        self.client = boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id="key",
            aws_secret_access_key="secret",
        )
        self.client.create_bucket(Bucket="own")

    def settings(self) -> dict[str, str]:
        return {
            "STORAGE_URL": "s3://own/media",
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
        }

    def leave(self) -> None:
        self._server.stop()

    def come_back(self) -> None:
        self._server = ThreadedMotoServer("127.0.0.1", self._port, verbose=False)
        self._server.start()

    def objects(self) -> set[str]:
        return {found["Key"] for found in self.client.list_objects_v2(Bucket="own").get("Contents", ())}


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    made = Bucket()
    yield made
    made.leave()
    made.client.close()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_it_goes_and_comes_back(start_server: StartServer, aimock: Aimock, bucket: Bucket) -> None:
    aimock.answer({"content": ANSWER})
    server = start_server(**bucket.settings())
    with client_of(server) as client:
        image, other = uploaded(client), uploaded(client, picture(colour="blue"), "b.jpg")
        unseen = client.post("/api/v2/images", files=[("files", ("c.jpg", picture(colour="green")))])
        unseen_id = unseen.json()["results"][0]["image"]["id"]
        session = client.post(SESSIONS, json={"use_all_images": False}).json()["session_id"]
        drawn = client.post("/chat", json={"message": "draw a red circle"}).json()
        before = bucket.objects()
        bucket.leave()

        def asked(method: str, path: str, **what: Any) -> httpx2.Response:
            began = time.monotonic()
            answer = client.request(method, path, **what)
            assert time.monotonic() - began < LONGEST_S, path
            return answer

        def refused(method: str, path: str, **what: Any) -> None:
            answer = asked(method, path, **what)
            body = answer.json()
            assert answer.status_code == 503, (path, body)
            assert int(answer.headers["Retry-After"]) > 0
            assert (body["code"] if "code" in body else body["error"]["code"]).lower() == "storage_unavailable"

        upload = {"files": {"file": ("c.jpg", picture())}, "headers": {"Idempotency-Key": "one"}}
        refused("POST", "/upload", **upload)
        refused("POST", "/api/v2/images", files=[("files", ("c.jpg", picture())), ("files", ("d.jpg", picture()))])
        refused("POST", "/api/v2/documents", files=[("files", ("a.txt", TEXT.encode(), "text/plain"))])
        refused("POST", "/chat", json={"message": "draw a blue circle"})
        refused("POST", "/chat", json={"message": "make it green", "conversation_id": drawn["conversation_id"]})
        refused("GET", f"/images/{image}/file")
        refused("GET", f"/images/{image}/thumbnail")
        refused("POST", f"/chat/{unseen_id}", json={"question": "Lost?"})
        refused("POST", f"/chat-stream/{unseen_id}", json={"question": "Lost too?"})
        spoken = asked("POST", "/api/v1/analyze", data=SNAPSHOT, files={"image": ("a.jpg", CAT)})
        assert (spoken.status_code, spoken.headers["content-type"]) == (503, "audio/mpeg")
        assert spoken.headers["X-Error-Type"] == "StorageUnavailable"
        assert int(spoken.headers["Retry-After"]) > 0
        # What needs no file, or has it at hand, goes on.
        assert asked("GET", f"/images/{image}").status_code == 200
        assert asked("POST", f"/chat/{image}", json={"question": "What?"}).status_code == 200
        assert asked("POST", f"{SESSIONS}/{session}/messages", json={"message": "Hello?"}).status_code == 200
        assert asked("DELETE", f"/images/{other}").status_code == 204
        assert asked("GET", f"/images/{other}").status_code == 404

        bucket.come_back()
        gone = {key for key in before if other in key}
        assert len(gone) >= 1
        assert bucket.objects() == before, "something was half-kept"
        sent = asked("POST", "/upload", **upload)
        assert sent.status_code == 201
        assert asked("POST", "/upload", **upload).json() == sent.json()
        assert asked("GET", f"/images/{image}/file").content == picture()
        assert asked("POST", f"/chat/{unseen_id}", json={"question": "Back?"}).status_code == 200
        kept = asked("GET", f"/images/{unseen_id}/messages").json()["messages"]
        assert [(message["content"], message["status"]) for message in kept if message["role"] == "user"] == [
            ("Lost?", "unanswered"),
            ("Lost too?", "unanswered"),
            ("Back?", "sent"),
        ]
    assert rows(server.data, "SELECT id FROM messages WHERE status = 'streaming'") == []
    assert "Traceback" not in server.log


@pytest.mark.slow
def test_what_is_done_behind_the_requests_waits_for_it(make_app: MakeApp, bucket: Bucket) -> None:
    """However long it is away, nobody takes the files for unreadable."""
    app = make_app(**{name.lower(): value for name, value in bucket.settings().items()})
    client, services = app.test_client(), services_of(app)
    client.post("/api/v2/images", data={"files": (io.BytesIO(picture()), "a.jpg")})
    client.post("/api/v2/documents", data={"files": (io.BytesIO(TEXT.encode()), "a.txt")})
    client.post("/api/v2/videos", data={"file": (io.BytesIO(video(("coffee",), seconds=1.0)), "a.mp4")})

    def standing() -> set[tuple[str, int]]:
        asked = (
            select(Image.analysis_status, Image.analysis_attempts),
            select(Document.status, Document.attempts),
            select(Video.status, Video.attempts),
        )
        with services.database.read() as work:
            return {(status, attempts) for each in asked for status, attempts in work.execute(each)}

    assert standing() == {("pending", 0)}
    bucket.leave()
    for _ in range(MAX_ATTEMPTS + 1):
        services.jobs.run_pending()
    assert standing() == {("pending", 0)}
    bucket.come_back()
    services.jobs.run_pending()
    assert standing() == {("ready", 1)}


def test_files_of_what_was_deleted_meanwhile_are_swept(make_app: MakeApp, bucket: Bucket) -> None:
    app = make_app(**{name.lower(): value for name, value in bucket.settings().items()})
    client, services = app.test_client(), services_of(app)
    kept, gone = upload(client), upload(client, picture(colour="blue"))
    bucket.leave()
    assert client.delete(f"/images/{gone}").status_code == 204
    bucket.come_back()
    assert any(gone in key for key in bucket.objects())
    services.images.sweep(older_than_s=0)
    assert not any(gone in key for key in bucket.objects())
    assert any(kept in key for key in bucket.objects())
