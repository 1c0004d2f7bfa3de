"""Search in sessions: titles and what was said, whatever the case, every character literal."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from tests.conftest import MakeApp
from tests.fakes import ScriptedModel
from tests.inventory import eventually
from tests.sessions.conftest import SESSIONS, Gate, new_session, parts, say

TITLES = [
    "Equipment Analysis",
    "100% rust",
    "a_b",
    'don\'t "quote" me',
    "Überprüfung दिल्ली",
    "检查设备",
    "NEAR AND NOT (x) -y *z ^w",
]


@pytest.fixture(scope="module")
def library(shared: FlaskClient) -> FlaskClient:
    for title in TITLES:
        new_session(shared, title=title)
    return shared


def found(client: FlaskClient, search: str) -> set[str]:
    page = client.get(SESSIONS, query_string={"search": search, "limit": 100}).json
    assert page["total_count"] == len(page["sessions"])
    return {session["title"] for session in page["sessions"]}


@pytest.mark.parametrize(
    ("search", "titles"),
    [
        ("equipment", [0]),
        ("EQUIPMENT ana", [0]),
        ("quipmen", [0]),
        ("eq", [0]),
        ("is", [0]),
        ("sis", [0]),
        ("%", [1]),
        ("0%", [1]),
        ("0% r", [1]),
        ("_", [2]),
        ("a_b", [2]),
        ("a%b", []),
        ("axb", []),
        ("'", [3]),
        ('"', [3]),
        ("don't", [3]),
        ('"quote"', [3]),
        ('" OR "', []),
        ("überPRÜFUNG", [4]),
        ("दिल्ली", [4]),
        ("设备", [5]),
        ("备", [5]),
        ("NEAR", [6]),
        ("AND NOT", [6]),
        ("(x)", [6]),
        ("-y *z ^w", [6]),
        ("*", [6]),
        ("^w", [6]),
        ("NEAR(a b)", []),
        ("content:Equipment", []),
        ("Equipment OR rust", []),
        ("Equip*", []),
        ("\\", []),
        ("zq", []),
        ("x" * 200, []),
    ],
)
def test_titles(library: FlaskClient, search: str, titles: list[int]) -> None:
    assert found(library, search) == {TITLES[number] for number in titles}


def test_nothing_searched_is_everything(library: FlaskClient) -> None:
    assert found(library, "") == set(TITLES)


def test_a_new_title_is_found_and_the_old_one_is_not(client: FlaskClient) -> None:
    session = new_session(client, title="Harbour at night")
    client.patch(f"{SESSIONS}/{session}/title", json={"title": "Quay by day"})
    assert found(client, "quay") == found(client, "ay") == {"Quay by day"}
    assert found(client, "harbour") == found(client, "ht") == set()


def test_what_was_said(make_app: MakeApp) -> None:
    client = make_app(ScriptedModel("A crane lifts ", "50% of the load; ", "it's *very* high.")).test_client()
    session = new_session(client, title="One")
    new_session(client, title="Other")
    say(client, session, "Is the Ärmelkanal in it?")
    for search in (
        "ärmel",
        "KANAL",
        "nal in it?",
        "it",
        "50% of",
        "0%",
        "*very*",
        "*v",
        "it's",
        "h.",
        "lifts 50",
        "é"[:0],
    ):
        assert found(client, search) == ({"One", "Other"} if not search else {"One"}), search
    assert found(client, "crane lift ") == set()


def test_another_session_with_the_same_words(client: FlaskClient) -> None:
    first, second = new_session(client, title="First"), new_session(client, title="Second")
    say(client, first, "Where is the zebra?")
    say(client, second, "No animal here?")
    assert found(client, "zebra") == {"First"}
    assert found(client, "red square") == {"First", "Second"}
    client.delete(f"{SESSIONS}/{first}")
    assert found(client, "zebra") == {"First"}


def test_a_cancelled_answer_is_found(held: FlaskClient, gate: Gate) -> None:
    session = new_session(held, title="Cut")
    with held.post(f"{SESSIONS}/{session}/messages/stream", json={"message": "Count."}, buffered=False) as response:
        assert gate.reached.wait(10)
        message = held.get(f"{SESSIONS}/{session}").json["messages"][-1]["id"]
        assert held.post(f"{SESSIONS}/{session}/messages/{message}/cancel").status_code == 200
        gate.open()
        assert response.text
    assert found(held, "one two") == {"Cut"}
    assert found(held, "three") == set()


def test_what_a_crash_left_is_found(held: FlaskClient, gate: Gate, make_app: MakeApp) -> None:
    session = new_session(held, title="Crashed")
    services = parts(held)
    response = held.post(f"{SESSIONS}/{session}/messages/stream", json={"message": "Count."}, buffered=False)
    assert gate.reached.wait(10)
    services.generations.keep_so_far()
    with services.database.write() as rows:
        rows.connection().exec_driver_sql(
            "UPDATE messages SET worker_id = 'gone', content = 'One ' WHERE role = 'assistant'"
        )
    again = make_app().test_client()
    eventually({"Crashed"}, lambda: found(again, "one two"))
    gate.open()
    response.close()
