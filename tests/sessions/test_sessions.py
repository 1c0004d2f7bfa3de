"""Sessions: every endpoint, field, parameter, limit and error of the seed, without a message said."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.conftest import picture, upload
from tests.sessions.conftest import CHAT, SESSIONS, UNKNOWN, detail, escaped, new_session, parts, problem, say

UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
SUMMARY = {
    "id",
    "title",
    "total_messages",
    "total_tokens",
    "remaining_tokens",
    "remaining_messages",
    "is_active",
    "use_all_images",
    "selected_image_count",
    "last_message_at",
    "last_message_preview",
    "last_user_message",
    "created_at",
    "updated_at",
}
MALFORMED = [
    "x",
    "1",
    "not-a-uuid",
    UNKNOWN + "0",
    UNKNOWN[:-1],
    "%00",
    "..%2F..",
    "क" * 12,
    "'; DROP TABLE messages; --",
]


def pictures(client: FlaskClient, count: int) -> list[str]:
    return [upload(client, picture(size=(8 + number, 8)), f"beam_{number:03}.jpg") for number in range(count)]


def test_create(shared: FlaskClient) -> None:
    response = shared.post(SESSIONS, json={"title": "Equipment Analysis"})
    assert response.status_code == 201
    assert set(response.json) == {"session_id", "title", "created_at"}
    assert UUID4.fullmatch(response.json["session_id"])
    assert response.json["title"] == "Equipment Analysis"
    assert INSTANT.fullmatch(response.json["created_at"])


def test_create_with_nothing(shared: FlaskClient) -> None:
    session = detail(shared, new_session(shared))["session"]
    assert session["title"]
    assert (session["use_all_images"], session["is_active"]) == (True, True)


@pytest.mark.parametrize("title", ["x", "x" * 255, "क" * 255, "🖼" * 255, "a'b\"c%_\\", "tab\tin it", "<b>&amp;"])
def test_titles_that_are_kept(shared: FlaskClient, title: str) -> None:
    session = new_session(shared, title=title)
    assert detail(shared, session)["session"]["title"] == title
    renamed = shared.patch(f"{SESSIONS}/{session}/title", json={"title": f"  {title[:250]}\n "})
    assert (renamed.status_code, renamed.json["title"]) == (200, title[:250])


@pytest.mark.parametrize("title", ["", "   ", "\t\n", None])
def test_a_blank_title_is_none(shared: FlaskClient, title: str | None) -> None:
    assert detail(shared, new_session(shared, title=title))["session"]["title"].strip()


@pytest.mark.parametrize("title", ["x" * 256, "🖼" * 256, "nul\x00", "bell\x07", "\ud800", 5, ["x"], {"a": 1}, True])
@pytest.mark.parametrize("change", [False, True])
def test_titles_that_are_refused(shared: FlaskClient, title: Any, change: bool) -> None:
    if change:
        session = new_session(shared, title="Old")
        body = problem(
            shared.patch(f"{SESSIONS}/{session}/title", **escaped({"title": title})), 422, "VALIDATION_ERROR"
        )
        assert detail(shared, session)["session"]["title"] == "Old"
    else:
        body = problem(shared.post(SESSIONS, **escaped({"title": title})), 422, "VALIDATION_ERROR")
    assert body["errors"][0]["field"] == "title"


@pytest.mark.parametrize("body", [{}, {"title": ""}, {"title": "   "}, {"title": None}])
def test_a_rename_needs_a_title(shared: FlaskClient, body: dict[str, Any]) -> None:
    session = new_session(shared, title="Old")
    problem(shared.patch(f"{SESSIONS}/{session}/title", json=body), 422, "VALIDATION_ERROR")


def test_rename(shared: FlaskClient) -> None:
    session = new_session(shared, title="Old")
    response = shared.patch(f"{SESSIONS}/{session}/title", json={"title": "Updated Session Title"})
    assert set(response.json) == {"session_id", "title", "updated_at"}
    assert response.json["session_id"] == session
    kept = detail(shared, session)["session"]
    assert (kept["title"], kept["updated_at"]) == ("Updated Session Title", response.json["updated_at"])
    assert kept["updated_at"] >= kept["created_at"]


@pytest.mark.parametrize("use_all", ["yes", 1, 0, None, "true", [], {}])
def test_use_all_images_is_a_boolean(shared: FlaskClient, use_all: Any) -> None:
    session = new_session(shared)
    problem(shared.post(SESSIONS, json={"use_all_images": use_all}), 422, "VALIDATION_ERROR")
    problem(shared.patch(f"{SESSIONS}/{session}/mode", json={"use_all_images": use_all}), 422, "VALIDATION_ERROR")


def test_the_mode_must_be_given(shared: FlaskClient) -> None:
    problem(shared.patch(f"{SESSIONS}/{new_session(shared)}/mode", json={}), 422, "VALIDATION_ERROR")


def test_create_over_pictures(client: FlaskClient) -> None:
    first, second, _third = pictures(client, 3)
    session = new_session(client, initial_image_ids=[second, first], use_all_images=False)
    found = detail(client, session)
    assert found["selected_image_ids"] == [second, first]
    assert found["context_summary"] == "2 images selected"
    assert (found["session"]["use_all_images"], found["session"]["selected_image_count"]) == (False, 2)


def test_the_selection_waits_while_all_are_used(client: FlaskClient) -> None:
    ids = pictures(client, 2)
    session = new_session(client, initial_image_ids=ids)
    found = detail(client, session)
    assert (found["selected_image_ids"], found["session"]["selected_image_count"]) == ([], 0)
    assert found["context_summary"] == "All images"
    answer = client.patch(f"{SESSIONS}/{session}/mode", json={"use_all_images": False})
    assert set(answer.json) == {"session_id", "use_all_images", "selected_image_count", "updated_at"}
    assert (answer.json["use_all_images"], answer.json["selected_image_count"]) == (False, 2)
    assert detail(client, session)["selected_image_ids"] == ids
    answer = client.patch(f"{SESSIONS}/{session}/mode", json={"use_all_images": True})
    assert (answer.json["use_all_images"], answer.json["selected_image_count"]) == (True, 0)


def test_select_images(client: FlaskClient) -> None:
    first, second = pictures(client, 2)
    session = new_session(client)
    response = client.put(f"{SESSIONS}/{session}/images", json={"image_ids": [second, first, second.upper()]})
    assert response.json == {
        "session_id": session,
        "selected_image_ids": [second, first],
        "context_summary": "2 images selected",
        "estimated_tokens": 1500,
    }
    assert detail(client, session)["session"]["use_all_images"] is False
    response = client.put(f"{SESSIONS}/{session}/images", json={"image_ids": [first]})
    assert response.json["context_summary"] == "1 image selected"
    response = client.put(f"{SESSIONS}/{session}/images", json={"image_ids": []})
    assert (response.json["selected_image_ids"], response.json["estimated_tokens"]) == ([], 0)


def test_a_thousand_images_and_one_more(client: FlaskClient) -> None:
    client.get(SESSIONS)
    images = parts(client).images
    ids = [images.add("local", f"{number}.png", picture("PNG", (1, 1))).image.id for number in range(20)]
    session = new_session(client)
    many = (ids * 50)[:1000]
    assert client.put(f"{SESSIONS}/{session}/images", json={"image_ids": many}).json["selected_image_ids"] == ids
    assert new_session(client, initial_image_ids=many, use_all_images=False)
    for response in (
        client.put(f"{SESSIONS}/{session}/images", json={"image_ids": [*many, ids[0]]}),
        client.post(SESSIONS, json={"initial_image_ids": [*many, ids[0]], "use_all_images": False}),
        client.post(f"{SESSIONS}/{session}/messages", json={"message": "Hello", "expected_image_ids": [*many, ids[0]]}),
    ):
        problem(response, 422, "VALIDATION_ERROR")
    assert detail(client, session)["selected_image_ids"] == ids


@pytest.mark.parametrize("image_id", [UNKNOWN, "img_001", "", "x" * 64, "../etc"])
def test_pictures_that_are_not_there(shared: FlaskClient, image_id: str) -> None:
    there = upload(shared)
    session = new_session(shared, initial_image_ids=[there], use_all_images=False)
    body = problem(
        shared.put(f"{SESSIONS}/{session}/images", json={"image_ids": [there, image_id]}), 404, "IMAGE_NOT_FOUND"
    )
    assert body["context"]["image_ids"] == [image_id]
    assert detail(shared, session)["selected_image_ids"] == [there]
    before = shared.get(SESSIONS).json["total_count"]
    problem(shared.post(SESSIONS, json={"initial_image_ids": [image_id]}), 404, "IMAGE_NOT_FOUND")
    assert shared.get(SESSIONS).json["total_count"] == before


@pytest.mark.parametrize("ids", ["x", 5, {}, [5], [None], [["x"]], ["\ud800"], ["nul\x00"], None])
@pytest.mark.parametrize("what", ["images", "documents"])
def test_ids_of_the_wrong_kind(shared: FlaskClient, what: str, ids: Any) -> None:
    session = new_session(shared)
    field = {"images": "image_ids", "documents": "document_ids"}[what]
    problem(shared.put(f"{SESSIONS}/{session}/{what}", **escaped({field: ids})), 422, "VALIDATION_ERROR")
    problem(shared.put(f"{SESSIONS}/{session}/{what}", json={}), 422, "VALIDATION_ERROR")


def test_documents(shared: FlaskClient) -> None:
    session = new_session(shared)
    address = f"{SESSIONS}/{session}/documents"
    assert shared.put(address, json={"document_ids": []}).json == {
        "session_id": session,
        "selected_document_ids": [],
        "document_count": 0,
    }
    problem(shared.put(address, json={"document_ids": [UNKNOWN]}), 404, "DOCUMENT_NOT_FOUND")
    problem(shared.put(address, json={"document_ids": [UNKNOWN] * 101}), 422, "VALIDATION_ERROR")


def test_get(shared: FlaskClient) -> None:
    session = new_session(shared, title="Empty")
    found = detail(shared, session)
    assert set(found) == {"session", "messages", "selected_image_ids", "selected_document_ids", "context_summary"}
    assert set(found["session"]) == SUMMARY
    assert found["messages"] == []
    assert found["session"] | {"created_at": "", "updated_at": ""} == {
        "id": session,
        "title": "Empty",
        "total_messages": 0,
        "total_tokens": 0,
        "remaining_tokens": 100_000,
        "remaining_messages": 100,
        "is_active": True,
        "use_all_images": True,
        "selected_image_count": 0,
        "last_message_at": None,
        "last_message_preview": None,
        "last_user_message": None,
        "created_at": "",
        "updated_at": "",
    }


def test_a_session_by_its_id_in_capitals(shared: FlaskClient) -> None:
    session = new_session(shared)
    assert detail(shared, session.upper())["session"]["id"] == session


@pytest.mark.parametrize("session", [UNKNOWN, *MALFORMED])
def test_sessions_that_are_not_there(shared: FlaskClient, session: str) -> None:
    at = f"{SESSIONS}/{session}"
    answers = [
        shared.get(at),
        shared.delete(at),
        shared.patch(f"{at}/title", json={"title": "New"}),
        shared.patch(f"{at}/mode", json={"use_all_images": True}),
        shared.put(f"{at}/images", json={"image_ids": []}),
        shared.put(f"{at}/documents", json={"document_ids": []}),
        shared.get(f"{at}/export"),
        shared.post(f"{at}/messages", json={"message": "Hello"}),
        shared.post(f"{at}/messages/stream", json={"message": "Hello"}),
        shared.get(f"{at}/messages/{UNKNOWN}/stream"),
        shared.post(f"{at}/messages/{UNKNOWN}/cancel"),
    ]
    for answer in answers:
        if answer.json.get("code") == "NOT_FOUND":
            assert "%2F" in session  # a slash makes another address of it
            continue
        problem(answer, 404, "SESSION_NOT_FOUND")


def test_anothers_session_is_none(client: FlaskClient) -> None:
    client.get(SESSIONS)
    theirs = parts(client).sessions.create("somebody else", "Theirs", [], use_all_images=True).id
    problem(client.get(f"{SESSIONS}/{theirs}"), 404, "SESSION_NOT_FOUND")
    problem(client.post(f"{SESSIONS}/{theirs}/messages", json={"message": "Hello"}), 404, "SESSION_NOT_FOUND")
    problem(client.delete(f"{SESSIONS}/{theirs}"), 404, "SESSION_NOT_FOUND")
    assert client.get(SESSIONS).json["total_count"] == 0
    assert client.get(SESSIONS, query_string={"search": "Theirs"}).json["sessions"] == []
    image = parts(client).images.add("somebody else", "theirs.jpg", picture()).image.id
    problem(client.post(SESSIONS, json={"initial_image_ids": [image]}), 404, "IMAGE_NOT_FOUND")
    assert client.get(f"{CHAT}/images/all").json["image_ids"] == []


@pytest.mark.parametrize(
    ("data", "kind", "status", "code"),
    [
        (b"{", "application/json", 400, "INVALID_JSON"),
        (b"", "application/json", 400, "INVALID_JSON"),
        (b"[]", "application/json", 422, "VALIDATION_ERROR"),
        (b'"x"', "application/json", 422, "VALIDATION_ERROR"),
        (b"NaN", "application/json", 400, "INVALID_JSON"),
        (b'{"title": "\xff"}', "application/json", 400, "INVALID_JSON"),
        (b"[" * 10_000 + b"]" * 10_000, "application/json", 400, "INVALID_JSON"),
        (b'{"title": "x"}', "text/plain", 415, "UNSUPPORTED_MEDIA_TYPE"),
        (b"title=x", "application/x-www-form-urlencoded", 415, "UNSUPPORTED_MEDIA_TYPE"),
    ],
)
def test_bodies_that_are_none(shared: FlaskClient, data: bytes, kind: str, status: int, code: str) -> None:
    session = new_session(shared)
    at = f"{SESSIONS}/{session}"
    for method, address in (
        ("POST", SESSIONS),
        ("PATCH", f"{at}/title"),
        ("PATCH", f"{at}/mode"),
        ("PUT", f"{at}/images"),
        ("PUT", f"{at}/documents"),
        ("POST", f"{at}/messages"),
        ("POST", f"{at}/messages/stream"),
    ):
        problem(shared.open(address, method=method, data=data, content_type=kind), status, code)


def test_methods_that_are_not_taken(shared: FlaskClient) -> None:
    response = shared.put(SESSIONS)
    assert response.json["code"] == "METHOD_NOT_ALLOWED"
    assert {"GET", "POST"} <= set(response.headers["Allow"].split(", "))


def test_list(client: FlaskClient) -> None:
    assert client.get(SESSIONS).json == {"sessions": [], "total_count": 0, "has_more": False}
    made = [new_session(client, title=f"Number {number}") for number in range(5)]
    page = client.get(SESSIONS, query_string={"limit": 2}).json
    assert [session["id"] for session in page["sessions"]] == made[:2:-1]
    assert (page["total_count"], page["has_more"]) == (5, True)
    assert set(page["sessions"][0]) == SUMMARY
    last = client.get(SESSIONS, query_string={"limit": 2, "offset": 4}).json
    assert [session["id"] for session in last["sessions"]] == [made[0]]
    assert last["has_more"] is False
    beyond = client.get(SESSIONS, query_string={"offset": 50}).json
    assert beyond == {"sessions": [], "total_count": 5, "has_more": False}


def test_the_default_page_has_twenty(client: FlaskClient) -> None:
    for _ in range(21):
        new_session(client)
    page = client.get(SESSIONS).json
    assert (len(page["sessions"]), page["has_more"]) == (20, True)
    assert len(client.get(SESSIONS, query_string={"limit": 100}).json["sessions"]) == 21


def test_pages_do_not_move_with_use(client: FlaskClient) -> None:
    """A session that is spoken in or renamed between two pages is on neither twice, nor on none."""
    made = [new_session(client, title=str(number)) for number in range(6)]
    first = [session["id"] for session in client.get(f"{SESSIONS}?limit=3").json["sessions"]]
    say(client, made[0])
    client.patch(f"{SESSIONS}/{made[1]}/title", json={"title": "Renamed"})
    second = [session["id"] for session in client.get(f"{SESSIONS}?limit=3&offset=3").json["sessions"]]
    assert first + second == made[::-1]


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=101",
        "limit=-1",
        "limit=x",
        "limit=",
        "limit=1.5",
        "limit=9999999999999999999999",
        "offset=-1",
        "offset=x",
        "offset=99999999999999999999",
        "min_messages=-1",
        "min_messages=x",
        "is_active=maybe",
        "is_active=",
        "search=" + "x" * 201,
        "search=%00",
    ],
)
def test_queries_that_are_refused(shared: FlaskClient, query: str) -> None:
    body = problem(shared.get(f"{SESSIONS}?{query}"), 422, "VALIDATION_ERROR")
    assert body["errors"][0]["field"] == query.split("=", maxsplit=1)[0]


@pytest.mark.parametrize("query", ["message_limit=0", "message_limit=1001", "message_limit=x", "include_messages=2"])
def test_queries_of_one_session_that_are_refused(shared: FlaskClient, query: str) -> None:
    problem(shared.get(f"{SESSIONS}/{new_session(shared)}?{query}"), 422, "VALIDATION_ERROR")


def test_filters(client: FlaskClient) -> None:
    talked, silent, closed = (new_session(client, title=title) for title in ("Talked", "Silent", "Closed"))
    say(client, talked)
    client.delete(f"{SESSIONS}/{closed}")

    def found(**query: Any) -> set[str]:
        page = client.get(SESSIONS, query_string=query).json
        assert page["total_count"] == len(page["sessions"])
        return {session["id"] for session in page["sessions"]}

    assert found() == {talked, silent, closed}
    assert found(is_active="true") == {talked, silent}
    assert found(is_active="false") == {closed}
    assert found(min_messages=0) == {talked, silent, closed}
    assert found(min_messages=1) == found(min_messages=2) == {talked}
    assert found(min_messages=3) == set()
    assert found(is_active="true", min_messages=1, search="talk") == {talked}
    assert found(is_active="false", search="talk") == set()


def test_close(client: FlaskClient) -> None:
    session = new_session(client, title="To close")
    say(client, session)
    before = detail(client, session)
    response = client.delete(f"{SESSIONS}/{session}")
    assert response.status_code == 200
    assert set(response.json) == {"session_id", "closed_at", "total_messages", "total_tokens"}
    assert INSTANT.fullmatch(response.json["closed_at"])
    assert response.json["total_messages"] == 2
    after = detail(client, session)
    assert after["session"]["is_active"] is False
    assert after["messages"] == before["messages"]
    assert "To close" in client.get(f"{SESSIONS}/{session}/export").text
    at = f"{SESSIONS}/{session}"
    for refused in (
        client.delete(at),
        client.patch(f"{at}/title", json={"title": "New"}),
        client.patch(f"{at}/mode", json={"use_all_images": False}),
        client.put(f"{at}/images", json={"image_ids": []}),
        client.put(f"{at}/documents", json={"document_ids": []}),
        client.post(f"{at}/messages", json={"message": "Hello"}),
        client.post(f"{at}/messages/stream", json={"message": "Hello"}),
        client.post(f"{at}/messages", json={"message": "Hello", "expected_image_ids": []}),
    ):
        problem(refused, 409, "SESSION_CLOSED")
    assert detail(client, session)["messages"] == before["messages"]


def test_all_images(client: FlaskClient) -> None:
    ids = pictures(client, 3)
    assert client.get(f"{CHAT}/images/all").json == {"image_ids": ids[::-1], "total_count": 3, "has_more": False}
    page = client.get(f"{CHAT}/images/all?limit=1&offset=1").json
    assert page == {"image_ids": [ids[1]], "total_count": 3, "has_more": True}
    for query in ("limit=0", "limit=5001", "offset=-1", "limit=x"):
        problem(client.get(f"{CHAT}/images/all?{query}"), 422, "VALIDATION_ERROR")


def test_a_deleted_picture_leaves_the_selection(client: FlaskClient) -> None:
    first, second = pictures(client, 2)
    session = new_session(client, initial_image_ids=[first, second], use_all_images=False)
    assert client.delete(f"/images/{first}").status_code == 204
    found = detail(client, session)
    assert (found["selected_image_ids"], found["session"]["selected_image_count"]) == ([second], 1)


def test_sessions_survive_a_restart(make_app) -> None:  # type: ignore[no-untyped-def]
    client = make_app().test_client()
    session = new_session(client, title="Kept")
    say(client, session)
    before = detail(client, session)
    parts(client).stop()
    assert detail(make_app().test_client(), session) == before


def test_a_cursor_stays_put_while_sessions_are_added(client: FlaskClient) -> None:
    before = {client.post("/api/v2/chat/sessions", json={"title": f"{n}"}).json["session_id"] for n in range(5)}
    seen: list[str] = []
    query: dict[str, Any] = {"limit": 2}
    while query is not None:
        page = client.get("/api/v2/chat/sessions", query_string=query).json
        seen += [session["id"] for session in page["sessions"]]
        client.post("/api/v2/chat/sessions", json={"title": "between"})
        assert page["has_more"] == ("next_cursor" in page)
        query = {"limit": 2, "cursor": page["next_cursor"]} if page["has_more"] else None
    assert len(seen) == len(before)
    assert set(seen) == before
    assert client.get("/api/v2/chat/sessions?cursor=x").json["code"] == "VALIDATION_ERROR"
