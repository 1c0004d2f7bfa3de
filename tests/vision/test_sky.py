"""A sky is told where it is one, and nothing where a wall, a fire or a lamp has its colours."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import skimage
from PIL import Image

from services.vision import sky
from services.vision.decode import Pixels
from services.vision.facts import Box, DetectedObject

HEIGHT, WIDTH = 120, 180
DATA = Path(skimage.__file__).parent / "data"


def rows(*stops: tuple[float, tuple[int, int, int]]) -> Pixels:
    """A picture whose colours run from top to bottom through stops (place 0-1, colour), with a little grain."""
    places = np.linspace(0, 1, HEIGHT)
    channels = [np.interp(places, [stop[0] for stop in stops], [stop[1][c] for stop in stops]) for c in range(3)]
    plain = np.repeat(np.stack(channels, axis=1)[:, None], WIDTH, axis=1)
    grain = np.random.default_rng(0).normal(0, 2, plain.shape)
    return np.clip(plain + grain, 0, 255).astype(np.uint8)


LAND = (25, 22, 20)
SUNSET = rows((0, (60, 60, 110)), (0.3, (150, 90, 90)), (0.58, (250, 160, 70)), (0.6, LAND), (1, LAND))
PURPLE = rows((0, (40, 40, 80)), (0.25, (200, 90, 100)), (0.55, (240, 130, 90)), (0.57, LAND), (1, (15, 15, 25)))
RED_WALL = rows((0, (190, 40, 35)), (0.6, (190, 40, 35)), (0.61, LAND), (1, LAND))
SEA = rows((0, (90, 150, 225)), (0.5, (170, 205, 240)), (0.52, (60, 90, 40)), (1, (90, 110, 50)))
SEA[HEIGHT // 2 :] = np.random.default_rng(2).normal((70, 95, 45), 25, SEA[HEIGHT // 2 :].shape).clip(0, 255)
BLUE_WALL = rows((0, (90, 150, 225)), (1, (90, 150, 225)))
NIGHT = rows((0, (18, 18, 55)), (0.7, (40, 40, 85)), (0.72, (8, 8, 10)), (1, (5, 5, 6)))
BLACK = rows((0, (4, 4, 4)), (1, (4, 4, 4)))


def spot(picture: Pixels, colour: tuple[int, int, int], radius: float = 0.25) -> Pixels:
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    painted = picture.copy()
    painted[((y - HEIGHT * 0.45) ** 2 + (x - WIDTH * 0.5) ** 2) < (radius * HEIGHT) ** 2] = colour
    return painted


@pytest.mark.parametrize(
    ("picture", "told"),
    [
        (SUNSET, "sunset"),
        (PURPLE, "sunset"),
        (SUNSET[:, ::-1], "sunset"),
        (RED_WALL, None),
        (RED_WALL[::-1], None),
        (spot(BLACK, (250, 140, 30)), None),
        (spot(rows((0, (120, 90, 60)), (1, (60, 40, 30))), (225, 170, 140), 0.4), None),
        (SEA, "blue"),
        (BLUE_WALL, None),
        (NIGHT, "night"),
        (BLACK, None),
        (SUNSET[:4, :4], None),
    ],
)
def test_the_sky_is_told_by_where_its_colours_are(picture: Pixels, told: str | None) -> None:
    assert sky.sky_of(np.ascontiguousarray(picture), ()) == told


def test_a_portrait_has_no_sky() -> None:
    person = DetectedObject("person", 0.9, True, Box(0.3, 0.2, 0.7, 1.0))
    assert sky.sky_of(SUNSET, [person]) is None
    assert sky.sky_of(SEA, [person]) is None


@pytest.mark.parametrize("name", ["astronaut.png", "coffee.png", "chelsea.png", "motorcycle_left.png", "retina.jpg"])
def test_real_pictures_in_warm_colours_are_no_sunsets(name: str) -> None:
    assert sky.sky_of(np.asarray(Image.open(DATA / name).convert("RGB")), ()) is None


def test_a_picture_in_greys_alone_is_monochrome() -> None:
    assert sky.is_monochrome(np.asarray(Image.open(DATA / "camera.png").convert("RGB")))
    assert not sky.is_monochrome(np.asarray(Image.open(DATA / "coffee.png").convert("RGB")))
    assert not sky.is_monochrome(spot(BLACK, (250, 140, 30), 0.05))


def test_green_is_told_of_leaves_and_not_of_walls() -> None:
    leaves = np.random.default_rng(1).normal((60, 110, 30), 18, (HEIGHT, WIDTH, 3)).clip(0, 255).astype(np.uint8)
    assert sky.is_green(leaves)
    assert not sky.is_green(rows((0, (60, 110, 30)), (1, (60, 110, 30))))
    assert not sky.is_green(SEA[:40].copy())
