"""What a provider call costs this process: CPU for each token of a burst and for each short answer.

    pipenv run python benchmarks/relay.py [--repeat 3]

Compares, against benchmarks/upstream.py in a process of its own, the `openai` SDK used as its README shows (typed
chunks), the SDK's raw response read line by line, and the project's adapter, alone and behind failover. All rows are
of one run; the figures of another machine, or of one at work, differ.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openai

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from services.content import user  # noqa: E402  (the project is found by the line above)
from services.providers.base import ChatModel, ChatRequest, TextDelta  # noqa: E402
from services.providers.config import ProviderConfig  # noqa: E402
from services.providers.failover import Failover  # noqa: E402
from services.providers.openai_chat import OpenAIChat  # noqa: E402

WORD_LENGTH = 6
Ask = Callable[[int], int]


def body(tokens: int) -> dict[str, Any]:
    return {
        "model": "mock",
        "messages": [{"role": "user", "content": "hi"}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": tokens,
    }


def typed(client: openai.OpenAI) -> Ask:
    def ask(tokens: int) -> int:
        chunks = client.chat.completions.create(**body(tokens))
        return sum(len(chunk.choices[0].delta.content or "") for chunk in chunks if chunk.choices)

    return ask


def raw_lines(client: openai.OpenAI) -> Ask:
    def ask(tokens: int) -> int:
        length = 0
        with client.chat.completions.with_streaming_response.create(**body(tokens)) as response:
            for line in response.iter_lines():
                if line.startswith("data: {"):
                    choices = json.loads(line[6:])["choices"]
                    length += len(choices[0]["delta"].get("content") or "") if choices else 0
        return length

    return ask


def adapter(model: ChatModel) -> Ask:
    def ask(tokens: int) -> int:
        events = model.stream(ChatRequest((user("hi"),), max_tokens=tokens))
        return sum(len(event.text) for event in events if isinstance(event, TextDelta))

    return ask


def measure(ask: Ask, tokens: int, threads: int, each: int) -> tuple[float, float]:
    """Seconds that passed and seconds of CPU, for `each` answers in each of `threads`."""

    def work() -> None:
        for _ in range(each):
            assert ask(tokens) == tokens * WORD_LENGTH

    ask(tokens)
    workers = [threading.Thread(target=work) for _ in range(threads)]
    began, cpu = time.perf_counter(), time.process_time()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return time.perf_counter() - began, time.process_time() - cpu


def row(name: str, ask: Ask) -> None:
    burst, burst_cpu = measure(ask, 2000, 32, 1)
    short, short_cpu = measure(ask, 20, 16, 30)
    tokens, answers = 32 * 2000, 16 * 30
    print(
        f"{name:28} {tokens / burst:9,.0f} {burst_cpu / tokens * 1e6:9.1f} "
        f"{answers / short:9,.0f} {short_cpu / answers * 1e3:9.2f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=1)
    options = parser.parse_args()
    upstream = subprocess.Popen(
        [sys.executable, str(ROOT / "benchmarks" / "upstream.py")], stdout=subprocess.PIPE, text=True
    )
    assert upstream.stdout is not None
    try:
        url = upstream.stdout.readline().strip()
        client = openai.OpenAI(api_key="none", base_url=url, max_retries=0)
        model = OpenAIChat(ProviderConfig(base_url=url, model="mock"))
        print(f"{'':28} {'tokens/s':>9} {'µs/token':>9} {'answers/s':>9} {'ms/answer':>9}")
        for _ in range(options.repeat):
            row("openai SDK, typed chunks", typed(client))
            row("openai SDK, raw lines", raw_lines(client))
            row("OpenAIChat", adapter(model))
            row("Failover of OpenAIChat", adapter(Failover([model])))
    finally:
        upstream.terminate()
        upstream.wait()


if __name__ == "__main__":
    main()
