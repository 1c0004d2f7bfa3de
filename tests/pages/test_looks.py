"""Every view, in both themes and three widths: nothing axe objects to, nothing cut off, and a picture for a person.

The pictures are written to `screenshots/`, which is not committed.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from config import ROOT
from tests.pages.axe import violations
from tests.pages.conftest import Site, Visit, upload

SCREENSHOTS = ROOT / "screenshots"
WIDTHS = {360: 740, 1280: 800, 2560: 1440}
TOO_WIDE = """() => [...document.querySelectorAll("body, main, .stage, .side, .talk-body, .voice, dialog, .log, header")]
    .filter(place => place.scrollWidth > place.clientWidth + 1).map(place => place.id || place.className || place.tagName)
"""
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
def test_dialogs(visit: Visit, site: Site, theme: str) -> None:
    upload(visit, site)
    visit.page.click("#ask-delete")
    assert seen(visit.page, "dialog-delete", theme) == []
    visit.page.click("#confirm-no")
    visit.page.click("#ask-new")
    visit.page.click("#ask-camera")
    visit.page.wait_for_selector("#camera-take:enabled")
    assert seen(visit.page, "dialog-camera", theme) == []
