"""Forms of Hindi and Marathi nouns, made by rule, so that a name is known however it is declined.

Words are folded (`text_folding.fold`): without nukta, with anusvara for chandrabindu. The rules are those of the
grammars (Hindi oblique plural in -ओं; Marathi सामान्यरूप, to which case endings and postpositions are joined).
"""

from __future__ import annotations

import re

from services.answers.text_folding import fold

_VOWELS = "ािीुूृेैोौं"
_DEVANAGARI = re.compile("[\u0900-\u0963\u0971-\u097f]+")
_ENDINGS = tuple(
    sorted(
        (
            fold(ending)
            for ending in (
                "चा ची चे च्या चं ला ना नो ने नी त तील तला तली तले तल्या वर वरचा वरची वरचे वरच्या वरील मध्ये मधे मधील मधला "
                "मधली मधले मधल्या मधून खाली खालील खालचा जवळ जवळील जवळचे पासून समोर समोरील समोरचे मागे मागील पुढे पेक्षा "
                "बद्दल विषयी शेजारी बरोबर बरोबरचे सोबत सोबतचे सह सहित कडे कडील साठी विना सकट सारखे सारखा सारखी सारख्या"
            ).split()
        ),
        key=len,
    )
)
"""What Marathi joins to a noun, the shortest first: as much of the word as can be is left to be looked up."""


def is_devanagari(word: str) -> bool:
    """Whether a word is written in Devanagari letters alone."""
    return _DEVANAGARI.fullmatch(word) is not None


def bases(word: str) -> tuple[str, ...]:
    """What is left of a folded Devanagari word without the case ending and the postposition joined to it, if any; the
    longest first."""
    found = dict.fromkeys(_less(word))
    for base in tuple(found):
        found |= dict.fromkeys(_less(base))
    return tuple(found)


def hindi(word: str) -> tuple[str, ...]:
    """Plural and oblique forms of a folded Hindi noun, whichever its gender."""
    stem = word[:-1]
    match word[-1]:
        case "ा":
            return (stem + "े", stem + "ों", word + "एं", word + "ओं")
        case "ी" | "ि":
            return (stem + "ियां", stem + "ियों", stem + "ीयों")
        case "ू" | "ु":
            return (stem + "ुओं", stem + "ुएं")
        case "े":
            return (stem + "ों",)
        case last if last in _VOWELS:
            return ()
        case _:
            return (word + "ें", word + "ों")


def marathi(word: str) -> tuple[str, ...]:
    """Forms of a folded Marathi noun that endings are joined to, singular and plural, whichever its gender."""
    if word.endswith(("ें", "ों", "ियां")):
        return ()  # a Hindi plural
    stem = word.removesuffix("ं")
    stem, last = stem[:-1], stem[-1:]
    match last:
        case "ा" | "े":
            soft = (stem[:-1] + "शा", stem[:-1] + "शां") if stem.endswith("स") else ()
            return (stem + "्या", stem + "्यां", stem + "ा", stem + "ां", *soft)
        case "ी":
            return (stem + "्या", stem + "्यां", stem + "ी", stem + "ीं", stem + "ियां", stem + "िया")
        case "ू":
            return (stem + "ू", stem + "ूं", stem + "वा", stem + "वां", stem + "ा", stem + "ां")
        case _ if last in _VOWELS:
            return (word + "ं",)
        case _:
            return tuple(each + end for each in _weakened(stem + last) for end in ("ा", "ां", "ी", "ीं", "े"))


def _weakened(word: str) -> tuple[str, ...]:
    """A word that ends in a consonant, and how it is before an ending: its last long ई or ऊ is shortened or lost."""
    if len(word) < 3 or word[-2] not in "ीू":
        return (word,)
    return (word, word[:-2] + {"ी": "ि", "ू": "ु"}[word[-2]] + word[-1], word[:-2] + word[-1])


def _less(word: str) -> list[str]:
    return [word[: -len(ending)] for ending in _ENDINGS if word.endswith(ending) and len(word) - len(ending) >= 2]
