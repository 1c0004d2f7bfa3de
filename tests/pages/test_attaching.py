"""Files given to a chat."""

from __future__ import annotations

import base64

from playwright.sync_api import FilePayload, expect

from tests.pages.axe import violations
from tests.pages.conftest import Visit, photo
from tests.pages.library_site import LibrarySite
from tests.pages.test_chat import ask
from tests.pages.test_library import DROPPED


def test_a_chat_is_about_the_files_it_was_given(visit: Visit, library: LibrarySite) -> None:
    page = visit.page
    library.open(visit, "chat")
    files: list[FilePayload] = [
        {"name": "breakfast.jpg", "mimeType": "image/jpeg", "buffer": photo("coffee")},
        {"name": "table.ods", "mimeType": "application/octet-stream", "buffer": b"PK"},
    ]
    page.set_input_files("#chat-file", files)
    attached = page.locator("#chat-attached li")
    expect(attached).to_have_count(2)
    expect(page.locator("#alarm")).to_contain_text("table.ods: This kind of file is not taken.")
    expect(page.locator("#chat-send")).to_be_enabled()
    assert violations(page) == []
    page.get_by_role("button", name="Take table.ods off again").press("Enter")
    expect(page.locator("#chat-text")).to_be_focused()
    turn = ask(page, "What is in the picture?")
    expect(turn.locator(".answer")).to_contain_text("cup")
    expect(attached).to_have_count(0)
    expect(page.locator("#chat-aim-text")).to_have_text("Only about 1 picture")

    turns = page.locator("#chat-log .turn")
    page.get_by_role("button", name="Look more closely").click()
    expect(turns).to_have_count(4)
    expect(turns.last.get_by_role("button", name="Ask again")).to_be_visible()
    expect(page.get_by_role("button", name="Look more closely")).to_have_count(0)
    sent = [one.post_data_json["force_detailed_analysis"] for one in visit.sent("POST", "/api/v2/chat/sessions/")]
    assert sent == [False, True]
    expect(page.get_by_role("button", name="Ask again")).to_have_count(1)  # the last answer's

    page.evaluate(DROPPED, ["another", base64.b64encode(photo("rocket")).decode()])
    expect(attached).to_have_count(2)
    expect(page.locator("#chat-send")).to_be_enabled()
    ask(page, "Describe the second picture")
    expect(page.locator("#chat-aim-text")).to_have_text("Only about 2 pictures and 1 document")
    page.reload()
    expect(page.locator("#chat-aim-text")).to_have_text("Only about 2 pictures and 1 document")
