"""What is seen in real photographs that ship in scikit-image and scikit-learn, and in drawn ones."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from services.vision.eyes import Eyes
from services.vision.facts import Facts
from tests.vision.conftest import encoded, photo

Look = Callable[[str], Facts]


def names(facts: Facts, *, sure: bool = True) -> set[str]:
    return {thing.name for thing in facts.objects if thing.sure or not sure}


@pytest.mark.parametrize(
    ("picture", "wanted"),
    [
        ("astronaut.png", {"person"}),
        ("camera.png", {"person"}),
        ("chelsea.png", {"cat"}),
        ("coffee.png", {"cup", "dining table"}),
        ("motorcycle_left.png", {"motorcycle"}),
    ],
)
def test_objects_are_found(seen: Look, picture: str, wanted: set[str]) -> None:
    facts = seen(picture)
    assert facts.missing == ()
    assert names(facts) == wanted


@pytest.mark.slow
@pytest.mark.parametrize(
    "picture",
    ["coins.png", "retina.jpg", "text.png", "brick.png", "grass.png", "gravel.png", "moon.png", "clock_motion.png",
     "china.jpg", "flower.jpg", "hubble_deep_field.jpg", "ihc.png", "logo.png", "phantom.png", "page.png"],
)  # fmt: skip
def test_no_object_is_made_up(seen: Look, picture: str) -> None:
    """Coins are no clocks, a retina is no umbrella, a scrap of handwriting is no bird."""
    assert names(seen(picture), sure=False) == set()


@pytest.mark.parametrize(
    ("picture", "label"),
    [("chelsea.png", "cat"), ("coffee.png", "espresso"), ("camera.png", "tripod")],
)
def test_sure_labels(seen: Look, picture: str, label: str) -> None:
    assert [each.name for each in seen(picture).labels if each.sure] == [label]


def test_faces_are_found_where_they_are(seen: Look) -> None:
    (face,) = seen("astronaut.png").faces
    assert face.sure
    across, down = face.box.centre
    assert 0.35 < across < 0.52
    assert 0.15 < down < 0.3


@pytest.mark.parametrize("picture", ["chelsea.png", "coins.png", "coffee.png", "china.jpg", "page.png"])
def test_no_face_is_made_up(seen: Look, picture: str) -> None:
    assert seen(picture).faces == ()


def test_object_colours_leave_the_background_out(seen: Look) -> None:
    facts = seen("astronaut.png")
    assert facts.objects[0].colours[0].name == "orange"
    motorcycle = seen("motorcycle_left.png").objects[0]
    assert "red" in {colour.name for colour in motorcycle.colours}


def test_a_page_is_read_in_order(seen: Look) -> None:
    facts = seen("page.png")
    lines = [line.text for line in facts.text]
    assert lines[0] == "Region-based segmentation"
    assert lines[1] == "Let us first determine markers of the coins and the"
    assert lines[2].startswith("background. These markers are pixels")
    assert facts.scene.medium == "document"
    assert all(line.sure for line in facts.text)


def test_text_turned_by_its_orientation_is_read(eyes: Eyes) -> None:
    image = Image.new("RGB", (700, 220), "white")
    ImageDraw.Draw(image).text((40, 60), "Orange juice 2.50", "black", ImageFont.load_default(64))
    exif = Image.Exif()
    exif[0x0112] = 6
    facts = eyes.look(encoded(image.rotate(90, expand=True), "JPEG", exif=exif, quality=95))
    assert (facts.width, facts.height) == (700, 220)
    assert [line.text for line in facts.text] == ["Orange juice 2.50"]


@pytest.mark.parametrize(
    ("picture", "setting"),
    [("china.jpg", "outdoors"), ("coffee.png", "indoors"), ("moon.png", None), ("brick.png", None)],
)
def test_setting(seen: Look, picture: str, setting: str | None) -> None:
    facts = seen(picture)
    assert facts.scene.setting == setting
    assert facts.scene.medium == "photo"


@pytest.mark.parametrize("picture", ["logo.png", "horse.png", "phantom.png"])
def test_drawings(seen: Look, picture: str) -> None:
    facts = seen(picture)
    assert facts.scene.medium == "drawing"
    assert not any(thing.sure for thing in facts.objects)
    assert facts.labels == ()


def test_a_plain_picture_has_its_colour_and_nothing_else(eyes: Eyes) -> None:
    facts = eyes.look(encoded(Image.new("RGB", (320, 200), (0, 0, 200))))
    assert [(colour.name, colour.share) for colour in facts.colours] == [("dark blue", 1.0)]
    assert facts.scene.medium == "plain"
    assert (facts.objects, facts.labels, facts.text, facts.faces) == ((), (), (), ())


def test_a_screenshot(eyes: Eyes) -> None:
    image = Image.new("RGB", (900, 600), (245, 245, 245))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, 900, 60), (40, 60, 120))
    font = ImageFont.load_default(26)
    draw.text((20, 15), "Settings", "white", font)
    for row, words in enumerate(("Language", "Notifications", "Storage", "About this device")):
        draw.rectangle((30, 100 + row * 110, 870, 180 + row * 110), (255, 255, 255), (120, 120, 120))
        draw.text((50, 125 + row * 110), words, "black", font)
    facts = eyes.look(encoded(image))
    assert [line.text for line in facts.text] == [
        "Settings", "Language", "Notifications", "Storage", "About this device",
    ]  # fmt: skip
    assert facts.scene.medium == "screenshot"


def test_an_animation_is_looked_at_in_several_frames(eyes: Eyes, astronaut: Image.Image) -> None:
    frames = [Image.new("RGB", (256, 256), "white"), astronaut.resize((256, 256)), astronaut.resize((256, 256))]
    frames[2].paste((0, 0, 0), (0, 128, 128, 256))
    facts = eyes.look(encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=100))
    assert "person" in names(facts, sure=False)
    assert facts.motion is not None
    assert (facts.motion.frames, facts.motion.duration_ms) == (3, 300)


def test_many_look_at_once_and_see_the_same(eyes: Eyes) -> None:
    pictures = [photo("chelsea.png"), photo("coffee.png")]
    alone = [eyes.look(data) for data in pictures]
    seen: list[Facts | None] = [None] * 6

    def look(place: int) -> None:
        seen[place] = eyes.look(pictures[place % 2])

    threads = [threading.Thread(target=look, args=(place,)) for place in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert seen == alone * 3


def test_without_weights_the_rest_is_still_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    looking = Eyes(tmp_path / "none", fetch=False)
    with caplog.at_level(logging.WARNING):
        facts = looking.look(photo("page.png"))
        looking.look(photo("chelsea.png"))
    assert facts.missing == ("objects", "labels", "faces") == looking.missing
    assert facts.text[0].text == "Region-based segmentation"
    assert facts.colours
    told = [record.getMessage() for record in caplog.records if "not available" in record.getMessage()]
    assert len(told) == 3


def test_a_wrong_file_of_weights_is_not_used(
    models_dir: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for path in models_dir.glob("*.*"):
        if path.is_file():
            (tmp_path / path.name).write_bytes(path.read_bytes())
    spoiled = bytearray((tmp_path / "yolox_nano.onnx").read_bytes())
    spoiled[100] ^= 1
    (tmp_path / "yolox_nano.onnx").write_bytes(spoiled)
    looking = Eyes(tmp_path, fetch=False)
    assert looking.missing == ()
    facts = looking.look(photo("chelsea.png"))
    assert facts.missing == ("objects",) == looking.missing
    assert "wrong SHA-256" in caplog.text
    assert [label.name for label in facts.labels] == ["cat"]


def test_weights_that_come_later_are_used(models_dir: Path, tmp_path: Path) -> None:
    looking = Eyes(tmp_path, fetch=False)
    assert looking.look(photo("chelsea.png")).missing == ("objects", "labels", "faces")
    for path in models_dir.glob("*.*"):
        if path.is_file():
            (tmp_path / path.name).write_bytes(path.read_bytes())
    facts = looking.look(photo("chelsea.png"))
    assert facts.missing == ()
    assert names(facts) == {"cat"}


def test_what_is_no_picture_is_refused(eyes: Eyes) -> None:
    with pytest.raises(OSError, match="cannot identify"):
        eyes.look(b"no picture at all")


def test_noise_shows_nothing(eyes: Eyes) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (300, 400, 3), dtype=np.uint8)
    facts = eyes.look(encoded(Image.fromarray(noise)))
    assert not names(facts)
    assert not [label for label in facts.labels if label.sure]
    assert (facts.text, facts.faces) == ((), ())
