"""What each task of a conversation over a library costs: rounds of the model, tools, tokens, time.

    pipenv run python benchmarks/agents.py [--pictures 60]

One application in this process, with the local provider's rules, over generated pictures and a manual. A round is one
call of the model; its tokens are what a cloud model would be sent and say, estimated. Time is that of the whole stream.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from app import create_app
from config import Settings
from services.agent import loop
from services.providers.base import ChatModel, ChatRequest, ModelEvent
from services.providers.tokens import estimated_usage

TASKS = (
    "find the photos with rust",
    "compare the first two in detail",
    "what does the manual say about it, with the page",
    "how many photos a month do I have",
    "link these to the manual",
    "sort the beach photos into a folder",
    "How many people are in the picture?",
)
MANUAL = "# Pump manual\n\n" + "\n\n".join(
    f"## Part {number}\n\nCheck part {number} once a year and keep it dry." for number in range(1, 40)
)
MANUAL += "\n\n## Rust\n\nRemove rust from the housing with a wire brush before painting.\n"


class Counted:
    """A model that counts how often it is asked, and about how many tokens it is sent."""

    def __init__(self, model: ChatModel) -> None:
        self._model = model
        self.name, self.model, self.context_tokens = model.name, model.model, model.context_tokens
        self.requests: list[ChatRequest] = []

    def stream(self, request: ChatRequest) -> Iterator[ModelEvent]:
        self.requests.append(request)
        yield from self._model.stream(request)

    def close(self) -> None:
        self._model.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=60)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder), fetch_models=False, vision_provider=("local",), job_threads=0)
        app = create_app(settings)
        services = app.extensions["services"]
        services.turns.model = model = Counted(services.model)
        client = app.test_client()
        names = ("rust", "beach", "garden")
        for number in range(options.pictures):
            buffer = io.BytesIO()
            Image.new("RGB", (64 + number, 48), "brown").save(buffer, "JPEG")
            buffer.seek(0)
            sent = (buffer, f"{names[number % len(names)]}_{number}.jpg")
            assert client.post("/upload", data={"file": sent}).status_code == 201
        services.documents.add("local", "pump_manual.md", MANUAL.encode())
        services.jobs.run_pending()
        session = client.post("/api/v2/chat/sessions", json={}).json["session_id"]
        print(f"{'task':52}{'rounds':>7}{'prompt':>8}{'answer':>8}{'ms':>7}  tools")
        for task in TASKS:
            model.requests.clear()
            began = time.perf_counter()
            said = client.post(f"/api/v2/chat/sessions/{session}/messages/stream", json={"message": task}).text
            elapsed = (time.perf_counter() - began) * 1000
            events = [json.loads(line[6:]) for line in said.splitlines() if line.startswith("data: ")]
            done = next(event for event in events if event["type"] == "complete")
            tools = [event["tool_name"] for event in events if event["type"] == "tool_invocation"]
            prompt = sum(estimated_usage(request, "").prompt_tokens for request in model.requests)
            rounds = len(model.requests)
            print(f"{task:52}{rounds:7}{prompt:8}{done['token_count']:8}{elapsed:7.0f}  {', '.join(tools)}")
            assert rounds <= loop.MAX_ROUNDS
        services.stop()


if __name__ == "__main__":
    main()
