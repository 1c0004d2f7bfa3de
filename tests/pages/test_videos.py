"""Videos in the library: sent, played from a scene, found by what is in them, taken away."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.pages.axe import violations
from tests.pages.conftest import Visit
from tests.pages.library_site import LibrarySite
from tests.pages.test_library import cards, notice, search
from tests.videos.conftest import video


def stands(page: Page, begin: float, end: float) -> None:
    """Wait until the player stands between these seconds."""
    for _ in range(100):
        now = page.evaluate("document.querySelector('.playing video').currentTime")
        if begin < now < end:
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"The player stands at {now}.")


def test_a_video_is_played_from_the_scene_that_was_found(visit: Visit, library: LibrarySite) -> None:
    page = visit.page
    library.open(visit, "library/videos")
    expect(page.locator("#library-list")).to_contain_text("There are no videos yet.")
    film = video(["rocket", "coffee"], container="webm")
    page.set_input_files("#library-file", {"name": "kitchen.webm", "mimeType": "video/webm", "buffer": film})
    expect(cards(page)).to_contain_text("kitchen.webm")
    expect(cards(page).locator("img")).to_be_visible()

    cards(page).locator("a").press("Enter")
    expect(page.locator("#library-opened h1")).to_have_text("kitchen.webm")
    expect(page.locator("#library-opened h1")).to_be_focused()
    scenes = page.locator(".scene")
    expect(scenes).to_have_count(2)
    scenes.nth(1).press("Enter")
    expect(scenes.nth(1)).to_have_attribute("aria-current", "true")
    stands(page, 1.7, 4.1)
    assert violations(page) == []

    page.get_by_role("button", name="Back to the list").click()
    search(page, "kitchen")
    expect(page.locator("#library-count")).to_contain_text("2 pictures found")
    cards(page).filter(has_text="0:02–").locator("a").click()
    expect(page.locator(".scene").nth(1)).to_have_attribute("aria-current", "true")
    expect(page.locator(".playing .problem")).to_be_hidden()
    stands(page, 1.6, 2.4)

    page.get_by_role("button", name="Delete this video").click()
    expect(page.locator("#confirm-text")).to_contain_text("This cannot be undone.")
    page.click("#confirm-yes")
    notice(page, "The video is deleted.")
    expect(cards(page)).to_have_count(0)
    page.get_by_role("button", name="Show all again").click()
    expect(page.locator("#library-list")).to_contain_text("There are no videos yet.")
