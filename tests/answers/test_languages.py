"""Hindi and Marathi: the same facts, grammar that agrees, nothing left untranslated."""

from __future__ import annotations

import re
import string

import pytest

from services.answers import answer, describe, language_of
from services.answers.colours import colour_name
from services.answers.nouns import COCO, nouns, rows
from services.content import Language
from services.vision.colours import NAMES
from services.vision.facts import Facts

LATIN = re.compile("[A-Za-z]")


@pytest.mark.parametrize(
    ("question", "hindi", "marathi"),
    [
        ("how many people?", "चित्र में दो लोग हैं।", "चित्रात दोन व्यक्ती आहेत."),
        ("how many dogs?", "चित्र में एक कुत्ता है।", "चित्रात एक कुत्रा आहे."),
        ("is there a horse?", "नहीं, चित्र में कोई घोड़ा नहीं दिख रहा है।", "नाही, चित्रात घोडा दिसत नाही."),
        ("is there a bus?", "नहीं, चित्र में कोई बस नहीं दिख रही है।", "नाही, चित्रात बस दिसत नाही."),
        ("is there a dog?", "हाँ, एक कुत्ता नीचे है।", "होय, एक कुत्रा खालच्या बाजूला आहे."),
        ("what colour is the dog?", "कुत्ते का रंग मुख्य रूप से भूरा और काला है।", "कुत्र्याचा रंग मुख्यतः तपकिरी आणि काळा आहे."),
        ("is the car red?", "हाँ, कार का रंग लाल है।", "होय, कारचा रंग लाल आहे."),
        ("is the dog to the left of the car?", "हाँ, वह कार के बाईं ओर है।", "होय, ते कारच्या डावीकडे आहे."),
        ("what colours?", "मुख्य रंग: गहरा नीला, धूसर और सफ़ेद।", "मुख्य रंग: गडद निळा, राखाडी आणि पांढरा."),
        ("is he happy?", "यह नहीं बताया जा सकता कि कोई क्या महसूस कर रहा है।", "कोणाला काय वाटत आहे हे सांगता येत नाही."),
    ],
)
def test_grammar_agrees(street: Facts, question: str, hindi: str, marathi: str) -> None:
    assert answer(question, [street], language="hi").startswith(hindi)
    assert answer(question, [street], language="mr").startswith(marathi)


@pytest.mark.parametrize("language", ["hi", "mr"])
@pytest.mark.parametrize("style", ["written", "spoken"])
def test_a_description_is_wholly_in_the_language_but_for_quotes(street: Facts, language: Language, style: str) -> None:
    said = describe(street, language, style)  # type: ignore[arg-type]  # pytest gives a plain str
    assert not LATIN.search(re.sub("“[^”]*”", "", said))


def test_every_phrase_has_the_same_places_or_grammar_of_its_own_in_each_language() -> None:
    own = {"is", "one", "many", "a_noun", "raha", "noun", "oblique", "pos", "list", "side", "medium"}
    for row in rows("phrases.tsv"):
        places = {
            language: {name for _, name, _, _ in string.Formatter().parse(row[language]) if name} - own
            for language in ("en", "hi", "mr")
        }
        assert places["en"] == places["hi"] == places["mr"], row["key"]
        assert all(row[language].strip() for language in ("en", "hi", "mr")), row["key"]


def test_every_object_and_colour_that_can_be_measured_has_a_name_in_each_language() -> None:
    assert len(COCO) == 80
    for language in ("hi", "mr"):
        assert not [name for name in COCO if LATIN.search(nouns(language)[name].one)]
        assert not [name for name in NAMES if LATIN.search(colour_name(name, language))]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("What is in this picture?", "en"),
        ("isme kya hai", "en"),
        ("इस चित्र में क्या है?", "hi"),
        ("कितने लोग हैं", "hi"),
        ("चित्रात काय आहे?", "mr"),
        ("किती लोक आहेत", "mr"),
        ("मांजर कुठे बसली", "mr"),
        ("", "en"),
        ("123 ?!", "en"),
        ("ABC कार का रंग क्या है", "hi"),
    ],
)
def test_the_language_of_a_text(text: str, language: Language) -> None:
    assert language_of(text) == language


@pytest.mark.parametrize(
    ("before", "language"), [("कितने लोग हैं?", "hi"), ("किती लोक आहेत?", "mr"), ("खिडकी कुठे आहे?", "mr")]
)
def test_what_is_both_is_what_was_spoken_before(before: str, language: Language) -> None:
    assert language_of("धन्यवाद", before) == language_of("नमस्कार", before) == language
    assert language_of("चित्र में कितने लोग हैं?", before) == "hi"
    assert language_of("thank you", before) == "en"
    assert language_of("माझे फोटो दाखवा", "नमस्कार") == language_of("माझे फोटो दाखवा", before) == "mr"
    assert language_of("मेरी तस्वीरें दिखाओ", before) == "hi"
