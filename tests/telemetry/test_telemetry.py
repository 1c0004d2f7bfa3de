"""What a collector is told of a running server: its workers, requests, models, agents and their tools."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socket import create_connection

import httpx2
import pytest
from websockets.sync.client import connect

from config import ROOT
from tests.conftest import picture
from tests.mock.aimock import Aimock
from tests.routes.conftest import StartServer, client_of, start_server, uploaded, upstream
from tests.server import Server, running
from tests.sessions.conftest import SESSIONS
from tests.telemetry.collecting import Collecting, Point, Span, collecting, mad

__all__ = ["start_server"]

QUESTION = "Which xylophone is hidden here?"
ANSWER = "A marmalade xylophone, quite hidden."
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CALLER = "00f067aa0ba902b7"
CLIENT, INTERNAL, SERVER = 3, 1, 2
OFTEN = {"OTEL_BSP_SCHEDULE_DELAY": "100", "OTEL_METRIC_EXPORT_INTERVAL": "200"}
CHAT = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-5.4-mini",
}


@pytest.fixture(scope="module")
def collector() -> Iterator[Collecting]:
    with collecting() as started:
        yield started


@pytest.fixture(scope="module")
def server(aimock_server: Aimock, collector: Collecting, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Two workers that tell the collector."""
    settings = upstream(aimock_server) | OFTEN | {"WORKERS": "2", "EMBEDDING_PROVIDER": "openai", "JOB_THREADS": "1"}
    settings |= {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_EXPORTER_OTLP_HEADERS": "x-api-key=a%20secret"}
    with running(tmp_path_factory.mktemp("telemetry"), **settings) as started:
        yield started


@pytest.fixture
def api(server: Server) -> Iterator[httpx2.Client]:
    with client_of(server) as client:
        yield client


def traced(number: int) -> tuple[str, dict[str, str]]:
    """An id of a trace, and the header of a caller who is in it."""
    trace = f"{number:032x}"
    return trace, {"traceparent": f"00-{trace}-{CALLER}-01"}


def of_trace(collector: Collecting, trace: str, names: list[str]) -> dict[str, Span]:
    """The spans of a trace by name, once all of these are there."""

    def there(spans: list[Span]) -> bool:
        return {span.name for span in spans if span.trace_id == trace} >= set(names)

    return {span.name: span for span in collector.wait(there) if span.trace_id == trace}


def ask(api: httpx2.Client, path: str, image_id: str, headers: dict[str, str]) -> httpx2.Response:
    response = api.post(f"/{path}/{image_id}", json={"question": QUESTION}, headers=headers)
    assert response.status_code == 200, response.text
    return response


@pytest.mark.parametrize("path", ["chat", "chat-stream"])
def test_a_call_is_a_span_below_its_request(
    api: httpx2.Client, aimock: Aimock, collector: Collecting, path: str
) -> None:
    aimock.answer({"content": ANSWER}, latency=20, chunkSize=4)
    image_id = uploaded(api)
    trace, caller = traced(len(path))
    asked = ask(api, path, image_id, caller | {"X-Request-ID": "request-7"})
    assert asked.headers["X-Request-ID"] == "request-7"
    chat = "chat gpt-5.4-mini"
    spans = of_trace(collector, trace, [f"POST /{path}/<image_id>", chat])
    request, call = spans[f"POST /{path}/<image_id>"], spans[chat]
    assert (request.kind, request.parent_id, request.failed) == (SERVER, CALLER, False)
    assert request.attributes["http.response.header.x-request-id"] == ["request-7"]
    assert request.attributes["http.response.status_code"] == 200
    assert request.attributes["url.path"] == f"/{path}/{image_id}"
    assert (call.kind, call.parent_id, call.failed) == (CLIENT, request.span_id, False)
    assert call.attributes.items() >= CHAT.items()
    (vendors,) = [entry for entry in aimock.journal() if entry["headers"].get("traceparent", "").find(trace) > 0]
    assert vendors["headers"]["traceparent"] == f"00-{trace}-{call.span_id}-01"
    assert call.attributes["gen_ai.response.finish_reasons"] == ["stop"]
    assert call.attributes["gen_ai.response.id"].startswith("chatcmpl-")
    assert call.attributes["gen_ai.response.model"] == "gpt-5.4-mini"
    assert call.attributes["gen_ai.usage.input_tokens"] > 0
    assert call.attributes["gen_ai.usage.output_tokens"] > 0
    assert call.attributes["server.address"] == "127.0.0.1"
    assert f":{call.attributes['server.port']}/" in aimock.openai_url
    assert 0.01 < call.attributes["gen_ai.response.time_to_first_chunk"] < call.seconds <= request.seconds


def test_agents_and_their_tools(api: httpx2.Client, aimock: Aimock, collector: Collecting) -> None:
    calls = [
        {"name": "search_images", "arguments": {"query": "a rusty xylophone"}},
        {"name": "count_images", "arguments": {"by": "month"}},
        {"name": "analyze_images", "arguments": {"image_ids": ["00000000-0000-4000-8000-0000000000ff"]}},
    ]
    aimock.answer({"content": "Searching.", "toolCalls": calls}, when={"hasToolResult": False})
    aimock.answer({"content": ANSWER}, when={"hasToolResult": True})
    uploaded(api)
    session = api.post(SESSIONS, json={}).json()["session_id"]
    trace, caller = traced(7)
    route = f"{SESSIONS}/<session_id>/messages/stream"
    streamed = api.post(f"{SESSIONS}/{session}/messages/stream", json={"message": QUESTION}, headers=caller)
    assert "event: complete" in streamed.text
    spans = of_trace(collector, trace, [f"POST {route}", "invoke_agent visual-assistant"])
    agent = spans["invoke_agent visual-assistant"]
    assert (agent.kind, agent.parent_id) == (INTERNAL, spans[f"POST {route}"].span_id)
    assert agent.attributes["gen_ai.conversation.id"] == session
    assert agent.attributes["gen_ai.usage.input_tokens"] > 0
    below = [span for span in collector.wait(bool) if span.trace_id == trace and span.parent_id == agent.span_id]
    rounds = [span for span in below if span.name == "chat gpt-5.4-mini"]
    assert [span.attributes["gen_ai.response.finish_reasons"] for span in rounds] == [["tool_calls"], ["stop"]]
    assert {span.attributes["gen_ai.conversation.id"] for span in rounds} == {session}
    assert (
        sum(span.attributes["gen_ai.usage.output_tokens"] for span in rounds)
        == (agent.attributes["gen_ai.usage.output_tokens"])
    )
    tools = {span.attributes["gen_ai.tool.name"]: span for span in below if span not in rounds}
    assert set(tools) == {"search_images", "count_images", "analyze_images"}
    assert {span.name for span in tools.values()} == {f"execute_tool {name}" for name in tools}
    searched = tools["search_images"]
    assert searched.attributes["gen_ai.agent.name"] == "SearchAgent"
    assert searched.attributes["gen_ai.tool.call.id"].startswith("call_")
    assert not searched.failed
    assert (tools["analyze_images"].failed, tools["analyze_images"].attributes["error.type"]) == (True, "tool_failed")
    (made,) = [span for span in collector.wait(bool) if span.parent_id == searched.span_id]
    assert made.name == "embeddings text-embedding-3-small"
    assert made.attributes["gen_ai.embeddings.dimension.count"] == 512
    assert made.attributes["server.address"] == "127.0.0.1"


def test_steps_of_a_plan(api: httpx2.Client, aimock: Aimock, collector: Collecting) -> None:
    call = {"name": "create_folder", "arguments": {"name": "Marmalade"}}
    aimock.answer({"toolCalls": [call]}, when={"hasToolResult": False})
    aimock.answer({"content": ANSWER}, when={"hasToolResult": True})
    session = api.post(SESSIONS, json={}).json()["session_id"]
    asked = api.post(f"{SESSIONS}/{session}/messages", json={"message": "Make a folder."}).json()
    plan_id = asked["pending_actions"][0]["plan_id"]
    decided = api.post(f"{SESSIONS}/{session}/plans/{plan_id}/action", json={"action": "approve"})
    assert decided.status_code == 200, decided.text
    (step,) = collector.named("execute_tool create_folder")
    assert step.attributes["gen_ai.conversation.id"] == session
    assert (step.attributes["gen_ai.agent.name"], step.failed) == ("FolderAgent", False)


def test_pictures_that_are_made(api: httpx2.Client, collector: Collecting) -> None:
    assert api.post("/chat", json={"message": "a red canvas"}).json()["provider"] == "local"
    (made,) = collector.named("generate_content")
    assert made.attributes["gen_ai.output.type"] == "image"
    request = of_trace(collector, made.trace_id, ["POST /chat"])["POST /chat"]
    assert (made.kind, made.parent_id) == (INTERNAL, request.span_id)


def test_a_socket_is_one_request(server: Server, collector: Collecting) -> None:
    with connect(f"{server.url.replace('http', 'ws', 1)}/api/v1/stream") as socket:
        socket.send("no JSON")
        assert "error" in str(socket.recv(10))
    (spoken,) = collector.named("GET /api/v1/stream")
    assert spoken.kind == SERVER


def test_what_a_client_makes_up_makes_no_figures(server: Server, collector: Collecting) -> None:
    odd = [
        "FROBNICATE / HTTP/1.1\r\nHost: a\r\n",
        "GET /nowhere-%FF%00 HTTP/1.1\r\nHost: a:99999999999999999999\r\nUser-Agent: \xff\r\ntraceparent: 00-z-z-z\r\n",
    ]
    for head in odd:
        with create_connection(server.address, 10) as connection:
            connection.sendall(head.encode("latin-1") + b"Connection: close\r\n\r\n")
            assert b" 40" in connection.recv(100)
    collector.named("HTTP")
    collector.wait(lambda spans: any(span.name == "GET" for span in spans))
    told = collector.points("http.server.request.duration", lambda points: len(points) > 1)
    names = {name for point in told for name in point.attributes}
    assert names <= {
        "http.request.method",
        "http.response.status_code",
        "http.route",
        "url.scheme",
        "error.type",
    }


def test_figures_of_both_workers(server: Server, aimock: Aimock, collector: Collecting) -> None:
    aimock.answer({"content": ANSWER})
    with client_of(server) as api:
        image_id = uploaded(api)
    for _ in range(12):
        with client_of(server) as api:  # a new connection may reach the other worker
            ask(api, "chat", image_id, {})
    calls = {span.span_id for span in collector.named("chat gpt-5.4-mini", 13)}

    def enough(points: list[Point]) -> bool:
        return sum(point.count for point in points) >= len(calls) and len(workers(points)) == 2

    def workers(points: list[Point]) -> set[str]:
        return {point.resource["service.instance.id"] for point in points}

    took = collector.points("gen_ai.client.operation.duration", enough)
    of_chats = [point for point in took if point.attributes["gen_ai.operation.name"] == "chat"]
    assert all(point.attributes.items() >= CHAT.items() for point in of_chats)
    assert {point.resource["service.name"] for point in took} == {"visual-assistant"}
    assert (took[0].unit, took[0].bounds[0], took[0].bounds[-1]) == ("s", 0.01, 81.92)
    used = collector.points("gen_ai.client.token.usage", enough)
    assert {point.attributes["gen_ai.token.type"] for point in used} == {"input", "output"}
    assert (used[0].unit, used[0].bounds[:4]) == ("{token}", (1, 4, 16, 64))
    assert collector.points("gen_ai.client.operation.time_to_first_chunk")[0].sum > 0
    routes = {"/upload", "/chat/<image_id>"}
    collector.points(
        "http.server.request.duration",
        lambda points: {point.attributes.get("http.route") for point in points} >= routes,
    )


def test_nothing_of_what_was_said_is_told(
    server: Server, api: httpx2.Client, aimock: Aimock, collector: Collecting
) -> None:
    aimock.answer({"content": ANSWER})
    image_id = uploaded(api, name="secret-name.jpg")
    trace, caller = traced(99)
    ask(api, "chat", f"{image_id}?signature=signed-by-nobody", caller)
    of_trace(collector, trace, ["chat gpt-5.4-mini", "POST /chat/<image_id>"])
    everything = b"".join(collector.raw)
    for word in (
        b"xylophone",
        b"marmalade",
        b"Marmalade",
        b"secret-name",
        b"signed-by-nobody",
        b"test-key",
        picture()[-40:],
    ):
        assert word not in everything
    assert {headers["x-api-key"] for headers in collector.headers} == {"a secret"}
    assert not [span for span in collector.spans if span.name.startswith("GET /metrics")]
    assert "opentelemetry" not in server.log


def test_calls_that_fail(start_server: StartServer, aimock: Aimock, collector: Collecting) -> None:
    settings = {"VISION_PROVIDER": "openai,gemini,anthropic,local", "GEMINI_BASE_URL": aimock.url}
    settings |= {"GEMINI_API_KEY": "g", "ANTHROPIC_API_KEY": "a", "ANTHROPIC_BASE_URL": aimock.url}
    started = start_server(**settings, **OFTEN, OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, OTEL_SERVICE_NAME="failing")
    aimock.answer({"error": {"message": "marmalade"}, "status": 503}, when={"model": "gpt-5.4-mini"})
    aimock.answer({"error": {"message": "marmalade"}, "status": 429}, when={"model": "gemini-3.8-flash"})
    aimock.answer({"content": "A cat."}, when={"model": "claude-sonnet-5-5"})
    trace, caller = traced(5)
    with client_of(started) as api:
        sent = {"file": ("photo.jpg", picture())}
        assert api.post("/upload", files=sent, headers=caller).json()["provider"] == "anthropic"
    chats = ["chat gpt-5.4-mini", "chat gemini-3.8-flash", "chat claude-sonnet-5-5"]
    spans = of_trace(collector, trace, ["POST /upload", *chats])
    first, second, third = (spans[name] for name in chats)
    assert {first.parent_id, second.parent_id, third.parent_id} == {spans["POST /upload"].span_id}
    assert (first.failed, first.attributes["error.type"]) == (True, "503")
    assert (second.failed, second.attributes["error.type"]) == (True, "429")
    assert second.attributes["gen_ai.provider.name"] == "gcp.gemini"
    assert second.attributes["server.address"] == "127.0.0.1"
    assert not third.failed
    assert third.attributes["gen_ai.provider.name"] == "anthropic"
    assert third.attributes["gen_ai.response.id"].startswith("msg")
    assert third.resource["service.name"] == "failing"
    failed = collector.points(
        "gen_ai.client.operation.duration", lambda points: any("error.type" in point.attributes for point in points)
    )
    assert {point.attributes.get("error.type") for point in failed} >= {"503", "429"}
    # The local models are of the server's own process.
    aimock.reset()
    aimock.answer({"error": {"message": "no"}, "status": 400})
    trace, caller = traced(6)
    with client_of(started) as api:
        assert (
            api.post("/upload", files={"file": ("photo.jpg", picture())}, headers=caller).json()["provider"] == "local"
        )
    local = of_trace(collector, trace, ["POST /upload", "chat visual-assistant-local-1"])[
        "chat visual-assistant-local-1"
    ]
    assert local.kind == INTERNAL
    assert "gen_ai.usage.input_tokens" not in local.attributes, "an estimate is not told"


@pytest.mark.parametrize("answer", [None, mad])
def test_a_collector_that_does_not_take_harms_nothing(
    start_server: StartServer, aimock: Aimock, answer: Callable[[BaseHTTPRequestHandler], None] | None
) -> None:
    aimock.answer({"content": ANSWER})
    with collecting(answer) as there:
        url = there.url if answer else "http://127.0.0.1:9"
        small = {"OTEL_BSP_MAX_QUEUE_SIZE": "8", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "4"}
        started = start_server(OTEL_EXPORTER_OTLP_ENDPOINT=url, **OFTEN, **small, LOG_FORMAT="text")
        with client_of(started) as api:
            image_id = uploaded(api)
            began = time.monotonic()
            for _ in range(15):
                ask(api, "chat", image_id, {})
            assert time.monotonic() - began < 15
        began = time.monotonic()
        assert started.stop() == 0
        assert time.monotonic() - began < 15
    said = [line for line in started.log.splitlines() if "opentelemetry" in line]
    assert len(said) <= 8, said
    assert "Traceback" not in started.log


def test_without_a_collector_none_of_it_is_loaded(tmp_path: Path) -> None:
    program = """
import sys
from app import create_app
from config import Settings
app = create_app(Settings.from_env({"DATA_DIR": sys.argv[1], "JOB_THREADS": "0", "OPENAI_API_KEY": "k"}))
assert app.test_client().get("/healthz").status_code == 200
print([name for name in sys.modules if name.split(".")[0] == "opentelemetry" or name == "routes.tracing"])
app.extensions["services"].stop()
"""
    ran = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], check=True, cwd=ROOT, capture_output=True, text=True
    )
    assert ran.stdout.strip() == "[]"
