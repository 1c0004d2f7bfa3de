"""Which pictures and which document a request means: by number, by "these", by their names, or by a search."""

from __future__ import annotations

from dataclasses import replace

from services.agent import composing
from services.agent.asking import Asker, NotForTools
from services.agent.memory import Memory
from services.agent.requests import DOC, Request, finder, has, ordinals, points_at_several, points_back
from services.agent.subjects import looked_for, trimmed
from services.agent.wording import joined, say

MOST_LINKED = 50
_SCENES = (
    r"\b(?:frames?|scenes?|stills?|clips?|videos?|movies?|footage|"
    r"फ्रेम|फ्रेम्स|दृश्य|दृश्यों|दृश्ये|सीन|वीडियो|विडियो|व्हिडिओ|व्हिडीओ)\b"
)
_GENERAL = r"^(?:documents|pdfs|papers|books|documentation|दस्तावेज|दस्तावेजों|दस्तऐवज|कागदपत्र|कागदपत्रे)$"
_ENGLISH = {
    "मैनुअल": "manual",
    "मैन्युअल": "manual",
    "मॅन्युअल": "manual",
    "रिपोर्ट": "report",
    "अहवाल": "report",
    "गाइड": "guide",
    "अनुबंध": "contract",
    "करार": "contract",
}


def is_plain_which(what: str, asker: Asker) -> bool:
    """Whether it is beyond doubt which pictures are meant: what is deleted is gone."""
    listed = asker.memory.numbered or [image_id for _number, image_id in asker.memory.session]
    if ordinals(what, len(listed)):
        return True
    if not points_back(what):
        # "All photos" after some were listed: those, or every one there is?
        return bool(looked_for(what)) or not asker.memory.pictures
    one = has(r"\b(?:it|this|that|इसे|इसको|उसे|याला|त्याला)\b", what) and not points_at_several(what)
    shown = asker.memory.pictures or listed
    return len(shown) == 1 if one else bool(asker.memory.pictures) or len(listed) == 1


def searched(request: Request, asker: Asker) -> tuple[str, list[str]]:
    """Which pictures are meant, and where they were looked for what was found."""
    ids = _pointed(request, asker)
    if ids:
        return "", ids
    query = looked_for(request.what)
    if not query:
        return "", []
    # Frames lie with their video; they are put elsewhere, or thrown away, where they are spoken of.
    scenes = has(_SCENES, request.what)
    if scenes:
        query = trimmed(" ".join(finder(_SCENES).sub(" ", query).split()))
    named = {"query": query[:500]} if query else {}
    result = asker.ask("search_images", **named, only="scenes" if scenes else "photos")
    said = composing.found(result, query or request.what, asker.language)
    return said, [f"ref:{result['ref']}"] if result["total"] else []


def first_found(query: str, asker: Asker) -> str:
    """The picture that is likest to what is looked for; empty where there is none."""
    data = asker.ask("search_images", query=query[:500])["data"]
    return str(data[0]["id"]) if data else ""


def chosen(request: Request, asker: Asker) -> list[str]:
    return searched(request, asker)[1]


def _pointed(request: Request, asker: Asker) -> list[str]:
    """Pictures meant by number or by "these"."""
    listed = asker.memory.numbered or tuple(image_id for _number, image_id in asker.memory.session)
    places = ordinals(request.what, len(listed))
    if places:
        return [listed[place] for place in places]
    if asker.memory.several and points_at_several(request.what):
        return [f"ref:{asker.memory.several}"]
    if points_back(request.what) or not looked_for(request.what):
        return these(asker)
    return []


def these(asker: Asker) -> list[str]:
    """What "these" means: the last results; where there are none, the pictures the session is about."""
    if asker.memory.ref:
        return [f"ref:{asker.memory.ref}"]
    return list(asker.memory.pictures) or [image_id for _number, image_id in asker.memory.session]


def after_search(before: Memory, result: dict[str, object], query: str) -> Memory:
    data = result["data"]
    ids = tuple(str(one["id"]) for one in data) if isinstance(data, list) else ()
    return replace(before, pictures=ids, ref=str(result.get("ref", "")), topic=query)


def document_words(text: str) -> str:
    """The words that name a document: "the pump manual" gives "pump manual"; empty for documents in general."""
    found = finder(rf"(?:\b(?P<before>[\w-]+) )?(?P<noun>{DOC})").search(text)
    if found is None or has(_GENERAL, found["noun"]):
        return ""
    before = found["before"] or ""
    plain = has(r"^(?:the|my|our|this|that|a|an|to|in|with|of|all|from|does|do|page|says|said|is|are)$", before)
    named = [before] if before and not plain and not points_back(before) else []
    # Files are named in English more often than not, whatever people call them.
    return " ".join(dict.fromkeys([*named, found["noun"], _ENGLISH.get(found["noun"], found["noun"])]))


def paper_meant(request: Request, asker: Asker) -> dict[str, object] | str:
    """The document that is meant, or the question which one."""
    named = document_words(request.document or request.text)
    of_one = request.kind in ("page", "outline")
    if not named and of_one and not asker.memory.papers:
        raise NotForTools
    found = asker.ask("list_documents", **({"name": named} if named else {}))["data"]
    if not found:
        if asker.memory.session and of_one:
            raise NotForTools
        return say("no_documents", asker.language)
    spoken_of = [one for one in found if one["document_id"] in asker.memory.papers]
    if len(found) == 1 or len(spoken_of) >= 1:
        paper: dict[str, object] = spoken_of[0] if spoken_of else found[0]
        return paper
    names = [f"“{one['filename']}”" for one in found[:5]]
    return say("which_document", asker.language, names=joined(names, asker.language))


def link_arguments(request: Request, asker: Asker) -> dict[str, object]:
    named = document_words(request.text)
    arguments: dict[str, object] = {"document": named} if named else {}
    if points_back(request.text) and (ids := these(asker)):
        arguments["image_ids"] = ids[:MOST_LINKED]
    return arguments


def as_name(words: str) -> str:
    """What is looked for as the name of a folder."""
    return " ".join(word[:1].upper() + word[1:] for word in words.split())[:80]
