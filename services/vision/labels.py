"""What the whole picture seems to show: EfficientNet-Lite0, 1000 names of ImageNet."""

from __future__ import annotations

import io
import threading
import zipfile
from typing import Final

import numpy as np
from PIL import Image

from services.vision.boxes import Floats
from services.vision.decode import Pixels
from services.vision.facts import Label

SURE: Final = 0.62
POSSIBLE: Final = 0.35
_SIDE: Final = 224
_MOST: Final = 3

# ImageNet's own words where they mislead a reader
_READABLE: Final = {
    "ashcan": "rubbish bin", "analog clock": "analogue clock", "beach wagon": "estate car", "cab": "taxi",
    "cellular telephone": "mobile phone", "jinrikisha": "rickshaw", "jean": "jeans", "ice bear": "polar bear",
    "lesser panda": "red panda", "drake": "male duck", "cock": "rooster", "sorrel": "brown horse",
    "hand-held computer": "handheld computer", "sulphur butterfly": "yellow butterfly", "hip": "rose hip",
    "ear": "ear of corn", "web site": "web page", "tusker": "elephant with tusks", "bull mastiff": "bullmastiff",
    "EntleBucher": "Entlebucher", "Crock Pot": "slow cooker", "alp": "mountain", "sunglass": "sunglasses",
    "admiral": "red admiral butterfly", "monarch": "monarch butterfly", "ringlet": "ringlet butterfly",
    "racer": "racing car", "liner": "ocean liner", "hog": "pig", "tank": "military tank", "stole": "scarf",
    "barrow": "wheelbarrow", "mortarboard": "graduation cap", "washer": "washing machine", "upright": "piano",
    "stage": "theatre stage", "groom": "bridegroom", "corn": "corn on the cob", "head cabbage": "cabbage",
    "Madagascar cat": "lemur", "bubble": "soap bubble", "agaric": "mushroom", "maillot": "swimsuit",
    "ballplayer": "baseball player", "wreck": "shipwreck", "promontory": "headland", "tub": "vat",
}  # fmt: skip


class Labeller:
    """Names for a whole picture. Thread-safe.

    Args:
        model: the file of weights; its names are zipped into it.
        threads: for one picture.
    """

    def __init__(self, model: bytes, threads: int = 1) -> None:
        from ai_edge_litert.interpreter import Interpreter  # type: ignore[import-untyped]  # ships no types

        with zipfile.ZipFile(io.BytesIO(model)) as archive:
            names = archive.read("labels_without_background.txt").decode().splitlines()
        self._names = [_READABLE.get(name, name) for name in names]
        self._interpreter = Interpreter(model_content=model, num_threads=threads)
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._output = self._interpreter.get_output_details()[0]
        self._lock = threading.Lock()  # an interpreter holds its tensors: one picture at a time

    def look(self, pixels: Pixels) -> dict[str, float]:
        """Names with their probability, the likeliest first, down to 0.01: the mean over the whole picture squeezed
        square and its middle square."""
        height, width = pixels.shape[:2]
        side = min(height, width)
        top, left = (height - side) // 2, (width - side) // 2
        views = [pixels]
        if max(height, width) > side * 1.1:
            views.append(pixels[top : top + side, left : left + side])
        scores = np.mean([self._run(view) for view in views], axis=0)
        found: dict[str, float] = {}
        for place in np.argsort(-scores, kind="stable")[:40]:
            if scores[place] >= 0.01:
                name = self._names[place]
                found[name] = found.get(name, 0.0) + float(scores[place])
        return dict(sorted(found.items(), key=lambda item: -item[1]))

    def _run(self, view: Pixels) -> Floats:
        square = np.asarray(Image.fromarray(view).resize((_SIDE, _SIDE), Image.Resampling.BILINEAR, reducing_gap=2.0))
        scale, zero = self._output["quantization"]
        with self._lock:
            self._interpreter.set_tensor(self._input, square[None])
            self._interpreter.invoke()
            raw = self._interpreter.get_tensor(self._output["index"])[0]
        return np.asarray((raw.astype(np.float32) - zero) * np.float32(scale), dtype=np.float32)


def worth_saying(likely: dict[str, float]) -> tuple[Label, ...]:
    """The names likely enough to be said, the likeliest first; often none."""
    return tuple(
        Label(name, round(min(1.0, score), 3), score >= SURE)
        for name, score in list(likely.items())[:_MOST]
        if score >= POSSIBLE
    )
