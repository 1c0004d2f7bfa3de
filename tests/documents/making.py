"""Small real files of every kind, good and bad, made as they are needed."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Sequence

import docx
from docx.enum.text import WD_BREAK
from PIL import Image, ImageDraw, ImageFont

Line = tuple[float, float, float, str]
"""Left and baseline in points from the page's bottom left, size, words."""

PARAGRAPH = (
    "The river rose by three metres in the spring. Farmers near the delta moved their cattle to the hills. "
    "They waited there for six weeks."
)


def pdf(
    pages: Sequence[Sequence[Line] | bytes],
    *,
    size: tuple[float, float] = (612, 792),
    outline: Sequence[tuple[str, int]] = (),
) -> bytes:
    """A PDF of lines of Helvetica, or of content streams as they are given.

    Args:
        size: of the pages, in points.
        outline: bookmarks: titles and the indices of their pages.
    """
    font = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>"
    objects = [b"", b"", font]
    kids = []
    for page in pages:
        packed = zlib.compress(page if isinstance(page, bytes) else b"".join(_shown(line) for line in page))
        objects.append(b"<</Length %d/Filter/FlateDecode>>stream\n%b\nendstream" % (len(packed), packed))
        objects.append(
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 %g %g]/Resources<</Font<</F1 3 0 R>>>>/Contents %d 0 R>>"
            % (*size, len(objects))
        )
        kids.append(len(objects))
    extra = b""
    if outline:
        root = len(objects) + 1
        extra = b"/Outlines %d 0 R" % root
        last = root + len(outline)
        objects.append(b"<</First %d 0 R/Last %d 0 R/Count %d>>" % (root + 1, last, len(outline)))
        for place, (title, index) in enumerate(outline, root + 1):
            beside = b"/Next %d 0 R" % (place + 1) if place < last else b""
            objects.append(
                b"<</Title(%b)/Parent %d 0 R/Dest[%d 0 R/Fit]%b>>" % (title.encode(), root, kids[index], beside)
            )
    objects[0] = b"<</Type/Catalog/Pages 2 0 R%b>>" % extra
    objects[1] = b"<</Type/Pages/Count %d/Kids[%b]>>" % (len(kids), " ".join(f"{kid} 0 R" for kid in kids).encode())
    return _file(objects)


def _shown(line: Line) -> bytes:
    left, bottom, size, words = line
    escaped = words.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)").encode("cp1252")
    return b"BT /F1 %g Tf 1 0 0 1 %g %g Tm (%b) Tj ET\n" % (size, left, bottom, escaped)


def _file(objects: Sequence[bytes]) -> bytes:
    out = bytearray(b"%PDF-1.7\n")
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, table)
    return bytes(out)


def locked_pdf() -> bytes:
    """One that asks for a password: its keys fit none."""
    whole = pdf([[(72, 700, 11, "secret")]])
    lock = b"/Encrypt<</Filter/Standard/V 2/R 3/Length 128/P -4/O(%b)/U(%b)>>/ID[(x)(x)]" % (b"o" * 32, b"u" * 32)
    return whole.replace(b"/Root 1 0 R", b"/Root 1 0 R" + lock)


def report() -> bytes:
    """Two pages with headings, a paragraph that breaks a word, and a table."""
    first = [
        (72, 740, 20, "Annual Water Report"),
        (72, 700, 11, "The river rose by three metres in the spring of 2021, which was more than any-"),
        (72, 687, 11, "body had expected. Farmers near the delta moved their cattle to the hills and"),
        (72, 674, 11, "waited there for six weeks."),
        (72, 640, 14, "Measurements"),
        *[(left, 610, 11, words) for left, words in ((72, "Station"), (220, "Level"), (350, "Date"))],
        *[(left, 596, 11, words) for left, words in ((72, "Upper bridge"), (220, "3.2 m"), (350, "4 April"))],
        *[(left, 582, 11, words) for left, words in ((72, "Lower mill"), (220, "2.7 m"), (350, "6 April"))],
    ]
    return pdf([first, [(72, 700, 11, "The levels were taken by hand.")]])


def scan(lines: Sequence[str], pages: int = 1) -> bytes:
    """A PDF of pictures of printed pages."""
    font = ImageFont.truetype("DejaVuSans.ttf", 28)
    sheet = Image.new("L", (1000, 600), "white")
    draw = ImageDraw.Draw(sheet)
    for place, line in enumerate(lines):
        draw.text((60, 60 + 60 * place), line, font=font, fill="black")
    buffer = io.BytesIO()
    sheet.save(buffer, "PDF", resolution=100, save_all=True, append_images=[sheet] * (pages - 1))
    return buffer.getvalue()


def word() -> bytes:
    """A DOCX with headings, a table, a list and a page break."""
    document = docx.Document()
    document.add_heading("Water", 1)
    document.add_paragraph(PARAGRAPH)
    table = document.add_table(2, 3)
    for row, words in zip(table.rows, (("Station", "Level", "Date"), ("Mill", "2.7 m", "6 April")), strict=True):
        for cell, text in zip(row.cells, words, strict=True):
            cell.text = text
    before = document.add_paragraph("End of the first page.")
    before.add_run().add_break(WD_BREAK.PAGE)
    document.add_heading("Second", 2)
    for item in ("one", "two"):
        document.add_paragraph(item, style="List Bullet")
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def repacked(data: bytes, **parts: bytes) -> bytes:
    """A DOCX with parts put in place of its own: `document=` is `word/document.xml`."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as old,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for item in old.infolist():
            name = item.filename.removeprefix("word/").removesuffix(".xml")
            new.writestr(item.filename, parts.pop(name) if name in parts else old.read(item))
    return buffer.getvalue()


def zip_bomb() -> bytes:
    return repacked(word(), document=b"<w:document>" + b" " * 30_000_000 + b"</w:document>")
