"""Markdown to HTML that is safe to show, and the page itself."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from routes.pages import MAX_MARKDOWN_BYTES, TAGS, rendered

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def test_markdown_becomes_html(client: FlaskClient) -> None:
    answer = client.post("/render", json={"text": "# Seen\n\n**bold**\n\n- one\n- two\n\n|a|b|\n|-|-|\n|1|2|"})
    html = answer.json["html"]
    assert answer.status_code == 200
    for part in ("<h3>Seen</h3>", "<strong>bold</strong>", "<li>one</li>", "<td>1</td>"):
        assert part in html


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](data:text/html,<script>alert(1)</script>)",
        "![x](https://elsewhere.example/a.png)",
        "[x](//elsewhere.example)",
        "<a href='javascript:alert(1)'>x</a>",
        "```html\n<script>alert(1)</script>\n```",
        '[x](https://a.example "\\"onmouseover=alert(1)")',
    ],
)
def test_nothing_that_could_run_or_load_comes_through(text: str) -> None:
    html = rendered(text)
    assert set(re.findall(r"<\s*([a-z0-9]+)", html)) <= TAGS
    assert not re.search(r"<[^>]*\s(on\w+|src|style)\s*=", html.replace("&quot;", "'"))
    assert all(address.startswith("https://a.example") for address in re.findall(r'href="([^"]*)"', html))


@given(st.text(alphabet="<>\"'`()[]!&;:/\\*_#ab \n=", max_size=200))
def test_only_known_tags_and_attributes_whatever_is_sent(text: str) -> None:
    for tag, attributes in re.findall(r"<([a-z0-9]+)((?:\s+[a-z]+=\"[^\"]*\")*)>", rendered(text)):
        assert tag in TAGS
        assert set(re.findall(r"\s([a-z]+)=", attributes)) <= {"href", "title", "rel", "target", "start"}


def test_links_leave_without_a_trace(client: FlaskClient) -> None:
    html = rendered("[there](https://a.example/)")
    assert 'rel="noopener noreferrer nofollow"' in html
    assert 'target="_blank"' in html


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "missing_text"),
        ({"text": 5}, 400, "invalid_text"),
        ({"text": "a" * (MAX_MARKDOWN_BYTES + 1)}, 400, "text_too_long"),
        ({"text": "ü" * (MAX_MARKDOWN_BYTES - 1)}, 413, "text_too_large"),
    ],
)
def test_what_is_no_text_is_refused(client: FlaskClient, body: dict[str, object], status: int, code: str) -> None:
    answer = client.post("/render", json=body)
    assert (answer.status_code, answer.json["error"]["code"]) == (status, code)


def test_a_browser_gets_the_page_and_a_program_the_name(client: FlaskClient) -> None:
    page = client.get("/", headers=BROWSER)
    name = client.get("/", headers={"Accept": "*/*"})
    assert page.mimetype == "text/html"
    assert name.json["status"] == "running"
    assert "Accept" in page.headers["Vary"]
    assert "Accept" in name.headers["Vary"]


def test_the_page_has_a_strict_policy_and_nothing_inline(client: FlaskClient) -> None:
    page = client.get("/", headers=BROWSER)
    policy = page.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "require-trusted-types-for 'script'" in policy
    assert not re.search(r"<script(?![^>]*\ssrc=)|\sstyle=|\son\w+=|https?://(?!www\.w3\.org/2000/svg)", page.text)


def test_everything_the_page_names_is_there(client: FlaskClient) -> None:
    page = client.get("/", headers=BROWSER).text
    files = set(re.findall(r'(?:href|src)="(/static/[^"#]+)', page))
    assert len(files) > 10
    for file in files:
        with client.get(file) as answer:
            assert answer.status_code == 200, file
