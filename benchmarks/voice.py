"""How long a listener waits: whole answers and the first sound, over HTTP and the WebSocket.

    pipenv run python benchmarks/voice.py [--local 10] [--cloud 8] [--models DIR]

Two servers are started, each in a process of its own. One hears, sees and speaks by itself (DIR holds the weights; what
needs those that are missing is left out of its answers). The other asks a mock of OpenAI in this process, as slow as
vendors are: 1-2 s to hear, 2-4 s to write an answer of four sentences (a third of it before the first word), and to
speak 0.4 s and 5 ms a letter, so 1-2 s for a whole answer. Beside it, the naive sequence against the same mock: hear,
wait for the whole answer, speak it whole. All rows are of one run; the figures of another machine, or of one at work,
differ. It takes about two minutes.
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import random
import statistics
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import skimage
import soundfile
from PIL import Image
from simple_websocket import Client

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from services.speech import mp3  # noqa: E402  (the project is found by the line above)
from services.speech.espeak import say  # noqa: E402
from tests.server import running  # noqa: E402

AT_ONCE = 4
PICTURES = ("astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg", "color.png", "motorcycle_left.png")
QUESTION = "What is in front of me?"


@dataclass(frozen=True)
class Timing:
    """Seconds from the request to its first sound and to its end."""

    first: float
    whole: float


Ask = Callable[[str, int], Timing]


def pictures() -> list[bytes]:
    """JPEGs as a phone would send them, 800 pixels wide."""
    folder = Path(skimage.__file__).parent / "data"
    found = [ROOT / "tests" / "samples" / "cat.jpg", *(folder / name for name in PICTURES if (folder / name).is_file())]
    return [_jpeg(Image.open(path).convert("RGB")) for path in found]


def _jpeg(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.resize((800, round(800 * image.height / image.width))).save(out, "JPEG", quality=88)
    return out.getvalue()


def distinct(picture: bytes, number: int) -> bytes:
    """The same picture cut a little differently, so that nothing is remembered of it."""
    image = Image.open(io.BytesIO(picture))
    return _jpeg(image.crop((number % 17, number % 13, image.width, image.height)))


def recording() -> bytes:
    samples, rate = say(QUESTION, "en-us", 140)
    out = io.BytesIO()
    soundfile.write(out, samples, rate, format="WAV", subtype="PCM_16")
    return out.getvalue()


def over_http(url: str, images: Sequence[bytes], audio: bytes) -> Ask:
    client = httpx2.Client(base_url=url, trust_env=False, timeout=90)

    def ask(mode: str, number: int) -> Timing:
        files = {"image": ("a.jpg", distinct(images[number % len(images)], number))}
        if mode == "conversation":
            files["audio"] = ("q.wav", audio)
        began = time.perf_counter()
        data = {"session_id": str(uuid.uuid4()), "mode": mode}
        with client.stream("POST", "/api/v1/analyze", data=data, files=files) as response:
            first = 0.0
            for _ in response.iter_bytes():
                first = first or time.perf_counter() - began
        assert response.status_code == 200, dict(response.headers)
        return Timing(first, time.perf_counter() - began)

    return ask


def over_websocket(url: str, images: Sequence[bytes], audio: bytes) -> Ask:
    def ask(mode: str, number: int) -> Timing:
        body = {"session_id": str(uuid.uuid4()), "mode": mode}
        body["image"] = base64.b64encode(distinct(images[number % len(images)], number)).decode()
        if mode == "conversation":
            body["audio"] = base64.b64encode(audio).decode()
        socket = Client(url.replace("http", "ws") + "/api/v1/stream")
        try:
            began, first = time.perf_counter(), 0.0
            socket.send(json.dumps(body))
            while True:
                message = socket.receive(timeout=90)
                assert message is not None
                if isinstance(message, bytes):
                    first = first or time.perf_counter() - began
                    continue
                told = json.loads(message)
                assert told["type"] != "error", told
                if told["type"] == "complete":
                    return Timing(first, time.perf_counter() - began)
        finally:
            socket.close()

    return ask


def one_after_the_other(url: str, audio: bytes) -> Ask:
    client = httpx2.Client(base_url=url, trust_env=False, timeout=90)

    def ask(mode: str, _number: int) -> Timing:
        began = time.perf_counter()
        if mode == "conversation":
            client.post("/v1/audio/transcriptions", files={"file": ("q.wav", audio)}).raise_for_status()
        answer = client.post("/v1/chat/completions", json={"messages": [], "stream": False}).raise_for_status().json()
        text = answer["choices"][0]["message"]["content"]
        client.post("/v1/audio/speech", json={"input": text}).raise_for_status()
        took = time.perf_counter() - began
        return Timing(took, took)

    return ask


class Vendor(BaseHTTPRequestHandler):
    """A mock of OpenAI's ear, model and voice with the delays of the real ones."""

    protocol_version = "HTTP/1.1"
    chance = random.Random(7)
    count = 0
    lock = threading.Lock()

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""

    def do_GET(self) -> None:
        self._send(b'{"object": "list", "data": []}', "application/json")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with self.lock:
            Vendor.count += 1
            number, hearing, writing = Vendor.count, self.chance.uniform(1, 2), self.chance.uniform(2, 4)
        if self.path.endswith("/transcriptions"):
            time.sleep(hearing)
            heard = {"text": QUESTION, "language": "english", "duration": 2.0, "segments": [{"avg_logprob": -0.1}]}
            self._send(json.dumps(heard).encode(), "application/json")
        elif self.path.endswith("/speech"):
            text = json.loads(body)["input"]
            time.sleep(0.4 + 0.005 * len(text))
            tone = 0.2 * np.sin(np.arange(int(24_000 * 0.06 * len(text))) * 0.1)
            self._send(mp3.encode(tone.astype(np.float32), 24_000), "audio/mpeg")
        else:
            self._write(answer(number), writing, streamed=json.loads(body).get("stream", False))

    def _write(self, text: str, seconds: float, *, streamed: bool) -> None:
        if not streamed:
            time.sleep(seconds)
            message = {"role": "assistant", "content": text}
            whole = {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
            self._send(json.dumps(whole).encode(), "application/json")
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        words = text.split(" ")
        time.sleep(seconds / 3)
        for word in words:
            time.sleep(seconds * 2 / 3 / len(words))
            self._event({"content": word + " "})
        self._event({}, "stop")
        self.wfile.write(b"data: [DONE]\n\n")
        self.close_connection = True

    def _event(self, delta: dict[str, str], finish: str | None = None) -> None:
        chunk = {
            "id": "chatcmpl-1",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": "mock",
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
        }
        self.wfile.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")
        self.wfile.flush()

    def _send(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def answer(number: int) -> str:
    """Four sentences, new each time, so that no speech of them is kept."""
    return (
        f"There is a step number {number} right in front of you. "
        f"A door marked {number} stands open on your left, about two metres away. "
        f"On your right is a table with {number} cups on it. "
        f"I am not sure what hangs on the wall above shelf {number}."
    )


@contextmanager
def vendor() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Vendor) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def measure(ask: Ask, mode: str, times: int, at_once: int) -> list[Timing]:
    with ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(lambda number: ask(mode, number), range(times)))


def row(name: str, mode: str, taken: Sequence[Timing], naive: float | None = None) -> None:
    first, whole = ([each.first for each in taken], [each.whole for each in taken])
    cells = [statistics.median(first), p95(first), statistics.median(whole), p95(whole)]
    ratio = "" if naive is None else f"  {cells[0] / naive:5.2f}"
    print(f"{name:<24}{mode:<14}" + "".join(f"{cell:>10.2f}" for cell in cells) + ratio, flush=True)


def p95(values: Sequence[float]) -> float:
    return float(np.percentile(values, 95))


def local(arguments: argparse.Namespace, folder: Path, images: Sequence[bytes], audio: bytes) -> None:
    settings = {"VISION_PROVIDER": "local", "STT_PROVIDER": "local", "TTS_PROVIDER": "local", **common()}
    if arguments.models:
        settings["MODELS_DIR"] = str(arguments.models.resolve())
    with running(folder, **settings) as server:
        asks: dict[str, Ask] = {
            "local, HTTP": over_http(server.url, images, audio),
            "local, WebSocket": over_websocket(server.url, images, audio),
        }
        asks["local, HTTP"]("conversation", 1000)  # loads what is loaded once
        for mode, start in (("snapshot", 100), ("conversation", 300)):
            taken: dict[str, list[Timing]] = {name: [] for name in asks}
            for number in range(arguments.local):
                # In turns, so that whatever else the machine does falls on both.
                for place, (name, ask) in enumerate(asks.items()):
                    taken[name].append(ask(mode, start + 2 * number + place))
            for name, timings in taken.items():
                row(name, mode, timings)


def cloud(arguments: argparse.Namespace, folder: Path, images: Sequence[bytes], audio: bytes) -> None:
    with vendor() as mock:
        settings = {"OPENAI_BASE_URL": f"{mock}/v1", "OPENAI_API_KEY": "mock", "VISION_PROVIDER": "openai"}
        settings |= {"STT_PROVIDER": "openai", "TTS_PROVIDER": "openai", **common()}
        with running(folder, **settings) as server:
            asks: dict[str, Ask] = {
                "cloud, HTTP": over_http(server.url, images, audio),
                "cloud, WebSocket": over_websocket(server.url, images, audio),
            }
            asks["cloud, HTTP"]("snapshot", 1000)
            for mode in ("snapshot", "conversation"):
                naive = measure(one_after_the_other(mock, audio), mode, arguments.cloud, AT_ONCE)
                middle = statistics.median(each.first for each in naive)
                row("one after the other", mode, naive, middle)
                for name, ask in asks.items():
                    row(name, mode, measure(ask, mode, arguments.cloud, AT_ONCE), middle)


def common() -> dict[str, Any]:
    return {"VOICE_RATE_LIMIT": "100000/minute"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--local", type=int, default=10, help="requests to each row of the local providers")
    parser.add_argument("--cloud", type=int, default=8, help="requests to each row of the mock cloud")
    parser.add_argument("--models", type=Path, help="folder of the weights, as MODELS_DIR")
    arguments = parser.parse_args()
    images, audio = pictures(), recording()
    print(f"{'seconds':<38}{'first p50':>10}{'p95':>10}{'whole p50':>10}{'p95':>10}  ratio of first p50")
    with tempfile.TemporaryDirectory() as name:
        local(arguments, Path(name, "local"), images, audio)
        cloud(arguments, Path(name, "cloud"), images, audio)


if __name__ == "__main__":
    main()
