"""Studio: pictures changed by saying what is wanted, on this machine's own editor."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.making.conftest import gemini_says, inline
from tests.pages.conftest import Site, Visit, choose, photo, wish
from tests.server import running
from tests.studio.conftest import vendor_server


def begin(visit: Visit, site: Site, words: str) -> None:
    visit.open(f"{site.url}/#/studio")
    choose(visit.page, "studio", content=photo("coffee"))
    expect(visit.page.locator("#studio-text")).to_be_focused()
    wish(visit.page, words)


def shown(page: Page) -> Image.Image:
    """The picture the page shows."""
    address = page.locator("#studio-picture").evaluate("picture => picture.src")
    return Image.open(io.BytesIO(page.request.get(address).body()))


def facts(page: Page, begin: str) -> None:
    expect(page.locator("#studio-facts")).to_contain_text(begin)


def test_a_picture_is_changed_stepped_back_branched_and_downloaded(visit: Visit, site: Site) -> None:
    page = visit.page
    begin(visit, site, "make it black and white, then crop it to a square")
    facts(page, "Version 2 of 2 · 400 × 400")
    pixels = np.asarray(shown(page).convert("RGB")).astype(int)
    assert np.ptp(pixels, axis=2).max() <= 2, "it is grey"
    expect(page.locator("#studio-alt")).to_contain_text("black and white")
    assert "black and white" in (page.locator("#studio-picture").get_attribute("alt") or "")
    expect(page.locator("#live")).to_contain_text("cropped to a square")

    page.keyboard.press("Control+z")
    facts(page, "Version 1 of 2 · 600 × 400")
    expect(page.locator("#studio-undo")).to_be_disabled()
    page.keyboard.press("Control+Shift+z")
    facts(page, "Version 2 of 2")
    page.click("#studio-undo")
    facts(page, "Version 1 of 2")
    wish(page, "rotate it to the right")
    facts(page, "Version 3 of 3 · 400 × 600")
    expect(page.get_by_role("button", name="Version 3: rotate it to the right, from version 1")).to_have_attribute(
        "aria-current", "true"
    )
    rows = page.locator(".version").evaluate_all("all => all.map(version => version.getBoundingClientRect().top)")
    assert rows[0] == rows[1] < rows[2], "a branch stands in a row of its own"

    with page.expect_download() as download:
        page.click("#studio-download")
    with Image.open(download.value.path()) as saved:
        assert saved.size == (400, 600)

    page.reload()
    facts(page, "Version 3 of 3")
    expect(page.locator("#studio-log .turn")).to_have_count(4)
    page.click(".version >> nth=1")
    facts(page, "Version 2 of 3")


def test_what_is_no_picture_is_not_taken_and_what_was_taken_can_be_left(visit: Visit, site: Site) -> None:
    page = visit.page
    visit.open(f"{site.url}/#/studio")
    sound = {"name": "question.wav", "mimeType": "audio/wav", "buffer": b"RIFF"}
    page.set_input_files("#studio-file", sound)
    expect(page.locator("#studio-problem")).to_have_text("“question.wav” is not a picture.")
    expect(page.locator("#studio-work")).to_be_hidden()
    choose(page, "studio", content=photo("coffee"))
    expect(page.locator("#studio-work")).to_be_visible()
    page.get_by_role("link", name="New work").click()
    expect(page.locator("#studio-start")).to_be_visible()
    wish(page, "Create a light blue canvas, 120 by 80")
    facts(page, "Version 1 of 1 · 120 × 80")


def test_a_picture_is_made_from_words(visit: Visit, site: Site) -> None:
    visit.open(f"{site.url}/#/studio")
    wish(visit.page, "Create a light blue canvas, 1200 by 800")
    facts(visit.page, "Version 1 of 1 · 1200 × 800")
    expect(visit.page.locator("#studio-list li")).not_to_have_count(0)


def test_what_was_not_changed_is_said(visit: Visit, site: Site) -> None:
    begin(visit, site, "make it black and white")
    wish(visit.page, "add a unicorn that plays the violin")
    expect(visit.page.locator("#studio-log .turn").last).not_to_contain_text("Version 3")
    facts(visit.page, "Version 2 of 2")


def test_two_versions_are_compared_by_keyboard(visit: Visit, site: Site) -> None:
    page = visit.page
    begin(visit, site, "make it black and white")
    page.click("#studio-compare")
    expect(page.locator("#compare-cut")).to_be_focused()
    expect(page.locator("#compare-left")).to_have_value(
        page.locator("#compare-left option").first.get_attribute("value")
    )
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    assert "55%" in page.locator("#studio-picture").evaluate("picture => picture.style.clipPath")
    page.click("#studio-compare")
    assert page.locator("#studio-picture").evaluate("picture => picture.style.clipPath") == ""


def test_a_mask_keeps_the_change_inside(visit: Visit, site: Site) -> None:
    page = visit.page
    begin(visit, site, "save it as png")
    before = np.asarray(shown(page).convert("RGB")).astype(int)
    page.click("#studio-mask")
    page.click("#mask-rectangle")
    box = page.locator("#mask-canvas").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + box["height"] * 0.25)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.75, steps=5)
    page.mouse.up()
    expect(page.locator("#studio-masked")).to_be_visible()
    wish(page, "make it black and white")
    after = np.asarray(shown(page).convert("RGB")).astype(int)
    changed = np.argwhere(np.abs(after - before).max(axis=2) > 0)
    height, width = before.shape[:2]
    (top, left), (bottom, right) = changed.min(axis=0), changed.max(axis=0)
    assert top / height > 0.24
    assert bottom / height < 0.76
    assert left / width > 0.24
    assert right / width < 0.51
    assert len(changed) > 0.8 * 0.25 * 0.5 * width * height
    expect(page.locator("#studio-masked")).to_be_hidden()


def test_a_mask_is_painted_by_keyboard(visit: Visit, site: Site) -> None:
    page = visit.page
    begin(visit, site, "make it brighter")
    page.click("#studio-mask")
    expect(page.locator("#mask-canvas")).to_be_focused()
    for key in ("Space", "ArrowRight", "ArrowRight", "Space"):
        page.keyboard.press(key)
    expect(page.locator("#live")).to_have_text("Marked.")
    expect(page.locator("#studio-masked")).to_be_visible()
    page.click("#mask-clear")
    expect(page.locator("#studio-masked")).to_be_hidden()


def test_a_wish_that_did_not_get_through_is_sent_again(visit: Visit, site: Site) -> None:
    page = visit.page
    begin(visit, site, "make it brighter")
    visit.context.set_offline(True)
    page.fill("#studio-text", "make it darker")
    page.press("#studio-text", "Enter")
    failed = page.locator(".turn.mine.failed")
    expect(failed).to_contain_text("make it darker")
    visit.context.set_offline(False)
    failed.get_by_role("button", name="Try again").click()
    facts(page, "Version 3 of 3")
    keys = [request.headers["idempotency-key"] for request in visit.sent("POST", "/chat")]
    assert keys[1] == keys[2] != keys[0]


@pytest.mark.slow
def test_a_first_wish_that_failed_is_made_in_the_conversation_it_began(visit: Visit, tmp_path: Path) -> None:
    page = visit.page
    with (
        vendor_server() as vendor,
        running(tmp_path, IMAGE_PROVIDER="gemini", GEMINI_API_KEY="k", GEMINI_BASE_URL=vendor.url) as server,
    ):
        vendor.answer, vendor.status = {"error": {"code": 400, "message": "no", "status": "INVALID_ARGUMENT"}}, 400
        visit.open(f"{server.url}/#/studio")
        choose(page, "studio", content=photo("coffee"))
        expect(page.locator("#studio-text")).to_be_focused()
        page.fill("#studio-text", "add a moon")
        page.press("#studio-text", "Enter")
        failed = page.locator(".turn.mine.failed")
        expect(failed).to_contain_text("add a moon")
        facts(page, "Version 1 of 1")
        page.reload()
        expect(failed).to_contain_text("This was not made.")
        vendor.answer, vendor.status = gemini_says(inline(photo("chelsea"), "image/jpeg")), 200
        failed.get_by_role("button", name="Try again").click()
        facts(page, "Version 2 of 2")
        page.reload()
        expect(page.locator("#studio-log .turn.mine")).to_have_count(1)
        expect(page.locator("#studio-list li")).to_have_count(1)


def test_versions_and_works_are_deleted(visit: Visit, site: Site) -> None:
    page = visit.page
    begin(visit, site, "make it black and white")
    page.click("#studio-drop-version")
    page.click("#confirm-yes")
    facts(page, "Version 1 of 1")
    address = page.url
    page.click("#studio-delete")
    page.click("#confirm-yes")
    expect(page.locator("#studio-start")).to_be_visible()
    expect(page.locator("#studio-title")).to_be_focused()
    page.goto(address)
    expect(page.locator("#studio-problem")).to_have_text("This conversation is no longer on the server.")


def test_markup_in_a_wish_is_only_text(visit: Visit, site: Site) -> None:
    page = visit.page
    begin(visit, site, "<img src=x onerror=\"document.title='ran'\"> make it darker")
    page.reload()
    expect(page.locator("#studio-name")).to_contain_text("<img")
    page.wait_for_timeout(300)
    assert "ran" not in page.title()
    assert page.locator("img[onerror]").count() == 0
