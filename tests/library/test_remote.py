"""Pictures at other addresses: from an HTTP server on this machine, which only a test may visit."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from services.errors import InvalidInput, TooLarge
from services.library.decoding import MAX_UPLOAD_BYTES
from services.library.remote import RemoteImages, is_public
from tests.conftest import MakeApp, picture

PICTURE = picture()


class Site(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        _host, port = self.server.server_address[:2]
        match self.path:
            case "/a.jpg":
                self._answer(200, PICTURE)
            case "/moved":
                self._answer(302, b"", "/a.jpg")
            case "/inside":
                self._answer(302, b"", f"http://localhost:{port}/a.jpg")
            case "/round":
                self._answer(302, b"", "/round")
            case "/large":
                self._answer(200, bytes(MAX_UPLOAD_BYTES + 1))
            case _:
                self._answer(404, b"")

    def _answer(self, status: int, body: bytes, location: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if location:
            self.send_header("Location", location)
        self.end_headers()
        try:
            self.wfile.write(body)
        except ConnectionError:
            self.close_connection = True

    def log_message(self, *_told: object) -> None: ...


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def code_of(images: RemoteImages, url: str) -> str:
    with pytest.raises(InvalidInput) as caught:
        images.fetch(url)
    return caught.value.code


@pytest.mark.parametrize("path", ["/a.jpg", "/moved"])
def test_a_picture_elsewhere(site: str, path: str) -> None:
    assert RemoteImages(allowed=True, may_visit=lambda _address: True).fetch(site + path) == PICTURE


@pytest.mark.parametrize("path", ["/missing", "/round"])
def test_no_picture_there(site: str, path: str) -> None:
    images = RemoteImages(allowed=True, may_visit=lambda _address: True)
    assert code_of(images, site + path) == "remote_image_unreachable"


def test_nobody_there() -> None:
    images = RemoteImages(allowed=True, may_visit=lambda _address: True)
    assert code_of(images, "http://127.0.0.1:9/a.jpg") == "remote_image_unreachable"


def test_one_that_is_too_large(site: str) -> None:
    with pytest.raises(TooLarge):
        RemoteImages(allowed=True, may_visit=lambda _address: True).fetch(site + "/large")


def test_a_redirect_is_looked_at_like_an_address(site: str) -> None:
    visited: list[str] = []

    def once(address: str) -> bool:
        visited.append(address)
        return len(visited) == 1

    assert code_of(RemoteImages(allowed=True, may_visit=once), site + "/inside") == "remote_image_refused"
    assert visited[0] == "127.0.0.1"


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1/a", "http://localhost/a", "http://[::1]/a", "http://10.0.0.1/a", "http://169.254.169.254/latest",
     "http://0.0.0.0/a", "http://[::ffff:127.0.0.1]/a", "http://2130706433/a", "http://user@8.8.8.8/a", "ftp://8.8.8.8/a",
     "http://[broken", "http:///a", "http://8.8.8.8:99999/a"],
)  # fmt: skip
def test_private_and_odd_addresses_are_refused(url: str) -> None:
    assert code_of(RemoteImages(allowed=True), url) == "remote_image_refused"


def test_nothing_is_fetched_unless_allowed(site: str) -> None:
    assert code_of(RemoteImages(may_visit=lambda _address: True), site + "/a.jpg") == "remote_image_refused"


@pytest.mark.parametrize(("address", "public"), [("8.8.8.8", True), ("192.168.1.1", False), ("100.64.0.1", False),
    ("224.0.0.1", False), ("fe80::1", False), ("2606:4700::1111", True), ("::ffff:10.0.0.1", False),
    ("64:ff9b::10.0.0.1", False), ("64:ff9b::8.8.8.8", True), ("64:ff9b:1::8.8.8.8", False), ("2002:a00:1::", False),
    ("2002:808:808::", True), ("::127.0.0.1", False), ("fec0::1", False), ("ff02::1", False)])  # fmt: skip
def test_public_addresses(address: str, public: bool) -> None:
    assert is_public(address) is public


def test_a_server_with_the_setting_still_visits_nothing_private(make_app: MakeApp, site: str) -> None:
    client = make_app(remote_images=True).test_client()
    content = [{"type": "image_url", "image_url": {"url": site + "/a.jpg"}}]
    response = client.post(
        "/v1/chat/completions", json={"model": "m", "messages": [{"role": "user", "content": content}]}
    )
    assert response.status_code == 400
    assert response.json["error"]["code"] == "remote_image_refused"
