"""What a picture, or a piece of one, seems to show: EfficientNet-Lite0, trained on ImageNet's 1000 names."""

from __future__ import annotations

import io
import threading
import zipfile
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from PIL import Image

from services.vision.boxes import Floats
from services.vision.decode import Pixels
from services.vision.facts import Label
from services.vision.imagenet import ANIMALS, READABLE, kinds_of

SURE: Final = 0.7
POSSIBLE: Final = 0.5
_FINE: Final = 0.75  # below it the kind is said in place of the member: "fish", not "rock beauty"
_SIDE: Final = 224
_MOST: Final = 3


@dataclass(frozen=True, slots=True)
class Likely:
    """Probabilities of what is shown.

    Args:
        names: readable names down to 0.01, the likeliest first.
        kinds: kinds of names that are easily mixed up, with the sum of their members.
        kind_of: the kind of each of `names` that has one.
        animal: of any animal.
    """

    names: dict[str, float] = field(default_factory=dict)
    kinds: dict[str, float] = field(default_factory=dict)
    kind_of: dict[str, str] = field(default_factory=dict)
    animal: float = 0.0

    def of(self, wanted: frozenset[str]) -> float:
        """The probability of any of these names and kinds."""
        loose = (score for name, score in self.names.items() if name in wanted and self.kind_of.get(name) not in wanted)
        return sum(loose) + sum(score for kind, score in self.kinds.items() if kind in wanted)

    def against(self, wanted: frozenset[str]) -> float:
        """The probability of the likeliest name or kind that is none of these."""
        kinds = (score for kind, score in self.kinds.items() if kind not in wanted)
        names = (s for name, s in self.names.items() if name not in wanted and self.kind_of.get(name) not in wanted)
        return max((*kinds, *names), default=0.0)


class Labeller:
    """Names for a picture. Thread-safe.

    Args:
        model: the file of weights; its names are zipped into it.
        threads: for one picture.
    """

    def __init__(self, model: bytes, threads: int = 1) -> None:
        from ai_edge_litert.interpreter import Interpreter

        with zipfile.ZipFile(io.BytesIO(model)) as archive:
            names = archive.read("labels_without_background.txt").decode().splitlines()
        self._names = [READABLE.get(name, name) for name in names]
        self._kinds = kinds_of(self._names)
        self._interpreter = Interpreter(model_content=model, num_threads=threads)
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._output = self._interpreter.get_output_details()[0]
        self._lock = threading.Lock()  # an interpreter holds its tensors: one picture at a time

    def look(self, pixels: Pixels) -> Likely:
        """The mean over the whole picture squeezed square and its middle square."""
        height, width = pixels.shape[:2]
        side = min(height, width)
        top, left = (height - side) // 2, (width - side) // 2
        views = [pixels]
        if max(height, width) > side * 1.1:
            views.append(pixels[top : top + side, left : left + side])
        return self._gathered(np.mean([self._run(view) for view in views], axis=0))

    def glance(self, pixels: Pixels) -> Likely:
        """As `look`, but once, squeezed: for a piece of a picture."""
        return self._gathered(self._run(pixels))

    def _run(self, view: Pixels) -> Floats:
        square = np.asarray(Image.fromarray(view).resize((_SIDE, _SIDE), Image.Resampling.BILINEAR, reducing_gap=2.0))
        scale, zero = self._output["quantization"]
        with self._lock:
            self._interpreter.set_tensor(self._input, square[None])
            self._interpreter.invoke()
            raw = self._interpreter.get_tensor(self._output["index"])[0]
        return np.asarray((raw.astype(np.float32) - zero) * np.float32(scale), dtype=np.float32)

    def _gathered(self, scores: Floats) -> Likely:
        names: dict[str, float] = {}
        kinds: dict[str, float] = {}
        kind_of: dict[str, str] = {}
        for place in np.argsort(-scores, kind="stable")[:60]:
            name, kind, score = self._names[place], self._kinds[place], float(scores[place])
            if score < 0.004:
                break
            names[name] = names.get(name, 0.0) + score
            if kind is not None:
                kind_of[name] = kind
                kinds[kind] = kinds.get(kind, 0.0) + score
        return Likely(names, kinds, kind_of, float(scores[:ANIMALS].sum()))


def worth_saying(likely: Likely, *, from_life: bool) -> tuple[Label, ...]:
    """The names likely enough to be said, the likeliest first; often none.

    Args:
        likely: of the whole picture.
        from_life: false for drawings, documents and screens: the classifier has seen photographs alone, so there
            a name must be nearly certain and is still only possible.
    """
    scores: dict[str, float] = {}
    for name, score in likely.names.items():
        kind = likely.kind_of.get(name)
        said = name if kind is None or score >= _FINE else kind
        scores[said] = score if said == name else likely.kinds[said]
    least = POSSIBLE if from_life else 0.85
    ranked = sorted(scores.items(), key=lambda item: -item[1])[:_MOST]
    return tuple(
        Label(name, round(min(1.0, score), 3), from_life and score >= SURE) for name, score in ranked if score >= least
    )
