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
from services.agent.requests import Request, ordinals, points_back, understand
from services.agent.rules import RULES
from services.agent.subjects import subject
from services.agent.wording import say
from services.content import Language, Message, ToolCall, ToolSpec

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
    requests = understand(messages[asked].text)
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
