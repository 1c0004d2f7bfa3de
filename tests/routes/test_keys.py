"""Keys: who gets in, whose data they see, and links that need none."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_openapi3 import OpenAPI

from services.accounts import Accounts
from services.agent.actions import Step
from tests.conftest import MakeApp, picture, services_of

OPEN = {"/", "/docs", "/openapi.json", "/api/v1/health", "/static/docs.js"}
NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def app(make_app: MakeApp) -> OpenAPI:
    return make_app(auth_required=True, tts_provider=("local",), stt_provider=("local",))


def headers(app: OpenAPI, name: str = "ann") -> dict[str, str]:
    services_of(app).start()
    return {"Authorization": f"Bearer {services_of(app).accounts.create(name)[1]}"}


def upload(client: FlaskClient, headers: dict[str, str]) -> dict[str, Any]:
    response = client.post("/upload", data={"file": (io.BytesIO(picture()), "a.jpg")}, headers=headers)
    assert response.status_code == 201
    return response.json


@pytest.mark.parametrize("path", sorted(OPEN))
def test_the_page_its_files_the_docs_and_health_are_open(app: OpenAPI, path: str) -> None:
    with app.test_client().get(path) as response:
        assert response.status_code == 200


def test_everything_else_wants_a_key(app: OpenAPI) -> None:
    client = app.test_client()
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<(?:path:)?[^>]+>", NOBODY, rule.rule)
        if path in OPEN or path.startswith(("/static/", "/docs/assets/")):
            continue
        for method in sorted(rule.methods - {"OPTIONS", "HEAD"}):
            response = client.open(path, method=method)
            assert response.status_code == 401, (method, path)
            assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("path", "shape"),
    [("/healthz", "error"), ("/nowhere", "error"), ("/api/v1/voices", "detail"), ("/api/v2/chat/sessions", "code")],
)
def test_the_refusal_has_the_shape_of_its_surface(app: OpenAPI, path: str, shape: str) -> None:
    assert shape in app.test_client().get(path).json


@pytest.mark.parametrize(
    "given",
    [
        {"Authorization": "Bearer va-nobody"},
        {"X-API-Key": "va-nobody"},
        {"Authorization": "Basic YTpi"},
        {"Authorization": "Bearer "},
        {"X-API-Key": "\u00e9"},
    ],
)
def test_a_key_that_is_none_is_refused(app: OpenAPI, given: dict[str, str]) -> None:
    assert app.test_client().get("/metrics", headers=given).status_code == 401


def test_both_headers_carry_a_key(app: OpenAPI) -> None:
    given = headers(app)
    text = given["Authorization"].removeprefix("Bearer ")
    client = app.test_client()
    assert client.get("/metrics", headers=given).status_code == 200
    assert client.get("/metrics", headers={"X-API-Key": text}).status_code == 200


def test_a_preflight_carries_no_key(app: OpenAPI) -> None:
    asked = {"Origin": "https://example.com", "Access-Control-Request-Method": "POST"}
    assert app.test_client().options("/upload", headers=asked).status_code == 200


def test_without_auth_a_key_of_somebody_else_is_passed_over(make_app: MakeApp) -> None:
    client = make_app().test_client()
    assert client.get("/metrics", headers={"Authorization": "Bearer sk-of-another-service"}).status_code == 200


def made_by(client: FlaskClient, given: dict[str, str]) -> dict[str, str]:
    """One of everything that has an id, by the name of the route's parameter."""
    image = upload(client, given)["image_id"]
    session = client.post("/api/v2/chat/sessions", json={}, headers=given).json["session_id"]
    sent = client.post(f"/api/v2/chat/sessions/{session}/messages", json={"message": "hi"}, headers=given)
    drawn = client.post("/chat", json={"message": "create a blue canvas"}, headers=given).json
    client.post("/api/v1/session/reset", json={"session_id": "mine"}, headers=given)
    services = services_of(client.application)
    owner = services.accounts.caller(given["Authorization"].removeprefix("Bearer ")).owner_id
    plan = services.plans.propose(owner, session, None, "Sort", [Step("create_folder", {"name": "Beach"})])
    return {
        "image_id": image,
        "session_id": session,
        "message_id": sent.json["message_id"],
        "conversation_id": drawn["conversation_id"],
        "version_id": drawn["version_id"],
        "plan_id": plan.id,
        "folder_id": client.post("/api/v2/folders", json={"name": "Trips"}, headers=given).json["id"],
    }


BODIES: dict[str, dict[str, Any]] = {
    "classic.chat": {"question": "what?"},
    "classic.chat_stream": {"question": "what?"},
    "studio.rename": {"title": "mine now"},
    "studio.go": {"version_id": NOBODY},
    "sessions.rename": {"title": "mine now"},
    "sessions.mode": {"use_all_images": True},
    "sessions.select_images": {"image_ids": []},
    "sessions.select_documents": {"document_ids": []},
    "plans.action": {"action": "approve"},
    "messages.send": {"message": "hi"},
    "messages.stream": {"message": "hi"},
    "images.change": {"title": "mine now"},
    "folders.change": {"name": "mine now"},
}


def test_what_is_anothers_does_not_exist(app: OpenAPI) -> None:
    client = app.test_client()
    ids = made_by(client, headers(app, "ann"))
    other = headers(app, "bob")
    walked = 0
    for rule in app.url_map.iter_rules():
        # What a WebSocket tells of another's session is in `tests/plans/test_events.py`.
        if rule.websocket or not rule.arguments or not rule.arguments <= set(ids):
            continue
        path = re.sub(r"<(?:\w+:)?([^>]+)>", lambda found: ids[found.group(1)], rule.rule)
        for method in sorted(rule.methods - {"OPTIONS", "HEAD"}):
            body = BODIES.get(rule.endpoint) if method in ("POST", "PUT", "PATCH") else None
            response = client.open(path, method=method, json=body, headers=other)
            assert response.status_code == 404, (method, path, response.status_code)
            walked += 1
    assert walked >= 20


def test_lists_hold_ones_own_alone(app: OpenAPI) -> None:
    client = app.test_client()
    made_by(client, headers(app, "ann"))
    other = headers(app, "bob")
    for path in (
        "/api/v2/chat/sessions",
        "/api/v2/chat/images/all",
        "/api/v2/images",
        "/api/v2/folders",
        "/studio/conversations",
    ):
        assert client.get(path, headers=other).json["total_count"] == 0


def test_two_keys_of_one_owner_see_the_same(app: OpenAPI) -> None:
    services_of(app).start()
    accounts = services_of(app).accounts
    first, text = accounts.create("laptop")
    _, second_text = accounts.create("phone", owner_id=first.owner_id)
    client = app.test_client()
    image = upload(client, {"X-API-Key": text})["image_id"]
    assert client.get(f"/images/{image}", headers={"X-API-Key": second_text}).status_code == 200


def test_a_link_in_an_answer_works_in_an_img_tag(app: OpenAPI) -> None:
    client = app.test_client()
    image = upload(client, headers(app))["image"]
    for name in ("url", "thumbnail_url"):
        path = image[name].removeprefix("http://localhost")
        assert client.get(path).status_code == 200
        assert client.get(path.split("?")[0]).status_code == 401


def test_links_kept_with_an_answer_are_signed_anew(app: OpenAPI) -> None:
    """They open for a day; what was said with them is read for years."""
    client, given = app.test_client(), headers(app)
    upload(client, given)
    session = client.post("/api/v2/chat/sessions", json={}, headers=given).json["session_id"]
    path = f"/api/v2/chat/sessions/{session}"
    assert client.post(f"{path}/messages", json={"message": "What is it?"}, headers=given).status_code == 200
    services_of(app).secret_key = app.config["SECRET_KEY"] = "another: links signed before open nothing now"
    (shown,) = client.get(path, headers=given).json["messages"][1]["image_context"]
    for name in ("stored_url", "thumbnail_url"):
        assert client.get(shown[name].removeprefix("http://localhost")).status_code == 200


@pytest.mark.parametrize(
    "forge",
    [
        lambda url: url + "x",
        lambda url: url.replace("/file?", "/thumbnail?"),
        lambda url: url.split("signature=")[0] + "signature=",
    ],
)
def test_a_forged_link_opens_nothing(app: OpenAPI, forge: Callable[[str], str]) -> None:
    client = app.test_client()
    url = upload(client, headers(app))["image"]["url"].removeprefix("http://localhost")
    assert client.get(forge(url)).status_code == 401


def test_an_old_link_shuts_nobody_out(app: OpenAPI, make_app: MakeApp) -> None:
    client, ann, bob = app.test_client(), headers(app), headers(app, "bob")
    image_id = upload(client, ann)["image_id"]
    old = f"/images/{image_id}/file?signature=old"
    assert [client.get(old, headers=given).status_code for given in (ann, bob, {})] == [200, 404, 401]
    unguarded = make_app(auth_required=False).test_client()
    own = upload(unguarded, {})["image_id"]
    assert unguarded.get(f"/images/{own}/file?signature=old").status_code == 200


def test_a_link_opens_no_other_route(app: OpenAPI) -> None:
    client = app.test_client()
    uploaded = upload(client, headers(app))
    signature = uploaded["image"]["url"].split("?")[1]
    assert client.get(f"/images/{uploaded['image_id']}?{signature}").status_code == 401
    assert client.delete(f"/images/{uploaded['image_id']}?{signature}").status_code == 401


def test_a_revoked_key_is_refused_at_once(app: OpenAPI) -> None:
    client, given = app.test_client(), headers(app, "ann")
    assert client.get("/metrics", headers=given).status_code == 200
    services_of(app).accounts.revoke("ann")
    assert client.get("/metrics", headers=given).status_code == 401


def test_another_process_believes_a_key_for_a_few_seconds_alone(app: OpenAPI) -> None:
    services_of(app).start()
    clock = [0.0]
    here = services_of(app).accounts
    there = Accounts(services_of(app).database, timer=lambda: clock[0])
    _, text = here.create("ann")
    there.caller(text)
    here.revoke("ann")
    clock[0] += 11
    with pytest.raises(Exception, match="not known or was revoked"):
        there.caller(text)


def test_a_keys_own_monthly_limit_goes_before_the_servers(make_app: MakeApp) -> None:
    app = make_app(auth_required=True, monthly_message_limit=5)
    services_of(app).start()
    _, text = services_of(app).accounts.create("ann", monthly_limit=1)
    given, client = {"X-API-Key": text}, app.test_client()
    session = client.post("/api/v2/chat/sessions", json={}, headers=given).json["session_id"]
    url = f"/api/v2/chat/sessions/{session}/messages"
    assert client.post(url, json={"message": "one"}, headers=given).status_code == 200
    refused = client.post(url, json={"message": "two"}, headers=given)
    assert refused.status_code == 429
    assert refused.json["code"] == "USAGE_LIMIT_EXCEEDED"
    assert refused.json["context"]["monthly_limit"] == 1


def test_keys_by_command(app: OpenAPI) -> None:
    run = app.test_cli_runner()
    made = run.invoke(args=["keys", "create", "ann", "--monthly-limit", "7"])
    text = re.search(r"key: (va-\S+)", made.output).group(1)
    assert app.test_client().get("/metrics", headers={"X-API-Key": text}).status_code == 200
    listed = run.invoke(args=["keys", "list"]).output
    assert "ann" in listed
    assert "monthly limit: 7" in listed
    assert text not in listed
    assert run.invoke(args=["keys", "limit", "ann", "0"]).exit_code == 0
    assert run.invoke(args=["keys", "revoke", "ann"]).exit_code == 0
    assert "revoked" in run.invoke(args=["keys", "list"]).output
    assert run.invoke(args=["keys", "revoke", "ann"]).exit_code == 1
    assert run.invoke(args=["keys", "create", "x", "--owner", NOBODY]).exit_code == 1


def test_only_a_digest_of_a_key_is_kept(app: OpenAPI) -> None:
    services_of(app).start()
    _, text = services_of(app).accounts.create("ann")
    data = services_of(app).settings.data_dir
    kept = b"".join(path.read_bytes() for path in data.rglob("*") if path.is_file())
    assert text.encode() not in kept
