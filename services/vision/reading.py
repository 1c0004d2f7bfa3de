"""Text in a picture: PP-OCR by way of rapidocr. Latin script and Chinese; it cannot read Devanagari."""

from __future__ import annotations

import logging
import threading
from typing import Final

import numpy as np

from services.vision.decode import Pixels
from services.vision.facts import Box, TextLine

SURE: Final = 0.86
POSSIBLE: Final = 0.7
_SMALLEST: Final = 16  # pixels: nothing can be read in less
_MOST: Final = 200


class Reader:
    """Text lines of a picture. Thread-safe.

    Args:
        threads: for one picture.
    """

    def __init__(self, threads: int = 1) -> None:
        from rapidocr import RapidOCR

        self._engine = RapidOCR(
            params={
                "Global.log_level": "error",
                "Global.max_side_len": 1536,
                "EngineConfig.onnxruntime.intra_op_num_threads": threads,
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            }
        )
        logging.getLogger("RapidOCR").propagate = False
        self._lock = threading.Lock()  # the heaviest part in time and memory: one picture at a time

    def look(self, pixels: Pixels) -> tuple[TextLine, ...]:
        """Lines in reading order, pieces on one line joined; empty when nothing can be read."""
        height, width = pixels.shape[:2]
        if min(height, width) < _SMALLEST:
            return ()
        with self._lock:
            result = self._engine(np.ascontiguousarray(pixels[:, :, ::-1]))
        # with all three steps on it is one class of its four; that one's fields are None when there is no text
        boxes, texts, scores = (getattr(result, field, None) for field in ("boxes", "txts", "scores"))
        if boxes is None or texts is None or scores is None:
            return ()
        pieces = []
        for corners, text, score in zip(boxes, texts, scores, strict=True):
            clean = " ".join(text.split())
            if clean and score >= POSSIBLE:
                pieces.append(_piece(np.asarray(corners), clean, float(score), width, height))
        return tuple(in_order(pieces))[:_MOST]


def _piece(corners: np.ndarray, text: str, score: float, width: int, height: int) -> TextLine:
    left, top = corners.min(axis=0) / (width, height)
    right, bottom = corners.max(axis=0) / (width, height)
    edges = (round(float(min(1.0, max(0.0, edge))), 4) for edge in (left, top, right, bottom))
    return TextLine(text, round(score, 3), score >= SURE, Box(*edges))


def in_order(pieces: list[TextLine]) -> list[TextLine]:
    """Pieces as lines in reading order: rows from the top; pieces of a row that stand close together are one line."""
    rows: list[list[TextLine]] = []
    for piece in sorted(pieces, key=lambda each: each.box.centre[1]):
        row = rows[-1] if rows else []
        if row and _level(row[-1].box, piece.box):
            row.append(piece)
        else:
            rows.append([piece])
    lines: list[TextLine] = []
    for row in rows:
        row.sort(key=lambda each: each.box.left)
        joined = [row[0]]
        for piece in row[1:]:
            if piece.box.left - joined[-1].box.right < 1.2 * (piece.box.bottom - piece.box.top):
                joined[-1] = _together(joined[-1], piece)
            else:
                joined.append(piece)
        lines += joined
    return lines


def _level(one: Box, other: Box) -> bool:
    common = min(one.bottom, other.bottom) - max(one.top, other.top)
    return common > 0.5 * min(one.bottom - one.top, other.bottom - other.top)


def _together(one: TextLine, other: TextLine) -> TextLine:
    confidence = min(one.confidence, other.confidence)
    box = Box(
        min(one.box.left, other.box.left),
        min(one.box.top, other.box.top),
        max(one.box.right, other.box.right),
        max(one.box.bottom, other.box.bottom),
    )
    return TextLine(f"{one.text} {other.text}", confidence, one.sure and other.sure, box)
