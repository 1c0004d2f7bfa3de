"""Only what matches is found, the surest first, and it is said why."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient
from flask_openapi3 import OpenAPI
from sqlalchemy import insert, update

from app import create_app
from config import Settings
from models.base import LOCAL_OWNER, now
from models.media import Analysis, Image
from services.answers import caption
from services.errors import ProviderUnavailable
from services.library.image_index import ImageIndex
from services.library.keywords import keywords
from services.library.search import ImageSearch
from services.meaning.base import Rows
from services.vision.facts import Box, Capture, Colour, DetectedObject, Facts, Label, Quality, Scene, TextLine
from services.vision.facts_json import to_json
from tests import hosts
from tests.conftest import MakeApp, picture, services_of, upload
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


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenAPI]:
    data = tmp_path_factory.mktemp("search")
    settings = {"data_dir": data, "fetch_models": False, "job_threads": 0} | hosts.settings(data)
    app = create_app(Settings(**settings), ScriptedModel("A picture."))
    client = app.test_client()
    for number, (name, facts) in enumerate(LIBRARY.items()):
        uploaded = client.post("/upload", data={"file": (io.BytesIO(picture(size=(64 + 8 * number, 48))), name)})
        measured(app, uploaded.json["image"]["sha256"], facts)
        services_of(app).image_index.update(LOCAL_OWNER, uploaded.json["image_id"])
    yield app
    services_of(app).stop()


@pytest.fixture(scope="module")
def client(app: OpenAPI) -> FlaskClient:
    return app.test_client()


def measured(app: OpenAPI, sha256: str, facts: Facts) -> None:
    with services_of(app).database.write() as session:
        session.execute(
            insert(Analysis).values(
                sha256=sha256, facts=to_json(facts), caption=caption(facts), keywords=keywords(facts)
            )
        )


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
    ("cats and boats", ["pets.jpg", "holiday-2019.jpg"]),
    ("a cat and a boat", []),
    ("cats and boats together", []),
    ("grey photos", [name for name in LIBRARY if name != "sky.jpg"]),
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
    ("red or blue cars", ["red-car.jpg", "blue-car.jpg"]),
    ("dogs and cats or boats", ["pets.jpg", "holiday-2019.jpg"]),
    ("at least two dogs", ["two-dogs.jpg"]),
    ("cars above 0.9", ["red-car.jpg"]),
    ("cars under 90 percent", ["blue-car.jpg"]),
    ("low confidence detections of people", ["perhaps-a-person.jpg"]),
    ("cars outdoors or indoors", ["red-car.jpg", "blue-car.jpg"]),
    ("documents", ["exit.jpg"]),
    ("photos with text", ["exit.jpg"]),
    ("in july 2019", ["holiday-2019.jpg"]),
    ("animals but not cats", ["two-dogs.jpg", "spaniel.jpg"]),
    ("cars or dogs without cats", ["red-car.jpg", "blue-car.jpg", "two-dogs.jpg", "spaniel.jpg"]),
    ("बिना बिल्ली के कुत्ते", ["two-dogs.jpg", "spaniel.jpg"]),
    ("लाल गाड़ी", ["red-car.jpg"]),
    ("निळी गाडी", ["blue-car.jpg"]),
    ("2020 से पहले", ["holiday-2019.jpg"]),
    ("larger than 10 MB", []),
    ("wider than 120 pixels", ["spaniel.jpg", "holiday-2019.jpg"]),
    ("spaniels", ["spaniel.jpg"]),
    ("in the folder Nowhere", []),
    ("the sign that says existence", []),
    ("a zebra", []),
    ("xyzzy plugh", []),
    ("' OR 1=1 --", []),
    ("%", []),
    ("_", []),
    ("*", []),
    ("exi*", []),
    ("NEAR(exit, 5)", ["exit.jpg"]),
    ('"', []),
    ('""" OR image_text', ["exit.jpg"]),
    ("words:exit^2 - +", ["exit.jpg"]),
    ("😀🚗", []),
    ("ॐ", []),
    ("(((((", []),
    ("not not not", []),
    ("large pictures", []),
    ("\\", []),
    ("x", []),
    ("q" * 500, []),
    ("wq zx " * 83, []),
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


def test_what_has_a_part_alone_says_what_is_missing(client: FlaskClient) -> None:
    answer = client.post("/api/v2/search/images", json={"query": "cats and boats"}).json
    assert answer["query_interpretation"]["filters_applied"] == ["object: cat", "object: boat"]
    said = {result["filename"]: result["matched"] for result in answer["results"]}
    assert said == {
        "holiday-2019.jpg": ["object: boat 0.90", "missing: cat"],
        "pets.jpg": ["object: cat 0.70", "missing: boat"],
    }
    alone = client.post("/api/v2/search/images", json={"query": "cats"}).json["results"][0]
    assert answer["results"][-1]["relevance_score"] < alone["relevance_score"]


def test_pages_hold_together(client: FlaskClient) -> None:
    whole = find(client, "without zebras")
    paged = [name for offset in range(0, 12, 4) for name in find(client, "without zebras", limit=4, offset=offset)]
    assert len(whole) == len(LIBRARY)
    assert paged == whole


def test_each_way_to_search_can_be_asked_for(client: FlaskClient) -> None:
    def asked(query: str, **more: Any) -> tuple[str, list[str]]:
        answer = client.post("/api/v2/search/images", json={"query": query, **more}).json
        names = [result["filename"] for result in answer["results"]]
        return answer["query_interpretation"]["search_type"], names

    assert asked("red cars") == ("semantic", ["red-car.jpg"])
    assert asked("holiday") == ("hybrid", ["holiday-2019.jpg"])
    assert asked("holiday", search_type="keyword") == ("keyword", ["holiday-2019.jpg"])
    assert asked("canine companions", search_type="keyword") == ("keyword", [])
    assert asked("vacation", search_type="semantic")[0] == "semantic"
    refused = client.post("/api/v2/search/images", json={"query": "x", "search_type": "magic"})
    assert refused.status_code == 422


def test_beyond_the_end_there_is_nothing(client: FlaskClient) -> None:
    answer = client.post("/api/v2/search/images", json={"query": "cars", "offset": 1000}).json
    assert (answer["results"], answer["total_count"]) == ([], 2)


def test_what_another_owner_has_is_not_found(app: OpenAPI) -> None:
    for query, names in FOUND:
        if names:
            assert services_of(app).image_search.match("another", query, now()).matches == ()


def test_what_waits_to_be_analysed_is_found_by_its_name_and_title(make_app: MakeApp) -> None:
    app = make_app(ScriptedModel("A picture."))
    client = app.test_client()
    image_id = upload(client, name="grandmother.jpg")
    assert find(client, "grandmother") == ["grandmother.jpg"]
    with services_of(app).database.write() as session:
        session.execute(update(Image).values(title="दादी का जन्मदिन", description="Our garden in Pune"))
    for query in ("जन्मदिन", "Pune", "garden in Pune"):
        assert find(client, query) == ["grandmother.jpg"], query
    client.delete(f"/images/{image_id}")
    assert find(client, "grandmother") == [] or client.get(f"/images/{image_id}").status_code == 200


def test_a_meaning_follows_where_it_could_not_be_made_at_once(make_app: MakeApp) -> None:
    app = make_app(ScriptedModel("A picture."))
    client = app.test_client()
    image_id = upload(client, name="IMG_1.jpg")
    services = services_of(app)
    with services.database.write() as session:
        session.execute(update(Image).values(title="Sunset at the beach", analysis_status="ready"))
    services.image_index.catch_up(LOCAL_OWNER)
    away = ImageIndex(services.database, Away(), services.image_index.vectors)
    away.update(LOCAL_OWNER, image_id)
    found = ImageSearch(services.database, away).match(LOCAL_OWNER, "sunset", now())
    assert (found.search_type, len(found.matches)) == ("keyword", 1)
    assert services.image_search.match(LOCAL_OWNER, "sun going down over the sea", now()).matches == ()
    assert away.embed_missing() == 0
    assert services.image_index.embed_missing() == 1
    assert services.image_index.embed_missing() == 0
    evening = services.image_search.match(LOCAL_OWNER, "sun going down over the sea", now())
    assert [match.image_id for match in evening.matches] == [image_id]
    assert evening.matches[0].matched[0].startswith("meaning 0.")


class Away:
    """An embedder nobody answers for."""

    name = "away"
    dimensions = 3

    def queries(self, texts: Sequence[str]) -> Rows:
        raise ProviderUnavailable("No connection, or it broke off.", provider="away")

    passages = queries

    def close(self) -> None:
        pass


def test_an_old_upload_is_not_of_last_week(make_app: MakeApp) -> None:
    app = make_app(ScriptedModel("There is a red car."))
    client = app.test_client()
    client.post("/upload", data={"file": (io.BytesIO(picture()), "a.jpg")})
    assert find(client, "red cars from last week") == ["a.jpg"]
    with services_of(app).database.write() as session:
        session.execute(update(Image).values(created_at=now() - timedelta(days=9)))
    assert find(client, "red cars from last week") == []
    assert find(client, "red cars") == ["a.jpg"]


def test_only_the_red_cars_of_last_week_are_found(make_app: MakeApp) -> None:
    app = make_app(ScriptedModel("A picture."))
    client = app.test_client()
    at, widths = now(), itertools.count(64)

    def keep(name: str, colour: str, *, taken: timedelta | None, uploaded: timedelta) -> None:
        size = (next(widths), 48)  # each another content
        sent = client.post("/upload", data={"file": (io.BytesIO(picture(size=size)), name)}).json
        camera = (at - taken).replace(tzinfo=None).isoformat(timespec="seconds") if taken is not None else None
        facts = replace(PLAIN, objects=(thing("car", 0.95, colour),), capture=Capture(camera))
        measured(app, sent["image"]["sha256"], facts)
        with services_of(app).database.write() as session:
            session.execute(update(Image).where(Image.id == sent["image_id"]).values(created_at=at - uploaded))
        services_of(app).image_index.update(LOCAL_OWNER, sent["image_id"])

    keep("red-taken-lately.jpg", "red", taken=timedelta(days=3), uploaded=timedelta(days=40))
    keep("red-uploaded-lately.jpg", "dark red", taken=None, uploaded=timedelta(days=2))
    keep("red-taken-years-ago.jpg", "red", taken=timedelta(days=800), uploaded=timedelta(hours=1))
    keep("red-uploaded-long-ago.jpg", "red", taken=None, uploaded=timedelta(days=30))
    keep("blue-taken-lately.jpg", "blue", taken=timedelta(days=3), uploaded=timedelta(days=2))
    keep("grey-uploaded-lately.jpg", "grey", taken=None, uploaded=timedelta(days=2))
    wanted = ["red-taken-lately.jpg", "red-uploaded-lately.jpg"]
    for query in ("red cars from last week", "पिछले हफ्ते की लाल गाड़ियाँ", "गेल्या आठवड्यातील लाल गाड्या"):
        assert sorted(find(client, query)) == wanted, query
    assert find(client, "dark red cars from last week") == wanted[1:]
    assert sorted(find(client, "blue cars from last week")) == ["blue-taken-lately.jpg"]
    # Where it is already tomorrow, "today" begins at another instant.
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
        midnight = at.astimezone(ZoneInfo(zone)).replace(hour=0, minute=0, second=0, microsecond=0)
        with services_of(app).database.write() as session:
            for name, moment in (("red-uploaded-lately.jpg", 1), ("red-uploaded-long-ago.jpg", -1)):
                instant = (midnight + timedelta(seconds=moment)).astimezone(UTC)
                session.execute(update(Image).where(Image.filename == name).values(created_at=instant))
        assert "red-uploaded-lately.jpg" in find(client, "red cars from today", timezone=zone), zone
        assert "red-uploaded-long-ago.jpg" not in find(client, "red cars from today", timezone=zone), zone


def test_what_is_possibly_there_is_found_where_nothing_surely_is(make_app: MakeApp) -> None:
    app = make_app(ScriptedModel("A picture."))
    client = app.test_client()
    for number, confidence in enumerate((0.42, 0.6, 0.9)):
        sent = client.post("/upload", data={"file": (io.BytesIO(picture(size=(64 + number, 48))), f"{confidence}.jpg")})
        measured(app, sent.json["image"]["sha256"], replace(PLAIN, objects=(thing("person", confidence),)))
        services_of(app).image_index.update(LOCAL_OWNER, sent.json["image_id"])
        found = find(client, "people")
        assert found == (["0.42.jpg"], ["0.6.jpg"], ["0.9.jpg", "0.6.jpg"])[number]
    assert find(client, "high confidence detections of people") == ["0.9.jpg"]
    assert find(client, "low confidence detections of people") == ["0.42.jpg"]
    assert find(client, "people above 0.5") == ["0.9.jpg", "0.6.jpg"]
    assert find(client, "photos without people") == []


def test_a_sunset_is_found_by_its_sky(make_app: MakeApp) -> None:
    app = make_app(ScriptedModel("A picture."))
    client = app.test_client()
    for number, scene in enumerate((Scene("outdoors", True, "photo", "sunset"), Scene("outdoors", True, "photo"))):
        sent = client.post("/upload", data={"file": (io.BytesIO(picture(size=(64 + number, 48))), f"IMG_{number}.jpg")})
        measured(app, sent.json["image"]["sha256"], replace(PLAIN, scene=scene))
        services_of(app).image_index.update(LOCAL_OWNER, sent.json["image_id"])
    for query in ("sunset", "something like a sunset, not indoors", "सूर्यास्त"):
        assert find(client, query) == ["IMG_0.jpg"], query


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
