"""The local provider's rules: the next step towards an answer, tool calls or words, from nothing but the talk.

Only what the user says is read as a wish. Results of tools, names and texts found in files are put into answers, never
read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import uuid4

from services.agent.asking import Asker, Needed, NotForTools, Refused, answers_in
from services.agent.going_on import ASKS, going_on
from services.agent.memory import memory
from services.agent.requests import PICS, PICS_HI, PICS_MR, Request, has, ordinals, points_back, understand
from services.agent.rules import RULES
from services.agent.subjects import subject
from services.agent.wording import say
from services.answers import questions
from services.answers.text_folding import fold
from services.content import Language, Message, ToolCall, ToolSpec

_LOOK_BACK = frozenset(
    {"compare", "analyze", "related", "link", "unlink", "links", "file", "delete_images", "retitle", "refine", "more"}
)


def next_step(
    messages: Sequence[Message], asked: int, tools: Sequence[ToolSpec], language: Language
) -> tuple[ToolCall, ...] | str | None:
    """What to do next.

    Args:
        messages: the whole request: instructions, talk, and after the question what was called and answered.
        asked: the place of the question among them.
        tools: what is on offer.

    Returns:
        Calls to be answered, all of them independent; the answer; or None where the question is none for tools.
    """
    question = messages[asked].text
    talk = [message for message in messages[:asked] if message.role in ("user", "assistant")]
    instructions = "\n".join(message.text for message in messages[:asked] if message.role == "system")
    known = memory(instructions, talk)
    requests = (
        understand(question) or going_on(question, known.kind, known.topic) or perhaps_of_documents(question, talk)
    )
    if not requests:
        return None
    asker = Asker(
        language,
        known,
        frozenset(tool.name for tool in tools),
        answers_in(messages[asked + 1 :]),
    )
    calls, said = _run(requests, asker)
    if calls:
        return tuple(replace(call, id=f"call_{uuid4().hex[:12]}") for call in calls)
    return "\n\n".join(filter(None, said)) if said is not None else None


def perhaps_of_documents(question: str, talk: Sequence[Message]) -> tuple[Request, ...]:
    """A question that no picture answers and that speaks of none: a document may, whether or not it is named."""
    text = fold(question).strip(" .?!।")
    if has(rf"\b(?:{PICS}|you|{PICS_HI}|{PICS_MR})\b", text) or points_back(text) or not has(ASKS, text):
        return ()
    if not all(_is_none_for_pictures(ask, text) for ask in questions.understand(question, talk)):
        return ()
    return (Request("answered", text),)


def _is_none_for_pictures(ask: questions.Ask, text: str) -> bool:
    """Whether no picture answers it: "how many days of leave do I get", "who do I tell when I am sick"."""
    match ask.kind:
        case "unknown" | "unsupported":
            return True
        case "count":
            return not ask.subjects and len(text.split()) > 3
        case "taken_when" | "taken_where":
            return not has(r"\b(?:taken|take|shot|made|captured?|photographed|from)\b|खींच|ली गई|लिया|काढ|घेत|टिप", text)
        case _:
            return False


def _run(requests: Sequence[Request], asker: Asker) -> tuple[list[ToolCall], list[str] | None]:
    calls: list[ToolCall] = []
    said: list[str] = []
    for request in requests:
        if calls and request.kind in _LOOK_BACK and _looks_back(request):
            break
        try:
            said.append(RULES[request.kind](request, asker))
        except Needed as needed:
            calls += needed.calls
        except Refused as refused:
            said.append(say("tool_failed", asker.language, why=str(refused)))
        except NotForTools:
            return [], None
        if words := subject(request):
            asker.memory = replace(asker.memory, topic=words)
    return calls, said


def _looks_back(request: Request) -> bool:
    return points_back(request.what or request.text) or bool(ordinals(request.text, 10))
