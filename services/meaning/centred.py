"""Vectors seen from the middle of all texts, where likeness shows.

The vectors of one model all point the same way: two texts that have nothing in common still have a cosine of 0.8. Taken
away what texts of every kind have in common, queries and passages each by themselves, and brought to length 1 again,
unlike texts lie near 0, and one number can tell what is alike ("All-but-the-Top", Mu and Viswanath 2018, its first
step).
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from services.meaning.base import Embedder, Rows, unit

VERSION = 1
"""Part of the name: count it up when the texts below change, and all vectors are made anew."""
EVERYDAY_PASSAGES = """
Photo of a person. grey, black
Photo of a car. vehicle, red, outdoors
Screenshot with the text “Settings, Profile, Log out”
Photo of a dining table, a cup and a plate. food, indoors
Photo of a dog. animal, pet, brown, green, outdoors
Document with the text “Invoice. Hotel, three nights in March. Total”
Photo in blue and white. mountain, lake, snow, outdoors
Photo of a flower. red, green
Photo of two people and a laptop. indoors
Photo in black and orange. street, city, night
Photo of a cat. animal, pet, couch, indoors
Photo of a boat. vehicle, sea, blue, outdoors
Document with the text “Name, amount, date, 12, 47, 103”
Photo of a bird. animal, tree, sky
Photo of a child with a ball
Photo of a chair. furniture, indoors, brown
Photo of a train. vehicle, station
Photo with the text “No parking”
Photo of five people. party, night
Photo of a cell phone. device, black
Photo of a horse. animal, field, green, outdoors
Drawing in white and black
Photo in grey and dark grey
Photo of a building. windows, stone, outdoors
Photo of a book and a clock. indoors
Photo of a fish. animal, water, blue
IMG_2041. Photo in green and brown. outdoors
Birthday of my sister. Photo of a cake. food
""".strip().split("\n")
EVERYDAY_QUERIES = """
red cars
people
a dog on the beach
screenshots of an error
the receipt from the hotel
mountains
pictures of my family at home
blue sky
a cup of coffee
old buildings
something funny
two cats on a sofa
birthday party
a map of the city
flowers in the garden
the sign at the door
food
train journey
a child playing
work meeting with laptops
night in the city
a horse
boats on a lake
notes from the lesson
music
a holiday abroad
sport
winter
""".strip().split("\n")

Middle = tuple[NDArray[np.float32], NDArray[np.float32]]
_MIDDLES: dict[str, Middle] = {}
_LOCK = threading.Lock()


class Centred:
    """`Embedder` around another one. Its first use asks the other for the vectors of some sixty everyday texts, once
    in a process for each name.

    Args:
        passages, queries: the everyday texts; those of pictures unless others are given.
        kind: names those texts and their version.
    """

    def __init__(
        self,
        embedder: Embedder,
        passages: Sequence[str] = EVERYDAY_PASSAGES,
        queries: Sequence[str] = EVERYDAY_QUERIES,
        kind: str = f"centred-{VERSION}",
    ) -> None:
        self.embedder = embedder
        self.everyday = queries, passages
        self.name = f"{embedder.name}/{kind}"
        self.dimensions = embedder.dimensions

    def queries(self, texts: Sequence[str]) -> Rows:
        """See `Embedder.queries`."""
        return unit(self.embedder.queries(texts) - self._middle()[0])

    def passages(self, texts: Sequence[str]) -> Rows:
        """See `Embedder.passages`."""
        return unit(self.embedder.passages(texts) - self._middle()[1])

    def close(self) -> None:
        self.embedder.close()

    def _middle(self) -> Middle:
        with _LOCK:
            if self.name not in _MIDDLES:
                _MIDDLES[self.name] = (
                    self.embedder.queries(self.everyday[0]).mean(axis=0),
                    self.embedder.passages(self.everyday[1]).mean(axis=0),
                )
            return _MIDDLES[self.name]
