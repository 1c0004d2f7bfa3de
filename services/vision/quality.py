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
_REACH: Final = 8
_SHARP: Final = 0.28
_SOFT: Final = 0.17


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
    steepness = edge_sharpness(grey)
    # without any edge a picture of some contrast is blurred beyond measure; one without contrast cannot be judged
    sharpness = steepness if steepness is not None else 1.0 if contrast < 0.1 else 0.0
    return Quality(
        sharpness=round(sharpness, 3),
        brightness=round(brightness, 3),
        contrast=round(contrast, 3),
        dark_share=round(dark, 3),
        bright_share=round(bright, 3),
        focus=_focus(sharpness),
        exposure=_exposure(brightness, contrast, dark, bright),
    )


def edge_sharpness(grey: Floats) -> float | None:
    """How steep the steepest edges are: 1 for a step from one pixel to the next, about 0.4 / s for an edge blurred by
    a Gaussian of s pixels. None when there is no edge to judge by.

    The width of edges is the measure of Marziliano, Dufaux, Winkler and Ebrahimi, "A no-reference perceptual blur
    metric" (2002); here an edge's greatest step is set against the whole change within eight pixels to either side,
    so that contrast does not count. The steepest hundredth of all steps are looked at, so a sharp subject before a
    soft background is sharp. Changes within six times the noise (Immerkaer, "Fast noise variance estimation", 1996)
    are no edges. The worse of the two directions counts: a camera that moved blurs along one.
    """
    floor = max(20.0, 6 * _noise(grey))
    ways = [ratios for ratios in (_ratios(grey, floor), _ratios(grey.T, floor)) if len(ratios) >= 8]
    return min((float(np.percentile(ratios, 75)) for ratios in ways), default=None)


def _ratios(grey: Floats, floor: float) -> Floats:
    width = grey.shape[1]
    if width < 4:
        return np.zeros(0, dtype=np.float32)
    steps = np.abs(np.diff(grey, axis=1))
    least = max(2.0, float(np.percentile(steps[::4], 99)))
    rows, columns = np.nonzero(steps >= least)
    if len(rows) > 4000:
        chosen = np.linspace(0, len(rows) - 1, 4000).astype(np.intp)
        rows, columns = rows[chosen], columns[chosen]
    around = np.clip(columns[:, None] + np.arange(-_REACH, _REACH + 2), 0, width - 1)
    windows = grey[rows[:, None], around]
    change = windows.max(axis=1) - windows.min(axis=1)
    edges = change >= floor
    return np.asarray(steps[rows, columns][edges] / change[edges], dtype=np.float32)


def _noise(grey: Floats) -> float:
    """Standard deviation of the noise, in levels; the median in place of the mean keeps texture out."""
    if min(grey.shape) < 3:
        return 0.0
    across = grey[:, :-2] - 2 * grey[:, 1:-1] + grey[:, 2:]
    mask = across[:-2] - 2 * across[1:-1] + across[2:]
    return float(np.median(np.abs(mask[::4]))) / 0.6745 / 6


def _focus(sharpness: float) -> Literal["sharp", "soft", "blurred"]:
    if sharpness >= _SHARP:
        return "sharp"
    return "soft" if sharpness >= _SOFT else "blurred"


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
