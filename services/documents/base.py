"""What a document is once it is read: pages of text with their headings."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final, Literal

from services.errors import InvalidInput, WrongContentType

Kind = Literal["pdf", "docx", "markdown", "html", "text"]

MAX_BYTES: Final = 50 * 1024 * 1024
MAX_PAGES: Final = 20_000
MAX_CHARACTERS: Final = 60_000_000
"""Of a whole document: 20,000 full pages."""
MAX_PAGE_CHARACTERS: Final = 1_000_000
"""Of one page: no page that anybody wrote holds a tenth of it."""

MESSAGES: Final = {
    "empty_file": "The file is empty.",
    "unsupported_document_type": "Only PDF, DOCX, Markdown, HTML and plain text files are read.",
    "content_mismatch": "The file's content is not of the type its name says.",
    "broken_document": "The file is damaged and cannot be read.",
    "password_protected": "The document is protected by a password. Please upload it without one.",
    "document_too_complex": "The document is too complex to be read: it would take too much time or memory.",
    "too_many_pages": f"The document has more than {MAX_PAGES:,} pages.",
    "document_too_long": f"The document holds more than {MAX_CHARACTERS:,} characters.",
    "no_text": "No text was found in the document. On scanned pages, Latin script can be read, Devanagari cannot.",
}
"""What is said for each code; nothing else of what went wrong is."""

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")
_LIGATURES = str.maketrans({"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"})
_SPACES = re.compile("[ \t\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]+")


class DocumentRejected(InvalidInput):
    """A file that cannot be read as a document; trying again would not help.

    Args:
        code: a key of `MESSAGES`.
    """

    def __init__(self, code: str) -> None:
        super().__init__(MESSAGES[code], code=code, field="file")


class DocumentTypeRefused(WrongContentType):
    """The file's type is none that is read, or not what its name says.

    Args:
        code: a key of `MESSAGES`.
    """

    def __init__(self, code: str) -> None:
        super().__init__(MESSAGES[code], code=code, field="file")


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading on a page.

    Args:
        start: of its first character in the page's text.
        level: 1 is the highest.
    """

    start: int
    text: str
    level: int


@dataclass(frozen=True, slots=True)
class Page:
    """A page as it was read.

    Args:
        number: from 1.
        text: NFC, without control characters; paragraphs apart by an empty line, table rows as `a | b | c`.
        ocr: the text was read off the picture of the page.
        picture: a JPEG of a page that has little or no text of its own and is still to be read.
        page_count: of the whole document, where that is known before its end.
    """

    number: int
    text: str
    headings: tuple[Heading, ...] = ()
    ocr: bool = False
    picture: bytes | None = None
    page_count: int | None = None


def clean(text: str) -> str:
    """NFC, line ends as `\\n`, every run of blanks one space, ligatures as letters, no control characters, nothing
    around a line."""
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n"))
    text = _SPACES.sub(" ", _CONTROL.sub("", text.replace("\x0c", "\n")).translate(_LIGATURES))
    return "\n".join(line.strip() for line in text.split("\n")).strip()
