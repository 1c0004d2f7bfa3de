"""Requests that go on from the ones before them, with the local rules: what they come to, in three languages."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from services.agent.citations import cite_document, cite_picture
from services.agent.going_on import going_on
from services.agent.memory import memory
from services.agent.routing import next_step
from services.answers import language_of
from services.content import Message, ToolCall, assistant, user
from tests.agent.labelled.marking import DOCUMENT, IDS, LISTED, TOOLS, followed

FOUND = "I found [[ref:images_2]] for it:\n" + "\n".join(
    f"{number}. {cite_picture(one, 'p.jpg')}" for number, one in enumerate(IDS[2:5], 1)
)
LOOKED = f"1. {cite_picture(IDS[3], 'p.jpg')}: It is brown."
QUOTED = f"On “rust”:\n- “Remove rust with a brush.” {cite_document(DOCUMENT, 'manual.pdf', 3)}"
COUNTED = "3 of your pictures match “dogs”."


def first(talk: Sequence[Message], question: str) -> ToolCall | None:
    """The first call a question comes to after a talk."""
    messages = [*talk, user(question)]
    step = next_step(messages, len(messages) - 1, TOOLS, language_of(question))
    return step[0] if isinstance(step, tuple) else None


@pytest.mark.parametrize(
    ("before", "question", "query"),
    [
        ("find cats", "and dogs?", "dogs"),
        ("find cats", "what about the ones with snow?", "snow"),
        ("find cats", "and which have no people?", "no people"),
        ("show me photos of dogs from May 2024", "and from 2025?", "dogs from 2025"),
        ("photos from May 2024", "and from 2025?", "from 2025"),
        ("find cats from May 2024", "and dogs from 2025?", "dogs from 2025"),
        ("find red cars", "and the black ones?", "black cars"),
        ("बिल्ली की तस्वीरें दिखाओ", "और कुत्ते की?", "कुत्ते"),
        ("मांजरीचे फोटो दाखवा", "आणि कुत्र्याचे?", "कुत्र्याचे"),
    ],
)
def test_another_search(before: str, question: str, query: str) -> None:
    call = first([user(before), assistant(FOUND)], question)
    assert call is not None
    assert (call.name, call.arguments) == ("search_images", {"query": query})


def test_what_was_added_is_added_to_again() -> None:
    talk = [user("find dogs"), assistant(FOUND), user("and from 2025?"), assistant(FOUND), user("and cats?")]
    call = first([*talk, assistant(FOUND)], "and from last week?")
    assert call is not None
    assert call.arguments == {"query": "cats from last week"}


@pytest.mark.parametrize(
    ("question", "query"),
    [
        ("of these only the red ones", "red rust"),
        ("only the ones with snow", "snow"),
        ("which of these have people in them?", "people"),
        ("इनमें से सिर्फ़ कुत्ते वाली", "कुत्ते"),
        ("यातील फक्त कुत्र्याचे", "कुत्र्याचे"),
    ],
)
def test_of_what_was_listed(question: str, query: str) -> None:
    call = first([user("find the photos with rust"), assistant(LISTED)], question)
    assert call is not None
    assert call.arguments == {"query": query, "within": ["ref:images_1"]}


@pytest.mark.parametrize(
    ("question", "arguments"),
    [
        ("how many of those are there?", {}),
        ("how many are they?", {}),
        ("how many of them show people?", {"query": "people"}),
        ("ये कितनी हैं?", {}),
        ("इनमें से कितनी कुत्ते वाली हैं?", {"query": "कुत्ते"}),
        ("यातील किती कुत्र्याचे आहेत?", {"query": "कुत्र्याचे"}),
        ("ते किती आहेत?", {}),
    ],
)
def test_how_many_were_listed(question: str, arguments: dict[str, str]) -> None:
    call = first([user("find the photos with rust"), assistant(LISTED)], question)
    assert call is not None
    assert call.arguments == {"within": ["ref:images_1"]} | arguments


@pytest.mark.parametrize("question", ["show me more", "next page", "the rest please", "और दिखाओ", "आणखी दाखवा"])
def test_the_next_lines(question: str) -> None:
    lines = "\n".join(f"{number}. {cite_picture(IDS[number % 6], 'p.jpg')}" for number in range(11, 21))
    talk = [user("list all my photos"), assistant(f"11–20 of [[ref:images_7]]:\n{lines}")]
    call = first(talk, question)
    assert call is not None
    assert call.arguments == {"within": ["ref:images_7"], "offset": 20, "limit": 10}


@pytest.mark.parametrize("question", ["list all my photos", "Show me my pictures", "मेरी तस्वीरें दिखाओ", "माझे फोटो दाखवा"])
def test_all_there_are(question: str) -> None:
    call = first([], question)
    assert call is not None
    assert (call.name, call.arguments) == ("search_images", {"limit": 10})


@pytest.mark.parametrize(
    ("question", "place"),
    [
        ("the third one please", 4),
        ("describe the third one", 4),
        ("and the first one?", 2),
        ("तीसरी वाली का वर्णन करो", 4),
    ],
)
def test_the_list_still_counts_after_one_of_it_was_looked_at(question: str, place: int) -> None:
    talk = [user("find cats"), assistant(FOUND), user("describe the second one"), assistant(LOOKED)]
    call = first(talk, question)
    assert call is not None
    assert (call.name, call.arguments) == ("analyze_images", {"image_ids": [IDS[place]]})


@pytest.mark.parametrize("question", ["compare the two", "या दोघांची तुलना करा", "which of these is darker?"])
def test_the_two_of_a_list(question: str) -> None:
    talk = [user("find cats"), assistant("\n".join(FOUND.split("\n")[:3]))]
    call = first(talk, question)
    assert call is not None
    assert (call.name, call.arguments) == ("compare_images", {"image_ids": IDS[2:4]})


@pytest.mark.parametrize("before", ["what does the manual say about rust?", "who removes the rust?"])
def test_more_out_of_a_document(before: str) -> None:
    call = first([user(before), assistant(QUOTED)], "and about the warranty?")
    assert call is not None
    assert call.name == "search_documents"
    assert call.arguments == {"query": "warranty", "document_ids": [DOCUMENT]}


@pytest.mark.parametrize(
    ("question", "query"),
    [
        ("what does it say about sick leave?", "sick leave"),
        ("Does it mention brushes?", "brushes"),
        ("इसमें टैक्सी के बारे में क्या लिखा है?", "टैक्सी"),
        ("त्यात पार्किंगबद्दल काय लिहिले आहे?", "पार्किंग"),
    ],
)
def test_what_it_says(question: str, query: str) -> None:
    """After a document, "it" is the document and no picture with words in it."""
    call = first([user("what does the manual say about rust?"), assistant(QUOTED)], question)
    assert call is not None
    assert call.arguments == {"query": query, "document_ids": [DOCUMENT]}
    assert first([user("find cats"), assistant(FOUND)], "what does it say?") is None


def test_those_that_are_named_are_compared() -> None:
    call = first([user("find cats"), assistant(FOUND)], "compare the puppy photos")
    assert call is not None
    assert (call.name, call.arguments) == ("search_images", {"query": "puppy", "only": "photos"})


def test_another_page() -> None:
    assert followed("and page 4?", "en") == []
    call = first([user("read page 3 of the manual"), assistant(QUOTED)], "and page 4?")
    assert call is not None
    assert call.name == "list_documents"


def test_another_count() -> None:
    talk = [user("how many photos of dogs do I have?"), assistant(COUNTED)]
    call = first(talk, "and cats?")
    assert call is not None
    assert call.arguments == {"by": "total", "query": "cats"}
    call = first(talk, "and per year?")
    assert call is not None
    assert call.arguments == {"by": "year", "query": "dogs"}


@pytest.mark.parametrize(
    "question", ["and is it sharp?", "and what colours are in it?", "and", "thanks", "and what is that on the left?"]
)
def test_what_is_talk_about_a_picture_stays_so(question: str) -> None:
    assert going_on(question, "find", "cats") == ()


@pytest.mark.parametrize(
    "question",
    [
        "how many days of leave do I get?",
        "who do I tell when I am sick?",
        "होटल का किराया कितना है?",
        "यंत्र कधी स्वच्छ करायचे?",
    ],
)
def test_what_no_picture_answers_is_looked_up(question: str) -> None:
    call = first([], question)
    assert call is not None
    assert call.name == "search_documents"


@pytest.mark.parametrize("question", ["when was this taken?", "how many people are there?", "how many?"])
def test_what_a_picture_answers_is_not(question: str) -> None:
    assert first([], question) is None


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("summarize the pump manual", "pump manual"),
        ("Describe the leave policy", "leave policy"),
        ("what is in the house rules?", "house rules"),
        ("what is the contract about?", "contract"),
        ("give me a short summary of the report please", "report"),
        ("यात्रा नीति का सारांश दो", "यात्रा नीति"),
        ("मैनुअल में क्या लिखा है?", "मैनुअल manual"),
        ("सुरक्षा नियम यांचा सारांश द्या", "सुरक्षा नियम"),
    ],
)
def test_a_document_as_a_whole(question: str, name: str) -> None:
    calls = followed(question, language_of(question))
    assert [call.name for call in calls] == ["list_documents", "outline_document"]
    assert calls[0].arguments["name"] == name


@pytest.mark.parametrize("question", ["पार्किंगबद्दल नियमात काय लिहिले आहे?", "what does the manual say about rust?"])
def test_what_it_says_of_something_is_no_summary(question: str) -> None:
    assert [call.name for call in followed(question, language_of(question))] == ["search_documents"]


@pytest.mark.parametrize("question", ["yes, do it", "cancel the plan", "undo that", "ठीक है, रद्द करो", "मागे घ्या"])
def test_a_word_on_a_plan_changes_nothing(question: str) -> None:
    """What is said in a talk decides on no plan; that is told, where one was made."""
    talk = [user("sort the dog photos into a folder Dogs"), assistant("Nothing has been changed yet.")]
    messages = [*talk, user(question)]
    said = next_step(messages, 2, TOOLS, language_of(question))
    assert isinstance(said, str)
    assert said
    assert first([], question) is None or first([], question).name == "search_documents"  # type: ignore[union-attr]


def test_a_folder_in_another() -> None:
    (listing, create) = followed("create a folder Sea in Beach", "en")
    assert listing.name == "list_folders"
    assert create.arguments == {"name": "Sea", "parent_name": "Beach"}
    assert followed("create a folder Made in India", "en")[-1].arguments == {"name": "Made in India"}


@pytest.mark.parametrize(
    ("question", "meant"),
    [
        ("sort these into a folder Cats", "ref:images_2"),
        ("इन्हें बिल्ली नाम के फ़ोल्डर में रखो", "ref:images_2"),
        ("move it to the folder Cats", IDS[3]),
    ],
)
def test_these_are_the_list_and_it_is_what_was_looked_at(question: str, meant: str) -> None:
    talk = [user("find cats"), assistant(FOUND), user("describe the second one"), assistant(LOOKED)]
    call = first(talk, question)
    assert call is not None
    assert (call.name, call.arguments["image_ids"]) == ("move_images_to_folder", [meant])


def test_the_newest_list_and_what_was_looked_at_since() -> None:
    known = memory("", [user("find cats"), assistant(FOUND), user("describe the second one"), assistant(LOOKED)])
    assert known.pictures == (IDS[3],)
    assert known.numbered == tuple(IDS[2:5])
    assert (known.kind, known.topic, known.shown) == ("analyze", "cats", 3)
