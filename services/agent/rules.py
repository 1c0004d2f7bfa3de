"""What is done about each kind of request: which tools are asked, and what is said of their answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from services.agent import composing
from services.agent.asking import Asker, NotForTools
from services.agent.memory import Memory
from services.agent.requests import DOC, Request, finder, has, ordinals, points_at_several, points_back
from services.agent.subjects import asked_of_documents, counted_of, looked_for
from services.agent.wording import joined, say

Rule = Callable[[Request, Asker], str]
MOST_LOOKED, MOST_COMPARED, MOST_LINKED = 8, 4, 50
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


def find(request: Request, asker: Asker) -> str:
    query = looked_for(request.text)
    if not query:
        raise NotForTools
    result = asker.ask("search_images", query=query[:500])
    asker.memory = _after_search(asker.memory, result, query)
    return composing.found(result, query, asker.language)


def compare(request: Request, asker: Asker) -> str:
    listed = asker.memory.pictures
    places = ordinals(request.text, len(listed))
    ids = [listed[place] for place in places] if places else list(listed)
    if len(ids) < 2:
        raise NotForTools
    return composing.compared(asker.ask("compare_images", image_ids=ids[:MOST_COMPARED]), asker.language)


def analyze(request: Request, asker: Asker) -> str:
    listed = asker.memory.pictures
    places = ordinals(request.text, len(listed))
    # "This picture" is one in view, unless but one was listed.
    if not places and not (points_back(request.text) if len(listed) == 1 else points_at_several(request.text)):
        raise NotForTools
    ids = [listed[place] for place in places] or list(listed)
    if not ids:
        raise NotForTools
    return composing.looked(asker.ask("analyze_images", image_ids=ids[:MOST_LOOKED]), asker.language)


def passages(request: Request, asker: Asker) -> str:
    query = asked_of_documents(request.text) or asker.memory.topic
    named = _document_words(request.text)
    if not query:
        ids = _these(asker)[:MOST_LINKED]
        if not ids:
            raise NotForTools
        return composing.quoted(asker.ask("find_related_documents", image_ids=ids), "", asker.language)
    arguments = {"query": query[:500]} | ({"document": named} if named else {})
    result = asker.ask("search_documents", **arguments)
    if not result["documents"] and asker.memory.session:
        raise NotForTools  # "the document" is a picture of one
    return composing.quoted(result, query, asker.language)


def page(request: Request, asker: Asker) -> str:
    if request.page is None:
        raise NotForTools
    paper = _paper(request, asker)
    if isinstance(paper, str):
        return paper
    result = asker.ask("read_document_page", document_id=paper["document_id"], page=request.page)
    return composing.page(result, asker.language)


def documents(_request: Request, asker: Asker) -> str:
    return composing.documents(asker.ask("list_documents"), asker.language)


def count(request: Request, asker: Asker) -> str:
    query = counted_of(request.text)
    arguments = {"by": request.by} | ({"query": query[:500]} if query else {})
    return composing.counts(asker.ask("count_images", **arguments), asker.language)


def usage(_request: Request, asker: Asker) -> str:
    return composing.usage(asker.ask("usage_statistics"), asker.language)


def links(request: Request, asker: Asker) -> str:
    return composing.links(asker.ask("find_links", **_link_arguments(request, asker)), asker.language)


def related(request: Request, asker: Asker) -> str:
    places = ordinals(request.text, len(asker.memory.pictures))
    ids = [asker.memory.pictures[place] for place in places] or _these(asker)[:MOST_LINKED]
    if not ids:
        raise NotForTools
    return composing.quoted(asker.ask("find_related_documents", image_ids=ids), "", asker.language)


def link(request: Request, asker: Asker) -> str:
    ids = _chosen(request, asker)
    if not ids:
        return say("which_pictures", asker.language)
    paper = _paper(request, asker)
    if isinstance(paper, str):
        return paper
    arguments = {"image_ids": ids, "document_id": paper["document_id"]}
    asker.want(("link_image_to_document", arguments | ({"page": request.page} if request.page else {})))
    return ""


def unlink(request: Request, asker: Asker) -> str:
    result = asker.ask("find_links", **_link_arguments(request, asker))
    if not result["total"]:
        return say("no_links", asker.language)
    asker.want(*(("unlink_image_from_document", {"link_id": one["link_id"]}) for one in result["data"][:MOST_LINKED]))
    return ""


def folders(_request: Request, asker: Asker) -> str:
    return composing.folders(asker.ask("list_folders"), asker.language)


def inside(request: Request, asker: Asker) -> str:
    if not request.folder:
        raise NotForTools
    return composing.inside(asker.ask("list_folder_images", folder_name=request.folder), asker.language)


def make_folder(request: Request, asker: Asker) -> str:
    parent = {"parent_name": request.folder} if request.folder else {}
    return _want_named(request.name, asker, "create_folder", {"name": request.name} | parent)


def rename_folder(request: Request, asker: Asker) -> str:
    arguments = {"folder_name": request.folder, "name": request.name}
    return _want_named(request.folder and request.name, asker, "rename_folder", arguments)


def move_folder(request: Request, asker: Asker) -> str:
    parent = finder(r"(?:^folder )|(?: folder$)").sub("", request.name)
    top: dict[str, object] = (
        {"top": True} if has(r"^(?:top|top level|root)$", parent.lower()) else {"parent_name": parent}
    )
    return _want_named(request.folder and parent, asker, "move_folder", {"folder_name": request.folder} | top)


def delete_folder(request: Request, asker: Asker) -> str:
    return _want_named(request.folder, asker, "delete_folder", {"folder_name": request.folder})


def _want_named(named: str, asker: Asker, tool: str, arguments: Mapping[str, object]) -> str:
    if not named:
        return say("which_folder", asker.language)
    asker.want((tool, dict(arguments)))
    return ""


def file(request: Request, asker: Asker) -> str:
    query = looked_for(request.what)
    said, ids = _searched(request, asker)
    if not ids:
        return said or say("which_pictures", asker.language)
    named = "" if points_back(request.what) else query
    folder = request.folder or _as_name(named or asker.memory.topic)
    if not folder:
        return say("which_folder", asker.language)
    asker.want(("move_images_to_folder", {"image_ids": ids, "folder_name": folder}))
    return said


def delete_images(request: Request, asker: Asker) -> str:
    if not _is_plain_which(request.what, asker):
        return say("which_pictures", asker.language)
    said, ids = _searched(request, asker)
    if not ids:
        return said or say("which_pictures", asker.language)
    asker.want(("delete_images", {"image_ids": ids}))
    return said


def retitle(request: Request, asker: Asker) -> str:
    ids = _chosen(request, asker)
    if not ids or not request.name:
        return say("which_pictures", asker.language)
    asker.want(("update_image", {"image_id": ids[0], request.field: request.name}))
    return ""


RULES: dict[str, Rule] = {
    "find": find,
    "compare": compare,
    "analyze": analyze,
    "passages": passages,
    "page": page,
    "documents": documents,
    "count": count,
    "usage": usage,
    "links": links,
    "related": related,
    "link": link,
    "unlink": unlink,
    "folders": folders,
    "inside": inside,
    "make_folder": make_folder,
    "rename_folder": rename_folder,
    "move_folder": move_folder,
    "delete_folder": delete_folder,
    "file": file,
    "delete_images": delete_images,
    "retitle": retitle,
}


def _is_plain_which(what: str, asker: Asker) -> bool:
    """Whether it is beyond doubt which pictures are meant: what is deleted is gone."""
    listed = asker.memory.pictures or [image_id for _number, image_id in asker.memory.session]
    if ordinals(what, len(listed)) or not points_back(what):
        return True
    one = has(r"\b(?:it|this|that|इसे|इसको|उसे|याला|त्याला)\b", what) and not points_at_several(what)
    return len(listed) == 1 if one else bool(asker.memory.pictures) or len(listed) == 1


def _searched(request: Request, asker: Asker) -> tuple[str, list[str]]:
    """Which pictures are meant, and where they were looked for what was found."""
    ids = _pointed(request, asker)
    if ids:
        return "", ids
    query = looked_for(request.what)
    if not query:
        return "", []
    result = asker.ask("search_images", query=query[:500])
    said = composing.found(result, query, asker.language)
    return said, [f"ref:{result['ref']}"] if result["total"] else []


def _chosen(request: Request, asker: Asker) -> list[str]:
    return _searched(request, asker)[1]


def _pointed(request: Request, asker: Asker) -> list[str]:
    """Pictures meant by number or by "these"."""
    listed = asker.memory.pictures or tuple(image_id for _number, image_id in asker.memory.session)
    places = ordinals(request.what, len(listed))
    if places:
        return [listed[place] for place in places]
    if points_back(request.what) or not looked_for(request.what):
        return _these(asker)
    return []


def _these(asker: Asker) -> list[str]:
    """What "these" means: the last results; where there are none, the pictures the session is about."""
    if asker.memory.ref:
        return [f"ref:{asker.memory.ref}"]
    return list(asker.memory.pictures) or [image_id for _number, image_id in asker.memory.session]


def _after_search(before: Memory, result: dict[str, object], query: str) -> Memory:
    data = result["data"]
    ids = tuple(str(one["id"]) for one in data) if isinstance(data, list) else ()
    return replace(before, pictures=ids, ref=str(result.get("ref", "")), topic=query)


def _document_words(text: str) -> str:
    """The words that name a document: "the pump manual" gives "pump manual"; empty for documents in general."""
    found = finder(rf"(?:\b(?P<before>[\w-]+) )?(?P<noun>{DOC})").search(text)
    if found is None or has(_GENERAL, found["noun"]):
        return ""
    before = found["before"] or ""
    plain = has(r"^(?:the|my|our|this|that|a|an|to|in|with|of|all|from|does|do|page|says|said|is|are)$", before)
    noun = _ENGLISH.get(found["noun"], found["noun"])
    return noun if plain or not before.isascii() else f"{before} {noun}".strip()


def _paper(request: Request, asker: Asker) -> dict[str, object] | str:
    """The document that is meant, or the question which one."""
    named = _document_words(request.document or request.text)
    if not named and not asker.memory.papers and request.kind == "page":
        raise NotForTools
    found = asker.ask("list_documents", **({"name": named} if named else {}))["data"]
    if not found:
        if asker.memory.session and request.kind == "page":
            raise NotForTools
        return say("no_documents", asker.language)
    spoken_of = [one for one in found if one["document_id"] in asker.memory.papers]
    if len(found) == 1 or len(spoken_of) >= 1:
        paper: dict[str, object] = spoken_of[0] if spoken_of else found[0]
        return paper
    names = [f"“{one['filename']}”" for one in found[:5]]
    return say("which_document", asker.language, names=joined(names, asker.language))


def _link_arguments(request: Request, asker: Asker) -> dict[str, object]:
    named = _document_words(request.text)
    arguments: dict[str, object] = {"document": named} if named else {}
    if points_back(request.text) and (ids := _these(asker)):
        arguments["image_ids"] = ids[:MOST_LINKED]
    return arguments


def _as_name(words: str) -> str:
    """What is looked for as the name of a folder."""
    return " ".join(word[:1].upper() + word[1:] for word in words.split())[:80]
