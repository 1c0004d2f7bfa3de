"""The local provider's rules: the next step towards an answer, tool calls or words, from nothing but the talk.

Only what the user says is read as a wish. Results of tools, names and texts found in files are put into answers, never
read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import uuid4

from services.agent.asking import Asker, Needed, NotForTools, Refused, answers_in
from services.agent.memory import memory
from services.agent.requests import PICS, PICS_HI, PICS_MR, Request, has, ordinals, points_back, understand
from services.agent.rules import RULES
from services.agent.subjects import subject
from services.agent.wording import say
from services.answers import questions
from services.answers.text_folding import fold
from services.content import Language, Message, ToolCall, ToolSpec

_ASKS = (
    r"^(?:please |and |so |tell me )*(?:what|which|who|whom|whose|when|where|why|how|is|are|was|were|does|did|can|"
    r"do(?= (?:i|we|they|the|my|our|any|all)\b)|"
    r"could|may|must|should|will|would|has|have)\b|\b(?:क्या|कौन|कब|कहां|क्यों|कैसे|कितने|कितना|कितनी|काय|कोण|कोणते|कधी|कुठे|का|"
    r"कसे|कशी|किती)\b"
)
_LOOK_BACK = frozenset({"compare", "analyze", "related", "link", "unlink", "links", "file", "delete_images", "retitle"})


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
    requests = understand(question) or perhaps_of_documents(question, messages[:asked])
    if not requests:
        return None
    talk = [message for message in messages[:asked] if message.role in ("user", "assistant")]
    instructions = "\n".join(message.text for message in messages[:asked] if message.role == "system")
    asker = Asker(
        language,
        memory(instructions, talk),
        frozenset(tool.name for tool in tools),
        answers_in(messages[asked + 1 :]),
    )
    calls, said = _run(requests, asker)
    if calls:
        return tuple(replace(call, id=f"call_{uuid4().hex[:12]}") for call in calls)
    return "\n\n".join(filter(None, said)) if said is not None else None


def perhaps_of_documents(question: str, before: Sequence[Message]) -> tuple[Request, ...]:
    """A question that no picture answers and that speaks of none: a document may, whether or not it is named."""
    text = fold(question).strip(" .?!।")
    if has(rf"\b(?:{PICS}|you|{PICS_HI}|{PICS_MR})\b", text) or points_back(text) or not has(_ASKS, text):
        return ()
    talk = [message for message in before if message.role in ("user", "assistant")]
    if any(ask.kind not in ("unknown", "unsupported") for ask in questions.understand(question, talk)):
        return ()
    return (Request("answered", text),)


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
