"""The colours a query names, in their shades, and those it wants of whole pictures."""

from __future__ import annotations

from services.answers.colours import COLOUR, colours_in
from services.answers.text_folding import pattern
from services.library.query_filters import cut
from services.library.query_sizes import PICTURES
from services.vision.colours import NAMES

_SHADE_OF = {
    "dark": "dark", "deep": "dark", "light": "light", "pale": "light", "bright": "", "गहरा": "dark", "गहरी": "dark",
    "गहरे": "dark", "गडद": "dark", "हल्का": "light", "हल्की": "light", "हल्के": "light", "फिकट": "light",
}  # fmt: skip
SHADES = frozenset(_SHADE_OF)
_NAMED = pattern(rf"\b(?:(?P<shade>{'|'.join(_SHADE_OF)})[ -])?(?P<colour>{COLOUR})\b")
_RUN = (
    rf"(?:(?:{'|'.join(_SHADE_OF)})[ -])?{COLOUR}"
    rf"(?:(?:,| and| or| &| और| आणि| या| किंवा) (?:(?:{'|'.join(_SHADE_OF)})[ -])?{COLOUR})*"
)
_MOSTLY = r"(?:mostly|mainly|predominantly|largely|overall|entirely|all|ज्यादातर|अधिकतर|मुख्यतः|बहुतेक)"
_WHOLE = (
    pattern(
        rf"\b(?:{_MOSTLY} |very )?(?P<run>{_RUN})(?:[- ](?:toned|tinted))? (?:{PICTURES})\b(?! (?:frames?|albums?)\b)"
    ),
    pattern(
        rf"\b(?:(?:that|which) are )?{_MOSTLY} (?P<run>{_RUN})(?=\s*$|\s*[,;]|\s(?:with|from|of|and|or|but|not)\b)"
    ),
)
_OF_COLOUR = pattern(r"[ -](?:colou?red|रंग (?:का|की|के|वाला|वाली|वाले)|रंगाचा|रंगाची|रंगाचे|रंगाच्या|रंगाचं|रंगी)\b")


def colours_named(text: str) -> tuple[str, ...]:
    """Colours in a folded text: basic ones, or in a shade where shades are measured ("dark red")."""
    found: list[str] = []
    for hit in _NAMED.finditer(text):
        shade = _SHADE_OF[hit["shade"]] if hit["shade"] else ""
        for colour in colours_in(hit["colour"]):
            shaded = f"{shade} {colour}"
            found.append(shaded if shaded in NAMES else colour)
    return tuple(dict.fromkeys(found))


def whole_colours(part: str) -> tuple[list[tuple[tuple[str, ...], bool]], str]:
    """Colours wanted of the picture as a whole ("red photos", "mostly blue"), each with whether they are wanted, and
    the alternative without them, and without words that only say that something is a colour."""
    found: list[tuple[tuple[str, ...], bool]] = []
    part = _OF_COLOUR.sub("", part)
    for finder in _WHOLE:
        while (hit := finder.search(part)) and len(found) < 4:
            colours = colours_named(hit["run"])
            wanted, part = cut(part, hit.start(), hit.end())
            found.append((colours, wanted))
    return found, part


def without_colours(words: str) -> str:
    """Words that are neither colours nor shades."""
    kept = (word for word in words.split() if not colours_in(word.strip(",.;")) and word.strip(",.;") not in SHADES)
    return " ".join(kept)
