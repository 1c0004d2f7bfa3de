"""What kind of picture it is, and whether taken indoors or outdoors. Silent when the facts do not speak for one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final, Literal, NamedTuple

import numpy as np

from services.vision.colours import NAMES, name_indices
from services.vision.decode import Pixels, fit
from services.vision.facts import DetectedObject, Scene, TextLine
from services.vision.labels import Likely
from services.vision.objects import SURE
from services.vision.sky import is_green, is_monochrome, sky_of

Medium = Literal["photo", "drawing", "document", "screenshot", "plain"]

_OUTDOOR_THINGS: Final = {
    "bicycle": 0.2, "car": 0.7, "motorcycle": 0.3, "airplane": 0.8, "bus": 0.8, "train": 0.7, "truck": 0.8,
    "boat": 0.8, "traffic light": 0.9, "fire hydrant": 0.9, "stop sign": 0.8, "parking meter": 0.8, "bench": 0.4,
    "bird": 0.3, "horse": 0.6, "sheep": 0.7, "cow": 0.7, "elephant": 0.7, "bear": 0.5, "zebra": 0.7, "giraffe": 0.7,
    "frisbee": 0.5, "skis": 0.9, "snowboard": 0.9, "kite": 0.8, "baseball bat": 0.7, "baseball glove": 0.6,
    "skateboard": 0.5, "surfboard": 0.8,
}  # fmt: skip
_INDOOR_THINGS: Final = {
    "couch": 0.8, "bed": 0.9, "dining table": 0.4, "toilet": 0.9, "tv": 0.7, "laptop": 0.5, "mouse": 0.6,
    "remote": 0.6, "keyboard": 0.6, "microwave": 0.9, "oven": 0.9, "toaster": 0.9, "sink": 0.8, "refrigerator": 0.9,
    "book": 0.4, "vase": 0.4, "hair drier": 0.8, "toothbrush": 0.7, "chair": 0.2, "wine glass": 0.3, "cup": 0.2,
    "bowl": 0.3, "fork": 0.3, "knife": 0.3, "spoon": 0.3, "cake": 0.3, "potted plant": 0.2,
}  # fmt: skip
_OUTDOOR_NAMES: Final = frozenset((
    "mountain", "cliff", "coral reef", "geyser", "lakeside", "headland", "sandbar", "seashore", "valley", "volcano",
    "hay", "rapeseed", "palace", "castle", "monastery", "mosque", "church", "stupa", "bell cote", "dome",
    "triumphal arch", "obelisk", "totem pole", "megalith", "cliff dwelling", "barn", "boathouse", "thatch",
    "tile roof", "worm fence", "picket fence", "chainlink fence", "stone wall", "viaduct", "suspension bridge",
    "steel arch bridge", "pier", "dock", "breakwater", "dam", "fountain", "flagpole", "street sign", "traffic light",
    "parking meter", "park bench", "taxi", "jeep", "minivan", "limousine", "convertible", "sports car", "pickup",
    "tow truck", "trailer truck", "fire engine", "garbage truck", "ambulance", "police van", "school bus",
    "trolleybus", "streetcar", "minibus", "moving van", "recreational vehicle", "mobile home", "bullet train",
    "steam locomotive", "electric locomotive", "freight car", "airliner", "warplane", "airship", "balloon",
    "parachute", "missile", "projectile", "space shuttle", "speedboat", "yawl", "schooner", "catamaran", "trimaran",
    "canoe", "gondola", "ocean liner", "container ship", "aircraft carrier", "fireboat", "lifeboat", "shipwreck",
    "submarine", "beacon", "water tower", "solar dish", "radio telescope", "drilling platform", "planetarium",
    "mountain tent", "yurt", "mountain bike", "snowmobile", "dogsled", "bobsled", "ski", "snowplow", "tractor",
    "harvester", "thresher", "plow", "oxcart", "horse cart", "rickshaw", "maze", "greenhouse", "gas pump",
    "lumbermill", "manhole cover", "birdhouse", "apiary", "sundial", "bison", "ox", "water buffalo", "ram", "bighorn",
    "ibex", "gazelle", "impala", "zebra", "lion", "tiger", "cheetah", "African elephant", "Indian elephant",
    "flamingo", "pelican", "albatross", "grey whale", "sea lion", "golfcart",
))  # fmt: skip
_INDOOR_NAMES: Final = frozenset((
    "library", "bookcase", "bookshop", "restaurant", "cinema", "theater curtain", "theatre stage", "home theater",
    "entertainment center", "studio couch", "four-poster", "crib", "cradle", "bassinet", "wardrobe", "chiffonier",
    "china cabinet", "medicine chest", "desk", "desktop computer", "monitor", "screen", "television", "laptop",
    "printer", "photocopier", "microwave", "stove", "refrigerator", "dishwasher", "washing machine", "toaster",
    "washbasin", "bathtub", "toilet seat", "shower curtain", "shoji", "window shade", "table lamp", "lampshade",
    "dining table", "pool table", "barbershop", "barber chair", "bakery", "butcher shop", "confectionery",
    "grocery store", "shoe shop", "tobacco shop", "toyshop", "altar", "organ", "grand piano", "piano",
    "rocking chair", "quilt", "pillow", "prison", "vault", "throne", "espresso maker", "rotisserie", "plate rack",
    "Dutch oven", "slow cooker", "prayer rug", "space heater", "radiator", "wall clock", "bannister", "sliding door",
    "fire screen", "file", "mouse", "computer keyboard", "typewriter keyboard", "espresso", "soup bowl", "wok",
    "frying pan", "hot pot",
))  # fmt: skip


class Texture(NamedTuple):
    """Measures of how a picture was made.

    Args:
        flat: share of neighbouring pixels that are exactly equal; high in drawn pictures and in dark photographs.
        steep: of the neighbours that differ visibly, the share that differ much; high where edges are drawn.
        lit: share of the area that is not nearly black.
        spread: standard deviation of the levels of the channel where it is greatest.
    """

    flat: float
    steep: float
    lit: float
    spread: float


def texture(pixels: Pixels) -> Texture:
    """Measured of pixels as they are, unscaled: scaling would smooth the edges of flat areas."""
    middle = pixels[::2]  # neighbours are compared along rows, so every second row will do
    if middle.shape[1] < 2:
        return Texture(0.0, 0.0, 1.0, float(middle.std(axis=(0, 1)).max()))
    steps = _brightest(np.maximum(middle[:, 1:], middle[:, :-1]) - np.minimum(middle[:, 1:], middle[:, :-1]))
    visible = int((steps > 6).sum())
    return Texture(
        flat=float((steps == 0).mean()),
        steep=float((steps > 40).sum()) / visible if visible else 0.0,
        lit=float((_brightest(middle) > 24).mean()),
        spread=float(middle[::2, ::2].std(axis=(0, 1)).max()),
    )


def _brightest(pixels: Pixels) -> Pixels:
    """The greatest of the three channels; much faster than asking for it along the last axis."""
    return np.maximum(np.maximum(pixels[..., 0], pixels[..., 1]), pixels[..., 2])


def _middle(pixels: Pixels) -> Pixels:
    """The middle, at most 768 pixels square."""
    height, width = pixels.shape[:2]
    top, left = max(0, (height - 768) // 2), max(0, (width - 768) // 2)
    return pixels[top : top + 768, left : left + 768]


def _halved(pixels: Pixels) -> Pixels:
    height, width = pixels.shape[0] // 2 * 2, pixels.shape[1] // 2 * 2
    even = pixels[:height, :width].astype(np.uint16)
    return ((even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2] + 2) // 4).astype(np.uint8)


def judge(pixels: Pixels, likely: Likely, objects: Sequence[DetectedObject], medium: Medium | None) -> Scene:
    """Whether it was taken indoors or outdoors, by the things seen, the classifier's names, sky and green; and its sky.

    Args:
        pixels: the upright picture.
        likely: what the classifier makes of it.
        objects: those found.
        medium: the kind of picture, of `medium_of`; only a photograph has a setting.
    """
    monochrome = is_monochrome(pixels)
    if medium is not None and medium != "photo":
        return Scene(medium=medium, monochrome=monochrome)
    outdoors = _evidence(objects, _OUTDOOR_THINGS) + likely.of(_OUTDOOR_NAMES) + _sky_and_green(pixels)
    indoors = _evidence(objects, _INDOOR_THINGS) + likely.of(_INDOOR_NAMES)
    ahead = outdoors - indoors
    seen = Scene(medium=medium, monochrome=monochrome)
    if not monochrome and ahead > -0.35:
        seen = replace(seen, sky=sky_of(pixels, objects), green=is_green(pixels))
    if abs(ahead) < 0.35:
        return seen
    return replace(seen, setting="outdoors" if ahead > 0 else "indoors", setting_sure=abs(ahead) >= 0.8)


def medium_of(
    pixels: Pixels, text: Sequence[TextLine], objects: Sequence[DetectedObject], *, from_camera: bool
) -> Medium | None:
    """The kind of picture; None when it is not clear.

    Borders set on 160 photographs, drawings and pages. The product of flat and steep is 0.09-1 for drawn pictures and
    0-0.08 for photographs, but for some before a white wall: between 0.09 and 0.2 a thing that was surely recognised
    speaks for a photograph.

    Args:
        pixels: the upright picture.
        text: what was read in it.
        objects: those found.
        from_camera: whether the file says a camera took it.
    """
    middle = _middle(pixels)
    seen = texture(middle)
    halved = texture(_halved(middle)) if min(middle.shape[:2]) >= 4 else seen
    written = sum(len(line.text) for line in text)
    covered = sum(line.box.area for line in text)
    # at half the size the dots of a photograph with a palette have melted into shades, what is drawn has not
    drawn = min(seen.flat * seen.steep, halved.flat * halved.steep)
    things = max((thing.confidence for thing in objects), default=0.0)
    lit = seen.lit > 0.1 or seen.steep > 0.4
    kinds: tuple[tuple[Medium | None, bool], ...] = (
        ("plain", seen.spread < 3 and not text),
        ("document", written >= 80 and covered > 0.18 and things < SURE),
        ("photo", from_camera),
        ("screenshot", drawn >= 0.088 and len(text) >= 4 and written >= 25),
        ("screenshot", drawn >= 0.04 and seen.flat > 0.35 and len(text) >= 6 and written >= 80),
        (None, 0.088 <= drawn < 0.2 and things >= 0.9),
        ("drawing", drawn >= 0.088 and lit),
        ("photo", drawn < 0.07),
    )
    return next((medium for medium, holds in kinds if holds), None)


def _evidence(objects: Sequence[DetectedObject], weights: Mapping[str, float]) -> float:
    """Each kind of thing once, by how certain it is; several kinds add up to at most 1.2."""
    strongest: dict[str, float] = {}
    for thing in objects:
        weight = weights.get(thing.name, 0.0) * thing.confidence
        strongest[thing.name] = max(strongest.get(thing.name, 0.0), weight)
    return min(1.2, sum(strongest.values()))


def _sky_and_green(pixels: Pixels) -> float:
    """How much the picture is light above in blue or white and green below: 0-0.7."""
    small = fit(pixels, 96)
    height = small.shape[0]
    names = np.array(NAMES, dtype=object)
    above = names[name_indices(small[: max(1, height // 3)].reshape(-1, 3))]
    below = names[name_indices(small[height // 2 :].reshape(-1, 3))]
    blue = float(np.isin(above, ("light blue", "blue")).mean())
    green = float(np.isin(below, ("green", "dark green", "olive", "light green")).mean())
    return min(0.7, blue * 0.5 + green * 0.5)
