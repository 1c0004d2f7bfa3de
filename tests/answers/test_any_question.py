"""Whatever is asked, of whatever was measured, there is an answer in whole sentences."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.answers import answer
from services.content import Language, assistant, user
from services.providers.base import Style
from services.vision.facts import Facts

VOCABULARY = """
what where how many is are there the a it that of and on left right top colour colours red black text say who people
face faces dog cars animal thing things fish orange picture bigger than next to closest dark when camera safe more
different about background not dragon 2 ? . , names second first both moves says stop "stop"
क्या कितने कहाँ कौन रंग लिखा है हैं का के पास कुत्ता लोग बाईं ओर और काय किती कुठे कोण आहे का गाडी मांजर डावीकडे आणि
kya kitne hai kutta aur kahan rang
"""
QUESTIONS = st.one_of(
    st.text(max_size=60), st.lists(st.sampled_from(VOCABULARY.split()), min_size=1, max_size=9).map(" ".join)
)
LANGUAGES: st.SearchStrategy[Language] = st.sampled_from(["en", "hi", "mr"])
STYLES: st.SearchStrategy[Style] = st.sampled_from(["written", "spoken"])


@pytest.mark.parametrize("which", ["street", "empty", "unequipped"])
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(question=QUESTIONS, before=QUESTIONS, manner=st.tuples(LANGUAGES, STYLES))
def test_every_question_gets_an_answer(
    request: pytest.FixtureRequest, which: str, question: str, before: str, manner: tuple[Language, Style]
) -> None:
    language, style = manner
    facts: Facts = request.getfixturevalue(which)
    talk = (user(before), assistant(answer(before, [facts], (), language, style)))
    for pictures in ([facts], [facts, facts], []):
        said = answer(question, pictures, talk, language, style)
        ours = re.sub("“.*”", "“”", said, flags=re.DOTALL)
        assert said.strip()
        assert not {"{", "}", "␣"} & set(ours)
        assert "  " not in ours
