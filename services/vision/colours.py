"""Dominant colours by the names people use, measured in CIELAB."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from services.vision.decode import Pixels, cut, fit
from services.vision.facts import Box, Colour

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

_SIDE: Final = 160
_LEAST_SHARE: Final = 0.03
_MOST: Final = 6

NAMES: Final = (
    "black", "dark grey", "grey", "light grey", "white",
    "dark red", "red", "pink", "brown", "orange", "beige", "yellow", "olive",
    "dark green", "green", "light green", "teal", "light blue", "blue", "dark blue", "purple",
)  # fmt: skip
_INDEX: Final = {name: index for index, name in enumerate(NAMES)}

_TO_XYZ: Final = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
_WHITE: Final = np.array([0.95047, 1.0, 1.08883])


def lab(rgb: npt.NDArray[np.uint8]) -> Floats:
    """sRGB (0-255, last axis) to CIELAB under D65: IEC 61966-2-1 and CIE 15."""
    levels = np.arange(256) / 255.0
    linear = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)[rgb]
    ratio = linear @ _TO_XYZ.T / _WHITE
    f = np.where(ratio > 216 / 24389, np.cbrt(ratio), (24389 / 27 * ratio + 16) / 116)
    x, y, z = f[..., 0], f[..., 1], f[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def name_indices(rgb: npt.NDArray[np.uint8]) -> Indices:
    """For each pixel (n x 3) the place of its colour's name in `NAMES`.

    Lightness, chroma and hue angle in CIELAB decide; the borders were set on the CSS named colours and on photographs.
    """
    values = lab(rgb)
    light, a, b = values[:, 0], values[:, 1], values[:, 2]
    chroma = np.hypot(a, b)
    hue = np.degrees(np.arctan2(b, a)) % 360
    result = np.full(len(rgb), -1, dtype=np.intp)

    def put(name: str, where: npt.NDArray[np.bool_]) -> None:
        result[(result < 0) & where] = _INDEX[name]

    # the eye calls a colour grey more readily when it is dark, and bluish greys more readily than warm ones
    bluish = (hue > 180) & (hue < 300)
    grey = chroma < np.where(light < 25, 12, np.where(light < 85, 9, 7)) + np.where(
        bluish, np.where(light < 60, 5, 3), 0
    )
    put("black", (light < 10) & (chroma < 25) | (light < 20) & grey)
    put("dark grey", grey & (light < 40))
    put("grey", grey & (light < 70))
    put("light grey", grey & (light < 89))
    put("white", grey | (light > 95) & (chroma < 12))

    red = (hue < 42) | (hue >= 350)
    put("beige", (hue >= 42) & (hue < 105) & (light >= 68) & (chroma < 30))
    put("beige", (hue >= 42) & (hue < 112) & (light >= 75) & (chroma < 22))
    put("pink", ((hue < 45) | (hue >= 332)) & (light >= 62) & (chroma < 62))
    put("pink", ((hue < 15) | (hue >= 335)) & (light >= 48) & (chroma > 25))
    put("brown", (hue >= 10) & (hue < 42) & (light < 62) & (chroma < 32))
    put("dark red", red & (light < 36))
    put("red", red)
    put("red", (hue < 50) & (chroma >= 58) & (light < 48) & (light >= 36))
    put("orange", (hue < 83) & (chroma >= 56) & (light >= 48))
    put("orange", (hue >= 58) & (hue < 83) & (chroma >= 46) & (light >= 48))
    put("orange", (hue < 83) & (chroma >= 36) & (light >= 60))
    put("brown", (hue < 83) & (light < 72))
    put("beige", (hue < 83) & (chroma < 42))
    put("orange", hue < 83)
    put("yellow", (hue < 112) & (light >= 66))
    put("brown", (hue < 92) & (light < 50))
    put("olive", hue < 112)
    put("dark green", (hue < 178) & (light < 38))
    put("light green", (hue < 178) & (light >= 82) & (chroma < 75))
    put("green", hue < 178)
    put("teal", (hue < 222) & (light < 78))
    put("light blue", (hue < 290) & (light >= 66))
    put("dark blue", (hue < 308) & (light < 27))
    # CIELAB bends towards purple near pure blue: what is very strong or dark there still reads as blue
    put("blue", (hue < 303) | (hue < 309) & ((chroma > 85) | (light < 35)))
    put("purple", hue < 360)
    return result


def dominant(pixels: Pixels) -> tuple[Colour, ...]:
    """The colours of a picture, the greatest share first, none under 3 %, at most six."""
    flat = fit(pixels, _SIDE).reshape(-1, 3)
    return _named(flat, np.ones(len(flat)))


def of_object(pixels: Pixels, box: Box) -> tuple[Colour, ...]:
    """The colours of what fills a box: its inner ellipse, with colours as common around the box played down.

    Args:
        pixels: the whole picture.
        box: where the object is, in fractions.
    """
    inside = fit(cut(pixels, box.left, box.top, box.right, box.bottom), 96)
    height, width = inside.shape[:2]
    y, x = np.mgrid[0:height, 0:width]
    inner = ((x + 0.5) / width - 0.5) ** 2 / 0.40**2 + ((y + 0.5) / height - 0.5) ** 2 / 0.44**2 <= 1
    flat = inside[inner] if inner.any() else inside.reshape(-1, 3)
    names = name_indices(flat)
    own = np.bincount(names, minlength=len(NAMES)) / len(names)
    around = _around(pixels, box)
    weight = own / (own + around + 1e-9)
    return _named(flat, weight[names], most=3, least=0.12)


def _around(pixels: Pixels, box: Box) -> Floats:
    """Shares of the colour names in a frame about the box, a sixth of it wide; zeros where there is no room."""
    wide, high = (box.right - box.left) / 6, (box.bottom - box.top) / 6
    left, top = max(0.0, box.left - wide), max(0.0, box.top - high)
    right, bottom = min(1.0, box.right + wide), min(1.0, box.bottom + high)
    outer = fit(cut(pixels, left, top, right, bottom), 96)
    height, width = outer.shape[:2]
    y, x = np.mgrid[0:height, 0:width]
    across = left + (x + 0.5) / width * (right - left)
    down = top + (y + 0.5) / height * (bottom - top)
    ring = (across < box.left) | (across > box.right) | (down < box.top) | (down > box.bottom)
    if ring.mean() < 0.05:
        return np.zeros(len(NAMES))
    counts = np.bincount(name_indices(outer[ring]), minlength=len(NAMES))
    return np.asarray(counts / counts.sum(), dtype=np.float64)


def _named(flat: Pixels, weights: Floats, *, most: int = _MOST, least: float = _LEAST_SHARE) -> tuple[Colour, ...]:
    names = name_indices(flat)
    mass = np.bincount(names, weights=weights, minlength=len(NAMES))
    shares = mass / mass.sum()
    found = []
    for index in np.argsort(-shares, kind="stable")[:most]:
        if shares[index] >= least:
            middle = np.median(flat[names == index], axis=0)
            red, green, blue = (int(level) for level in middle)
            found.append(Colour(NAMES[index], round(float(shares[index]), 3), (red, green, blue)))
    return tuple(found)
