"""Web pages: what a reader would see of them. Nothing in them is run or fetched."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from bs4.dammit import EncodingDetector
from lxml import etree

from services.documents.base import DocumentRejected, Page
from services.documents.encoding import decode
from services.documents.flow import Block, paginate

UNREAD: Final = frozenset(
    "script style template noscript head iframe object embed svg math canvas audio video select datalist dialog".split()
)
"""Elements of which nothing becomes text."""
BLOCKS: Final = frozenset(
    "address article aside blockquote body dd details div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 "
    "h5 h6 header hr html li main nav ol p pre section summary table tbody td tfoot th thead tr ul caption".split()
)
DEEPEST: Final = 2_000


def read_html(data: bytes) -> Iterator[Page]:
    """Headings, paragraphs, list items and table rows, in their order.

    Raises:
        DocumentRejected: `document_too_complex`, it is nested too deeply.
    """
    declared = EncodingDetector.find_declared_encoding(data, is_html=True, search_entire_document=False)
    text = decode(data, declared)
    # As text, so that a wrong declaration in it is not believed a second time. Entities of its own are not replaced.
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True, huge_tree=True)
    root = etree.fromstring(text.encode("utf-8", "replace"), parser)
    return paginate(_Walk().blocks(root)) if root is not None else iter(())


class _Walk:
    """Goes through the tree without going down into itself: pages are nested as deeply as somebody likes."""

    def __init__(self) -> None:
        self._said: list[str] = []
        self._level = 0
        self._marker = ""
        self._listed = False
        self._row: list[str] | None = None
        self._rows = 0
        self._pre = 0

    def blocks(self, root: Any) -> Iterator[Block]:
        skipped: Any = None
        depth = 0
        for event, element in etree.iterwalk(root, events=("start", "end")):
            depth += 1 if event == "start" else -1
            if depth > DEEPEST:
                raise DocumentRejected("document_too_complex")
            if skipped is not None:
                if event == "end" and element is skipped:
                    skipped = None
                    self._hear(element.tail)
                continue
            tag = element.tag if isinstance(element.tag, str) else ""
            if event == "start" and (tag in UNREAD or _hidden(element)):
                skipped = element
            elif event == "start":
                yield from self._start(tag)
                self._hear(element.get("alt") if tag == "img" else element.text)
            else:
                yield from self._end(tag)
                self._hear(element.tail)
        yield from self._flush()

    def _hear(self, text: str | None) -> None:
        if text:
            self._said.append(text if self._pre else " ".join(f".{text}.".split())[1:-1])

    def _start(self, tag: str) -> Iterator[Block]:
        if tag in BLOCKS and self._row is None:
            yield from self._flush()
        match tag:
            case "h1" | "h2" | "h3" | "h4" | "h5" | "h6":
                self._level = int(tag[1])
            case "li":
                self._marker = "- "
            case "br":
                self._said.append("\n")
            case "pre":
                self._pre += 1
            case "table":
                self._rows = 0
            case "tr":
                yield from self._flush()
                self._row = []
            case "td" | "th" if self._row is not None:
                self._said.clear()
            case _ if self._row is not None and tag in BLOCKS:
                self._said.append(" ")

    def _end(self, tag: str) -> Iterator[Block]:
        match tag:
            case "td" | "th" if self._row is not None:
                self._row.append(" ".join("".join(self._said).split()))
                self._said.clear()
            case "tr" if self._row is not None:
                if any(self._row):
                    yield Block(" | ".join(self._row), tight=self._rows > 0)
                    self._rows += 1
                    self._listed = False
                self._row = None
            case "pre":
                yield from self._flush()
                self._pre = max(0, self._pre - 1)
            case _ if tag in BLOCKS and self._row is None:
                yield from self._flush()
            case _ if self._row is not None and tag in BLOCKS:
                self._said.append(" ")

    def _flush(self) -> Iterator[Block]:
        text = "".join(self._said).strip()
        self._said.clear()
        if text:
            yield Block(self._marker + text, self._level, tight=self._listed and bool(self._marker))
            self._listed = bool(self._marker)
            self._level, self._marker = 0, ""
        elif self._level:
            self._level = 0


def _hidden(element: Any) -> bool:
    return element.get("hidden") is not None or "display:none" in (element.get("style") or "").replace(" ", "").lower()
