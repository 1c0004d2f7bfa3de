"""In which of the three languages a text is written."""

from __future__ import annotations

import threading
from functools import cache
from typing import TYPE_CHECKING

from services.answers.text_folding import pattern
from services.content import Language

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

_LOCK = threading.Lock()
_HINDI = pattern(
    r"\b(है|हैं|में|क्या|का|की|के|और|कितने|कितना|कहां|कौन|यह|नहीं|था|थी|रहा|रही|रहे|इस|इसमें|कोई|से|पर|को|मुझे|बताओ|बताइए|मेरी|मेरे|मेरा|दिखाओ|दिखाइए|खोजो|ढूंढो|करो|कीजिए|वाली|वाले|हां)\b"
)
_MARATHI = pattern(
    r"\b(आहे|आहेत|काय|किती|कुठे|कोण|आणि|नाही|हे|ही|हा|या|यात|मध्ये|चित्रात|कोणता|कोणती|कोणते|मला|होते|आहेस|सांगा|सांग|दिसते|दिसतो|दिसत|फोटोत|माझे|माझी|माझा|माझ्या|माझ्याकडे|दाखव|दाखवा|शोधा|करा|होय|चे|ची|च्या)\b|ळ"
)


def language_of(text: str, before: str = "") -> Language:
    """English, Hindi or Marathi. Latin script counts as English, romanised Hindi too.

    Devanagari is settled by the small words only one of the two has; where they leave it open, by what was said
    before ("धन्यवाद" is both), else by py3langid.

    Args:
        before: what the same person said last.
    """
    if not _is_devanagari(text):
        return "en"
    spoken = _by_small_words(text) or (_by_small_words(before) if _is_devanagari(before) else None)
    if spoken is not None:
        return spoken
    with _LOCK:
        code = _identifier().classify(text)[0]
    return "mr" if code == "mr" else "hi"


def _is_devanagari(text: str) -> bool:
    letters = [letter for letter in text if letter.isalpha()]
    return sum("\u0900" <= letter <= "\u097f" for letter in letters) * 2 > len(letters)


def _by_small_words(text: str) -> Language | None:
    folded = text.lower().replace("\u0901", "\u0902")
    hindi, marathi = len(_HINDI.findall(folded)), len(_MARATHI.findall(folded))
    return None if hindi == marathi else "hi" if hindi > marathi else "mr"


@cache
def _identifier() -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # loads a model and NumPy: not before it is needed

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    identifier.set_languages(["en", "hi", "mr"])
    return identifier
