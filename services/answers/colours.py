"""Names of colours in three languages, as they stand beside the (masculine) word for colour."""

from __future__ import annotations

from services.answers.text_folding import fold, pattern
from services.content import Language

_NAMES = """
black काला काळा
white सफ़ेद पांढरा
grey धूसर राखाडी
gray धूसर राखाडी
silver चाँदी_जैसा चंदेरी
red लाल लाल
maroon मरून मरून
orange नारंगी नारिंगी
gold सुनहरा सोनेरी
golden सुनहरा सोनेरी
yellow पीला पिवळा
olive जैतूनी ऑलिव्ह
lime हल्का_हरा पोपटी
green हरा हिरवा
teal नीला_हरा निळसर_हिरवा
cyan फ़िरोज़ी फिरोजी
turquoise फ़िरोज़ी फिरोजी
blue नीला निळा
navy गहरा_नीला गडद_निळा
purple बैंगनी जांभळा
violet बैंगनी जांभळा
magenta रानी_गुलाबी राणी
pink गुलाबी गुलाबी
brown भूरा तपकिरी
tan हल्का_भूरा फिकट_तपकिरी
beige बेज बेज
cream क्रीम क्रीम
"""
_TABLE = {
    row.split()[0]: tuple(word.replace("_", " ") for word in row.split()[1:]) for row in _NAMES.split("\n") if row
}
_SHADES = {
    "dark": ("गहरा", "गडद"),
    "light": ("हल्का", "फिकट"),
    "pale": ("हल्का", "फिकट"),
    "bright": ("चटक", "भडक"),
    "deep": ("गहरा", "गडद"),
}
_WORDS = {
    "black": "black काला काली काले काळा काळी काळे kala kali kaala kale",
    "white": "white सफेद गोरा पांढरा पांढरी पांढरे safed pandhara pandhra",
    "grey": "grey gray silver स्लेटी धूसर राखाडी करडा",
    "red": "red maroon crimson scarlet लाल lal laal tambda तांबडा",
    "orange": "orange नारंगी केसरिया नारिंगी केशरी narangi",
    "yellow": "yellow gold golden पीला पीली पीले पिवळा पिवळी पिवळे peela pila pivla",
    "green": "green olive हरा हरी हरे हिरवा हिरवी हिरवे hara hari hirva",
    "cyan": "cyan teal turquoise फिरोजी",
    "blue": "blue navy नीला नीली नीले निळा निळी निळे neela nila neeli",
    "purple": "purple violet बैंगनी जांभळा जांभळी baingani",
    "pink": "pink magenta गुलाबी gulabi",
    "brown": "brown tan भूरा भूरी भूरे तपकिरी bhura",
    "beige": "beige cream बेज",
}


def _forms(words: str) -> list[str]:
    """Colour words, those of Hindi and Marathi with every ending that an adjective in -ā takes."""
    listed = [fold(word) for word in words.split()]
    declined = [f"{word[:-1]}{end}" for word in listed if word.endswith("ा") for end in ("ी", "े", "्या")]
    return sorted({*listed, *declined}, key=lambda word: (-len(word), word))


_FINDERS = {name: pattern(rf"\b(?:{'|'.join(_forms(words))})\b") for name, words in _WORDS.items()}
COLOUR = f"(?:{'|'.join(_forms(' '.join(_WORDS.values())))})"
"""Matches any colour word in a folded text."""


def colour_name(name: str, language: Language) -> str:
    """A measured colour's name ("dark blue") in a language; an unlisted one stays English."""
    if language == "en":
        return name
    which = 0 if language == "hi" else 1
    shade, _, base = name.rpartition(" ")
    names = _TABLE.get(base)
    if names is None or len(names) <= which:
        return name
    prefix = " ".join(_SHADES[word][which] for word in shade.split() if word in _SHADES)
    return f"{prefix} {names[which]}".strip()


def colours_in(text: str) -> tuple[str, ...]:
    """The basic colours a folded text names."""
    return tuple(name for name, finder in _FINDERS.items() if finder.search(text))


def basic(name: str) -> str:
    """The basic colour a measured one is a shade of: "dark blue" is blue."""
    named = colours_in(fold(name))
    return named[0] if named else name
