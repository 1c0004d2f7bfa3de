"""POST /chat-stream/<image_id> over real sockets: frames a vendor's SDK reads, failures, and readers who leave."""

from __future__ import annotations

import io
import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest

from services.providers.base import ChatRequest, ModelEvent
from tests import inventory
from tests.conftest import MakeApp, picture, upload
from tests.fakes import ScriptedModel
from tests.mock.aimock import Aimock
from tests.providers import rawserver
from tests.routes.conftest import ANSWER, StartServer, client_of, uploaded
from tests.server import Server

OPENAI = {"vision_provider": ("openai",), "openai_api_key": "test-key", "stt_provider": ("local",)}
SLOW = {"content": "one two three four five six seven eight nine ten " * 20}


def frames_of(text: str) -> list[Any]:
    """The `data:` frames of a stream, read; everything else in it must be a comment."""
    frames = []
    for block in text.split("\n\n"):
        if block.startswith("data: "):
            data = block.removeprefix("data: ")
            frames.append(data if data == "[DONE]" else json.loads(data))
        else:
            assert not block or block.startswith(":")
    return frames


def slow_stream(api: httpx2.Client, mock: Aimock) -> str:
    """A picture whose next answer takes its time; its id."""
    image_id = uploaded(api)
    mock.reset()
    mock.answer(SLOW, latency=50, chunkSize=5)
    return image_id


def last_message(api: httpx2.Client, image_id: str) -> dict[str, Any]:
    found = api.get(f"/images/{image_id}/messages").json()["messages"][-1]
    assert isinstance(found, dict)
    return found


def ask_raw(server: Server, image_id: str, question: str = "Tell me all.") -> socket.socket:
    """Ask for a stream on a socket of one's own, to leave it as one likes."""
    body = json.dumps({"question": question}).encode()
    connection = socket.create_connection(server.address, timeout=20)
    connection.sendall(
        f"POST /chat-stream/{image_id} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n".encode()
        + body
    )
    return connection


def read_until(connection: socket.socket, wanted: bytes) -> bytes:
    seen = b""
    while wanted not in seen:
        received = connection.recv(4096)
        assert received, seen
        seen += received
    return seen


def test_frames(api: httpx2.Client, answering: Aimock) -> None:
    image_id = uploaded(api)
    response = api.post(f"/chat-stream/{image_id}", json={"question": "What?"})
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/event-stream")
    assert response.headers["cache-control"] == "no-cache"
    assert response.headers["x-accel-buffering"] == "no"
    assert response.headers["x-request-id"]
    frames = frames_of(response.text)
    assert frames[-1] == "[DONE]"
    chunks = frames[:-1]
    assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}
    assert len({(chunk["id"], chunk["created"], chunk["model"]) for chunk in chunks}) == 1
    assert chunks[0]["choices"][0]["delta"]["role"] == "assistant"
    assert chunks[0]["image_id"] == image_id
    assert "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks) == ANSWER
    assert [chunk["choices"][0]["finish_reason"] for chunk in chunks] == [None] * (len(chunks) - 1) + ["stop"]
    usage = chunks[-1]["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"] > 0
    assert last_message(api, image_id)["status"] == "complete"


def test_the_sdks_own_parser_reads_it(server: Server, api: httpx2.Client, answering: Aimock) -> None:
    image_id = uploaded(api)
    sdk = openai.OpenAI(api_key="unused", base_url=server.url, http_client=httpx2.Client(trust_env=False))
    with (
        sdk,
        sdk.post(
            f"/chat-stream/{image_id}",
            body={"question": "What?"},
            cast_to=openai.types.chat.ChatCompletionChunk,
            stream=True,
            stream_cls=openai.Stream[openai.types.chat.ChatCompletionChunk],
        ) as stream,
    ):
        chunks = list(stream)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == ANSWER
    assert chunks[0].choices[0].delta.role == "assistant"
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert chunks[-1].usage is not None


def test_words_arrive_while_the_answer_is_made(server: Server, api: httpx2.Client, answering: Aimock) -> None:
    image_id = slow_stream(api, answering)
    began = time.monotonic()
    with ask_raw(server, image_id) as connection:
        read_until(connection, b'"content":"one')
        assert time.monotonic() - began < 5
    assert last_message(api, image_id)["status"] in ("streaming", "interrupted")


@pytest.mark.parametrize("way", ["close", "reset"])
def test_a_reader_who_leaves(server: Server, api: httpx2.Client, answering: Aimock, way: str) -> None:
    """What was said is kept and marked, and the conversation goes on from it."""
    image_id = slow_stream(api, answering)
    connection = ask_raw(server, image_id)
    read_until(connection, b"three")
    if way == "reset":
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    connection.close()
    inventory.eventually("interrupted", lambda: last_message(api, image_id)["status"])
    kept = last_message(api, image_id)
    assert kept["content"].startswith("one two three")
    assert len(kept["content"]) < len(SLOW["content"])
    assert kept["provider"] == "openai"
    answering.reset()
    answering.answer({"content": "Gladly."})
    assert api.post(f"/chat/{image_id}", json={"question": "Go on."}).status_code == 200
    said = [
        message["content"] for message in answering.journal()[-1]["body"]["messages"] if message["role"] != "system"
    ]
    assert said[-2] == kept["content"]


def connections_to(url: str) -> int:
    """Established connections of this machine to an address, as the kernel lists them."""
    port = f":{int(url.rsplit(':', 1)[1]):04X}"
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(row[2].endswith(port) and row[3] == "01" for row in rows)


def test_the_vendor_is_left_when_the_reader_leaves(start_server: StartServer) -> None:
    chunk = (
        b'data: {"object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{"content":"on "}}]}\n\n'
    )
    last = b'data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
    whole = rawserver.streamed(chunk, last, b"data: [DONE]\n\n")
    endless: list[rawserver.Step] = [rawserver.STREAM_HEAD, *(rawserver.chunk(chunk), 0.1) * 300]
    with rawserver.raw_server([whole], endless) as vendor:
        server = start_server(OPENAI_BASE_URL=f"{vendor.url}/v1")
        with client_of(server) as api:
            image_id = uploaded(api)
            with ask_raw(server, image_id) as connection:
                read_until(connection, b"on ")
                assert connections_to(vendor.url) == 1
            inventory.eventually(0, lambda: connections_to(vendor.url))
            inventory.eventually("interrupted", lambda: last_message(api, image_id)["status"])


def test_a_vendor_that_breaks_off(api: httpx2.Client, answering: Aimock) -> None:
    image_id = uploaded(api)
    answering.reset()
    answering.answer(SLOW, latency=20, chunkSize=10, truncateAfterChunks=5)
    response = api.post(f"/chat-stream/{image_id}", json={"question": "What?"})
    assert response.status_code == 200
    frames = frames_of(response.text)
    assert "[DONE]" not in frames
    error = frames[-1]["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["type"] == "server_error"
    assert error["code"].startswith("provider_")
    kept = last_message(api, image_id)
    assert (kept["status"], kept["error_code"]) == ("failed", error["code"])
    assert SLOW["content"].startswith(kept["content"])
    assert kept["content"]


@pytest.mark.parametrize(
    ("path", "vendor", "expected"),
    [
        ("chat", 500, (503, "provider_unavailable")),
        ("chat", 429, (503, "provider_rate_limited")),
        ("chat-stream", 401, (502, "provider_rejected")),
    ],
)
def test_a_vendor_that_refuses(
    make_app: MakeApp,
    aimock: Aimock,
    caplog: pytest.LogCaptureFixture,
    *,
    path: str,
    vendor: int,
    expected: tuple[int, str],
) -> None:
    """By an application of its own: a vendor that fails is skipped for a while by the one that asked it."""
    client = make_app(**OPENAI, openai_base_url=aimock.openai_url).test_client()
    aimock.answer({"content": ANSWER})
    image_id = upload(client)
    aimock.reset()
    aimock.answer({"error": {"message": "secret words of the vendor", "type": "error"}, "status": vendor})
    response = client.post(f"/{path}/{image_id}", json={"question": "What?"})
    assert (response.status_code, response.json["error"]["code"]) == expected
    assert "secret words" not in response.text
    assert caplog.text
    assert "test-key" not in response.text + caplog.text


def test_a_vendor_that_is_not_there(make_app: MakeApp) -> None:
    client = make_app(**OPENAI, openai_base_url="http://127.0.0.1:9/v1").test_client()
    response = client.post("/upload", data={"file": (io.BytesIO(picture()), "a.jpg")})
    assert response.status_code == 201
    assert response.json["choices"][0]["finish_reason"] == "error"
    image_id = response.json["image_id"]
    response = client.post(f"/chat/{image_id}", json={"question": "What?"})
    assert response.status_code == 503


def test_a_vendor_that_says_nothing(make_app: MakeApp, aimock: Aimock) -> None:
    client = make_app(**OPENAI, openai_base_url=aimock.openai_url, provider_timeout_s=1.0).test_client()
    aimock.answer({"content": ANSWER}, streamingProfile={"ttft": 20_000})
    began = time.monotonic()
    image_id = upload(client)
    response = client.post(f"/chat/{image_id}", json={"question": "What?"})
    assert (response.status_code, response.json["error"]["code"]) == (504, "provider_timeout")
    assert time.monotonic() - began < 15


def test_a_stream_of_single_words_is_replayed_whole(api: httpx2.Client, answering: Aimock) -> None:
    """Each word comes for itself, so the server would write it past the response that is kept."""
    image_id = uploaded(api)
    answering.reset()
    answering.answer({"content": ANSWER}, latency=20, chunkSize=5)
    asked = {"json": {"question": "What?"}, "headers": {"Idempotency-Key": f"stream-{image_id}"}}
    first, again = (api.post(f"/chat-stream/{image_id}", **asked) for _ in range(2))
    assert again.headers["Idempotent-Replayed"] == "true"
    assert first.content == again.content
    assert first.content.endswith(b"data: [DONE]\n\n")


class Thinking(ScriptedModel):
    """A model that is silent for 12 s where it is told to think, before or after it has begun."""

    def stream(self, request: ChatRequest) -> Iterator[ModelEvent]:
        answer = super().stream(request)
        match request.messages[-1].text:
            case "Think.":
                time.sleep(12)
            case "Begin, then think.":
                yield next(answer)
                time.sleep(12)
        yield from answer


@pytest.mark.slow
def test_heartbeats_while_the_model_thinks(make_app: MakeApp) -> None:
    app = make_app(Thinking("At last."))
    image_id = upload(app.test_client())

    def blocks(question: str) -> list[str]:
        response = app.test_client().post(f"/chat-stream/{image_id}", json={"question": question})
        assert frames_of(response.text)[-1] == "[DONE]"
        return response.text.split("\n\n")

    with ThreadPoolExecutor() as askers:
        begun, unbegun = askers.map(blocks, ("Begin, then think.", "Think."))
    assert begun[0].startswith("data: ")
    assert begun[1].startswith(":")
    assert unbegun[0].startswith(":")
    assert unbegun[1].startswith("data: ")
