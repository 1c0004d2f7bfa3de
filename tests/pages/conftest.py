"""The page in a real Chromium, served by the program as a user runs it.

`site` answers with a mock of OpenAI's API behind it, so that what the model says is known; `browser_page` is a fresh
browser profile that fails the test if the page asks another host for anything or throws.
"""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect, sync_playwright
from skimage import data

from services.prompts import FIRST_QUESTION
from tests.mock.aimock import Aimock
from tests.pages.library_site import LibrarySite, filled
from tests.server import Server, running
from tests.vision.conftest import models_dir

__all__ = ["models_dir"]

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-proxy-server",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        pytest.fail("no Chromium here: `apt-get install chromium` brings the browser that these tests drive")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield started
        started.close()


@dataclass
class Site:
    """A running server and the model behind it."""

    server: Server
    model: Aimock

    @property
    def url(self) -> str:
        return self.server.url


def cloud_settings(model: Aimock) -> dict[str, str]:
    """Settings of a server that asks the mock."""
    return {
        "VISION_PROVIDER": "openai",
        "OPENAI_API_KEY": "test",
        "OPENAI_BASE_URL": model.openai_url,
        "OPENAI_MODEL": "gpt-4o",
        "IMAGE_PROVIDER": "local",
        "STT_PROVIDER": "openai",
        "TTS_PROVIDER": "local",
    }


@pytest.fixture(scope="session")
def shared_server(aimock_server: Aimock, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("site"), **cloud_settings(aimock_server)) as server:
        yield server


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory, models_dir: Path) -> Iterator[LibrarySite]:
    """A server on its own eyes with a small library."""
    pictures = {"coffee.jpg": photo("coffee"), "cat.jpg": photo("chelsea")}
    folder = tmp_path_factory.mktemp("library")
    with (
        running(folder, VISION_PROVIDER="local", MODELS_DIR=str(models_dir), JOB_THREADS="2") as server,
        filled(server, pictures) as site,
    ):
        yield site


@pytest.fixture
def own_site(aimock: Aimock, tmp_path: Path) -> Iterator[Site]:
    """A server of the test's own, for what would disturb others."""
    with running(tmp_path, **cloud_settings(aimock)) as server:
        yield Site(server, aimock)


@pytest.fixture
def site(shared_server: Server, aimock: Aimock) -> Site:
    """The server with a model that has been told nothing yet."""
    return Site(shared_server, aimock)


@dataclass
class Visit:
    """A browser profile of its own, and what happened in it."""

    page: Page
    context: BrowserContext
    requests: list[Request] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def sent(self, method: str, path: str) -> list[Request]:
        return [each for each in self.requests if each.method == method and urlsplit(each.url).path.startswith(path)]

    def open(self, url: str) -> None:
        self.page.goto(url)
        self.page.wait_for_selector("html[data-ready=yes]", state="attached")


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    """A visitor of the page. Whatever the test does, the page throws nothing and asks no other host."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, permissions=["camera", "microphone"])
    context.set_default_timeout(15_000)
    expect.set_options(timeout=15_000)
    visit = Visit(context.new_page(), context)
    context.on("request", lambda request: visit.requests.append(request))  # noqa: PLW0108 - a built-in takes no marks
    visit.page.on("pageerror", lambda error: visit.errors.append(str(error)))
    visit.page.on("console", lambda said: visit.errors.append(said.text) if "Content Security" in said.text else None)
    yield visit
    context.close()
    hosts = {urlsplit(each.url).hostname for each in visit.requests if not each.url.startswith(("data:", "blob:"))}
    assert hosts <= {"127.0.0.1"}
    assert visit.errors == []


def photo(name: str = "astronaut") -> bytes:
    """A photograph of scikit-image's samples as JPEG."""
    out = io.BytesIO()
    Image.fromarray(getattr(data, name)()).save(out, "JPEG", quality=92)
    return out.getvalue()


def choose(page: Page, view: str = "ask", name: str = "astronaut.jpg", content: bytes | None = None) -> None:
    """Choose a picture file in a view."""
    page.set_input_files(
        f"#{view}-file", {"name": name, "mimeType": "image/jpeg", "buffer": photo() if content is None else content}
    )


def wish(page: Page, words: str) -> None:
    """Say in the studio what is wanted, and wait until it is there."""
    said = page.locator("#studio-log .turn")
    before = said.count()
    page.fill("#studio-text", words)
    page.press("#studio-text", "Enter")
    expect(said).to_have_count(before + 2)
    expect(page.locator("#studio-send")).to_be_visible()


def upload(visit: Visit, site: Site, name: str = "astronaut.jpg", says: str = "A portrait of an astronaut.") -> None:
    """Open the page and send a picture; the model says `says` of it."""
    site.model.answer({"content": says}, when={"userMessage": FIRST_QUESTION})
    visit.open(site.url)
    choose(visit.page, name=name)
    expect(visit.page.locator("#ask-log .answer:not(.coming)")).to_be_visible()
