"""Citations: what holds goes through, what does not is taken away, wherever a stream is cut."""

from __future__ import annotations

import random
import time

import pytest

from services.agent.citations import CitationFilter, cite_document, cite_picture, resolved
from services.agent.evidence import Bond, Evidence, Found, Paper, Picture, ResultSet

A = "00000000-0000-4000-8000-00000000000a"
B = "00000000-0000-4000-8000-00000000000b"
D = "00000000-0000-4000-8000-00000000000d"
E = "00000000-0000-4000-8000-00000000000e"
L = "00000000-0000-4000-8000-00000000000f"
PAGE_2 = "Care of the pump\n\nClean the housing with a dry\ncloth every week. Never use water."
PAGE_3 = "Rust\n\nRemove rust with a wire brush before pain-\nting the housing."


def evidence() -> Evidence:
    return Evidence(
        Found(
            pictures=(Picture(A, "beam.jpg"), Picture(B, "odd [name]|x.jpg")),
            papers=(Paper(D, "manual.pdf", page_count=9), Paper(E, "other.pdf")),
            bonds=(Bond(L, "Care of the beam", A, D),),
            pages={(D, 2): PAGE_2, (D, 3): PAGE_3},
        ),
        {"images_1": ResultSet("images", (A, B), "2 pictures")},
    )


def through(text: str, *, cut: int | None = None, known: Evidence | None = None) -> str:
    """The text as it comes out, fed whole, or in pieces of `cut` characters."""
    made = CitationFilter(known or evidence())
    pieces = [text] if cut is None else [text[start : start + cut] for start in range(0, len(text), cut)]
    return "".join(made.feed(piece) for piece in pieces) + made.flush()


CASES = {
    "a picture": (f"See [[img:{A}|beam.jpg]].", f"See [[img:{A}|beam.jpg]]."),
    "a wrong name": (f"See [[img:{A}|other.png]].", f"See [[img:{A}|beam.jpg]]."),
    "no name": (f"See [[img:{A}]].", f"See [[img:{A}|beam.jpg]]."),
    "a capital id": (f"See [[img:{A.upper()}|beam.jpg]].", f"See [[img:{A}|beam.jpg]]."),
    "a name that is no markup": (f"[[img:{B}|x]]", f"[[img:{B}|odd (name)/x.jpg]]"),
    "made up": (f"See [[img:{D}|beam.jpg]] there.", "See there."),
    "no id at all": ("See [[img:|beam.jpg]] there.", "See there."),
    "not an id": ("See [[img:1|beam.jpg]] there.", "See there."),
    "a document": (f"In [[doc:{D}|m.pdf|p:2]].", f"In [[doc:{D}|manual.pdf|p:2]]."),
    "a document without page": (f"In [[doc:{D}|m.pdf]].", f"In [[doc:{D}|manual.pdf]]."),
    "a page not in the context": (f"In [[doc:{D}|manual.pdf|p:7]] too.", "In too."),
    "a page of a document never read": (f"In [[doc:{E}|other.pdf|p:1]] too.", "In too."),
    "a true quote": (
        f"It says “Clean the housing with a dry cloth” [[doc:{D}|manual.pdf|p:2]].",
        f"It says “Clean the housing with a dry cloth” [[doc:{D}|manual.pdf|p:2]].",
    ),
    "a quote over a hyphen": (
        f'It says "before painting the housing" [[doc:{D}|manual.pdf|p:3]].',
        f'It says "before painting the housing" [[doc:{D}|manual.pdf|p:3]].',
    ),
    "a quote from another page": (
        f"It says “Remove rust with a wire brush” [[doc:{D}|manual.pdf|p:2]].",
        f"It says “Remove rust with a wire brush” [[doc:{D}|manual.pdf|p:3]].",
    ),
    "a made-up quote": (
        f"It says “Use plenty of water” [[doc:{D}|manual.pdf|p:2]]!",
        "It says “Use plenty of water” !",
    ),
    "a quote after": (
        f"[[doc:{D}|manual.pdf|p:2]]: “Remove rust with a wire brush”",
        f"[[doc:{D}|manual.pdf|p:3]]: “Remove rust with a wire brush”",
    ),
    "a made-up quote after": (f"In [[doc:{D}|manual.pdf|p:2]] “use plenty of water”.", "In “use plenty of water”."),
    "a term in quotation marks": (
        f"On “rust” see [[doc:{D}|manual.pdf|p:2]].",
        f"On “rust” see [[doc:{D}|manual.pdf|p:2]].",
    ),
    "two quotes": (
        f"“Never use water” [[doc:{D}|x|p:2]] and “remove rust” [[doc:{D}|x|p:3]]",
        f"“Never use water” [[doc:{D}|manual.pdf|p:2]] and “remove rust” [[doc:{D}|manual.pdf|p:3]]",
    ),
    "a link": (f"See [[link:{L}|whatever]].", f"See [[link:{L}|Care of the beam]]."),
    "no such link": (f"See [[link:{A}|whatever]] now.", "See now."),
    "results": ("I found [[ref:images_1]].", "I found [[ref:images_1]]."),
    "no such results": ("I found [[ref:images_9]] today.", "I found today."),
    "unfinished": (f"See [[img:{A}|be", "See "),
    "unfinished kind": ("See [[im", "See [[im"),
    "other brackets": ("a[[0]] = b[1] [[wiki]] [x](y) [[", "a[[0]] = b[1] [[wiki]] [x](y) [["),
    "three brackets": (f"[[[img:{A}|beam.jpg]]]", f"[[[img:{A}|beam.jpg]]]"),
    "two lines": (f"[[img:{A}|be\nam.jpg]]", f"[[img:{A}|be\nam.jpg]]"),
    "endless": (f"[[img:{'x' * 2000}]]", f"[[img:{'x' * 2000}]]"),
    "plain": ("Nothing to cite, at all.\n\nBut “this” is.", "Nothing to cite, at all.\n\nBut “this” is."),
}


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES.keys())
def test_whole_and_cut_anywhere(text: str, expected: str) -> None:
    assert through(text) == expected
    for cut in (1, 2, 3, 5, 7, 11, 50):
        assert through(text, cut=cut) == expected, cut


def test_cut_at_random() -> None:
    dice = random.Random(7)
    text = " ".join(text for text, _ in CASES.values() if "unfinished" not in text and "\n" not in text)
    whole = through(text)
    for _ in range(200):
        made, rest, out = CitationFilter(evidence()), text, ""
        while rest:
            cut = dice.randint(1, 40)
            out, rest = out + made.feed(rest[:cut]), rest[cut:]
        assert out + made.flush() == whole


def test_plain_text_passes_at_once_as_it_is() -> None:
    made = CitationFilter(evidence())
    for piece in ("It is ", "a red", " square", ".\n", "a ] b ", "  ", "नमस्ते "):
        assert made.feed(piece) is piece
    assert made.flush() == ""


def test_what_comes_in_meanwhile_can_be_cited() -> None:
    known = Evidence()
    made = CitationFilter(known)
    assert made.feed(f"So: [[img:{A}|beam.jpg]] ") == "So: "
    known.add(Found(pictures=(Picture(A, "beam.jpg"),)))
    assert made.feed(f"[[img:{A}|beam.jpg]]") == f"[[img:{A}|beam.jpg]]"


def test_earlier_results_that_are_cited_are_this_turns_too() -> None:
    known = evidence()
    assert known.refs == {}
    through("[[ref:images_1]]", known=known)
    assert set(known.refs) == {"images_1"}


def test_it_keeps_up_with_a_hostile_model() -> None:
    began = time.perf_counter()
    text = ("[[" * 3000) + ("[[doc:" * 2000) + (f"[[doc:{D}|" + "“" * 500) * 20
    through(text)
    through(text[:8000], cut=1)
    assert time.perf_counter() - began < 5


def test_prose() -> None:
    refs = {"images_1": ResultSet("images", (A, B), "2 pictures")}
    text = f"I found [[ref:images_1]], such as [[img:{A}|beam.jpg]]; see [[doc:{D}|manual.pdf|p:3]] [[link:{L}|Care]] ."
    assert resolved(text, refs) == "I found 2 pictures, such as beam.jpg; see manual.pdf (page 3) Care."
    assert resolved("Nothing here.", refs) == "Nothing here."


@pytest.mark.parametrize("name", ["plain.jpg", "odd]] name.jpg", "a|b|p:3", "[[img:x|y]]", "", "line\nbreak"])
def test_a_name_never_breaks_out_of_its_citation(name: str) -> None:
    known = Evidence(Found(pictures=(Picture(A, name),), papers=(Paper(D, name),)))
    for cited in (cite_picture(A, name), cite_document(D, name)):
        assert through(cited, known=known) == cited
        assert "[[" not in resolved(cited, {})
