"""Finding passages: by words and meaning, in three languages, quoted as they stand on the page."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_openapi3 import OpenAPI

from services.library.passage_words import present, stem, words_of
from tests.conftest import services_of
from tests.library.test_documents import DOCUMENTS, UNKNOWN, problem, send

SEARCH = "/api/v2/search/documents"
LEASE = """# Rent

The rent is 14,500 rupees a month, payable before the fifth. A deposit of two months' rent is returned in June.

# Notice

Either party may end this agreement by giving sixty days' notice in writing.

# Pets

Cats and small dogs are allowed with the written consent of the landlord.
"""
HINDI = """# बुखार में क्या करें

बुखार होने पर आराम करें और दिन में कम से कम तीन लीटर पानी पिएँ। तीन दिन से अधिक बुखार रहे तो डॉक्टर को दिखाएँ।

# टीकाकरण

खसरे का टीका नौ महीने की उम्र में लगता है। टीकाकरण कार्ड संभालकर रखें।
"""
MARATHI = """# शाळेची वेळ

शाळा सकाळी साडेसात वाजता भरते आणि दुपारी एक वाजता सुटते. शनिवारी शाळा अकरा वाजता सुटते.

# सहल

सहलीचे शुल्क साडेतीनशे रुपये आहे. विद्यार्थ्यांनी डबा, पाण्याची बाटली आणि टोपी आणावी.
"""


@pytest.fixture(scope="module")
def shelf(shared_app: OpenAPI) -> dict[str, str]:
    """The ids of three documents that were read, by their names."""
    client = shared_app.test_client()
    sent = send(client, *[(f"{name}.md", text.encode()) for name, text in TEXTS.items()])
    services_of(shared_app).jobs.run_pending()
    return {name: result["document"]["id"] for name, result in zip(TEXTS, sent.json["results"], strict=True)}


TEXTS = {"lease": LEASE, "health": HINDI, "school": MARATHI}


def find(app: OpenAPI, query: str, **options: object) -> list[dict[str, Any]]:
    response = app.test_client().post(SEARCH, json={"query": query, **options})
    assert response.status_code == 200, response.json
    return response.json["results"]


@pytest.mark.parametrize(
    ("query", "found", "quoted"),
    [
        ("how much is the rent", ("lease", "Rent"), "The rent is 14,500 rupees a month, payable before the fifth."),
        ("can I keep a dog", ("lease", "Pets"), "small dogs are allowed"),
        ("notice period in days", ("lease", "Notice"), "sixty days' notice"),
        ("खसरे का टीका कब लगता है", ("health", "टीकाकरण"), "खसरे का टीका नौ महीने की उम्र में लगता है।"),
        ("शाळा किती वाजता सुटते", ("school", "शाळेची वेळ"), "वाजता सुटते."),
        ("सहलीला काय आणावे", ("school", "सहल"), "डबा"),
        ("what to do for a fever", ("health", "बुखार में क्या करें"), "बुखार"),
    ],
)
def test_what_answers_is_found_and_quoted(
    shared_app: OpenAPI, shelf: dict[str, str], query: str, found: tuple[str, str], quoted: str
) -> None:
    best = find(shared_app, query)[0]
    assert (best["document_id"], best["heading"]) == (shelf[found[0]], found[1])
    assert quoted in best["quote"]
    page = shared_app.test_client().get(f"{DOCUMENTS}/{best['document_id']}/pages/{best['page']}").json
    assert best["quote"] in page["text"]
    assert page["text"][best["start"] : best["end"]] == best["text"]
    assert 0 < best["relevance_score"] <= 1
    assert best["matched"]


@pytest.mark.parametrize(
    "query",
    [
        "capital of Peru",
        "asdf qwer zxcv",
        "क्रिकेट मैच किसने जीता",
        '" OR 1=1; DROP TABLE documents; --',
        "NEAR(x y, 5) AND col:z* ^w",
        "' :* | ! & <-> ()",
        "*" * 500,
        "(" * 250 + ")" * 250,
        "🙂",
    ],
)
def test_what_nothing_answers_finds_nothing(shared_app: OpenAPI, shelf: dict[str, str], query: str) -> None:
    assert find(shared_app, query) == []


def test_only_the_documents_asked_for_are_looked_in(shared_app: OpenAPI, shelf: dict[str, str]) -> None:
    only = find(shared_app, "rent of the flat", document_ids=[shelf["lease"].upper()])
    assert {each["document_id"] for each in only} == {shelf["lease"]}
    assert find(shared_app, "rent of the flat", document_ids=[shelf["school"]]) == []
    assert find(shared_app, "rent of the flat", document_ids=[]) == []
    client = shared_app.test_client()
    unknown = client.post(SEARCH, json={"query": "rent", "document_ids": [shelf["lease"], UNKNOWN]})
    assert problem(unknown, 404, "DOCUMENT_NOT_FOUND")["context"]["document_ids"] == [UNKNOWN]


def test_paging_and_what_was_understood(shared_app: OpenAPI, shelf: dict[str, str]) -> None:
    client = shared_app.test_client()
    asked = {"query": "rent deposit notice pets landlord", "document_ids": [shelf["lease"]]}
    whole = client.post(SEARCH, json=asked).json
    assert whole["total_count"] == len(whole["results"]) >= 2
    pages = [client.post(SEARCH, json=asked | {"limit": 1, "offset": at}).json for at in range(2)]
    assert [page["results"][0] for page in pages] == whole["results"][:2]
    assert pages[1]["total_count"] == whole["total_count"]
    assert whole["query_interpretation"] == {
        "original_query": asked["query"],
        "filters_applied": ["in 1 document"],
        "search_type": "hybrid",
    }


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"query": ""},
        {"query": " "},
        {"query": "x" * 501},
        {"query": 5},
        {"query": "x", "limit": 0},
        {"query": "x", "limit": 101},
        {"query": "x", "offset": -1},
        {"query": "x", "document_ids": "x"},
        {"query": "x", "document_ids": [UNKNOWN] * 101},
    ],
)
def test_bad_questions(shared_app: OpenAPI, body: dict[str, object]) -> None:
    problem(shared_app.test_client().post(SEARCH, json=body), 422, "VALIDATION_ERROR")


@pytest.mark.parametrize(
    ("one", "other"),
    [("policies", "policy"), ("planned", "planning"), ("शेतकऱ्यांना", "शेतकऱ्यांनी"), ("किताबों", "किताबें")],
)
def test_forms_of_a_word_have_one_stem(one: str, other: str) -> None:
    assert stem(one) == stem(other)


def test_words_that_ask_are_not_looked_for() -> None:
    assert [word.stem for word in words_of("What is the rent?")] == ["rent"]
    assert [word.stem for word in words_of("what is this")] != []
    assert present(words_of("सदस्यता शुल्क कितना है?"), "सदस्यता का शुल्क सौ रुपये।") == {
        stem("सदस्यता"): "सदस्यता",
        stem("शुल्क"): "शुल्क",
    }


def test_long_questions_keep_their_longest_words() -> None:
    assert len(words_of(" ".join(f"word{number}" for number in range(100)))) == 16


def test_nothing_is_found_in_an_empty_library(library: FlaskClient) -> None:
    assert library.post(SEARCH, json={"query": "rent"}).json["total_count"] == 0


def test_no_heading_is_quoted_for_what_stands_under_it(shared_app: OpenAPI) -> None:
    """Short chapters lie in one passage, with their headings; a heading answers nothing."""
    text = (
        "# Travel\n\n## Travel allowance\n\nStaff get an allowance of 800 rupees a day.\n\n## Hotels\n\nBook early.\n"
    )
    send(shared_app.test_client(), ("travel.md", text.encode()))
    services_of(shared_app).jobs.run_pending()
    found = find(shared_app, "travel allowance")
    assert found[0]["quote"].startswith("Staff get an allowance of 800 rupees a day.")
