"""PDF files, through PDFium. It is C++ that reads what strangers made: call it in `process` alone."""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Final

import pypdfium2 as pdfium
import pypdfium2.raw as c

from services.documents.base import MAX_PAGE_CHARACTERS, MAX_PAGES, DocumentRejected, Heading, Page
from services.documents.pdf_lines import Outlined, layout, lines

LITTLE: Final = 12
"""Characters; a page with fewer and a picture on it is taken for a scanned one."""
UNKNOWN: Final = 0.4
"""The share of characters without a meaning from which a page's text is worthless."""
DOTS_PER_POINT: Final = 200 / 72
LONGEST_SIDE: Final = 2_200
MOST_BOOKMARKS: Final = 5_000
MANY_OBJECTS: Final = 40
MOST_OBJECTS: Final = 200_000


def read_pdf(data: bytes, first: int = 1) -> Iterator[Page]:
    """Pages from the number `first` on. Those without text of their own come with their picture.

    Raises:
        DocumentRejected: `password_protected`, `broken_document`, `too_many_pages` or `document_too_complex`.
    """
    try:
        document = pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        locked = error.err_code in (c.FPDF_ERR_PASSWORD, c.FPDF_ERR_SECURITY)
        raise DocumentRejected("password_protected" if locked else "broken_document") from None
    count = len(document)
    if count > MAX_PAGES:
        raise DocumentRejected("too_many_pages")
    if count == 0:
        raise DocumentRejected("broken_document")
    outline = _outline(document)
    for number in range(first, count + 1):
        text, headings, picture = _page(document, number, outline.get(number, []))
        yield Page(number, text, headings, picture=picture, page_count=count)


def _outline(document: pdfium.PdfDocument) -> dict[int, list[Outlined]]:
    """The bookmarks, by the number of the page they point at."""
    found: dict[int, list[Outlined]] = defaultdict(list)
    try:
        for place, bookmark in enumerate(document.get_toc(max_depth=6)):
            if place >= MOST_BOOKMARKS:
                break
            target = bookmark.get_dest()
            index = target.get_index() if target is not None else None
            if index is not None:
                found[index + 1].append(Outlined(bookmark.get_title(), min(6, bookmark.level + 1)))
    except (pdfium.PdfiumError, ValueError, UnicodeDecodeError):
        return {}
    return found


def _page(
    document: pdfium.PdfDocument, number: int, outline: list[Outlined]
) -> tuple[str, tuple[Heading, ...], bytes | None]:
    try:
        page = document[number - 1]
    except pdfium.PdfiumError:
        return "", (), None  # one that is damaged; the others may not be
    try:
        drawn = c.FPDFPage_CountObjects(page)
        if drawn > MOST_OBJECTS:
            raise DocumentRejected("document_too_complex")
        textpage = page.get_textpage()
        try:
            if textpage.count_chars() > MAX_PAGE_CHARACTERS:
                raise DocumentRejected("document_too_complex")
            text, headings = layout(lines(textpage), outline)
        finally:
            textpage.close()
        scanned = _worthless(text) and _is_drawn(page, drawn)
        return text, headings, _picture(page) if scanned else None
    except pdfium.PdfiumError:
        return "", (), None
    finally:
        page.close()


def _is_drawn(page: Any, drawn: int) -> bool:
    """Whether a picture is on the page, or so much else that it may be letters."""
    if drawn > MANY_OBJECTS:
        return True
    kinds = (c.FPDFPageObj_GetType(c.FPDFPage_GetObject(page, index)) for index in range(drawn))
    return any(kind in (c.FPDF_PAGEOBJ_IMAGE, c.FPDF_PAGEOBJ_FORM, c.FPDF_PAGEOBJ_SHADING) for kind in kinds)


def _worthless(text: str) -> bool:
    letters = [character for character in text if not character.isspace()]
    if len(letters) < LITTLE:
        return True
    unknown = sum(character == "\ufffd" or "\ue000" <= character <= "\uf8ff" for character in letters)
    return unknown > UNKNOWN * len(letters)


def _picture(page: Any) -> bytes | None:
    """The page as a grey JPEG of a bounded size, whatever size the page says it has."""
    width, height = page.get_size()
    if not (width > 0 and height > 0):
        return None
    scale = min(DOTS_PER_POINT, LONGEST_SIDE / max(width, height))
    if min(width, height) * scale < 8:
        return None
    bitmap = page.render(scale=scale, grayscale=True, may_draw_forms=False)
    try:
        buffer = io.BytesIO()
        bitmap.to_pil().convert("L").save(buffer, "JPEG", quality=90)
        return buffer.getvalue()
    finally:
        bitmap.close()
