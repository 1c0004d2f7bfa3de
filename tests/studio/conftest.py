from __future__ import annotations

import contextlib
import io
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skimage
from PIL import Image


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def decoded(file: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(file))
    image.load()
    return image


def noise(size: tuple[int, int] = (60, 40), mode: str = "RGB", seed: int = 1) -> Image.Image:
    """Every pixel different from its neighbours, so that no wrong place or order goes unseen."""
    bands = len(Image.new(mode, (1, 1)).getbands())
    shape = (size[1], size[0], bands) if bands > 1 else (size[1], size[0])
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8), mode)


def photo() -> Image.Image:
    """A real photograph (NASA's portrait of Eileen Collins, 512 by 512)."""
    return Image.open(Path(skimage.__file__).with_name("data") / "astronaut.png").convert("RGB")


@dataclass
class Asked:
    """One request as a vendor got it: `parts` are a multipart's fields, `body` a JSON document."""

    path: str
    headers: dict[str, str]
    body: Any = None
    parts: dict[str, bytes] = field(default_factory=dict)


@dataclass
class VendorServer:
    """Answers every request with `status` and `answer`, after `delay` seconds, and keeps what it was asked: for what
    aimock does not do (keeping multipart bodies, Gemini's picture parts, broken pictures)."""

    url: str
    answer: Any = None
    status: int = 200
    delay: float = 0.0
    asked: list[Asked] = field(default_factory=list)


class _Handler(BaseHTTPRequestHandler):
    vendor: VendorServer

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        asked = Asked(self.path, dict(self.headers))
        kind = self.headers["Content-Type"]
        if kind.startswith("multipart/"):
            message = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + body)
            for part in message.iter_parts():
                name = part.get_param("name", header="content-disposition")
                asked.parts[str(name)] = part.get_payload(decode=True)
        else:
            asked.body = json.loads(body)
        self.vendor.asked.append(asked)
        time.sleep(self.vendor.delay)
        answer = self.vendor.answer
        sent = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(self.vendor.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        with contextlib.suppress(OSError):  # the client may have given up meanwhile
            self.wfile.write(sent)

    def log_message(self, *_args: object) -> None:
        """The journal is `asked`."""


@contextmanager
def vendor_server() -> Iterator[VendorServer]:
    handler = type("Handler", (_Handler,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    handler.vendor = VendorServer(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield handler.vendor
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def vendor() -> Iterator[VendorServer]:
    with vendor_server() as server:
        yield server


@pytest.fixture
def closing() -> Iterator[Callable[[Any], Any]]:
    """Close what is passed in when the test ends; returns it."""
    with ExitStack() as stack:

        def later(thing: Any) -> Any:
            stack.callback(thing.close)
            return thing

        yield later
