"""What is done about each kind of request: which tools are asked, and what is said of their answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from services.agent import composing, document_rules
from services.agent.asking import Asker, NotForTools
from services.agent.going_on import coloured
from services.agent.requests import Request, finder, has, ordinals, points_at_several, points_back
from services.agent.selecting import (
    MOST_LINKED,
    after_search,
    as_name,
    chosen,
    first_found,
    is_plain_which,
    link_arguments,
    paper_meant,
    searched,
    these,
)
from services.agent.subjects import counted_of, looked_for, several_named, two_named
from services.agent.wording import counted, say

Rule = Callable[[Request, Asker], str]
MOST_LOOKED, MOST_COMPARED = 8, 4


def find(request: Request, asker: Asker) -> str:
    query = request.what if request.again else looked_for(request.text)
    if not query:
        raise NotForTools
    result = asker.ask("search_images", query=query[:500])
    asker.memory = after_search(asker.memory, result, query)
    return composing.found(result, query, asker.language)


def refine(request: Request, asker: Asker) -> str:
    """Of what was listed last, what is so too."""
    wanted = looked_for(request.what)
    if not asker.memory.ref and has(r"\b(?:find|show|search)\b", request.text):
        return find(request, asker)
    if not wanted or not asker.memory.ref or ordinals(request.what, len(asker.memory.numbered)):
        raise NotForTools
    query = coloured(wanted, asker.memory.topic)[:500]
    result = asker.ask("search_images", query=query, within=[f"ref:{asker.memory.ref}"])
    asker.memory = after_search(asker.memory, result, query)
    return composing.found(result, query, asker.language)


def count_listed(request: Request, asker: Asker) -> str:
    """How many were listed last, or how many of those are so too."""
    if not asker.memory.ref:
        raise NotForTools
    query = coloured(looked_for(request.what), asker.memory.topic) if request.what else ""
    within: dict[str, object] = {"within": [f"ref:{asker.memory.ref}"]}
    result = asker.ask("search_images", **within | ({"query": query[:500]} if query else {}))
    if query:
        return counted("counted_of", asker.language, result["total"], query=query)
    return counted("those_are", asker.language, result["total"])


def more(_request: Request, asker: Asker) -> str:
    """The next lines of what was listed last."""
    if not asker.memory.ref:
        raise NotForTools
    places: dict[str, object] = {"offset": asker.memory.shown, "limit": composing.MOST_LINES}
    result = asker.ask("search_images", within=[f"ref:{asker.memory.ref}"], **places)
    return composing.listed(result, asker.language)


def browse(_request: Request, asker: Asker) -> str:
    result = asker.ask("search_images", limit=composing.MOST_LINES)
    asker.memory = after_search(asker.memory, result, "")
    return composing.listed(result, asker.language)


def compare(request: Request, asker: Asker) -> str:
    listed = asker.memory.numbered
    places = ordinals(request.text, len(listed))
    back = points_at_several(request.text) or points_back(request.text)
    named = () if places or back else two_named(request.text)
    several = "" if places or back or named else several_named(request.text)
    if several:
        found = asker.ask("search_images", query=several[:500], only="photos")
        if found["total"] < 2:
            return composing.found(found, several, asker.language)
        ids = [one["id"] for one in found["data"]]
    elif named:
        ids = [one for query in named if (one := first_found(query, asker))]
        if len(set(ids)) < 2:
            return say("which_pictures", asker.language)
    else:
        ids = [listed[place] for place in places] if places else list(asker.memory.pictures)
    if len(ids) < 2:
        raise NotForTools
    return composing.compared(asker.ask("compare_images", image_ids=ids[:MOST_COMPARED]), asker.language)


def analyze(request: Request, asker: Asker) -> str:
    listed = asker.memory.pictures
    places = ordinals(request.text, len(asker.memory.numbered))
    # "This picture" is one in view, unless but one was listed.
    if not places and not (points_back(request.text) if len(listed) == 1 else points_at_several(request.text)):
        raise NotForTools
    ids = [asker.memory.numbered[place] for place in places] or list(listed)
    if not ids:
        raise NotForTools
    return composing.looked(asker.ask("analyze_images", image_ids=ids[:MOST_LOOKED]), asker.language)


def count(request: Request, asker: Asker) -> str:
    query = request.what or counted_of(request.text)
    arguments = {"by": request.by} | ({"query": query[:500]} if query else {})
    return composing.counts(asker.ask("count_images", **arguments), asker.language)


def usage(_request: Request, asker: Asker) -> str:
    return composing.usage(asker.ask("usage_statistics"), asker.language)


def links(request: Request, asker: Asker) -> str:
    return composing.links(asker.ask("find_links", **link_arguments(request, asker)), asker.language)


def related(request: Request, asker: Asker) -> str:
    places = ordinals(request.text, len(asker.memory.numbered))
    ids = [asker.memory.numbered[place] for place in places] or these(asker)[:MOST_LINKED]
    if not ids:
        raise NotForTools
    return composing.quoted(asker.ask("find_related_documents", image_ids=ids), "", asker.language)


def link(request: Request, asker: Asker) -> str:
    ids = chosen(request, asker)
    if not ids:
        return say("which_pictures", asker.language)
    paper = paper_meant(request, asker)
    if isinstance(paper, str):
        return paper
    arguments = {"image_ids": ids, "document_id": paper["document_id"]}
    asker.want(("link_image_to_document", arguments | ({"page": request.page} if request.page else {})))
    return ""


def unlink(request: Request, asker: Asker) -> str:
    result = asker.ask("find_links", **link_arguments(request, asker))
    if not result["total"]:
        return say("no_links", asker.language)
    asker.want(*(("unlink_image_from_document", {"link_id": one["link_id"]}) for one in result["data"][:MOST_LINKED]))
    return ""


def decide(_request: Request, asker: Asker) -> str:
    """A yes or a no to a plan, which nobody says on another's behalf: it is given where the plan is shown."""
    if asker.memory.kind not in CHANGING:
        raise NotForTools
    return say("decide_on_plan", asker.language)


def folders(_request: Request, asker: Asker) -> str:
    return composing.folders(asker.ask("list_folders"), asker.language)


def inside(request: Request, asker: Asker) -> str:
    if not request.folder:
        raise NotForTools
    return composing.inside(asker.ask("list_folder_images", folder_name=request.folder), asker.language)


def make_folder(request: Request, asker: Asker) -> str:
    name, parent = request.name, request.folder
    if not parent and (inside := finder(r"^(.+) (?:in|inside|under) (?:the )?(.+?)(?: folder)?$").search(name.lower())):
        # "Beach in Trips" lies in Trips where there is such a folder; "Made in India" is a name.
        paths = [folder["path"].lower() for folder in asker.ask("list_folders")["data"]]
        if any(path == inside[2] or path.endswith(f"/{inside[2]}") for path in paths):
            name, parent = name[: inside.end(1)], name[inside.start(2) : inside.end(2)]
    arguments = {"name": name} | ({"parent_name": parent} if parent else {})
    return _want_named(name, asker, "create_folder", arguments)


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
    said, ids = searched(request, asker)
    if not ids:
        return said or say("which_pictures", asker.language)
    named = "" if points_back(request.what) else query
    folder = request.folder or as_name(named or asker.memory.topic)
    if not folder:
        return say("which_folder", asker.language)
    asker.want(("move_images_to_folder", {"image_ids": ids, "folder_name": folder}))
    return said


def delete_images(request: Request, asker: Asker) -> str:
    if not is_plain_which(request.what, asker):
        return say("which_pictures", asker.language)
    said, ids = searched(request, asker)
    if not ids:
        return said or say("which_pictures", asker.language)
    asker.want(("delete_images", {"image_ids": ids}))
    return said


def retitle(request: Request, asker: Asker) -> str:
    ids = chosen(request, asker)
    if not ids or not request.name:
        return say("which_pictures", asker.language)
    # One picture gets a name, not all that were found.
    query = "" if points_back(request.what) else looked_for(request.what)
    image_id = first_found(query, asker) if query and ids[0].startswith("ref:") else ids[0]
    asker.want(("update_image", {"image_id": image_id, request.field: request.name}))
    return ""


CHANGING = frozenset(
    "link unlink make_folder rename_folder move_folder delete_folder file delete_images retitle decide".split()
)
"""Kinds of requests that come to a plan, and the word on one."""
RULES: dict[str, Rule] = {
    "find": find,
    "refine": refine,
    "count_listed": count_listed,
    "more": more,
    "browse": browse,
    "outline": document_rules.outline,
    "compare": compare,
    "analyze": analyze,
    "passages": document_rules.passages,
    "answered": document_rules.answered,
    "page": document_rules.page,
    "documents": document_rules.documents,
    "count": count,
    "usage": usage,
    "links": links,
    "related": related,
    "link": link,
    "unlink": unlink,
    "decide": decide,
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
