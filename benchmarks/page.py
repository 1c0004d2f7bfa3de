"""What the page costs a visitor: weight, requests, time to the first paint and to the first words of an answer.

    pipenv run python benchmarks/page.py [--rounds 5]

Starts the server as a user does, with the local provider, and drives Debian's Chromium; each round is a fresh profile
with an empty cache, then the same page again. The question follows the first analysis, so the picture is known by then.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from PIL import Image  # noqa: E402 - the path comes first
from playwright.sync_api import Browser, Page, sync_playwright  # noqa: E402
from skimage import data  # noqa: E402

from tests.server import running  # noqa: E402

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-proxy-server",
]
FACTS = """() => {
    const all = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
    return {
        requests: all.length,
        sent: all.reduce((sum, each) => sum + each.transferSize, 0) / 1000,
        weight: all.reduce((sum, each) => sum + each.decodedBodySize, 0) / 1000,
        paint: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? NaN,
        ready: performance.now(),
    };
}"""
FIRST_WORDS = """question => new Promise(resolve => {
    const log = document.getElementById("ask-log");
    const before = log.querySelectorAll(".turn").length;
    const began = performance.now();
    new MutationObserver((_, observer) => {
        const answer = log.querySelectorAll(".turn")[before + 1]?.querySelector(".answer:not(.waiting)");
        if (!answer?.textContent) return;
        observer.disconnect();
        resolve(performance.now() - began);
    }).observe(log, { subtree: true, childList: true, characterData: true, attributes: true });
    document.getElementById("ask-text").value = question;
    document.getElementById("ask-form").requestSubmit();
})"""


def picture() -> bytes:
    out = io.BytesIO()
    Image.fromarray(data.astronaut()).save(out, "JPEG", quality=92)
    return out.getvalue()


@contextmanager
def visit(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    try:
        yield context.new_page()
    finally:
        context.close()


def opened(page: Page, url: str) -> dict[str, float]:
    page.goto(url)
    page.wait_for_selector("html[data-ready=yes]", state="attached")
    return page.evaluate(FACTS)


def measured(browser: Browser, url: str, photo: bytes) -> dict[str, float]:
    """One round: every figure by name."""
    with visit(browser) as page:
        cold = opened(page, url)
        warm = opened(page, url)
        page.set_input_files("#ask-file", {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": photo})
        page.wait_for_selector("#ask-log .answer:not(.coming)")
        words = page.evaluate(FIRST_WORDS, "What colours are in it?")
    return {
        "requests, empty cache": cold["requests"],
        "weight, kB": cold["weight"],
        "sent, kB": cold["sent"],
        "sent again, kB": warm["sent"],
        "first paint, ms": cold["paint"],
        "ready, ms": cold["ready"],
        "first paint again, ms": warm["paint"],
        "question to first words, ms": words,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    photo = picture()
    with (
        tempfile.TemporaryDirectory() as folder,
        sync_playwright() as playwright,
        running(Path(folder), VISION_PROVIDER="local") as server,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        measured(browser, server.url, photo)  # the first picture loads the models
        found = [measured(browser, server.url, photo) for _ in range(rounds)]
        browser.close()
    print(f"{'':30}{'median':>10}{'best':>10}{'worst':>10}")
    for name in found[0]:
        values = [each[name] for each in found]
        print(f"{name:30}{median(values):10.0f}{min(values):10.0f}{max(values):10.0f}")


if __name__ == "__main__":
    main()
