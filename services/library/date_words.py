"""Words for dates in Hindi and Marathi, put into the English that `dates.py` reads."""

from __future__ import annotations

import re

from services.answers.text_folding import fold, pattern

_DIGITS = str.maketrans("०१२३४५६७८९", "0123456789")
_MONTHS = """
january जनवरी जानेवारी
february फरवरी फेब्रुवारी
march मार्च
april अप्रैल एप्रिल
may मई मे
june जून
july जुलाई जुलै
august अगस्त ऑगस्ट
september सितंबर सितम्बर सप्टेंबर
october अक्टूबर अक्तूबर ऑक्टोबर
november नवंबर नवम्बर नोव्हेंबर
december दिसंबर दिसम्बर डिसेंबर
"""
_UNITS = {
    "day": "दिन दिनों दिवस दिवसांत दिवसात दिवसांतील दिवसांतले दिवसांत",
    "week": "हफ्ते हफ्ता हफ्तों सप्ताह आठवडा आठवड्यात आठवड्यातील आठवड्यातले आठवड्यातली आठवड्यांत आठवडे",
    "month": "महीने महीना महीनों महिना महिने महिन्यात महिन्यातील महिन्यातले महिन्यांत",
    "year": "साल सालों वर्ष वर्षों वर्षी वर्षात वर्षातील",
}
_NUMBERS = {"two": "दो दोन", "three": "तीन", "four": "चार", "five": "पाँच पाच", "six": "छह सहा", "ten": "दस दहा"}
_AFTER = r"(?: (?:की|के|का|में|से|ची|चे|चा|च्या|मधील|मधले|मध्ये)\b)?"


def _any(words: str) -> str:
    return "|".join(re.escape(fold(word)) for word in sorted(words.split(), key=len, reverse=True))


_UNIT = "|".join(_any(words) for words in _UNITS.values())
_UNIT_OF = {fold(word): unit for unit, words in _UNITS.items() for word in words.split()}
_NUMBER = "|".join(_any(words) for words in _NUMBERS.values())
_NUMBER_OF = {fold(word): number for number, words in _NUMBERS.items() for word in words.split()}
_MONTH_OF = {fold(word): row.split()[0] for row in _MONTHS.strip().split("\n") for word in row.split()[1:]}
_MONTH = "|".join(re.escape(word) for word in sorted(_MONTH_OF, key=len, reverse=True))

_LAST = pattern(
    rf"\b(?:{_any('पिछले पिछली पिछला गत बीते गेल्या गेले मागील मागच्या')}) "
    rf"(?:(?P<count>\d{{1,3}}|{_NUMBER}) )?(?P<unit>{_UNIT})\b{_AFTER}"
)
_THIS = pattern(rf"\b(?:इस|इसी|या|ह्या|यंदाच्या) (?P<unit>{_UNIT})\b{_AFTER}")
_YESTERDAY_BEFORE = pattern(rf"\b(?:{_any('परसों परवा परवाचे परवाची परवाचा')})\b{_AFTER}")
_YESTERDAY = pattern(rf"\b(?:{_any('कल काल कालचे कालची कालचा कालच्या')})\b{_AFTER}")
_TODAY = pattern(rf"\b(?:{_any('आज आजचे आजची आजचा आजच्या')})\b{_AFTER}")
_IN_MONTH = pattern(
    rf"\b(?P<month>{_MONTH})(?: (?P<year>(?:19|20)\d\d))?(?: ?(?P<after>में|मध्ये|मधील|मधले|की|के|का|ची|चे|चा|च्या))?\b"
)
_POINT = r"(?P<point>(?:[a-z]+ )?(?:19|20)\d\d)"
_BEFORE = pattern(rf"{_POINT} ?(?:से पहले|के पहले|से पूर्व|पूर्वी|पूर्वीचे|च्या आधी|च्या पूर्वी|च्या आधीचे|आधी)")
_SINCE_AFTER = pattern(rf"{_POINT} ?(?:के बाद|से बाद|नंतर|नंतरचे|च्या नंतर|च्यानंतर)")
_IN_YEAR = pattern(rf"{_POINT} ?(?:में|मध्ये|मधील|मधले|की|के|का|चे|ची|चा|च्या)\b")


def in_english(text: str) -> str:
    """A folded text with its Hindi and Marathi dates said in English, and Devanagari digits as European ones."""
    if not any("\u0900" <= char <= "\u097f" for char in text):
        return text
    text = text.translate(_DIGITS)
    text = _LAST.sub(_last, text)
    text = _THIS.sub(lambda found: f"this {_UNIT_OF[found['unit']]}", text)
    text = _YESTERDAY_BEFORE.sub("day before yesterday", text)
    text = _YESTERDAY.sub("yesterday", text)
    text = _TODAY.sub("today", text)
    text = _IN_MONTH.sub(_month, text)
    text = _BEFORE.sub(r"before \g<point>", text)
    text = _SINCE_AFTER.sub(r"after \g<point>", text)
    return _IN_YEAR.sub(lambda found: f"in {found['point']}", text)


def _last(found: re.Match[str]) -> str:
    count = found["count"]
    number = f"{_NUMBER_OF.get(count, count)} " if count else ""
    return f"last {number}{_UNIT_OF[found['unit']]}"


def _month(found: re.Match[str]) -> str:
    # मे is a month only with a year or a postposition; alone it is more often a slip for में.
    if not (found["year"] or found["after"]):
        return found[0]
    month = _MONTH_OF[found["month"]]
    return f"{month} {found['year']}" if found["year"] else f"in {month}"
