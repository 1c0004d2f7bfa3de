"""A session as a file: three formats, with and without metadata, and its name."""

from __future__ import annotations

import html
import json
import re
from urllib.parse import unquote

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from services.export import literal
from tests.conftest import MakeApp, upload
from tests.fakes import ScriptedModel
from tests.sessions.conftest import SESSIONS, new_session, problem, say

MARKDOWN = MarkdownIt("commonmark")
TYPED = "Is it *red*?\n# Not a heading\n1. Not a list\n    not code <b>not bold</b>"
SAID = "It is **red**:\n\n- all of it"


def export(client: FlaskClient, session: str, **query: str) -> str:
    response = client.get(f"{SESSIONS}/{session}/export", query_string=query)
    assert response.status_code == 200, response.text
    assert response.headers["Content-Disposition"].startswith("attachment; filename")
    return response.text


@pytest.fixture
def talked(make_app: MakeApp) -> tuple[FlaskClient, str]:
    client = make_app(ScriptedModel(SAID)).test_client()
    upload(client)
    session = new_session(client, title="Equipment Analysis")
    say(client, session, TYPED)
    return client, session


def test_markdown(talked: tuple[FlaskClient, str]) -> None:
    client, session = talked
    text = export(client, session)
    assert text == export(client, session, format="markdown", include_metadata="false")
    assert text.startswith("# Chat Session: Equipment Analysis\n")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == ["User", "Assistant"]
    assert text.rstrip().endswith(SAID)
    shown = MARKDOWN.render(text)
    assert shown.count("<h1>") == 1
    assert "<strong>red</strong>" in shown
    assert "&lt;b&gt;not bold&lt;/b&gt;" in shown
    assert "<ol>" not in shown
    assert "<code>" not in shown
    assert "scripted" not in text


def test_json_reads_back(talked: tuple[FlaskClient, str]) -> None:
    client, session = talked
    plain = json.loads(export(client, session, format="json"))
    assert set(plain) >= {"session_id", "title", "messages", "metadata"}
    assert (plain["session_id"], plain["title"]) == (session, "Equipment Analysis")
    assert [(message["role"], message["content"]) for message in plain["messages"]] == [
        ("user", TYPED),
        ("assistant", SAID),
    ]
    assert "provider" not in plain["messages"][1]
    full = json.loads(export(client, session, format="json", include_metadata="true"))
    answer = full["messages"][1]
    assert {"provider", "model", "token_count", "processing_time_ms", "created_at", "image_ids"} <= set(answer)
    assert (answer["provider"], len(answer["image_ids"])) == ("scripted", 1)
    assert full["metadata"]["total_messages"] == 2


def test_text(talked: tuple[FlaskClient, str]) -> None:
    client, session = talked
    text = export(client, session, format="text")
    assert TYPED in text
    assert SAID in text
    assert "scripted" in export(client, session, format="text", include_metadata="true")


def test_citations_are_in_words(make_app: MakeApp) -> None:
    model = ScriptedModel("A picture.")
    client = make_app(model).test_client()
    image = upload(client, name="my *photo*.jpg")
    model.pieces = (f"Here: [[img:{image}|x]].",)
    session = new_session(client)
    say(client, session, "What is in it?")
    name = client.get(f"/images/{image}").json["filename"]
    assert "*" in name
    assert f"Here: {name}." in export(client, session, format="text")
    assert f"Here: {name}." in html.unescape(MARKDOWN.render(export(client, session)))
    answer = json.loads(export(client, session, format="json"))["messages"][1]
    assert answer["content"].startswith("Here: [[img:")
    assert answer["resolved_content"] == f"Here: {name}."


def test_facts_are_for_people(talked: tuple[FlaskClient, str]) -> None:
    client, session = talked
    for form in ("markdown", "text"):
        text = export(client, session, format=form, include_metadata="true")
        assert "is_active: yes" in text
        assert "[" not in text.replace(TYPED, "")


def test_a_name_keeps_its_vowel_signs(shared: FlaskClient) -> None:
    header = shared.get(f"{SESSIONS}/{new_session(shared, title='हिन्दी शीर्षक')}/export").headers["Content-Disposition"]
    assert unquote(header.split("UTF-8''")[1]) == "chat-हिन्दी-शीर्षक.md"


@pytest.mark.parametrize(
    ("form", "kind", "ending"),
    [
        ("markdown", "text/markdown; charset=utf-8", ".md"),
        ("json", "application/json", ".json"),
        ("text", "text/plain; charset=utf-8", ".txt"),
    ],
)
def test_a_file_of_its_kind(shared: FlaskClient, form: str, kind: str, ending: str) -> None:
    session = new_session(shared, title="Equipment Analysis")
    response = shared.get(f"{SESSIONS}/{session}/export?format={form}")
    assert response.headers["Content-Type"] == kind
    assert response.headers["Content-Disposition"] == f"attachment; filename=chat-Equipment-Analysis{ending}"


@pytest.mark.parametrize(
    "title",
    ["../../etc/passwd", 'a"b;c\\d', "CON", ".hidden", "tab\there\nand line", "क्या", "🖼" * 255, "///", "x" * 255],
)
def test_names_are_safe(shared: FlaskClient, title: str) -> None:
    session = new_session(shared, title=title)
    header = shared.get(f"{SESSIONS}/{session}/export").headers["Content-Disposition"]
    assert re.fullmatch(
        r"attachment; filename=(\"[\w .-]+\"|chat-[\w.-]+)(; filename\*=UTF-8''[\w.%-]+)?", header, re.ASCII
    ), header
    assert ".." not in header
    assert len(header) < 2000


@pytest.mark.parametrize("query", ["format=pdf", "format=", "format=JSON", "include_metadata=perhaps"])
def test_queries_that_are_refused(shared: FlaskClient, query: str) -> None:
    problem(shared.get(f"{SESSIONS}/{new_session(shared)}/export?{query}"), 422, "VALIDATION_ERROR")


@given(st.text(alphabet="ab1 .)*_`#>-+=~[]()<>&\\|!\n\t:/wh;", max_size=40))
def test_what_was_typed_is_read_as_typed(typed: str) -> None:
    shown = MARKDOWN.render(literal(typed))
    assert set(re.findall(r"</?\w+", shown)) <= {"<p", "</p", "<br"}
    plain = html.unescape(re.sub(r"</?p>", "", shown.replace("<br />\n", "\n")))

    def lines(text: str) -> list[str]:
        return [line.replace("\u00a0", " ").strip() for line in text.split("\n") if line.replace("\u00a0", " ").strip()]

    assert lines(plain) == lines(typed)
