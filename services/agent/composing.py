"""Answers out of what tools brought, in the language of who asks, every fact with its citation."""

from __future__ import annotations

from typing import Any

from services.agent.citations import cite_document, cite_link, cite_picture
from services.agent.wording import counted, say
from services.content import Language

MOST_LINES = 10
MOST_PASSAGES = 3
LONGEST_QUOTE = 400
LONGEST_PAGE = 1500
LONGEST_DESCRIPTION = 200
Result = dict[str, Any]


def found(result: Result, query: str, language: Language) -> str:
    """What a search for pictures brought."""
    if not result["total"]:
        return say("nothing_matches", language, query=query)
    head = say("found_for", language, query=query, ref=f"[[ref:{result['ref']}]]")
    return "\n".join([head, *_pictures(result["data"], result["total"], language)])


def listed(result: Result, language: Language) -> str:
    """A part of a list of pictures that nobody looked for by words, with their numbers in it."""
    total, offset, data = result["total"], result["offset"], result["data"][:MOST_LINES]
    if not total:
        return counted("you_have_pictures", language, 0)
    if not data:
        return say("no_more", language)
    ref = f"[[ref:{result['ref']}]]"
    if len(data) == total:
        head = say("you_have", language, ref=ref)
    else:
        head = say("part_of", language, ref=ref, first=offset + 1, last=offset + len(data))
    return "\n".join([head, *_pictures(data, total, language, offset)])


def _pictures(data: list[Result], total: int, language: Language, offset: int = 0) -> list[str]:
    lines = [f"{number}. {_picture(one, language)}" for number, one in enumerate(data[:MOST_LINES], offset + 1)]
    rest = total - offset - len(lines)
    return [*lines, counted("and_more", language, rest)] if rest > 0 else lines


def _picture(one: Result, language: Language) -> str:
    cited = cite_picture(one["id"], one["filename"])
    described = " ".join((one.get("description") or "").split())
    # What was measured is kept in English words.
    if language != "en" or not described or described == one["filename"]:
        return cited
    return f"{cited}: {_cut(described, LONGEST_DESCRIPTION)}"


def looked(result: Result, _language: Language) -> str:
    """What a close look at pictures brought."""
    lines = []
    for number, one in enumerate(result["data"], 1):
        said = one.get("answer") or one["shows"]
        lines.append(f"{number}. {cite_picture(one['id'], one['filename'])}: {' '.join(said.split())}")
    return "\n".join(lines)


def compared(result: Result, language: Language) -> str:
    """What the comparison of pictures brought."""
    lines = [looked(result, language)]
    for pair in result["differences"]:
        names = [
            cite_picture(one["id"], one["filename"]) for one in (result["data"][place - 1] for place in pair["of"])
        ]
        lines.append(say("differences", language, first=names[0], second=names[1]) + " " + " ".join(pair["found"]))
    return "\n\n".join(lines)


def quoted(result: Result, query: str, language: Language, head: str = "") -> str:
    """Passages, each quoted word for word with its page, under a head of their own or one that names the query."""
    if not result["total"]:
        return say("no_passage", language, query=query) if query else say("no_related", language)
    head = head or (say("passages_about", language, query=query) if query else say("related", language))
    return "\n".join([head, *(f"- {_passage(one)}" for one in result["data"][:MOST_PASSAGES])])


def _passage(one: Result) -> str:
    words = _cut(" ".join((one["quote"] or one["text"]).split()), LONGEST_QUOTE)
    cited = cite_document(one["document_id"], one["filename"], one["page"])
    heading = f"{' '.join(one['heading'].split())}: " if one.get("heading") else ""
    if not any(mark in words for mark in "“”"):
        return f"{heading}“{words}” {cited}"
    return f'{heading}"{words}" {cited}' if '"' not in words else f"{heading}{words} {cited}"


def outline(result: Result, language: Language) -> str:
    """What a document is about: what each of its headings begins with, quoted."""
    document = cite_document(result["document_id"], result["filename"])
    if not result["data"]:
        return say("empty_page", language, page=document)
    lines = [f"- {_passage(one)}" for one in result["data"][:MOST_LINES]]
    rest = result["total"] - len(lines)
    more = [counted("and_more", language, rest)] if rest > 0 else []
    return "\n".join([say("in_short", language, document=document), *lines, *more])


def page(result: Result, language: Language) -> str:
    """A page's text."""
    one = result["data"][0]
    cited = cite_document(one["document_id"], one["filename"], one["page"])
    text = one["text"].strip()
    if not text:
        return say("empty_page", language, page=cited)
    cut = _cut(text, LONGEST_PAGE)
    lines = "\n".join(f"> {line}" for line in cut.splitlines())
    return f"{say('page_reads', language, page=cited)}\n\n{lines}{' …' if len(cut) < len(text) else ''}"


def documents(result: Result, language: Language) -> str:
    if not result["total"]:
        return say("no_documents", language)
    lines = []
    for one in result["data"][:MOST_LINES]:
        pages = f" ({counted('pages', language, one['page_count'])})" if one.get("page_count") else ""
        lines.append(f"- {cite_document(one['document_id'], one['filename'])}{pages}")
    rest = result["total"] - len(lines)
    more = [counted("and_more", language, rest)] if rest > 0 else []
    return "\n".join([counted("you_have_documents", language, result["total"]), *lines, *more])


def counts(result: Result, language: Language) -> str:
    query = result.get("query")
    head = (
        counted("counted_of", language, result["total"], query=query)
        if query
        else counted("you_have_pictures", language, result["total"])
    )
    if result["by"] == "total" or not result["data"]:
        return head
    lines = [
        f"- {one[result['by']] or say('in_no_folder', language)}: {one['count']}"
        for one in result["data"][: MOST_LINES * 3]
    ]
    return "\n".join([head, *lines])


def usage(result: Result, language: Language) -> str:
    kept = {"images": "pictures", "documents": "documents", "folders": "folders", "links": "links"}
    told = {name: counted(f"label_{label}", language, result[name]) for name, label in kept.items()}
    return say("usage", language, **{**result, **told, "size": _size(result["storage_bytes"])})


def _size(size: int) -> str:
    for unit, of in (("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1000)):
        if size >= of:
            return f"{size / of:.1f} {unit}"
    return f"{size} B"


def links(result: Result, language: Language) -> str:
    if not result["total"]:
        return say("no_links", language)
    lines = [
        f"- {cite_link(one['link_id'], one['title'])}: {cite_picture(one['image_id'], one['image_filename'])} → "
        f"{one['document_filename']}{f' ({counted_page(one, language)})' if one['page'] else ''}"
        for one in result["data"][:MOST_LINES]
    ]
    return "\n".join([counted("you_have_links", language, result["total"]), *lines])


def counted_page(one: Result, language: Language) -> str:
    return say("page", language, page=one["page"])


def folders(result: Result, language: Language) -> str:
    if not result["total"]:
        return say("no_folders", language)
    lines = [f"- {one['path']}: {counted('label_pictures', language, one['images'])}" for one in result["data"][:50]]
    return "\n".join([counted("you_have_folders", language, result["total"]), *lines])


def inside(result: Result, language: Language) -> str:
    if not result["total"] and not result["documents"]:
        return say("folder_empty", language, folder=result["folder"])
    head = counted("folder_holds", language, result["total"], folder=result["folder"])
    papers = [f"- {cite_document(one['document_id'], one['filename'])}" for one in result["documents"][:MOST_LINES]]
    return "\n".join([head, *_pictures(result["data"], result["total"], language), *papers])


def _cut(text: str, longest: int) -> str:
    """The beginning of a text, ending with a whole word."""
    return text if len(text) <= longest else text[:longest].rsplit(" ", 1)[0]
