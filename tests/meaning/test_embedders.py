"""Texts become vectors: here, and at vendors that answer, fail, hang and send rubbish."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from config import Settings
from services import outside
from services.content import Usage
from services.errors import (
    ProviderError,
    ProviderGarbage,
    ProviderRateLimited,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
)
from services.meaning.base import Embedder
from services.meaning.centred import Centred
from services.meaning.local import LocalEmbedder
from services.meaning.registry import build
from services.providers.config import ProviderConfig
from tests.mock.aimock import Aimock
from tests.providers.rawserver import HANG, Step, plain, raw_server

KEY = "sk-secret-0123456789abcdef"
DIMENSIONS = {"openai": 512, "gemini": 768}


@pytest.fixture(scope="module")
def local() -> LocalEmbedder:
    return LocalEmbedder()


def rows(name: str, count: int, length: int | None = None, value: object = 0.5) -> bytes:
    """A vendor's answer with `count` vectors that differ in their first number."""
    vectors = [[float(number + 1), *([value] * ((length or DIMENSIONS[name]) - 1))] for number in range(count)]
    if name == "openai":
        data = [{"object": "embedding", "index": number, "embedding": each} for number, each in enumerate(vectors)]
        # Out of order, as nothing forbids.
        return json.dumps({"object": "list", "model": "m", "data": data[::-1], "usage": {}}).encode()
    return json.dumps({"embeddings": [{"values": each} for each in vectors]}).encode()


Ask = Callable[..., Embedder]


@pytest.fixture(params=["openai", "gemini"])
def vendor(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def embedder(vendor: str) -> Iterator[Ask]:
    made: list[Embedder] = []

    def make(url: str, timeout: float = 5.0) -> Embedder:
        base_url = url + ("/v1" if vendor == "openai" else "")
        made.append(build(vendor, {vendor: ProviderConfig(KEY, base_url, timeout=timeout)}))
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_likeness_of_meaning_is_nearness(local: LocalEmbedder) -> None:
    centred = Centred(local)
    said = centred.queries(["a puppy", "पिल्ला", "an invoice"])
    there = centred.passages(["Photo of a dog. animal, pet", "Document with the text “Invoice, total 400”"])
    assert said.shape == (3, 384)
    assert said.dtype == there.dtype == np.float32
    assert np.allclose(np.linalg.norm(said, axis=1), 1, atol=1e-5)
    cosines = said @ there.T
    assert cosines[0, 0] > 0.3 > cosines[0, 1]
    assert cosines[1, 0] > cosines[1, 1]
    assert cosines[2, 1] > 0.3 > cosines[2, 0]


def test_the_local_model_takes_whatever_text_there_is(local: LocalEmbedder) -> None:
    assert local.queries([]).shape == (0, 384)
    odd = ["", " ", "\0", "😀" * 50, "नमस्ते " * 900, "a" * 5000]
    made = local.passages(odd)
    assert np.isfinite(made).all()
    assert np.allclose(local.passages(odd[:1]), made[:1], atol=1e-4)


def test_many_may_ask_the_local_model_at_once(local: LocalEmbedder) -> None:
    texts = [f"number {number}" for number in range(8)]
    alone = [local.queries([text])[0] for text in texts]
    together: dict[int, np.ndarray] = {}

    def ask(number: int) -> None:
        together[number] = local.queries([texts[number]])[0]

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number in range(8):
        assert np.allclose(alone[number], together[number], atol=1e-5)


def test_the_tokens_a_vendor_counts_are_told(tmp_path: Path) -> None:
    body = json.loads(rows("openai", 2)) | {"usage": {"prompt_tokens": 7, "total_tokens": 7}}
    told: list[tuple[str, str, Usage]] = []
    with raw_server([plain(200, json.dumps(body).encode())]) as server:
        settings = Settings(
            data_dir=tmp_path, embedding_provider="openai", openai_base_url=f"{server.url}/v1", openai_api_key=KEY
        )
        made = outside.embedder(settings, lambda *used: told.append(used))
        made.passages(["one", "two"])
        made.close()
    assert told == [("openai", "text-embedding-3-small", Usage(7))]


def test_vendors_are_asked_for_each_text(vendor: str, embedder: Ask) -> None:
    with raw_server([plain(200, rows(vendor, 2))]) as server:
        made = embedder(server.url).passages(["one", "two"])
        assert made.shape == (2, DIMENSIONS[vendor])
        assert np.allclose(np.linalg.norm(made, axis=1), 1, atol=1e-5)
        assert made[1, 0] > made[0, 0]
        body = json.dumps(server.requests[0].body)
        assert "one" in body
        assert "two" in body
        assert str(DIMENSIONS[vendor]) in body


def test_a_query_is_sent_once(vendor: str, embedder: Ask) -> None:
    with raw_server([plain(200, rows(vendor, 1))]) as server:
        asked = embedder(server.url)
        assert np.array_equal(asked.queries(["a cat"]), asked.queries(["a cat", "a cat"])[:1])
        assert len(server.requests) == 1


def test_a_thousand_texts_go_in_batches(vendor: str, embedder: Ask) -> None:
    with raw_server([plain(200, rows(vendor, 100))]) as server:
        assert embedder(server.url).passages(["text"] * 300).shape[0] == 300
        assert len(server.requests) == 3


def test_openai_is_spoken_as_its_mock_speaks_it(aimock: Aimock) -> None:
    aimock.answer({"embedding": [0.1] * 512}, when={"inputText": "a cat"})
    made = build("openai", {"openai": ProviderConfig(KEY, aimock.openai_url)})
    assert made.queries(["a cat"]).shape == (1, 512)
    assert aimock.journal()[0]["path"] == "/v1/embeddings"
    made.close()


FAULTS: list[tuple[str, list[Step], type[ProviderError]]] = [
    ("refused key", [plain(401, b'{"error": {"message": "no"}}')], ProviderRejected),
    ("too many", [plain(429, b'{"error": {"message": "slow"}}', "Retry-After: 7\r\n")], ProviderRateLimited),
    ("broken", [plain(503, b'{"error": {"message": "down"}}')], ProviderUnavailable),
    ("no JSON", [plain(200, b"<html>")], ProviderGarbage),
    ("another form", [plain(200, b'{"hello": 1}')], ProviderGarbage),
    ("reset", ["reset"], ProviderUnavailable),
    ("hangs", [HANG], ProviderTimeout),
]


@pytest.mark.parametrize(("script", "error"), [fault[1:] for fault in FAULTS], ids=[fault[0] for fault in FAULTS])
def test_what_goes_wrong_is_told_and_tried_no_more_for_a_while(
    vendor: str, embedder: Ask, script: list[Step], error: type[ProviderError]
) -> None:
    with raw_server(script) as server:
        asked = embedder(server.url, timeout=0.5)
        for _ in range(3):
            with pytest.raises(ProviderError) as raised:
                asked.queries(["a cat"])
            assert KEY not in str(raised.value)
            if len(server.requests) == 1 and raised.value.message != "It failed and is left alone for a while.":
                assert isinstance(raised.value, error)
        before = len(server.requests)
        with pytest.raises(ProviderUnavailable, match="left alone"):
            asked.queries(["a cat"])
        assert len(server.requests) == before


@pytest.mark.parametrize(("count", "length", "value"), [(1, None, 0.5), (3, None, 0.5), (2, 7, 0.5), (2, None, "x")])
def test_vectors_that_are_too_few_short_or_none_are_refused(
    vendor: str, embedder: Ask, count: int, length: int | None, value: object
) -> None:
    with raw_server([plain(200, rows(vendor, count, length, value))]) as server, pytest.raises(ProviderGarbage):
        embedder(server.url).passages(["one", "two"])


def test_a_name_nobody_knows_is_refused() -> None:
    with pytest.raises(ValueError, match="there is no provider 'cohere'"):
        build("cohere", {})
    with pytest.raises(ValueError, match="needs an API key"):
        build("gemini", {})
