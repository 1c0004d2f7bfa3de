"""What is asked, however it is put."""

from __future__ import annotations

import pytest

from services.answers.questions import Ask, understand
from services.content import assistant, user

KINDS = {
    "describe": [
        "Describe this picture", "what do you see?", "What's in the photo?",
        "give me a summary", "what is in front of me?",
        "इस तस्वीर का वर्णन करो", "चित्र में क्या है?", "मेरे सामने क्या है?", "is photo me kya hai",
        "चित्रात काय आहे?", "चित्राचे वर्णन कर", "माझ्यासमोर काय आहे?",
    ],
    "count": [
        "How many dogs are there?", "count the cars", "number of people?", "कितने लोग हैं?",
        "kitne kutte hain", "किती गाड्या आहेत?",
    ],
    "exists": [
        "Is there a cat?", "do you see any animals", "any dogs in the picture?",
        "does the picture have a car", "is anyone there?",
        "क्या यहाँ कोई कुत्ता है?", "kya isme koi billi hai", "मांजर आहे का?",
    ],
    "where": [
        "Where is the dog?", "which side is the car on", "कुत्ता कहाँ है?",
        "kutta kahan hai", "बाटली कुठे आहे?",
    ],
    "region": [
        "what is on the left?", "What do you see at the top", "बाईं तरफ क्या है?",
        "left side me kya hai", "डाव्या बाजूला काय आहे?",
    ],
    "colours": [
        "What colours do you see?", "what color is the car", "how many colours are there",
        "कार का रंग क्या है?", "gaadi ka rang kya hai", "कुत्र्याचा रंग कोणता आहे?",
    ],
    "is_colour": ["Is the car red?", "is the dog brown", "क्या गाड़ी लाल है?", "गाडी लाल आहे का?"],
    "text": [
        "What does it say?", "Read the text", "what is written on the sign", "any writing?",
        "इस पर क्या लिखा है?", "isme kya likha hai", "पाटी वाचून दाखव",
    ],
    "size": [
        "How big is the picture?", "what's the resolution", "portrait or landscape?",
        "how wide is the image", "तस्वीर कितनी बड़ी है?", "फोटो केवढा आहे?",
    ],
    "identity": [
        "Who is this?", "is that a famous person", "what is his name?", "यह कौन है?",
        "yeh kaun hai", "हा माणूस कोण आहे?",
    ],
    "setting": [
        "Is this indoors or outdoors?", "inside or outside?",
        "क्या यह घर के अंदर है या बाहर?", "हे घरात आहे की बाहेर?",
    ],
    "taken_when": [
        "When was this taken?", "what date is the photo from", "यह फोटो कब ली गई?",
        "हा फोटो कधी काढला?",
    ],
    "camera": ["What camera was it taken with?", "किस कैमरे से ली गई है?"],
    "taken_where": [
        "Where was this photo taken?", "which city is this", "यह फोटो कहाँ ली गई?",
        "हा फोटो कुठे काढला?",
    ],
    "quality": [
        "is it blurry?", "Is the picture sharp?", "how can I take a better picture?",
        "क्या फोटो साफ है?", "फोटो स्पष्ट आहे का?",
    ],
    "difference": [
        "What is different between these pictures?", "compare them", "क्या फर्क है?",
        "काय फरक आहे?",
    ],
    "more": ["tell me more", "anything else?", "और बताओ", "aur batao", "आणखी सांग"],
    "greeting": ["hi", "Hello!", "नमस्ते", "नमस्कार"],
    "thanks": ["thanks", "thank you very much", "ok", "धन्यवाद"],
    "capability": ["What can you do?", "who are you", "तुम क्या कर सकते हो?"],
    "what_is": [
        "What is this?", "what animal is it", "which breed is the dog?", "यह क्या है?",
        "हे काय आहे?",
    ],
    "safe": [
        "Is it safe to cross?", "is there an obstacle?", "is the way clear",
        "क्या रास्ता साफ है?", "rasta saaf hai kya", "वाट मोकळी आहे का?",
    ],
    "day_night": ["is it day or night?", "दिन है या रात?"],
    "file": ["what file format is it"],
    "medium": ["is this a photo or a drawing?", "is it a screenshot?"],
    "monochrome": ["is it black and white?"],
    "nearest": ["what is closest to me?", "सबसे पास क्या है?", "सर्वात जवळ काय आहे?"],
    "next_to": ["what is next to the dog?", "what's behind the car"],
    "relation": ["is the dog to the left of the car?"],
    "about": [
        "tell me about the dog", "describe the car", "कुत्ते के बारे में बताओ",
        "कुत्र्याबद्दल सांगा",
    ],
    "motion": ["what moves in it?", "how many frames"],
    "unsupported": [
        "how old is she?", "is he happy", "what is the man doing?", "how much does it cost", "are they friends?",
        "is the dog friendly?", "what's the weather", "why is it there", "how far is the car", "who painted this?",
        "उसकी उम्र क्या है?", "वह क्या कर रहा है?", "तो काय करतो आहे?",
    ],
    "coloured": ["what is red?", "is anything green", "लाल रंग की कौन सी चीज़ है?"],
    "smallest": ["what is the smallest object?", "सबसे छोटी चीज़ कौन सी है?"],
    "biggest": ["what is the biggest thing?", "सगळ्यात मोठी वस्तू कोणती?"],
    "where_text": ["where is the text?"],
    "sureness": ["are you sure?", "how confident are you?"],
    "says": ['does it say "stop"?', "is the word exit in the picture"],
    "unknown": ["qwerty asdf", "?!"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "question"), [(kind, question) for kind, asked in KINDS.items() for question in asked]
)
def test_the_kind_of_question_is_understood_however_it_is_put(kind: str, question: str) -> None:
    assert [ask.kind for ask in understand(question)] == [kind]


@pytest.mark.parametrize(
    ("question", "subjects"),
    [
        ("is there a puppy?", ("dog",)),
        ("any vehicles?", ("vehicle",)),
        ("how many kids and bikes?", ("person", "bicycle")),
        ("किती गाड्या आहेत?", ("car",)),
        ("कुत्र्याचा रंग कोणता?", ("dog",)),
        ("kitne log hain", ("person",)),
        ("is it an orange?", ("orange",)),
        ("is it orange?", ()),
    ],
)
def test_words_in_three_languages_name_the_same_things(question: str, subjects: tuple[str, ...]) -> None:
    assert understand(question)[0].subjects == subjects


@pytest.mark.parametrize(
    ("question", "kinds"),
    [
        ("How many people are there and what colour is the car?", ["count", "colours"]),
        ("What is it? Where is the dog?", ["what_is", "where"]),
        ("कितने लोग हैं और गाड़ी किस रंग की है?", ["count", "colours"]),
        ("किती लोक आहेत आणि गाडीचा रंग कोणता आहे?", ["count", "colours"]),
        ("Hello, what is on the left?", ["region"]),
    ],
)
def test_compound_questions_are_taken_apart(question: str, kinds: list[str]) -> None:
    assert [ask.kind for ask in understand(question)] == kinds


def test_it_and_and_the_dog_refer_to_the_conversation() -> None:
    talk = (user("How many dogs are there?"), assistant("I count two dogs."))
    assert understand("what colour are they?", talk)[0] == Ask("colours", subjects=("dog",))
    assert understand("where is it", talk)[0].subjects == ("dog",)
    assert understand("and the cats?", talk)[0] == Ask("count", subjects=("cat",))
    assert understand("what about on the left?", (user("what is on the right?"),))[0].sides == ("left",)


def test_the_persons_own_words_come_before_the_answers() -> None:
    described = (user("what is in it?"), assistant("The photo shows two people, a car and a dog."))
    assert understand("where is it?", described)[0].subjects == ("person",)
    asked = (*described, user("and the dog?"), assistant("The dog is beside the car."))
    assert understand("and the dog?", described)[0] == Ask("about", subjects=("dog",))
    assert understand("where is it?", asked)[0].subjects == ("dog",)
    assert understand("is it on the left?", asked)[0].kind == "region"
    assert understand("how many?", asked)[0].subjects == ("dog",)
    assert understand("is it big?", asked)[0].kind == "unsupported"


def test_it_refers_first_to_what_the_same_question_named() -> None:
    asks = understand("What colour is the car, and where is it?", (user("is there a dog?"),))
    assert [(ask.kind, ask.subjects) for ask in asks] == [("colours", ("car",)), ("where", ("car",))]


@pytest.mark.parametrize(
    ("question", "kind", "subjects"),
    [
        ("whats in teh pic", "describe", ()),
        ("how many ppl r there", "count", ("person",)),
        ("what colr is the car", "colours", ("car",)),
        ("discribe the image", "describe", ()),
        ("चित्र में क्या-क्या है?", "describe", ()),
        ("कुत्ते का रङ्ग", "exists", ("dog",)),
    ],
)
def test_misspellings_are_read_as_meant(question: str, kind: str, subjects: tuple[str, ...]) -> None:
    ask = understand(question)[0]
    assert (ask.kind, ask.subjects) == (kind, subjects)


def test_what_is_true_of_a_thing_is_told_apart_from_whether_it_is_there() -> None:
    assert understand("is the dog there?")[0].kind == "exists"
    assert understand("is the dog visible in the picture?")[0].kind == "exists"
    assert understand("is the dog friendly?")[0].kind == "unsupported"
    assert understand("is the person facing the camera?")[0].kind == "unsupported"


def test_a_very_long_question_is_answered_quickly() -> None:
    for words in ("what is the ", "is the person ", "कोई है ", "how many ", "(" * 12):
        assert understand(words * 900)


def test_a_thing_we_have_no_name_for_is_kept_as_it_was_put() -> None:
    assert understand("Is there a dragon in the picture?")[0] == Ask("exists", unknown="dragon", whole=True)
    assert understand("how many legs does the dog have")[0].subjects == ()
