"""nginx in front of two servers, by the file it is deployed with."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from config import ROOT
from tests.server import Server

LISTENS_WITHIN_S = 20


@dataclass(frozen=True)
class Nginx:
    """A running one.

    Attributes:
        certificate: who trusts it can speak TLS with it.
    """

    url: str
    port: int
    certificate: Path
    process: subprocess.Popen[bytes]


@contextmanager
def running(servers: tuple[Server, Server], *, tls: bool = True) -> Iterator[Nginx]:
    """nginx with `deploy/nginx.conf`, which takes connections on 127.0.0.1.

    Args:
        tls: otherwise it speaks plain HTTP.

    Raises:
        RuntimeError: it does not take its file, or warns of something in it.
    """
    # Where nginx's workers, who are somebody else when this runs as root, may write.
    folder = Path(tempfile.mkdtemp(prefix="nginx-"))
    folder.chmod(0o755)
    certificate = _certified(folder)
    # Both at once, or they might be one and the same.
    plain, port = free_ports(2)
    conf = _configured(folder, servers, plain, port, tls=tls)
    command = [shutil.which("nginx") or "/usr/sbin/nginx", "-p", str(folder), "-c", str(conf), "-e", "stderr"]
    try:
        tried = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
        if tried.returncode or "warn" in tried.stderr:
            raise RuntimeError(tried.stderr)
        with subprocess.Popen([*command, "-g", "daemon off;"], stderr=subprocess.DEVNULL) as process:
            try:
                _wait_for(folder / "nginx.pid", process)
                yield Nginx(f"http{'s' * tls}://127.0.0.1:{port}", port, certificate, process)
            finally:
                process.terminate()
                process.wait(20)
    finally:
        shutil.rmtree(folder)


def free_ports(count: int) -> list[int]:
    """Different ports that nobody listens on now."""
    with ExitStack() as held:
        listeners = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [int(listener.getsockname()[1]) for listener in listeners]


def _certified(folder: Path) -> Path:
    """A certificate for this machine that signs itself, and its key."""
    request = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1"
    written = ["-keyout", folder / "privkey.pem", "-out", folder / "fullchain.pem"]
    subprocess.run(["openssl", *request.split(), *written], check=True, capture_output=True)
    return folder / "fullchain.pem"


def _configured(folder: Path, servers: tuple[Server, Server], plain: int, port: int, *, tls: bool) -> Path:
    """nginx's file with this machine's addresses and folders in it, and nothing else changed."""
    text = (ROOT / "deploy" / "nginx.conf").read_text()
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    folders = [f"{kind}_temp_path {folder}/{kind};" for kind in kinds]
    places = {
        "/etc/nginx/tls/": f"{folder}/",
        "app1:5000": "{}:{}".format(*servers[0].address),
        "app2:5000": "{}:{}".format(*servers[1].address),
        "listen 80;": f"listen 127.0.0.1:{plain};",
        "listen 443 ssl http2;": f"listen 127.0.0.1:{port}{' ssl http2' * tls};",
        "worker_processes auto": "worker_processes 1",
        "http {": f"pid {folder}/nginx.pid;\n\nhttp {{\n    " + " ".join(folders),
    }
    for was, becomes in places.items():
        assert was in text, was
        text = text.replace(was, becomes)
    written = folder / "nginx.conf"
    written.write_text(text)
    return written


def _wait_for(pid: Path, process: subprocess.Popen[bytes]) -> None:
    """Until it has written down its number, which it does once it listens; somebody else may answer on its ports."""
    end = time.monotonic() + LISTENS_WITHIN_S
    while not pid.exists():
        if process.poll() is not None or time.monotonic() > end:
            raise RuntimeError("nginx does not listen")
        time.sleep(0.02)
