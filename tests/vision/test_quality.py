"""Sharpness and exposure, on photographs made worse step by step."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageFilter

from services.vision.quality import measure
from tests.vision.conftest import photo

SHARP = [
    "astronaut.png", "camera.png", "chelsea.png", "coffee.png", "coins.png", "motorcycle_left.png", "grass.png",
    "rocket.jpg", "china.jpg", "flower.jpg", "page.png",
]  # fmt: skip


def opened(name: str) -> Image.Image:
    return Image.open(io.BytesIO(photo(name))).convert("RGB")


def sharpness(image: Image.Image) -> float:
    return measure(np.asarray(image)).sharpness


@pytest.mark.parametrize("name", SHARP)
def test_sharp_pictures_and_their_blurred_copies(name: str) -> None:
    image = opened(name)
    assert measure(np.asarray(image)).focus == "sharp"
    copies = [image.filter(ImageFilter.GaussianBlur(radius)) for radius in (1, 2, 4, 8)]
    values = [sharpness(copy) for copy in (image, *copies)]
    assert values == sorted(values, reverse=True)
    assert measure(np.asarray(copies[2])).focus == "blurred"


def test_the_measure_is_that_of_its_formula() -> None:
    """An edge blurred by a Gaussian of s pixels has a steepest step of 1 / (s * sqrt(2 pi)) of its height."""
    step = np.zeros((200, 200, 3), dtype=np.uint8)
    step[:, 100:] = 200
    edge = Image.fromarray(step)
    assert sharpness(edge) == 1.0
    assert sharpness(edge.filter(ImageFilter.GaussianBlur(2))) == pytest.approx(0.4 / 2, abs=0.03)


def test_noise_does_not_make_a_blurred_picture_sharp() -> None:
    blurred = np.asarray(opened("camera.png").filter(ImageFilter.GaussianBlur(4))).astype(float)
    noisy = blurred + np.random.default_rng(3).normal(0, 4, blurred.shape)
    assert measure(noisy.clip(0, 255).astype(np.uint8)).focus != "sharp"


def test_a_camera_that_moved_blurs_along_one_direction() -> None:
    still = np.asarray(opened("camera.png")).astype(float)
    moved = np.mean([np.roll(still, shift, axis=1) for shift in range(14)], axis=0)
    assert measure(moved.astype(np.uint8)).focus != "sharp"


def test_a_soft_background_leaves_a_sharp_subject_sharp() -> None:
    image = opened("coffee.png")
    soft = image.filter(ImageFilter.GaussianBlur(8))
    soft.paste(image.crop((200, 100, 400, 300)), (200, 100))
    assert measure(np.asarray(soft)).focus == "sharp"


@pytest.mark.parametrize(("factor", "exposure"), [(0.12, "dark"), (0.5, "dim"), (1.0, "normal"), (2.6, "bright")])
def test_exposure(factor: float, exposure: str) -> None:
    image = ImageEnhance.Brightness(opened("chelsea.png")).enhance(factor)
    assert measure(np.asarray(image)).exposure == exposure


def test_washed_out() -> None:
    pale = Image.blend(opened("chelsea.png"), Image.new("RGB", (451, 300), "white"), 0.75)
    found = measure(np.asarray(pale))
    assert found.exposure == "washed out"
    assert found.contrast < 0.3


def test_numbers_lie_between_0_and_1() -> None:
    for name in SHARP:
        found = measure(np.asarray(opened(name)))
        numbers = (found.sharpness, found.brightness, found.contrast, found.dark_share, found.bright_share)
        assert all(0 <= number <= 1 for number in numbers)


@pytest.mark.parametrize(("grey", "exposure"), [(0, "dark"), (255, "washed out"), (119, "normal")])
def test_flat_pictures_cannot_be_called_blurred(grey: int, exposure: str) -> None:
    found = measure(np.full((80, 60, 3), grey, dtype=np.uint8))
    assert (found.focus, found.exposure, found.contrast) == ("sharp", exposure, 0.0)
