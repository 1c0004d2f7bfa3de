"""What a vendor receives: the conversation, its pictures and its tools, in the vendor's own words."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import pytest
from PIL import Image

from services.content import ImagePart, Message, TextPart, ToolCall, ToolResult, ToolSpec, assistant, system, user
from services.providers.base import ChatModel, ChatRequest, Options
from tests.mock.aimock import Aimock
from tests.providers.conftest import Connect, Photo, Serve
from tests.providers.rawserver import streamed
from tests.providers.vendors import KEY, OPENAI, Vendor

WEATHER = ToolSpec("weather", "The weather of a place.", {"type": "object", "properties": {"city": {"type": "string"}}})
LONGEST_SIDE = {"openai": (2048, 512), "gemini": (1536, 384), "anthropic": (1568, 512)}


def received(vendor: Vendor, connect: Connect, serve: Serve, request: ChatRequest, **config: Any) -> Any:
    """The body of the request the vendor gets."""
    server = serve([streamed(vendor.text("Yes."), vendor.finish)])
    list(connect(server.url, **config).stream(request))
    return server.requests[0].body


def pictures_in(body: Any) -> list[bytes]:
    """Every picture of a request, whichever vendor's."""
    match body:
        case {"image_url": {"url": str(url)}}:
            assert url.startswith("data:image/jpeg;base64,")
            return [base64.b64decode(url.partition(",")[2])]
        case {"inlineData": {"data": str(data), "mime_type": "image/jpeg"}}:
            return [base64.urlsafe_b64decode(data)]
        case {"type": "base64", "data": str(data), "media_type": "image/jpeg"}:
            return [base64.b64decode(data)]
        case dict():
            return [picture for value in body.values() for picture in pictures_in(value)]
        case list():
            return [picture for value in body for picture in pictures_in(value)]
        case _:
            return []


@pytest.mark.parametrize("detail", ["high", "low"])
def test_a_picture_goes_upright_bare_and_at_the_vendors_size(
    vendor: Vendor, connect: Connect, serve: Serve, photo: Photo, detail: Any
) -> None:
    side = LONGEST_SIDE[vendor.name][detail == "low"]
    request = ChatRequest((user("What is this?", ImagePart(photo, detail)),))
    (file,) = pictures_in(received(vendor, connect, serve, request))
    image = Image.open(io.BytesIO(file)).convert("RGB")
    assert image.size == (side // 2, side)
    assert not image.getexif()
    top, bottom = image.getpixel((10, 10)), image.getpixel((10, side - 10))
    assert isinstance(top, tuple)
    assert isinstance(bottom, tuple)
    assert top[0] > top[2] + 150
    assert bottom[2] > bottom[0] + 150


def test_pictures_come_before_the_words(vendor: Vendor, connect: Connect, serve: Serve, photo: Photo) -> None:
    body = json.dumps(received(vendor, connect, serve, ChatRequest((user("What is this?", ImagePart(photo)),))))
    assert body.index("What is this?") > len(body) // 2


def test_openai_is_told_the_detail(aimock: Aimock, photo: Photo) -> None:
    aimock.answer({"content": "A picture."})
    model = OPENAI.at(aimock.url)
    list(model.stream(ChatRequest((user("What is this?", ImagePart(photo, "low")),))))
    model.close()
    (entry,) = aimock.journal()
    image, text = entry["body"]["messages"][0]["content"]
    assert image["image_url"]["detail"] == "low"
    assert text == {"type": "text", "text": "What is this?"}


CONVERSATION = (
    system("Be brief."),
    system("Answer in English."),
    user("Hello"),
    user("Are you there?"),
    assistant("Yes."),
    Message("assistant", (TextPart("I will look."), ToolCall("call:1", "weather", {"city": "Pune"}))),
    Message("tool", (ToolResult("call:1", "weather", {"degrees": 31}),)),
    user("And tomorrow?"),
)


def test_the_conversation_arrives(aimock: Aimock, cloud: ChatModel) -> None:
    aimock.answer({"content": "Warm."})
    list(cloud.stream(ChatRequest(CONVERSATION, tools=(WEATHER,), max_tokens=50, request_id="trace-7")))
    (entry,) = aimock.journal()
    body = entry["body"]
    assert entry["headers"]["x-request-id"] == "trace-7"
    assert body["model"] == cloud.model
    assert body["max_tokens"] == 50
    assert [tool["function"]["name"] for tool in body["tools"]] == ["weather"]
    said_system, greeting, call, *rest = body["messages"]
    assert [message["role"] for message in (said_system, greeting, call)] == ["system", "user", "assistant"]
    assert said_system["content"] == "Be brief.\n\nAnswer in English."
    # aimock notes Anthropic's words before the results that stood before them.
    tomorrow, result = sorted(rest, key=lambda message: message["role"] == "tool")
    assert call["tool_calls"][0]["function"]["name"] == "weather"
    assert json.loads(call["tool_calls"][0]["function"]["arguments"]) == {"city": "Pune"}
    assert "31" in result["content"]
    assert result["tool_call_id"] == call["tool_calls"][0]["id"]
    assert "And tomorrow?" in json.dumps(tomorrow)


def test_the_sides_take_turns_in_the_vendors_words(vendor: Vendor, connect: Connect, serve: Serve) -> None:
    body = received(vendor, connect, serve, ChatRequest(CONVERSATION, tools=(WEATHER,)))
    match vendor.name:
        case "openai":
            assert body["messages"][1] == {"role": "user", "content": "Hello\n\nAre you there?"}
            assert body["messages"][2]["content"] == "Yes.I will look."
        case "anthropic":
            assert body["system"] == "Be brief.\n\nAnswer in English."
            assert [message["role"] for message in body["messages"]] == ["user", "assistant", "user"]
            assert [block["type"] for block in body["messages"][2]["content"]] == ["tool_result", "text"]
            assert body["messages"][1]["content"][-1]["id"] == "call_1"
            assert body["tools"][0]["input_schema"] == WEATHER.parameters
        case "gemini":
            assert body["systemInstruction"]["parts"] == [{"text": "Be brief.\n\nAnswer in English."}]
            assert [turn["role"] for turn in body["contents"]] == ["user", "model", "user"]
            assert body["contents"][2]["parts"][0]["functionResponse"]["response"] == {"output": {"degrees": 31}}
            assert body["tools"][0]["functionDeclarations"][0]["parameters_json_schema"] == WEATHER.parameters


def test_calls_and_results_without_their_other_half_are_left_out(
    vendor: Vendor, connect: Connect, serve: Serve
) -> None:
    messages = (
        user("Hello"),
        Message("assistant", (TextPart("Let me see."), ToolCall("lost", "weather", {}))),
        Message("tool", (ToolResult("unasked", "weather", "sun"),)),
        user("Well?"),
    )
    body = json.dumps(received(vendor, connect, serve, ChatRequest(messages)))
    assert "Let me see." in body
    assert "lost" not in body
    assert "unasked" not in body


def test_a_failed_tool_is_told_as_one(vendor: Vendor, connect: Connect, serve: Serve) -> None:
    messages = (
        user("Weather?"),
        Message("assistant", (ToolCall("c1", "weather", {}),)),
        Message("tool", (ToolResult("c1", "weather", "no such place", failed=True),)),
    )
    body = json.dumps(received(vendor, connect, serve, ChatRequest(messages)))
    assert "no such place" in body
    assert '"is_error": true' in body or "error" in body.partition("no such place")[0][-30:]


def test_anthropic_has_old_tools_declared_and_forbidden(connect: Connect, serve: Serve, vendor: Vendor) -> None:
    body = received(vendor, connect, serve, ChatRequest(CONVERSATION))
    if vendor.name == "anthropic":
        assert [tool["name"] for tool in body["tools"]] == ["weather"]
        assert body["tool_choice"] == {"type": "none"}
    else:
        assert "tools" not in body


def test_a_conversation_that_begins_with_an_answer_still_begins_with_the_user(
    vendor: Vendor, connect: Connect, serve: Serve
) -> None:
    body = received(vendor, connect, serve, ChatRequest((assistant("As I said."), user("Go on."))))
    turns = body["contents"] if vendor.name == "gemini" else body["messages"]
    assert vendor.name == "openai" or turns[0]["role"] == "user"
    assert "As I said." in json.dumps(body)


def test_a_thought_signature_goes_back_with_its_call(connect: Connect, serve: Serve, vendor: Vendor) -> None:
    state = base64.b64encode(b"a thought").decode()
    messages = (
        user("Weather?"),
        Message("assistant", (ToolCall("c1", "weather", {}, vendor_state=state),)),
        Message("tool", (ToolResult("c1", "weather", "sun"),)),
    )
    body = json.dumps(received(vendor, connect, serve, ChatRequest(messages)))
    assert (state in body) == (vendor.name == "gemini")


def test_gemini_takes_calls_it_did_not_make(serve: Serve, connect: Connect, vendor: Vendor) -> None:
    body = json.dumps(received(vendor, connect, serve, ChatRequest(CONVERSATION, tools=(WEATHER,))))
    stand_in = base64.urlsafe_b64encode(b"skip_thought_signature_validator").decode()
    assert (stand_in in body) == (vendor.name == "gemini")


def test_the_key_is_sent_where_the_vendor_looks_for_it(vendor: Vendor, connect: Connect, serve: Serve) -> None:
    server = serve([streamed(vendor.text("Yes."), vendor.finish)])
    list(connect(server.url).stream(ChatRequest((user("Hello"),))))
    head = server.requests[0].head.lower()
    name = {"gemini": "x-goog-api-key: "}.get(vendor.name, "authorization: bearer ")
    assert f"\n{name}{KEY}" in head
    assert head.count(KEY) == 1


def test_a_local_server_needs_no_key(serve: Serve) -> None:
    server = serve([streamed(OPENAI.text("Yes."), OPENAI.finish)])
    from services.providers.config import ProviderConfig

    model = OPENAI.make(ProviderConfig(base_url=f"{server.url}/v1", model="llava"))
    list(model.stream(ChatRequest((user("Hello"),), max_tokens=9, temperature=0.5)))
    model.close()
    body = server.requests[0].body
    assert body["model"] == "llava"
    assert (body["max_tokens"], body["temperature"]) == (9, 0.5)
    assert model.context_tokens == 8192


def test_a_vendor_that_wants_a_key_says_so(vendor: Vendor) -> None:
    from services.providers.config import ProviderConfig

    if vendor.name != "openai":
        with pytest.raises(ValueError, match="needs an API key"):
            vendor.make(ProviderConfig())


@pytest.mark.parametrize(
    ("model", "window"),
    [("gpt-4o-mini", 128_000), ("gpt-4", 8192), ("claude-sonnet-5-5", 200_000), ("gemini-3.8-flash", 1_048_576)],
)
def test_windows_by_model(model: str, window: int) -> None:
    from services.providers.tokens import context_tokens

    assert context_tokens(model) == window


def test_the_window_can_be_set(vendor: Vendor, connect: Connect, nobody: str) -> None:
    assert connect(nobody, context_tokens=4321).context_tokens == 4321


def test_how_to_write_in_each_vendors_words(vendor: Vendor, connect: Connect, serve: Serve) -> None:
    schema = {"type": "object", "properties": {"colour": {"type": "string"}}}
    wanted = {"type": "json_schema", "json_schema": {"name": "colour", "schema": schema}}
    options = Options(top_p=0.5, seed=7, stop=("END",), response_format=wanted)
    body = received(vendor, connect, serve, ChatRequest((user("Hi"),), options=options))
    match vendor.name:
        case "openai":
            told = (body["top_p"], body["seed"], body["stop"], body["response_format"])
            assert told == (0.5, 7, ["END"], wanted)
        case "anthropic":
            assert (body["top_p"], body["stop_sequences"]) == (0.5, ["END"])
            assert body["output_config"]["format"]["schema"] == schema
        case _:
            config = body["generationConfig"]
            assert (config["topP"], config["seed"], config["stopSequences"]) == (0.5, 7, ["END"])
            assert config["responseMimeType"] == "application/json"
            assert config["responseJsonSchema"] == schema


def test_json_without_a_schema(vendor: Vendor, connect: Connect, serve: Serve) -> None:
    request = ChatRequest((user("Hi"),), options=Options(response_format={"type": "json_object"}))
    body = json.dumps(received(vendor, connect, serve, request))
    assert {"openai": "json_object", "anthropic": "one JSON object", "gemini": "application/json"}[vendor.name] in body
