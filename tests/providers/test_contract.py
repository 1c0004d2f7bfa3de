"""What every `ChatModel` does, whoever makes it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from services.content import ImagePart, ImageSource, system, user
from services.providers.base import AnswerDone, AnswerStarted, ChatModel, ChatRequest, TextDelta
from services.providers.failover import Failover
from services.providers.local_chat import FactsOf, LocalChat
from services.vision.eyes import Eyes
from services.vision.facts import Facts
from tests.mock.aimock import Aimock
from tests.providers.conftest import Photo
from tests.providers.vendors import VENDORS

ANSWER = "A red half above a blue one, नमस्ते."

# A model by name, given a mock of the vendors and eyes. Add a model here and it is held to the contract.
MODELS: dict[str, Callable[[Aimock, FactsOf], ChatModel]] = {
    **{vendor.name: lambda mock, _, vendor=vendor: vendor.at(mock.url) for vendor in VENDORS.values()},
    "local": lambda _, facts_of: LocalChat(facts_of),
    "failover": lambda mock, _: Failover([vendor.at(mock.url) for vendor in VENDORS.values()]),
}


@pytest.fixture(scope="session")
def facts_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FactsOf]:
    """The local provider's eyes, without any weights; each picture is looked at once."""
    eyes = Eyes(tmp_path_factory.mktemp("models"), fetch=False)
    kept: dict[str, Facts] = {}
    lock = threading.Lock()

    def look(source: ImageSource) -> Facts:
        with lock:
            if source.sha256 not in kept:
                kept[source.sha256] = eyes.look(source.original())
            return kept[source.sha256]

    yield look
    eyes.close()


@pytest.fixture(params=MODELS.values(), ids=MODELS.keys())
def model(request: pytest.FixtureRequest, aimock: Aimock, facts_of: FactsOf) -> Iterator[ChatModel]:
    aimock.answer({"content": ANSWER, "usage": {"prompt_tokens": 21, "completion_tokens": 8}}, chunkSize=4)
    model: ChatModel = request.param(aimock, facts_of)
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


def test_the_text_is_the_vendors_to_the_letter(aimock: Aimock, cloud: ChatModel, question: ChatRequest) -> None:
    aimock.answer({"content": ANSWER}, chunkSize=4)
    assert "".join(event.text for event in cloud.stream(question) if isinstance(event, TextDelta)) == ANSWER
