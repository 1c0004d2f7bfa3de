"""How long a local edit takes by megapixel, beside bare Pillow doing the same from file to file.

    pipenv run python -m benchmarks.studio_edit [megapixels ...]

The ratio is the cost of words, checks, replay and alternative text; both sides run in turns in one process.
"""

from __future__ import annotations

import io
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import skimage
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from services.studio.base import EditChain, Picture, StudioRequest
from services.studio.local_editor import LocalEditor

ROUNDS = 5
LUMA = (0.299, 0.587, 0.114, 0)
PHOTO = Path(skimage.__file__).with_name("data") / "astronaut.png"


def source(megapixels: float) -> bytes:
    side = round((megapixels * 1_000_000) ** 0.5)
    buffer = io.BytesIO()
    Image.open(PHOTO).convert("RGB").resize((side, side), Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def three(image: Image.Image) -> Image.Image:
    grey = image.convert("RGB", matrix=LUMA * 3)
    left = (grey.width - round(grey.height * 4 / 5)) // 2
    cut = grey.crop((left, 0, left + round(grey.height * 4 / 5), grey.height))
    return ImageOps.expand(cut, 20, (255, 0, 0))


EDITS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "make it black and white": lambda image: image.convert("RGB", matrix=LUMA * 3),
    "increase the brightness by 30%": lambda image: ImageEnhance.Brightness(image).enhance(1.3),
    "rotate left": lambda image: image.transpose(Image.Transpose.ROTATE_90),
    "resize to 50%": lambda image: image.resize((image.width // 2, image.height // 2), Image.Resampling.LANCZOS),
    "blur by 10 pixels": lambda image: image.filter(ImageFilter.GaussianBlur(10)),
    "make it black and white, then crop it to 4:5 and add a red border of 20 pixels": three,
}


def bare(data: bytes, change: Callable[[Image.Image], Image.Image]) -> None:
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        change(image).save(io.BytesIO(), "JPEG", quality=95, subsampling=0)


def ours(data: bytes, prompt: str) -> None:
    reply = LocalEditor().create_or_edit(StudioRequest(prompt, Picture(data, "image/jpeg")))
    assert reply.outcome == "picture", (prompt, reply.text)


def seconds(work: Callable[..., None], *arguments: object) -> float:
    started = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - started


def table(megapixels: list[float]) -> None:
    print(f"{'edit':<80} {'MP':>5} {'ours ms':>9} {'Pillow ms':>10} {'ratio':>6}")
    for size in megapixels:
        data = source(size)
        for prompt, change in EDITS.items():
            ours(data, prompt)
            pairs = [(seconds(ours, data, prompt), seconds(bare, data, change)) for _ in range(ROUNDS)]
            mine, pillow = (statistics.median(column) for column in zip(*pairs, strict=True))
            ratio = statistics.median(one / other for one, other in pairs)
            print(f"{prompt:<80} {size:>5g} {mine * 1000:>9.1f} {pillow * 1000:>10.1f} {ratio:>6.2f}")


def chain_cost(megapixels: float) -> None:
    """The tenth edit of a chain, replayed from the original, beside the first."""
    data = source(megapixels)
    editor = LocalEditor()
    picture, chain = Picture(data, "image/jpeg"), EditChain(data)
    times = []
    for number in range(10):
        request = StudioRequest(
            "make it a bit brighter" if number % 2 else "make it a bit darker", picture, chain=chain
        )
        started = time.perf_counter()
        reply = editor.create_or_edit(request)
        times.append(time.perf_counter() - started)
        assert reply.picture is not None
        picture, chain = reply.picture, EditChain(data, reply.operations)
    print(f"replay at {megapixels:g} MP: first edit {times[0] * 1000:.0f} ms, tenth {times[-1] * 1000:.0f} ms")


if __name__ == "__main__":
    table([float(one) for one in sys.argv[1:]] or [1, 4, 12])
    chain_cost(4)
