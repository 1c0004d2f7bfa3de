"""Ask: a picture, questions about it, and what happens when something breaks."""

from __future__ import annotations

import base64
import io
import signal
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import expect

from services.prompts import FIRST_QUESTION
from tests.pages.conftest import Site, Visit, choose, cloud_settings, photo, upload, wish
from tests.server import running

LONG = "One **two** three four five six seven eight nine ten. " * 12


def test_a_newcomer_sends_a_picture_and_asks(visit: Visit, site: Site) -> None:
    site.model.answer({"content": LONG}, when={"userMessage": "Tell me"}, latency=30, chunkSize=12)
    upload(visit, site)
    page = visit.page
    expect(page.locator("#ask-log")).to_contain_text("A portrait of an astronaut.")
    expect(page.locator("#ask-name")).to_have_text("astronaut.jpg")
    expect(page.locator("#ask-facts")).to_contain_text("512 × 512 · JPEG")
    expect(page.locator("#ask-list li")).to_have_count(1)
    expect(page.locator("#ask-text")).to_be_focused()

    page.keyboard.type("Tell me more")
    page.keyboard.press("Enter")
    coming = page.locator(".answer.coming:not(.waiting)")
    expect(coming).to_contain_text("One **two**")
    assert len(coming.text_content() or "") < len(LONG), "the text is shown while it comes"
    assert "two" not in (page.locator("#live").text_content() or ""), "it is not read out in pieces"
    expect(page.locator("#ask-stop")).to_be_visible()

    answer = page.locator(".answer").last
    expect(answer.locator("strong")).to_have_count(12)
    expect(page.locator("#live")).to_contain_text("Answer: One two three")
    expect(page.locator("#ask-send")).to_be_visible()


def test_progress_is_shown_while_a_picture_is_sent(visit: Visit, site: Site) -> None:
    site.model.answer({"content": "Seen."}, when={"userMessage": FIRST_QUESTION}, latency=700)
    visit.open(site.url)
    choose(visit.page)
    expect(visit.page.locator("#ask-progress-text")).to_have_text("Looking at the picture…")
    assert visit.page.locator("#ask-picture").get_attribute("src", timeout=1000).startswith("blob:")
    expect(visit.page.locator("#ask-log")).to_contain_text("Seen.")
    expect(visit.page.locator("#ask-upload")).to_be_hidden()


def test_reload_brings_everything_back(visit: Visit, site: Site) -> None:
    site.model.answer({"content": "It is *orange*."}, when={"userMessage": "colour"})
    upload(visit, site)
    visit.page.fill("#ask-text", "What colour is the suit?")
    visit.page.press("#ask-text", "Enter")
    expect(visit.page.locator("#ask-log em")).to_have_text("orange")
    visit.page.fill("#ask-text", "not sent yet")
    visit.page.reload()
    expect(visit.page.locator("#ask-log .turn")).to_have_count(3)
    expect(visit.page.locator("#ask-log em")).to_have_text("orange")
    expect(visit.page.locator("#ask-text")).to_have_value("not sent yet")
    expect(visit.page.locator("#ask-list [aria-current]")).to_contain_text("astronaut.jpg")


def test_many_conversations_stay_apart(visit: Visit, site: Site) -> None:
    upload(visit, site, "first.jpg", "The first one.")
    first = visit.page.url
    site.model.reset()
    site.model.answer({"content": "The second one."}, when={"userMessage": FIRST_QUESTION})
    visit.page.click("#ask-new")
    choose(visit.page, name="second.jpg", content=photo("coffee"))
    expect(visit.page.locator("#ask-log")).to_contain_text("The second one.")
    expect(visit.page.locator("#ask-list li")).to_have_count(2)
    visit.page.click("#ask-list a:has-text('first.jpg')")
    expect(visit.page.locator("#ask-log")).to_have_text("The first one.CopyAnswered by OpenAI")
    assert visit.page.url == first
    expect(visit.page.locator("#ask-name")).to_be_focused()


def test_a_picture_can_be_dropped_or_pasted(visit: Visit, site: Site) -> None:
    site.model.answer({"content": "Dropped."}, when={"userMessage": FIRST_QUESTION})
    visit.open(site.url)
    give = """([kind, bytes]) => {
        const data = new DataTransfer();
        const content = Uint8Array.from(atob(bytes), letter => letter.charCodeAt(0));
        data.items.add(new File([content], `${kind}.jpg`, {type: "image/jpeg"}));
        const options = {bubbles: true, cancelable: true};
        document.body.dispatchEvent(kind === "drop" ? new DragEvent("drop", {...options, dataTransfer: data})
            : new ClipboardEvent("paste", {...options, clipboardData: data}));
    }"""
    for number, kind in enumerate(("drop", "paste"), start=1):
        visit.page.evaluate(give, [kind, base64.b64encode(photo()).decode()])
        expect(visit.page.locator("#ask-name")).to_have_text(f"{kind}.jpg")
        expect(visit.page.locator("#ask-list li")).to_have_count(number)


def test_a_photo_can_be_taken(visit: Visit, site: Site) -> None:
    site.model.answer({"content": "A test pattern."}, when={"userMessage": FIRST_QUESTION})
    visit.open(site.url)
    visit.page.click("#ask-camera")
    visit.page.click("#camera-take")
    expect(visit.page.locator("#ask-log")).to_contain_text("A test pattern.")
    expect(visit.page.locator("#ask-name")).to_have_text("photo.jpg")


def test_what_is_no_picture_is_refused_in_plain_words(visit: Visit, site: Site, tmp_path: Path) -> None:
    visit.open(site.url)
    choose(visit.page, content=b"<html>not a picture</html>")
    expect(visit.page.locator("#ask-problem")).to_have_text("This file is not a picture.")
    large = tmp_path / "large.jpg"
    large.write_bytes(b"x" * (16 * 1024 * 1024 + 1))
    visit.page.set_input_files("#ask-file", large)
    expect(visit.page.locator("#ask-problem")).to_contain_text("at most 16 MB")
    assert len(visit.sent("POST", "/upload")) == 1, "what is too large is not sent at all"


def test_a_failed_send_is_sent_again_under_the_same_key(visit: Visit, own_site: Site) -> None:
    upload(visit, own_site)
    own_site.model.reset()
    own_site.model.answer({"error": {"message": "down", "type": "server_error"}, "status": 500})
    visit.page.fill("#ask-text", "Is it sharp?")
    visit.page.press("#ask-text", "Enter")
    failed = visit.page.locator(".turn.mine.failed")
    expect(failed).to_contain_text("Is it sharp?")
    visit.page.reload()
    expect(failed).to_contain_text("Is it sharp?")

    own_site.model.reset()
    own_site.model.answer({"content": "It is sharp."})
    failed.get_by_role("button", name="Try again").click()
    expect(visit.page.locator("#ask-log")).to_contain_text("It is sharp.")
    expect(visit.page.locator(".turn.mine")).to_have_count(1)
    keys = [request.headers.get("idempotency-key") for request in visit.sent("POST", "/chat-stream/")]
    assert len(keys) == 2
    assert keys[0]
    assert keys[0] == keys[1]


def test_a_picture_that_did_not_get_through_is_sent_again(visit: Visit, site: Site) -> None:
    site.model.answer({"content": "Here it is."}, when={"userMessage": FIRST_QUESTION})
    visit.open(site.url)
    visit.context.set_offline(True)
    choose(visit.page)
    again = visit.page.get_by_role("button", name="Send again")
    expect(again).to_be_focused()
    expect(visit.page.locator("#ask-progress-text")).to_contain_text("The picture is still here.")
    visit.context.set_offline(False)
    again.click()
    expect(visit.page.locator("#ask-log")).to_contain_text("Here it is.")
    keys = [request.headers["idempotency-key"] for request in visit.sent("POST", "/upload")]
    assert len(keys) == 2
    assert keys[0] == keys[1]


def test_a_stopped_answer_keeps_what_was_said(visit: Visit, site: Site) -> None:
    site.model.answer({"content": LONG}, when={"userMessage": "Go on"}, latency=60, chunkSize=12)
    upload(visit, site)
    visit.page.fill("#ask-text", "Go on")
    visit.page.press("#ask-text", "Enter")
    expect(visit.page.locator(".answer.coming:not(.waiting)")).to_contain_text("One")
    visit.page.click("#ask-stop")
    last = visit.page.locator(".turn").last
    expect(last).to_contain_text("Stopped.")
    expect(visit.page.locator("#ask-text")).to_be_focused()
    visit.page.reload()
    expect(last).to_contain_text("This answer was cut short.")
    expect(last).to_contain_text("One")


def test_a_reload_in_the_middle_of_an_answer_loses_nothing_that_was_kept(visit: Visit, site: Site) -> None:
    site.model.answer({"content": LONG}, when={"userMessage": "Go on"}, latency=60, chunkSize=12)
    upload(visit, site)
    visit.page.fill("#ask-text", "Go on")
    visit.page.press("#ask-text", "Enter")
    expect(visit.page.locator(".answer.coming:not(.waiting)")).to_contain_text("three")
    visit.page.reload()
    last = visit.page.locator(".turn").last
    expect(last).to_contain_text("One two three")
    expect(last).to_contain_text("This answer was cut short.")
    expect(visit.page.locator("#ask-send")).to_be_visible()


@pytest.mark.slow
def test_a_broken_connection_is_shown_and_mended(visit: Visit, own_site: Site) -> None:
    own_site.model.answer({"content": LONG}, when={"userMessage": "Go on"}, latency=80, chunkSize=12)
    upload(visit, own_site)
    page = visit.page
    page.fill("#ask-text", "Go on")
    page.press("#ask-text", "Enter")
    expect(page.locator(".answer.coming:not(.waiting)")).to_contain_text("One")
    own_site.server.stop(signal.SIGKILL)
    expect(page.locator("#banner")).to_be_visible()
    expect(page.locator("#alarm")).to_contain_text("cannot be reached")
    page.fill("#ask-text", "Are you there?")
    page.press("#ask-text", "Enter")
    expect(page.locator(".turn.mine.failed")).to_contain_text("Are you there?")

    own_site.model.reset()
    own_site.model.answer({"content": "I am back."})
    settings = cloud_settings(own_site.model) | {"PORT": str(own_site.server.address[1])}
    with running(own_site.server.folder, **settings):
        expect(page.locator("#banner")).to_be_hidden()
        expect(page.locator("#ask-log")).to_contain_text("cut short")
        expect(page.locator("#ask-log")).to_contain_text("One two")
        page.get_by_role("button", name="Try again").last.click()
        expect(page.locator("#ask-log")).to_contain_text("I am back.")


def test_an_older_picture_is_found_by_words(visit: Visit, own_site: Site) -> None:
    upload(visit, own_site, "ocean liner.jpg", "A big ship.")
    own_site.model.reset()
    own_site.model.answer({"content": "A cup of coffee."}, when={"userMessage": FIRST_QUESTION})
    choose(visit.page, name="breakfast.jpg", content=photo("coffee"))
    expect(visit.page.locator("#ask-log")).to_contain_text("A cup of coffee.")
    visit.page.evaluate("localStorage.clear()")  # another browser of the same person
    visit.page.goto(f"{own_site.url}/#/ask")
    visit.page.reload()
    expect(visit.page.locator("#ask-list li")).to_have_count(0)
    visit.page.fill("#ask-find", "liner")
    visit.page.press("#ask-find", "Enter")
    expect(visit.page.locator("#ask-found")).to_have_text("1 picture found.")
    visit.page.click("#ask-list a:has-text('ocean liner.jpg')")
    expect(visit.page.locator("#ask-log")).to_contain_text("A big ship.")
    visit.page.fill("#ask-find", "violoncello")
    visit.page.press("#ask-find", "Enter")
    expect(visit.page.locator("#ask-found")).to_have_text("Nothing matches.")
    visit.page.press("#ask-find", "Escape")
    expect(visit.page.locator("#ask-list li")).to_have_count(1)


def test_a_picture_is_deleted_with_what_was_said(visit: Visit, site: Site) -> None:
    upload(visit, site)
    image_id = visit.page.url.rsplit("/", 1)[1]
    visit.page.click("#ask-delete")
    visit.page.click("#confirm-yes")
    expect(visit.page.locator("#ask-start")).to_be_visible()
    expect(visit.page.locator("#ask-list li")).to_have_count(0)
    assert visit.context.request.get(f"{site.url}/images/{image_id}").status == 404


def test_an_answer_is_copied(visit: Visit, site: Site) -> None:
    visit.context.grant_permissions(["clipboard-read", "clipboard-write"])
    upload(visit, site, says="A **portrait**.")
    visit.page.get_by_role("button", name="Copy").click()
    expect(visit.page.locator("#live")).to_have_text("Copied.")
    assert visit.page.evaluate("navigator.clipboard.readText()") == "A **portrait**."


def test_a_picture_of_another_kind_is_sent_as_a_jpeg(visit: Visit, site: Site) -> None:
    page = visit.page
    site.model.answer({"content": "A rocket."}, when={"userMessage": FIRST_QUESTION})
    visit.open(site.url)
    webp = io.BytesIO()
    Image.open(io.BytesIO(photo("rocket"))).save(webp, "WEBP")
    page.set_input_files("#ask-file", {"name": "rocket.webp", "mimeType": "image/webp", "buffer": webp.getvalue()})
    expect(page.locator("#ask-log")).to_contain_text("A rocket.")
    expect(page.locator("#ask-name")).to_have_text("rocket.jpg")
    expect(page.locator("#ask-facts")).to_contain_text("JPEG")

    first = page.url
    choose(page, name="empty.jpg", content=b"")
    expect(page.locator(".notice-box")).to_have_text("“empty.jpg” is empty.")
    assert page.url == first, "a file that is not sent leaves what is shown"
    choose(page, name="second.jpg")
    expect(page.locator("#ask-name")).to_have_text("second.jpg")
    page.wait_for_url(lambda url: url != first and "#/ask/" in url)
    page.go_back()
    expect(page.locator("#ask-name")).to_have_text("rocket.jpg")


def test_a_view_that_is_first_opened_while_the_server_is_gone_comes_with_it(visit: Visit, site: Site) -> None:
    page = visit.page
    visit.open(site.url)
    visit.context.set_offline(True)
    page.get_by_role("link", name="Studio").click()
    expect(page.locator("#banner")).to_be_visible()
    visit.context.set_offline(False)
    expect(page.locator("#banner")).to_be_hidden()
    expect(page.locator("#studio-text")).to_be_visible()
    wish(page, "Create a red canvas")
    expect(page.locator("#studio-picture")).to_be_visible()
