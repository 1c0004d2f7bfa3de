"""The OpenAI gateway: a client of OpenAI's works with its address changed and nothing else."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import openai
import pytest

from services.providers.base import Options
from tests.conftest import MakeApp, picture
from tests.fakes import ScriptedModel
from tests.gateway.conftest import asking_vendor, data_url
from tests.making.conftest import NOBODY, encoded, noise, text64
from tests.mock.aimock import Aimock

RED = data_url(picture("PNG", (64, 48), "red"))
BLUE = data_url(picture("JPEG", (64, 48), "blue"), "image/jpeg")
ASK = "What colour is this picture?"


def asking(*urls: str, text: str = ASK) -> list[dict[str, Any]]:
    parts = [{"type": "image_url", "image_url": {"url": url}} for url in urls]
    return [{"role": "user", "content": [{"type": "text", "text": text}, *parts]}]


def answer_of(client: openai.OpenAI, messages: Any, **options: Any) -> Any:
    return client.chat.completions.create(**{"model": "gpt-5", "messages": messages, **options})


def test_models(client: openai.OpenAI) -> None:
    models = list(client.models.list())
    assert [model.owned_by for model in models] == ["local"]
    assert client.models.retrieve(models[0].id) == models[0]
    with pytest.raises(openai.NotFoundError) as caught:
        client.models.retrieve("no/such model")
    assert caught.value.code == "model_not_found"


def test_a_completion(client: openai.OpenAI) -> None:
    made = answer_of(client, asking(RED))
    assert made.object == "chat.completion"
    assert made.id.startswith("chatcmpl-")
    assert made.created > 1_700_000_000
    assert made.choices[0].finish_reason == "stop"
    assert made.choices[0].message.role == "assistant"
    assert "red" in made.choices[0].message.content.lower()
    assert made.usage.total_tokens == made.usage.prompt_tokens + made.usage.completion_tokens > 0


@pytest.mark.parametrize("model", ["gpt-5", "llava:13b", "any/thing", "x"])
def test_any_model_is_taken_and_the_real_one_named(client: openai.OpenAI, model: str) -> None:
    assert answer_of(client, asking(BLUE), model=model).model == client.models.list().data[0].id


def test_a_stream(client: openai.OpenAI) -> None:
    chunks = list(answer_of(client, asking(RED), stream=True))
    assert {chunk.object for chunk in chunks} == {"chat.completion.chunk"}
    assert len({chunk.id for chunk in chunks}) == 1
    assert chunks[0].choices[0].delta.role == "assistant"
    assert "red" in "".join(chunk.choices[0].delta.content or "" for chunk in chunks).lower()
    assert [chunk.choices[0].finish_reason for chunk in chunks][-1] == "stop"
    assert [chunk.choices[0].finish_reason for chunk in chunks][:-1] == [None] * (len(chunks) - 1)
    assert all(chunk.usage is None for chunk in chunks)


def test_a_stream_with_its_usage(client: openai.OpenAI) -> None:
    chunks = list(answer_of(client, asking(RED), stream=True, stream_options={"include_usage": True}))
    assert chunks[-1].choices == []
    assert chunks[-1].usage.total_tokens > 0
    assert all(chunk.usage is None and chunk.choices for chunk in chunks[:-1])


def test_the_stream_and_the_whole_say_the_same(client: openai.OpenAI) -> None:
    streamed = answer_of(client, asking(BLUE), stream=True)
    whole = answer_of(client, asking(BLUE)).choices[0].message.content
    assert "".join(chunk.choices[0].delta.content or "" for chunk in streamed) == whole


def test_the_stream_helper_of_the_sdk(client: openai.OpenAI) -> None:
    with client.chat.completions.stream(model="gpt-5", messages=asking(RED)) as stream:
        kinds = {event.type for event in stream}
        assert "content.done" in kinds
        assert stream.get_final_completion().choices[0].finish_reason == "stop"


def test_the_raw_stream(http: httpx2.Client) -> None:
    response = http.post("/v1/chat/completions", json={"model": "m", "messages": asking(RED), "stream": True})
    assert response.headers["Content-Type"].startswith("text/event-stream")
    assert response.headers["Cache-Control"] == "no-cache"
    assert response.headers["X-Accel-Buffering"] == "no"
    assert response.text.endswith("data: [DONE]\n\n")


def test_a_picture_uploaded_here(client: openai.OpenAI, http: httpx2.Client) -> None:
    uploaded = http.post("/upload", files={"file": ("red.png", picture("PNG", (64, 48), "red"))}).json()
    in_library = http.get(f"/api/v2/images/{uploaded['image_id']}").json()
    urls = [picture[name] for picture in (uploaded["image"], in_library) for name in ("url", "thumbnail_url")]
    for url in (*urls, f"/images/{uploaded['image_id']}/file"):
        assert "red" in answer_of(client, asking(url)).choices[0].message.content.lower()


def test_a_picture_made_here(client: openai.OpenAI, http: httpx2.Client) -> None:
    made = http.post("/chat", json={"message": "create a blue canvas 64x48"}).json()
    assert "blue" in answer_of(client, asking(made["url"])).choices[0].message.content.lower()


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/cat.png",
        "http://169.254.169.254/latest/meta-data",
        "http://127.0.0.1:9/images/" + NOBODY,
        "file:///etc/passwd",
        "ftp://example.com/a.png",
        "http://[broken",
        "//example.com/images/" + NOBODY,
        "cat.png",
        "",
    ],
)
def test_no_other_address_is_visited(client: openai.OpenAI, url: str) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        answer_of(client, asking(url))
    assert (caught.value.code, caught.value.param) == ("remote_image_refused", "image_url")


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("data:image/png;base64,", "empty_picture"),
        ("data:image/png;base64,????", "invalid_image_url"),
        ("data:image/svg+xml,<svg/>", "invalid_image_url"),
        (data_url(b"<html></html>"), "not_an_image"),
        (data_url(encoded(noise())[:900]), "corrupt_image"),
    ],
)
def test_pictures_that_are_none(client: openai.OpenAI, url: str, code: str) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        answer_of(client, asking(url))
    assert (caught.value.code, caught.value.param) == (code, "image_url")


def test_a_picture_that_is_too_large(client: openai.OpenAI) -> None:
    with pytest.raises(openai.APIStatusError) as caught:
        answer_of(client, asking("data:image/png;base64," + text64(bytes(16 * 1024 * 1024 + 1))))
    assert (caught.value.status_code, caught.value.code) == (413, "file_too_large")


@pytest.mark.parametrize(
    "path", [f"/images/{NOBODY}/file", f"/api/v2/images/{NOBODY}/file", f"/studio/versions/{NOBODY}/file"]
)
def test_a_picture_that_is_not_here(client: openai.OpenAI, path: str) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        answer_of(client, asking(path))
    assert caught.value.code in ("image_not_found", "version_not_found")


@pytest.mark.parametrize(
    "change",
    [
        {"messages": []},
        {"messages": [{"role": "user", "content": []}]},
        {"messages": [{"role": "user"}]},
        {"messages": [{"role": "user", "refusal": "no"}]},
        {"messages": [{"role": "robot", "content": "hi"}]},
        {"messages": [{"role": "tool", "content": "hi", "tool_call_id": "1"}]},
        {"messages": [{"role": "user", "content": [{"type": "input_audio", "input_audio": {}}]}]},
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": "data:x"}]}]},
        {"messages": "hi"},
        {"tools": [{"type": "function", "function": {"name": "f g"}}]},
        {"tools": [{"type": "function"}]},
        {"tools": [{"type": "function", "function": {"name": "f"}}] * 2},
        {"tool_choice": {"type": "function", "function": {"name": "unknown"}}},
        {"tool_choice": "maybe"},
        {"messages": [{"role": "tool", "content": "12", "tool_call_id": "nobody"}]},
        {"messages": [{"role": "user", "content": "hi", "tool_calls": []}]},
        {"messages": [{"role": "assistant", "content": None}]},
        {"n": 2},
        {"max_tokens": 0},
        {"temperature": 3},
        {"top_p": 1.5},
        {"stop": ["a", "b", "c", "d", "e"]},
        {"stop": ""},
        {"seed": "x"},
        {"presence_penalty": 3},
        {"frequency_penalty": -3},
        {"response_format": {"type": "xml"}},
        {"response_format": {"type": "json_schema"}},
        {"response_format": {"type": "json_schema", "json_schema": {"name": "no spaces"}}},
        {"stream": "yes"},
        {"stream_options": {"include_usage": 1}},
        {"model": None},
    ],
)
def test_what_is_refused(http: httpx2.Client, change: dict[str, Any]) -> None:
    body = {"model": "m", "messages": [{"role": "user", "content": "hi"}], **change}
    response = http.post("/v1/chat/completions", json=body)
    assert response.status_code == 400, response.text
    error = response.json()["error"]
    assert error["type"] == "invalid_request_error"
    assert error["param"].split(".")[0] == next(iter(change))


def test_the_sdk_raises_its_own_errors(client: openai.OpenAI) -> None:
    tools = [{"type": "function", "function": {"name": "not a name"}}]
    with pytest.raises(openai.BadRequestError) as caught:
        answer_of(client, asking(RED), tools=tools)
    assert (caught.value.type, caught.value.code) == ("invalid_request_error", "invalid_tools")
    with pytest.raises(openai.NotFoundError):
        client.embeddings.create(model="m", input="x")


@pytest.mark.parametrize(
    "options",
    [{"tools": []}, {"temperature": 0}, {"max_tokens": 50}, {"max_completion_tokens": 50}, {"user": "me"}, {"n": 1},
     {"seed": 1}, {"stop": ["x"]}, {"top_p": 0.5}, {"extra_body": {"keep_alive": "5m"}},
     {"stream": None}, {"extra_body": {"stream_options": {"include_usage": None}}}],
)  # fmt: skip
def test_what_other_servers_take_is_taken(client: openai.OpenAI, options: dict[str, Any]) -> None:
    assert answer_of(client, asking(RED), **options).choices[0].message.content


@pytest.mark.parametrize(
    "messages",
    [
        [{"role": "user", "content": "Hello"}],
        [{"role": "system", "content": "Be brief."}],
        [{"role": "assistant", "content": "I see."}],
        [{"role": "user", "content": ""}],
        [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": RED}}]}],
    ],
)
def test_unusual_conversations_are_answered(client: openai.OpenAI, messages: Any) -> None:
    assert answer_of(client, messages).choices[0].message.content


def test_what_the_model_is_sent(make_app: MakeApp) -> None:
    """System and developer messages first, all turns in their order, pictures with the turns they came with."""
    model = ScriptedModel("Yes.")
    client = make_app(model).test_client()
    messages = [
        *asking(RED, text="Look."),
        {"role": "assistant", "content": "I see."},
        {"role": "developer", "content": "Be brief."},
        {"role": "system", "content": [{"type": "text", "text": "Be kind."}]},
        {"role": "user", "content": "And?"},
    ]
    body = {"model": "m", "messages": messages, "max_completion_tokens": 7, "max_tokens": 9, "temperature": 0.5}
    answered = client.post("/v1/chat/completions", json=body).json
    assert (answered["model"], answered["provider"]) == ("scripted-1", "scripted")
    request = model.requests[0]
    assert [(message.role, message.text) for message in request.messages] == [
        ("system", "Be brief."), ("system", "Be kind."), ("user", "Look."), ("assistant", "I see."), ("user", "And?"),
    ]  # fmt: skip
    assert [len(message.parts) for message in request.messages] == [1, 1, 2, 1, 1]
    assert (request.max_tokens, request.temperature) == (7, 0.5)


@pytest.mark.parametrize("detail", ["auto", "low", "high", "original", None])
def test_any_detail_of_the_sdks_is_taken(client: openai.OpenAI, detail: str | None) -> None:
    part = {"type": "image_url", "image_url": {"url": RED, "detail": detail}}
    made = answer_of(client, [{"role": "user", "content": [{"type": "text", "text": ASK}, part]}])
    assert "red" in made.choices[0].message.content.lower()


@pytest.mark.parametrize(
    "refused",
    [
        {"content": None, "refusal": "I cannot."},
        {"content": [{"type": "refusal", "refusal": "I cannot."}]},
    ],
)
def test_a_refusal_that_is_sent_back_is_what_the_model_said(make_app: MakeApp, refused: dict[str, Any]) -> None:
    model = ScriptedModel("Yes.")
    messages = [{"role": "assistant", **refused}, {"role": "user", "content": "And now?"}]
    body = {"model": "m", "messages": messages}
    assert make_app(model).test_client().post("/v1/chat/completions", json=body).status_code == 200
    said = [(message.role, message.text) for message in model.requests[0].messages]
    assert said == [("assistant", "I cannot."), ("user", "And now?")]


def test_a_model_behind_this_server(aimock: Aimock, make_app: MakeApp) -> None:
    aimock.answer({"content": "A cat."}, when={"userMessage": "cat"})
    aimock.answer({"error": {"message": "secret words"}, "status": 500}, when={"userMessage": "broken"})
    with asking_vendor(make_app, "openai", aimock.openai_url) as client:
        assert answer_of(client, asking(RED, text="Is it a cat?")).choices[0].message.content == "A cat."
        streamed = answer_of(client, asking(RED, text="Is it a cat?"), stream=True)
        assert "".join(chunk.choices[0].delta.content or "" for chunk in streamed) == "A cat."
        for stream in (False, True):
            with pytest.raises(openai.InternalServerError) as caught:
                answer_of(client, asking(RED, text="broken"), stream=stream)
            assert caught.value.status_code == 503
            assert "secret" not in str(caught.value)


def test_an_answer_ends_before_a_stop_word(client: openai.OpenAI) -> None:
    whole = answer_of(client, asking(RED)).choices[0].message.content
    word = whole.split()[-1]
    assert answer_of(client, asking(RED), stop=[word]).choices[0].message.content == whole[: whole.index(word)]
    assert answer_of(client, asking(RED), stop="never said").choices[0].message.content == whole


def test_an_answer_ends_at_its_length(client: openai.OpenAI) -> None:
    made = answer_of(client, asking(RED), max_tokens=2)
    assert len(made.choices[0].message.content.split()) == 2
    assert made.choices[0].finish_reason == "length"


def test_json_from_this_machine(client: openai.OpenAI) -> None:
    made = answer_of(client, asking(RED), response_format={"type": "json_object"})
    assert "red" in json.loads(made.choices[0].message.content)["answer"].lower()
    schema = {"name": "colour", "schema": {"type": "object"}}
    with pytest.raises(openai.InternalServerError) as caught:
        answer_of(client, asking(RED), response_format={"type": "json_schema", "json_schema": schema})
    assert caught.value.status_code in (502, 503)


def test_how_the_answer_is_to_be_written_reaches_the_model(make_app: MakeApp) -> None:
    model = ScriptedModel("Yes.")
    schema = {"name": "colour", "schema": {"type": "object"}, "strict": True}
    wishes = {
        "top_p": 0.5,
        "seed": 7,
        "presence_penalty": 1,
        "frequency_penalty": -1,
        "response_format": {"type": "json_schema", "json_schema": schema},
    }
    body = {"model": "m", "messages": [{"role": "user", "content": "hi"}], "stop": "END", **wishes}
    assert make_app(model).test_client().post("/v1/chat/completions", json=body).status_code == 200
    assert model.requests[0].options == Options(stop=("END",), **wishes)
    assert model.requests[0].options.json_schema == {"type": "object"}
