"""The library's lists and what is opened from them: pages of them, one picture after the other, titles."""

from __future__ import annotations

import io

from PIL import Image
from playwright.sync_api import expect

from tests.pages.axe import violations
from tests.pages.conftest import Visit, photo
from tests.pages.library_site import LibrarySite
from tests.pages.test_library import cards, dialog, notice

MANY = 62


def small() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(out, "PNG")
    return out.getvalue()


def test_what_show_more_has_shown_stays(visit: Visit, library: LibrarySite) -> None:
    page = visit.page
    folder = library.folder("Many")
    files = [("files", (f"{number}.png", small())) for number in range(MANY)]
    library.json("POST", "images", files=files, data={"folder_id": folder})
    library.open(visit, f"library/pictures/{folder}")
    expect(cards(page)).to_have_count(60)
    page.click("#library-more")
    expect(cards(page)).to_have_count(MANY)
    page.reload()
    expect(cards(page)).to_have_count(MANY)
    page.click("#library-select")
    page.get_by_label("Select 7.png", exact=True).check()
    page.locator("#library-bulk").get_by_role("button", name="Delete").click()
    expect(page.locator("#confirm-text")).to_contain_text("This cannot be undone.")
    page.click("#confirm-yes")
    notice(page, "1 picture deleted.")
    expect(cards(page)).to_have_count(MANY - 1)
    cards(page).last.locator("a").click()
    page.get_by_role("button", name="Delete this picture").click()
    page.click("#confirm-yes")
    expect(cards(page)).to_have_count(MANY - 2)
    library.json("DELETE", f"folders/{folder}", params={"contents": "delete"})  # the library is shared


def test_pictures_are_looked_through_one_after_the_other(visit: Visit, library: LibrarySite) -> None:
    page = visit.page
    folder = library.folder("Through")
    for name in ("third", "second", "first"):  # the newest comes first
        library.picture(f"{name}.jpg", photo("coffee"), folder_id=folder)
    library.open(visit, f"library/pictures/{folder}")
    name = page.locator("#picture-name")
    cards(page).first.locator("a").press("Enter")
    expect(name).to_have_text("first.jpg")
    expect(page.locator("#picture-before")).to_have_count(0)
    page.get_by_role("button", name="Next picture").press("Enter")
    expect(name).to_have_text("second.jpg")
    expect(page.locator("#picture-after")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(name).to_have_text("third.jpg")
    expect(page.locator("#picture-after")).to_have_count(0)
    page.get_by_role("button", name="Enlarge the picture").press("Enter")
    pixels = dialog(page).get_by_role("button", name="Show all of its pixels")
    pixels.press("Enter")
    expect(pixels).to_have_attribute("aria-pressed", "true")
    expect(dialog(page).locator("img")).to_have_js_property("width", 600)
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(page.locator("#picture-large")).to_be_focused()
    page.go_back()
    expect(cards(page)).to_have_count(3)
    expect(cards(page).last.locator("a")).to_be_focused()

    page.select_option("#library-sort", "oldest")
    expect(cards(page).locator("b")).to_have_text(["third.jpg", "second.jpg", "first.jpg"])
    page.reload()
    page.select_option("#library-sort", "name")
    expect(cards(page).locator("b")).to_have_text(["first.jpg", "second.jpg", "third.jpg"])


def test_a_document_gets_another_title(visit: Visit, library: LibrarySite) -> None:
    page = visit.page
    folder = library.folder("Papers")
    document = library.document("scan0001.txt", b"The lift is inspected in May.", folder_id=folder)
    library.open(visit, f"library/documents/{folder}")
    page.locator("#library-list .paper a").click()
    page.get_by_role("button", name="Give it another title").click()
    expect(dialog(page).get_by_label("Title")).to_have_value("scan0001.txt")
    page.keyboard.type("Lift report")
    page.keyboard.press("Enter")
    expect(page.locator("#document-name")).to_have_text("Lift report")
    assert library.json("GET", f"documents/{document}")["title"] == "Lift report"
    page.get_by_role("button", name="Back to the list").click()
    expect(page.locator("#library-list .paper")).to_contain_text("Lift report")


def test_a_name_that_is_not_taken_can_be_mended(visit: Visit, library: LibrarySite) -> None:
    page = visit.page
    library.open(visit, "library/videos")
    page.click("#library-new-folder")
    page.keyboard.type("To be/done")
    page.keyboard.press("Enter")
    expect(dialog(page).get_by_role("alert")).to_contain_text("no slash")
    dialog(page).get_by_label("Name").fill("To be done")
    page.keyboard.press("Enter")
    expect(page.locator("#library-title")).to_have_text("To be done")
    expect(dialog(page)).to_have_count(0)
