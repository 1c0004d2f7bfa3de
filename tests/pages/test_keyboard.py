"""The whole main job without a mouse."""

from __future__ import annotations

from playwright.sync_api import FileChooser, Page, expect

from services.prompts import FIRST_QUESTION
from tests.pages.conftest import Site, Visit, photo, upload
from tests.pages.library_site import LibrarySite


def focused(page: Page) -> str:
    return page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()")


def tab_to(page: Page, wanted: str, most: int = 40) -> None:
    """Press Tab until what has this id or text is focused; every stop on the way can be seen."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if focused(page) == wanted:
            assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none" or page.evaluate(
                "document.activeElement.closest('.composer') !== null"
            ), f"{wanted} shows no focus"
            return
    raise AssertionError(f"{wanted} cannot be reached; the last stop was {focused(page)}")


def test_the_main_job_by_keyboard_alone(visit: Visit, site: Site) -> None:
    site.model.answer({"content": "An astronaut."}, when={"userMessage": FIRST_QUESTION})
    site.model.answer({"content": "Orange."}, when={"userMessage": "colour"})
    page = visit.page
    # Listened for from the start: the browser needs a moment before it hands file dialogs over.
    choosers: list[FileChooser] = []
    page.on("filechooser", lambda chooser: choosers.append(chooser))  # noqa: PLW0108 - a built-in takes no marks
    visit.open(site.url)
    page.keyboard.press("Tab")
    assert focused(page) == "skip"
    page.keyboard.press("Enter")
    assert focused(page) == "main"
    tab_to(page, "ask-choose")
    page.keyboard.press("Enter")
    while not choosers:
        page.wait_for_timeout(50)
    choosers[0].set_files({"name": "astronaut.jpg", "mimeType": "image/jpeg", "buffer": photo()})
    expect(page.locator("#ask-log")).to_contain_text("An astronaut.")
    expect(page.locator("#ask-text")).to_be_focused()
    page.keyboard.type("What colour?")
    page.keyboard.press("Enter")
    expect(page.locator("#ask-log")).to_contain_text("Orange.")
    expect(page.locator(".chip").first).to_be_visible()

    page.keyboard.press("Shift+Tab")
    assert page.evaluate("document.activeElement.className") == "chip"
    page.locator("#skip").focus()
    tab_to(page, "ask-delete")
    page.keyboard.press("Enter")
    assert focused(page) == "confirm-no"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#ask-start")).to_be_visible()
    expect(page.locator("#ask-title")).to_be_focused()


def test_views_are_changed_by_keyboard_and_the_title_gets_the_focus(visit: Visit, site: Site) -> None:
    page = visit.page
    visit.open(site.url)
    for name, title in (
        ("Chat", "chat-title"),
        ("Library", "library-title"),
        ("Studio", "studio-title"),
        ("Speak", "speak-title"),
        ("Ask", "ask-title"),
    ):
        page.locator("#skip").focus()
        tab_to(page, name)
        page.keyboard.press("Enter")
        expect(page.locator(f"#{title}")).to_be_focused()
        assert page.title() == f"{name} – Visual Assistant"
        expect(page.locator(f"[data-view]:has-text('{name}')")).to_have_attribute("aria-current", "page")


def test_the_library_and_a_chat_by_keyboard_alone(visit: Visit, library: LibrarySite) -> None:
    page = visit.page
    library.open(visit, "library")
    expect(page.locator(".card").first).to_be_visible()
    page.locator("#skip").focus()
    tab_to(page, "library-find")
    page.keyboard.type("cat in a png")
    page.keyboard.press("Enter")
    expect(page.locator("#library-count")).to_contain_text("No picture matches")
    tab_to(page, "type png – search without this")
    page.keyboard.press("Enter")
    expect(page.locator(".card")).to_have_count(1)
    page.keyboard.press("Escape")
    page.locator(".card a").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#picture-name")).to_be_focused()
    page.locator("#skip").focus()
    tab_to(page, "Chat")
    page.keyboard.press("Enter")
    expect(page.locator("#chat-title")).to_be_focused()
    tab_to(page, "chat-text")
    page.keyboard.type("Delete the pictures of a cat")
    page.keyboard.press("Enter")
    expect(page.locator(".plan .primary")).to_be_visible()
    tab_to(page, "Cancel")
    page.keyboard.press("Enter")
    expect(page.locator(".plan-state")).to_contain_text("Cancelled")


def test_the_list_on_a_phone_opens_and_closes_by_keyboard(visit: Visit, site: Site) -> None:
    page = visit.page
    page.set_viewport_size({"width": 360, "height": 740})
    upload(visit, site)
    opener = page.locator(".talk-head [data-opens=ask]")
    opener.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#ask-side-close")).to_be_focused()
    page.keyboard.press("Escape")
    expect(opener).to_be_focused()
    expect(page.locator("#ask-side")).not_to_be_visible()


def test_the_theme_is_kept(visit: Visit, site: Site) -> None:
    page = visit.page
    page.emulate_media(color_scheme="light")
    visit.open(site.url)
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.locator("#theme").press("Enter")
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert dark != light
    page.reload()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == dark
    expect(page.locator("#theme")).to_have_attribute("aria-pressed", "true")
