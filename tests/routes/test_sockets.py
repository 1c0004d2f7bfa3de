"""Requests no client library would send, over real sockets: each is answered, in JSON, and leaves nothing behind."""

from __future__ import annotations

import json
import socket
import threading
import uuid

import httpx2
import pytest

from tests import inventory
from tests.conftest import picture
from tests.mock.aimock import Aimock
from tests.routes.conftest import client_of, uploaded
from tests.server import Server

FORM = b"multipart/form-data; boundary=B"
MEGABYTE = 1024 * 1024


def part(data: bytes, name: bytes = b"photo.jpg") -> bytes:
    return b'--B\r\nContent-Disposition: form-data; name="file"; filename="' + name + b'"\r\n\r\n' + data + b"\r\n"


def form(*parts: bytes) -> bytes:
    return b"".join(parts) + b"--B--\r\n"


def post(body: bytes, *headers: bytes, path: bytes = b"/upload", kind: bytes = FORM, length: int | None = -1) -> bytes:
    """A POST as bytes; `length` -1 is the true one, None leaves the header out."""
    lines = [b"POST " + path + b" HTTP/1.1", b"Host: x", b"Connection: close", b"Content-Type: " + kind, *headers]
    if length is not None:
        lines.append(b"Content-Length: %d" % (len(body) if length == -1 else length))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def exchange(server: Server, sent: bytes, *, hang_up: bool = False) -> tuple[int, dict[str, str], bytes]:
    """Send bytes, all of them, and read the answer to its end: status, headers, body."""
    with socket.create_connection(server.address, timeout=20) as connection:
        connection.sendall(sent)
        if hang_up:
            connection.shutdown(socket.SHUT_WR)
        received = b""
        while more := connection.recv(65536):
            received += more
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return int(first.split()[1]), headers, body


def code_of(body: bytes) -> str:
    error = json.loads(body)["error"]
    assert set(error) == {"message", "type", "param", "code"}
    return str(error["code"])


ALL_CHUNKED = form(part(picture()))
CHUNKED = b"Transfer-Encoding: chunked"

BROKEN: dict[str, tuple[bytes, int, str]] = {
    "no boundary": (post(form(part(picture())), kind=b"multipart/form-data"), 400, "missing_file"),
    "wrong boundary": (post(form(part(picture())), kind=b"multipart/form-data; boundary=C"), 400, "missing_file"),
    "no length and no body": (post(b"", length=None), 400, "missing_file"),
    "shorter than it says": (post(form(part(picture())), length=9_999), 400, "invalid_request"),
    "cut off half-way": (post(form(part(picture()))[:300], length=800), 400, "invalid_request"),
    "cut off in the head of a part": (post(b"--B\r\nContent-Dispo", length=800), 400, "invalid_request"),
    "longer than it says": (post(form(part(picture())), length=200), 400, "missing_file"),
    "no last boundary": (post(part(picture())), 400, "missing_file"),
    "chunked and cut off": (post(b"320\r\n" + b"--B\r\n", CHUNKED, length=None), 400, "invalid_request"),
    "a chunk of no length": (post(b"zz\r\n--B\r\n", CHUNKED, length=None), 400, "invalid_request"),
    "a length and chunks": (post(b"0\r\n\r\n", CHUNKED), 400, "invalid_request"),
    "two lengths": (post(b"", b"Content-Length: 5"), 400, "invalid_request"),
    "a negative length": (post(b"", length=-5), 400, "invalid_request"),
    "a length of letters": (post(b"", b"Content-Length: abc", length=None), 400, "invalid_request"),
    "two files": (post(form(part(picture()), part(picture(), b"b.jpg"))), 400, "multiple_files"),
    "json cut off": (
        post(b'{"question": "W', path=b"/chat/" + str(uuid.uuid4()).encode(), kind=b"application/json", length=900),
        400,
        "invalid_request",
    ),
    "a break in the file name": (post(form(part(picture(), b"a\r\nX-Evil: b.jpg"))), 400, "missing_file"),
    "no http": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400, "invalid_request"),
    "http/0.9": (b"GET /\r\n\r\n", 400, "invalid_request"),
    "http/2": (b"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 400, "invalid_request"),
    "an address of 10,000 letters": (
        b"GET /" + b"a" * 10_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        414,
        "address_too_long",
    ),
    "a header of 20,000 letters": (
        b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 20_000 + b"\r\n\r\n",
        431,
        "headers_too_large",
    ),
    "300 headers": (
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"".join(b"X-%d: 1\r\n" % number for number in range(300)) + b"\r\n",
        431,
        "headers_too_large",
    ),
    "control characters in a header": (
        b"GET / HTTP/1.1\r\nHost: x\r\nX-Request-ID: a\x01b\r\nConnection: close\r\n\r\n",
        400,
        "invalid_request",
    ),
    "a folded header": (
        b"GET / HTTP/1.1\r\nHost: x\r\nX-Request-ID: a\r\n X-Evil: b\r\nConnection: close\r\n\r\n",
        400,
        "invalid_request",
    ),
    "an unknown method": (b"BREW / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 405, "method_not_allowed"),
    "trace": (b"TRACE / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 405, "method_not_allowed"),
    "broken escapes": (b"GET /%zz%ff%00 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 404, "not_found"),
    "traversal": (
        b"GET /docs/assets/../../../app.py HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        404,
        "not_found",
    ),
    "escaped traversal": (
        b"GET /docs/assets/..%2f..%2f..%2fapp.py HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        404,
        "not_found",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_requests(server: Server, answering: Aimock, case: str) -> None:
    sent, status, code = BROKEN[case]
    before = inventory.take(server.data, server.temporary)
    seen, headers, body = exchange(server, sent, hang_up=True)
    assert (seen, code_of(body)) == (status, code)
    assert headers["content-type"] == "application/json"
    assert headers["x-request-id"]
    assert headers["x-process-time"]
    assert "x-evil" not in headers
    assert inventory.take(server.data, server.temporary) == before


def test_a_chunked_upload_is_taken(server: Server, answering: Aimock) -> None:
    body = form(part(picture()))
    chunks = b"".join(
        b"%x\r\n%s\r\n" % (len(body[at : at + 100]), body[at : at + 100]) for at in range(0, len(body), 100)
    )
    status, _, answer = exchange(server, post(chunks + b"0\r\n\r\n", CHUNKED, length=None))
    assert status == 201
    assert json.loads(answer)["image"]["sha256"]


def test_expect_100_continue(server: Server, answering: Aimock) -> None:
    body = form(part(picture()))
    with socket.create_connection(server.address, timeout=20) as connection:
        connection.sendall(post(b"", b"Expect: 100-continue", b"Content-Length: %d" % len(body), length=None))
        assert connection.recv(65536).startswith(b"HTTP/1.1 100 ")
        connection.sendall(body)
        assert connection.recv(65536).startswith(b"HTTP/1.1 201 ")


@pytest.mark.parametrize("chunked", [False, True], ids=["with its length", "chunked"])
@pytest.mark.parametrize("megabytes", [17, 40])
def test_too_large_an_upload_gets_its_answer(server: Server, answering: Aimock, megabytes: int, chunked: bool) -> None:
    """The sender can send everything and then reads the answer: no reset connection."""
    before = inventory.take(server.data, server.temporary)
    body = form(part(picture() + bytes(megabytes * MEGABYTE)))
    sent = post(b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body), CHUNKED, length=None) if chunked else post(body)
    status, headers, answer = exchange(server, sent)
    assert (status, code_of(answer)) == (413, "file_too_large")
    assert headers["content-type"] == "application/json"
    assert inventory.take(server.data, server.temporary) == before


def test_a_connection_is_good_for_more_after_a_refusal(server: Server, answering: Aimock) -> None:
    with client_of(server) as api:
        for _ in range(3):
            response = api.post("/upload", files={"file": ("a.jpg", bytes(17 * MEGABYTE))})
            assert response.status_code == 413
            assert api.get("/healthz").status_code == 200


@pytest.mark.parametrize("path", ["/chat/x", "/nowhere", "/healthz"])
def test_a_large_body_at_any_address_gets_its_answer(server: Server, path: str) -> None:
    status, _, body = exchange(server, post(bytes(20 * MEGABYTE), path=path.encode()))
    assert status in (404, 405, 413, 415)
    assert code_of(body)


def test_a_sender_who_leaves_half_way(server: Server, answering: Aimock) -> None:
    before = inventory.take(server.data, server.temporary)
    for size in (50, 700, 3 * MEGABYTE):
        with socket.create_connection(server.address, timeout=20) as connection:
            connection.sendall(post(form(part(bytes(4 * MEGABYTE))))[:size])
    inventory.eventually(before, lambda: inventory.take(server.data, server.temporary))


def test_request_ids(api: httpx2.Client) -> None:
    assert api.get("/healthz", headers={"X-Request-ID": "a-Sane_1.id"}).headers["x-request-id"] == "a-Sane_1.id"
    for odd in ("a b", "a" * 129, "<script>", "a;b", "a%0d%0ab", ""):
        given = api.get("/healthz", headers={"X-Request-ID": odd}).headers["x-request-id"]
        assert given != odd
        uuid.UUID(given)


def test_no_client_writes_into_the_log(server: Server, api: httpx2.Client) -> None:
    api.get("/%0d%0aforged%20line", headers={"X-Request-ID": "forged id"})
    exchange(server, b"GET /\x1b[31mred HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    lines = server.log.splitlines()
    assert all(line.startswith("{") and json.loads(line) for line in lines)
    assert "\x1b" not in server.log
    assert "forged id" not in server.log


def test_24_clients_upload_and_ask_at_once(server: Server, answering: Aimock) -> None:
    with client_of(server) as api:
        image_id = uploaded(api)
    statuses: list[int] = []

    def talk(number: int) -> None:
        with client_of(server) as api:
            statuses.append(api.post("/upload", files={"file": (f"{number}.jpg", picture())}).status_code)
            statuses.append(api.post(f"/chat/{image_id}", json={"question": f"{number}?"}).status_code)

    threads = [threading.Thread(target=talk, args=(number,)) for number in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(statuses) == [200] * 24 + [201] * 24
    with client_of(server) as api:
        kept = api.get(f"/images/{image_id}/messages").json()["messages"]
    assert len(kept) == 50
    assert {message["status"] for message in kept} == {"sent", "complete"}


@pytest.mark.parametrize(
    "header", [{"X-Forwarded-Proto": "https"}, {"X-Forwarded-Ssl": "on"}, {"X-Forwarded-Host": "evil.example"}]
)
def test_nobody_is_believed_to_forward_unless_settings_say_so(
    server: Server, api: httpx2.Client, answering: Aimock, header: dict[str, str]
) -> None:
    image_id = uploaded(api)
    assert api.get(f"/images/{image_id}", headers=header).json()["url"] == f"{server.url}/images/{image_id}/file"
