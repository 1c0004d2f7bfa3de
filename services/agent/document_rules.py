"""What is done about requests for documents: see `rules.py`."""

from __future__ import annotations

from services.agent import composing
from services.agent.asking import Asker, NotForTools
from services.agent.requests import Request
from services.agent.selecting import MOST_LINKED, document_words, paper_meant, these
from services.agent.subjects import asked_of_documents
from services.agent.wording import say


def passages(request: Request, asker: Asker) -> str:
    if request.again:
        return _on_from(request, asker)
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


def _on_from(request: Request, asker: Asker) -> str:
    """What the document that was spoken of says of something else; another, where that one says nothing."""
    query = request.what[:500]
    if not query:
        raise NotForTools
    for among in ({"document_ids": list(asker.memory.papers[:1])}, {}):
        result = asker.ask("search_documents", query=query, **among)
        if result["total"]:
            break
    return composing.quoted(result, query, asker.language)


def outline(request: Request, asker: Asker) -> str:
    paper = paper_meant(request, asker)
    if isinstance(paper, str):
        return paper
    result = asker.ask("outline_document", document_id=paper["document_id"])
    return composing.outline(result, asker.language)


def answered(request: Request, asker: Asker) -> str:
    """What documents say to a question that names none; where they say nothing, it is none for tools."""
    query = asked_of_documents(request.text) or request.text
    result = asker.ask("search_documents", query=query[:500])
    if not result["total"]:
        raise NotForTools
    return composing.quoted(result, query, asker.language, say("documents_say", asker.language))


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
