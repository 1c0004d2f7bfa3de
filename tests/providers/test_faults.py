"""Vendors that misbehave: each fault is one of our errors, at once, and says nothing it should not."""

from __future__ import annotations

import json
import logging
import time

import pytest

from services.content import user
from services.errors import (
    ProviderError,
    ProviderGarbage,
    ProviderRateLimited,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
)
from services.providers import anthropic_chat, gemini_chat, openai_chat
from services.providers.base import AnswerDone, ChatModel, ChatRequest, ModelEvent, TextDelta
from services.providers.config import ProviderConfig
from services.providers.http import FaultTable, blotted, provider_error, provider_errors, retry_after
from tests.providers.conftest import Connect, Serve
from tests.providers.rawserver import HANG, LAST_CHUNK, RESET, STREAM_HEAD, UNTIL_CLOSED, chunk, plain, streamed
from tests.providers.vendors import KEY, VENDORS, Vendor

REQUEST = ChatRequest((user("What is in the picture?"),))
HTML = b"<html><body>Please log in to the hotel's network</body></html>"
WRONG_FORM = b'{"choices": 5, "candidates": 5, "type": "content_block_delta", "delta": 5}'


def fault_of(model: ChatModel, kind: type[ProviderError]) -> tuple[ProviderError, list[ModelEvent]]:
    """The error a model's answer ends with, and what came before it."""
    events: list[ModelEvent] = []
    with pytest.raises(kind) as caught:
        events.extend(iter_into(model, events))
    return caught.value, events


def iter_into(model: ChatModel, events: list[ModelEvent]) -> list[ModelEvent]:
    for event in model.stream(REQUEST):
        events.append(event)
    return []


def test_nobody_listens(connect: Connect, nobody: str) -> None:
    fault_of(connect(nobody), ProviderUnavailable)


def test_no_answer_at_all(connect: Connect, serve: Serve) -> None:
    began = time.monotonic()
    fault_of(connect(serve([HANG]).url, timeout=0.3), ProviderTimeout)
    assert time.monotonic() - began < 10


def test_silence_after_the_first_token(vendor: Vendor, connect: Connect, serve: Serve) -> None:
    server = serve([STREAM_HEAD + chunk(vendor.text("A ")), HANG])
    _, events = fault_of(connect(server.url, timeout=1.5), ProviderTimeout)
    assert events[-1] == TextDelta("A ")
    assert server.left.wait(10)


def test_cut_off_within_the_stream(vendor: Vendor, connect: Connect, serve: Serve) -> None:
    _, events = fault_of(connect(serve([STREAM_HEAD + chunk(vendor.text("A "))]).url), ProviderUnavailable)
    assert events[-1] == TextDelta("A ")


def test_reset_within_the_stream(vendor: Vendor, connect: Connect, serve: Serve) -> None:
    server = serve([STREAM_HEAD + chunk(vendor.text("A ")), 0.1, RESET])
    fault_of(connect(server.url), ProviderUnavailable)


@pytest.mark.parametrize("ending", [b"", b"data: "], ids=["between events", "within an event"])
def test_a_proper_end_without_the_finish_is_a_cut_too(
    vendor: Vendor, connect: Connect, serve: Serve, ending: bytes
) -> None:
    server = serve([UNTIL_CLOSED + vendor.text("A ") + ending])
    error, _ = fault_of(connect(server.url), ProviderError)
    assert isinstance(error, ProviderUnavailable | ProviderGarbage)


def test_bytes_that_are_no_http(connect: Connect, serve: Serve) -> None:
    fault_of(connect(serve([b"\x00\x01\x02 SSH-2.0 rubbish\r\n\r\n"]).url), ProviderUnavailable)


@pytest.mark.parametrize("data", [b"{not json", WRONG_FORM, b"[[]]", b"7", b'"\xff\xfe"'])
def test_an_event_that_is_rubbish(vendor: Vendor, connect: Connect, serve: Serve, data: bytes) -> None:
    server = serve([streamed(vendor.text("A "), b"data: " + data + b"\n\n", vendor.finish)])
    fault_of(connect(server.url), ProviderGarbage)


@pytest.mark.parametrize("body", [HTML, b""], ids=["a page", "nothing"])
def test_a_body_that_is_no_stream(connect: Connect, serve: Serve, body: bytes) -> None:
    fault_of(connect(serve([plain(200, body)]).url), ProviderGarbage)


def test_an_error_inside_the_stream(
    vendor: Vendor, connect: Connect, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    server = serve([streamed(vendor.text("A "), vendor.error)])
    error, events = fault_of(connect(server.url), ProviderUnavailable)
    assert events[-1] == TextDelta("A ")
    assert error.status in (503, 529)
    assert KEY not in caplog.text


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, ProviderRejected),
        (401, ProviderRejected),
        (403, ProviderRejected),
        (404, ProviderRejected),
        (408, ProviderTimeout),
        (413, ProviderRejected),
        (429, ProviderRateLimited),
        (500, ProviderUnavailable),
        (502, ProviderUnavailable),
        (503, ProviderUnavailable),
        (529, ProviderUnavailable),
    ],
)
@pytest.mark.parametrize("body", [b'{"error": {"message": "no", "type": "x"}}', HTML], ids=["json", "page"])
def test_a_refusal_by_status(
    connect: Connect, serve: Serve, status: int, kind: type[ProviderError], body: bytes
) -> None:
    server = serve([plain(status, body, "Retry-After: 7\r\n")])
    error, events = fault_of(connect(server.url), kind)
    assert type(error) is kind
    assert error.status == status
    assert not events
    assert len(server.requests) == 1, "whether to ask again is for failover to say"
    if status == 429:
        assert error.retry_after == 7


def test_the_key_is_nowhere_to_be_read(
    vendor: Vendor, connect: Connect, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    body = f'{{"error": {{"message": "Incorrect API key provided: {KEY}", "type": "invalid_request_error"}}}}'
    error, _ = fault_of(connect(serve([plain(401, body.encode())]).url), ProviderRejected)
    assert KEY not in f"{error}{error!r}{vars(error)}{error.__cause__}"
    assert error.__suppress_context__
    assert KEY not in caplog.text
    assert "Incorrect API key" in caplog.text
    assert KEY not in repr(ProviderConfig(api_key=KEY))


@pytest.mark.parametrize("name", ["openai", "anthropic"])
def test_comments_are_no_sign_of_life(serve: Serve, name: str) -> None:
    vendor = VENDORS[name]
    server = serve([STREAM_HEAD, *[chunk(b": still here\n\n"), 0.1] * 300])
    model = vendor.at(server.url, timeout=0.4)
    began = time.monotonic()
    fault_of(model, ProviderTimeout)
    assert time.monotonic() - began < 20
    model.close()


def test_a_slow_answer_is_no_silence(vendor: Vendor, connect: Connect, serve: Serve) -> None:
    server = serve([STREAM_HEAD, *[chunk(vendor.text("la ")), 0.5] * 5, chunk(vendor.finish) + LAST_CHUNK])
    events = [*connect(server.url, timeout=2.0).stream(REQUEST)]
    assert "".join(event.text for event in events if isinstance(event, TextDelta)) == "la " * 5
    assert isinstance(events[-1], AnswerDone)


def test_leaving_closes_the_connection_at_once(vendor: Vendor, connect: Connect, serve: Serve) -> None:
    server = serve([STREAM_HEAD + chunk(vendor.text("A ")), HANG])
    events = connect(server.url, timeout=30).stream(REQUEST)
    assert [next(events), next(events)][-1] == TextDelta("A ")
    events.close()  # type: ignore[attr-defined]
    assert server.left.wait(10)


def test_a_finished_answers_connection_serves_the_next(vendor: Vendor, connect: Connect, serve: Serve) -> None:
    server = serve([streamed(vendor.text("A "), vendor.finish)])
    model = connect(server.url)
    for _ in range(3):
        assert isinstance([*model.stream(REQUEST)][-1], AnswerDone)
    assert {request.connection for request in server.requests} == {1}


def exceptions_of(*modules: str) -> list[type[Exception]]:
    """All exception classes that say they are of one of these modules."""
    found: set[type[Exception]] = set()
    unseen: list[type[Exception]] = [Exception]
    while unseen:
        for kind in unseen.pop().__subclasses__():
            unseen.append(kind)
            if kind.__module__ in modules and not issubclass(kind, Warning):
                found.add(kind)
    return sorted(found, key=lambda kind: kind.__name__)


@pytest.mark.parametrize(
    ("faults", "modules"),
    [
        (openai_chat.FAULTS, ("openai", "openai._exceptions", "httpx2")),
        (anthropic_chat.FAULTS, ("anthropic", "anthropic._exceptions", "httpx2")),
        (gemini_chat.FAULTS, ("google.genai.errors", "httpx2")),
    ],
    ids=["openai", "anthropic", "gemini"],
)
def test_no_exception_of_a_library_is_without_its_error(faults: FaultTable, modules: tuple[str, ...]) -> None:
    kinds = exceptions_of(*modules)
    assert len(kinds) > 25
    unmapped = [kind for kind in kinds if provider_error("x", kind.__new__(kind), faults) is None]
    assert unmapped == []


def test_a_bug_is_not_blamed_on_the_vendor() -> None:
    with pytest.raises(ZeroDivisionError), provider_errors("openai", openai_chat.FAULTS):
        raise ZeroDivisionError


def test_google_asks_to_wait_in_its_own_way(serve: Serve) -> None:
    info = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.5s"}
    error = {"code": 429, "message": "quota", "status": "RESOURCE_EXHAUSTED", "details": [{"@type": "x"}, info]}
    model = VENDORS["gemini"].at(serve([plain(429, json.dumps({"error": error}).encode())]).url)
    assert fault_of(model, ProviderRateLimited)[0].retry_after == 34.5
    model.close()


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("3", 3.0), ("0.5", 0.5), ("-4", 0.0), ("99999", 3600.0), ("nan", None), ("soon", None)],
)
def test_retry_after_in_seconds(value: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": value}) == seconds


def test_retry_after_as_a_date() -> None:
    soon = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 60))
    assert retry_after({"retry-after": soon}) == pytest.approx(60, abs=2)
    assert retry_after({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}) == 0
    assert retry_after({}) is None


def test_what_a_vendor_says_cannot_break_a_log_line() -> None:
    assert blotted("a\r\nFAKE key=abc" + "x" * 999, "abc").startswith("a  FAKE key=[key]x")
    assert len(blotted("x" * 999, None)) == 300
