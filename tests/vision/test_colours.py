"""Names of colours."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageColor

from services.vision.colours import NAMES, dominant, lab, name_indices, of_object
from services.vision.facts import Box
from tests.vision.conftest import photo


def pixels(name: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(photo(name))).convert("RGB"))


def test_cielab_of_known_colours() -> None:
    """Values of the sRGB primaries under D65, from B. Lindbloom's calculator."""
    colours = np.array([[255, 255, 255], [0, 0, 0], [255, 0, 0], [0, 255, 0], [0, 0, 255]], dtype=np.uint8)
    wanted = [[100, 0, 0], [0, 0, 0], [53.24, 80.09, 67.20], [87.73, -86.18, 83.18], [32.30, 79.19, -107.86]]
    assert np.allclose(lab(colours), wanted, atol=0.06)


CSS = {
    "black": "black", "white": "white", "gray": "grey", "dimgray": "grey", "silver": "light grey", "snow": "white",
    "red": "red", "crimson": "red", "firebrick": "red", "darkred": "dark red", "maroon": "dark red",
    "orange": "orange", "darkorange": "orange", "coral": "orange", "orangered": "orange",
    "saddlebrown": "brown", "sienna": "brown", "tan": "beige", "wheat": "beige", "beige": "beige",
    "yellow": "yellow", "gold": "yellow", "khaki": "yellow", "olive": "olive",
    "green": "green", "lime": "green", "forestgreen": "green", "darkgreen": "dark green", "palegreen": "light green",
    "teal": "teal", "darkcyan": "teal", "skyblue": "light blue", "lightblue": "light blue", "deepskyblue": "light blue",
    "blue": "blue", "royalblue": "blue", "dodgerblue": "blue", "steelblue": "blue", "navy": "dark blue",
    "midnightblue": "dark blue", "purple": "purple", "indigo": "purple", "blueviolet": "purple", "orchid": "purple",
    "pink": "pink", "hotpink": "pink", "deeppink": "pink", "lightpink": "pink", "slategray": "grey",
}  # fmt: skip


@pytest.mark.parametrize(("css", "name"), CSS.items())
def test_css_colours(css: str, name: str) -> None:
    rgb = np.array([ImageColor.getrgb(css)], dtype=np.uint8)
    assert NAMES[int(name_indices(rgb)[0])] == name


def test_every_colour_has_a_name() -> None:
    levels = np.arange(0, 256, 15, dtype=np.uint8)
    cube = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(-1, 3)
    found = name_indices(cube)
    assert found.min() >= 0
    assert set(found.tolist()) == set(range(len(NAMES)))


def test_shares() -> None:
    picture = np.zeros((100, 100, 3), dtype=np.uint8)
    picture[:, :60] = (255, 0, 0)
    picture[:, 60:99] = (0, 0, 255)
    found = dominant(picture)
    assert [(colour.name, colour.share) for colour in found] == [("red", 0.6), ("blue", 0.39)]
    assert found[0].rgb == (255, 0, 0)


@pytest.mark.parametrize(
    ("picture", "first"), [("chelsea.png", "brown"), ("retina.jpg", "red"), ("hubble_deep_field.jpg", "black")]
)
def test_photographs(picture: str, first: str) -> None:
    found = dominant(pixels(picture))
    assert found[0].name == first
    assert sum(colour.share for colour in found) <= 1.001
    assert [colour.share for colour in found] == sorted((colour.share for colour in found), reverse=True)


def test_an_object_on_a_ground_of_its_neighbours_colour() -> None:
    picture = np.full((200, 200, 3), (0, 128, 0), dtype=np.uint8)
    picture[80:120, 60:140] = (220, 20, 20)  # the box about it holds as much green as red
    found = of_object(picture, Box(0.25, 0.25, 0.75, 0.75))
    assert found[0].name == "red"


def test_an_object_that_fills_the_picture() -> None:
    picture = np.full((50, 50, 3), (250, 250, 250), dtype=np.uint8)
    assert [colour.name for colour in of_object(picture, Box(0.0, 0.0, 1.0, 1.0))] == ["white"]


@pytest.mark.parametrize("box", [Box(0.5, 0.5, 0.5, 0.5), Box(0.99, 0.0, 1.0, 0.001), Box(0.0, 0.0, 0.004, 1.0)])
def test_boxes_thinner_than_a_pixel(box: Box) -> None:
    picture = np.full((40, 40, 3), 10, dtype=np.uint8)
    assert [colour.name for colour in of_object(picture, box)] == ["black"]
