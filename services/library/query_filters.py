"""What a query says of the picture itself: its kind, size, folder, how sure a find must be, what can be read.

Each function takes the folded query, and gives what it found and the query without it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from services.answers.text_folding import LETTER, fold, pattern
from services.library.query_sizes import OVER, PICTURES, UNDER

Kind = Literal[
    "photo", "drawing", "document", "screenshot", "animation", "png", "jpeg", "gif", "webp", "indoors", "outdoors",
    "blurred", "sharp", "dark", "bright", "text", "located", "monochrome",
]  # fmt: skip
FAMILY: dict[Kind, str] = {
    **dict.fromkeys(("png", "jpeg", "gif", "webp", "photo", "drawing", "document", "screenshot", "animation"), "type"),
    **dict.fromkeys(("indoors", "outdoors"), "setting"),
    **dict.fromkeys(("blurred", "sharp", "dark", "bright"), "quality"),
    "text": "has",
    "located": "has",
    "monochrome": "look",
}
"""What a kind is one of; those of one family exclude each other, so several of them are alternatives."""

NEGATIONS = (
    "not|no|without|except|excluding|exclude|never|non|but not|isn't|aren't|don't|doesn't|"
    "नहीं|बिना|छोडकर|सिवाय|नको|शिवाय|नाही|सोडून|वगळून"
)
NOT = re.compile(
    rf"(?:(?<!{LETTER}))(?:{NEGATIONS})(?:[ -]+(?:any|a|an|the|of|containing|showing|show|have|has|being|taken|"
    rf"at|in|from|contain))*[ -]*$"
)
"""A negation at the end of what stands before something."""
NOT_AFTER = re.compile(
    r"^\s*(?:(?:के|की|का|को|च्या|में|मध्ये)\s+)?(?:बिना|नहीं|सिवाय|अलावा|रहित|छोडकर|नको|शिवाय|नाहीत|नाही|सोडून|वगळून|वगळता|खेरीज|"
    r"नसलेले|नसलेली|नसलेला|नसलेल्या|न (?=हो))(?:\s*(?:हैं|है|हों|हो|आहेत|आहे|असलेले))?(?![\w\u0900-\u097f])"
)
"""A negation at the beginning of what follows, as Hindi and Marathi have it."""

_KINDS: dict[Kind, str] = {
    "screenshot": r"\b(?:screen ?(?:shots?|captures?|grabs?)(?: of)?|स्क्रीनशॉट|स्क्रीन शॉट)\b",
    "drawing": r"\b(?:drawings?|sketch(?:es)?|illustrations?|cartoons?|clip ?art|diagrams?|रेखाचित्र)\b",
    "document": (
        r"\b(?:scanned (?:documents?|papers?|pages?)|documents?|scans?|receipts?|letters?|pages? of text|"
        r"दस्तावेज|कागदपत्रे?)\b"
    ),
    "animation": r"\b(?:animations?|animated(?: gifs?| images?)?|moving pictures?)\b",
    "png": r"\b(?:pngs?)\b",
    "jpeg": r"\b(?:jpe?gs?)\b",
    "gif": r"\b(?:gifs?)\b",
    "webp": r"\b(?:webps?)\b",
    "indoors": r"\b(?:indoors?|inside(?! (?:of )?(?:a|an|the)\b)|घर के अंदर|अंदर|आतमध्ये|घरातील|घरात|आतील)\b",
    "outdoors": r"\b(?:outdoors?|outside(?! of\b)|in the open|बाहर|बाहेर|बाहेरील|बाहेरचे)\b",
    "blurred": r"\b(?:blurry|blurred|blur|out of focus|unsharp|shaky|धुंधली|धुंधले|धुंधला|अस्पष्ट)\b",
    "sharp": rf"\b(?:sharp|crisp|in focus)\b(?= {PICTURES}|\s*$)",
    "dark": rf"\b(?:(?:too )?dark|underexposed|dim)\b(?= {PICTURES}|\s*$)",
    "bright": rf"\b(?:overexposed|washed out|(?:too )?bright)\b(?= {PICTURES}|\s*$)",
    "text": (
        r"\b(?:with|containing|contains?|has|having|without|no) (?:any |some )?(?:text|words|writing|lettering)\b"
        r"(?! of\b)"
    ),
    "monochrome": (
        rf"\b(?:black[ -](?:and|&|n)[ -]white|b ?(?:&|and|/) ?w|bw)\b(?= (?:{PICTURES}|photography|portraits?)\b|\s*$)|"
        r"\b(?:monochrome|monochromatic|gr[ea]y[ -]?scale|colou?rless|without colou?r|श्वेत श्याम|ब्लैक एंड व्हाइट|कृष्णधवल)\b"
    ),
    "located": (
        r"\b(?:with|having|has|without|no) (?:a )?(?:gps|location|coordinates|geotags?)(?: data)?\b|\bgeo-?tagged\b"
    ),
}
_FINDERS: dict[Kind, re.Pattern[str]] = {kind: pattern(words) for kind, words in _KINDS.items()}
_SURE_WORDS: tuple[tuple[re.Pattern[str], tuple[float, float], str], ...] = (
    (
        pattern(
            r"\b(?:with )?(?:very )?(?:high(?:est|ly)?|strong|great)[ -]confiden(?:ce|t)(?: detections?)?(?: of)?\b|"
            r"\bconfident detections?(?: of)?\b|\bconfidence (?:is )?high\b|"
            r"\b(?:उच्च|ज्यादा|जास्त) (?:विश्वास|भरोसे|खात्री)\b"
        ),
        (0.7, 1.0),
        "high",
    ),
    (
        pattern(r"\b(?:with )?(?:medium|moderate|average)[ -]confidence(?: detections?)?(?: of)?\b"),
        (0.5, 0.7),
        "medium",
    ),
    (
        pattern(
            r"\b(?:with )?(?:very )?(?:low(?:est)?|weak|little)[ -]confidence(?: detections?)?(?: of)?\b|"
            r"\buncertain detections?(?: of)?\b"
        ),
        (0.0, 0.5),
        "low",
    ),
)
_SURE_NUMBER = re.compile(
    r"\b(?:with )?(?:an? )?(?P<word>confidence |certainty |score |sure )?(?:of |is )?"
    rf"(?:(?P<over>at or above|higher than|{OVER})|(?P<under>lower than|{UNDER}))"
    r" ?(?P<number>0?\.\d+|0|1\.0|1|\d{1,3}(?= ?(?:%|percent|per cent|प्रतिशत|टक्के)))"
    r"(?P<percent> ?(?:%|percent|per cent|प्रतिशत|टक्के))?"
    r"(?P<after> (?:confidence|certainty|sure|certain|confident))?(?!\w|\.\d)"
)
_QUOTED = re.compile(r'"([^"]{1,100})"')
_STOPS = r"(?=$|[,;.]|\s(?:and|or|from|taken|in the|without|not|but|with)\s)"
_READS = re.compile(
    r"(?:(?:that|which|where it|with) )?(?:\b(?:say|says|saying|reads?|reading|labell?ed|written)\b|"
    r"with the (?:text|words?)|"
    rf"containing the (?:text|words?)|"
    rf"\btext:|\bthe words?\b|\bwith text (?!on))\s*(?P<said>[^,;]+?){_STOPS}"
)
_READS_HINDI = pattern(r"(?:जिस पर|जिसमें|ज्यावर)\s+(?P<said>.+?)\s+(?:लिखा|लिखी|लिहिले|लिहिलेले|लिहिलेलं)(?:\s+(?:है|हो|आहे))?")
_SIGNS = pattern(
    r"\b(?:the |a )?(?:signs?|signboards?|text|words?|labels?|boards?|banners?|"
    r"posters?|pages?|sheets?|notes?|साइन|बोर्ड|फलक|पाटी)\b"
)
_FOLDER = (
    re.compile(
        r'\b(?:in|inside|from|within) (?:the |my |a )?folder (?:called |named )?"?(?P<name>[^",;]+?)"?' + _STOPS
    ),
    re.compile(rf'\b(?:in|inside|from|within) (?:the |my )?"?(?P<name>{LETTER}+(?: {LETTER}+){{0,2}}?)"? folder\b'),
    pattern(r"\b(?P<name>\w+) (?:फोल्डर|फ़ोल्डर|फोल्डर) ?(?:में|से|की|के|मध्ये|मधील|मधले|मधून)"),
    pattern(r"\b(?P<name>\w+) फोल्डरमध(?:्ये|ील|ले)"),
)
_NEAR = re.compile(
    r"\b(?:(?:within (?P<km>\d+(?:\.\d+)?) ?(?:km|kilomet(?:re|er)s?) (?:of|from))|near|around|close to|at)"
    r" (?P<lat>-?\d{1,2}\.\d+) ?[, ] ?(?P<lon>-?\d{1,3}\.\d+)"
)
_NEAR_KM = 5.0


@dataclass(frozen=True, slots=True)
class Said:
    """Words that should be read in the picture, or not."""

    words: str
    wanted: bool = True


@dataclass(frozen=True, slots=True)
class Place:
    """Within so many kilometres of a point, in degrees."""

    latitude: float
    longitude: float
    km: float


def cut(rest: str, start: int, end: int) -> tuple[bool, str]:
    """Whether what stands there is wanted, and the query without it and its negation."""
    negation = NOT.search(rest[:start])
    after = NOT_AFTER.match(rest[end:])
    begin = negation.start() if negation else start
    stop = end + after.end() if after else end
    return negation is None and after is None, f"{rest[:begin]} {rest[stop:]}"


def texts_wanted(rest: str) -> tuple[tuple[Said, ...], str]:
    """Words in quotes, and those that a sign says."""
    found: list[Said] = []
    for finder in (_QUOTED, _READS_HINDI, _READS):
        hit = finder.search(rest)
        while hit and len(found) < 5:
            said = fold(re.sub(r'"', " ", hit.group(1))).strip()
            wanted, rest = cut(rest, hit.start(), hit.end())
            rest = re.sub(r"(?:that|which) (?:says?|reads?) *$", " ", rest)
            if said:
                found.append(Said(said, wanted))
            hit = finder.search(rest)
    return tuple(dict.fromkeys(found)), _SIGNS.sub(" ", rest) if found else rest


def folder_wanted(rest: str) -> tuple[tuple[str, bool] | None, str]:
    """A folder by its name, and whether pictures of it are wanted."""
    for finder in _FOLDER:
        hit = finder.search(rest)
        if hit:
            name = hit["name"].strip().strip('"')
            wanted, rest = cut(rest, hit.start(), hit.end())
            return (name, wanted), rest
    return None, rest


def confidence_wanted(rest: str) -> tuple[tuple[float, float] | None, str, str]:
    """Least and most confidence, and how that was said."""
    for finder, bounds, name in _SURE_WORDS:
        if finder.search(rest):
            return bounds, name, finder.sub(" ", rest, count=1)
    hit = _SURE_NUMBER.search(rest)
    if hit and (hit["percent"] or hit["word"] or hit["after"] or "." in hit["number"]):
        number = float(hit["number"]) / (100 if hit["percent"] else 1)
        if 0 <= number <= 1:
            bounds = (number, 1.0) if hit["over"] else (0.0, number)
            return (
                bounds,
                f"{'above' if hit['over'] else 'below'} {number:g}",
                rest[: hit.start()] + " " + rest[hit.end() :],
            )
    return None, "", rest


def place_wanted(rest: str) -> tuple[Place | None, str]:
    """A point given in degrees."""
    hit = _NEAR.search(rest)
    if hit is None or abs(float(hit["lat"])) > 90 or abs(float(hit["lon"])) > 180:
        return None, rest
    place = Place(float(hit["lat"]), float(hit["lon"]), float(hit["km"] or _NEAR_KM))
    return place, f"{rest[: hit.start()]} {rest[hit.end() :]}"


def kinds_wanted(rest: str) -> tuple[tuple[tuple[Kind, bool], ...], str]:
    """Kinds of pictures, each with whether it is wanted."""
    found: list[tuple[Kind, bool]] = []
    for value, finder in _FINDERS.items():
        hit = finder.search(rest)
        if hit:
            denies = hit[0].lstrip().startswith(("without", "no "))
            wanted, rest = cut(rest, hit.start(), hit.end())
            found.append((value, wanted and not denies))
    return tuple(found), rest
