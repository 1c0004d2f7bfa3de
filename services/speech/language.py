"""Which of the three languages a text is in."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from services.content import Language
from services.speech.base import LANGUAGES

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

_DEVANAGARI = re.compile(r"[\u0900-\u097F]")
_LATIN = re.compile(r"[A-Za-z]")
_lock = threading.Lock()


@cache
def _load() -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(list(LANGUAGES))
    return identifier


def _identifier() -> LanguageIdentifier:
    with _lock:  # `cache` alone would let two first callers both load it
        return _load()


def likelihoods(text: str) -> dict[Language, float]:
    """How likely a text is in each language: the script decides between English and the other two, an n-gram model
    (py3langid) between Hindi and Marathi. They sum to 1; without a letter of either script all are equal."""
    devanagari, latin = len(_DEVANAGARI.findall(text)), len(_LATIN.findall(text))
    if not devanagari + latin:
        return dict.fromkeys(LANGUAGES, 1 / len(LANGUAGES))
    indic = devanagari / (devanagari + latin)
    ranked = dict(_identifier().rank(text)) if devanagari else {}
    hindi, marathi = float(ranked.get("hi", 0.5)), float(ranked.get("mr", 0.5))
    share = hindi / (hindi + marathi) if hindi + marathi else 0.5
    return {"en": 1 - indic, "hi": indic * share, "mr": indic * (1 - share)}


def identify(text: str, languages: Sequence[Language] = LANGUAGES) -> Language:
    """The likeliest of `languages`; the earlier one where two are equal."""
    scores = likelihoods(text)
    return max(languages, key=lambda language: scores[language])
