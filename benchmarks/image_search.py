"""How long a search for pictures takes, and how much memory, with many pictures.

    pipenv run python benchmarks/image_search.py [1000 10000 100000]

Fills a database of its own with made-up pictures: facts drawn from the names the eyes know, some with titles, a vector
of random numbers each. Prints the median and the slowest of a few runs of each query, the time of the first search
(which reads the vectors), and the memory of the process afterwards. Times are the processor's, so that what else the
machine does counts little; a search uses one core.
"""

from __future__ import annotations

import json
import random
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))

from sqlalchemy import insert  # noqa: E402 - the repository has to be on the path first

from models.database import Database  # noqa: E402
from models.media import Image, ImageWords  # noqa: E402
from services import migrations  # noqa: E402
from services.answers.nouns import COCO  # noqa: E402
from services.library.image_index import KIND, ImageIndex  # noqa: E402
from services.library.image_words import Texts, findable  # noqa: E402
from services.library.search import ImageSearch  # noqa: E402
from services.library.vectors import Vectors  # noqa: E402
from services.meaning.base import unit  # noqa: E402
from services.meaning.centred import Centred  # noqa: E402
from services.meaning.local import LocalEmbedder  # noqa: E402
from services.vision.facts import Box, Colour, DetectedObject, Facts, Quality, Scene, TextLine  # noqa: E402

OWNER = "someone"
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
COLOURS = "black white grey red orange yellow green blue purple pink brown".split()
PLACES = "Pune Nashik Goa Delhi Paris Rome office garden school market temple station".split()
QUERIES = (
    "red cars from last week",
    "images with dogs and cats",
    "high confidence detections of people",
    "the sign that says exit",
    "photos without people",
    "something like a sunset, not indoors",
    "school in Pune",
    "before 2020",
    "asdkjh qwlekj zxmcn",
)
RUNS = 5
BATCH = 2000


def facts(draw: random.Random) -> Facts:
    # The first names are the commonest, as in photographs.
    names = [COCO[min(int(draw.expovariate(0.12)), 79)] for _ in range(draw.randint(0, 4))]
    objects = tuple(
        DetectedObject(
            name,
            confidence := draw.uniform(0.3, 0.98),
            confidence > 0.5,
            Box(0.1, 0.1, 0.5, 0.5),
            (Colour(draw.choice(COLOURS), 0.6, (0, 0, 0)),),
        )
        for name in names
    )
    text = (TextLine(draw.choice(("EXIT", "SALE", "Platform 4")), 0.9, True, Box(0, 0, 1, 1)),)
    return Facts(
        width=640,
        height=480,
        format="JPEG",
        colours=tuple(Colour(name, 0.3, (0, 0, 0)) for name in draw.sample(COLOURS, 3)),
        quality=Quality(0.9, 0.5, 0.5, 0, 0, "sharp", "normal"),
        objects=objects,
        text=text if draw.random() < 0.1 else (),
        scene=Scene(draw.choice(("indoors", "outdoors", None)), True, "photo"),
    )


def pictures(count: int) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    draw = random.Random(6)
    for number in range(count):
        image_id = f"{number:08d}-0000-4000-8000-000000000000"
        title = f"{draw.choice(PLACES)} {draw.choice(PLACES)}" if draw.random() < 0.3 else ""
        found = findable(Texts(f"IMG_{number}.jpg", title), facts(draw))
        yield (
            {
                "id": image_id,
                "owner_id": OWNER,
                "filename": f"IMG_{number}.jpg",
                "mime_type": "image/jpeg",
                "size_bytes": draw.randint(10_000, 5_000_000),
                "width": 640,
                "height": 480,
                "sha256": image_id,
                "storage_key": image_id,
                "title": title or None,
                "analysis_status": "ready",
                "created_at": NOW - timedelta(minutes=30 * number),
            },
            {"image_id": image_id, "owner_id": OWNER, "words": found.words, "seen": found.seen, "read": found.read},
        )


def fill(database: Database, vectors: Vectors, count: int) -> None:
    draw = np.random.default_rng(6)
    batch: list[tuple[dict[str, Any], dict[str, Any]]] = []

    def keep() -> None:
        with database.write() as work:
            work.execute(insert(Image), [image for image, _words in batch])
            work.execute(insert(ImageWords), [words for _image, words in batch])
            rows = unit(draw.standard_normal((len(batch), 384), dtype=np.float32))
            vectors.put(work, KIND, OWNER, [image["id"] for image, _words in batch], rows)
        batch.clear()

    for pair in pictures(count):
        batch.append(pair)
        if len(batch) == BATCH:
            keep()
    if batch:
        keep()


def memory_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    report = {}
    for count in [int(argument) for argument in sys.argv[1:]] or [1000, 10_000, 100_000]:
        with tempfile.TemporaryDirectory() as folder:
            database = Database(f"sqlite:///{folder}/pictures.db")
            migrations.ensure(database)
            embedder = Centred(LocalEmbedder())
            vectors = Vectors(database, embedder.name)
            started = time.process_time()
            fill(database, vectors, count)
            filled = time.process_time() - started
            search = ImageSearch(database, ImageIndex(database, embedder, vectors))
            embedder.queries(["warm"])
            started = time.process_time()
            search.match(OWNER, "quarterly report", NOW)
            print(f"{count} pictures: filled in {filled:.0f} s, first search {time.process_time() - started:.2f} s")
            for query in QUERIES:
                times = []
                for _ in range(RUNS):
                    started = time.process_time()
                    found = search.match(OWNER, query, NOW).matches
                    search.hits(OWNER, found[:50])
                    times.append((time.process_time() - started) * 1000)
                report[f"{count} {query}"] = round(statistics.median(times))
                print(f"  {statistics.median(times):7.0f} ms, slowest {max(times):7.0f}  {len(found):6} found  {query}")
            print(f"  {memory_mb():.0f} MB")
            database.close()
    print(json.dumps(report))


if __name__ == "__main__":
    main()
