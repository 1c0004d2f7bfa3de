"""Library: many files sent, put into folders, found by words, opened, and taken away."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import FilePayload, Locator, Page, expect

from tests.pages.axe import violations
from tests.pages.conftest import Visit, photo
from tests.pages.library_site import LibrarySite
from tests.pages.test_injection import EVIL
from tests.pages.test_looks import TOO_WIDE

DROPPED = """([name, bytes]) => {
    const data = new DataTransfer();
    const content = Uint8Array.from(atob(bytes), letter => letter.charCodeAt(0));
    data.items.add(new File([content], `${name}.jpg`, {type: "image/jpeg"}));
    data.items.add(new File(["# Notes"], `${name}.md`, {type: "text/markdown"}));
    document.body.dispatchEvent(new DragEvent("drop", {bubbles: true, cancelable: true, dataTransfer: data}));
}"""


def cards(page: Page) -> Locator:
    return page.locator("#library-list .card")


def dialog(page: Page) -> Locator:
    return page.locator("dialog[open]")


def notice(page: Page, words: str) -> Locator:
    box = page.locator(".notice-box")
    expect(box).to_contain_text(words)
    return box


def search(page: Page, words: str) -> None:
    page.fill("#library-find", words)
    page.press("#library-find", "Enter")


def harmless(page: Page) -> None:
    """Nothing of what others wrote has become an element."""
    page.wait_for_timeout(200)
    assert "ran" not in page.title()
    assert page.locator("img[onerror], svg[onload], main script").count() == 0


def test_many_files_are_sent_at_once_each_with_its_own_result(visit: Visit, library: LibrarySite) -> None:
    page = visit.page
    folder = library.folder("Sent")
    library.open(visit, f"library/pictures/{folder}")
    expect(page.locator("#library-list")).to_contain_text("There are no pictures in this folder yet.")
    files: list[FilePayload] = [
        {"name": f"{number}.jpg", "mimeType": "image/jpeg", "buffer": photo("coffee")} for number in range(5)
    ]
    files.insert(2, {"name": "bad.jpg", "mimeType": "image/jpeg", "buffer": b"<html>"})
    page.set_input_files("#library-file", files)
    expect(page.locator("#library-sent")).to_have_text("5 of 6 added, 1 could not be.")
    expect(page.locator("#alarm")).to_have_text("5 of 6 added, 1 could not be.")
    expect(page.locator("#library-sendings li").first).to_contain_text("bad.jpg")
    expect(page.locator("#library-sendings li.failed")).to_have_count(1)
    expect(cards(page)).to_have_count(5)
    expect(page.locator("#library-folders [aria-current]")).to_contain_text("5")
    page.get_by_role("button", name="Put away").click()
    expect(page.locator("#library-sendings")).to_be_hidden()

    page.evaluate(DROPPED, ["dropped", base64.b64encode(photo("coffee")).decode()])
    expect(page.locator("#library-sent")).to_have_text("2 of 2 added.")
    expect(cards(page)).to_have_count(6)
    page.get_by_role("link", name="Documents").click()
    expect(page.locator("#library-list .paper")).to_contain_text("dropped.md")


def test_what_could_not_be_sent_is_sent_again(visit: Visit, library: LibrarySite) -> None:
    page = visit.page
    folder = library.folder("Again")
    library.open(visit, f"library/pictures/{folder}")
    visit.context.set_offline(True)
    page.set_input_files("#library-file", {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": photo("coffee")})
    failed = page.locator("#library-sendings li.failed")
    expect(failed).to_contain_text("could not be reached")
    visit.context.set_offline(False)
    failed.get_by_role("button", name="Try again").click()
    expect(page.locator("#library-sent")).to_have_text("1 of 1 added.")
    keys = {request.headers["idempotency-key"] for request in visit.sent("POST", "/api/v2/images")}
    assert len(keys) == 1


def test_pictures_are_put_into_folders_and_back(visit: Visit, library: LibrarySite) -> None:
    page = visit.page
    folder = library.folder("Trips")
    for number in range(3):
        library.picture(f"{number}.jpg", photo("coffee"), folder_id=folder)
    library.open(visit, f"library/pictures/{folder}")
    expect(cards(page)).to_have_count(3)
    page.click("#library-new-folder")
    page.keyboard.type("Beach")
    page.keyboard.press("Enter")
    expect(page.locator("#library-title")).to_have_text("Beach")
    expect(page.locator("#library-crumbs")).to_have_text("Library › Trips › ")
    page.get_by_role("link", name="Trips").first.click()

    page.click("#library-select")
    page.get_by_label("Select 0.jpg").check()
    page.get_by_label("Select 2.jpg").check()
    expect(page.locator("#library-bulk")).to_contain_text("2 selected")
    page.locator("#library-bulk").get_by_role("button", name="Move").click()
    dialog(page).get_by_label("Folder").select_option(label="Trips › Beach")
    dialog(page).get_by_role("button", name="Move").click()
    box = notice(page, "2 pictures moved to “Beach”.")
    expect(cards(page)).to_have_count(1)
    box.get_by_role("button", name="Undo").click()
    expect(cards(page)).to_have_count(3)

    page.get_by_role("button", name="All shown").click()
    page.locator("#library-bulk").get_by_role("button", name="Delete").click()
    page.click("#confirm-yes")
    notice(page, "3 pictures deleted.")
    expect(page.locator("#library-list")).to_contain_text("There are no pictures in this folder yet.")


def test_folders_are_renamed_moved_and_deleted(visit: Visit, library: LibrarySite) -> None:
    page = visit.page
    outer = library.folder("Outer")
    inner = library.folder("Inner", outer)
    library.picture("kept.jpg", photo("coffee"), folder_id=inner)
    library.open(visit, f"library/pictures/{inner}")
    page.click("#library-rename")
    page.keyboard.type("Renamed")
    page.keyboard.press("Enter")
    expect(page.locator("#library-title")).to_have_text("Renamed")
    page.click("#library-move")
    assert "Outer › Renamed" not in dialog(page).locator("option").all_text_contents(), "not into itself"
    dialog(page).get_by_label("Folder").select_option("")
    dialog(page).get_by_role("button", name="Move").click()
    expect(page.locator("#library-crumbs")).to_have_text("Library › ")
    notice(page, "“Renamed” was moved.").get_by_role("button", name="Undo").click()
    expect(page.locator("#library-crumbs")).to_have_text("Library › Outer › ")
    page.click("#library-delete")
    expect(dialog(page).get_by_label("Keep what is in it")).to_be_checked()
    dialog(page).get_by_role("button", name="Delete").click()
    expect(page.locator("#library-title")).to_have_text("Outer")
    expect(cards(page)).to_contain_text(["kept.jpg"])
    page.click("#library-delete")
    dialog(page).get_by_text("Delete what is in it too").click()
    dialog(page).get_by_role("button", name="Delete").click()
    expect(page.locator("#library-title")).to_have_text("Library")
    assert library.http.get(f"folders/{outer}").status_code == 404


def test_what_was_understood_is_shown_and_can_be_taken_away(visit: Visit, library: LibrarySite) -> None:
    page = visit.page
    library.open(visit, "library")
    search(page, "a cat in a png")
    expect(page.locator("#library-count")).to_contain_text("No picture matches.")
    chip = page.get_by_role("button", name="type png – search without this")
    expect(page.locator("#library-understood .taken")).to_have_text([re.compile("object cat"), re.compile("type png")])
    chip.click()
    expect(page.locator("#library-count")).to_contain_text("1 picture found")
    expect(cards(page)).to_contain_text("cat.jpg")
    expect(cards(page).locator(".sure")).to_have_text(re.compile(r"^\d+\s%$"))
    expect(cards(page).locator(".reason").first).to_contain_text("cat")
    expect(page.locator("#library-find")).to_have_value("a cat in a png")
    expect(page.locator("#library-select")).to_be_visible()
    expect(page.get_by_role("button", name="object cat")).to_be_focused()
    page.get_by_role("button", name="type: png – search with this again").click()
    expect(page.locator("#library-count")).to_contain_text("No picture matches.")
    page.get_by_role("button", name="Show all again").click()
    expect(page.locator("#library-understood")).to_be_hidden()
    expect(cards(page).first).to_be_visible()
    expect(page.locator("#library-find")).to_have_value("")


def test_a_picture_is_opened_described_linked_and_asked_about(visit: Visit, library: LibrarySite) -> None:
    page = visit.page
    folder = library.folder("Opened")
    image = library.picture("cup.jpg", photo("coffee"), folder_id=folder)
    library.open(visit, f"library/pictures/{folder}")
    cards(page).locator("a").click()
    expect(page.locator("#picture-name")).to_have_text("cup.jpg")
    expect(page.locator(".facts")).to_contain_text("600 × 400 · JPEG")
    expect(page.locator(".facts")).to_contain_text("cup (")
    page.get_by_label("Title").fill("My morning cup")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#picture-name")).to_have_text("My morning cup")

    page.get_by_role("button", name="Link a document").click()
    dialog(page).get_by_label("Document").select_option(library.manual)
    dialog(page).get_by_label("Page (if only one is meant)").fill("1")
    dialog(page).get_by_role("button", name="Link").click()
    expect(page.locator(".linked li")).to_contain_text("Pump manual.md")
    expect(page.locator(".linked li")).to_contain_text("page 1")
    page.locator(".linked li a").click()
    expect(page.locator(".sheet")).to_contain_text("Maintenance")
    page.go_back()
    page.get_by_role("button", name="Take the link to Pump manual.md away").click()
    expect(page.locator(".linked li")).to_have_count(0)

    page.get_by_role("button", name="Back to the list").click()
    expect(cards(page)).to_contain_text("My morning cup")
    expect(cards(page).locator("a")).to_be_focused()
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Ask about it").click()
    expect(page.locator("#ask-name")).to_have_text("cup.jpg")
    page.go_back()
    page.get_by_role("button", name="Delete this picture").click()
    page.click("#confirm-yes")
    expect(page.locator("#library-list")).to_contain_text("There are no pictures in this folder yet.")
    assert library.http.get(f"images/{image}").status_code == 404


def test_a_passage_opens_its_page_with_the_words_marked(visit: Visit, library: LibrarySite) -> None:
    page = visit.page
    library.open(visit, "library/documents")
    search(page, "rust on the flange")
    found = page.locator("#library-list .paper").first
    expect(found).to_contain_text("Pump manual.md")
    expect(found).to_contain_text("page 1 · Maintenance")
    expect(found.locator(".quote mark").first).to_have_text("rust")
    found.locator("a").click()
    expect(page.locator(".sheet mark")).to_contain_text("rust on the flange")
    expect(page.locator(".sheet h3")).to_contain_text(["Maintenance"])
    expect(page.locator(".sheet td")).to_have_text(["Part", "Interval", "Seal", "500 hours"])
    expect(page.get_by_role("button", name="Previous page")).to_be_disabled()
    page.get_by_role("button", name="Next page").press("Enter")
    expect(page.locator("#page-number")).to_have_value("2")
    expect(page.locator(".sheet")).to_contain_text("The impeller turns")
    page.reload()
    expect(page.locator("#page-number")).to_have_value("2")
    page.fill("#page-number", "1")
    page.press("#page-number", "Enter")
    expect(page.locator(".sheet mark")).to_contain_text("rust on the flange")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the original").click()
    assert Path(download.value.path()).read_text().startswith("# Pump manual")


def test_a_document_that_cannot_be_read_says_why(visit: Visit, library: LibrarySite) -> None:
    page = visit.page
    folder = library.folder("Broken")
    library.document("broken.pdf", b"%PDF-1.7\n" + b"nothing here " * 40, folder_id=folder)
    library.open(visit, f"library/documents/{folder}")
    failed = page.locator("#library-list .state.failed")
    expect(failed).to_contain_text("damaged", timeout=30_000)
    page.locator(".paper a").click()
    expect(page.locator("#sheet")).to_contain_text("damaged")
    page.locator("#sheet").get_by_role("button", name="Try again").click()
    expect(page.locator("#sheet .state.failed")).to_be_visible(timeout=30_000)


def test_markup_in_the_library_is_only_text(visit: Visit, library: LibrarySite) -> None:
    page = visit.page
    evil = EVIL.replace("/", "")
    folder = library.folder(evil)
    image = library.picture(f"{evil}.jpg", photo("coffee"), folder_id=folder)
    library.json("PATCH", f"images/{image}", json={"title": f"{evil} title", "description": f"{evil} words"})
    text = f"# {evil}\n\nSome `{EVIL}` words\n\n| {evil} | b |\n|---|---|\n| c | d |\n"
    document = library.document(f"{evil}.txt", text.encode(), folder_id=folder)
    link = {"image_id": image, "document_id": document, "title": evil, "note": evil}
    library.json("POST", "links", json=link)
    library.open(visit, f"library/pictures/{folder}")
    expect(cards(page)).to_contain_text("onerror")
    expect(page.locator("#library-title")).to_have_text(evil)
    harmless(page)
    search(page, evil)
    expect(page.locator("#library-count")).to_be_visible()
    harmless(page)
    library.open(visit, f"library/picture/{image}")
    expect(page.locator("#picture-name")).to_contain_text("onerror")
    expect(page.locator(".linked li")).to_contain_text("onerror")
    page.get_by_role("button", name="Move into a folder").click()
    harmless(page)
    page.keyboard.press("Escape")
    page.locator(".linked li a").click()
    expect(page.locator(".sheet")).to_contain_text("onerror", timeout=30_000)
    harmless(page)
    words = "<img src=x onerror=alert(1)>"
    page.goto(f"{library.url}/#/library/document/{document}/1/{words.replace('/', '')}")
    expect(page.locator(".sheet")).to_contain_text("onerror")
    harmless(page)


@pytest.mark.parametrize(("theme", "width"), [("light", 360), ("dark", 1280)])
def test_nothing_that_axe_objects_to(visit: Visit, library: LibrarySite, theme: Any, width: int) -> None:
    page = visit.page
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    page.set_viewport_size({"width": width, "height": 800})
    wrong: list[str] = []

    def look(place: str) -> None:
        wrong.extend(f"{place}: {line}" for line in violations(page))
        wrong.extend(f"{place}: {name} is wider than its place" for name in page.evaluate(TOO_WIDE))

    library.open(visit, "library")
    page.click("#library-select")
    page.get_by_label("Select cat.jpg").check()
    look("selecting")
    page.locator("#library-bulk").get_by_role("button", name="Move").click()
    look("moving")
    page.keyboard.press("Escape")
    search(page, "a cat in a png")
    page.get_by_role("button", name="type png").click()
    expect(cards(page)).to_have_count(1)
    look("found")
    library.open(visit, f"library/picture/{library.pictures['cat.jpg']}")
    expect(page.locator(".facts")).to_be_visible()
    look("picture")
    library.open(visit, f"library/document/{library.manual}/1/rust on the flange")
    expect(page.locator(".sheet mark")).to_be_visible()
    look("reader")
    assert wrong == []
