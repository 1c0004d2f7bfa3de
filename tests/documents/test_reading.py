"""Documents to pages, in the process that reads them."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from services.documents.base import DocumentRejected, DocumentTypeRefused, Kind, Page
from services.documents.kinds import check
from services.documents.reading import read
from services.documents.scans import as_text
from services.vision.decode import open_picture
from services.vision.reading import Reader
from tests.documents import making


def pages(name: str, data: bytes, **options: object) -> list[Page]:
    return list(read(check(name, data), data, **options))


def texts(name: str, text: str | bytes) -> list[str]:
    return [page.text for page in pages(name, text if isinstance(text, bytes) else text.encode())]


def code(name: str, data: bytes) -> str:
    with pytest.raises((DocumentRejected, DocumentTypeRefused)) as refused:
        pages(name, data)
    return refused.value.code


def test_a_pdf_keeps_its_headings_paragraphs_and_tables() -> None:
    first, second = pages("report.pdf", making.report())
    assert first.text == (
        "Annual Water Report\n\nThe river rose by three metres in the spring of 2021, which was more than anybody had "
        "expected. Farmers near the delta moved their cattle to the hills and waited there for six weeks.\n\n"
        "Measurements\n\nStation | Level | Date\nUpper bridge | 3.2 m | 4 April\nLower mill | 2.7 m | 6 April"
    )
    assert [(heading.text, heading.level) for heading in first.headings] == [
        ("Annual Water Report", 1),
        ("Measurements", 2),
    ]
    assert all(first.text[each.start :].startswith(each.text) for each in first.headings)
    assert (second.number, second.text, second.page_count) == (2, "The levels were taken by hand.", 2)


def test_a_pdf_is_read_on_from_a_page() -> None:
    assert [page.number for page in pages("report.pdf", making.report(), first=2)] == [2]


def test_bookmarks_are_headings() -> None:
    lines = [(72, 700, 11, "Rain in May"), (72, 670, 11, "It rained on twenty days of this month.")]
    (page,) = pages("a.pdf", making.pdf([lines], outline=[("Rain in May", 0)]))
    assert [heading.text for heading in page.headings] == ["Rain in May"]


def test_a_word_document_keeps_its_pages_headings_tables_and_lists() -> None:
    first, second = pages("a.docx", making.word())
    assert first.text == (
        f"Water\n\n{making.PARAGRAPH}\n\nStation | Level | Date\nMill | 2.7 m | 6 April\n\nEnd of the first page."
    )
    assert second.text == "Second\n\n- one\n- two"
    assert [heading.text for heading in (*first.headings, *second.headings)] == ["Water", "Second"]


def test_markdown() -> None:
    text = "---\nx: 1\n---\n# Title\n\nSome *words* and [a link](http://x).\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n"
    (page,) = pages("a.md", (text + "- one\n- two\n\n<script>alert(1)</script>\n").encode())
    assert page.text == "Title\n\nSome words and a link.\n\na | b\n1 | 2\n\n- one\n- two"
    assert [(heading.text, heading.level) for heading in page.headings] == [("Title", 1)]


def test_nothing_that_runs_in_a_web_page_becomes_text() -> None:
    page = (
        "<!doctype html><html><head><title>t</title><style>p{}</style></head><body><h1>Head</h1>"
        "<p>Some <b>bold</b> words<script>alert(1)</script> go on<br>here</p><template>x</template>"
        "<noscript>x</noscript><p hidden>x</p><p style='display: none'>x</p><svg><text>x</text></svg>"
        "<table><tr><th>A<th>B</tr><tr><td>1<td>2</table><ul><li>one<li>two</ul>&lt;tag&gt;</body></html>"
    )
    assert texts("a.html", page) == ["Head\n\nSome bold words go on\nhere\n\nA | B\n1 | 2\n\n- one\n- two\n\n<tag>"]


def test_no_entity_of_a_web_page_reads_a_file() -> None:
    page = '<!DOCTYPE html [<!ENTITY x SYSTEM "file:///etc/passwd">]><html><body>a &x; b</body></html>'
    assert "root:" not in texts("a.html", page)[0]


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("नमस्ते दुनिया।".encode(), "नमस्ते दुनिया।"),
        ("café".encode("utf-8-sig"), "café"),
        ("café ☕".encode("utf-16"), "café ☕"),
        ("Straße und Weg\n".encode("utf-16-le"), "Straße und Weg"),
        ("Straße und Weg\n".encode("utf-16-be"), "Straße und Weg"),
        ("नमस्ते दुनिया, यह पाठ है।".encode("utf-32"), "नमस्ते दुनिया, यह पाठ है।"),
        ("déjà “vu”".encode("cp1252"), "déjà “vu”"),
        ("a\u0301 b".encode(), "á b"),
        (b"one\r\ntwo\x0cthree", "one\ntwo"),
    ],
)
def test_encodings_of_plain_text(data: bytes, text: str) -> None:
    assert texts("a.txt", data)[0] == text


def test_a_page_declares_its_encoding() -> None:
    page = "<html><head><meta charset='windows-1251'></head><body>Привет</body></html>"
    assert texts("a.html", page.encode("cp1251")) == ["Привет"]


def test_long_texts_are_cut_into_pages_between_paragraphs() -> None:
    paragraphs = [f"Paragraph {number} says: {making.PARAGRAPH}" for number in range(60)]
    found = texts("a.txt", "\n\n".join(paragraphs))
    assert len(found) > 2
    assert "\n\n".join(found) == "\n\n".join(paragraphs)
    assert max(map(len, found)) <= 3_000


def test_a_paragraph_without_an_end_is_cut_as_well() -> None:
    found = texts("a.txt", "word " * 5_000)
    assert max(map(len, found)) <= 3_000
    assert " ".join(found).split() == ["word"] * 5_000


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.pdf", b"", "empty_file"),
        ("a.txt", b" \n", "empty_file"),
        ("a.exe", b"MZ", "unsupported_document_type"),
        ("a", b"text", "unsupported_document_type"),
        ("a.pdf", b"just words", "content_mismatch"),
        ("a.pdf", making.word(), "content_mismatch"),
        ("a.docx", making.report(), "content_mismatch"),
        ("a.txt", making.report(), "content_mismatch"),
        ("a.md", b"\x89PNG\r\n\x1a\n" + bytes(100), "content_mismatch"),
        ("a.html", b"no tags at all", "content_mismatch"),
        ("a.txt", b"<!doctype html><html>x</html>", "content_mismatch"),
        ("a.docx", b"PK\x03\x04 and no more", "broken_document"),
        ("a.pdf", b"%PDF-1.7\nnothing behind", "broken_document"),
        ("a.pdf", making.report()[:600], "broken_document"),
        ("a.docx", making.repacked(making.word(), document=b"<w:document"), "broken_document"),
        ("a.pdf", making.locked_pdf(), "password_protected"),
        (
            "a.docx",
            bytes.fromhex("d0cf11e0a1b11ae1") + "EncryptedPackage".encode("utf-16-le"),
            "password_protected",
        ),
        ("a.docx", making.zip_bomb(), "document_too_complex"),
        ("a.html", b"<html><body>" + b"<div>" * 100_000, "document_too_complex"),
    ],
)
def test_bad_files(name: str, data: bytes, said: str) -> None:
    assert code(name, data) == said


def test_entities_of_a_word_document_are_not_expanded() -> None:
    lol = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">' + b"".join(
        b'<!ENTITY %c "%b">' % (98 + step, b"&%c;" % (97 + step) * 10) for step in range(9)
    )
    text = b']><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r>'
    bomb = lol + text + b"<w:t>&j;</w:t></w:r></w:p></w:body></w:document>"
    data = making.repacked(making.word(), document=bomb)
    try:
        read_text = "".join(page.text for page in pages("a.docx", data))
    except DocumentRejected as refused:
        read_text = refused.code
    assert len(read_text) < 1_000


def test_a_pdf_that_unpacks_to_much_more_than_it_is() -> None:
    begun = time.monotonic()
    assert code("a.pdf", making.pdf([b"q " * 15_000_000])) == "document_too_complex"
    assert time.monotonic() - begun < 60


def test_a_page_as_large_as_a_country_is_read() -> None:
    (page,) = pages("a.pdf", making.pdf([[(10, 10, 11, "The words are here all the same.")]], size=(1e7, 1e7)))
    assert page.text == "The words are here all the same."


def test_reading_ends_when_nothing_comes_for_too_long() -> None:
    data = making.report()
    with pytest.raises(DocumentRejected) as refused:
        list(read("pdf", data, patience_s=0.001))
    assert refused.value.code == "document_too_complex"


def test_no_process_is_left_behind() -> None:
    before = children()
    some = read("pdf", making.pdf([[(72, 700, 11, "One of many pages that follow.")]] * 2_000))
    next(some)
    some.close()
    assert children() == before


def children() -> set[str]:
    mine = Path("/proc/self/task")
    return {child for task in mine.iterdir() for child in (task / "children").read_text().split()}


def test_nothing_of_the_environment_reaches_the_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "kept-to-oneself")
    some = read("pdf", making.pdf([[(72, 700, 11, "One of many pages that follow.")]] * 2_000))
    next(some)
    seen = [Path(f"/proc/{child}/environ").read_bytes() for child in children()]
    some.close()
    assert seen
    assert not any(b"kept-to-oneself" in environment for environment in seen)


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader(threads=os.cpu_count() or 1)


def test_a_scanned_page_comes_as_a_picture_that_can_be_read(reader: Reader) -> None:
    (page,) = pages("scan.pdf", making.scan(["The lease ends on the last day of June.", "Keys are left at the gate."]))
    assert page.text == ""
    assert page.picture is not None
    text = as_text(reader.look(open_picture(page.picture).pixels))
    assert "The lease ends on the last day of June." in text


@pytest.mark.slow
def test_ten_thousand_pages() -> None:
    lines = [(72, 740 - 13 * line, 11, f"Line {line} says that the quick brown fox jumps") for line in range(40)]
    data = making.pdf([lines] * 10_000)
    assert sum(1 for _page in read("pdf", data)) == 10_000


def test_too_many_pages_are_refused() -> None:
    kind: Kind = "pdf"
    with pytest.raises(DocumentRejected) as refused:
        next(read(kind, making.pdf([b""] * 20_001)))
    assert refused.value.code == "too_many_pages"
