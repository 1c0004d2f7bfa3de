"""What the sky is, and whether there is much green: told by where in a picture which colours are.

The borders were set on the 90 real pictures of `tests/answers/labelled` and on drawn ones (walls, fires, portraits
before coloured cloth). Sunrise cannot be told from sunset.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from services.vision.colours import lab
from services.vision.decode import Pixels, fit
from services.vision.facts import DetectedObject, Sky

_SIDE: Final = 96
_LEAST_SIDE: Final = 12
_SURE: Final = 0.5
_PEOPLE_SHARE: Final = 0.15
"""The share of a picture from which on a person makes it a portrait, whose background may be a wall."""

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


class _Small(NamedTuple):
    """A small copy in CIELAB: lightness, chroma, and hue angle in degrees."""

    light: Floats
    chroma: Floats
    hue: Floats


def sky_of(pixels: Pixels, objects: Sequence[DetectedObject]) -> Sky | None:
    """Whether a photograph shows a glowing, a blue or a night sky; None where that is not sure.

    Args:
        pixels: the upright picture.
        objects: those found; what they cover is no sky.
    """
    small = _small(pixels)
    if min(small.light.shape) < _LEAST_SIDE:
        return None
    free = _free(small.light.shape, objects)
    portrait = any(thing.name == "person" and thing.box.area > _PEOPLE_SHARE for thing in objects)
    if not portrait and _glows(small, free):
        return "sunset"
    if not portrait and _is_blue(small, free):
        return "blue"
    return "night" if _is_night(small) else None


def is_green(pixels: Pixels) -> bool:
    """Whether plants fill a third of a photograph: green, and rough as leaves are."""
    small = _small(pixels)
    green = (small.hue > 98) & (small.hue < 170) & (small.chroma > 14) & (small.light > 10)
    return bool(green.mean() >= 0.3 and _roughness(small.light, green) >= 1.5)


def is_monochrome(pixels: Pixels) -> bool:
    """Whether a picture has shades of grey alone."""
    small = fit(pixels, 256).astype(np.int16)
    return bool(((small.max(axis=2) - small.min(axis=2)) > 14).mean() < 0.002)


def _small(pixels: Pixels) -> _Small:
    copy = fit(pixels, _SIDE)
    values = lab(copy)
    light, a, b = values[..., 0], values[..., 1], values[..., 2]
    return _Small(light, np.hypot(a, b), np.degrees(np.arctan2(b, a)) % 360)


def _free(shape: tuple[int, ...], objects: Sequence[DetectedObject]) -> Mask:
    height, width = shape
    free = np.ones((height, width), dtype=bool)
    for thing in objects:
        if thing.confidence >= _SURE:
            box = thing.box
            free[
                int(box.top * height) : int(np.ceil(box.bottom * height)),
                int(box.left * width) : int(np.ceil(box.right * width)),
            ] = False
    return free


def _glows(small: _Small, free: Mask) -> bool:
    """A smooth warm band across the upper two thirds, up to an edge and brighter than the top, above what is dark."""
    height, width = small.light.shape
    dark = small.light < 25
    below, above = dark[height * 2 // 3 :].mean(), dark[: height // 2].mean()
    warm = ((small.hue < 85) | (small.hue > 335)) & (small.chroma > 18) & (small.light > 28) & free
    band = warm[: height * 2 // 3]
    rows = band.mean(axis=1)
    if below < 0.45 or below - above < 0.3 or band.mean() < 0.2 or rows.max() < 0.5:
        return False
    side, top, brightest = width // 4, max(1, height // 10), int(rows.argmax())
    around = slice(max(0, brightest - 2), brightest + 3)
    rise = float(small.light[around][warm[around]].mean() - small.light[:top].mean())
    return bool(
        max(band[:, :side].mean(), band[:, -side:].mean()) >= 0.2
        and _roughness(small.light[: height * 2 // 3], band) < 3.2
        and rows.max() - rows[:top].mean() >= 0.4
        and rise >= 5
    )


def _is_blue(small: _Small, free: Mask) -> bool:
    """Light, smooth and blue above, and neither blue nor as light below."""
    height, _width = small.light.shape
    blue = (small.hue > 215) & (small.hue < 300) & (small.chroma > 6) & (small.light > 45) & free
    top, low = slice(0, height // 4), slice(height * 2 // 3, height)
    lighter = small.light[top].mean() - small.light[low].mean()
    smooth = np.abs(np.diff(small.light[top], axis=1)).mean() < 1.3
    return bool(
        blue[top].mean() >= 0.55
        and blue[low].mean() < 0.35
        and small.light[top].mean() >= 55
        and lighter >= 10
        and smooth
        and np.abs(np.diff(small.light[low], axis=1)).mean() >= 0.5
    )


def _is_night(small: _Small) -> bool:
    """Dark blue above, neither black as a backdrop nor quite even."""
    height, _width = small.light.shape
    top = slice(0, max(1, height // 4))
    light, chroma = small.light[top], small.chroma[top].mean()
    rough = np.abs(np.diff(light, axis=1)).mean() if light.shape[1] > 1 else 0.0
    hue = float(np.median(small.hue[top]))
    return bool(5 <= light.mean() <= 30 and chroma >= 13 and 265 <= hue <= 320 and 0.2 <= rough <= 1.5)


def _roughness(light: Floats, where: Mask) -> float:
    """How much lightness differs between neighbours in a row that both belong to an area."""
    both = where[:, 1:] & where[:, :-1]
    return float(np.abs(np.diff(light, axis=1))[both].mean()) if both.any() else 0.0
