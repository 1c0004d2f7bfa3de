"""`POST /chat`: what is said, what comes back, and where it leads."""

from __future__ import annotations

import re

import numpy as np
import pytest
from flask.testing import FlaskClient
from PIL import Image, ImageChops

from tests.making.conftest import decoded, encoded, granted, noise, shown, text64, wish, work, works

PICTURE = encoded(noise((60, 40)))
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
FIELDS = {
    "text", "picture", "mime_type", "conversation_id", "version_id", "parent_version_id", "alt_text", "provider",
    "changed", "width", "height", "url", "thumbnail_url",
}  # fmt: skip


def same(first: Image.Image, second: Image.Image) -> bool:
    return (
        first.size == second.size and not ImageChops.difference(first.convert("RGB"), second.convert("RGB")).getbbox()
    )


def test_an_edit(studio: FlaskClient) -> None:
    answer = granted(studio, "Rotate it right", picture=PICTURE)
    assert set(answer) == FIELDS
    assert answer["text"] == "Rotated 90° clockwise."
    assert same(shown(answer), decoded(PICTURE).transpose(Image.Transpose.ROTATE_270))
    assert (answer["mime_type"], answer["provider"], answer["changed"]) == ("image/png", "local", True)
    assert (answer["width"], answer["height"]) == (40, 60)
    assert all(UUID.fullmatch(answer[name]) for name in ("conversation_id", "version_id", "parent_version_id"))
    assert answer["alt_text"]
    assert studio.get(answer["url"]).data == studio.get(f"/studio/versions/{answer['version_id']}/file").data


def test_a_picture_from_nothing(studio: FlaskClient) -> None:
    answer = granted(studio, "Create a blue canvas 30x20 pixels")
    assert shown(answer).convert("RGB").getcolors() == [(600, (0, 0, 255))]
    assert answer["parent_version_id"] is None
    assert "blue" in answer["alt_text"]


def test_a_client_that_keeps_the_picture_itself(studio: FlaskClient) -> None:
    """As the page of the source document does: each send carries the picture that came last."""
    first = granted(studio, "Make a canvas 30x20 in red")
    second = granted(studio, "rotate it left", picture=first["picture"])
    third = granted(studio, "make it greyscale", picture=second["picture"])
    assert shown(second).size == (20, 30)
    red, green, blue = shown(third).convert("RGB").getpixel((5, 5))
    assert red == green == blue


@pytest.mark.parametrize("empty", [None, ""])
def test_nothing_sent_is_no_picture(studio: FlaskClient, empty: str | None) -> None:
    """A page whose first answer brought no picture sends back the empty string it got."""
    answer = granted(studio, "Create a red canvas 8x8", picture=empty, conversation_id=empty, version_id=empty)
    assert answer["changed"]


def test_data_urls_and_line_breaks(studio: FlaskClient) -> None:
    lines = "\n".join(re.findall(".{1,76}", text64(PICTURE)))
    for picture in (f"data:image/png;base64,{text64(PICTURE)}", lines, text64(PICTURE).rstrip("=")):
        assert shown(granted(studio, "flip it", picture=picture)).size == (60, 40)


def test_the_picture_stays_on_the_server(studio: FlaskClient) -> None:
    first = granted(studio, "rotate it left", picture=PICTURE)
    second = granted(studio, "rotate it right", conversation_id=first["conversation_id"])
    assert second["conversation_id"] == first["conversation_id"]
    assert second["parent_version_id"] == first["version_id"]
    assert same(shown(second), decoded(PICTURE))


def test_a_branch(studio: FlaskClient) -> None:
    first = granted(studio, "rotate it left", picture=PICTURE)
    place = {"conversation_id": first["conversation_id"]}
    granted(studio, "make it greyscale", **place)
    branch = granted(studio, "flip it horizontally", **place, version_id=first["version_id"])
    assert branch["parent_version_id"] == first["version_id"]
    assert same(shown(branch), shown(first).transpose(Image.Transpose.FLIP_LEFT_RIGHT))
    assert work(studio, first["conversation_id"])["current_version_id"] == branch["version_id"]


def test_a_version_names_its_conversation(studio: FlaskClient) -> None:
    first = granted(studio, "rotate it left", picture=PICTURE)
    branch = granted(studio, "rotate it left", version_id=first["version_id"])
    assert branch["conversation_id"] == first["conversation_id"]
    assert len(works(studio)) == 1


def test_undo_and_redo_in_words(studio: FlaskClient) -> None:
    first = granted(studio, "rotate it left", picture=PICTURE)
    place = {"conversation_id": first["conversation_id"]}
    second = granted(studio, "make it sepia", **place)
    back = granted(studio, "undo that", **place)
    assert (back["version_id"], back["changed"]) == (first["version_id"], True)
    assert back["picture"] == first["picture"]
    forward = granted(studio, "redo", **place)
    assert forward["version_id"] == second["version_id"]
    assert forward["picture"] == second["picture"]
    start = granted(studio, "back to the original", **place)
    assert same(shown(start), decoded(PICTURE))
    nowhere = granted(studio, "undo", **place)
    assert (nowhere["picture"], nowhere["changed"], nowhere["version_id"]) == ("", False, start["version_id"])
    assert nowhere["text"]


def test_undo_and_go_on(studio: FlaskClient) -> None:
    first = granted(studio, "rotate it left", picture=PICTURE)
    place = {"conversation_id": first["conversation_id"]}
    granted(studio, "make it sepia", **place)
    answer = granted(studio, "undo that and rotate it left", **place)
    assert answer["parent_version_id"] == first["version_id"]
    assert same(shown(answer), decoded(PICTURE).transpose(Image.Transpose.ROTATE_180))
    kept = work(studio, first["conversation_id"])
    assert [turn["message"] for turn in kept["turns"]] == [
        "rotate it left", "make it sepia", "undo that and rotate it left",
    ]  # fmt: skip
    assert kept["turns"][-1]["text"] == answer["text"]
    assert kept["turns"][-1]["version_id"] == answer["version_id"] == kept["current_version_id"]


def test_undo_and_what_cannot_be_done(studio: FlaskClient) -> None:
    first = granted(studio, "rotate it left", picture=PICTURE)
    place = {"conversation_id": first["conversation_id"]}
    granted(studio, "make it sepia", **place)
    answer = granted(studio, "undo that and paint a dragon", **place)
    assert answer["version_id"] == first["version_id"]
    assert "GEMINI_API_KEY" in answer["text"]


def test_more_moves_than_one_message_takes(studio: FlaskClient) -> None:
    place = {"conversation_id": granted(studio, "rotate it left", picture=PICTURE)["conversation_id"]}
    answer = granted(studio, ", ".join(["undo", "redo"] * 600), **place)
    assert "too many" in answer["text"]


@pytest.mark.parametrize("message", ["hello", "paint a dragon", "Is this a cat?", "😀", "crop"])
def test_words_alone(studio: FlaskClient, message: str) -> None:
    answer = granted(studio, message, picture=PICTURE)
    assert (answer["picture"], answer["changed"]) == ("", False)
    assert answer["text"]
    assert [answer[name] for name in ("mime_type", "alt_text", "parent_version_id", "url")] == [None] * 4
    kept = work(studio, answer["conversation_id"])
    assert answer["version_id"] == kept["current_version_id"] == kept["versions"][0]["version_id"]


@pytest.mark.parametrize(
    "message", ["rotate it by 360 degrees", "flip it horizontally, then flip it horizontally", "resize it to 60x40"]
)
def test_nothing_changed_is_noticed(studio: FlaskClient, message: str) -> None:
    answer = granted(studio, message, picture=PICTURE)
    assert (answer["picture"], answer["changed"]) == ("", False)
    assert "changed nothing" in answer["text"] or "Nothing was done" in answer["text"]
    assert len(work(studio, answer["conversation_id"])["versions"]) == 1


def test_several_edits_at_once_are_one_version(studio: FlaskClient) -> None:
    answer = granted(studio, "Make it black and white, then crop it to a square", picture=PICTURE)
    picture = shown(answer).convert("RGB")
    pixels = np.asarray(picture)
    assert picture.size == (40, 40)
    assert (pixels[..., 0] == pixels[..., 2]).all()
    assert len(work(studio, answer["conversation_id"])["versions"]) == 2


def test_a_mask_is_exact(studio: FlaskClient) -> None:
    mask = Image.new("L", (60, 40), 0)
    mask.paste(255, (10, 5, 30, 20))
    before = np.asarray(decoded(PICTURE))
    answer = granted(studio, "invert the colours", picture=PICTURE, mask=encoded(mask))
    for data in (encoded(shown(answer)), studio.get(answer["url"]).data):
        after = np.asarray(decoded(data).convert("RGB"))
        white = np.asarray(mask) > 0
        assert (after[~white] == before[~white]).all()
        assert (after[white] == 255 - before[white]).all()
    operations = work(studio, answer["conversation_id"])["versions"][-1]["operations"]
    assert [one["kind"] for one in operations] == ["masked"]
    assert "mask" not in operations[0]


def test_a_mask_on_a_jpeg_is_exact(studio: FlaskClient) -> None:
    picture = encoded(noise((64, 48)), "JPEG")
    before = np.asarray(decoded(picture))
    mask = Image.new("L", (64, 48), 0)
    mask.paste(255, (0, 0, 20, 20))
    first = granted(studio, "rotate it by 180 degrees", picture=picture)
    current = np.asarray(shown(first))
    answer = granted(studio, "make it black", conversation_id=first["conversation_id"], mask=encoded(mask))
    if answer["changed"]:
        assert (np.asarray(shown(answer).convert("RGB"))[20:, 20:] == current[20:, 20:]).all()
    blurred = granted(
        studio, "blur it", conversation_id=first["conversation_id"], version_id=first["version_id"], mask=encoded(mask)
    )
    after = np.asarray(shown(blurred).convert("RGB"))
    assert (after[20:] == current[20:]).all()
    assert (after[:20, :20] != current[:20, :20]).any()
    assert before.shape == after.shape


def test_a_picture_within_a_conversation_begins_anew(studio: FlaskClient) -> None:
    first = granted(studio, "rotate it left", picture=PICTURE)
    place = {"conversation_id": first["conversation_id"]}
    other = encoded(noise((20, 20), seed=7))
    answer = granted(studio, "flip it vertically", **place, picture=other)
    kept = work(studio, first["conversation_id"])
    uploaded = kept["versions"][2]
    assert (uploaded["provider"], uploaded["parent_version_id"]) == ("upload", None)
    assert answer["parent_version_id"] == uploaded["version_id"]
    assert same(shown(answer), decoded(other).transpose(Image.Transpose.FLIP_TOP_BOTTOM))
    original = granted(studio, "back to the original", **place)
    assert same(shown(original), decoded(other))


def test_a_picture_the_conversation_has_is_not_kept_twice(studio: FlaskClient) -> None:
    first = granted(studio, "rotate it left", picture=PICTURE)
    place = {"conversation_id": first["conversation_id"]}
    second = granted(studio, "make it sepia", **place, picture=first["picture"])
    assert second["parent_version_id"] == first["version_id"]
    again = granted(studio, "flip it", **place, picture=PICTURE)
    assert again["parent_version_id"] == first["parent_version_id"]
    assert len(work(studio, first["conversation_id"])["versions"]) == 4


def test_words_are_kept_as_sent(studio: FlaskClient) -> None:
    message = "  Rotate it\tleft,\r\n<b>please</b> — ਨਮਸਤੇ 'quoted' %_  "
    answer = granted(studio, message, picture=PICTURE)
    kept = work(studio, answer["conversation_id"])
    assert kept["turns"][0]["message"] == message
    assert kept["title"] == "Rotate it left, <b>please</b> — ਨਮਸਤੇ 'quoted' %_"


def test_the_longest_message(studio: FlaskClient) -> None:
    message = ("rotate it left, " * 700)[:10_000]
    assert wish(studio, message, picture=encoded(noise((8, 8)))).status_code == 200
