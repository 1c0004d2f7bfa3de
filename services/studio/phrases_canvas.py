"""Words that begin a new picture: plain canvases, gradients, patterns, and drawings on them."""

from __future__ import annotations

from services.studio.operations import Canvas, Direction, Pattern, PlainEdit
from services.studio.phrases_draw import shape, text
from services.studio.places import take_colour, take_colours
from services.studio.words import Reader

Edits = list[PlainEdit]
SIDE = 1024
_MAKE = (
    r"\b(?:creat\w*|mak\w*|generat\w*|draw\w*|paint\w*|produc\w*|giv\w*|start\w*|new|design\w*|render\w*|"
    r"begin|build|want|need|show)\b"
)
_SURFACE = (
    r"(?:pictures?|images?|canvas|drawing|illustration|graphic|photo|artwork|wallpaper|background|poster|"
    r"sheet|page|square|rectangle|banner|sign|flyer|"
    r"(?:(?:birthday|greetings?|business|invitation|thank[ -]you|get[ -]well) )?card)"
)
_OF = rf"{_MAKE}(?P<kind>.*?)\b{_SURFACE} (?:of|with|showing|containing|that (?:has|shows)|that says)\b"
_PATTERNS: tuple[tuple[Pattern, str], ...] = (
    ("radial", r"\b(?:radial|circular|round) gradient\b|\bgradient(?= (?:circular|radial))"),
    ("gradient", r"\bgradient(?: (?:image|picture|background|canvas))?\b"),
    ("checkerboard", r"\b(?:checker(?:ed)?|chess)[ -]?(?:board)?(?: pattern)?\b|\bchequered(?: pattern)?\b"),
    ("stripes", r"\b(?:stripes?|striped)(?: pattern)?\b"),
)
_CELLS = r"\b(?:[1-9]|[12]\d|3[0-2])x(?:[1-9]|[12]\d|3[0-2])\b"
_USUAL_CELLS = "8x8"
_DIMENSIONS = r"\b\d+x\d+\b"
_RAINBOW = ("#ff0000", "#ffa500", "#ffff00", "#008000", "#0000ff", "#4b0082", "#ee82ee")


def pattern(reader: Reader) -> Edits | None:
    found = next((name for name, words in _PATTERNS if reader.take(words)), None)
    if found is None:
        return None
    cells = reader.take(_CELLS) if found == "checkerboard" else None
    if cells and cells[0] != _USUAL_CELLS:
        return None
    width, height = _size(reader)
    direction = _direction(reader, "down" if found == "stripes" else "right")
    chosen = _RAINBOW if reader.take(r"\brainbow\b") else take_colours(reader)
    if found == "stripes" and reader.has(rf"\b{len(chosen)}\b"):
        reader.take(rf"\b{len(chosen)}\b")
    reader.take_all(
        r"\b(?:background|patterns?|linear|radial|between|fading|going|running|start\w*|end\w*|blend\w*|square|"
        r"canvas)\b"
    )
    usual = ("#000000", "#ffffff")
    return [
        Canvas(
            width, height, found, chosen if len(chosen) > 1 else (*chosen, "#ffffff") if chosen else usual, direction
        )
    ]


def _direction(reader: Reader, usual: Direction) -> Direction:
    for direction, words in (
        ("right", r"\b(?:from )?left to (?:the )?right\b|\bhorizontal(?:ly)?\b"),
        ("left", r"\b(?:from )?right to (?:the )?left\b"),
        ("down", r"\b(?:from )?top to (?:the )?bottom\b|\bvertical(?:ly)?\b"),
        ("up", r"\b(?:from )?bottom to (?:the )?top\b"),
    ):
        if reader.take(words):
            if usual == "down":  # stripes: a vertical stripe is one whose colour changes to the right
                return (
                    "right"
                    if direction in ("up", "down") and "vertical" in words and reader.text.lower().count("vertical")
                    else "down"
                )
            return direction  # type: ignore[return-value]
    return usual


def _size(reader: Reader) -> tuple[int, int]:
    if match := reader.take(r"\b([1-9]\d*)x([1-9]\d*)\b"):
        return int(match[1]), int(match[2])
    if match := reader.take(r"\b([1-9]\d*)px (?:square|canvas|image|picture)|\b([1-9]\d{2,})px\b"):
        return int(match[1] or match[2]), int(match[1] or match[2])
    if reader.take(r"\b(?:full hd|1080p)\b"):
        return 1920, 1080
    return SIDE, SIDE


def plain(reader: Reader) -> Edits | None:
    """ "A blue 800x600 canvas", "a blank white image"."""
    if reader.has(r"\bbackground\b") and not reader.has(r"\b(?:creat|generat|new|start)\w*\b"):
        return None
    surface = reader.take(rf"\b(?:canvas|blank|{_SURFACE})\b")
    if not surface:
        return None
    blank = surface[0].lower() in ("canvas", "blank") or reader.has(r"\b(?:blank|empty|plain|solid|new|canvas)\b")
    reader.take_all(rf"\b{_SURFACE}\b")
    made = reader.take(_MAKE)
    sized = reader.has(_DIMENSIONS)
    size = _size(reader)
    colour = take_colour(reader)
    reader.take_all(r"\b(?:blank|solid|empty|background|all|pure|filled|square|transparent|colour)\b")
    if not (blank or (made and (colour or sized))):
        return None
    if not made and not (blank and (colour or sized)):
        return None
    if not colour and not blank and not sized:
        return None
    generic = made is not None and made[0].lower() in ("make", "give", "want", "need", "show")
    if generic and not blank:
        return None
    return [Canvas(*size, "solid", (colour or "#ffffff",))]


def drawing(reader: Reader) -> Edits | None:
    """ "A picture of a yellow circle on a black background": a canvas and what stands on it."""
    opened = reader.take(_OF)
    if not opened and reader.has(r"«|\b(?:add|put|plac|insert)\w*\b"):
        return None  # something put on the picture there is; what stands behind words is their box
    ground = reader.take(rf"\b(?:on|with|over|against|in front of) (?:a |an |the )?((?:\S+ ){{1,4}}){_SURFACE}\b")
    # What is said of the canvas, before its noun in either place: its size and colour, and nothing else.
    paper = Reader(f"{opened['kind'] if opened else ''} ¦ {ground[1] if ground else ''}")
    size = _size(paper) if paper.has(_DIMENSIONS) else _size(reader)
    colour = take_colour(paper)
    if not (opened or colour) or (ground and colour is None) or paper.leftovers:
        return None
    inner = Reader(reader.rest.replace("¦", " "), reader.quotes)
    inner.rest = f" draw {inner.rest}"
    edits = text(inner) if inner.has("«") else shape(inner)
    if not edits:
        return None
    reader.rest = inner.rest
    return [Canvas(*size, "solid", (colour or "#ffffff",)), *edits]


PARSERS = (drawing, pattern, plain)
