"""Sessions behind each cloud vendor, and the tool loop with each one's function calling."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from routes import wire
from services.agent.agents import AGENT_OF
from services.agent.evidence import Evidence
from services.agent.loop import ROUNDS_OF_REPEATS
from services.agent.tool import Tool
from services.content import ToolSpec
from services.errors import InvalidInput
from services.providers.base import ChatModel
from services.turns import Question
from services.usage import Limits
from tests.conftest import MakeApp, upload
from tests.mock.aimock import Aimock
from tests.providers.vendors import VENDORS, Vendor
from tests.sessions.conftest import (
    SESSIONS,
    Event,
    detail,
    events_of,
    names_of,
    new_session,
    parts,
    problem,
    say,
    stream,
)

# aimock ends Gemini's tool calls with a reason of its own, where Gemini says STOP; the SDK warns of it.
pytestmark = pytest.mark.filterwarnings("ignore:FUNCTION_CALL is not a valid FinishReason:UserWarning")


@pytest.fixture(params=VENDORS.values(), ids=VENDORS.keys())
def vendor(request: pytest.FixtureRequest) -> Vendor:
    found = request.param
    assert isinstance(found, Vendor)
    return found


@pytest.fixture
def cloud(vendor: Vendor, aimock: Aimock) -> Iterator[ChatModel]:
    model = vendor.at(aimock.url)
    yield model
    model.close()


@pytest.fixture
def client(make_app: MakeApp, cloud: ChatModel) -> FlaskClient:
    return make_app(cloud).test_client()


def test_a_session(client: FlaskClient, aimock: Aimock, vendor: Vendor) -> None:
    aimock.answer({"content": "A red field, nothing else."}, chunkSize=6)
    image = upload(client)
    session = new_session(client, initial_image_ids=[image], use_all_images=False)
    events = stream(client, session, "What is in it?")
    assert names_of(events)[:3] == ["connection", "status", "thinking"]
    assert names_of(events)[-2:] == ["complete", "close"]
    tokens = [event for event in events if event.name == "token"]
    assert len(tokens) > 1
    assert [event.id for event in tokens] == list(range(1, len(tokens) + 1))
    done = events[-2].data
    assert done["content"] == tokens[-1].data["accumulated"] == "A red field, nothing else."
    assert done["provider"] == vendor.name
    asked = json.dumps(aimock.journal()[-1]["body"])
    assert image in asked
    assert "What is in it?" in asked
    answer = say(client, session, "Are you sure?")
    assert answer["provider"] == vendor.name
    kept = detail(client, session)
    assert kept["session"]["total_tokens"] > 0
    assert kept["messages"][-1]["token_count"] > 0
    message = done["message_id"]
    replayed = events_of(client.get(f"{SESSIONS}/{session}/messages/{message}/stream").text)
    assert replayed == events


def test_a_vendor_that_refuses(client: FlaskClient, aimock: Aimock, vendor: Vendor) -> None:
    aimock.answer({"error": {"message": "secret words", "type": "error"}, "status": 429})
    session = new_session(client)
    response = client.post(f"{SESSIONS}/{session}/messages", json={"message": "Hello?"})
    problem(response, 503, "PROVIDER_RATE_LIMITED")
    assert "secret" not in response.text


class Counter:
    """A tool that adds up, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    def run(self, arguments: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(arguments)
        if "numbers" not in arguments:
            raise InvalidInput("It takes numbers.")
        return {"sum": sum(arguments["numbers"])}

    @property
    def tool(self) -> Tool:
        numbers = {"numbers": {"type": "array", "items": {"type": "integer"}}}
        spec = ToolSpec("add_up", "Adds numbers.", {"type": "object", "properties": numbers})
        return Tool(spec, "AnalyticsAgent", self.run, phase="counting", doing="Adding up...")


def with_tools(client: FlaskClient, session: str, counter: Counter, text: str = "How many?") -> list[Event]:
    """The stream of a question that is asked with the tool on offer."""
    services = parts(client)
    limits = Limits("local", session_messages=100, session_tokens=100_000)
    tools = {"add_up": counter.tool}
    question = Question(session, text, "Be exact.", limits=limits, tools=tools, evidence=Evidence())
    turn = services.turns.start(question)
    log = services.generations.start(turn, wire.entries(session, wire.Shown([], lambda _picture: {})))
    frames = wire.Frames()
    said = [frame for some in services.generations.follow(log.message_id, 20) for frame in frames.encode(some)]
    return events_of(b"".join(said).decode())


def test_the_tool_loop(client: FlaskClient, aimock: Aimock) -> None:
    aimock.answer(
        {"content": "Let me count.", "toolCalls": [{"name": "add_up", "arguments": {"numbers": [2, 3, 4]}}]},
        when={"hasToolResult": False},
    )
    aimock.answer({"content": "There are nine."}, when={"hasToolResult": True})
    session = new_session(client)
    counter = Counter()
    events = with_tools(client, session, counter)
    assert counter.asked == [{"numbers": [2, 3, 4]}]
    names = names_of(events)
    tool = names.index("tool_invocation")
    assert events[tool].data == {"type": "tool_invocation", "tool_name": "add_up", "agent_name": "AnalyticsAgent"}
    assert names[tool - 2 : tool] == ["status", "thinking_step"]
    assert set(names[2 : tool - 2]) == set(names[tool + 1 : -2]) == {"token"}
    assert names[-2:] == ["complete", "close"]
    assert events[-2].data["content"] == "Let me count.\n\nThere are nine."
    assert detail(client, session)["messages"][-1]["content"] == "Let me count.\n\nThere are nine."
    results = [message for message in aimock.journal()[-1]["body"]["messages"] if message["role"] == "tool"]
    assert json.loads(results[0]["content"]) in ({"sum": 9}, {"output": {"sum": 9}})  # the second is Gemini's form


def test_a_tool_that_refuses_and_one_that_is_not_there(client: FlaskClient, aimock: Aimock) -> None:
    calls = [{"name": "add_up", "arguments": {}}, {"name": "fly", "arguments": {}}]
    aimock.answer({"toolCalls": calls}, when={"hasToolResult": False})
    aimock.answer({"content": "I cannot."}, when={"hasToolResult": True})
    events = with_tools(client, new_session(client), Counter())
    assert events[-2].data["content"] == "I cannot."
    results = [message for message in aimock.journal()[-1]["body"]["messages"] if message["role"] == "tool"]
    told = " ".join(str(message["content"]) for message in results)
    assert "It takes numbers." in told
    assert "fly" in told


def test_a_model_that_never_stops_calling(client: FlaskClient, aimock: Aimock) -> None:
    aimock.answer({"content": "Once more.", "toolCalls": [{"name": "add_up", "arguments": {"numbers": [1]}}]})
    counter = Counter()
    events = with_tools(client, new_session(client), counter)
    assert names_of(events)[-2:] == ["complete", "close"]
    assert events[-2].data["finish_reason"] == "length"
    assert len(aimock.journal()) == 1 + ROUNDS_OF_REPEATS + 1
    assert counter.asked == [{"numbers": [1]}]


def test_a_bug_in_a_tool_goes_up(client: FlaskClient, aimock: Aimock) -> None:
    aimock.answer({"toolCalls": [{"name": "add_up", "arguments": {"numbers": [1]}}]})

    class Broken(Counter):
        def run(self, arguments: dict[str, Any]) -> dict[str, Any]:
            return {"sum": 1 // (arguments["numbers"][0] - 1)}

    events = with_tools(client, new_session(client), Broken())
    assert names_of(events)[-2:] == ["error", "close"]
    assert events[-2].data["code"] == "INTERNAL_ERROR"


UNKNOWN = "00000000-0000-4000-8000-0000000000ff"


def test_the_agents_tools(client: FlaskClient, aimock: Aimock, vendor: Vendor) -> None:
    image = upload(client, name="rusty_beam.jpg")
    parts(client).jobs.run_pending()
    calls = [
        {"name": "search_images", "arguments": {"query": "rusty"}},
        {"name": "count_images", "arguments": {"by": "month"}},
        {"name": "create_folder", "arguments": {"name": "Rust"}},
        {"name": "move_images_to_folder", "arguments": {"image_ids": [image], "folder_id": "$step:0"}},
    ]
    said = f"Here: [[img:{image}|x.png]], [[img:{UNKNOWN}|made up]] and [[ref:images_1]]."
    aimock.answer({"content": "Searching.", "toolCalls": calls}, when={"hasToolResult": False})
    aimock.answer({"content": said}, when={"hasToolResult": True}, chunkSize=5)
    session = new_session(client)
    events = stream(client, session, "Sort the rusty photos, and how many have I?")
    names = names_of(events)
    assert names.count("tool_invocation") == names.count("thinking_step") == 4
    assert names.count("image_results") == names.count("plan_pending_approval") == 1
    done = events[-2].data
    assert done["agents_used"] == ["SearchAgent", "AnalyticsAgent", "FolderAgent"]
    assert f"Here: [[img:{image}|rusty_beam.jpg]], and [[ref:images_1]]." in done["content"].replace(" ,", ",", 1)
    assert UNKNOWN not in done["content"]
    assert "Here: rusty_beam.jpg, and 1 picture." in done["resolved_content"]
    (plan,) = done["pending_actions"]
    assert [step["tool_name"] for step in plan["steps"]] == ["create_folder", "move_images_to_folder"]
    assert "A plan of 2 steps waits for your approval" in done["content"]
    kept = detail(client, session)
    assert kept["messages"][-1]["content"] == done["content"]
    assert kept["session"]["total_tokens"] > done["token_count"]
    asked = [entry["body"] for entry in aimock.journal() if "tools" in entry["body"]]
    assert {tool["function"]["name"] for tool in asked[0]["tools"]} == set(AGENT_OF)
    assert parts(client).plans.get("local", session, plan["plan_id"]).status == "pending"


def test_pictures_are_looked_at_closely(client: FlaskClient, aimock: Aimock, vendor: Vendor) -> None:
    image = upload(client)
    call = {"name": "analyze_images", "arguments": {"image_ids": [image]}}
    aimock.answer({"toolCalls": [call]}, when={"hasToolResult": False})
    aimock.answer({"content": "A red square."}, when={"hasToolResult": True})
    done = stream(client, new_session(client), "Look closely.")[-2].data
    assert done["agents_used"] == ["AnalysisAgent"]
    assert [one["image_id"] for one in done["image_context"]] == [image]
    assert done["content"] == "A red square."
