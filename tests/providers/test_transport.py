from __future__ import annotations

import inspect
import time

import httpx2
import pytest
import urllib3.exceptions

from services.providers.http import http_client
from services.providers.transport import Urllib3Transport, httpx2_errors
from tests.providers.conftest import Serve
from tests.providers.rawserver import HANG, LAST_CHUNK, STREAM_HEAD, UNTIL_CLOSED, chunk, plain


def test_no_exception_of_urllib3_gets_out_as_itself() -> None:
    kinds = [
        kind
        for _, kind in inspect.getmembers(urllib3.exceptions, inspect.isclass)
        if issubclass(kind, urllib3.exceptions.HTTPError)
    ]
    assert len(kinds) > 20
    for kind in kinds:
        with pytest.raises(httpx2.TransportError), httpx2_errors():
            raise kind.__new__(kind)


def test_whole_bodies_and_repeated_headers(serve: Serve) -> None:
    server = serve([plain(200, b'{"a": 1}', "Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n")])
    with http_client(5) as client:
        for _ in range(3):
            response = client.post(server.url, json={"q": "नम"})
            assert response.json() == {"a": 1}
            assert response.headers.get_list("set-cookie") == ["a=1", "b=2"]
    assert [request.body for request in server.requests] == [{"q": "नम"}] * 3
    assert {request.connection for request in server.requests} == {1}


@pytest.mark.parametrize("head", [STREAM_HEAD, UNTIL_CLOSED], ids=["chunked", "until closed"])
def test_a_piece_is_handed_on_when_it_comes(serve: Serve, head: bytes) -> None:
    framed = chunk if head == STREAM_HEAD else bytes
    server = serve([head, framed(b"one"), 2.0, framed(b"two"), HANG])
    began = time.monotonic()
    with http_client(5) as client, client.stream("POST", server.url, json={}) as response:
        pieces = response.iter_bytes()
        assert next(pieces) == b"one"
        assert time.monotonic() - began < 1.9
        assert next(pieces) == b"two"
    assert server.left.wait(10)


def test_a_body_shorter_than_it_says_is_an_error(serve: Serve) -> None:
    server = serve([b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\nConnection: close\r\n\r\nshort"])
    with http_client(5) as client, pytest.raises(httpx2.RemoteProtocolError):
        client.post(server.url, json={})


def test_a_connection_the_server_gave_up_is_not_used_again(serve: Serve) -> None:
    server = serve([b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"])
    with http_client(5) as client:
        for _ in range(3):
            assert client.post(server.url, json={}).text == "ok"
    assert len({request.connection for request in server.requests}) == 3


def test_the_client_goes_through_a_proxy_where_one_is_set(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = serve([plain(200, b"{}")])
    monkeypatch.setenv("http_proxy", proxy.url)
    with http_client(5) as client:
        client.post("http://vendor.invalid/v1", json={})
    assert proxy.requests[0].head.startswith("POST http://vendor.invalid/v1 HTTP/1.1")


def test_no_piece_is_lost_at_the_end(serve: Serve) -> None:
    server = serve([STREAM_HEAD + chunk(b"a" * 200_000) + chunk(b"b") + LAST_CHUNK])
    with httpx2.Client(transport=Urllib3Transport()) as client:
        assert client.post(server.url, json={}).content == b"a" * 200_000 + b"b"
