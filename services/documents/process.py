"""The process of its own in which a document is read: `python -m services.documents.process KIND FIRST`.

The file comes on standard input; each page goes out as a line of JSON, at the end one that says so, or one with the
code of what was wrong. What strangers made is read by large libraries, some of them not safe with memory: here they can
neither take all of the machine's memory, nor its time, nor the server down with them.
"""

from __future__ import annotations

import base64
import os
import resource
import sys
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, Final, cast

import orjson

from services.documents.base import (
    MAX_CHARACTERS,
    MAX_PAGES,
    DocumentRejected,
    DocumentTypeRefused,
    Kind,
    Page,
)

MEMORY: Final = 2 * 1024**3
CPU_S: Final = 1_800


def main() -> None:
    kind, first = cast(Kind, sys.argv[1]), int(sys.argv[2])
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints is no page
    _bound()
    data = sys.stdin.buffer.read()
    try:
        _write(out, kind, data, first)
    except (DocumentRejected, DocumentTypeRefused) as refused:
        _line(out, {"error": refused.code})
    except (MemoryError, RecursionError):
        _line(out, {"error": "document_too_complex"})
    except BrokenPipeError:
        os._exit(1)  # nobody waits for it any more
    except Exception:  # noqa: BLE001 - whatever a library makes of a damaged file
        _line(out, {"error": "broken_document"})


def _bound() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    os.nice(10)


def _write(out: BinaryIO, kind: Kind, data: bytes, first: int) -> None:
    characters = 0
    number = 0
    for page in _pages(kind, data, first):
        number = page.number
        characters += len(page.text)
        if characters > MAX_CHARACTERS:
            raise DocumentRejected("document_too_long")
        if number > MAX_PAGES:
            raise DocumentRejected("too_many_pages")
        if number < first:
            continue
        _line(
            out,
            {
                "number": number,
                "text": page.text,
                "headings": [[heading.start, heading.text, heading.level] for heading in page.headings],
                "picture": base64.b64encode(page.picture).decode() if page.picture else None,
                "page_count": page.page_count,
            },
        )
    _line(out, {"end": True})


def _pages(kind: Kind, data: bytes, first: int) -> Iterator[Page]:
    """Only the library that is needed is loaded."""
    readers: dict[Kind, Callable[[], Iterator[Page]]] = {
        "pdf": lambda: _reader("pdf_reader").read_pdf(data, first),
        "docx": lambda: _reader("docx_reader").read_docx(data),
        "html": lambda: _reader("html_reader").read_html(data),
        "markdown": lambda: _reader("text_reader").read_markdown(data),
        "text": lambda: _reader("text_reader").read_text(data),
    }
    return readers[kind]()


def _reader(name: str) -> Any:
    from importlib import import_module

    return import_module(f"services.documents.{name}")


def _line(out: BinaryIO, value: dict[str, Any]) -> None:
    out.write(orjson.dumps(value) + b"\n")
    out.flush()


if __name__ == "__main__":
    main()
