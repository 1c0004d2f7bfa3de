"""Markup in whatever others wrote: it is shown, and it never runs."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from services.prompts import FIRST_QUESTION
from tests.pages.conftest import Site, Visit, choose

EVIL = "<img src=x onerror=\"document.title='ran'\"><svg onload=\"document.title='ran'\">"
REPLY = f"""## Seen {EVIL}

{EVIL}

<script>document.title = 'ran'</script>

[press me](javascript:document.title='ran') and [here](data:text/html,<script>alert(1)</script>)
![spy](https://elsewhere.example/pixel.png) and [a real link](https://example.org/)

```html
<script>document.title = 'ran'</script>
```
"""


def harmless(page: Page) -> None:
    """Nothing ran, and no element that could run or load stands in what others wrote."""
    page.wait_for_timeout(300)
    assert "ran" not in page.title()
    places = "#ask-log, #ask-list, #ask-name, #ask-facts, #live"
    within = ", ".join(
        f":is({places}) {kind}" for kind in ("script", "iframe", "img[src^=x]", "img[onerror]", "[onload]")
    )
    assert page.locator(within).count() == 0
    links = page.locator("#ask-log a[href]").evaluate_all("links => links.map(link => link.getAttribute('href'))")
    assert [link for link in links if not link.startswith(("https://", "http://"))] == []


def test_a_models_reply_cannot_run_anything(visit: Visit, site: Site) -> None:
    site.model.answer({"content": REPLY}, when={"userMessage": FIRST_QUESTION})
    site.model.answer({"content": REPLY}, when={"userMessage": "again"}, latency=5, chunkSize=7)
    visit.open(site.url)
    choose(visit.page)
    expect(visit.page.locator("#ask-log h4")).to_contain_text("<img src=x")
    harmless(visit.page)
    visit.page.fill("#ask-text", f"{EVIL} again")
    visit.page.press("#ask-text", "Enter")
    expect(visit.page.locator("#ask-log h4")).to_have_count(2)
    expect(visit.page.locator(".turn.mine")).to_contain_text(EVIL)
    harmless(visit.page)
    for words in visit.page.locator("#ask-log a:not([href])").all():
        words.click()
    harmless(visit.page)
    visit.page.reload()
    expect(visit.page.locator("#ask-log h4")).to_have_count(2)
    harmless(visit.page)
    expect(visit.page.locator("#ask-log a[href='https://example.org/']").first).to_have_attribute(
        "rel", "noopener noreferrer nofollow"
    )


def test_a_files_name_cannot_run_anything(visit: Visit, site: Site) -> None:
    site.model.answer({"content": "Fine."}, when={"userMessage": FIRST_QUESTION})
    visit.open(site.url)
    choose(visit.page, name=f"{EVIL.replace('/', '')}.jpg")
    expect(visit.page.locator("#ask-name")).to_contain_text("onerror")
    expect(visit.page.locator("#ask-list li")).to_contain_text("onerror")
    harmless(visit.page)
    visit.page.reload()
    expect(visit.page.locator("#ask-name")).to_contain_text("onerror")
    harmless(visit.page)


def test_what_a_page_was_made_to_remember_cannot_run_anything(visit: Visit, site: Site) -> None:
    visit.open(site.url)
    visit.page.evaluate(
        """evil => {
            localStorage.setItem("va.pictures", JSON.stringify([{id: evil, title: evil, at: 1}, {id: 5}, null]));
            localStorage.setItem("va.theme", "nonsense");
        }""",
        EVIL,
    )
    visit.page.reload()
    expect(visit.page.locator("#ask-list li")).to_have_count(1)
    harmless(visit.page)


def test_html_cannot_be_put_in_from_elsewhere(visit: Visit, site: Site) -> None:
    visit.open(site.url)
    refused = """() => {
        try { document.body.innerHTML = "<p>"; return "put in"; } catch (error) { return error.name; }
    }"""
    assert visit.page.evaluate(refused) == "TypeError"
    visit.errors.clear()  # the refusal is reported, as it should be
