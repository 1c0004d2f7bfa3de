"""Over real sockets, against the program as it is started: what no client library would send."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest

from tests import inventory
from tests.mock.aimock import Aimock
from tests.routes.conftest import client_of, upstream
from tests.server import Server, running
from tests.voice.conftest import CAT, heard_in, question

PATH = "/api/v1/analyze"
FORM = b"multipart/form-data; boundary=B"
MB = 1024 * 1024
LOCAL = {"STT_PROVIDER": "local", "TTS_PROVIDER": "local", "VOICE_RATE_LIMIT": "1000/minute"}


@pytest.fixture(scope="module")
def server(aimock_server: Aimock, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    aimock_server.reset()
    aimock_server.answer({"content": "There is a cat in front of you."})
    with running(tmp_path_factory.mktemp("voice"), **(upstream(aimock_server) | LOCAL)) as started:
        yield started


@pytest.fixture
def api(server: Server) -> Iterator[httpx2.Client]:
    with client_of(server) as client:
        yield client


def text_part(name: str, value: str) -> bytes:
    return f'--B\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()


def file_part(name: str, data: bytes) -> bytes:
    head = f'--B\r\nContent-Disposition: form-data; name="{name}"; filename="f"\r\n\r\n'.encode()
    return head + data + b"\r\n"


def form(image: bytes = CAT, audio: bytes | None = None) -> bytes:
    body = text_part("session_id", "raw") + text_part("mode", "conversation" if audio else "snapshot")
    return body + file_part("image", image) + (file_part("audio", audio) if audio else b"") + b"--B--\r\n"


def chunked(body: bytes, size: int = 64 * 1024) -> bytes:
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def request(body: bytes, *headers: bytes, length: int | None = None) -> bytes:
    lines = [
        b"POST " + PATH.encode() + b" HTTP/1.1",
        b"Host: x",
        b"Connection: close",
        b"Content-Type: " + FORM,
        *headers,
    ]
    if b"Transfer-Encoding: chunked" not in headers:
        lines.append(b"Content-Length: %d" % (len(body) if length is None else length))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def exchange(server: Server, sent: bytes, *, hang_up: bool = False) -> tuple[int, bytes, bytes]:
    """Send all bytes and read the answer to its end: status, head, body."""
    with socket.create_connection(server.address, timeout=30) as connection:
        connection.sendall(sent)
        if hang_up:
            connection.shutdown(socket.SHUT_WR)
        received = b""
        while more := connection.recv(65536):
            received += more
    head, _, body = received.partition(b"\r\n\r\n")
    return int(head.split()[1]), head, body


def test_curl_gets_its_answer(api: httpx2.Client) -> None:
    for files in (
        {"image": ("photo.jpg", CAT, "image/jpeg")},
        {"image": ("photo.jpg", CAT, "image/jpeg"), "audio": ("question.wav", question(), "audio/wav")},
    ):
        mode = "conversation" if "audio" in files else "snapshot"
        response = api.post(PATH, data={"session_id": f"curl-{mode}", "mode": mode}, files=files)
        assert response.status_code == 200
        assert response.headers["content-type"] == "audio/mpeg"
        assert response.headers["x-response-text"] == "There is a cat in front of you."
        heard_in(response.content)
        assert len(api.get(f"/api/v1/session/curl-{mode}").json()["chat_history"]) == 1


def test_a_chunked_request_is_taken(server: Server) -> None:
    status, head, _ = exchange(server, request(chunked(form()), b"Transfer-Encoding: chunked"))
    assert status == 200
    assert b"Content-Type: audio/mpeg" in head


@pytest.mark.parametrize("by_chunks", [False, True], ids=["with its length", "chunked"])
@pytest.mark.parametrize(
    ("image", "audio", "words"),
    [
        (CAT + bytes(11 * MB), None, "Image file too large (max 10MB)"),
        (CAT, question() + bytes(6 * MB), "Audio file too large (max 5MB)"),
        (CAT + bytes(9 * MB), question() + bytes(7 * MB), "Request too large (max 15MB)"),
        (CAT + bytes(30 * MB), None, "Request too large (max 15MB)"),
    ],
    ids=["image", "audio", "request", "30 MB"],
)
def test_too_large_is_told(server: Server, image: bytes, audio: bytes | None, words: str, by_chunks: bool) -> None:
    """The sender can send everything and then reads the answer: no reset connection."""
    before = inventory.take(server.data, server.temporary)
    body = form(image, audio)
    sent = request(chunked(body), b"Transfer-Encoding: chunked") if by_chunks else request(body)
    status, _, answer = exchange(server, sent)
    assert (status, json.loads(answer)) == (413, {"detail": words})
    assert inventory.take(server.data, server.temporary) == before


def test_a_sender_who_stops_half_way(server: Server) -> None:
    before = inventory.take(server.data, server.temporary)
    for at in (10, 120, 400, 20_000):
        status, head, body = exchange(server, request(form()[:at], length=len(form())), hang_up=True)
        assert status == 400
        assert b"application/json" in head
        assert set(json.loads(body)) == {"detail"}
    with socket.create_connection(server.address, timeout=20) as connection:
        connection.sendall(request(form())[:9_000])
    inventory.eventually(before, lambda: inventory.take(server.data, server.temporary))


def test_broken_forms(server: Server) -> None:
    before = inventory.take(server.data, server.temporary)
    for sent in (
        request(b""),
        request(b"no form at all"),
        request(form().replace(b"--B", b"--C")),
        request(text_part("session_id", "a")),
        request(b"zz\r\n", b"Transfer-Encoding: chunked"),
    ):
        status, _, body = exchange(server, sent, hang_up=True)
        assert status == 400
        assert set(json.loads(body)) in ({"detail"}, {"error"})  # what is no request at all belongs to no surface
    assert inventory.take(server.data, server.temporary) == before


def test_a_listener_who_leaves(server: Server, api: httpx2.Client) -> None:
    with socket.create_connection(server.address, timeout=20) as connection:
        connection.sendall(request(form().replace(b"\r\nraw\r\n", b"\r\nleft\r\n")))
    inventory.eventually(1, lambda: len(api.get("/api/v1/session/left").json().get("chat_history", ())))


def test_hostile_addresses(server: Server) -> None:
    for name in (b"..", b"%2e%2e", b"..%2f..%2fapp.py", b"a%00b", b"%ff%fe", b"a" * 3_000, b"%0d%0aX-Evil:1", b"'--"):
        sent = b"GET /api/v1/session/" + name + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        status, head, body = exchange(server, sent)
        assert status == 404
        assert set(json.loads(body)) == {"detail"}
        assert b"X-Evil" not in head


def test_thirty_clients_at_once(server: Server) -> None:
    def one(number: int) -> tuple[int, int]:
        with client_of(server) as client:
            data = {"session_id": f"many-{number}", "mode": "snapshot"}
            status = client.post(PATH, data=data, files={"image": ("a.jpg", CAT)}).status_code
            return status, len(client.get(f"/api/v1/session/many-{number}").json()["chat_history"])

    with ThreadPoolExecutor(30) as pool:
        assert list(pool.map(one, range(30))) == [(200, 1)] * 30


def test_the_log_is_clean(server: Server) -> None:
    assert "Traceback" not in server.log
