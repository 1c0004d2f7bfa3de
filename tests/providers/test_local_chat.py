"""The local provider: its own events, its own pictures, its own failures."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from services.answers import answer
from services.content import ImagePart, ImageSource, Message, Usage, assistant, system, user
from services.errors import ImageRejected, ProviderTimeout, ProviderUnavailable
from services.providers.base import AnswerDone, AnswerStarted, ChatRequest, TextDelta
from services.providers.local_chat import LocalChat, pieces
from services.vision.facts import Box, Colour, DetectedObject, Facts, Quality
from tests.providers.conftest import Photo

DOG = Box(0.1, 0.6, 0.3, 0.95)


def facts(name: str) -> Facts:
    seen = DetectedObject(name, 0.9, True, DOG, (Colour("brown", 0.8, (120, 80, 40)),))
    quality = Quality(0.6, 0.5, 0.6, 0.1, 0.1, "sharp", "normal")
    return Facts(640, 480, "JPEG", (Colour("green", 0.8, (0, 128, 0)),), quality, objects=(seen,))


def picture(colour: str) -> Photo:
    buffer = io.BytesIO()
    Image.new("RGB", (32, 24), colour).save(buffer, "PNG")
    return Photo(buffer.getvalue())


def look(source: ImageSource) -> Facts:
    """A red picture shows a dog, any other a car: told by the pixels."""
    red, _, blue = Image.open(io.BytesIO(source.original())).convert("RGB").getpixel((0, 0))
    return facts("dog" if red > blue else "car")


def said(*messages: Message, **options: object) -> str:
    events = LocalChat(look).stream(ChatRequest(messages, **options))
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def test_events_come_in_order_and_the_pieces_joined_are_the_answer() -> None:
    question = user("Is there a dog?", ImagePart(picture("red")))
    first, *deltas, last = LocalChat(look).stream(ChatRequest((system("Be brief."), question)))
    assert first == AnswerStarted("local", "visual-assistant-local-1")
    assert "".join(delta.text for delta in deltas) == answer("Is there a dog?", [facts("dog")])
    assert len(deltas) > 5
    assert isinstance(last, AnswerDone)
    assert last.finish_reason == "stop"
    assert last.usage.estimated
    assert last.usage.completion_tokens > 0
    assert last.usage != Usage()


def test_the_picture_may_be_in_an_earlier_message_and_the_newest_one_counts() -> None:
    talk = (user("Describe it.", ImagePart(picture("red"))), assistant("The picture shows a dog."))
    assert said(*talk, user("Is there a dog?")).startswith("Yes")
    assert said(*talk, user("And now?", ImagePart(picture("blue"))), user("Is there a dog?")).startswith("No")


def test_it_refers_to_the_conversation() -> None:
    talk = (user("Is there a dog?", ImagePart(picture("red"))), assistant("Yes, I can see a dog, at the bottom left."))
    assert said(*talk, user("What colour is it?")) == "The dog is mainly brown."


def test_it_answers_in_the_language_and_style_of_the_request() -> None:
    question = user("क्या कोई कुत्ता है?", ImagePart(picture("red")))
    assert said(question, language="hi") == "हाँ, एक कुत्ता नीचे बाईं ओर है।"
    assert said(question, language="mr") == "होय, एक कुत्रा खाली डावीकडे आहे."
    assert "on your left" in said(question, language="en", style="spoken")


def test_without_a_picture_it_says_so() -> None:
    assert said(user("What is in it?")).startswith("I have no picture here.")
    assert said(user("What can you do?")).startswith("I measure a picture on this machine")


def test_a_question_about_two_pictures_is_answered_for_both() -> None:
    both = user("Is there a dog?", ImagePart(picture("red")), ImagePart(picture("blue")))
    assert said(both).startswith("Picture 1: Yes")
    assert "Picture 2: No" in said(both)


@pytest.mark.parametrize("error", [OSError("gone"), ValueError("no picture"), ImageRejected("Not a picture.")])
def test_a_picture_that_cannot_be_looked_at_makes_the_provider_unavailable(error: Exception) -> None:
    def blind(_: ImageSource) -> Facts:
        raise error

    with pytest.raises(ProviderUnavailable) as raised:
        list(LocalChat(blind).stream(ChatRequest((user("What?", ImagePart(picture("red"))),))))
    assert raised.value.provider == "local"
    assert "gone" not in raised.value.message


def test_a_provider_error_of_the_eyes_passes_as_it_is() -> None:
    def slow(_: ImageSource) -> Facts:
        raise ProviderTimeout("The look took too long.", provider="local")

    with pytest.raises(ProviderTimeout):
        list(LocalChat(slow).stream(ChatRequest((user("What?", ImagePart(picture("red"))),))))


@given(st.text())
def test_pieces_joined_are_the_text_whatever_it_is(text: str) -> None:
    cut = pieces(text)
    assert "".join(cut) == text
    assert all(cut)
