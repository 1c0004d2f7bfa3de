"""What people look for, out of how they say it."""

from __future__ import annotations

import csv
import hashlib
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from services.answers.aliases import concepts
from services.answers.text_folding import fold
from services.library.dates import periods_in
from services.library.query import understand

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)  # a Friday

UNDERSTOOD: list[tuple[str, set[str], tuple[str, ...]]] = [
    ("red cars from last week", {"date: last 7 days", "color: red", "object: car"}, ()),
    ("images with dogs and cats", {"object: dog", "object: cat"}, ()),
    ("high confidence detections of people", {"confidence: high", "object: person"}, ()),
    ("the sign that says exit", {"text: exit"}, ()),
    ('pictures with "no entry" on them', {"text: no entry"}, ("them",)),
    ("something like a sunset, not indoors", {"not: indoors"}, ("sunset",)),
    ("photos without people", {"not: person"}, ()),
    ("two dogs or a cat", {"object: 2 dog", "object: cat"}, ()),
    ("blue pictures", {"color: blue"}, ()),
    ("no red cars", {"not: red car"}, ()),
    ("vehicles but not bicycles", {"object: vehicle", "not: bicycle"}, ()),
    ("a boat in May 2024", {"date: May 2024", "object: boat"}, ()),
    ("animated gifs of a cat", {"type: animation", "object: cat"}, ()),
    ("a screenshot in portrait orientation", {"type: screenshot", "orientation: portrait"}, ()),
    ("लाल गाड़ी", {"color: red", "object: car"}, ()),
    ("काळा कुत्रा", {"color: black", "object: dog"}, ()),
    ("रात की बिल्ली", {"object: cat"}, ("रात",)),
    ("espresso", set(), ("espresso",)),
    ("red or blue cars", {"color: red", "color: blue", "object: car"}, ()),
    ("cars that are not red", {"object: car", "not: red car"}, ()),
    ("without people or cars", {"not: person", "not: car"}, ()),
    ("not cats but dogs", {"not: cat", "object: dog"}, ()),
    ("not screenshots", {"not: screenshot"}, ()),
    ("photos not from 2020", {"not: date 2020"}, ()),
    ("indoors or outdoors", {"setting: indoors", "setting: outdoors"}, ()),
    ("blurry photos", {"quality: blurred"}, ()),
    ("at least two people", {"object: at least 2 person"}, ()),
    ("two or more dogs", {"object: at least 2 dog"}, ()),
    ("more than 3 people", {"object: at least 4 person"}, ()),
    ("people above 0.8", {"object: person", "confidence: above 0.8"}, ()),
    ("dogs over 80 percent", {"object: dog", "confidence: above 0.8"}, ()),
    ("low confidence detections", {"confidence: low"}, ()),
    ("large pictures of dogs", {"object: dog", "size: large"}, ()),
    ("over 2 MB", {"size: over 2 MB"}, ()),
    ("at least 1920 wide", {"size: over 1920 pixels wide"}, ()),
    ("pngs or jpegs of cats", {"object: cat", "type: png", "type: jpeg"}, ()),
    ("dogs in the Beach folder", {"object: dog", "folder: beach"}, ()),
    ("in the folder Beach", {"folder: beach"}, ()),
    ("near 18.52, 73.85", {"near: 18.52, 73.85 within 5 km"}, ()),
    ("a person in a blue shirt", {"object: person"}, ("blue", "shirt")),
    ("a man in a red jacket and a dog", {"object: person", "object: dog"}, ("red", "jacket")),
    ("पिछले हफ्ते की लाल गाड़ी", {"date: last 7 days", "color: red", "object: car"}, ()),
    ("लोगों के बिना तस्वीरें", {"not: person"}, ()),
    ("कुत्र्यांशिवाय", {"not: dog"}, ()),
    ("दो कुत्ते", {"object: 2 dog"}, ()),
    ('जिस पर "प्रवेश" लिखा है', {"text: प्रवेश"}, ()),
    ("बाहर की तस्वीरें", {"setting: outdoors"}, ()),
    ("grey photos uploaded today", {"color: grey", "date: today"}, ()),
    ("photos from yesterday that are mostly blue", {"color: blue", "date: yesterday"}, ()),
    ("dark red snaps", {"color: dark red"}, ()),
    ("no red pictures of dogs", {"not: red", "object: dog"}, ()),
    ("red-coloured cars", {"color: red", "object: car"}, ()),
    ("black and white photos", {"look: monochrome"}, ()),
    ("a black and white cat", {"color: black", "color: white", "object: cat"}, ()),
    ("not black and white pictures of dogs", {"not: monochrome", "object: dog"}, ()),
    ("landscape oriented photos", {"orientation: landscape"}, ()),
    ("vertical shots of a dog", {"orientation: portrait", "object: dog"}, ()),
    ("photos taken vertically", {"orientation: portrait"}, ()),
    ("portrait shots", {"orientation: portrait"}, ()),
    ("wide snaps or tall ones", {"orientation: landscape", "orientation: portrait"}, ()),
    ("vertical lines", set(), ("vertical", "lines")),
    ("both dogs and cats", {"object: dog", "object: cat"}, ()),
    ("माणसांचे फोटो", {"object: person"}, ()),
    ("लोकांशिवाय फोटो", {"not: person"}, ()),
    ("कुत्रे नसलेले फोटो", {"not: dog"}, ()),
    ("जिनमें लोग नहीं हैं", {"not: person"}, ()),
    ("बिना लोगों के", {"not: person"}, ()),
    ("पिछले हफ्ते की लाल गाड़ियाँ", {"color: red", "object: car", "date: last 7 days"}, ()),
    ("गेल्या आठवड्यातील लाल गाड्या", {"color: red", "object: car", "date: last 7 days"}, ()),
    ("काल काढलेले काळ्या कुत्र्याचे फोटो", {"color: black", "object: dog", "date: yesterday"}, ()),
    ("निळ्या रंगाची गाडी", {"color: blue", "object: car"}, ()),
    ("आडवे फोटो", {"orientation: landscape"}, ()),
    ("' OR 1=1 --", set(), ("1", "1")),
    ('%_*"', set(), ()),
    ("NEAR(a b) AND title:x", set(), ("near", "b", "title", "x")),
]


@pytest.mark.parametrize(("text", "filters", "words"), UNDERSTOOD, ids=[text for text, _, _ in UNDERSTOOD])
def test_a_query_is_taken_apart(text: str, filters: set[str], words: tuple[str, ...]) -> None:
    query = understand(text, NOW)
    assert set(query.filters) == filters
    assert set(query.words) <= set(words)


@pytest.mark.parametrize(
    ("text", "loose"),
    [
        ("dogs and cats", True),
        ("images with red cars, blue boats and people", True),
        ("कुत्ते और बिल्लियाँ", True),
        ("कुत्र्यांचे आणि मांजरांचे फोटो", True),
        ("a dog and a cat", False),
        ("dogs and a cat", False),
        ("dogs and cats together", False),
        ("both dogs and cats", False),
        ("dogs with cats", False),
        ("dogs and cats on the beach with balloons", False),
    ],
)
def test_two_plurals_are_either_where_nothing_says_together(text: str, loose: bool) -> None:
    (clause,) = understand(text, NOW).clauses
    assert clause.loose is loose


def test_names_are_known_in_every_form() -> None:
    """Of the forms that were not looked at when the rules were made."""
    with (Path(__file__).parent / "labelled" / "forms.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    held_out = [row for row in rows if int(hashlib.sha256(row["form"].encode()).hexdigest(), 16) % 2 == 0]
    unknown = [row["form"] for row in held_out if row["thing"] not in concepts(fold(row["form"]))]
    assert len(held_out) >= 40
    assert len(unknown) <= 0.05 * len(held_out), unknown


@pytest.mark.parametrize("text", ["उसका नाम क्या है", "बसा आणि बोला", "सह्याद्री नावाचा", "काम करने वाले", "सालों पहले"])
def test_words_that_only_look_like_names_are_none(text: str) -> None:
    assert concepts(fold(text)) == ()


def test_a_long_query_of_nonsense_is_read_quickly() -> None:
    assert understand("ab " * 166, NOW).filters == ()
    assert understand("not " * 125, NOW).words == ()


DATES = [
    ("today", "2026-11-20", "2026-11-21"),
    ("yesterday", "2026-11-19", "2026-11-20"),
    ("the day before yesterday", "2026-11-18", "2026-11-19"),
    ("from last week", "2026-11-13", None),
    ("in the last 3 days", "2026-11-17", None),
    ("from the past two weeks", "2026-11-06", None),
    ("this week", "2026-11-16", None),
    ("this month", "2026-11-01", None),
    ("in may 2024", "2024-05-01", "2024-06-01"),
    ("in december", "2025-12-01", "2026-01-01"),
    ("dec 2024", "2024-12-01", "2025-01-01"),
    ("before 2020", None, "2020-01-01"),
    ("after 2020", "2021-01-01", None),
    ("since march 2023", "2023-03-01", None),
    ("in 2024", "2024-01-01", "2025-01-01"),
    ("on 2024-02-29", "2024-02-29", "2024-03-01"),
    ("between 2019 and 2021", "2019-01-01", "2022-01-01"),
    ("from march to may 2024", "2024-03-01", "2024-06-01"),
    ("on 12 may 2024", "2024-05-12", "2024-05-13"),
    ("on may 5", "2026-05-05", "2026-05-06"),
    ("last monday", "2026-11-16", "2026-11-17"),
    ("last weekend", "2026-11-14", "2026-11-16"),
    ("two weeks ago", "2026-11-03", "2026-11-10"),
    ("older than 2 weeks", None, "2026-11-06"),
    ("recently", "2026-11-13", None),
    ("कल", "2026-11-19", "2026-11-20"),
    ("गेल्या आठवड्यातील", "2026-11-13", None),
    ("मई 2024 में", "2024-05-01", "2024-06-01"),
    ("मे २०२४ मध्ये", "2024-05-01", "2024-06-01"),
    ("२०२० से पहले", None, "2020-01-01"),
    ("2020 च्या आधी", None, "2020-01-01"),
    ("2020 नंतर", "2021-01-01", None),
    ("या महिन्यात", "2026-11-01", None),
]


@pytest.mark.parametrize(("text", "since", "until"), DATES, ids=[text for text, _, _ in DATES])
def test_dates_as_people_say_them(text: str, since: str | None, until: str | None) -> None:
    [(period, _place)], rest = periods_in(f" {text} ", NOW)
    assert rest.strip() == ""
    assert (period.since.date().isoformat() if period.since else None) == since
    assert (period.until.date().isoformat() if period.until else None) == until


@pytest.mark.parametrize("text", ["at last the dog", "may I see a cat", "2024-13-45", "last chance", "2024 people"])
def test_what_is_no_date_is_left_alone(text: str) -> None:
    assert periods_in(text.lower(), NOW) == ([], text.lower())


def test_days_are_those_of_the_callers_zone() -> None:
    in_india = NOW.replace(hour=20).astimezone(ZoneInfo("Asia/Kolkata"))  # 01:30 on the 21st
    [(period, _place)], _rest = periods_in("today", in_india)
    assert period.holds(datetime(2026, 11, 20, 19, tzinfo=UTC))
    assert not period.holds(datetime(2026, 11, 20, 18, tzinfo=UTC))
