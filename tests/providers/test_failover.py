from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Protocol

import pytest

from services.content import user
from services.errors import (
    AllProvidersFailed,
    ProviderGarbage,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
)
from services.providers.base import AnswerDone, AnswerStarted, ChatModel, ChatRequest, ModelEvent, TextDelta
from services.providers.circuit import Circuit
from services.providers.config import ProviderConfig
from services.providers.failover import Failover
from services.providers.registry import build
from tests.mock.aimock import Aimock
from tests.providers.conftest import Serve
from tests.providers.rawserver import HANG, STREAM_HEAD, Step, chunk, plain, streamed
from tests.providers.vendors import ANTHROPIC, GEMINI, KEY, OPENAI

REQUEST = ChatRequest((user("What is in the picture?"),))
GOOD = streamed(ANTHROPIC.text("From the second."), ANTHROPIC.finish)
BROKEN = b'{"error": {"message": "no", "type": "x"}}'


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Pair(Protocol):
    def __call__(self, first: str, second: str, *, timeout: float = ..., clock: Clock | None = ...) -> Failover: ...


@pytest.fixture
def pair() -> Iterator[Pair]:
    """OpenAI first, then Anthropic, at these addresses."""
    with ExitStack() as stack:

        def make(first: str, second: str, *, timeout: float = 5.0, clock: Clock | None = None) -> Failover:
            models: list[ChatModel] = [OPENAI.at(first, timeout=timeout), ANTHROPIC.at(second, timeout=timeout)]
            failover = Failover(models, lambda: Circuit(cool_down=30, clock=clock or time.monotonic))
            stack.callback(failover.close)
            return failover

        yield make


def text_of(events: list[ModelEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def test_the_first_that_works_answers(aimock: Aimock) -> None:
    aimock.answer({"content": "From the first."})
    config = {"openai": ProviderConfig(KEY, aimock.openai_url), "gemini": ProviderConfig(KEY, aimock.url)}
    model = build(["openai", "gemini"], config, {})
    events = list(model.stream(REQUEST))
    model.close()
    assert events[0] == AnswerStarted("openai", "gpt-5.4-mini")
    assert len(aimock.journal()) == 1
    assert model.states() == {"openai": "closed", "gemini": "closed"}


FAULTS: dict[str, list[Step]] = {
    "rate limit": [plain(429, BROKEN)],
    "server error": [plain(500, BROKEN)],
    "overload": [plain(529, BROKEN)],
    "wrong key": [plain(401, BROKEN)],
    "wrong model": [plain(404, BROKEN)],
    "wrong request": [plain(400, BROKEN)],
    "hang": [HANG],
    "hang after the head": [STREAM_HEAD, HANG],
    "cut off": [STREAM_HEAD],
    "garbage": [streamed(b"data: {\n\n")],
    "error in the stream": [streamed(OPENAI.error)],
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_the_next_is_asked(serve: Serve, pair: Pair, fault: list[Step]) -> None:
    first, second = serve(fault), serve([GOOD])
    events = list(pair(first.url, second.url, timeout=1.5).stream(REQUEST))
    assert [event for event in events if isinstance(event, AnswerStarted)] == [
        AnswerStarted("anthropic", "claude-sonnet-5-5")
    ]
    assert text_of(events) == "From the second."
    assert len(first.requests) == len(second.requests) == 1


def test_nobody_listening_is_no_end(serve: Serve, pair: Pair, nobody: str) -> None:
    assert text_of(list(pair(nobody, serve([GOOD]).url).stream(REQUEST))) == "From the second."


def test_after_the_first_token_the_answer_is_the_firsts(serve: Serve, pair: Pair) -> None:
    first, second = serve([STREAM_HEAD + chunk(OPENAI.text("Half of "))]), serve([GOOD])
    events = pair(first.url, second.url).stream(REQUEST)
    assert [next(events), next(events)] == [AnswerStarted("openai", "gpt-5.4-mini"), TextDelta("Half of ")]
    with pytest.raises(ProviderUnavailable):
        next(events)
    assert not second.requests


def test_all_causes_are_told(serve: Serve, pair: Pair) -> None:
    model = pair(serve([plain(401, BROKEN)]).url, serve([plain(503, BROKEN, "Retry-After: 9\r\n")]).url)
    with pytest.raises(AllProvidersFailed) as caught:
        list(model.stream(REQUEST))
    first, second = caught.value.causes
    assert isinstance(first, ProviderRejected)
    assert isinstance(second, ProviderUnavailable)
    assert (first.provider, first.status, second.provider, second.status) == ("openai", 401, "anthropic", 503)
    assert caught.value.retry_after == 9


def test_a_sick_provider_costs_its_timeout_once(serve: Serve, pair: Pair) -> None:
    sick, well = serve([HANG]), serve([GOOD])
    model = pair(sick.url, well.url, timeout=3)
    list(model.stream(REQUEST))
    assert model.states() == {"openai": "open", "anthropic": "closed"}
    began = time.monotonic()
    for _ in range(5):
        assert text_of(list(model.stream(REQUEST))) == "From the second."
    assert time.monotonic() - began < 3
    assert len(sick.requests) == 1


def test_it_is_probed_by_one_request_and_taken_back(serve: Serve, pair: Pair) -> None:
    clock = Clock()
    good = streamed(OPENAI.text("From the first."), OPENAI.finish)
    sick = serve([plain(429, BROKEN, "Retry-After: 5\r\n")], [2.0, good], [good])
    model = pair(sick.url, serve([GOOD]).url, timeout=30, clock=clock)
    list(model.stream(REQUEST))
    clock.now = 31
    assert model.states()["openai"] == "half-open"
    together = threading.Barrier(6)

    def ask(_: int) -> str:
        together.wait(timeout=10)
        return text_of(list(model.stream(REQUEST)))

    with ThreadPoolExecutor(6) as pool:
        answers = sorted(pool.map(ask, range(6)))
    assert answers == ["From the first."] + ["From the second."] * 5
    assert model.states()["openai"] == "closed"
    assert text_of(list(model.stream(REQUEST))) == "From the first."


def test_three_failures_in_a_row_are_enough(serve: Serve, pair: Pair) -> None:
    good = [streamed(OPENAI.text("Yes."), OPENAI.finish)]
    bad = [plain(500, BROKEN)]
    sick = serve(bad, bad, good, bad, bad, bad)
    model = pair(sick.url, serve([GOOD]).url)
    states = []
    for _ in range(6):
        list(model.stream(REQUEST))
        states.append(model.states()["openai"])
    assert states == ["closed"] * 5 + ["open"]


def test_retry_after_is_kept_to(serve: Serve, pair: Pair) -> None:
    clock = Clock()
    model = pair(serve([plain(429, BROKEN, "Retry-After: 120\r\n")]).url, serve([GOOD]).url, clock=clock)
    list(model.stream(REQUEST))
    clock.now = 119
    assert model.states()["openai"] == "open"
    clock.now = 121
    assert model.states()["openai"] == "half-open"


def test_a_request_at_fault_is_not_the_providers(serve: Serve, pair: Pair) -> None:
    model = pair(serve([plain(400, BROKEN)]).url, serve([GOOD]).url)
    for _ in range(5):
        list(model.stream(REQUEST))
    assert model.states()["openai"] == "closed"


def test_with_all_skipped_all_are_still_asked(serve: Serve, pair: Pair) -> None:
    first, second = serve([HANG]), serve([HANG], [GOOD])
    model = pair(first.url, second.url, timeout=1.5)
    with pytest.raises(AllProvidersFailed):
        list(model.stream(REQUEST))
    assert set(model.states().values()) == {"open"}
    assert text_of(list(model.stream(REQUEST))) == "From the second."
    assert model.states()["anthropic"] == "closed"


def test_a_skipped_one_is_asked_before_giving_up(serve: Serve, pair: Pair) -> None:
    first = serve([HANG], [streamed(OPENAI.text("Back."), OPENAI.finish)])
    model = pair(first.url, serve([GOOD], [plain(500, BROKEN)]).url, timeout=1.5)
    assert text_of(list(model.stream(REQUEST))) == "From the second."
    assert text_of(list(model.stream(REQUEST))) == "Back."


def test_leaving_closes_the_one_that_answers(serve: Serve, pair: Pair, nobody: str) -> None:
    server = serve([STREAM_HEAD + chunk(OPENAI.text("A ")), HANG])
    events = pair(server.url, nobody, timeout=30).stream(REQUEST)
    assert [next(events), next(events)][-1] == TextDelta("A ")
    events.close()  # type: ignore[attr-defined]
    assert server.left.wait(10)


class Scripted:
    """A `ChatModel` that plays what it is given."""

    def __init__(self, name: str, *answers: list[ModelEvent] | Exception) -> None:
        self.name = name
        self.model = f"{name}-1"
        self.context_tokens = 1000
        self.answers = list(answers)
        self.closed = False

    def stream(self, request: ChatRequest) -> Iterator[ModelEvent]:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        yield from answer

    def close(self) -> None:
        self.closed = True


def test_a_probe_that_is_left_or_trips_over_a_bug_can_be_made_again() -> None:
    clock = Clock()
    timeout = ProviderTimeout("No answer.", provider="one")
    answer: list[ModelEvent] = [AnswerStarted("one", "one-1"), TextDelta("Yes.")]
    one = Scripted("one", timeout, ZeroDivisionError(), answer)
    model = Failover([one], lambda: Circuit(clock=clock))
    with pytest.raises(AllProvidersFailed):
        list(model.stream(REQUEST))
    clock.now = 31
    with pytest.raises(ZeroDivisionError):
        list(model.stream(REQUEST))
    assert model.states() == {"one": "half-open"}
    assert text_of(list(model.stream(REQUEST))) == "Yes."
    assert model.states() == {"one": "closed"}


def test_failed_probes_wait_longer_each_time() -> None:
    clock = Clock()
    circuit = Circuit(cool_down=10, clock=clock)
    circuit.failed(costly=True)
    waits = []
    for _ in range(6):
        began = clock.now
        while circuit.state == "open":
            clock.now += 1
        waits.append(clock.now - began)
        assert circuit.admit()
        assert not circuit.admit()
        circuit.failed()
    assert waits == [10, 20, 40, 80, 80, 80]


def test_what_it_says_of_itself() -> None:
    one, two = Scripted("one"), Scripted("two")
    two.context_tokens = 500
    model = Failover([one, two])
    assert (model.name, model.model, model.context_tokens) == ("one,two", "one-1", 500)
    model.close()
    assert one.closed
    assert two.closed


def test_an_empty_answer_is_an_answer() -> None:
    from services.content import Usage

    done = AnswerDone("content_filter", Usage(1, 0))
    model = Failover([Scripted("one", [AnswerStarted("one", "one-1"), done])])
    assert list(model.stream(REQUEST)) == [AnswerStarted("one", "one-1"), done]


def test_garbage_of_the_only_one_keeps_its_code() -> None:
    model = Failover([Scripted("one", ProviderGarbage("Rubbish.", provider="one"))])
    with pytest.raises(AllProvidersFailed) as caught:
        list(model.stream(REQUEST))
    assert caught.value.code == "provider_bad_response"


def test_the_registry_wants_names_it_knows() -> None:
    with pytest.raises(ValueError, match="there is no provider 'grok'"):
        build(["grok"], {}, {})
    with pytest.raises(ValueError, match="no provider to ask"):
        build([], {}, {})
    with pytest.raises(ValueError, match="listed twice"):
        build(["openai", "openai"], {}, {})
    with pytest.raises(ValueError, match="gemini needs an API key"):
        build(["gemini"], {}, {})


def test_the_registry_takes_models_made_elsewhere(serve: Serve) -> None:
    local = Scripted("local", [AnswerStarted("local", "local-1"), TextDelta("Seen.")])
    server = serve([plain(500, BROKEN)])
    model = build(["gemini", "local"], {"gemini": ProviderConfig(KEY, server.url)}, {"local": local})
    assert text_of(list(model.stream(REQUEST))) == "Seen."
    model.close()
    assert local.closed
    assert GEMINI.name in server.requests[0].head
