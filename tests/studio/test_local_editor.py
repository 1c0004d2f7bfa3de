from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.errors import ImageRejected, InvalidInput
from services.studio.base import EditChain, Picture, StudioReply, StudioRequest
from services.studio.local_editor import LocalEditor
from services.studio.navigation import split_navigation
from services.studio.operations import CropAspect, Effect, Redo, Restore, Undo, from_json, to_json
from services.studio.parse import MAX_STEPS, parse
from services.studio.render import render
from tests.studio.conftest import decoded, encoded, photo

PHOTO = Picture(encoded(photo().crop((0, 0, 300, 200)), "JPEG", quality=90), "image/jpeg")


def ask(prompt: str, picture: Picture | None = PHOTO, chain: EditChain | None = None) -> StudioReply:
    return LocalEditor().create_or_edit(StudioRequest(prompt, picture, chain=chain))


def test_several_edits_in_one_sentence() -> None:
    reply = ask("make it black and white, then crop it to a square and add a red border of 20 pixels")
    assert reply.outcome == "picture"
    assert (reply.provider, reply.finish_reason, reply.chain_base) == ("local", "stop", "picture")
    made = decoded(reply.picture.data)
    assert made.size == (240, 240)
    red, green, _blue = made.getpixel((5, 5))
    assert red > 240
    assert green < 20
    red, green, blue = made.getpixel((120, 120))
    assert max(red, green, blue) - min(red, green, blue) < 6
    assert reply.text == "Turned black and white; cropped to a square; a red border of 20 px added."
    assert reply.alt_text == "Edited picture, turned black and white, cropped to a square, a red border of 20 px added."


def test_a_chain_grows_and_replays_from_the_original() -> None:
    first = ask("crop it to a square")
    second = ask("make it sepia", first.picture, EditChain(PHOTO.data, first.operations))
    assert [type(one) for one in second.operations] == [CropAspect, Effect]
    assert second.chain_base == "original"
    stored = json.loads(json.dumps(to_json(second.operations)))
    assert render(PHOTO.data, from_json(stored)).data == second.picture.data


def test_a_canvas_is_a_chain_of_its_own() -> None:
    reply = ask("create a picture of a yellow circle on a black background", None)
    assert reply.chain_base == "nothing"
    assert reply.alt_text == "A yellow circle on a black background."
    again = ask("add a thin white border", reply.picture, EditChain(None, reply.operations))
    assert again.chain_base == "nothing"
    assert render(None, again.operations).data == again.picture.data


def test_drawing_without_a_picture_begins_one() -> None:
    reply = ask("draw a red circle", None)
    assert decoded(reply.picture.data).getpixel((512, 512)) == (255, 0, 0)


@pytest.mark.parametrize("prompt", ["add a moon", "create a picture of a cat", "remove the dog"])
def test_what_it_cannot_do_names_the_setting_that_would(prompt: str) -> None:
    reply = ask(prompt)
    assert (reply.outcome, reply.picture, reply.operations) == ("text_only", None, ())
    assert "GEMINI_API_KEY or OPENAI_API_KEY" in reply.text
    assert prompt in reply.text


def test_the_part_it_can_do_is_done_and_the_rest_is_said() -> None:
    reply = ask("make it black and white and add a moon")
    assert reply.outcome == "picture"
    assert reply.text.startswith("Turned black and white.")
    assert "Not done: “add a moon”" in reply.text


def test_a_long_wish_is_not_told_back_whole() -> None:
    assert len(ask("paint a dragon that " + "breathes fire and " * 300).text) < 700


def test_why_several_wishes_cannot_be_granted_is_told_once() -> None:
    text = ask("paint a dragon. rotate it left. remove the cat").text
    assert text.count("the local editor cannot do that") == 1
    assert "Not done: “paint a dragon”, “remove the cat”: the local editor" in text


def test_a_correction_takes_back_what_was_said_before_it() -> None:
    assert ask("make it brighter, no wait, darker").text == "Brightness lowered by 25%."
    assert ask("rotate it left then undo").text == "What you asked for was taken back again, so nothing changed."


def test_what_was_not_understood_is_told_in_its_own_words() -> None:
    assert "“कुत्ते को हटा दो”" in ask("कुत्ते को हटा दो").text


def test_a_hint_where_only_the_target_is_missing() -> None:
    assert "crop to a square" in ask("crop it").text


def test_a_background_that_is_not_even_is_left_and_the_setting_named() -> None:
    reply = ask("remove the background", Picture(encoded(photo()), "image/png"))
    assert reply.outcome == "text_only"
    assert "not of one even colour" in reply.text
    assert "GEMINI_API_KEY" in reply.text


def test_nothing_changed_is_noticed() -> None:
    grey = ask("make it greyscale")
    again = ask("make it greyscale", grey.picture, EditChain(PHOTO.data, grey.operations))
    assert (again.outcome, again.picture) == ("unchanged", None)
    assert "changed nothing" in again.text
    assert ask("flip it and flip it").outcome == "unchanged"


def test_an_impossible_edit_leaves_the_others() -> None:
    reply = ask("crop it to 5000x5000, then make it sepia")
    assert reply.outcome == "picture"
    assert decoded(reply.picture.data).size == (300, 200)
    assert "300 × 200" in reply.text
    assert "50 megapixels" in ask("resize it to 100000x100000").text


def test_nothing_to_edit_yet() -> None:
    reply = ask("crop it to a square", None)
    assert reply.outcome == "text_only"
    assert "no picture yet" in reply.text


def test_a_wish_not_to_do_something_is_kept() -> None:
    reply = ask("don't crop it, just make it brighter")
    assert decoded(reply.picture.data).size == (300, 200)
    assert "don't crop it" in reply.text


def test_stretching_is_said() -> None:
    assert "proportions" in ask("resize it to 400x400").text
    assert "proportions" not in ask("resize it to 600x400").text


def test_going_back_is_for_the_caller() -> None:
    reply = ask("undo that and make it brighter")
    assert (reply.outcome, reply.picture, reply.navigation) == ("navigation", None, Undo(1))
    assert reply.remaining_prompt == "make it brighter"


def test_taking_back_within_one_message() -> None:
    reply = ask("crop it to a square, make it sepia, undo that")
    assert [type(one) for one in reply.operations] == [CropAspect]


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("undo", (Undo(1), "")),
        ("Undo that, please!", (Undo(1), "")),
        ("undo the last three edits", (Undo(3), "")),
        ("undo twice", (Undo(2), "")),
        ("go back two steps", (Undo(2), "")),
        ("redo", (Redo(1), "")),
        ("redo 2 steps", (Redo(2), "")),
        ("undo the last 2", (Undo(2), "")),
        ("next version", (Redo(1), "")),
        ("पूर्ववत करो और इसे चमकीला करो", (Undo(1), "इसे चमकीला करो")),
        ("show me the previous version", (Undo(1), "")),
        ("go back to the original and then make it blue", (Restore(), "make it blue")),
        ("start over", (Restore(), "")),
        ("make it sepia and undo that", (None, "make it sepia and undo that")),
        ("add a moon", (None, "add a moon")),
    ],
)
def test_navigation(prompt: str, expected: tuple[object, str]) -> None:
    assert split_navigation(prompt) == expected


def test_a_caption_names_what_is_there() -> None:
    editor = LocalEditor(caption=lambda data: "A person in an orange suit" if data else None)
    reply = editor.create_or_edit(StudioRequest("make it sepia", PHOTO))
    assert reply.alt_text == "A person in an orange suit, toned sepia."


def test_what_is_no_picture() -> None:
    with pytest.raises(ImageRejected) as caught:
        ask("crop it to a square", Picture(b"<html>", "image/png"))
    assert caught.value.field == "picture"


def test_stored_operations_that_are_none() -> None:
    for bad in ([{"kind": "explode"}], [{"kind": "rotate", "degrees": "x"}], [{"kind": "text", "text": ""}], [{}]):
        with pytest.raises(InvalidInput):
            from_json(bad)


@settings(deadline=None, max_examples=150)
@given(st.text(max_size=300))
def test_any_text_is_parsed_without_an_error(text: str) -> None:
    parse(text)
    split_navigation(text)


WORDS = r"""
crop rotate blur make it a the red border of 20 pixels and then , . left half add text "x" square circle to 50% 16:9
with not don't brighter much less colour background canvas create undo «0» 800x600 0 -5 99999999999px ¦ # ' “ ( [ \ *
"""


@settings(deadline=None, max_examples=200)
@given(st.lists(st.sampled_from(WORDS.split()), max_size=25))
def test_any_order_of_its_own_words_is_answered(words: list[str]) -> None:
    reply = ask(" ".join(words) or "x")
    assert reply.text
    assert (reply.picture is not None) == (reply.outcome == "picture")


LONG = [
    "a " * 5000,
    "crop it to a square and " * 400,
    "((((" * 2500,
    "add text " + "x" * 9000,
    "1" * 10_000,
    "undo " * 2000,
    "इसे काला और सफेद करो " * 500,
    "मत" * 5000,
]


@pytest.mark.parametrize("prompt", LONG, ids=lambda prompt: prompt[:9])
def test_ten_thousand_characters_take_no_time(prompt: str) -> None:
    started = time.monotonic()
    assert len(parse(prompt[:10_000])) <= MAX_STEPS + 1
    split_navigation(prompt[:10_000])
    assert time.monotonic() - started < 5


def test_many_at_once() -> None:
    prompts = ["make it sepia", "crop it to a square", "blur the left half", "write 'Hello'"] * 4
    alone = {prompt: ask(prompt).picture.data for prompt in set(prompts)}
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda prompt: ask(prompt).picture.data, prompts))
    assert together == [alone[prompt] for prompt in prompts]


@pytest.mark.parametrize(
    ("prompt", "answer"),
    [
        ("hello", "Hello. I can crop"),
        ("Thanks a lot!", "You are welcome."),
        ("what can you do?", "I can crop"),
        ("What is in this picture?", "A red square. To ask more"),
        ("please describe the photo", "A red square. To ask more"),
    ],
)
def test_words_that_ask_for_no_edit(prompt: str, answer: str) -> None:
    editor = LocalEditor(lambda _data: "A red square")
    reply = editor.create_or_edit(StudioRequest(prompt, PHOTO))
    assert (reply.outcome, reply.picture) == ("text_only", None)
    assert reply.text.startswith(answer)


@pytest.mark.parametrize("prompt", ["nice border", "hello kitty", "what is the time?", "describe it as a poem"])
def test_words_that_only_look_like_talk(prompt: str) -> None:
    assert "the local editor cannot do that" in ask(prompt).text or ask(prompt).picture


def test_cut_on_every_side_is_said_once() -> None:
    assert ask("crop 10 px from every side").text == "Cut by 10 px on each side."
    assert "turned all the way round" in ask("rotate by 360 degrees").text
