"""Words about painting a part of the picture in one colour."""

from __future__ import annotations

from services.studio.operations import Fill, PlainEdit
from services.studio.places import edge_region, take_colour, take_region
from services.studio.words import Reader

Edits = list[PlainEdit]
_BAR = r"\b(?:bar|strip|band|stripe|banner|bars|strips|bands)\b"
_BAR_SHARE = 0.15


def bar(reader: Reader) -> Edits | None:
    """ "A black bar at the top": along an edge, as long as it."""
    if not reader.take(_BAR) or reader.has(r"\bremov\w*|\bdelet\w*|\bcrop\w*|\btrim\w*|«|\d"):
        return None
    edges = reader.take_all(
        r"\b(?:at|on|along|across|over|to)? ?(?:the )?(?P<edge>left|right|top|bottom)(?: edge| side)?\b"
    )
    colour = take_colour(reader)
    reader.take(r"\bcover(?:ed|ing)?\b")
    if colour is None or not edges:
        return None
    return [Fill(colour, edge_region(match["edge"], _BAR_SHARE)) for match in edges]


def fill(reader: Reader) -> Edits | None:
    verb = reader.take(
        r"\b(?:fill(?:ed|ing)?(?: in)?|cover(?:ed|ing)?|paint(?:ed|ing)?|colou?r(?:ed|ing)?|black out|white out)\b"
    )
    if not verb:
        return None
    region = take_region(reader)
    blanked = {"black out": "#000000", "white out": "#ffffff"}.get(verb[0].lower())
    colour = blanked or take_colour(reader)
    if colour is None or (region is None and not verb[0].lower().startswith(("fill", "cover"))):
        return None
    return [Fill(colour, region)]


PARSERS = (bar, fill)
