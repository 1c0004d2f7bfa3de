"""How well a picture was taken: sharpness, brightness, contrast, clipping."""

from __future__ import annotations

from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from services.vision.colours import lab
from services.vision.decode import Pixels, fit
from services.vision.facts import Quality

Floats = npt.NDArray[np.float32]

_SIDE: Final = 1024
_TILES: Final = 6
_BLUR_TAPS: Final = 9


def measure(pixels: Pixels) -> Quality:
    """Quality of the upright picture, looked at with its longest side at most 1024 pixels.

    `brightness` is the mean CIELAB lightness; `contrast` the spread between its 5th and 95th percentile;
    `dark_share` and `bright_share` are the shares of the area below L* 8 and above L* 97.
    """
    small = fit(pixels, _SIDE)
    grey = np.asarray(small @ np.array([0.2126, 0.7152, 0.0722], dtype=np.float32), dtype=np.float32)
    lightness = lab(fit(small, 256).reshape(-1, 3))[:, 0]
    low, high = np.percentile(lightness, (5, 95))
    brightness = float(lightness.mean()) / 100
    contrast = float(high - low) / 100
    dark, bright = float((lightness < 8).mean()), float((lightness > 97).mean())
    sharpness = sharpest(grey)
    return Quality(
        sharpness=round(sharpness, 3),
        brightness=round(brightness, 3),
        contrast=round(contrast, 3),
        dark_share=round(dark, 3),
        bright_share=round(bright, 3),
        focus=_focus(sharpness, contrast),
        exposure=_exposure(brightness, contrast, dark, bright),
    )


def sharpest(grey: Floats) -> float:
    """Sharpness (0-1) of the sharpest parts: a subject in focus before a soft background is a sharp picture.

    The picture is cut in 6 x 6 tiles; tiles with next to no contrast say nothing; the result is the mean of the
    sharpest quarter of the others, 1 - the blur of `blur`. 1.0 when there is nothing to judge by.
    """
    height, width = grey.shape
    rows, columns = max(1, min(_TILES, height // 32)), max(1, min(_TILES, width // 32))
    values = []
    for band in np.array_split(grey, rows, axis=0):
        for tile in np.array_split(band, columns, axis=1):
            if min(tile.shape) > _BLUR_TAPS and float(tile.std()) > 4:
                values.append(1 - blur(tile))
    if not values:
        return 1.0
    values.sort(reverse=True)
    best = values[: max(1, len(values) // 4)]
    return float(np.mean(best))


def blur(grey: Floats) -> float:
    """Perceptual blur (0 sharp - 1 blurred) after Crété-Roffet, Dolmiere, Ladret and Nicolas, "The blur effect"
    (SPIE 2007): how little the differences of neighbours shrink when the picture is blurred again."""
    return max(_blur_along(grey), _blur_along(grey.T))


def _blur_along(grey: Floats) -> float:
    sums = np.cumsum(np.pad(grey, ((_BLUR_TAPS // 2 + 1, _BLUR_TAPS // 2), (0, 0)), mode="edge"), axis=0)
    blurred = (sums[_BLUR_TAPS:] - sums[:-_BLUR_TAPS]) / _BLUR_TAPS
    own = np.abs(np.diff(grey, axis=0))
    again = np.abs(np.diff(blurred, axis=0))
    total = float(own.sum())
    if total <= 0:
        return 1.0
    lost = np.maximum(0, own - again)
    return (total - float(lost.sum())) / total


def _focus(sharpness: float, contrast: float) -> Literal["sharp", "soft", "blurred"]:
    if contrast < 0.02 or sharpness >= 0.58:
        return "sharp"
    return "soft" if sharpness >= 0.42 else "blurred"


def _exposure(
    brightness: float, contrast: float, dark: float, bright: float
) -> Literal["dark", "dim", "normal", "bright", "washed out"]:
    if brightness < 0.2:
        return "dark"
    if brightness < 0.33 and bright < 0.1:
        return "dim"
    if brightness > 0.72 and contrast < 0.3 and dark < 0.01:
        return "washed out"
    return "bright" if brightness > 0.75 else "normal"
