"""Words about light, colour and sharpness."""

from __future__ import annotations

import re
from typing import Literal, assert_never

from services.studio import colours
from services.studio.measures import Length
from services.studio.operations import (  # fmt: skip
    Adjust,
    Blur,
    Effect,
    EffectName,
    Level,
    Pixelate,
    PlainEdit,
    Posterise,
    Solarise,
    Tint,
)
from services.studio.places import Amount, take_amount, take_colour, take_length, take_region
from services.studio.words import Reader

Edits = list[PlainEdit]
Way = Literal["up", "down"]
_NOUNS: dict[Level, str] = {
    "brightness": r"\b(?:brightness|exposure|lightness|luminosity|luminance|light|gamma)\b",
    "contrast": r"\bcontrast\b",
    "saturation": r"\b(?:(?:colour )?(?:saturation|vibranc[ey]|vividness|intensity)|colours|colourfulness|colour)\b",
    "sharpness": r"\b(?:sharpness|clarity|details?|definition|crispness)\b",
}
# What one word says about a level: it, and the way. "too dark" asks for light and is turned round below.
_ADJECTIVES: tuple[tuple[Level, Way, str], ...] = (
    ("brightness", "up", r"\b(?:bright(?:en(?:ed|ing)?|er)?|lighter|lighten(?:ed|ing)?|light it up)(?: up)?\b"),
    (
        "brightness",
        "down",
        r"\b(?:dark(?:en(?:ed|ing)?|er)?|dim(?:mer|med|ming)?|gloomier|moodier)(?: (?:it )?down)?\b",
    ),
    ("contrast", "up", r"\b(?:contrast(?:y|ier)|punchier|punchy|more contrasting)\b"),
    ("contrast", "down", r"\b(?:flatter|flatten the tones)\b"),
    (
        "saturation",
        "up",
        r"\b(?:colourful|saturated?|vivid|vibrant|saturat(?:e|ing)|(?:colours )?pop|intense colours)\b",
    ),
    (
        "saturation",
        "down",
        r"\b(?:desaturat\w*|dull(?:er)?|mut(?:e|ed|ing)|faded?|wash(?:ed)?[ -]out|paler|colourless)\b",
    ),
    (
        "sharpness",
        "up",
        r"\b(?:sharp(?:en(?:ed|ing)?|er)?|crisp(?:er)?|clearer|less blurr(?:y|ed)|unblur\w*|"
        r"deblur\w*)(?: up)?\b",
    ),
)
_UP = (
    r"\b(?:increas\w*|rais\w*|boost\w*|up|more|enhanc\w*|higher|strengthen\w*|(?:turn|pump|crank|bump|push|"
    r"bring|ramp)\w* up"
    r"(?: the)?|bump|improv\w*|intensif\w*|gain|extra|plus|stronger|too (?:weak|low|little))\b"
)
_DOWN = (
    r"\b(?:decreas\w*|reduc\w*|lower(?:ed|ing)?|less|drop\w*|weaken\w*|(?:turn|ton|dial|bring|tak|pull|"
    r"cut)\w* (?:\w+ )?down"
    r"|down|minus|fewer|cut|weaker|too (?:strong|intense|high|much|loud)|diminish\w*)\b"
)
# small, plain, large; the way down is what the eye takes as the same step.
_STEPS: dict[Level, dict[Way, tuple[float, float, float]]] = {
    "brightness": {"up": (1.12, 1.3, 1.7), "down": (0.88, 0.75, 0.5)},
    "contrast": {"up": (1.12, 1.3, 1.7), "down": (0.88, 0.75, 0.5)},
    "saturation": {"up": (1.2, 1.5, 2.0), "down": (0.8, 0.6, 0.3)},
    "sharpness": {"up": (1.5, 2.5, 4.0), "down": (0.7, 0.4, 0.0)},
}
_EFFECTS: tuple[tuple[EffectName, str], ...] = (
    ("greyscale", r"\bblack-and-white\b|\b(?:to )?grey ?scale[ds]?\b|\bmonochrom\w*|\bgrey(?: tones?|"
    r" shades?)?\b|\bb ?w\b|"
                  r"\bshades of grey\b|\b(?:fully |completely |totally )desaturat\w*|\bnoir\b|\b(?:remov\w*|"
                  r"drop|strip|take (?:out|away)|delete|"
                  r"without|no) (?:all |any )?(?:of )?(?:the |its )?colou?rs?\b"),
    ("sepia", r"\bsepia(?:[ -]tone[ds]?)?\b|\bvintage\b|\bold[ -](?:fashioned|timey|photo\w*|style)\b|"
    r"\bantique\b|\bretro\b|\baged\b|\blook(?:s|ing)? (?:much |very |really )?old(?:er)?\b"),
    ("invert", r"\binver(?:t\w*|se)\b(?: (?:of )?(?:the |its |all )?colou?rs?)?|\bnegative\b"),
    ("equalise", r"\bequali[sz]\w*(?: (?:the )?histogram)?|\bhistogram equali[sz]ation\b"),
    ("autocontrast", r"\bauto(?:matic(?:ally)?)?[ -]?(?:contrast|levels?|tone|colou?rs?|enhance\w*|fix|"
    r"adjust\w*|correct\w*|improve\w*)"
                     r"(?: (?:the )?(?:contrast|levels|colours?|it))?\b|"
                     r"\bnormali[sz]e\w*(?: (?:the )?(?:contrast|levels))?|"
                     r"\b(?:enhance|improve|fix|correct|balance)d?(?: (?:it|this|(?:the|this|my) (?:picture|"
                     r"photo|image|"
                     r"contrast|colours?|lighting|exposure|"
                     r"levels)))?(?= *$| ¦| automatically)|\bbetter\b|\bstretch\w* the contrast\b"),
    ("emboss", r"\bemboss\w*|\brelief\b"),
    ("edges", r"\b(?:find|detect|trace|show)\w* (?:the |its )?(?:edges|contours)\b|\bedge detect\w*|\bcontours?\b"),
    ("vignette", r"\bvignett\w*|\bdark(?:en)?(?:ed)? (?:the )?(?:edges|corners)\b|"
                 r"\bdark(?:er|en\w*)? (?:it )?(?:at|around|along|in|towards?) (?:the |its )?"
                 r"(?:edges|corners|sides)\b"),
)  # fmt: skip


def effect(reader: Reader) -> Edits | None:
    for name, pattern in _EFFECTS:
        if reader.take(pattern):
            reader.take_all(r"\b(?:automatically|tones?|scale|subtle|slight(?:ly)?|light|classic|old)\b")
            return [Effect(name, take_region(reader))]
    return None


def adjust(reader: Reader) -> Edits | None:
    region = take_region(reader)
    if reader.take(r"\bnot (?:so|as|too|that|quite so)\b"):
        reader.rest += " less "
    named: list[tuple[Level, Way | None, Amount | None]] = []
    for level, way, pattern in _ADJECTIVES:
        if match := reader.take(rf"(?P<how>\b(?:too|less|not)\b )?(?P<bit>\ba (?:bit|little) )?{pattern}"):
            turned = match["how"] is not None
            named.append((level, _other(way) if turned else way, Amount("small") if match["bit"] else None))
    less = reader.take(r"\bless\b") is not None
    if named and less:
        named = [(level, _other(way), amount) for level, way, amount in named]
    if not named:
        named = _nouns(reader, less=less)
    if not named:
        return None
    shared = take_amount(reader)
    reader.take_all(_UP)
    for level, _towards, _amount in named:  # "the colours more vivid", "more light, make it brighter"
        reader.take(_NOUNS[level])
        for other, _way, pattern in _ADJECTIVES:
            if other == level:
                reader.take(pattern)
    edits: Edits = []
    for level, towards, amount in named:
        how = amount or shared
        if towards is None and (how is None or how.kind not in ("by", "to", "times")):
            return None
        edits.append(Adjust(level, round(_level_factor(level, towards or "up", how), 4), region))
    return edits


def _nouns(reader: Reader, *, less: bool) -> list[tuple[Level, Way | None, Amount | None]]:
    """ "Reduce the brightness by 10% and the contrast by 20%": each noun with the amount after it."""
    named = "|".join(_NOUNS.values())
    reader.rest = re.sub(rf"({named}):? -(\d+(?:\.\d+)?)%?", r"less \1 by \2%", reader.rest, flags=re.IGNORECASE)
    # A bare number from 5 to 100 is meant in percent, as on a slider.
    slider = rf"({named}) (?:by )?\+?([5-9]|[1-9]\d|100)(?![\d%.x])(?! times)"
    reader.rest = re.sub(slider, r"\1 by \2%", reader.rest, flags=re.IGNORECASE)
    reader.rest = re.sub(rf"({named}) (?:down )?to 0(?![\d.%])", r"\1 to 0%", reader.rest, flags=re.IGNORECASE)
    less = less or reader.take(r"\bless\b") is not None
    found: list[tuple[int, Level, Amount | None]] = []
    for level, pattern in _NOUNS.items():
        match = re.search(rf"{pattern}(?P<amount> (?:by |to |[+-])?\d+(?:\.\d+)?%)?", reader.rest, re.IGNORECASE)
        if match:
            amount = take_amount(Reader(match["amount"])) if match["amount"] else None
            found.append((match.start(), level, amount))
    found.sort(key=lambda one: one[0])
    for number in reversed(range(len(found) - 1)):  # "brightness and contrast by 20%": said once, meant of both
        if found[number][2] is None:
            found[number] = (*found[number][:2], found[number + 1][2])
    for _start, level, amount in found:
        reader.take(_NOUNS[level] + (r"(?: (?:by |to |[+-])?\d+(?:\.\d+)?%)?" if amount else ""))
    down = reader.take(_DOWN) is not None or less
    up = reader.take(_UP) is not None or reader.has(r"\b(?:add|give|doubl|tripl|twice)")
    halved = reader.has(r"\bhalv|\bhalf\b")
    way: Way | None = "down" if down else "up" if up or halved else None
    return [(level, way, amount) for _start, level, amount in found]


def _other(way: Way | None) -> Way | None:
    return None if way is None else "down" if way == "up" else "up"


def _level_factor(level: Level, way: Way, amount: Amount | None) -> float:
    steps = _STEPS[level][way]
    if amount is None:
        return steps[1]
    match amount.kind:
        case "small":
            return steps[0]
        case "large":
            return steps[2]
        case "by":
            return 1 + amount.value if way == "up" else max(0.0, 1 - amount.value)
        case "times":
            return 1 / amount.value if way == "down" and amount.value > 1 else amount.value
        case "to":
            return amount.value
        case _:
            assert_never(amount.kind)


def blur(reader: Reader) -> Edits | None:
    if reader.has(r"\b(?:unblur|deblur)"):
        return None
    softly = reader.take(r"\b(?:soft(?:er|en\w*)|smooth\w*)\b")
    if not (
        softly
        or reader.take(r"\b(?:gaussian )?(?:blur(?:red|ring|ry|rier)?|out of focus|unfocus\w*|defocus\w*|haz[ey])\b")
    ):
        return None
    reader.take_all(r"\b(?:blur\w*|gaussian|soft(?:en)?)\b")
    region = take_region(reader)
    if match := reader.take(r"\bradius (?:of )?(\d+)(?:px)?\b|\bby (\d+)\b(?!px|%)"):
        length: Length | None = Length(float(match[1] or match[2]))
    else:
        length = take_length(reader, r"(?:\bby |\bof |\bwith )?(?:a )?")
    reader.take_all(r"\b(?:radius|out)\b")
    if length and length.unit == "percent":
        length = Length(
            length.value / 10, "percent"
        )  # of ten per cent of the shorter side, beyond which nothing is seen
    amount = take_amount(reader) if length is None else None
    kind = amount.kind if amount else "small" if softly else "medium"
    return [Blur(length or Length({"small": 0.5, "large": 4.0}.get(kind, 1.5), "percent"), region)]


def pixelate(reader: Reader) -> Edits | None:
    if not reader.take(r"\b(?:pixelat\w*|pixel(?:is|iz)\w*|mosaic\w*|censor\w*|blocky|8-bit|pixel art)\b"):
        return None
    region = take_region(reader)
    length = take_length(reader, r"(?:\bwith |\binto |\bin )?(?:blocks? (?:of )?|squares? (?:of )?)?")
    reader.take_all(r"\b(?:blocks?|squares?)\b")
    amount = take_amount(reader) if length is None else None
    kind = amount.kind if amount else "medium"
    return [Pixelate(length or Length({"small": 2.0, "large": 9.0}.get(kind, 4.0), "percent"), region)]


def posterise(reader: Reader) -> Edits | None:
    if reader.take(r"\bposteri[sz]\w*|\bposter (?:effect|look|style)\b"):
        match = reader.take(r"\b(\d+) ?-?(bits?|levels?|colours?|tones?)\b")
        bits = 3
        if match:
            count = int(match[1])
            bits = count if match[2].lower().startswith("bit") else max(1, (max(2, count) - 1).bit_length())
        return [Posterise(min(8, max(1, bits)), take_region(reader))]
    if reader.take(r"\bsolari[sz]\w*"):
        match = reader.take(r"\b(?:threshold (?:of )?|at |above )(\d+)\b")
        return [Solarise(min(255, int(match[1])) if match else 128, take_region(reader))]
    return None


_WARM, _COOL = "#ff8c00", "#1e90ff"
_TEMPERATURE = ((_WARM, r"\b(?:warm(?:er|th|ed|ing)?(?: (?:it )?up)?|cosier|golden hour)\b"),
                (_COOL, r"\b(?:cool(?:er|ed|ing)(?: (?:it )?down)?|cool(?= (?:tones?|tint|look|filter|it|the))|"
                r"cold(?:er)?|chilly|icy)\b"))  # fmt: skip
_MORE_COLOUR = {
    "redder": "#ff0000",
    "bluer": "#0000ff",
    "greener": "#00ff00",
    "yellower": "#ffff00",
    "pinker": "#ffc0cb",
}


# "Make it blue" said of the whole picture, and nothing else; black, white and grey are no tints.
_ALL_OF_IT = (
    r"^\W*(?:please )?(?:(?:make|turn|colou?r|paint|tint) (?:it|everything|(?:the|this) (?:whole |entire )?(?:picture|"
    r"image|photo)) (?:all )?|(?:change|turn|set|make) (?:the|its) colours? (?:of (?:it|the (?:picture|image|photo)) )?"
    r"(?:in)?to )"
    rf"(?!black|white|grey|transparent)(?P<colour>{colours.pattern()})\W*$"
)


def tint(reader: Reader) -> Edits | None:
    if whole := reader.take(_ALL_OF_IT):
        return [Tint(colours.parse(whole["colour"]), 0.6)]
    region = take_region(reader)
    usual, colour = 0.2, None
    for towards, pattern in _TEMPERATURE:
        if reader.take(pattern):
            opposite = reader.take(r"\b(?:less|too|reduc\w*|lower|decreas\w*|remov\w*)\b")
            colour = (_COOL if towards == _WARM else _WARM) if opposite else towards
            break
    if colour is None and (match := reader.take(rf"\b({'|'.join(_MORE_COLOUR)})\b")):
        colour = _MORE_COLOUR[match[1].lower()]
    noun = reader.take_all(
        r"\b(?:tint\w*|ton(?:e|es|ed|ing)|hue|overlay|wash|cast|duotone|(?:hint|touch|splash) of|colouri[sz]e\w*)\b"
    )
    if colour is None and (noun or reader.has(r"\bmore\b")):
        colour, usual = take_colour(reader), 0.35 if noun else 0.2
    if colour is None or colour == "#00000000":
        return None
    amount = take_amount(reader)
    reader.take_all(r"\bup\b|\bmore\b|\btemperature\b|\blooking\b")
    if amount and amount.kind in ("by", "to"):
        return [Tint(colour, min(1.0, amount.value), region)]
    strength = {"small": usual / 2, "large": min(1.0, usual * 2)}.get(amount.kind if amount else "", usual)
    return [Tint(colour, round(strength, 4), region)]


PARSERS = (effect, posterise, pixelate, blur, tint, adjust)
