"""What holds for every address: headers, methods, errors, CORS; and the pages for those who run the server."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from tests.conftest import MakeApp, upload

JSON = {"service": "Interactive AI Vision Assistant API", "version": "1.0.0", "status": "running"}
REQUEST_HEADERS = ("content-type", "authorization", "x-requested-with", "idempotency-key", "last-event-id")
NOBODY = "00000000-0000-0000-0000-000000000000"


@pytest.mark.parametrize(
    "accept",
    [
        "*/*",
        "application/json",
        "application/json, text/html;q=0.9",
        "text/plain",
        "text/html;q=0.1, */*",
        "image/png",
        "",
    ],
)
def test_root_is_json_for_programs(shared: FlaskClient, accept: str) -> None:
    response = shared.get("/", headers={"Accept": accept} if accept else {})
    assert (response.status_code, response.json) == (200, JSON)
    assert "Accept" in response.headers["Vary"]


@pytest.mark.parametrize(
    "accept",
    [
        "text/html",
        "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
        "text/html, application/json;q=0.9",
    ],
)
def test_root_is_a_page_for_browsers(shared: FlaskClient, accept: str) -> None:
    response = shared.get("/", headers={"Accept": accept})
    assert response.status_code == 200
    assert response.mimetype == "text/html"
    assert "Accept" in response.headers["Vary"]
    policy = response.headers["Content-Security-Policy"]
    assert re.match(r"default-src '(self|none)'", policy)
    assert "unsafe" not in policy
    assert "://" not in policy


@pytest.mark.parametrize(
    "path", ["/", "/healthz", "/metrics", "/openapi.json", "/docs", "/nowhere", f"/images/{NOBODY}"]
)
def test_headers_of_every_answer(shared: FlaskClient, path: str) -> None:
    response = shared.get(path)
    assert re.fullmatch(r"[0-9a-f-]{36}", response.headers["X-Request-ID"])
    assert re.fullmatch(r"\d+\.\d{4}", response.headers["X-Process-Time"])
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert shared.get(path, headers={"X-Request-ID": "mine-1"}).headers["X-Request-ID"] == "mine-1"


@pytest.mark.parametrize("accept", ["text/html", "*/*", "application/json", "image/png"])
@pytest.mark.parametrize("path", ["/nowhere", "/upload/", "/chat/", "/static/nothing.js", "/docs/assets/nothing"])
def test_unknown_addresses(shared: FlaskClient, path: str, accept: str) -> None:
    response = shared.get(path, headers={"Accept": accept})
    assert response.status_code == 404
    assert response.json["error"]["code"] == "not_found"
    assert response.json["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    ("path", "shape"),
    [("/api/v1/nowhere", {"detail"}), ("/api/v2/nowhere", {"type", "title", "status", "detail", "code"})],
)
def test_unknown_addresses_of_other_surfaces(shared: FlaskClient, path: str, shape: set[str]) -> None:
    response = shared.get(path)
    assert response.status_code == 404
    assert set(response.json) == shape


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/upload", "POST"),
        ("PUT", "/upload", "POST"),
        ("GET", f"/chat/{NOBODY}", "POST"),
        ("DELETE", f"/chat-stream/{NOBODY}", "POST"),
        ("POST", "/healthz", "GET"),
        ("PATCH", f"/images/{NOBODY}", "DELETE"),
        ("POST", "/", "GET"),
        ("BREW", "/upload", "POST"),
    ],
)
def test_wrong_methods(shared: FlaskClient, method: str, path: str, allowed: str) -> None:
    response = shared.open(path, method=method)
    assert (response.status_code, response.json["error"]["code"]) == (405, "method_not_allowed")
    assert allowed in response.headers["Allow"]


@pytest.mark.parametrize("path", ["/", "/healthz", "/openapi.json", "/metrics", "/docs"])
def test_head(shared: FlaskClient, path: str) -> None:
    response = shared.head(path)
    assert (response.status_code, response.data) == (200, b"")


@pytest.mark.parametrize("host", ["", "a b", 'a"><b', "host:99999", "a,b", "a/b"])
def test_hosts_that_cannot_be(shared: FlaskClient, host: str) -> None:
    response = shared.get("/healthz", headers={"Host": host})
    assert (response.status_code, response.json["error"]["code"]) == (400, "invalid_request")
    assert response.headers["X-Request-ID"]


@pytest.mark.parametrize(
    "host", ["a.example", "127.0.0.1:5000", "[::1]:5000", "xn--mnchen-3ya.example", "my_host:5000"]
)
def test_links_are_to_the_host_that_was_asked(shared: FlaskClient, host: str) -> None:
    image_id = upload(shared)
    response = shared.get(f"/images/{image_id}", headers={"Host": host})
    assert response.json["url"] == f"http://{host}/images/{image_id}/file"


def test_preflight(shared: FlaskClient) -> None:
    asked = {
        "Origin": "https://page.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": ", ".join(REQUEST_HEADERS),
    }
    for path in ("/upload", f"/chat/{NOBODY}", f"/chat-stream/{NOBODY}"):
        response = shared.options(path, headers=asked)
        assert response.status_code == 200
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        methods = set(response.headers["Access-Control-Allow-Methods"].split(", "))
        assert methods >= {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
        headers = response.headers["Access-Control-Allow-Headers"].lower()
        assert all(header in headers for header in REQUEST_HEADERS)


def test_pages_of_any_origin_may_read_answers_and_errors(shared: FlaskClient) -> None:
    for response in (
        shared.get("/", headers={"Origin": "https://page.example"}),
        shared.get("/nowhere", headers={"Origin": "https://page.example"}),
        shared.post("/upload", headers={"Origin": "https://page.example"}),
    ):
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        exposed = response.headers["Access-Control-Expose-Headers"]
        for header in ("X-Request-ID", "X-Process-Time", "X-RateLimit-Limit", "X-RateLimit-Remaining", "Retry-After"):
            assert header in exposed


def test_chosen_origins_alone(make_app: MakeApp) -> None:
    client = make_app(cors_origins=("https://page.example", "https://second.example")).test_client()
    chosen = client.get("/", headers={"Origin": "https://page.example"})
    assert chosen.headers["Access-Control-Allow-Origin"] == "https://page.example"
    assert "Origin" in ", ".join(chosen.headers.getlist("Vary"))
    other = client.get("/", headers={"Origin": "https://other.example"})
    assert "Access-Control-Allow-Origin" not in other.headers
    for response in (other, client.get("/")):
        assert "Origin" in ", ".join(response.headers.getlist("Vary"))


def test_liveness(shared: FlaskClient) -> None:
    assert shared.get("/healthz").json == {"status": "alive"}


def test_metrics(client: FlaskClient) -> None:
    image_id = upload(client)
    client.post(f"/chat/{image_id}", json={"question": "What?"})
    client.post(f"/chat/{image_id}", json={})
    for _ in range(2):
        client.get(f"/images/{image_id}/thumbnail")
    response = client.get("/metrics")
    assert response.headers["Content-Type"].startswith("text/plain; version=")
    seen = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }
    assert seen["http_requests_total", "201", "POST", "classic.upload"] == 1
    assert seen["http_requests_total", "200", "POST", "classic.chat"] == 1
    assert seen["http_requests_total", "400", "POST", "classic.chat"] == 1
    assert seen["http_request_seconds_count", "classic.chat"] == 2
    assert seen["turns_total", "complete", "scripted"] == 2
    assert seen["tokens_total", "prompt", "scripted", "scripted-1"] == 24
    assert seen["tokens_total", "completion", "scripted", "scripted-1"] == 6
    assert seen["first_text_seconds_count", "scripted"] == 2
    for cache in ("prepared", "facts"):
        assert {
            ("cache_lookups_total", *sorted((cache, "hit"))),
            ("cache_lookups_total", *sorted((cache, "miss"))),
            ("cache_evictions_total", cache),
            ("cache_bytes", cache),
        } <= set(seen)


def test_the_docs_page_asks_no_other_host(shared: FlaskClient) -> None:
    page = shared.get("/docs")
    assert page.status_code == 200
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]
    links = re.findall(r'(?:src|href|data-document)="([^"]+)"', page.text)
    assert links
    for link in links:
        assert link.startswith("/")
        with shared.get(link) as asset:
            assert asset.status_code == 200
    assert not re.search(r"<script(?![^>]*\bsrc=)[^>]*>", page.text)
