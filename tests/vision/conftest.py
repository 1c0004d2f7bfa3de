"""Weights and pictures for the tests of the eyes."""

from __future__ import annotations

import functools
import io
import os
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
import skimage
from PIL import Image

from services.vision.eyes import Eyes
from services.vision.facts import Facts
from services.vision.weights import fetch_missing

REPOSITORY = Path(__file__).parents[2]
SKIMAGE = Path(skimage.__file__).parent / "data"
# Only where it lies: to import it takes seconds.
SKLEARN = Path(str(find_spec("sklearn").origin)).parent / "datasets" / "images"


def photo(name: str) -> bytes:
    """A picture that ships in scikit-image or scikit-learn, as its file."""
    folder = SKLEARN if name in {"china.jpg", "flower.jpg"} else SKIMAGE
    return (folder / name).read_bytes()


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    """An image file."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.fixture(scope="session")
def models_dir() -> Path:
    """The weights, fetched once for all workers; the tests fail when they cannot be had."""
    folder = Path(os.environ.get("VISUAL_ASSISTANT_TEST_MODELS") or REPOSITORY / ".cache" / "models")
    said: list[str] = []
    missing = fetch_missing(folder, said.append, timeout_s=90)
    assert not missing, "\n".join(said)
    return folder


@pytest.fixture(scope="session")
def eyes(models_dir: Path) -> Iterator[Eyes]:
    looking = Eyes(models_dir, fetch=False)
    yield looking
    looking.close()


@pytest.fixture(scope="session")
def seen(eyes: Eyes) -> Callable[[str], Facts]:
    """The facts of a photograph by its name, each looked at once."""

    @functools.cache
    def look(name: str) -> Facts:
        return eyes.look(photo(name))

    return look


@pytest.fixture(scope="session")
def astronaut() -> Image.Image:
    return Image.open(io.BytesIO(photo("astronaut.png"))).convert("RGB")
