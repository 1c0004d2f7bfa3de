from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops

from services.errors import TooLarge
from services.studio.errors import CannotApply
from services.studio.measures import Length, Place, Region
from services.studio.operations import (
    Border,
    Crop,
    CropAspect,
    CropEdges,
    CropSize,
    Flip,
    Operation,
    Pad,
    Resize,
    Rotate,
    Trim,
)
from services.studio.render import render
from tests.studio.conftest import decoded, encoded, noise

SIZES = st.tuples(st.integers(1, 40), st.integers(1, 40))
MODES = st.sampled_from(["L", "RGB", "RGBA"])


def after(image: Image.Image, *operations: Operation) -> Image.Image:
    return decoded(render(encoded(image), operations).data)


def same(first: Image.Image, second: Image.Image) -> bool:
    return first.mode == second.mode and first.size == second.size and first.tobytes() == second.tobytes()


@given(SIZES, MODES, st.integers(0, 9))
def test_four_quarter_turns_are_none(size: tuple[int, int], mode: str, seed: int) -> None:
    image = noise(size, mode, seed)
    assert same(after(image, *[Rotate(90)] * 4), image)
    assert same(after(image, Rotate(90), Rotate(-90)), image)
    assert same(after(image, Rotate(180)), after(image, Rotate(90), Rotate(90)))


@given(SIZES, MODES, st.sampled_from(["horizontal", "vertical"]), st.integers(0, 9))
def test_two_flips_are_none(size: tuple[int, int], mode: str, axis: str, seed: int) -> None:
    image = noise(size, mode, seed)
    assert same(after(image, Flip(axis), Flip(axis)), image)


def test_right_is_clockwise() -> None:
    image = Image.new("RGB", (2, 1))
    image.putpixel((0, 0), (255, 0, 0))
    turned = after(image, Rotate(90))
    assert turned.size == (1, 2)
    assert turned.getpixel((0, 0)) == (255, 0, 0)
    assert after(image, Rotate(-90)).getpixel((0, 1)) == (255, 0, 0)


def test_a_slanted_turn_loses_nothing_and_shows_through_at_the_corners() -> None:
    turned = after(Image.new("RGB", (40, 40), "blue"), Rotate(45))
    assert turned.mode == "RGBA"
    assert turned.width in range(56, 59)
    assert turned.getpixel((0, 0))[3] == 0
    assert turned.getpixel((28, 28)) == (0, 0, 255, 255)
    assert after(Image.new("RGB", (40, 40), "blue"), Rotate(45, "#ffffff")).getpixel((0, 0)) == (255, 255, 255)


@pytest.mark.parametrize(
    ("operation", "box"),
    [
        (Crop(Region(0, 0, 0.5, 1)), (0, 0, 30, 40)),
        (Crop(Region(0.5, 0.5, 1, 1)), (30, 20, 60, 40)),
        (CropAspect(1, 1), (10, 0, 50, 40)),
        (CropAspect(1, 1, Place(0, 0.5)), (0, 0, 40, 40)),
        (CropAspect(3, 1), (0, 10, 60, 30)),
        (CropSize(Length(20), Length(10), Place(1, 1)), (40, 30, 60, 40)),
        (CropSize(Length(50, "percent"), Length(50, "percent")), (15, 10, 45, 30)),
        (CropEdges(left=Length(5), bottom=Length(25, "percent")), (5, 0, 60, 30)),
    ],
)
def test_crops_keep_exactly_their_pixels(operation: Operation, box: tuple[int, int, int, int]) -> None:
    image = noise()
    assert same(after(image, operation), image.crop(box))


@pytest.mark.parametrize(
    "operation",
    [
        CropSize(Length(61), Length(10)),
        CropEdges(left=Length(30), right=Length(30)),
        CropEdges(top=Length(60, "percent"), bottom=Length(40, "percent")),
    ],
)
def test_a_crop_that_leaves_nothing_is_refused(operation: Operation) -> None:
    with pytest.raises(CannotApply):
        after(noise(), operation)


def test_trim_takes_even_edges_and_jpeg_noise_off() -> None:
    image = Image.new("RGB", (60, 40), "white")
    image.paste(noise((20, 10)).point(lambda value: value // 2), (30, 5))
    assert same(after(image, Trim()), image.crop((30, 5, 50, 15)))
    with pytest.raises(CannotApply):
        after(Image.new("RGB", (9, 9), "red"), Trim())


@pytest.mark.parametrize(
    ("operation", "size"),
    [
        (Resize(scale=0.5), (30, 20)),
        (Resize(width=120), (120, 80)),
        (Resize(height=10), (15, 10)),
        (Resize(longest=30), (30, 20)),
        (Resize(width=30, height=30), (30, 30)),
        (Resize(width=30, height=30, fit="inside"), (30, 20)),
        (Resize(width=30, height=30, fit="cover"), (30, 30)),
        (Resize(scale=0.001), (1, 1)),
    ],
)
def test_resize(operation: Resize, size: tuple[int, int]) -> None:
    assert after(noise(), operation).size == size


def test_covering_cuts_instead_of_stretching() -> None:
    image = noise()
    cut = image.crop((10, 0, 50, 40)).resize((30, 30), Image.Resampling.LANCZOS)
    assert same(after(image, Resize(width=30, height=30, fit="cover")), cut)


def test_a_turn_that_grows_over_the_limit_is_refused() -> None:
    with pytest.raises(TooLarge):
        after(Image.new("L", (6000, 6000)), Rotate(45))


@pytest.mark.parametrize("operation", [Resize(scale=100), Resize(width=100_000), Border("#000000", Length(9000))])
def test_over_fifty_megapixels_is_refused(operation: Operation) -> None:
    with pytest.raises(TooLarge, match="50 megapixels"):
        after(noise((200, 100)), operation)


def test_padding_keeps_the_picture_in_the_middle() -> None:
    image = noise()
    padded = after(image, Pad(1, 1, "#ff0000"))
    assert padded.size == (60, 60)
    assert same(padded.crop((0, 10, 60, 50)), image)
    assert ImageChops.difference(padded.crop((0, 0, 60, 10)), Image.new("RGB", (60, 10), "red")).getbbox() is None
