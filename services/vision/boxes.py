"""Boxes as arrays: overlap, non-maximum suppression, letterboxing."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

from services.vision.decode import Pixels
from services.vision.facts import Box

Floats = npt.NDArray[np.float32]


def overlap(box: Floats, others: Floats) -> Floats:
    """Intersection over union of one box (left, top, right, bottom) with each of n x 4."""
    left, top = np.maximum(box[0], others[:, 0]), np.maximum(box[1], others[:, 1])
    right, bottom = np.minimum(box[2], others[:, 2]), np.minimum(box[3], others[:, 3])
    common = np.maximum(0, right - left) * np.maximum(0, bottom - top)
    areas = (others[:, 2] - others[:, 0]) * (others[:, 3] - others[:, 1])
    own = (box[2] - box[0]) * (box[3] - box[1])
    shares: Floats = common / np.maximum(1e-9, own + areas - common)
    return shares


def strongest(boxes: Floats, scores: Floats, most_overlap: float, most: int = 100) -> list[int]:
    """Greedy non-maximum suppression: rows kept, the highest score first."""
    left = np.argsort(-scores, kind="stable")
    kept: list[int] = []
    while len(left) and len(kept) < most:
        best = int(left[0])
        kept.append(best)
        left = left[1:][overlap(boxes[best], boxes[left[1:]]) <= most_overlap]
    return kept


def letterbox(pixels: Pixels, width: int, height: int, fill: int) -> tuple[Pixels, float]:
    """The picture scaled into the top left of a filled width x height; and the scale."""
    own_height, own_width = pixels.shape[:2]
    scale = min(width / own_width, height / own_height)
    size = max(1, round(own_width * scale)), max(1, round(own_height * scale))
    canvas = np.full((height, width, 3), fill, dtype=np.uint8)
    canvas[: size[1], : size[0]] = np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR))
    return canvas, scale


def as_box(corners: Floats) -> Box:
    """Fractions (left, top, right, bottom), kept inside the picture."""
    left, top, right, bottom = (round(float(min(1.0, max(0.0, edge))), 4) for edge in corners)
    return Box(left, top, right, bottom)
