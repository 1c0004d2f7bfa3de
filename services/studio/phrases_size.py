"""Words about how large a picture is to be."""

from __future__ import annotations

from typing import Literal

from services.studio.operations import PlainEdit, Resize
from services.studio.places import Amount, take_amount
from services.studio.words import Reader

Edits = list[PlainEdit]
Fit = Literal["stretch", "inside", "cover"]
_VERB = (
    r"\b(?:resiz|re-siz|rescal|scal|downsiz|upsiz|downscal|upscal|downsampl|fit|size|stretch)(?:e[ds]?|ing|ed|ting|ted|le)?"
    r"(?: (?:up|down))?\b|\bzoom\w*\b"
)
_SMALLER = r"\b(?:shrink\w*|shrunk|reduc\w*|smaller|decreas\w*|lower|downsize\w*|downscale\w*|tinier|scale\w* down)\b"
_LARGER = r"\b(?:enlarg\w*|larger|bigger|increas\w*|grow\w*|magnif\w*|upscale\w*|upsize\w*|blow\w* up|scale\w* up)\b"
_SIZE = r"\b(?:size|dimensions?|resolution|scale|width|height)\b"
_INSIDE = (
    r"\b(?:within|inside(?: of)?|at most|no (?:more|larger|bigger) than|max(?:imum|imal)?|up to)\b|"
    r"\b(?:keep|preserv|maintain)\w* (?:the |its )?(?:proportions|aspect(?: ratio)?|ratio|shape)\b|"
    r"\bproportional(?:ly)?\b|"
    r"\bwithout (?:stretch\w*|distort\w*|crop\w*)(?: (?:it|anything))?\b|\bfit(?:ting|ted)?\b"
)
_SCREENS = {
    r"\b4k\b|\buhd\b": (3840, 2160),
    r"\b1440p\b": (2560, 1440),
    r"\b1080p\b|\bfull hd\b|\bfhd\b": (1920, 1080),
    r"\b720p\b|\bhd\b": (1280, 720),
}
_WORD_FACTORS = {"small": (0.8, 1.25), "large": (0.4, 2.5)}
THUMBNAIL = 256


def resize(reader: Reader) -> Edits | None:
    fit: Fit = "inside" if reader.take_all(_INSIDE) else "stretch"
    if fit == "stretch" and reader.take(r"\b(?:to )?(?:fill|cover)(?:ing|ed)?\b"):
        fit = "cover"
    smaller, larger = reader.take(_SMALLER) is not None, reader.take(_LARGER) is not None
    verb = reader.take(_VERB) is not None
    if operation := _to_pixels(reader, fit, bool(verb or smaller or larger or fit == "inside")):
        _finish(reader)
        return [operation]
    if verb and (match := reader.take(r"\bby (\d+\.\d+)\b(?!%|px)")):
        _finish(reader)
        return [Resize(scale=float(match[1]))] if 0 < float(match[1]) <= 100 else None
    scale = _scale(reader, verb=verb, smaller=smaller, larger=larger)
    if scale is None:
        return None
    _finish(reader)
    return [Resize(scale=round(scale, 4))]


def _finish(reader: Reader) -> None:
    reader.take_all(_SIZE)
    reader.take_all(_SMALLER)
    reader.take_all(_LARGER)
    reader.take_all(_VERB)
    reader.take_all(r"\b(?:proportions|original|current|aspect|ratio|longest|thumbnail|preview|dimensions?|down)\b")


def _to_pixels(reader: Reader, fit: Fit, asked: bool) -> Resize | None:
    if reader.has(r"\b(?:canvas|blank|gradient|checkerboard|border|radius|crop\w*)\b"):
        return None
    for pattern, (width, height) in _SCREENS.items():
        if reader.take(pattern):
            return Resize(width=width, height=height, fit="inside" if fit == "stretch" else fit)
    if (asked or reader.has(r"\b(?:to|be|make)\b")) and (match := reader.take(r"\b([1-9]\d*)x([1-9]\d*)\b")):
        if match[1] == match[2] and reader.take(r"\bsquare\b"):
            fit = "cover"
        small = fit == "stretch" and reader.take(r"\bthumb(?:nail)?s?\b") is not None
        return Resize(width=int(match[1]), height=int(match[2]), fit="inside" if small else fit)
    side = r"(?:longe(?:st|r)|long|large(?:st|r)|bigge(?:st|r)|max\w*) (?:side|edge|dimension)"
    if match := reader.take(
        rf"\b{side}(?: \w+){{0,3}}? ([1-9]\d*)(?:px)?\b|\b([1-9]\d*)(?:px)? (?:on|for|along) (?:the |its )?{side}"
    ):
        return Resize(longest=int(match[1] or match[2]))
    if match := reader.take(r"\bthumb(?:nail)?s?\b"):
        size = reader.take(r"\b([1-9]\d*)(?:px)?\b")
        return Resize(longest=int(size[1]) if size else THUMBNAIL)
    width_match = reader.take(
        r"\b([1-9]\d*)(?:px)? (?:wide|in width|width)|\bwidth (?:\w+ ){0,2}?([1-9]\d*)(?:px)?\b(?!%)"
    )
    height_match = reader.take(
        r"\b([1-9]\d*)(?:px)? (?:high|tall|in height|height)|\bheight (?:\w+ ){0,2}?([1-9]\d*)(?:px)?\b(?!%)"
    )
    if width_match or height_match:
        return Resize(
            width=int(width_match[1] or width_match[2]) if width_match else None,
            height=int(height_match[1] or height_match[2]) if height_match else None,
            fit=fit,
        )
    if asked and (match := reader.take(r"\b(?:to|of|at|is|be) ([1-9]\d*)px(?!\w)|\bto ([1-9]\d{2,})(?![\w%.])")):
        number = int(match[1] or match[2])
        return Resize(longest=number) if fit == "inside" else Resize(width=number)
    return None


def _scale(reader: Reader, *, verb: bool, smaller: bool, larger: bool) -> float | None:
    if match := reader.take(
        r"\b(?:to )?(?:a |one |1 )(third|quarter|half|tenth|fifth)\b(?: of| the| its)*(?: original| current)? size"
    ):
        return {"third": 1 / 3, "quarter": 0.25, "half": 0.5, "tenth": 0.1, "fifth": 0.2}[match[1].lower()]
    if match := reader.take(r"\b(?:to |by )?(?:a |one |1 )?(third|quarter|half)\b"):
        share = {"third": 1 / 3, "quarter": 0.25, "half": 0.5}[match[1].lower()]
        sized = verb or smaller or larger or reader.has(r"\b(?:size|as (?:big|large)|dimensions?)\b")
        reader.take(r"\bas (?:big|large)\b|\bsize\b")
        if not sized:
            return None
        return 1 + share if larger else share
    amount = take_amount(reader)
    sized = bool(
        reader.take(
            r"\b(?:as )?(?:big|large)\b|\b(?:the |its |original )*(?:size|dimensions|resolution|width and height)\b"
        )
    )
    if not (verb or smaller or larger or (sized and amount)):
        return None
    if (
        (verb or larger or smaller)
        and not sized
        and reader.has(r"\b(?:brightness|contrast|saturation|colours?|blur\w*|sharpness)\b")
    ):
        return None
    if amount is None:
        return (0.67 if smaller else 1.5) if smaller or larger else None
    return _factor(amount, smaller=smaller, larger=larger)


def _factor(amount: Amount, *, smaller: bool, larger: bool) -> float | None:
    match amount.kind:
        case "to":
            factor = amount.value
        case "by":
            # "scale by 50%" means to a half; "50% larger" means half as much again.
            factor = 1 - amount.value if smaller else 1 + amount.value if larger else amount.value
        case "times":
            factor = 1 / amount.value if smaller and amount.value >= 1 else amount.value
        case "small" | "large":
            if not (smaller or larger):
                return None
            down, up = _WORD_FACTORS[amount.kind]
            factor = down if smaller else up
    return factor if 0 < factor <= 100 else None


PARSERS = (resize,)
