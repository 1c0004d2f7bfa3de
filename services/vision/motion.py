"""What changes in an animation."""

from __future__ import annotations

from typing import Final

import numpy as np

from services.vision.decode import Frames
from services.vision.facts import Box, Motion

_CHANGED: Final = 24  # levels of 255 in the strongest channel; below it is dithering and compression


def measure(frames: Frames) -> Motion | None:
    """Compares the first frame with each of the others kept; None for a single frame.

    `changed_share` is the changed share of the area in the frame that differs most, `where` the box about all that
    changes in any of the frames (its outermost hundredths left out).
    """
    if frames.count < 2 or not frames.small:
        return None
    first = frames.small[0].astype(np.int16)
    most = 0.0
    anywhere = np.zeros(first.shape[:2], dtype=bool)
    for frame in frames.small[1:]:
        if frame.shape != frames.small[0].shape:
            continue
        changed = np.abs(frame.astype(np.int16) - first).max(axis=2) > _CHANGED
        most = max(most, float(changed.mean()))
        anywhere |= changed
    return Motion(frames.count, frames.duration_ms, round(most, 3), _box(anywhere))


def _box(changed: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> Box | None:
    rows, columns = np.nonzero(changed)
    if len(rows) == 0:
        return None
    height, width = changed.shape
    top, bottom = np.percentile(rows, (1, 99))
    left, right = np.percentile(columns, (1, 99))
    return Box(
        round(float(left) / width, 4),
        round(float(top) / height, 4),
        round(min(1.0, (float(right) + 1) / width), 4),
        round(min(1.0, (float(bottom) + 1) / height), 4),
    )
