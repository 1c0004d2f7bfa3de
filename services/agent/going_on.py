"""What a request goes on from: "and dogs?" after some pictures were looked for, "and in 2025?", "and the warranty?"."""

from __future__ import annotations

from datetime import UTC, datetime

from services.agent.requests import Request, filled, finder, goes_on, grouping, has, number_of_page, ordinals
from services.agent.subjects import looked_for, trimmed
from services.answers.text_folding import fold
from services.library.dates import periods_in
from services.library.query import Query, understand
from services.library.query_colours import without_colours

ASKS = (
    r"^(?:please |and |so |tell me )*(?:what|which|who|whom|whose|when|where|why|how|is|are|was|were|does|did|can|"
    r"do(?= (?:i|we|they|the|my|our|any|all)\b)|"
    r"could|may|must|should|will|would|has|have)\b|\b(?:क्या|कौन|कब|कहां|क्यों|कैसे|कितने|कितना|कितनी|काय|कोण|कोणते|कधी|कुठे|का|"
    r"कसे|कशी|किती)\b"
)
"""It asks something."""
_OF_PICTURES = frozenset({"find", "refine", "browse", "more"})
_OF_DOCUMENTS = frozenset({"passages", "page", "outline"})
_HOW_MANY = r"\b(?:how many|count)\b|कितन|किती"
_WHICH = r"^which (?:ones? |of (?:them|these|those) |{PICS} )?(?:is|are|was|were|has|have|shows?|contains?)\b"
_IT_SAYS = (
    r"^(?:and |so )?(?:what|where|does|do|did)(?: else)? (?:does |do |did )?(?:it|this|that|they|these|the document) "
    r"(?:say|tell|mention|cover|state|explain|write|contain)s?(?: (?:about|on|regarding|of|for) (.+)| (.+))?$|"
    r"^(?:इसमें|उसमें|इस में|उस में) (?:(.+?) )?(?:के बारे में |के लिए )?क्या (?:लिखा|कहा|बताया)\S*(?: है)?$|"
    r"^(?:यात|त्यात|यामध्ये|त्यामध्ये) (?:(.+?) ?)?(?:बद्दल |विषयी )?काय (?:लिहिल|लिहील|सांगित|म्हट)\S*(?: आहे)?$"
)
_MANY = 1000


def going_on(question: str, kind: str, topic: str) -> tuple[Request, ...]:
    """What is asked by a question that only adds to the request before it; none where it does not.

    Args:
        kind, topic: what was asked before, and what was looked for.
    """
    if kind in _OF_DOCUMENTS and (said := finder(_IT_SAYS).search(fold(question).strip(" .?!।"))):
        words = next(filter(None, said.groups()), "")
        return (Request("passages", words, what=trimmed(words), again=True) if words else Request("outline", ""),)
    rest = goes_on(question)
    if not rest:
        return ()
    if kind in _OF_DOCUMENTS:
        page = number_of_page(rest)
        if page is not None:
            return (Request("page", rest, page=page, again=True),)
        return (Request("passages", rest, what=trimmed(rest), again=True),)
    if ordinals(rest, _MANY):
        return (Request("analyze", rest, again=True),) if kind in _OF_PICTURES | {"analyze"} else ()
    if kind == "count" or (kind in _OF_PICTURES and has(_HOW_MANY, rest)):
        by = grouping(rest)
        return (Request("count", rest, what=topic if by != "total" else "", by=by, again=True),)
    asks = has(ASKS, rest) and not has(filled(_WHICH), rest)
    if kind in _OF_PICTURES and not asks and number_of_page(rest) is None:
        query = combined(rest, topic)
        return (Request("find", rest, what=query, again=True),) if query else ()
    return ()


def combined(added: str, topic: str) -> str:
    """What to look for once something was added to what was looked for: another date or colour of the same, or
    something else."""
    at = datetime.now(UTC)
    query = understand(added, at)
    if query.periods and not query.clauses:
        return f"{trimmed(periods_in(fold(topic), at)[1])} {added}".strip()
    return coloured(looked_for(added), topic)


def coloured(wanted: str, topic: str) -> str:
    """Where nothing but a colour is wanted, the thing that was looked for in that colour."""
    if not _is_colour(understand(wanted, datetime.now(UTC))):
        return wanted
    return f"{wanted} {trimmed(' '.join(without_colours(fold(topic)).split()))}".strip()


def _is_colour(query: Query) -> bool:
    things = [thing for clause in query.clauses for thing in clause.things]
    return bool(things) and not query.words and all(thing.concept is None for thing in things)
