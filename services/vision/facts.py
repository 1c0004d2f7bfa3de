"""What was measured of a picture: plain values that can be kept as JSON.

Every position is in fractions of the upright picture's width and height, from its top left corner.
Nothing below a part's threshold is in here: `sure` is what may be said flatly, the rest with "possibly".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

FACTS_VERSION = 2
"""Counted up with each measure that is added or changed: older facts are measured anew."""
Sky = Literal["sunset", "blue", "night"]
Part = Literal["objects", "labels", "text", "faces"]


@dataclass(frozen=True, slots=True)
class Box:
    left: float
    top: float
    right: float
    bottom: float

    @property
    def area(self) -> float:
        return max(0.0, self.right - self.left) * max(0.0, self.bottom - self.top)

    @property
    def centre(self) -> tuple[float, float]:
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2


@dataclass(frozen=True, slots=True)
class Colour:
    """A colour by its common English name ("dark blue", "grey") and its share of the area (0-1)."""

    name: str
    share: float
    rgb: tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class DetectedObject:
    """An object by its COCO-80 name."""

    name: str
    confidence: float
    sure: bool
    box: Box
    colours: tuple[Colour, ...] = ()


@dataclass(frozen=True, slots=True)
class Label:
    """What the whole picture seems to show, by its ImageNet name."""

    name: str
    confidence: float
    sure: bool


@dataclass(frozen=True, slots=True)
class TextLine:
    text: str
    confidence: float
    sure: bool
    box: Box


@dataclass(frozen=True, slots=True)
class Face:
    confidence: float
    sure: bool
    box: Box


@dataclass(frozen=True, slots=True)
class Quality:
    """How well the picture was taken; every number 0-1, higher is more."""

    sharpness: float
    brightness: float
    contrast: float
    dark_share: float
    bright_share: float
    focus: Literal["sharp", "soft", "blurred"]
    exposure: Literal["dark", "dim", "normal", "bright", "washed out"]


@dataclass(frozen=True, slots=True)
class Capture:
    """What the camera wrote into the file; None where it wrote nothing."""

    taken_at: str | None = None  # ISO 8601 without zone: the camera's own clock
    camera: str | None = None
    latitude: float | None = None  # degrees, north positive
    longitude: float | None = None  # degrees, east positive
    exposure: str | None = None  # "1/250 s, f/2.8, ISO 100, 35 mm"


@dataclass(frozen=True, slots=True)
class Motion:
    """What changes in an animation."""

    frames: int
    duration_ms: int
    changed_share: float  # of the area, between first and most different frame
    where: Box | None  # the region that changes


@dataclass(frozen=True, slots=True)
class Scene:
    """Kinds that the other facts speak for, each with how strongly (0-1); silent below its threshold."""

    setting: Literal["indoors", "outdoors"] | None = None
    setting_sure: bool = False
    medium: Literal["photo", "drawing", "document", "screenshot", "plain"] | None = None
    sky: Sky | None = None  # "sunset" is a sunrise as well
    green: bool = False  # plants fill much of it
    monochrome: bool = False  # nothing in it has a colour


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is known of one picture.

    `missing` names the parts that could not be looked at because their weights or library are not there,
    so that an answer can say so and a later start can look again.
    """

    width: int
    height: int
    format: str
    colours: tuple[Colour, ...]
    quality: Quality
    objects: tuple[DetectedObject, ...] = ()
    labels: tuple[Label, ...] = ()
    text: tuple[TextLine, ...] = ()
    faces: tuple[Face, ...] = ()
    capture: Capture = field(default_factory=Capture)
    motion: Motion | None = None
    scene: Scene = field(default_factory=Scene)
    has_transparency: bool = False
    missing: tuple[Part, ...] = ()
    version: int = FACTS_VERSION
