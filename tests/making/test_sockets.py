"""The studio over real sockets: large bodies, many at once, and a server that is killed."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest

from tests.making.conftest import VendorServer, encoded, gemini_says, inline, noise, text64
from tests.server import Server, running

PICTURE = encoded(noise((60, 40)))
LIMIT = 16 * 1024 * 1024


def client_of(server: Server) -> httpx2.Client:
    return httpx2.Client(base_url=server.url, trust_env=False, timeout=60)


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    with running(tmp_path_factory.mktemp("studio")) as server, client_of(server) as client:
        yield client


@pytest.mark.parametrize(("size", "code"), [(LIMIT + 1, "file_too_large"), (3 * LIMIT + 1, None)])
def test_who_sends_too_much_is_told(api: httpx2.Client, size: int, code: str | None) -> None:
    """Also where the body is refused by its length alone, the sender reads the answer and no reset."""
    response = api.post("/chat", json={"message": "rotate it", "picture": text64(bytes(size))})
    assert response.status_code == 413
    assert response.json()["error"]["code"] in (code, "file_too_large", "request_too_large")
    assert api.post("/chat", json={"message": "create a red canvas 8x8"}).status_code == 200


def test_many_clients_that_keep_their_picture_themselves(api: httpx2.Client) -> None:
    body = {"message": "rotate it left", "picture": text64(PICTURE)}
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _number: api.post("/chat", json=body), range(16)))
    assert [answer.status_code for answer in answers] == [200] * 16
    assert len({answer.json()["conversation_id"] for answer in answers}) == 16
    assert len({answer.json()["picture"] for answer in answers}) == 1


def test_many_sends_in_one_conversation(api: httpx2.Client) -> None:
    """Each is granted whole or told to wait; the versions are one line, each from the one before."""
    first = api.post("/chat", json={"message": "rotate it left", "picture": text64(PICTURE)}).json()
    body = {"message": "make it a bit brighter", "conversation_id": first["conversation_id"]}
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _number: api.post("/chat", json=body), range(12)))
    made = [answer.json()["version_id"] for answer in answers if answer.status_code == 200]
    assert made
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert {answer.json()["error"]["code"] for answer in answers if answer.status_code == 409} <= {"conversation_busy"}
    kept = api.get(f"/studio/conversations/{first['conversation_id']}").json()
    versions = [one["version_id"] for one in kept["versions"]]
    assert [one["parent_version_id"] for one in kept["versions"]] == [None, *versions[:-1]]
    assert set(versions[2:]) == set(made)
    assert len(kept["turns"]) == 1 + len(made)


@pytest.mark.slow(hosts=True)
def test_a_server_that_is_killed(tmp_path: Path, vendor: VendorServer) -> None:
    """What was being made is settled at the next start, and can be asked for again."""
    settings = {"IMAGE_PROVIDER": "gemini", "GEMINI_API_KEY": "k", "GEMINI_BASE_URL": vendor.url}
    vendor.answer = gemini_says(inline(PICTURE))
    with running(tmp_path, **settings) as server, client_of(server) as client:
        first = client.post("/chat", json={"message": "Create a picture of a cat"}).json()
        place = {"conversation_id": first["conversation_id"]}
        vendor.delay = 6.0
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(client.post, "/chat", json={"message": "add a moon", **place})
            while len(vendor.asked) < 2 and not waiting.done():
                time.sleep(0.02)
            server.stop(signal.SIGKILL)
            assert isinstance(waiting.exception(), httpx2.HTTPError)
    vendor.delay = 0.0
    vendor.answer = gemini_says(inline(encoded(noise((60, 40), seed=3))))
    with running(tmp_path, **settings) as server, client_of(server) as client:
        again = client.post("/chat", json={"message": "add a moon", **place})
        assert again.status_code == 200, again.text
        assert again.json()["parent_version_id"] == first["version_id"]
        kept = client.get(f"/studio/conversations/{first['conversation_id']}").json()
        assert [(turn["message"], bool(turn["version_id"])) for turn in kept["turns"]] == [
            ("Create a picture of a cat", True), ("add a moon", False), ("add a moon", True),
        ]  # fmt: skip
