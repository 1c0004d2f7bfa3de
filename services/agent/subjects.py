"""What a request is about, once the words that only ask are taken out of it: `data/asking.tsv`."""

from __future__ import annotations

import re
from functools import cache

from services.agent.requests import BACK, PICS, Request, filled, finder, has
from services.agent.wording import rows
from services.answers.text_folding import pattern


@cache
def _patterns(use: str) -> tuple[re.Pattern[str], ...]:
    """The patterns of one use in `data/asking.tsv`."""
    return tuple(pattern(filled(row["pattern"])) for row in rows("asking.tsv") if row["use"] == use)


def looked_for(text: str) -> str:
    """Of "find the photos with rust" the rust."""
    return trimmed(_without(text, "polite", "finding"))


_TWO = (
    r"\b(?:between|compare) (?P<one>.+?) (?:and|with|to|against|vs\.?|versus) "
    rf"(?P<other>.*\b{PICS}\b.*|\S+\.\w{{3,4}})$"
)


def two_named(text: str) -> tuple[str, str] | None:
    """Of "compare the cat photo and the motorcycle photo" the cat and the motorcycle; None where no two are named."""
    found = finder(_TWO).search(text)
    if found is None:
        return None
    one, other = (looked_for(found[side]) for side in ("one", "other"))
    return (one, other) if one and other and not has(BACK, text) else None


def several_named(text: str) -> str:
    """Of "compare the puppy photos" the puppies; empty where none are named."""
    found = finder(rf"\b(?:compare|between|contrast) (?:all |the |my |of )*(?P<what>(?:\S+ ){{1,4}}?){PICS}$").search(
        text
    )
    return looked_for(found["what"]) if found else ""


def counted_of(text: str) -> str:
    """Of "how many photos of dogs do I have a month" the dogs; empty where all are counted."""
    return trimmed(_without(text, "polite", "counting"))


def asked_of_documents(text: str) -> str:
    """Of "what does the manual say about rust, with the page" the rust; empty where it says "it"."""
    rest = _paged(_without(text, "polite"))
    for about in _patterns("about"):
        found = about.search(rest)
        if found:
            return _bare(_paged(found["what"]))
    return _bare(_without(rest, "asking"))


def _paged(text: str) -> str:
    """Without the wish to be told the page."""
    return _without(text.strip(" ,"), "page").strip(" ,")


def _bare(what: str) -> str:
    what = trimmed(what)
    alone = finder(BACK).sub(" ", what).strip(" ,")
    return "" if has(BACK, what) and len(alone) < 3 else what


def _without(text: str, *uses: str) -> str:
    for use in uses:
        for found in _patterns(use):
            text = found.sub(" ", text)
    return " ".join(text.split())


def trimmed(text: str) -> str:
    """A stretch of a request without the small words at its ends."""
    text = text.strip(" ,.?!।:-")
    while True:
        shorter = text
        for found in (*_patterns("leading"), *_patterns("trailing")):
            shorter = found.sub("", shorter).strip(" ,.?!।:-")
        if shorter == text:
            return text
        text = shorter


def subject(request: Request) -> str:
    """What a request is about, whichever kind it is; empty where it names nothing."""
    match request.kind:
        case "find" | "passages" if request.again:
            return request.what
        case "find":
            return looked_for(request.text)
        case "refine":
            return looked_for(request.what)
        case "count":
            return counted_of(request.text)
        case "passages":
            return asked_of_documents(request.text)
        case "file" | "delete_images" | "link":
            return _bare(looked_for(request.what))
        case _:
            return ""
