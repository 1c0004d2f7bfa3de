"""Chat: questions about the library, citations that open, plans that wait for a yes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, Locator, Page, Route, expect

from tests.mock.aimock import Aimock
from tests.pages.axe import violations
from tests.pages.conftest import Site, Visit, cloud_settings, photo
from tests.pages.library_site import LibrarySite
from tests.pages.test_access import new_key
from tests.pages.test_ask import LONG
from tests.pages.test_injection import EVIL
from tests.pages.test_library import harmless
from tests.pages.test_looks import TOO_WIDE
from tests.server import running

LIST = "Which pictures show a cat?"


def ask(page: Page, words: str) -> Locator:
    """Send a message; the turn of its answer, once it is whole."""
    turns = page.locator("#chat-log .turn")
    before = turns.count()
    page.fill("#chat-text", words)
    page.press("#chat-text", "Enter")
    expect(turns).to_have_count(before + 2)
    expect(turns.last.get_by_role("button", name="Copy")).to_be_visible()
    expect(page.locator("#chat-send")).to_be_visible()
    return turns.last


def test_pictures_are_found_and_their_citations_open_them(visit: Visit, library: LibrarySite) -> None:
    page = visit.page
    library.open(visit, "chat")
    turn = ask(page, LIST)
    expect(turn.locator(".card")).to_have_count(1)
    expect(turn.locator(".card")).to_contain_text("cat.jpg")
    expect(turn.locator("a.cite").first).to_have_text("cat.jpg")
    expect(turn.locator(".work summary")).to_have_text("Worked on by Search")
    turn.locator(".work summary").click()
    expect(turn.locator(".work li", has_text="Search").first).to_be_visible()
    expect(page.locator("#live")).to_contain_text("Answer:")
    assert "[[" not in page.locator("#chat-talk").inner_text()
    expect(page.locator("#chat-name")).to_have_text(LIST)
    expect(page.locator("#chat-list [aria-current]")).to_contain_text(LIST)

    said = turn.locator(".answer").inner_text()
    page.reload()
    expect(page.locator("#chat-log .turn")).to_have_count(2)
    expect(page.locator("#chat-log .turn").last.locator(".answer")).to_have_text(said, use_inner_text=True)
    expect(page.locator("#chat-log .card")).to_have_count(1)
    page.locator("#chat-log a.cite").first.click()
    expect(page.locator("#picture-name")).to_have_text("cat.jpg")
    page.go_back()
    expect(page.locator("#chat-name")).to_have_text(LIST)


def test_a_document_is_cited_with_its_page_and_opens_there(visit: Visit, library: LibrarySite) -> None:
    page = visit.page
    library.open(visit, "chat")
    turn = ask(page, "What does the manual say about rust on the flange, with the page?")
    citation = turn.locator("a.cite", has_text="Pump manual.md")
    expect(citation).to_have_text("Pump manual.md (page 1)")
    citation.click()
    expect(page.locator("#page-number")).to_have_value("1")
    expect(page.locator(".sheet mark")).to_contain_text("rust on the flange")


def test_a_plan_waits_for_a_yes_tells_how_far_it_is_and_is_taken_back(visit: Visit, library: LibrarySite) -> None:
    page = visit.page
    heard: list[str] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: heard.append(str(frame))))
    library.open(visit, "chat")
    ask(page, "Move the pictures of a cat into a new folder called Whiskers")
    plan = page.locator(".plan")
    expect(plan).to_contain_text("1 change to your library")
    expect(plan).to_contain_text("can be approved until")
    assert not any(folder["name"] == "Whiskers" for folder in library.json("GET", "folders")["folders"])
    page.reload()
    plan.get_by_role("button", name="Approve").click()
    expect(plan.locator(".plan-state")).to_have_text("Done")
    assert any("PlanStepCompleted" in frame for frame in heard)
    cat = library.pictures["cat.jpg"]
    (folder,) = [each for each in library.json("GET", "folders")["folders"] if each["name"] == "Whiskers"]
    assert library.json("GET", f"images/{cat}")["folder_id"] == folder["id"]
    plan.get_by_role("button", name="Undo").click()
    expect(plan.locator(".plan-state")).to_have_text("Taken back")
    assert library.json("GET", f"images/{cat}")["folder_id"] is None


def test_a_plan_is_cancelled(visit: Visit, library: LibrarySite) -> None:
    page = visit.page
    library.open(visit, "chat")
    ask(page, "Delete the pictures of a cat")
    plan = page.locator(".plan")
    plan.get_by_role("button", name="Cancel").click()
    expect(plan.locator(".plan-state")).to_contain_text("Cancelled")
    expect(plan.get_by_role("button")).to_have_count(0)
    assert library.json("GET", f"images/{library.pictures['cat.jpg']}")["id"]


def test_a_stream_that_is_cut_is_taken_up_where_it_was_left(visit: Visit, library: LibrarySite) -> None:
    page = visit.page

    def cut(route: Route) -> None:
        response = route.fetch()
        events = response.text().split("\n\n")
        third = next(index for index, event in enumerate(events) if "id: 3" in event)
        route.fulfill(response=response, body="\n\n".join(events[: third + 1]) + "\n\n")

    library.open(visit, "chat")
    whole = ask(page, LIST).locator(".answer").inner_text()
    page.route("**/messages/stream", cut)
    assert ask(page, LIST).locator(".answer").inner_text() == whole
    (again,) = [request for request in visit.requests if re.search(r"messages/[0-9a-f-]{36}/stream$", request.url)]
    assert again.headers["last-event-id"] == "3"


def begin_slowly(visit: Visit, site: Site) -> Locator:
    """Ask for a long answer; where it is being shown."""
    page = visit.page
    site.model.answer({"content": LONG}, when={"userMessage": "Go on"}, latency=60, chunkSize=12)
    visit.open(f"{site.url}/#/chat")
    page.fill("#chat-text", "Go on")
    page.press("#chat-text", "Enter")
    coming = page.locator("#chat-log .answer.coming:not(.waiting)")
    expect(coming).to_contain_text("three")
    return coming


def test_a_stopped_answer_keeps_what_was_said(visit: Visit, site: Site) -> None:
    page = visit.page
    begin_slowly(visit, site)
    page.click("#chat-stop")
    last = page.locator("#chat-log .turn").last
    expect(last.locator(".foot")).to_contain_text("Stopped.")
    expect(last).to_contain_text("One two three")
    assert len(last.inner_text()) < len(LONG)
    expect(page.locator("#chat-text")).to_be_focused()


def test_a_reload_in_the_middle_of_an_answer_loses_nothing(visit: Visit, site: Site) -> None:
    page = visit.page
    coming = begin_slowly(visit, site)
    page.reload()
    expect(coming).to_contain_text("three")
    last = page.locator("#chat-log .turn").last
    expect(last.locator("strong")).to_have_count(12)
    expect(page.locator("#chat-log .turn")).to_have_count(2)


def test_a_message_that_did_not_get_through_is_sent_again(visit: Visit, library: LibrarySite) -> None:
    page = visit.page
    library.open(visit, "chat")
    ask(page, LIST)
    visit.context.set_offline(True)
    page.fill("#chat-text", "Which pictures show a cup?")
    page.press("#chat-text", "Enter")
    failed = page.locator(".turn.mine.failed")
    expect(failed).to_contain_text("Which pictures show a cup?")
    visit.context.set_offline(False)
    failed.get_by_role("button", name="Try again").click()
    expect(page.locator("#chat-log .card").last).to_contain_text("coffee.jpg")
    keys = [request.headers["idempotency-key"] for request in visit.sent("POST", "/api/v2/chat/sessions/")]
    assert keys[1] == keys[2] != keys[0]


def test_chats_are_renamed_found_saved_and_closed(visit: Visit, library: LibrarySite) -> None:
    page = visit.page
    library.open(visit, "chat")
    ask(page, LIST)
    page.click("#chat-rename")
    page.keyboard.type("Whiskered friends")
    page.keyboard.press("Enter")
    expect(page.locator("#chat-name")).to_have_text("Whiskered friends")
    page.fill("#chat-find", "whiskered FRIENDS")
    page.press("#chat-find", "Enter")
    expect(page.locator("#chat-list li")).to_have_count(1)
    page.click("#chat-export")
    with page.expect_download() as download:
        page.get_by_role("button", name="Save", exact=True).click()
    assert Path(download.value.path()).read_text().startswith("# Chat Session: Whiskered friends")
    page.click("#chat-close")
    page.click("#confirm-yes")
    expect(page.locator("#chat-ended")).to_be_visible()
    expect(page.locator("#chat-text")).to_be_hidden()
    expect(page.locator("#chat-name")).to_be_focused()
    page.reload()
    expect(page.locator("#chat-ended")).to_be_visible()
    expect(page.locator("#chat-list [aria-current]")).to_contain_text("closed")


def test_a_chat_about_some_pictures_and_about_everything_again(visit: Visit, library: LibrarySite) -> None:
    page = visit.page
    library.open(visit, "library")
    page.click("#library-select")
    page.get_by_label("Select cat.jpg").check()
    page.get_by_role("button", name="Chat about them").click()
    expect(page.locator("#chat-facts")).to_have_text("About 1 picture and all documents")
    expect(page.locator("#chat-aim")).to_contain_text("Only about 1 picture")
    page.get_by_role("button", name="Talk about everything again").click()
    expect(page.locator("#chat-facts")).to_have_text("About all pictures and all documents")
    page.goto(f"{library.url}/#/library/documents")
    page.click("#library-select")
    page.get_by_label("Select Pump manual.md").check()
    page.get_by_role("button", name="Chat about them").click()
    expect(page.locator("#chat-facts")).to_have_text("About all pictures and 1 document")
    page.get_by_role("button", name="Talk about everything again").click()
    expect(page.locator("#chat-facts")).to_have_text("About all pictures and all documents")


def test_markup_in_what_is_cited_is_only_text(visit: Visit, library: LibrarySite) -> None:
    page = visit.page
    evil = EVIL.replace("/", "")
    image = library.picture(f"{evil} zebra.jpg", photo("coffee"))
    library.json("PATCH", f"images/{image}", json={"title": f"zebra {evil} [x](javascript:alert(1))"})
    library.open(visit, "chat")
    turn = ask(page, f"Find pictures named zebra {EVIL}")
    expect(page.locator("#chat-name")).to_contain_text("<img")
    harmless(page)
    ask(page, "Find pictures named zebra")
    turn = page.locator("#chat-log .turn").last
    expect(turn).to_contain_text("zebra")
    harmless(page)
    assert turn.locator("a:not([href^='#/library/'])").count() == 0
    page.reload()
    expect(page.locator("#chat-log .turn")).to_have_count(4)
    harmless(page)
    library.json("DELETE", f"images/{image}")


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 360)])
def test_nothing_that_axe_objects_to(visit: Visit, library: LibrarySite, theme: str, width: int) -> None:
    page = visit.page
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light", reduced_motion="reduce")
    page.set_viewport_size({"width": width, "height": 800})
    library.open(visit, "chat")
    wrong = violations(page)
    ask(page, "Move the pictures of a cat into a new folder called Felines")
    page.locator(".work summary").click()
    wrong += violations(page) + page.evaluate(TOO_WIDE)
    page.click("#chat-export")
    wrong += violations(page)
    assert wrong == []


@pytest.mark.slow
def test_library_and_chat_with_a_key(visit: Visit, aimock: Aimock, tmp_path: Path) -> None:
    page = visit.page
    heard: list[str] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: heard.append(str(frame))))
    settings = cloud_settings(aimock) | {"VISION_PROVIDER": "local", "JOB_THREADS": "2"}
    with running(tmp_path, AUTH_REQUIRED="true", **settings) as server:
        key = new_key(server.data)
        page.goto(f"{server.url}/#/library")
        page.fill("#access-key", key)
        page.press("#access-key", "Enter")
        files: list[FilePayload] = [
            {"name": "cup.jpg", "mimeType": "image/jpeg", "buffer": photo("coffee")},
            {"name": "notes.md", "mimeType": "text/markdown", "buffer": b"# Notes"},
        ]
        page.set_input_files("#library-file", files)
        expect(page.locator("#library-sent")).to_have_text("2 of 2 added.")
        thumbnail = page.locator(".card img")
        expect(thumbnail).to_have_js_property("complete", value=True)
        assert thumbnail.evaluate("image => image.naturalWidth") > 0
        page.locator(".card a").click()
        expect(page.locator(".opened .shown img")).to_have_js_property("naturalWidth", 600)
        page.goto(f"{server.url}/#/library/documents")
        page.locator(".paper a").click()
        with page.expect_download() as download:
            page.get_by_role("link", name="Download the original").click()
        assert Path(download.value.path()).read_bytes() == b"# Notes"
        page.goto(f"{server.url}/#/chat")
        expect(page.locator("#chat-chips .chip").first).to_be_visible()
        ask(page, "Make a folder called Cups")
        page.get_by_role("button", name="Approve").click()
        expect(page.locator(".plan-state")).to_have_text("Done")
        assert any("PlanCompleted" in frame for frame in heard)
