"""Videos over HTTP: uploaded, cut, found by their scenes, taken away."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_openapi3 import OpenAPI

from services.providers.local_chat import LocalChat
from tests.conftest import MakeApp, picture, services_of
from tests.inventory import take
from tests.sessions.conftest import new_session, say
from tests.videos.conftest import video

TWO = video(["astronaut", "coffee"])
CLUSTER = b"\x1f\x43\xb6\x75"
"""Begins what holds the frames of a WebM file (RFC 9559)."""
NOBODY = "00000000-0000-4000-8000-000000000000"


def send(client: FlaskClient, data: bytes = TWO, name: str = "holiday.mp4") -> Any:
    return client.post("/api/v2/videos", data={"file": (io.BytesIO(data), name)})


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Where `make_app` keeps what it is sent."""
    return tmp_path / "data"


@pytest.fixture
def app(make_app: MakeApp) -> OpenAPI:
    app = make_app(job_threads=0)
    services_of(app).start()
    return app


def test_a_video_becomes_scenes(app: OpenAPI) -> None:
    client = app.test_client()
    sent = send(client)
    assert sent.status_code == 201, sent.json
    made = sent.json
    assert (made["status"], made["scenes"], made["width"], made["height"]) == ("pending", [], 320, 240)
    services_of(app).jobs.run_pending()
    shown = client.get(f"/api/v2/videos/{made['id']}").json
    assert (shown["status"], shown["error"]) == ("ready", None)
    assert [scene["scene_index"] for scene in shown["scenes"]] == [0, 1]
    second = shown["scenes"][1]
    assert abs(second["start_ms"] - 2000) < 300
    assert client.get(second["thumbnail_url"]).mimetype == "image/jpeg"
    (listed,) = client.get("/api/v2/videos").json["videos"]
    assert made["thumbnail_url"] is None
    assert listed["thumbnail_url"] == shown["thumbnail_url"] == shown["scenes"][0]["thumbnail_url"]
    assert "#t=" in second["url"]
    whole = client.get(made["url"])
    assert (whole.data, whole.mimetype) == (TWO, "video/mp4")
    part = client.get(made["url"], headers={"Range": "bytes=0-9"})
    assert (part.status_code, part.data) == (206, TWO[:10])


def test_scenes_are_found_and_not_listed(app: OpenAPI) -> None:
    client = app.test_client()
    made = send(client, name="kitchen tour.mp4").json
    services_of(app).jobs.run_pending()
    assert client.get("/api/v2/images").json["total_count"] == 0
    assert client.get("/api/v2/chat/images/all").json["total_count"] == 0
    found = client.post("/api/v2/search/images", json={"query": "kitchen tour"}).json["results"]
    assert {hit["scene"]["video_id"] for hit in found} == {made["id"]}
    assert found[0]["scene"]["filename"] == "kitchen tour.mp4"
    frame = client.get(f"/api/v2/images/{found[0]['image_id']}").json
    assert {name: frame["scene"][name] for name in ("video_id", "start_ms", "url")} == {
        name: found[0]["scene"][name] for name in ("video_id", "start_ms", "url")
    }


def test_frames_are_put_elsewhere_only_where_they_are_spoken_of(make_app: MakeApp) -> None:
    app = make_app(LocalChat(lambda _picture: pytest.fail("no picture has to be looked at")))
    client = app.test_client()
    made = send(client, name="acme.mp4").json
    photo = client.post("/api/v2/images", data={"files": (io.BytesIO(picture()), "acme.jpg")})
    kept = photo.json["results"][0]["image"]["id"]
    services_of(app).jobs.run_pending()
    frames = {one["image_id"] for one in client.get(f"/api/v2/videos/{made['id']}").json["scenes"]}
    assert len(frames) == 2
    session = new_session(client)
    found = say(client, session, "find acme")
    assert found["result_count"] == 3, found

    def planned(question: str) -> set[str]:
        (plan,) = say(client, session, question)["pending_actions"]
        return set(plan["steps"][0]["arguments"]["image_ids"])

    assert planned("sort these into a folder Acme") == {kept}
    assert planned("sort the acme photos into a folder Acme") == {kept}
    assert planned("put the frames of the acme video into a folder Acme") == frames


def test_a_video_goes_with_all_that_belongs_to_it(app: OpenAPI, data: Path) -> None:
    client = app.test_client()
    before = take(data).rows
    files = take(data).files
    made = send(client).json
    services_of(app).jobs.run_pending()
    assert client.delete(f"/api/v2/videos/{made['id']}").status_code == 204
    assert client.get(f"/api/v2/videos/{made['id']}").status_code == 404
    assert client.delete(f"/api/v2/videos/{made['id']}").status_code == 404
    assert (take(data).rows, take(data).files) == (before, files)


def test_videos_are_listed_newest_first(app: OpenAPI) -> None:
    client = app.test_client()
    ids = [send(client, name=f"{number}.mp4").json["id"] for number in range(3)]
    page = client.get("/api/v2/videos?limit=2").json
    assert [one["id"] for one in page["videos"]] == [ids[2], ids[1]]
    assert (page["total_count"], page["has_more"]) == (3, True)


@pytest.mark.parametrize(
    ("sent", "name", "said"),
    [
        (b"hello", "a.mp4", "not an MP4 or WebM"),
        (picture(), "a.mp4", "not an MP4 or WebM"),
        (TWO, "a.webm", "its content is mp4"),
        (TWO, "a.avi", "Only mp4"),
        (TWO[:200], "a.mp4", "damaged"),
        (TWO[: TWO.index(b"mdat") + 4] + bytes(len(TWO)), "a.mp4", "damaged"),
        (b"", "a.mp4", "not an MP4 or WebM"),
    ],
)
def test_what_is_refused(app: OpenAPI, data: Path, sent: bytes, name: str, said: str) -> None:
    client = app.test_client()
    before = take(data)
    answered = send(client, sent, name)
    assert (answered.status_code, answered.json["code"]) == (422, "VALIDATION_ERROR")
    (told,) = answered.json["errors"]
    assert told["field"] == "file"
    assert said in told["message"]
    assert answered.content_type == "application/problem+json"
    assert take(data) == before


def test_one_that_cannot_be_cut_says_so(app: OpenAPI) -> None:
    """By its head it is a video, and nothing after it is a frame."""
    client = app.test_client()
    data = video(["cat"], container="webm")
    begin = data.index(CLUSTER) + len(CLUSTER)
    sent = send(client, data[:begin] + bytes(len(data) - begin), "holiday.webm")
    assert (sent.status_code, sent.json["status"]) == (201, "pending")
    services_of(app).jobs.run_pending()
    shown = client.get(f"/api/v2/videos/{sent.json['id']}").json
    assert (shown["status"], shown["error"]["code"], shown["scenes"]) == ("failed", "CORRUPT_VIDEO", [])


def test_no_file_and_unknown_ids(app: OpenAPI) -> None:
    client = app.test_client()
    assert client.post("/api/v2/videos", data={}).status_code in (415, 422)
    for path in (NOBODY, "nonsense"):
        for answered in (client.get(f"/api/v2/videos/{path}"), client.get(f"/api/v2/videos/{path}/file")):
            assert (answered.status_code, answered.json["code"]) == (404, "VIDEO_NOT_FOUND")
