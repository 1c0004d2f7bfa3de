"""Which pictures a question is about: by place, name, content, or what was spoken of; few pixels, the rest in words."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import insert

from models.base import new_id, now
from models.media import Analysis, Image
from services.content import ImagePart
from services.context import TOLD_OF
from services.library.keywords import keywords
from services.pointing import pointing
from services.vision.facts import Box, Colour, DetectedObject, Facts, Label, Quality, TextLine
from services.vision.facts_json import to_json
from tests.conftest import MakeApp
from tests.fakes import ScriptedModel
from tests.sessions.conftest import SESSIONS, new_session, parts, say

NAMES = [("", name) for name in ["beam_001.jpg", "dog.png", "image.jpg", "my cat.png", "IMG_2041.JPG"]]
NAMES += [("", f"p{number}.jpg") for number in range(5, 20)]


@pytest.mark.parametrize(
    ("question", "places"),
    [
        ("What is in the first two?", [0, 1]),
        ("What are the first 3 pictures?", [0, 1, 2]),
        ("Compare the second and the third picture", [1, 2]),
        ("What is in picture 7?", [6]),
        ("Photos 2 and 5, please", [1, 4]),
        ("The last three images?", [17, 18, 19]),
        ("The newest photo?", [19]),
        ("And the oldest one?", [0]),
        ("the 12th photo and the 2nd?", [1, 11]),
        ("What about the third?", [2]),
        ("picture 99", []),
        ("Show me beam_001", [0]),
        ("Is IMG_2041.jpg sharp?", [4]),
        ("What colour is my cat?", [3]),
        ("What is in dog.png?", [1]),
        ("Is there a dog?", []),
        ("What is in this image?", []),
        ("Where is the first car?", []),
        ("beam_0012", []),
    ],
)
def test_pointing(question: str, places: list[int]) -> None:
    assert pointing(question).places(NAMES, len(NAMES), 0) == places


def test_a_file_named_as_a_thing_is_a_hint() -> None:
    assert pointing("Is there a dog?").hints(NAMES) == [1]


def test_pointing_in_the_newest_of_many() -> None:
    asked = pointing("pictures 3 and 5002")
    assert asked.places([("", "x.jpg")] * 5000, 5010, 10) == [5001 - 10]


def facts(*objects: str, label: str = "", words: str = "") -> Facts:
    box = Box(0, 0, 1, 1)
    return Facts(
        width=10,
        height=10,
        format="JPEG",
        colours=(Colour("dark green", 1.0, (0, 80, 0)),),
        quality=Quality(1, 0.5, 0.5, 0, 0, "sharp", "normal"),
        objects=tuple(DetectedObject(name, 0.9, True, box) for name in objects),
        labels=(Label(label, 0.8, True),) if label else (),
        text=(TextLine(words, 0.9, True, box),) if words else (),
    )


def test_keywords() -> None:
    found = keywords(facts("dog", "cell phone", label="samoyed", words="EXIT to 5th"))
    assert set(found.split()) >= {"dog", "cell_phone", "samoyed", "animal", "green", "exit", "5th"}
    assert found.startswith(" ")
    assert found.endswith(" ")


def add(client: FlaskClient, *known: tuple[str, Facts | None]) -> list[str]:
    """Rows of pictures, oldest first, with what was measured of them; their files are of no matter here."""
    client.get(SESSIONS)
    began = now() - timedelta(days=1)
    rows, measured = [], []
    for number, (name, found) in enumerate(known):
        rows.append(
            {
                "id": new_id(),
                "owner_id": "local",
                "filename": name,
                "mime_type": "image/jpeg",
                "size_bytes": 1,
                "width": 1,
                "height": 1,
                "sha256": new_id(),
                "storage_key": f"images/{number}/original.jpg",
                "created_at": began + timedelta(seconds=number),
            }
        )
        if found is not None:
            kept = {"facts": to_json(found), "caption": f"Caption of {name}", "keywords": keywords(found)}
            measured.append({"sha256": rows[-1]["sha256"], "created_at": began, **kept})
    with parts(client).database.write() as session:
        session.execute(insert(Image), rows)
        if measured:
            session.execute(insert(Analysis), measured)
    return [str(row["id"]) for row in rows]


@pytest.fixture
def asked(make_app: MakeApp) -> FlaskClient:
    return make_app(ScriptedModel("Yes.")).test_client()


def shown(client: FlaskClient, session: str, question: str, **body: object) -> list[str]:
    """File names of the pictures whose pixels the model gets."""
    say(client, session, question, **body)
    message = client.get(f"{SESSIONS}/{session}").json["messages"][-1]
    return [image["filename"] for image in message["image_context"]]


def test_pictures_for_questions(asked: FlaskClient) -> None:
    things = {7: facts("dog"), 11: facts("car", words="TAXI"), 12: facts("dog", "car")}
    ids = add(asked, *((f"p{number}.jpg", things.get(number)) for number in range(20)))
    everything = new_session(asked)
    assert shown(asked, everything, "What do you see?") == ["p16.jpg", "p17.jpg", "p18.jpg", "p19.jpg"]
    assert shown(asked, everything, "What is in the first two?") == ["p0.jpg", "p1.jpg"]
    assert shown(asked, everything, "Is there a dog with a car?")[:3] == ["p7.jpg", "p11.jpg", "p12.jpg"]
    assert "p11.jpg" in shown(asked, everything, "Which one says taxi?")
    assert "p7.jpg" in shown(asked, everything, "कुत्ता कहाँ है?")
    assert shown(asked, everything, "Look at p3.jpg") == ["p3.jpg"]
    chosen = new_session(asked, initial_image_ids=[ids[5], ids[3], ids[7], ids[1], ids[0]], use_all_images=False)
    assert shown(asked, chosen, "What do you see?") == ["p5.jpg", "p3.jpg", "p7.jpg", "p1.jpg"]
    assert shown(asked, chosen, "And the last picture?") == ["p0.jpg"]


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("Describe the coffee picture", ["coffee.jpg"]),
        ("What is in the photo of coffee?", ["coffee.jpg"]),
        ("Is my coffee photo sharp?", ["coffee.jpg"]),
    ],
)
def test_a_name_without_its_ending(asked: FlaskClient, question: str, first: list[str]) -> None:
    add(asked, ("coffee.jpg", None), *((f"p{number}.jpg", None) for number in range(9)))
    session = new_session(asked)
    assert shown(asked, session, question) == first
    assert "coffee.jpg" in shown(asked, session, "Where is there coffee?")
    assert shown(asked, session, "What do you see?") == ["p5.jpg", "p6.jpg", "p7.jpg", "p8.jpg"]


def test_it_is_what_was_spoken_of(asked: FlaskClient) -> None:
    add(asked, *((f"p{number}.jpg", None) for number in range(9)))
    session = new_session(asked)
    assert shown(asked, session, "What is in picture 2?") == ["p1.jpg"]
    assert "p1.jpg" in shown(asked, session, "And what colour is it?")
    assert "p1.jpg" not in shown(asked, session, "What do you see?")


def test_nothing_else_is_looked_at_then(asked: FlaskClient) -> None:
    """Of "is there a person in it" after one picture was found it is that one, whoever is in the others."""
    people = {2: facts("person"), 5: facts("person"), 7: facts("dog")}
    add(asked, *((f"p{number}.jpg", people.get(number)) for number in range(9)))
    session = new_session(asked)
    assert shown(asked, session, "What is in picture 8?") == ["p7.jpg"]
    for question in ("Is there a person in it?", "क्या इसमें कोई आदमी है?", "यात माणूस आहे का?"):
        assert shown(asked, session, question) == ["p7.jpg"]
    assert shown(asked, session, "Where are people?") == ["p2.jpg", "p5.jpg"]


def test_what_a_model_is_told(make_app: MakeApp) -> None:
    model = ScriptedModel("Yes.")
    client = make_app(model).test_client()
    add(client, *((f"p{number}<i>.jpg", facts("dog") if number == 70 else None) for number in range(100)))
    session = new_session(client)
    say(client, session, "What do you see?")
    told = model.requests[-1].messages[0].text
    assert "100 pictures" in told
    assert told.count("<image id=") == TOLD_OF
    assert "<i>" not in told
    assert "100. <image" in told
    assert f"Of the other {100 - TOLD_OF}" in told
    images = [part for message in model.requests[-1].messages for part in message.parts if isinstance(part, ImagePart)]
    assert [part.detail for part in images] == ["low"] * 4


def test_five_thousand_pictures_take_no_time(asked: FlaskClient) -> None:
    add(asked, *((f"p{number}.jpg", facts("dog") if number % 100 == 0 else None) for number in range(5000)))
    session = parts(asked).sessions.create("local", "Many", [], use_all_images=True)
    contexts = parts(asked).contexts
    contexts.choose(session, "Is there a dog?", detailed=False)
    began = time.thread_time()
    chosen = contexts.choose(session, "Is there a dog?", detailed=False)
    assert time.thread_time() - began < 0.5
    assert chosen.total == 5000
    assert {known.caption for known in chosen.shown} == {f"Caption of {known.image.filename}" for known in chosen.shown}
    assert all(known.confidence == 0.9 for known in chosen.shown)
