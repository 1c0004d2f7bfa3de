"""Functions of the client's own: the model asks for them, the client runs them, this server passes on."""

from __future__ import annotations

import json
from typing import Any

import openai
import pytest

from services.content import ToolCall, ToolResult, Usage
from services.providers.base import AnswerDone, AnswerStarted, ChatRequest, TextDelta
from tests.conftest import MakeApp
from tests.gateway.conftest import asking_vendor
from tests.mock.aimock import Aimock

WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather of a place.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
ASK = [{"role": "user", "content": "What is the weather in Pune?"}]
CALL = {"name": "weather", "arguments": json.dumps({"city": "Pune"})}


class Asking:
    """A model that asks for the weather, and says what it was told."""

    name, model, context_tokens = "asking", "asking-1", 8000

    def __init__(self) -> None:
        self.requests: list[ChatRequest] = []

    def stream(self, request: ChatRequest) -> Any:
        self.requests.append(request)
        yield AnswerStarted(self.name, self.model)
        told = [part for part in request.messages[-1].parts if isinstance(part, ToolResult)]
        if told:
            yield TextDelta(f"It is {told[0].content}.")
            yield AnswerDone("stop", Usage(5, 5))
            return
        yield ToolCall("call_1", "weather", {"city": "Pune"}, vendor_state="c2lnbmVk")
        yield AnswerDone("tool_calls", Usage(5, 5))

    def close(self) -> None: ...


def test_a_call_goes_out_and_its_answer_comes_back(make_app: MakeApp) -> None:
    model = Asking()
    client = make_app(model).test_client()
    body: dict[str, Any] = {"model": "m", "messages": ASK, "tools": [WEATHER]}
    choice = client.post("/v1/chat/completions", json=body).json["choices"][0]
    assert (choice["finish_reason"], choice["message"]["content"]) == ("tool_calls", None)
    (call,) = choice["message"]["tool_calls"]
    assert (call["type"], call["function"]) == ("function", CALL)
    answered = [*ASK, choice["message"], {"role": "tool", "tool_call_id": call["id"], "content": "warm"}]
    again = client.post("/v1/chat/completions", json={**body, "messages": answered}).json["choices"][0]
    assert (again["finish_reason"], again["message"]["content"]) == ("stop", "It is warm.")
    assert "tool_calls" not in again["message"]
    sent = model.requests[-1].messages
    assert sent[1].parts == (ToolCall("call_1", "weather", {"city": "Pune"}, vendor_state="c2lnbmVk"),)
    assert sent[2].parts == (ToolResult("call_1", "weather", "warm"),)


@pytest.mark.parametrize(
    ("choice", "must_call", "offered"),
    [
        (None, None, 1),
        ("auto", None, 1),
        ("required", "", 1),
        ({"type": "function", "function": {"name": "weather"}}, "weather", 1),
        ("none", None, 0),
    ],
)
def test_whether_it_has_to_call(make_app: MakeApp, choice: Any, must_call: str | None, offered: int) -> None:
    model = Asking()
    body = {"model": "m", "messages": ASK, "tools": [WEATHER], "tool_choice": choice}
    assert make_app(model).test_client().post("/v1/chat/completions", json=body).status_code == 200
    assert (model.requests[0].options.must_call, len(model.requests[0].tools)) == (must_call, offered)


@pytest.mark.filterwarnings("ignore:FUNCTION_CALL is not a valid FinishReason:UserWarning")  # the mock's
@pytest.mark.parametrize("provider", ["openai", "gemini", "anthropic"])
def test_with_each_vendor_and_the_sdk(aimock: Aimock, make_app: MakeApp, provider: str) -> None:
    aimock.answer({"content": "It is warm."}, when={"hasToolResult": True})
    aimock.answer({"toolCalls": [CALL]}, when={"userMessage": "weather"})
    address = {"openai": aimock.openai_url}.get(provider, aimock.url)
    with asking_vendor(make_app, provider, address) as client:
        made = client.chat.completions.create(model="m", messages=ASK, tools=[WEATHER])  # type: ignore[list-item]
        assert made.choices[0].finish_reason == "tool_calls"
        (call,) = made.choices[0].message.tool_calls or ()
        assert json.loads(call.function.arguments) == {"city": "Pune"}  # type: ignore[union-attr]
        with client.chat.completions.stream(model="m", messages=ASK, tools=[WEATHER]) as stream:  # type: ignore[list-item]
            streamed = stream.get_final_completion().choices[0]
        assert streamed.finish_reason == "tool_calls"
        assert streamed.message.tool_calls[0].function.name == "weather"
        answered = [*ASK, made.choices[0].message, {"role": "tool", "tool_call_id": call.id, "content": "warm"}]
        last = client.chat.completions.create(model="m", messages=answered, tools=[WEATHER])  # type: ignore[arg-type]
        assert last.choices[0].message.content == "It is warm."


def test_without_a_model_that_calls_the_local_one_answers_in_words(client: openai.OpenAI) -> None:
    made = client.chat.completions.create(model="m", messages=ASK, tools=[WEATHER])  # type: ignore[list-item]
    assert made.choices[0].finish_reason == "stop"
    assert made.choices[0].message.content
