"""The page on a server that wants a key."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import expect

from config import ROOT
from services.prompts import FIRST_QUESTION
from tests.mock.aimock import Aimock
from tests.pages.conftest import Visit, choose, cloud_settings, wish
from tests.server import running


def new_key(data: Path) -> str:
    """A key, made as whoever runs the server makes it."""
    made = subprocess.run(
        [sys.executable, "-m", "flask", "keys", "create", "visitor"],
        cwd=ROOT,
        env=os.environ | {"DATA_DIR": str(data), "FETCH_MODELS": "false"},
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return made.stdout.split("key: ")[1].split()[0]


@pytest.mark.slow
def test_a_key_is_asked_for_once_and_used_for_everything(visit: Visit, aimock: Aimock, tmp_path: Path) -> None:
    page = visit.page
    aimock.answer({"content": "An astronaut."}, when={"userMessage": FIRST_QUESTION})
    aimock.answer({"content": "It is **orange**."}, when={"userMessage": "colour"})
    with running(tmp_path, AUTH_REQUIRED="true", **cloud_settings(aimock)) as server:
        key = new_key(server.data)
        visit.open(server.url)
        choose(page)
        expect(page.locator("#access")).to_be_visible()
        page.fill("#access-key", "not a key")
        page.press("#access-key", "Enter")
        expect(page.locator("#access-key")).to_be_empty()
        page.fill("#access-key", key)
        page.press("#access-key", "Enter")
        expect(page.locator("#ask-log")).to_contain_text("An astronaut.")
        page.fill("#ask-text", "What colour?")
        page.press("#ask-text", "Enter")
        expect(page.locator("#ask-log strong")).to_have_text("orange")
        page.reload()
        expect(page.locator("#ask-log strong")).to_have_text("orange")
        for picture in ("#ask-picture", "#ask-list img"):
            page.locator(picture).evaluate("picture => picture.decode()")
            assert page.locator(picture).evaluate("picture => picture.naturalWidth") > 0
        page.click("[data-view=studio]")
        expect(page.locator("#studio-title")).to_be_focused()
        choose(page, "studio")
        expect(page.locator("#studio-text")).to_be_focused()
        wish(page, "make it darker")
        expect(page.locator("#studio-facts")).to_contain_text("Version 2")
        with page.expect_download() as download:
            page.click("#studio-download")
        assert Path(download.value.path()).stat().st_size > 1000
