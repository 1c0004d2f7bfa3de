"""The 1000 names of ImageNet made readable, gathered in kinds, and held against the names of COCO."""

from __future__ import annotations

from typing import Final

# ImageNet's own words where they mislead a reader
READABLE: Final = {
    "ashcan": "rubbish bin", "analog clock": "clock", "beach wagon": "estate car", "cab": "taxi",
    "cellular telephone": "mobile phone", "jinrikisha": "rickshaw", "jean": "jeans", "ice bear": "polar bear",
    "lesser panda": "red panda", "drake": "male duck", "cock": "rooster", "sorrel": "horse",
    "hand-held computer": "handheld computer", "hip": "rose hip", "ear": "ear of corn", "web site": "web page",
    "tusker": "elephant with tusks", "bull mastiff": "bullmastiff", "EntleBucher": "Entlebucher",
    "Crock Pot": "slow cooker", "alp": "mountain", "sunglass": "sunglasses", "sulphur butterfly": "yellow butterfly",
    "admiral": "red admiral butterfly", "monarch": "monarch butterfly", "ringlet": "ringlet butterfly",
    "racer": "racing car", "liner": "ocean liner", "hog": "pig", "tank": "military tank", "stole": "scarf",
    "barrow": "wheelbarrow", "mortarboard": "graduation cap", "washer": "washing machine", "upright": "piano",
    "stage": "theatre stage", "groom": "bridegroom", "corn": "corn on the cob", "head cabbage": "cabbage",
    "Madagascar cat": "lemur", "bubble": "soap bubble", "agaric": "mushroom", "maillot": "swimsuit",
    "ballplayer": "baseball player", "wreck": "shipwreck", "promontory": "headland", "tub": "vat",
    "Granny Smith": "apple", "dial telephone": "rotary telephone", "notebook": "laptop",
}  # fmt: skip

# Kinds whose members the classifier mixes up: places in ImageNet's order, both ends counted
_KIND_PLACES: Final[dict[str, tuple[tuple[int, int], ...]]] = {
    "fish": ((0, 1), (389, 397)), "shark": ((2, 4),), "ray": ((5, 6),),
    "bird": ((7, 24), (80, 100), (127, 146)), "salamander": ((25, 29),), "frog": ((30, 32),), "turtle": ((33, 37),),
    "lizard": ((38, 48),), "crocodile": ((49, 50),), "snake": ((52, 68),), "spider": ((72, 77),),
    "crab": ((118, 121),), "lobster": ((122, 124),), "whale": ((147, 148),), "seal": ((149, 150),),
    "dog": ((151, 268),), "wolf": ((269, 275),), "fox": ((277, 280),), "cat": ((281, 285),),
    "big cat": ((286, 293),), "bear": ((294, 297),), "beetle": ((300, 307),),
    "butterfly": ((321, 326),), "dragonfly": ((319, 320),), "rabbit": ((330, 332),), "pig": ((341, 343),),
    "cow": ((345, 347),), "sheep or goat": ((348, 350),), "antelope": ((351, 353),), "ape": ((365, 369),),
    "monkey": ((370, 382),), "elephant": ((101, 101), (385, 386)), "mushroom": ((992, 997), (947, 947)),
}  # fmt: skip
ANIMALS: Final = 398  # the first so many places are animals

_KIND_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "car": (
        "estate car", "taxi", "convertible", "jeep", "limousine", "minivan", "Model T", "racing car", "sports car",
        "car wheel", "grille", "car mirror", "police van", "ambulance",
    ),
    "bus": ("minibus", "school bus", "trolleybus"),
    "truck": ("fire engine", "garbage truck", "moving van", "pickup", "tow truck", "trailer truck"),
    "train": ("bullet train", "electric locomotive", "steam locomotive", "passenger car", "freight car", "streetcar"),
    "boat": (
        "canoe", "catamaran", "container ship", "fireboat", "gondola", "lifeboat", "ocean liner", "schooner",
        "speedboat", "trimaran", "yawl", "shipwreck", "paddle", "dock", "aircraft carrier",
    ),
}  # fmt: skip


def kinds_of(names: list[str]) -> list[str | None]:
    """For each readable name, in ImageNet's order, the kind it belongs to."""
    kinds: list[str | None] = [None] * len(names)
    for kind, ranges in _KIND_PLACES.items():
        for first, last in ranges:
            kinds[first : last + 1] = [kind] * (last - first + 1)
    by_name = {name: kind for kind, members in _KIND_NAMES.items() for name in members}
    return [kind or by_name.get(name) for kind, name in zip(kinds, names, strict=True)]


# What the classifier may call an object of COCO when shown it alone: kinds or names. Objects that are not here
# (furniture, tableware, clothes) hardly ever fill their box and cannot be checked so.
COCO_AS_IMAGENET: Final[dict[str, frozenset[str]]] = {
    "bicycle": frozenset(("mountain bike", "bicycle-built-for-two", "tricycle", "unicycle")),
    "car": frozenset(("car", "truck", "bus")),
    "motorcycle": frozenset(("moped", "motor scooter", "crash helmet", "disk brake", "mountain bike")),
    "airplane": frozenset(("airliner", "warplane", "wing", "airship", "space shuttle")),
    "bus": frozenset(("bus", "car", "truck", "streetcar", "recreational vehicle")),
    "train": frozenset(("train",)),
    "truck": frozenset(("truck", "car", "bus", "tractor", "half track", "snowplow")),
    "boat": frozenset(("boat", "lakeside", "pier", "boathouse")),
    "bird": frozenset(("bird",)),
    "cat": frozenset(("cat", "big cat")),
    "dog": frozenset(("dog", "wolf")),
    "horse": frozenset(("horse", "horse cart", "cow", "zebra")),
    "sheep": frozenset(("sheep or goat",)),
    "cow": frozenset(("cow",)),
    "elephant": frozenset(("elephant",)),
    "bear": frozenset(("bear", "giant panda")),
    "zebra": frozenset(("zebra",)),
    "giraffe": frozenset(),
    "umbrella": frozenset(("umbrella",)),
    "kite": frozenset(("parachute", "balloon")),
    "frisbee": frozenset(),
    "sports ball": frozenset((
        "soccer ball", "basketball", "baseball", "tennis ball", "golf ball", "volleyball", "rugby ball",
        "croquet ball", "ping-pong ball",
    )),
    "banana": frozenset(("banana",)),
    "apple": frozenset(("apple", "pomegranate", "fig")),
    "orange": frozenset(("orange", "lemon")),
    "broccoli": frozenset(("broccoli", "cauliflower")),
    "pizza": frozenset(("pizza",)),
    "donut": frozenset(("bagel", "pretzel", "dough")),
    "cake": frozenset(("trifle", "ice cream", "chocolate sauce", "candle")),
    "vase": frozenset(("vase", "pot", "pitcher", "water jug")),
    "laptop": frozenset(("laptop", "desktop computer", "screen", "monitor", "computer keyboard")),
    "remote": frozenset(("remote control",)),
    "keyboard": frozenset(("computer keyboard", "typewriter keyboard", "space bar", "laptop")),
    "mouse": frozenset(("mouse",)),
    "clock": frozenset(("clock", "wall clock", "digital clock", "stopwatch", "bell cote", "digital watch", "church")),
    "teddy bear": frozenset(("teddy",)),
    "scissors": frozenset(),
    "toothbrush": frozenset(),
}  # fmt: skip
