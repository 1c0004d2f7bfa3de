"""What somebody asks of the library: their words to a `Request`. Patterns in `data/requests.tsv`, the steps here.

The rows are tried from the top, the first that matches decides; a pattern is searched in the folded text in every
language, since people mix them. Only the words of the person who asks are ever read here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache

from services.agent.wording import rows
from services.answers.text_folding import fold, pattern
from services.pointing import pointing

PICS = r"(?:photos?|pictures?|images?|pics?|photographs?|shots?|snaps?|snapshots?|screenshots?)"
PICSMANY = r"(?:photos|pictures|images|pics|photographs|shots|snaps|snapshots)"
PICS_HI = "फोटो|फोटोज|फोटुओं|तस्वीर|तस्वीरें|तस्वीरों|चित्र|चित्रों|छवि|छवियां|छवियों|इमेज|इमेजेस"
PICS_MR = "फोटो|फोटोज|फोटोंचे|चित्र|चित्रे|चित्रं|चित्रांत|चित्रात|छायाचित्र|छायाचित्रे|प्रतिमा|इमेज|फोटोत|फोटोंत|फोटोंमध्ये"
DOC = (
    r"(?:manuals?|documents?|handbooks?|guides?|guidebooks?|guidelines|reports?|pdfs?|contracts?|polic(?:y|ies)|"
    r"instructions|specs?|specifications?|datasheets?|brochures?|papers?|books?|leases?|agreements?|warrant(?:y|ies)|"
    r"documentation|rules|rulebooks?|regulations|\S+\.(?:pdf|docx|txt|md|html?)|"
    "नियमावली|मैनुअल|मैन्युअल|नीतियों|नीति|पॉलिसी|नियमों|नियम|दस्तावेज|दस्तावेजों|पुस्तिका|रिपोर्ट|पीडीएफ|गाइड|निर्देशिका|अनुबंध|किताब|"
    "मॅन्युअल|धोरणा|धोरण|नियमां|नियमा|दस्तऐवज|कागदपत्र|कागदपत्रे|अहवाल|माहितीपत्रक|करार|पुस्तक|नियमपुस्तिका)"
)
NUMBERS = {"two": 2, "three": 3, "four": 4, "five": 5, "दो": 2, "तीन": 3, "चार": 4, "पांच": 5, "दोन": 2, "पाच": 5}
NTH = (
    r"\bपहल(?:ी|ा|े)\b|\bपहिल(?:ा|ी|े|्या)\b",
    r"\bदूसर(?:ी|ा|े)\b|\bदुसर(?:ा|ी|े|या|्या|ऱ्या)\b",
    r"\bतीसर(?:ी|ा|े)\b|\bतिसर(?:ा|ी|े|या|्या|ऱ्या)\b",
    r"\bचौथ(?:ी|ा|े|्या)\b",
    r"\bपांचव(?:ी|ां|ें|ा|े)\b|\bपाचव(?:ा|ी|े|्या)\b",
)
BOTH = r"\b(?:both|the two|दोनों|दोन्ही|दोघे|दोघी|दोघां\w*)\b"
BACK = (
    r"\b(?:these|those|them|they|it|its|this|that|this one|that one|all of (?:them|these|those)|both|the results?|"
    r"इन|इन्हें|इनको|इनकी|इनका|इनके|उन|उन्हें|उनको|उनकी|इसे|इसको|इसके|इसका|इसकी|उसे|उसके|ये|यह|वे|वह|इस|उस|दोनों|"
    r"इनसे|इनमें|उनसे|उनमें|इससे|उससे|याच्याशी|यांच्याशी|त्याच्याशी|त्यांच्याशी|यांच्यात|त्यांच्यात|"
    r"हे|ही|हा|ह्या|या|यांना|ह्यांना|यांची|यांचे|त्यांना|त्यांची|त्यांचे|ते|ती|त्या|याला|त्याला|"
    r"याची|याचे|त्याचे|याबद्दल|त्याबद्दल|यांबद्दल|याविषयी|त्याविषयी|दोन्ही|दोघे|दोघी|दोघां\w*)\b"
)
SEVERAL = (
    r"\b(?:these|those|them|they|their|both|all of (?:it|them|these|those)|the results?|"
    r"इन|इन्हें|इनको|इनकी|इनका|इनके|उन|उन्हें|उनको|उनकी|दोनों|ये|वे|यांना|ह्यांना|यांची|यांचे|त्यांना|त्यांची|त्यांचे|यांबद्दल|दोन्ही|दोघे|दोघी|दोघां\w*)\b"
)
BY = (
    ("month", r"\bmonth(?:s|ly)?\b|महीन|माह|महिन|दरमहा|मासिक"),
    ("year", r"\b(?:year(?:s|ly)?|annual(?:ly)?)\b|साल|वर्ष|वार्षिक"),
    ("day", r"\b(?:days?|daily|date)\b|दिन|रोज|दिवस|दररोज"),
    ("folder", r"\bfolders?\b|\balbums?\b|फोल्डर"),
    ("type", r"\b(?:types?|formats?|file types?|kinds?)\b|प्रकार|फॉर्मेट|स्वरूप"),
    ("colour", r"\bcolou?rs?\b|रंग"),
    ("setting", r"\b(?:settings?|indoors? (?:and|or|vs) outdoors?)\b"),
    ("object", r"\b(?:objects?|things?|subjects?|content|what they show|what is in them)\b|चीज|वस्तु|वस्तू|गोष्ट|विषय"),
)
GROUPED = (
    r"\b(?:per|each|every|by|for each|in each|month by month|a month|a year|a day|monthly|yearly|daily|annually|"
    r"breakdown|distribution|histogram|most|which month|which year|which folder|fewest|least|over time)\b|"
    r"हर|प्रति|प्रत्येक|हिसाब|अनुसार|वार|दर|नुसार|सबसे|सर्वात"
)
CLAUSE = r"\s*(?:[.;?!।]+\s+|,?\s+(?:and then|and also|and|then|also|फिर|और फिर|और|उसके बाद|आणि मग|आणि|मग|नंतर)\s+)"


@dataclass(frozen=True, slots=True)
class Request:
    """One thing asked for.

    Args:
        kind: as in `data/requests.tsv`.
        text: the clause, folded.
        what: the words that name the pictures or the matter.
        document: the words that name a document.
        folder, name: names as the person wrote them.
        page: a page's number.
        by: what to count by.
        field: `title` or `description`.
        detailed: everything about it is wanted.
        again: it goes on from the request before it ("and dogs?").
    """

    kind: str
    text: str
    what: str = ""
    document: str = ""
    folder: str = ""
    name: str = ""
    page: int | None = None
    by: str = "total"
    field: str = "title"
    detailed: bool = False
    again: bool = False


LONGEST, MOST = 2000, 4
_MANY = 1000


def understand(question: str) -> tuple[Request, ...]:
    """What is asked of the library, in order; none where it is talk about the pictures in view.

    Args:
        question: as the person put it.
    """
    text = fold(question[:LONGEST]).strip(" .?!।")
    whole = _one(text, question)
    if whole is not None and whole.kind in _TAKES_ALL:
        return (whole,)
    clauses = [clause for clause in _clause_end().split(text) if clause.strip()][:MOST]
    if len(clauses) > 1:
        found = [_one(clause.strip(" .?!।,"), question) for clause in clauses]
        if all(one is not None for one in found):
            return tuple(one for one in found if one is not None)
    return (whole,) if whole else ()


_TAKES_ALL = frozenset({"compare", "retitle", "rename_folder", "make_folder"})


@cache
def _clause_end() -> re.Pattern[str]:
    return re.compile(CLAUSE)


_PARTS = {"{PICS}": PICS, "{PICSMANY}": PICSMANY, "{PICS_HI}": PICS_HI, "{PICS_MR}": PICS_MR, "{DOC}": DOC}


def filled(source: str) -> str:
    """A pattern with its parts in place of their names."""
    for name, meaning in _PARTS.items():
        source = source.replace(name, meaning)
    return source


@cache
def _rows() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((row["kind"], pattern(filled(row["pattern"]))) for row in rows("requests.tsv"))


@cache
def finder(source: str) -> re.Pattern[str]:
    """A pattern, compiled once."""
    return pattern(source)


def has(source: str, text: str) -> bool:
    return finder(source).search(text) is not None


_GOES_ON = (
    r"^(?:(?:and|or|now|also|but)? ?(?:what about|how about|the same for|same for|and|or|now|also)|"
    r"और|या|अब|आणि|किंवा|आता)(?: (?:also|then|भी|फिर|मग))? (?P<rest>.+)$"
)
_LONGEST_FOLLOWING = 8
"""Words; who says more begins anew."""


def goes_on(question: str) -> str:
    """Of "and the dogs?" the dogs: what a question adds to the request before it; empty where it is none of that."""
    found = finder(_GOES_ON).search(fold(question[:LONGEST]).strip(" .?!।"))
    rest = found["rest"].strip() if found else ""
    return "" if len(rest.split()) > _LONGEST_FOLLOWING or points_back(rest) else rest


def _one(text: str, question: str) -> Request | None:
    for kind, asked in _rows():
        match = asked.search(text)
        # "Show me the first picture" speaks of one in view.
        if match and not (kind == "find" and ordinals(text, _MANY)):
            return _filled(kind, text, match, question)
    return None


def _filled(kind: str, text: str, match: re.Match[str], question: str) -> Request:
    words = {name.rstrip("23"): value for name, value in match.groupdict().items() if value}
    page = words.get("page")
    request = Request(
        kind,
        text,
        what=words.get("what", "").strip(" ,:"),
        document=words.get("document", "").strip(" ,:"),
        page=int(page) if page else number_of_page(text),
        detailed=has(r"\b(?:detail|details|detailed|closely|thoroughly|carefully)\b|विस्तार|सविस्तर|तपशील|बारकाई", text),
    )
    match kind:
        case "file":
            folder = as_written(words.get("folder", ""), question)
            plain = not has(r"\b(?:folders?|albums?|collections?)\b|फोल्डर", fold(folder))
            return replace(request, folder=_bare(folder) if plain else _folder_name(folder))
        case "make_folder" | "rename_folder" | "delete_folder" | "move_folder" | "inside":
            name, folder = (as_written(words.get(key, ""), question) for key in ("name", "folder"))
            return replace(request, name=_bare(name), folder=_bare(folder))
        case "retitle":
            field = "description" if words.get("field", "") in ("description", "caption", "विवरण", "वर्णन") else "title"
            return replace(request, name=_polite_off(as_written(words["name"], question)), field=field)
        case "count":
            return replace(request, by=grouping(text))
        case _:
            return request


def number_of_page(text: str) -> int | None:
    """Of "what is on page 3" the 3."""
    found = finder(r"(?:\bpages?|पेज|पृष्ठ|पन्ना|पन्ने|पान)(?: no\.?| number| नंबर| क्रमांक| संख्या)? (\d{1,6})").search(text)
    return int(found[1]) if found else None


def grouping(text: str) -> str:
    """What pictures are to be counted by."""
    if not has(GROUPED, text):
        return "total"
    return next((by for by, source in BY if has(source, text)), "total")


_AROUND = " .,;:?!।\"'“”‘’()"


def as_written(folded: str, question: str) -> str:
    """A stretch of the folded question as the person wrote it, with their capitals and accents."""
    wanted = [word.strip(_AROUND) for word in folded.split() if word.strip(_AROUND)]
    written = question[:LONGEST].split()
    plain = [fold(word).strip(_AROUND) for word in written]
    for start in range(len(plain) - len(wanted) + 1):
        if wanted and plain[start : start + len(wanted)] == wanted:
            return " ".join(written[start : start + len(wanted)])
    return folded.strip()


_ARTICLES = (
    "an? |the |my |their |its |one |own |new |separate |single |same |another |"
    "एक |अलग |नए |नये |उसी |अपने |एका |वेगळ्या |नवीन |त्याच "
)
_NAMELESS = rf"^(?:{_ARTICLES})*(.*?)(?: नाम के| नाम वाले| नावाच्या)? ?(?:folders?|albums?|collections?|फोल्डर)$"


def _folder_name(words: str) -> str:
    """The name of a folder in "a folder called Beach", "the Beach folder", "folder Beach"; empty where it has none."""
    rest = words.strip(" .?!।")
    lowered = fold(rest)
    if found := re.search(r"\bfolders? (?:called|named|titled|for|:) ?(.+)$", lowered):
        return _bare(as_written(found[1], rest))
    if found := re.search(r"\bfolders? ([\"“'].+|(?!(?:of|for|with|and|please|now|today)\b)\S.*)$", lowered):
        return _bare(as_written(found[1], rest))
    found = finder(_NAMELESS).search(lowered)
    name = found[1].strip() if found else ""
    return _bare(as_written(name, rest)) if name else ""


def _bare(name: str) -> str:
    """A name without quotation marks, and without what is politeness."""
    plain = re.sub(r"(?i)^(?:a|an|the|my|एक|called|named)\s+", "", name.strip())
    return _polite_off(plain)


def _polite_off(title: str) -> str:
    """A title without quotation marks and politeness; "My cat" stays so."""
    plain = title.strip().strip(".?!।,")
    plain = re.sub(r"(?i)\s+(?:please|now|for me|thanks|thank you)$", "", plain)
    return plain.strip(" \"'“”‘’.,")[:255]


def ordinals(text: str, total: int) -> list[int]:
    """Places, from 0, of the things of a list of `total` that a text points at by number; empty when it does not."""
    found = pointing(text).places([("", "")] * total, total, 0)
    if found or total == 0:
        return found
    first = finder(rf"(?:{NTH[0]}) ({'|'.join(NUMBERS)}|\d{{1,2}})\b").search(text)
    if first:
        count = NUMBERS.get(first[1]) or int(first[1])
        return list(range(min(count, total)))
    places = [place for place, source in enumerate(NTH) if has(source, text) and place < total]
    if has(r"आखिरी|अंतिम|शेवट", text):
        places.append(total - 1)
    if not places and has(BOTH, text) and total >= 2:
        return [0, 1]
    return places


def points_at_several(text: str) -> bool:
    """Whether it speaks of several things spoken of before, as "them"."""
    return has(SEVERAL, text)


def points_back(text: str) -> bool:
    """Whether a text speaks of what was spoken of before."""
    return has(BACK, text)
