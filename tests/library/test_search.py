"""Only what matches is found, the surest first, and it is said why."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import insert, update

from models.base import now
from models.media import Analysis, Image
from services.answers import caption
from services.library.keywords import keywords
from services.vision.facts import Box, Capture, Colour, DetectedObject, Facts, Label, Quality, Scene, TextLine
from services.vision.facts_json import to_json
from tests.conftest import MakeApp, picture, services_of
from tests.fakes import ScriptedModel

BOX = Box(0.1, 0.1, 0.6, 0.9)
PLAIN = Facts(
    width=64,
    height=48,
    format="JPEG",
    colours=(Colour("grey", 1.0, (128, 128, 128)),),
    quality=Quality(0.9, 0.5, 0.5, 0, 0, "sharp", "normal"),
)


def thing(name: str, confidence: float = 0.9, colour: str = "grey") -> DetectedObject:
    return DetectedObject(name, confidence, confidence > 0.5, BOX, (Colour(colour, 0.8, (0, 0, 0)),))


LIBRARY: dict[str, Facts] = {
    "red-car.jpg": replace(PLAIN, objects=(thing("car", 0.95, "red"),), scene=Scene("outdoors", True, "photo")),
    "blue-car.jpg": replace(PLAIN, objects=(thing("car", 0.8, "dark blue"),), scene=Scene("outdoors", True, "photo")),
    "pets.jpg": replace(PLAIN, objects=(thing("dog", 0.9), thing("cat", 0.7)), scene=Scene("indoors", True, "photo")),
    "two-dogs.jpg": replace(PLAIN, objects=(thing("dog", 0.9), thing("dog", 0.85))),
    "perhaps-a-person.jpg": replace(PLAIN, objects=(thing("person", 0.4),)),
    "exit.jpg": replace(PLAIN, text=(TextLine("EXIT", 0.97, True, BOX),), scene=Scene(None, False, "document")),
    "sky.jpg": replace(PLAIN, colours=(Colour("light blue", 0.7, (0, 0, 255)), Colour("white", 0.3, (255, 255, 255)))),
    "spaniel.jpg": replace(PLAIN, labels=(Label("cocker spaniel", 0.8, True),)),
    "holiday-2019.jpg": replace(PLAIN, objects=(thing("boat", 0.9),), capture=Capture("2019-07-04T10:00:00")),
}


@pytest.fixture
def client(make_app: MakeApp) -> FlaskClient:
    app = make_app(ScriptedModel("A picture."))
    client = app.test_client()
    for number, (name, facts) in enumerate(LIBRARY.items()):
        data = picture(size=(64 + 8 * number, 48))
        uploaded = client.post("/upload", data={"file": (io.BytesIO(data), name)}).json["image"]
        with services_of(app).database.write() as session:
            session.execute(
                insert(Analysis).values(
                    sha256=uploaded["sha256"], facts=to_json(facts), caption=caption(facts), keywords=keywords(facts)
                )
            )
    return client


def find(client: FlaskClient, query: str, **more: Any) -> list[str]:
    answer = client.post("/api/v2/chat/images/search", json={"query": query, **more})
    assert answer.status_code == 200, answer.json
    return [result["filename"] for result in answer.json["results"]]


FOUND = [
    ("red cars", ["red-car.jpg"]),
    ("cars", ["red-car.jpg", "blue-car.jpg"]),
    ("cars that are not red", ["blue-car.jpg"]),
    ("vehicles", ["red-car.jpg", "holiday-2019.jpg", "blue-car.jpg"]),
    ("images with dogs and cats", ["pets.jpg"]),
    ("two dogs", ["two-dogs.jpg"]),
    ("a cat or a boat", ["holiday-2019.jpg", "pets.jpg"]),
    ("people", ["perhaps-a-person.jpg"]),
    ("high confidence detections of people", []),
    ("the sign that says exit", ["exit.jpg"]),
    ("blue pictures", ["sky.jpg"]),
    ("dogs, not indoors", ["two-dogs.jpg", "spaniel.jpg"]),
    ("before 2020", ["holiday-2019.jpg"]),
    ("boats from last week", []),
    ("holiday", ["holiday-2019.jpg"]),
    ("कुत्रा", ["pets.jpg", "two-dogs.jpg", "spaniel.jpg"]),
    ("a zebra", []),
    ("xyzzy plugh", []),
    ("' OR 1=1 --", []),
    ("%", []),
]


@pytest.mark.parametrize(("query", "names"), FOUND, ids=[query for query, _ in FOUND])
def test_what_a_person_would_pick_is_found_and_nothing_else(client: FlaskClient, query: str, names: list[str]) -> None:
    assert sorted(find(client, query)) == sorted(names)


def test_the_surest_come_first_and_say_why(client: FlaskClient) -> None:
    answer = client.post("/api/v2/search/images", json={"query": "red cars or cats"}).json
    scores = [result["relevance_score"] for result in answer["results"]]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    first = answer["results"][0]
    assert (first["filename"], first["matched"], first["confidence"]) == (
        "red-car.jpg",
        ["object: car 0.95", "color: red"],
        0.95,
    )
    for name in ("thumbnail_url", "medium_url", "full_url"):
        assert client.get(first[name].removeprefix("http://localhost")).status_code == 200
    assert answer["query_interpretation"] == {
        "original_query": "red cars or cats",
        "filters_applied": ["color: red", "object: car", "object: cat"],
        "search_type": "semantic",
    }


def test_pages_hold_together(client: FlaskClient) -> None:
    whole = find(client, "without zebras")
    paged = [name for offset in range(0, 12, 4) for name in find(client, "without zebras", limit=4, offset=offset)]
    assert len(whole) == len(LIBRARY)
    assert paged == whole


def test_an_old_upload_is_not_of_last_week(make_app: MakeApp) -> None:
    app = make_app(ScriptedModel("There is a red car."))
    client = app.test_client()
    client.post("/upload", data={"file": (io.BytesIO(picture()), "a.jpg")})
    assert find(client, "red cars from last week") == ["a.jpg"]
    with services_of(app).database.write() as session:
        session.execute(update(Image).values(created_at=now() - timedelta(days=9)))
    assert find(client, "red cars from last week") == []
    assert find(client, "red cars") == ["a.jpg"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"query": ""},
        {"query": "  "},
        {"query": "x" * 501},
        {"query": 5},
        {"query": "a\x00"},
        {"query": "x", "limit": 0},
        {"query": "x", "limit": 101},
        {"query": "x", "offset": -1},
        {"query": "x", "timezone": "Mars/Olympus"},
        {"query": "x", "timezone": "../../etc/passwd"},
    ],
)
def test_bad_input_is_told(client: FlaskClient, body: dict[str, Any]) -> None:
    refused = client.post("/api/v2/chat/images/search", json=body)
    assert (refused.status_code, refused.json["code"]) == (422, "VALIDATION_ERROR")
