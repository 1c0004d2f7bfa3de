"""Objects by two detectors that must answer for each other: YOLOX-Nano and EfficientDet-Lite0, both trained on COCO."""

from __future__ import annotations

import io
import threading
import zipfile
from typing import Final, NamedTuple

import numpy as np

from services.vision import colours
from services.vision.boxes import Floats, as_box, letterbox, overlap, strongest
from services.vision.decode import Pixels
from services.vision.facts import DetectedObject

COCO: Final = (
    "person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat", "traffic light",
    "fire hydrant", "stop sign", "parking meter", "bench", "bird", "cat", "dog", "horse", "sheep", "cow", "elephant",
    "bear", "zebra", "giraffe", "backpack", "umbrella", "handbag", "tie", "suitcase", "frisbee", "skis", "snowboard",
    "sports ball", "kite", "baseball bat", "baseball glove", "skateboard", "surfboard", "tennis racket", "bottle",
    "wine glass", "cup", "fork", "knife", "spoon", "bowl", "banana", "apple", "sandwich", "orange", "broccoli",
    "carrot", "hot dog", "pizza", "donut", "cake", "chair", "couch", "potted plant", "bed", "dining table", "toilet",
    "tv", "laptop", "mouse", "remote", "keyboard", "cell phone", "microwave", "oven", "toaster", "sink",
    "refrigerator", "book", "clock", "vase", "scissors", "teddy bear", "hair drier", "toothbrush",
)  # fmt: skip

POSSIBLE: Final = 0.34
SURE: Final = 0.52
_HEARD: Final = 0.15  # a detector's own score below which it said nothing
_MOST: Final = 60


class Detections(NamedTuple):
    """One detector's findings: boxes in fractions (n x 4), scores (n), places in `COCO` (n)."""

    boxes: Floats
    scores: Floats
    kinds: Floats


class Yolox:
    """YOLOX-Nano. Input 416 x 416, BGR, 0-255, padded with 114 (Ge et al., "YOLOX", 2021, and its demo code)."""

    def __init__(self, model: bytes, threads: int) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        grids, strides = [], []
        for stride in (8, 16, 32):
            cells = 416 // stride
            x, y = np.meshgrid(np.arange(cells), np.arange(cells))
            grids.append(np.stack([x.ravel(), y.ravel()], axis=1))
            strides.append(np.full((cells * cells, 1), stride))
        self._grid = np.concatenate(grids).astype(np.float32)
        self._stride = np.concatenate(strides).astype(np.float32)

    def look(self, pixels: Pixels) -> Detections:
        canvas, scale = letterbox(pixels, 416, 416, 114)
        batch = np.ascontiguousarray(canvas[:, :, ::-1].transpose(2, 0, 1)[None], dtype=np.float32)
        out = np.asarray(self._session.run(None, {"images": batch})[0])[0]
        scores = out[:, 5:] * out[:, 4:5]
        kinds = scores.argmax(axis=1)
        best = scores[np.arange(len(kinds)), kinds]
        heard = best >= _HEARD
        centre = (out[heard, :2] + self._grid[heard]) * self._stride[heard]
        half = np.exp(out[heard, 2:4]) * self._stride[heard] / 2
        boxes = (np.concatenate([centre - half, centre + half], axis=1) / scale).astype(np.float32)
        return _cleaned(boxes, best[heard], kinds[heard], pixels)


class EfficientDet:
    """EfficientDet-Lite0. Input 320 x 320, RGB, 0-255; anchors as in Tan, Pang and Le, "EfficientDet" (2020), with the
    Lite models' anchor scale of 3."""

    def __init__(self, model: bytes, threads: int) -> None:
        from ai_edge_litert.interpreter import Interpreter

        with zipfile.ZipFile(io.BytesIO(model)) as archive:
            names = archive.read("labels.txt").decode().splitlines()
        places = {name: place for place, name in enumerate(COCO)}
        self._columns = np.array([column for column, name in enumerate(names) if name in places])
        self._kinds = np.array([places[names[column]] for column in self._columns])
        self._interpreter = Interpreter(model_content=model, num_threads=threads)
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._outputs = [detail["index"] for detail in self._interpreter.get_output_details()]
        self._anchors = _anchors()
        self._lock = threading.Lock()  # an interpreter holds its tensors: one picture at a time

    def look(self, pixels: Pixels) -> Detections:
        canvas, scale = letterbox(pixels, 320, 320, 127)
        with self._lock:
            self._interpreter.set_tensor(self._input, canvas[None])
            self._interpreter.invoke()
            raw, offsets = (self._interpreter.get_tensor(index)[0] for index in self._outputs)
        scores = raw[:, self._columns]
        columns = scores.argmax(axis=1)
        best = scores[np.arange(len(columns)), columns]
        heard = np.flatnonzero(best >= _HEARD)
        heard = heard[np.argsort(-best[heard], kind="stable")][:500]
        anchors, moved = self._anchors[heard], offsets[heard]
        centre = anchors[:, :2] + moved[:, 1::-1] * anchors[:, 2:]
        half = anchors[:, 2:] * np.exp(moved[:, 3:1:-1]) / 2
        boxes = (np.concatenate([centre - half, centre + half], axis=1) / scale).astype(np.float32)
        return _cleaned(boxes, best[heard], self._kinds[columns[heard]], pixels)


def _anchors() -> Floats:
    levels = []
    for cells in (40, 20, 10, 5, 3):
        stride = 320 / cells
        middle = (np.arange(cells) + 0.5) * stride
        x, y = (axis.ravel() for axis in np.meshgrid(middle, middle))
        kinds = []
        for octave in range(3):
            for aspect in (1.0, 2.0, 0.5):
                side = 3.0 * stride * 2 ** (octave / 3)
                wide, high = side * aspect**0.5, side / aspect**0.5
                kinds.append(np.stack([x, y, np.full_like(x, wide), np.full_like(x, high)], axis=1))
        levels.append(np.stack(kinds, axis=1).reshape(-1, 4))
    return np.concatenate(levels).astype(np.float32)


def _cleaned(boxes: Floats, scores: Floats, kinds: Floats, pixels: Pixels) -> Detections:
    """In fractions, inside the picture, each thing once."""
    height, width = pixels.shape[:2]
    boxes = (boxes / np.array([width, height, width, height])).clip(0, 1).astype(np.float32)
    kept: list[int] = []
    for kind in np.unique(kinds):
        rows = np.flatnonzero(kinds == kind)
        kept += [int(rows[row]) for row in strongest(boxes[rows], scores[rows], 0.5)]
    kept.sort(key=lambda row: -float(scores[row]))
    return Detections(boxes[kept], scores[kept], kinds[kept])


class ObjectFinder:
    """Objects in a picture. Thread-safe.

    Args:
        yolox, efficientdet: the two files of weights.
        threads: for one picture.
    """

    def __init__(self, yolox: bytes, efficientdet: bytes, threads: int = 1) -> None:
        self._first = Yolox(yolox, threads)
        self._second = EfficientDet(efficientdet, threads)

    def look(self, pixels: Pixels) -> tuple[DetectedObject, ...]:
        """Objects above the threshold, the most certain first, with the colours of each."""
        found = []
        for corners, confidence, kind in _agreed(self._first.look(pixels), self._second.look(pixels)):
            box = as_box(corners)
            if box.area <= 0:
                continue
            found.append(
                DetectedObject(
                    name=COCO[kind],
                    confidence=round(confidence, 3),
                    sure=confidence >= SURE,
                    box=box,
                    colours=colours.of_object(pixels, box),
                )
            )
        return tuple(found)


def _agreed(first: Detections, second: Detections) -> list[tuple[Floats, float, int]]:
    """Both lists as one. What both see at one place gains, what one alone sees loses a fifth of its score."""
    free = np.ones(len(second.scores), dtype=bool)
    rows: list[tuple[Floats, float, int]] = []
    for box, score, kind in zip(first.boxes, first.scores, first.kinds, strict=True):
        confidence = float(score) * 0.8
        if len(second.scores):
            near = overlap(box, second.boxes) * ((second.kinds == kind) & free)
            place = int(near.argmax())
            if near[place] > 0.45:
                free[place] = False
                confidence = min(0.99, (float(score) + float(second.scores[place])) / 1.2)
        rows.append((box, confidence, int(kind)))
    for alone in np.flatnonzero(free):
        rows.append((second.boxes[alone], float(second.scores[alone]) * 0.8, int(second.kinds[alone])))
    rows = sorted((row for row in rows if row[1] >= POSSIBLE), key=lambda row: -row[1])
    return _once(rows)[:_MOST]


def _once(rows: list[tuple[Floats, float, int]]) -> list[tuple[Floats, float, int]]:
    """Without second names for one thing: of two boxes that nearly coincide the more certain stays."""
    kept: list[tuple[Floats, float, int]] = []
    for row in rows:
        others = [other for other in kept if float(overlap(row[0], other[0][None])[0]) > _limit(row, other)]
        if not others:
            kept.append(row)
    return kept


def _limit(row: tuple[Floats, float, int], other: tuple[Floats, float, int]) -> float:
    return 0.5 if row[2] == other[2] else 0.8
