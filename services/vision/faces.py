"""Faces: CenterFace (Xu et al., "CenterFace: Joint Face Detection and Alignment Using Face as Point", 2020)."""

from __future__ import annotations

import threading
from typing import Final

import numpy as np
from PIL import Image

from services.vision.boxes import as_box, strongest
from services.vision.decode import Pixels
from services.vision.facts import Face

SURE: Final = 0.6
POSSIBLE: Final = 0.42
_SIDE: Final = 640
_OUTPUTS: Final = ("537", "538", "539", "540")  # heat map, log size, offset, landmarks; each on a grid of 4 pixels
_MOST: Final = 50


class FaceFinder:
    """Faces in a picture; where they are, never whose. Thread-safe.

    The weights are written for one fixed input size and OpenCV's reader is the one that takes them at any.
    """

    def __init__(self, model: bytes, threads: int = 1) -> None:
        import cv2

        cv2.setNumThreads(threads)  # OpenCV has one setting for the whole process; its default is every core

        self._net = cv2.dnn.readNetFromONNX(np.frombuffer(model, dtype=np.uint8))
        self._lock = threading.Lock()  # a net holds its tensors: one picture at a time

    def look(self, pixels: Pixels) -> tuple[Face, ...]:
        """Faces above the threshold, the most certain first."""
        height, width = pixels.shape[:2]
        scale = min(1.0, _SIDE / max(height, width))
        # both sides must be multiples of 32; squeezing by less than 32 pixels does the faces no harm
        wide, high = (max(32, round(side * scale / 32) * 32) for side in (width, height))
        small = np.asarray(Image.fromarray(pixels).resize((wide, high), Image.Resampling.BILINEAR, reducing_gap=2.0))
        batch = np.ascontiguousarray(small.transpose(2, 0, 1)[None], dtype=np.float32)
        with self._lock:
            self._net.setInput(batch)
            heat, size, offset, _ = (np.array(out[0]) for out in self._net.forward(_OUTPUTS))
        rows, columns = np.nonzero(heat[0] >= POSSIBLE)
        scores = heat[0, rows, columns]
        half_high, half_wide = np.exp(size[:, rows, columns]) * 2
        middle_y = (rows + offset[0, rows, columns] + 0.5) * 4
        middle_x = (columns + offset[1, rows, columns] + 0.5) * 4
        edges = (middle_x - half_wide, middle_y - half_high, middle_x + half_wide, middle_y + half_high)
        boxes = (np.stack(edges, axis=1) / np.array([wide, high, wide, high])).astype(np.float32)
        return tuple(
            Face(round(float(scores[row]), 3), bool(scores[row] >= SURE), as_box(boxes[row]))
            for row in strongest(boxes, scores, 0.3, _MOST)
        )
