"""How fast pictures are indexed: `pipenv run python -m benchmarks.indexing [--pictures 40] [--models FOLDER]`.

Real photographs of the labelled set, their bytes made different so that each is looked at, sent in one request to a
real server, from its begin until the last of them is ready, beside the bare eyes in this process, which keep nothing.
Prints pictures a second of both, the time of the upload, and how soon a list was answered meanwhile.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import tempfile
import time
from pathlib import Path

import httpx2

from config import ROOT
from services.vision.eyes import Eyes
from services.vision.weights import fetch_missing
from tests.answers.labelled.carriers import pictures
from tests.server import Server, running

QUIET = {"VISION_PROVIDER": "local", "STT_PROVIDER": "local", "TTS_PROVIDER": "local", "IMAGE_PROVIDER": "local"}
WARM_UP = 2


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pictures", type=int, default=40)
    parser.add_argument("--models", type=Path, default=ROOT / ".cache" / "models")
    options = parser.parse_args()
    fetch_missing(options.models, print)
    photographs = itertools.islice(itertools.cycle(pictures()), options.pictures + WARM_UP)
    # What follows a JPEG's or a PNG's end is passed over by decoders and counts for its digest.
    files = [one.read() + f"{number}".encode() for number, one in enumerate(photographs)]
    bare = look(options.models, files)
    with tempfile.TemporaryDirectory() as folder:
        settings = QUIET | {"MODELS_DIR": str(options.models.resolve())}
        with running(Path(folder), **settings) as server:
            uploaded, took, waits = index(server, files)
    count = options.pictures
    print(f"{count} pictures, {sum(map(len, files)) / len(files) / 1024:.0f} kB on average")
    print(f"the bare eyes              {count / bare:6.2f} pictures a second")
    print(f"behind the server          {count / took:6.2f} pictures a second, {bare / took:.2f} of the bare eyes'")
    print(f"their upload               {uploaded:6.2f} s, {count / uploaded:.0f} pictures a second")
    print(
        f"a list, meanwhile          {statistics.median(waits) * 1000:6.0f} ms p50, {max(waits) * 1000:.0f} ms at most"
    )


def look(models: Path, files: list[bytes]) -> float:
    """Seconds of looking at all but the first few, which load the models."""
    eyes = Eyes(models, fetch=False)
    for data in files[:WARM_UP]:
        eyes.look(data)
    began = time.perf_counter()
    for data in files[WARM_UP:]:
        eyes.look(data)
    took = time.perf_counter() - began
    eyes.close()
    return took


def index(server: Server, files: list[bytes]) -> tuple[float, float, list[float]]:
    """Seconds of the upload, seconds from its begin until all are ready, and of each list asked for meanwhile."""
    with httpx2.Client(base_url=server.url, trust_env=False, timeout=600) as client:
        send(client, files[:WARM_UP])
        wait(client, WARM_UP, [])
        began = time.perf_counter()
        send(client, files[WARM_UP:])
        uploaded = time.perf_counter() - began
        waits: list[float] = []
        wait(client, len(files), waits)
        return uploaded, time.perf_counter() - began, waits


def send(client: httpx2.Client, files: list[bytes]) -> None:
    kinds = [("png" if data.startswith(b"\x89PNG") else "gif" if data.startswith(b"GIF") else "jpg") for data in files]
    named = [
        ("files", (f"{number}.{kind}", data, "application/octet-stream"))
        for number, (kind, data) in enumerate(zip(kinds, files, strict=True))
    ]
    answer = client.post("/api/v2/images", files=named).json()
    if answer.get("failed", 1):
        raise SystemExit(f"not all pictures were taken: {answer}")


def wait(client: httpx2.Client, ready: int, waits: list[float]) -> None:
    while True:
        began = time.perf_counter()
        found = client.get("/api/v2/images", params={"status": "ready", "limit": 1}).json()["total_count"]
        waits.append(time.perf_counter() - began)
        if found >= ready:
            return
        time.sleep(0.1)


if __name__ == "__main__":
    main()
