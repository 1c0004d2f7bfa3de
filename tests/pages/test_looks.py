"""Every view, in both themes and three widths: nothing axe objects to, nothing cut off, and a picture for a person.

The pictures are written to `screenshots/`, which is not committed.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from config import ROOT
from tests.pages.axe import violations
from tests.pages.conftest import Site, Visit, choose, photo, upload, wish

SCREENSHOTS = ROOT / "screenshots"
WIDTHS = {360: 740, 1280: 800, 2560: 1440}
TOO_WIDE = """() => {
    const places = document.querySelectorAll("body, main, .stage, .side, .talk-body, .voice, dialog, .log, header");
    return [...places].filter(place => place.scrollWidth > place.clientWidth + 1)
        .map(place => place.id || place.className || place.tagName);
}"""
ANSWER = """An **astronaut** in an orange suit smiles at the camera.

- On the left stands a flag.
- Behind her is a *model of the shuttle*.

| Colour | Share |
|--------|-------|
| orange | 32 %  |
| black  | 18 %  |

`f/8`, and `a very long word that goes on and on and on so that the line has to be broken somewhere`
"""


def seen(page: Page, view: str, theme: str) -> list[str]:
    """Picture the view at every width; what is wrong with it."""
    wrong = []
    page.emulate_media(color_scheme=theme)
    for width, height in WIDTHS.items():
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(250)
        if width < max(WIDTHS):  # the widest holds nothing that the middle one does not
            wrong += [f"{width} px: {line}" for line in violations(page)]
        wrong += [f"{width} px: {name} is wider than its place" for name in page.evaluate(TOO_WIDE)]
        SCREENSHOTS.mkdir(exist_ok=True)
        page.screenshot(path=SCREENSHOTS / f"{view}-{theme}-{width}.png")
    return wrong


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("view", ["ask", "studio", "speak"])
def test_a_view_that_nothing_has_happened_in(visit: Visit, site: Site, view: str, theme: str) -> None:
    visit.open(f"{site.url}/#/{view}")
    visit.page.wait_for_timeout(300)
    assert seen(visit.page, f"{view}-start", theme) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_conversation(visit: Visit, site: Site, theme: str) -> None:
    site.model.answer({"content": ANSWER}, when={"userMessage": "suit"})
    upload(visit, site, "an astronaut with quite a long file name, as cameras and people give them.jpg")
    visit.page.fill("#ask-text", "What colour is the suit, and what else is in the picture?")
    visit.page.press("#ask-text", "Enter")
    visit.page.wait_for_selector("#ask-log table")
    assert seen(visit.page, "ask-talk", theme) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.slow
def test_the_studio_at_work(visit: Visit, site: Site, theme: str) -> None:
    page = visit.page
    visit.open(f"{site.url}/#/studio")
    choose(page, "studio", content=photo("coffee"))
    for words in ("Make it black and white", "Crop it to a square"):
        wish(page, words)
    page.press("#studio-text", "Control+z")
    expect(page.locator("#studio-facts")).to_contain_text("Version 2")
    wish(page, "Add a white border")
    assert seen(page, "studio-work", theme) == []
    page.click("#studio-compare")
    assert seen(page, "studio-compare", theme) == []
    page.click("#studio-compare")
    page.click("#studio-mask")
    page.keyboard.press("Space")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Space")
    assert seen(page, "studio-mask", theme) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_an_answer_that_was_heard(visit: Visit, site: Site, theme: str) -> None:
    site.model.answer({"content": "A woman in an orange suit, close in front of you. Behind her, a flag."})
    visit.open(f"{site.url}/#/speak")
    choose(visit.page, "speak")
    visit.page.fill("#speak-question", "Who is there?")
    visit.page.press("#speak-question", "Enter")
    expect(visit.page.locator("#speak-text")).to_contain_text("orange suit")
    visit.page.click("#speak-said summary")
    assert seen(visit.page, "speak-answer", theme) == []


def test_axe_finds_what_is_wrong(visit: Visit, site: Site) -> None:
    visit.open(site.url)
    visit.page.evaluate("document.getElementById('theme').removeAttribute('aria-label')")
    visit.page.evaluate("document.getElementById('theme').removeAttribute('title')")
    assert any(line.startswith("button-name") for line in violations(visit.page))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_dialogs(visit: Visit, site: Site, theme: str) -> None:
    upload(visit, site)
    visit.page.click("#ask-delete")
    assert seen(visit.page, "dialog-delete", theme) == []
    visit.page.click("#confirm-no")
    visit.page.click("#ask-new")
    visit.page.click("#ask-camera")
    visit.page.wait_for_selector("#camera-take:enabled")
    assert seen(visit.page, "dialog-camera", theme) == []
