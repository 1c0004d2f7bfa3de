"""What the local editor can do to a picture: plain values, one dataclass a kind, that go to JSON and back.

Words become operations in `phrases*`, operations become pixels in `apply*`. A chain of operations is kept with a
version and replayed from the original (`render`), so that quality does not decay from edit to edit.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError

from services.errors import InvalidInput
from services.studio.measures import CENTRE, Colour, Fraction, Length, Place, Region

Level = Literal["brightness", "contrast", "saturation", "sharpness"]
EffectName = Literal["greyscale", "sepia", "invert", "autocontrast", "equalise", "emboss", "edges", "vignette"]
ShapeName = Literal["circle", "ellipse", "square", "rectangle", "triangle", "star", "heart", "diamond", "line", "arrow"]
Direction = Literal["right", "left", "up", "down"]
Pattern = Literal["solid", "gradient", "radial", "checkerboard", "stripes"]


@dataclass(frozen=True, slots=True)
class Crop:
    """Keep a region."""

    region: Region
    kind: Literal["crop"] = "crop"


@dataclass(frozen=True, slots=True)
class CropAspect:
    """Keep the largest part with these proportions."""

    width: Annotated[float, Field(gt=0, le=1000)]
    height: Annotated[float, Field(gt=0, le=1000)]
    place: Place = CENTRE
    kind: Literal["crop_aspect"] = "crop_aspect"


@dataclass(frozen=True, slots=True)
class CropSize:
    """Keep a part of this size; percentages are of the picture's own width and height."""

    width: Length
    height: Length
    place: Place = CENTRE
    kind: Literal["crop_size"] = "crop_size"


@dataclass(frozen=True, slots=True)
class CropEdges:
    """Cut this much off each edge; percentages are of the side that gets shorter."""

    left: Length = Length(0)
    top: Length = Length(0)
    right: Length = Length(0)
    bottom: Length = Length(0)
    kind: Literal["crop_edges"] = "crop_edges"


@dataclass(frozen=True, slots=True)
class Trim:
    """Cut off edges of one even colour (or fully transparent ones)."""

    kind: Literal["trim"] = "trim"


@dataclass(frozen=True, slots=True)
class Rotate:
    """Turn clockwise by degrees; the picture grows so that nothing is lost, new corners are `fill`
    (None: transparent where the file can hold it, which makes the result a PNG)."""

    degrees: Annotated[float, Field(ge=-3600, le=3600)]
    fill: Colour | None = None
    kind: Literal["rotate"] = "rotate"


@dataclass(frozen=True, slots=True)
class Flip:
    """`horizontal` swaps left and right, `vertical` top and bottom."""

    axis: Literal["horizontal", "vertical"]
    kind: Literal["flip"] = "flip"


@dataclass(frozen=True, slots=True)
class Resize:
    """Change the number of pixels.

    With `scale` both sides are multiplied. With one of `width`, `height`, `longest` the proportions stay. With both
    `width` and `height`, `fit` says how: `stretch` to exactly that, `inside` it with proportions kept, or `cover` it
    and cut off the overhang.
    """

    width: Annotated[int, Field(gt=0)] | None = None
    height: Annotated[int, Field(gt=0)] | None = None
    longest: Annotated[int, Field(gt=0)] | None = None
    scale: Annotated[float, Field(gt=0, le=100)] | None = None
    fit: Literal["stretch", "inside", "cover"] = "stretch"
    kind: Literal["resize"] = "resize"


@dataclass(frozen=True, slots=True)
class Adjust:
    """Multiply a level: 1 changes nothing, 0 takes it away."""

    level: Level
    factor: Annotated[float, Field(ge=0, le=20)]
    region: Region | None = None
    kind: Literal["adjust"] = "adjust"


@dataclass(frozen=True, slots=True)
class Effect:
    name: EffectName
    region: Region | None = None
    kind: Literal["effect"] = "effect"


@dataclass(frozen=True, slots=True)
class Blur:
    """Gaussian blur; a percentage of the radius is of the shorter side."""

    radius: Length
    region: Region | None = None
    kind: Literal["blur"] = "blur"


@dataclass(frozen=True, slots=True)
class Pixelate:
    """Square blocks; a percentage of the block is of the shorter side."""

    block: Length
    region: Region | None = None
    kind: Literal["pixelate"] = "pixelate"


@dataclass(frozen=True, slots=True)
class Posterise:
    """Keep so many bits a channel."""

    bits: Annotated[int, Field(ge=1, le=8)] = 3
    region: Region | None = None
    kind: Literal["posterise"] = "posterise"


@dataclass(frozen=True, slots=True)
class Solarise:
    """Invert what is brighter than the threshold (0-255)."""

    threshold: Annotated[int, Field(ge=0, le=255)] = 128
    region: Region | None = None
    kind: Literal["solarise"] = "solarise"


@dataclass(frozen=True, slots=True)
class Tint:
    """Mix a colour in, brightness kept; `strength` 0-1."""

    colour: Colour
    strength: Fraction
    region: Region | None = None
    kind: Literal["tint"] = "tint"


@dataclass(frozen=True, slots=True)
class Fill:
    """Paint a region, or everything, in one colour."""

    colour: Colour
    region: Region | None = None
    kind: Literal["fill"] = "fill"


@dataclass(frozen=True, slots=True)
class Transparent:
    """Make a colour transparent: `colour` wherever it is, or with None the even background that touches the edges."""

    colour: Colour | None = None
    kind: Literal["transparent"] = "transparent"


@dataclass(frozen=True, slots=True)
class Flatten:
    """Put a colour behind what is transparent."""

    colour: Colour
    kind: Literal["flatten"] = "flatten"


@dataclass(frozen=True, slots=True)
class Border:
    """A frame outside the picture; a percentage of the width is of the shorter side."""

    colour: Colour
    width: Length
    kind: Literal["border"] = "border"


@dataclass(frozen=True, slots=True)
class Pad:
    """Grow the canvas to these proportions with a colour, the picture in the middle."""

    width: Annotated[float, Field(gt=0, le=1000)]
    height: Annotated[float, Field(gt=0, le=1000)]
    colour: Colour
    kind: Literal["pad"] = "pad"


@dataclass(frozen=True, slots=True)
class RoundCorners:
    """A percentage of the radius is of the shorter side; 50 percent of a square is a circle."""

    radius: Length
    kind: Literal["round_corners"] = "round_corners"


@dataclass(frozen=True, slots=True)
class Text:
    """Words on the picture. `size` is the letters' height (percent of the picture's height); None fits the width.
    Without a colour it is white or black, whichever stands out."""

    text: Annotated[str, Field(min_length=1, max_length=500)]
    place: Place = CENTRE
    colour: Colour | None = None
    size: Length | None = None
    background: Colour | None = None
    kind: Literal["text"] = "text"


@dataclass(frozen=True, slots=True)
class Shape:
    """`count` equal shapes in a row. A percentage of the size is of the shorter side; a circle's size is its diameter.
    `height` is that of a rectangle or an ellipse; 0.6 of the size if not given. `outline` is a line around it, `filled`
    false leaves the inside as it was."""

    shape: ShapeName
    colour: Colour
    place: Place = CENTRE
    size: Length = Length(40, "percent")
    filled: bool = True
    outline: Colour | None = None
    direction: Direction = "right"
    count: Annotated[int, Field(ge=1, le=100)] = 1
    height: Length | None = None
    kind: Literal["shape"] = "shape"


@dataclass(frozen=True, slots=True)
class Canvas:
    """A new picture; what was before is gone from the chain."""

    width: Annotated[int, Field(gt=0)]
    height: Annotated[int, Field(gt=0)]
    pattern: Pattern
    colours: Annotated[tuple[Colour, ...], Field(min_length=1, max_length=12)]
    direction: Direction = "right"
    kind: Literal["canvas"] = "canvas"


@dataclass(frozen=True, slots=True)
class Undo:
    """Back by so many versions; the caller's business, not the picture's."""

    steps: Annotated[int, Field(ge=1)] = 1
    kind: Literal["undo"] = "undo"


@dataclass(frozen=True, slots=True)
class Redo:
    steps: Annotated[int, Field(ge=1)] = 1
    kind: Literal["redo"] = "redo"


@dataclass(frozen=True, slots=True)
class Restore:
    """Back to the first version."""

    kind: Literal["restore"] = "restore"


PlainEdit = (
    Crop | CropAspect | CropSize | CropEdges | Trim | Rotate | Flip | Resize | Adjust | Effect | Blur | Pixelate
    | Posterise | Solarise | Tint | Fill | Transparent | Flatten | Border | Pad | RoundCorners | Text | Shape | Canvas
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Masked:
    """Edits limited to the white of a mask (base64 of a one-bit PNG of the picture's size at that point)."""

    mask: str
    operations: tuple[Annotated[PlainEdit, Field(discriminator="kind")], ...]
    kind: Literal["masked"] = "masked"


@dataclass(frozen=True, slots=True)
class Convert:
    """Write the file as this kind from here on; of an animation its first frame."""

    format: Literal["jpeg", "png"]
    kind: Literal["convert"] = "convert"


Edit = PlainEdit | Masked | Convert
Navigation = Undo | Redo | Restore
Operation = PlainEdit | Convert | Navigation


@cache
def _adapter() -> TypeAdapter[tuple[Edit, ...]]:
    return TypeAdapter(tuple[Annotated[Edit, Field(discriminator="kind")], ...])


def to_json(operations: tuple[Edit, ...]) -> list[dict[str, Any]]:
    """Operations as JSON-serialisable objects, each with its `kind`."""
    dumped: list[dict[str, Any]] = _adapter().dump_python(operations, mode="json")
    return dumped


def from_json(stored: list[dict[str, Any]]) -> tuple[Edit, ...]:
    """The inverse of `to_json`. Raises InvalidInput for what is no list of operations."""
    try:
        return _adapter().validate_python(stored)
    except ValidationError as error:
        raise InvalidInput("These are not edit operations.", code="invalid_operations", field="operations") from error
