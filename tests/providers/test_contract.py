"""What every `ChatModel` does, whoever makes it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from services.content import ImagePart, system, user
from services.providers.base import AnswerDone, AnswerStarted, ChatModel, ChatRequest, TextDelta
from services.providers.failover import Failover
from tests.mock.aimock import Aimock
from tests.providers.conftest import Photo
from tests.providers.vendors import VENDORS

ANSWER = "A red half above a blue one, नमस्ते."

# A model by name, given a mock of the vendors. Add a model here and it is held to the contract.
MODELS: dict[str, Callable[[Aimock], ChatModel]] = {
    **{vendor.name: lambda mock, vendor=vendor: vendor.at(mock.url) for vendor in VENDORS.values()},
    "failover": lambda mock: Failover([vendor.at(mock.url) for vendor in VENDORS.values()]),
}


@pytest.fixture(params=MODELS.values(), ids=MODELS.keys())
def model(request: pytest.FixtureRequest, aimock: Aimock) -> Iterator[ChatModel]:
    aimock.answer({"content": ANSWER, "usage": {"prompt_tokens": 21, "completion_tokens": 8}}, chunkSize=4)
    model: ChatModel = request.param(aimock)
    yield model
    model.close()


@pytest.fixture
def question(photo: Photo) -> ChatRequest:
    return ChatRequest((system("Answer briefly."), user("What is in the picture?", ImagePart(photo))))


class TestChatModel:
    def test_starts_once_speaks_and_finishes_once(self, model: ChatModel, question: ChatRequest) -> None:
        first, *middle, last = model.stream(question)
        assert isinstance(first, AnswerStarted)
        assert first.provider in model.name.split(",")
        assert first.model
        assert middle
        assert all(isinstance(event, TextDelta) and event.text for event in middle)
        assert isinstance(last, AnswerDone)
        assert last.finish_reason == "stop"

    def test_says_what_the_tokens_were(self, model: ChatModel, question: ChatRequest) -> None:
        *_, last = model.stream(question)
        assert isinstance(last, AnswerDone)
        assert last.usage.prompt_tokens > 0
        assert last.usage.completion_tokens > 0

    def test_takes_in_a_conversation(self, model: ChatModel) -> None:
        assert model.context_tokens >= 4096

    def test_can_be_left_before_the_end_and_asked_again(self, model: ChatModel, question: ChatRequest) -> None:
        events = model.stream(question)
        next(events)
        next(events)
        events.close()  # type: ignore[attr-defined]
        assert isinstance([*model.stream(question)][-1], AnswerDone)

    def test_answers_many_threads_at_once(self, model: ChatModel, question: ChatRequest) -> None:
        together = threading.Barrier(8)

        def ask(_: int) -> str:
            together.wait(timeout=20)
            return "".join(event.text for event in model.stream(question) if isinstance(event, TextDelta))

        with ThreadPoolExecutor(8) as pool:
            texts = list(pool.map(ask, range(8)))
        assert texts[0]
        assert len(set(texts)) == 1

    def test_shows_no_key(self, model: ChatModel) -> None:
        assert "sk-secret" not in repr(model)
        assert "sk-secret" not in f"{model.name}{model.model}"


def test_the_text_is_the_vendors_to_the_letter(model: ChatModel, question: ChatRequest) -> None:
    assert "".join(event.text for event in model.stream(question) if isinstance(event, TextDelta)) == ANSWER
