"""One small HTTP server that speaks Google's two speech formats, and misbehaves to order on every path."""

from __future__ import annotations

import base64
import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal
from urllib.parse import parse_qs, urlsplit

Fault = Literal["hang", "reset", "garbage", "empty", "cut"]


@dataclass
class Vendor:
    """A running server.

    Args:
        heard: what Google Web Speech answers, by language tag: text and confidence, or None for nothing understood.
        sound: what Google Translate speaks: an MP3 file.
        fault: how to fail, or the HTTP status to answer; None answers well.
        asked: path and body of each request.
    """

    url: str
    heard: dict[str, tuple[str, float | None] | None] = field(default_factory=dict)
    sound: bytes = b""
    fault: Fault | int | None = None
    asked: list[tuple[str, bytes]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    def spoken(self) -> list[str]:
        """The texts that Google Translate was asked to speak."""
        bodies = [body for path, body in self.asked if path.endswith("batchexecute")]
        return [json.loads(json.loads(parse_qs(body.decode())["f.req"][0])[0][0][1])[0] for body in bodies]


def _answer(vendor: Vendor, path: str) -> bytes:
    if "recognize" in path:
        heard = vendor.heard.get(parse_qs(urlsplit(path).query)["lang"][0])
        lines = ['{"result":[]}']
        if heard is not None:
            alternative: dict[str, object] = {"transcript": heard[0]}
            if heard[1] is not None:
                alternative["confidence"] = heard[1]
            lines.append(json.dumps({"result": [{"alternative": [alternative], "final": True}], "result_index": 0}))
        return "\n".join(lines).encode()
    if path.endswith("batchexecute"):
        inner = json.dumps([base64.b64encode(vendor.sound).decode()])
        row = json.dumps([["wrb.fr", "jQ1olc", inner, None, None, None, "generic"]], separators=(",", ":"))
        return f")]}}'\n\n{len(row)}\n{row}\n".encode()
    return b"{}"


class _Handler(BaseHTTPRequestHandler):
    vendor: Vendor

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self.do_POST()

    def do_GET(self) -> None:
        self.do_POST()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        vendor = self.vendor
        vendor.asked.append((self.path, body))
        vendor.headers.append({key.lower(): value for key, value in self.headers.items()})
        with contextlib.suppress(OSError):
            match vendor.fault:
                case "hang":
                    vendor.stopping.wait(20)
                case "reset":
                    self.connection.close()
                case "garbage":
                    self._send(200, b"\x00\xff not what you think <html>", "text/html")
                case "empty":
                    self._send(200, b"", "application/json")
                case "cut":
                    self.send_response(200)
                    self.send_header("Content-Length", "1000000")
                    self.end_headers()
                    self.wfile.write(b"{")
                case None:
                    self._send(200, _answer(vendor, self.path), "application/json")
                case status:
                    self._send(status, b'{"error": {"message": "no", "code": %d}}' % status, "application/json")
        self.close_connection = True

    def _send(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if status == 429:
            self.send_header("Retry-After", "7")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


@contextlib.contextmanager
def start_vendor() -> Iterator[Vendor]:
    handler = type("Handler", (_Handler,), {})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        vendor = Vendor(f"http://127.0.0.1:{server.server_port}")
        handler.vendor = vendor
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield vendor
        finally:
            vendor.stopping.set()
            server.shutdown()
            thread.join()
