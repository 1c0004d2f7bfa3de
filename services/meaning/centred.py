"""Vectors seen from the middle of all texts, where likeness shows.

The vectors of one model all point the same way: two texts that have nothing in common still have a cosine of 0.8. Taken
away what texts of every kind have in common, queries and passages each by themselves, and brought to length 1 again,
unlike texts lie near 0, and one number can tell what is alike ("All-but-the-Top", Mu and Viswanath 2018, its first
step).
"""

from __future__ import annotations

import re
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
EVERYDAY_QUERIES += """
लाल गाड़ी
लोग
समुद्र किनारे कुत्ता
गलती का स्क्रीनशॉट
होटल की रसीद
पहाड़
घर पर मेरे परिवार की तस्वीरें
नीला आकाश
एक कप कॉफी
पुरानी इमारतें
कुछ मज़ेदार
सोफे पर दो बिल्लियाँ
जन्मदिन की पार्टी
शहर का नक्शा
बगीचे में फूल
दरवाज़े पर लिखा हुआ
लाल गाडी
माणसे
समुद्रकिनारी कुत्रा
हॉटेलचे बिल
जुन्या इमारती
दोन मांजरी
वाढदिवस
शहरातील रात्र
तलावातील होड्या
शाळेतील वह्या
संगीत
परदेशातील सुट्टी
खेळ
हिवाळा
""".strip().split("\n")
DEVANAGARI = re.compile("[\u0900-\u097f]")
ENOUGH = 12
"""Queries in Devanagari from which on they have a middle of their own: those of another script lie elsewhere."""

Middle = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]
_MIDDLES: dict[str, Middle] = {}
_LOCK = threading.Lock()


class Centred:
    """`Embedder` around another one. Its first use asks the other for the vectors of some ninety everyday texts, once
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
        others, devanagari, _passages = self._middle()
        rows = self.embedder.queries(texts)
        middles = [devanagari if DEVANAGARI.search(text) else others for text in texts]
        return unit(rows - np.stack(middles)) if texts else rows

    def passages(self, texts: Sequence[str]) -> Rows:
        """See `Embedder.passages`."""
        return unit(self.embedder.passages(texts) - self._middle()[2])

    def close(self) -> None:
        self.embedder.close()

    def _middle(self) -> Middle:
        with _LOCK:
            if self.name not in _MIDDLES:
                queries, passages = self.everyday
                rows = self.embedder.queries(queries)
                script = np.array([DEVANAGARI.search(text) is not None for text in queries])
                own = script.sum() >= ENOUGH
                _MIDDLES[self.name] = (
                    rows[~script].mean(axis=0) if own else rows.mean(axis=0),
                    rows[script].mean(axis=0) if own else rows.mean(axis=0),
                    self.embedder.passages(passages).mean(axis=0),
                )
            return _MIDDLES[self.name]
