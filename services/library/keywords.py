"""What a picture can be found by, out of what was measured of it."""

from __future__ import annotations

import re

from services.answers.nouns import kinds
from services.vision.facts import Facts

WORD = re.compile(r"[^\W_]{3,}")


def keywords(facts: Facts) -> str:
    """Names of things and of what they are kinds of, colours, and words that can be read, folded to lower case, each
    once, with a space on either side; a name of several words is joined by `_`."""
    found = [item.name for item in facts.objects]
    for label in facts.labels:
        found += [label.name, *kinds(label.name)]
    found += [colour.name.split()[-1] for colour in facts.colours[:3]]
    found += [colour.name.split()[-1] for item in facts.objects for colour in item.colours[:1]]
    for line in facts.text:
        found += WORD.findall(line.text)
    if facts.scene.setting:
        found.append(facts.scene.setting)
    return "".join(f" {word}" for word in dict.fromkeys(name.lower().replace(" ", "_") for name in found)) + " "
