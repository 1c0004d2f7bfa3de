"""What is done about each kind of request: which tools are asked, and what is said of their answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from services.agent import composing
from services.agent.asking import Asker, NotForTools
from services.agent.requests import Request, finder, has, ordinals, points_at_several, points_back
from services.agent.selecting import (
    MOST_LINKED,
    after_search,
    as_name,
    chosen,
    document_words,
    first_found,
    is_plain_which,
    link_arguments,
    paper_meant,
    searched,
    these,
)
from services.agent.subjects import asked_of_documents, counted_of, looked_for, two_named
from services.agent.wording import say

Rule = Callable[[Request, Asker], str]
MOST_LOOKED, MOST_COMPARED = 8, 4


def find(request: Request, asker: Asker) -> str:
    query = looked_for(request.text)
    if not query:
        raise NotForTools
    result = asker.ask("search_images", query=query[:500])
    asker.memory = after_search(asker.memory, result, query)
    return composing.found(result, query, asker.language)


def compare(request: Request, asker: Asker) -> str:
    listed = asker.memory.pictures
    places = ordinals(request.text, len(listed))
    named = () if places or points_at_several(request.text) else two_named(request.text)
    if named:
        ids = [one for query in named if (one := first_found(query, asker))]
        if len(set(ids)) < 2:
            return say("which_pictures", asker.language)
    else:
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
    named = document_words(request.text)
    if not query:
        ids = these(asker)[:MOST_LINKED]
        if not ids:
            raise NotForTools
        return composing.quoted(asker.ask("find_related_documents", image_ids=ids), "", asker.language)
    arguments = {"query": query[:500]} | ({"document": named} if named else {})
    result = asker.ask("search_documents", **arguments)
    if not result["documents"] and asker.memory.session:
        raise NotForTools  # "the document" is a picture of one
    return composing.quoted(result, query, asker.language)


def answered(request: Request, asker: Asker) -> str:
    """What documents say to a question that names none; where they say nothing, it is none for tools."""
    query = asked_of_documents(request.text) or request.text
    result = asker.ask("search_documents", query=query[:500])
    if not result["total"]:
        raise NotForTools
    return composing.quoted(result, query, asker.language)


def page(request: Request, asker: Asker) -> str:
    if request.page is None:
        raise NotForTools
    paper = paper_meant(request, asker)
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
    return composing.links(asker.ask("find_links", **link_arguments(request, asker)), asker.language)


def related(request: Request, asker: Asker) -> str:
    places = ordinals(request.text, len(asker.memory.pictures))
    ids = [asker.memory.pictures[place] for place in places] or these(asker)[:MOST_LINKED]
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


RULES: dict[str, Rule] = {
    "find": find,
    "compare": compare,
    "analyze": analyze,
    "passages": passages,
    "answered": answered,
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
