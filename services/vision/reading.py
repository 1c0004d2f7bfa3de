"""Text in a picture: PP-OCR by way of rapidocr. Latin script and Chinese; it cannot read Devanagari."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from services.vision.boxes import as_box
from services.vision.decode import Pixels, fit
from services.vision.facts import Box, TextLine

SURE: Final = 0.88
POSSIBLE: Final = 0.75
_SMALLEST: Final = 12  # pixels: nothing can be read in less
_SIDE: Final = 1280
_GROWN_TO: Final = 736  # small pictures are enlarged towards this shorter side, as the detector's authors do
_MOST: Final = 200


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text as it was found.

    Args:
        corners: 4 x 2, in pixels, from its own top left clockwise.
    """

    text: str
    confidence: float
    corners: npt.NDArray[np.float64]


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
                "Global.max_side_len": _SIDE,
                # the picture comes in the right size; its default enlarges a strip of 1 x 40 to 736 x 29,440 pixels
                "Det.limit_type": "max",
                "Det.limit_side_len": _SIDE,
                "EngineConfig.onnxruntime.intra_op_num_threads": threads,
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            }
        )
        logging.getLogger("RapidOCR").propagate = False  # it has its own handler and would be heard twice
        self._lock = threading.Lock()  # the heaviest part in time and memory: one picture at a time

    def look(self, pixels: Pixels) -> tuple[TextLine, ...]:
        """Lines in reading order, pieces on one line joined; empty when nothing can be read."""
        if min(pixels.shape[:2]) < _SMALLEST:
            return ()
        sized = _sized(pixels)
        with self._lock:
            result: Any = self._engine(np.ascontiguousarray(sized[:, :, ::-1]))
        if result.boxes is None or result.txts is None or result.scores is None:
            return ()
        pieces = []
        for corners, text, score in zip(result.boxes, result.txts, result.scores, strict=True):
            clean = " ".join(text.split())
            if score >= least_confidence(clean):
                pieces.append(Piece(clean, float(score), np.asarray(corners, dtype=np.float64)))
        height, width = sized.shape[:2]
        return tuple(_line(row, width, height) for row in in_order(pieces))[:_MOST]


def _sized(pixels: Pixels) -> Pixels:
    height, width = pixels.shape[:2]
    scale = min(2.0, _GROWN_TO / min(height, width), _SIDE / max(height, width))
    if scale <= 1.05:
        return fit(pixels, _SIDE)
    size = round(width * scale), round(height * scale)
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC))


def least_confidence(text: str) -> float:
    """How sure the recogniser must be. It reads a letter into every round or square thing: the shorter, the surer."""
    letters = sum(character.isalnum() for character in text)
    if letters == 0:
        return 2.0
    latin = sum(character.isascii() for character in text) > len(text) / 2
    if letters == 1:
        return 0.99 if latin else 2.0
    return POSSIBLE if latin and letters > 4 else 0.85 if latin and letters > 2 else 0.93


def in_order(pieces: list[Piece]) -> list[list[Piece]]:
    """Pieces as lines in reading order; each line's pieces stand close together, in one size, on one level.

    Everything is seen along the text's own direction, so that a page photographed askew keeps its order.
    """
    if not pieces:
        return []
    along = np.median([_direction(piece) for piece in pieces], axis=0)
    along = along / max(1e-9, float(np.hypot(*along)))
    down = np.array([-along[1], along[0]])
    spans = [_Span(piece, piece.corners @ along, piece.corners @ down) for piece in pieces]
    rows: list[list[_Span]] = []
    for span in sorted(spans, key=lambda each: each.middle):
        if rows and abs(span.middle - _middle(rows[-1])) < 0.45 * min(span.height, rows[-1][0].height):
            rows[-1].append(span)
        else:
            rows.append([span])
    lines: list[list[_Span]] = []
    for row in rows:
        row.sort(key=lambda each: each.left)
        lines.append([row[0]])
        for span in row[1:]:
            if not _joins(lines[-1][-1], span):
                lines.append([])
            lines[-1].append(span)
    return [[span.piece for span in line] for line in lines]


class _Span:
    """A piece measured along the text's direction."""

    def __init__(self, piece: Piece, along: npt.NDArray[np.float64], down: npt.NDArray[np.float64]) -> None:
        self.piece = piece
        self.left, self.right = float(along.min()), float(along.max())
        self.middle = float(down.mean())
        edge = piece.corners[3] - piece.corners[0]
        self.height = max(1.0, float(np.hypot(edge[0], edge[1])))


def _direction(piece: Piece) -> npt.NDArray[np.float64]:
    edge = piece.corners[1] - piece.corners[0]
    return np.asarray(edge / max(1e-9, float(np.hypot(edge[0], edge[1]))), dtype=np.float64)


def _middle(row: list[_Span]) -> float:
    return sum(span.middle for span in row) / len(row)


def _joins(one: _Span, other: _Span) -> bool:
    gap = other.left - one.right
    small, big = sorted((one.height, other.height))
    return gap < 1.1 * small and big < 1.7 * small


def _line(row: list[Piece], width: int, height: int) -> TextLine:
    corners = np.concatenate([piece.corners for piece in row]) / (width, height)
    edges = np.concatenate([corners.min(axis=0), corners.max(axis=0)]).astype(np.float32)
    confidence = min(piece.confidence for piece in row)
    box: Box = as_box(edges)
    return TextLine(" ".join(piece.text for piece in row), round(confidence, 3), confidence >= SURE, box)
