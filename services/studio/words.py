"""A person's sentence made regular before it is parsed: quotes set aside, numbers as digits, one spelling, one unit."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from services.studio.devanagari import in_english

_SMALL_NUMBERS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_NUMBERS = {word: value for value, word in enumerate(_SMALL_NUMBERS.split())}
_TENS = {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}
_UNIT_WORDS = "|".join(_NUMBERS)
_NUMBER = re.compile(
    rf"\b(?:(?:(?P<hundreds>{_UNIT_WORDS}|a|\d+)[ -])?(?P<hundred>hundred|thousand)(?: and)?[ -]?)?"
    rf"(?:(?P<tens>{'|'.join(_TENS)})(?:[ -](?P<unit>{_UNIT_WORDS}))?|(?P<plain>{_UNIT_WORDS}))?\b",
    re.IGNORECASE,
)
_QUOTED = re.compile(
    r"“([^”]+)”|„([^“”]+)[“”]|«([^»]+)»|\"([^\"]+)\"|‘([^’]+)’(?!\w)|(?<![\w'])'((?:[^']|'(?=\w))+)'(?!\w)|`([^`]+)`"
)
_SPELLINGS: tuple[tuple[str, str], ...] = (
    (r"[’ʼ]", "'"),
    (r"[×✕]", "x"),
    (r"[‐‑–—−]", "-"),
    (r"\bgray", "grey"),
    (r"\bcolor", "colour"),
    (r"\bcenter(?=\b|s|ed)", "centre"),
    (r"\bper ?cent\b|\bpercent(?:age)?\b|\bpct\b", "%"),
    (r"\bblack[ -]*(?:and|&|n|/|\+)[ -]*white\b|\bb ?[&/] ?w\b|\bbnw\b", "black-and-white"),
    (r"\bgrey[ -]scale", "greyscale"),
    (r"\b(?:this|that) (?:one|thing)\b", "it"),
    (r"\bwhole thing\b", "picture"),
    (r"\bone more\b", "another"),
    (r"\bhalf(?: of)? (?=(?:the|its) (?:size|original))", "50% "),
    (r"\ba couple(?: of)?\b", "two"),
    (r"\bone and a half\b", "1.5"),
    (r"\ba dozen\b", "twelve"),
)
_UNITS: tuple[tuple[str, str], ...] = (
    (r"(\d)[ -]*(?:pixels?|pixles?|px)\b", r"\1px"),
    (r"(\d)[ -]*%", r"\1%"),
    (r"(\d)[ -]*(?:degrees?|deg|°)(?!\w)", r"\1deg"),
    (r"(\d+)(?:px)? ?(?:x|by|\*) ?(\d+)(?:px)?\b", r"\1x\2"),
    (r"(\d+)px(?: wide)? (?:x|by|and) (\d+)px(?: (?:high|tall))?", r"\1x\2"),
    (r"\b(\d+) ?(?:megapixels?|mp)\b", r"\1mp"),
    (r"\b1/2(?= (?:off|from)\b)|\b(?:a |1 )?half(?= (?:off|from)\b)", "50%"),
    (r"\b1/3(?= (?:off|from)\b)|\b(?:a |1 )?third(?= (?:off|from)\b)", "33.33%"),
    (r"\b1/4(?= (?:off|from)\b)|\b(?:a |1 )?quarter(?= (?:off|from)\b)", "25%"),
)
_WRITE = (
    r"\b(?:(?:add|put|insert|place|draw|print|stamp|overlay|include|with)\b(?: \w+){0,3}? (?:text|words?|"
    r"caption|title|"
    r"label|watermark|heading|headline|message)(?: (?:that )?(?:says?|saying|reading|reads|of))?|"
    r"(?:that )?(?:says|saying|"
    r"reading)|write|type)"
)
_EDIT_VERBS = (
    "add|apply|blur|bright|chang|colou?r|convert|crop|cut|dark|draw|enlarg|flip|fram|giv|increas|invert|mak|mirror|paint|"
    "pixelat|plac|put|reduc|remov|resiz|rotat|round|scal|set|sharp|shrink|tint|trim|turn|writ|boost|soft|warm|cool"
)
_TEXT_ENDS = (
    r"(?= (?:in|at|on|with|using|across|over|near|along|to|into|underneath|below)\b (?:the|a|an|big|large|small|huge|"
    r"tiny|bold|it|top|bottom|#|\w+ (?:letters|text|colour|at|in|on|with)|\w+$|\w+[,.])|"
    rf"(?: (?:and|then|but)|, ?(?:and |then )?) ?(?:then |also )?(?:{_EDIT_VERBS})|"
    r"[;.!?](?:\s(?!(?:in|at|on|across|along)\b)|$)|,?\s*$)"
)
_UNQUOTED = re.compile(
    rf"(?P<write>{_WRITE}):? (?!in\b|on\b|at\b|to\b|with\b|over\b|and\b|the text\b|text\b|it\b|something\b|«|"
    rf"(?:that )?(?:says?|saying|reads?|reading) «|[\"“”‘’'`]{{2}})"
    rf"(?P<text>\S.*?){_TEXT_ENDS}",
    re.IGNORECASE,
)

# "A red border and then a white one": the noun is the last that was drawn.
_DRAWN = (
    r"borders?|frames?|circles?|dots?|squares?|rectangles?|box(?:es)?|triangles?|stars?|hearts?|diamonds?|arrows?|"
    r"lines?"
)
_PRONOUN = re.compile(
    rf"\b(?P<noun>{_DRAWN})\b(?P<between>[^.!?\n]*?\b(?:an?|another)(?: [a-z#-]\w*){{1,3}}) one\b", re.IGNORECASE
)
# "Brighter, no wait, darker": what was said last is taken back.
_CORRECTION = re.compile(
    r"(?<=\w)\s*[,.;-]+\s*(?:no,? wait|wait,? no|scratch that|no,? sorry|sorry,? no|"
    r"(?:no,? )?i mean(?:t)?|no,? actually)\b[,:]?\s+(?=\w)",
    re.IGNORECASE,
)
# "First crop it, second turn it": what counts the steps says nothing else.
_ORDINAL = re.compile(
    r"(?P<before>(?:^|[,.;:!?\n]) ?(?:and )?)(?:(?:first|second|third|fourth|fifth|sixth)(?:ly)?[,:]?|step \d+[:.)]?) "
    rf"(?=(?:{_EDIT_VERBS})\w* )",
    re.IGNORECASE,
)
_LISTED = re.compile(rf"(?:^|\s)\d+[.)] (?=(?:{_EDIT_VERBS})\w* )", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Sentence:
    """`text` with each quotation replaced by «0», «1», …; `quotes` holds their words as they were written. `said` is
    the whole of what was said in another language."""

    text: str
    quotes: tuple[str, ...]
    said: str | None = None


def regular(prompt: str) -> Sentence:
    """Bring a prompt into one spelling. Letters keep their case: words to be written on a picture are among them."""
    quotes: list[str] = []

    def set_aside(match: re.Match[str]) -> str:
        quotes.append(next(group for group in match.groups() if group is not None).strip())
        return f" «{len(quotes) - 1}» "

    def set_aside_unquoted(match: re.Match[str]) -> str:
        quotes.append(match["text"].strip())
        return f"{match['write']} «{len(quotes) - 1}»"

    text = _QUOTED.sub(set_aside, unicodedata.normalize("NFC", prompt))
    # Nothing in the grammar is longer; a pattern that tries every start of a long run would take its square in time.
    text = re.sub(r"\S{60,}", lambda match: match[0][:60], re.sub(r"\s*\n\s*", "\n", re.sub(r"[^\S\n]+", " ", text)))
    said = text
    text = in_english(text)
    foreign = text != said
    for pattern, put in _SPELLINGS:
        text = re.sub(pattern, put, text, flags=re.IGNORECASE)
    text = _UNQUOTED.sub(set_aside_unquoted, text)
    text = _CORRECTION.sub(". undo that. ", text)
    text = _PRONOUN.sub(_named_again, text)
    text = _ORDINAL.sub(r"\g<before>", text)
    if re.match(r"1[.)] ", text):
        text = _LISTED.sub("\n", text)
    text = _NUMBER.sub(_digits, text)
    for pattern, put in _UNITS:
        text = re.sub(pattern, put, text, flags=re.IGNORECASE)
    return Sentence(text.strip(), tuple(quotes), prompt.strip() if foreign else None)


def _named_again(match: re.Match[str]) -> str:
    noun = re.sub(r"(?<=x)es$|(?<!x)s$", "", match["noun"])
    return f"{match['noun']}{match['between']} {noun}"


def _digits(match: re.Match[str]) -> str:
    parts = {name: value.lower() for name, value in match.groupdict().items() if value}
    if not parts:
        return match[0]
    value = 0
    if "hundred" in parts:
        many = parts.get("hundreds", "1")
        value = (int(many) if many.isdigit() else _NUMBERS.get(many, 1)) * {"hundred": 100, "thousand": 1000}[
            parts["hundred"]
        ]
    value += _TENS.get(parts.get("tens", ""), 0) + _NUMBERS.get(parts.get("unit", parts.get("plain", "")), 0)
    trailing = re.search(r"[ -]*$", match[0])
    return str(value) + (" " if trailing and trailing[0] else "")


# Words that change nothing about what is asked. What is left over beyond these was not understood.
_FILLER_WORDS = """
a across along an the this that these those it its it's them they there here i i'd i'll i'm me my mine we us our you
your he she please pls plz kindly can could would will should shall may might must want wants wanted need needs like
love let lets let's wish hope just also too so then now and or plus with to into onto of on in at by for from as is
are be been being was were do does did done has have had get gets getting give gives giving make makes making made
turn turns turning turned convert converts converting converted change changes changing changed set sets setting
apply applies applying applied add adds adding added put puts putting use uses using go goes going try trying create
creates creating created produce produces generate generates draw draws drawing drawn paint paints painting insert
inserts inserting place places placing placed show shows see have having look looks looking appear picture pictures
image images photo photos photograph photographs pic pics img shot snapshot file canvas version whole entire all
everything full overall all-over completely totally entirely fully exactly about around roughly approximately over
some any something kind sort bit little lot much more very really quite rather slightly somewhat nice nicely lovely
pretty beautiful cool simple plain neat clean good great bold italic big large small huge tiny effect effects filter
filters look style mode version instead again only simply actually maybe perhaps ok okay hey hi hello thanks thank
first firstly second secondly lastly last finally next after afterwards well yes yeah sure new fresh blank empty
which where what's out up how if but own each using away both result colour colours coloured size sized amount level
wide way area part side sides value pixels shade tone letters font
"""
_FILLER = frozenset(_FILLER_WORDS.split())
_WORD = re.compile(r"«\d+»|#\w+|\d+(?:[.:]\d+)*(?:px|%|deg|x\d+|mp)?|[^\W\d_]+(?:['’-][^\W\d_]+)*|%")
_HOLE = " ¦ "


class Reader:
    """A clause being read: what a pattern takes is gone, what nobody takes is left over."""

    def __init__(self, text: str, quotes: tuple[str, ...] = ()) -> None:
        self.text = text
        self.rest = f" {text} "
        self.quotes = quotes

    def has(self, pattern: str) -> bool:
        return re.search(pattern, self.rest, re.IGNORECASE) is not None

    def take(self, pattern: str) -> re.Match[str] | None:
        """The first match, taken out."""
        match = re.search(pattern, self.rest, re.IGNORECASE)
        if match:
            self.rest = self.rest[: match.start()] + _HOLE + self.rest[match.end() :]
        return match

    def take_all(self, pattern: str) -> list[re.Match[str]]:
        found: list[re.Match[str]] = []
        while len(found) < 50 and (match := self.take(pattern)):
            found.append(match)
        return found

    @property
    def leftovers(self) -> tuple[str, ...]:
        """Words that nobody took and that mean something."""
        return tuple(word for word in _WORD.findall(self.rest) if word.lower() not in _FILLER)
