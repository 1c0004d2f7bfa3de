"""Speak: a question asked aloud, and an answer that is heard."""

from __future__ import annotations

import io
import wave

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Request, expect

from services.prompts import SNAPSHOT
from tests.pages.conftest import Site, Visit, choose

RECORDED = """async milliseconds => {
    const { Recorder, RATE } = await import("/static/speak/recorder.js");
    const { wavOf } = await import("/static/speak/wav.js");
    const levels = [];
    const recorder = await Recorder.start({ onLevel: level => levels.push(level), onFull: () => {} });
    await new Promise(resolve => setTimeout(resolve, milliseconds));
    const bytes = new Uint8Array(await wavOf(await recorder.stop(), RATE).arrayBuffer());
    return { bytes: [...bytes], loudest: Math.max(...levels) };
}"""
LOOKED_AT = """async () => {
    const { jpeg } = await import("/static/speak/looking.js");
    return [...new Uint8Array(await (await jpeg()).arrayBuffer())];
}"""


def asked(visit: Visit) -> list[Request]:
    return visit.sent("POST", "/api/v1/analyze")


@pytest.fixture
def speaking(visit: Visit, site: Site) -> Visit:
    """The view with a picture in it, and a model that knows what to say."""
    site.model.answer({"transcription": {"text": "What is in the cup?"}}, when={"endpoint": "transcription"})
    site.model.answer({"content": "A cup of coffee, close in front of you."})
    visit.open(f"{site.url}/#/speak")
    choose(visit.page, "speak")
    expect(visit.page.locator("#speak-picture")).to_be_visible()
    return visit


def test_a_snapshot_is_described_aloud(speaking: Visit, site: Site) -> None:
    page = speaking.page
    page.click("#speak-snapshot")
    expect(page.locator("#speak-text")).to_have_text("A cup of coffee, close in front of you.")
    expect(page.locator("#speak-status")).to_have_text("The answer is playing.")
    assert page.locator("#speak-audio").evaluate("audio => audio.duration") > 0.5
    expect(page.locator("#speak-query")).to_be_empty()
    session = page.evaluate("JSON.parse(localStorage.getItem('va.voice.session'))")
    kept = page.request.get(f"{site.url}/api/v1/session/{session}").json()["chat_history"]
    assert [said["user_query"] for said in kept] == [SNAPSHOT]


def test_a_question_is_spoken_with_one_key(speaking: Visit) -> None:
    page = speaking.page
    page.locator("#speak-title").focus()
    page.keyboard.press("Space")
    expect(page.locator("#speak-status")).to_have_text("Listening. Press again to send.")
    page.wait_for_timeout(1500)
    page.keyboard.press("Space")
    expect(page.locator("#speak-text")).to_have_text("A cup of coffee, close in front of you.")
    expect(page.locator("#speak-query")).to_have_text("“What is in the cup?”")


def test_a_recording_is_16_khz_mono_pcm(visit: Visit, site: Site) -> None:
    visit.open(f"{site.url}/#/speak")
    visit.page.click("#speak-title")
    made = visit.page.evaluate(RECORDED, 1500)
    with wave.open(io.BytesIO(bytes(made["bytes"]))) as sound:
        assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (16_000, 1, 2)
        assert 1.0 < sound.getnframes() / 16_000 < 3
        samples = np.frombuffer(sound.readframes(sound.getnframes()), "<i2")
    assert np.abs(samples).max() > 500, "the browser's own test sound is heard"
    assert 0 < made["loudest"] <= 1


def test_the_picture_goes_as_a_small_jpeg(visit: Visit, site: Site) -> None:
    out = io.BytesIO()
    Image.new("RGBA", (4000, 3000), (255, 0, 0, 0)).save(out, "PNG")
    visit.open(f"{site.url}/#/speak")
    choose(visit.page, "speak", content=out.getvalue())
    expect(visit.page.locator("#speak-picture")).to_be_visible()
    sent = Image.open(io.BytesIO(bytes(visit.page.evaluate(LOOKED_AT))))
    assert (sent.format, sent.size) == ("JPEG", (1600, 1200))
    assert sent.getpixel((0, 0)) == (255, 255, 255), "what is transparent is white"


def test_what_was_said_can_be_thrown_away(speaking: Visit) -> None:
    page = speaking.page
    page.click("#speak-record")
    expect(page.locator("#speak-record-text")).to_have_text("Stop and send")
    page.keyboard.press("Escape")
    expect(page.locator("#speak-status")).to_have_text("What you said was thrown away.")
    expect(page.locator("#speak-record-text")).to_have_text("Ask by voice")
    assert asked(speaking) == []


def test_the_camera_is_what_is_looked_at(visit: Visit, site: Site) -> None:
    site.model.answer({"content": "A green field with a dial."})
    page = visit.page
    visit.open(f"{site.url}/#/speak")
    page.click("#speak-snapshot")
    expect(page.locator("#speak-status")).to_have_text("First use the camera or choose a picture.")
    page.click("#speak-camera")
    expect(page.locator("#speak-video")).to_be_visible()
    page.click("#speak-snapshot")
    expect(page.locator("#speak-text")).not_to_be_empty()
    frame = Image.open(io.BytesIO(bytes(page.evaluate(LOOKED_AT))))
    assert frame.format == "JPEG"
    assert len(frame.getcolors(frame.width * frame.height)) > 100, "it is what the camera sees, not an empty frame"


def test_the_language_that_is_chosen_is_asked_for_and_shown(speaking: Visit) -> None:
    page = speaking.page
    page.get_by_label("हिन्दी").check()
    expect(page.locator("#speak-record-text")).to_have_text("बोलकर पूछें")
    page.fill("#speak-question", "यह क्या है?")
    with page.expect_response(lambda response: response.url.endswith("/analyze")) as answer:
        page.press("#speak-question", "Enter")
    assert answer.value.headers["x-detected-language"] == "hi"
    expect(page.locator("#speak-query")).to_have_text("“यह क्या है?”")
    expect(page.locator("#speak-text")).to_have_attribute("lang", "hi")
    page.reload()
    expect(page.get_by_label("हिन्दी")).to_be_checked()


def test_a_request_that_did_not_get_through_is_sent_again(speaking: Visit) -> None:
    page = speaking.page
    speaking.context.set_offline(True)
    page.click("#speak-snapshot")
    expect(page.locator("#speak-status")).to_have_text("The server could not be reached.")
    speaking.context.set_offline(False)
    page.click("#speak-retry")
    expect(page.locator("#speak-text")).to_have_text("A cup of coffee, close in front of you.")
    first, second = (request.headers["idempotency-key"] for request in asked(speaking))
    assert first == second


def test_what_was_said_before_is_listed_and_forgotten(speaking: Visit) -> None:
    page = speaking.page
    page.click("#speak-snapshot")
    expect(page.locator("#speak-text")).not_to_be_empty()
    page.reload()
    page.click("#speak-said summary")
    expect(page.locator("#speak-history dd")).to_have_text("A cup of coffee, close in front of you.")
    page.click("#speak-reset")
    page.click("#confirm-yes")
    expect(page.locator("#speak-said")).to_be_hidden()


def test_what_is_heard_when_nothing_is_answered_is_shown_too(speaking: Visit, site: Site) -> None:
    page = speaking.page
    page.click("#speak-snapshot")
    expect(page.locator("#speak-text")).not_to_be_empty()
    session = page.evaluate("JSON.parse(localStorage.getItem('va.voice.session'))")
    dark = io.BytesIO()
    Image.new("RGB", (64, 48)).save(dark, "JPEG")
    fields = {"session_id": session, "mode": "snapshot"}
    for _ in range(10):
        image = {"name": "dark.jpg", "mimeType": "image/jpeg", "buffer": dark.getvalue()}
        page.request.post(f"{site.url}/api/v1/analyze", multipart=fields | {"image": image})
    page.click("#speak-snapshot")
    expect(page.locator("#speak-text")).to_have_text("Rate limit exceeded. Please wait before making another request.")
    page.click("#speak-said summary")
    page.click("#speak-reset")
    page.click("#confirm-yes")
    expect(page.locator("#speak-heard")).to_be_hidden()


def test_the_voice_is_stopped_and_is_as_fast_as_one_likes(speaking: Visit) -> None:
    page = speaking.page
    page.select_option("#speak-rate", "0.75")
    page.click("#speak-snapshot")
    again = page.locator("#speak-again")
    expect(again).to_have_text("Stop the voice")
    page.keyboard.press("Escape")
    expect(again).to_have_text("Hear it again")
    page.reload()
    expect(page.locator("#speak-rate")).to_have_value("0.75")
    assert page.evaluate("document.getElementById('speak-audio').playbackRate") == 0.75


def test_the_whole_view_speaks_the_language_that_is_chosen(speaking: Visit) -> None:
    page = speaking.page
    page.check("[name=language][value=mr]")
    expect(page.locator("#speak-title")).to_have_text("बोला आणि ऐका")
    expect(page.locator("#speak-title")).to_have_attribute("lang", "mr")
    expect(page.locator("#speak-how kbd")).to_have_text(["Space", "Esc"])
    words = page.locator("#view-speak [data-phrase]").all_text_contents()
    assert [one for one in words if one.replace("Space", "").replace("Esc", "").isascii()] == []
    page.check("[name=language][value='']")
    expect(page.locator("#speak-title")).to_have_text("Speak and listen")
