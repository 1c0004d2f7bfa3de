"""Plans as they are proposed: checked, completed, in words."""

from __future__ import annotations

from typing import Any

import pytest

from models.base import LOCAL_OWNER
from services.agent.actions import ACTIONS, Step
from services.errors import AssistantError, Conflict, NotFound
from tests.plans.conftest import UNKNOWN, Library, create, put


def words(library: Library, *steps: Step) -> list[str]:
    return [step.description for step in library.propose(*steps).steps]


def test_each_step_says_what_it_does_and_what_cannot_be_undone(library: Library) -> None:
    one, two = library.pictures(2)
    manual = library.document()
    library.done(create("Old"))
    said = words(
        library,
        create("Trips"),
        create("Beach", parent_id="$step:0"),
        put([one, two], folder_name="beach"),
        put([one], folder_name="Snow/2026"),
        put([two], top=True),
        Step("rename_folder", {"folder_name": "old", "name": "Older"}),
        Step("move_folder", {"folder_name": "Old", "parent_id": "$step:0.id"}),
        Step("delete_folder", {"folder_name": "OLD"}),
        Step("update_image", {"image_id": one, "title": "Sun\n set", "description": ""}),
        Step("link_image_to_document", {"image_ids": [one, two], "document_id": manual, "page": 2}),
        Step("unlink_image_from_document", {"image_id": one, "document_id": manual}),
        Step("delete_images", {"image_ids": [one, two, one]}),
    )
    assert said == [
        "Create the folder “Trips”.",
        "Create the folder “Beach” in “Trips”.",
        "Move 2 photos into the folder “Beach”.",
        "Move “photo-0.jpg” into the new folder “Snow/2026”.",
        "Take “photo-1.jpg” out of its folder.",
        "Rename the folder “Old” to “Older”.",
        "Move the folder “Old” into “Trips”.",
        "Delete the folder “Old”; what lies in it moves up one level.",
        "Change “photo-0.jpg”: its title to “Sun set” and no description.",
        "Link 2 photos to “manual.pdf”, page 2.",
        "Remove the link of “photo-0.jpg” with “manual.pdf”.",
        "Delete 2 photos for good. This cannot be undone.",
    ]


def test_a_plan_is_shown_whole(library: Library) -> None:
    plan = library.propose(create("Trips"), title="Sort")
    shown = library.client.get(library.url(plan)).json
    assert (shown["title"], shown["status"], shown["steps_total"], shown["reversible"]) == ("Sort", "pending", 1, True)
    assert shown["steps"][0] == {
        "index": 0,
        "agent_name": "FolderAgent",
        "tool_name": "create_folder",
        "description": "Create the folder “Trips”.",
        "arguments": {"name": "Trips"},
        "reversible": True,
        "status": "waiting",
        "result": None,
        "finished_at": None,
    }
    later = library.propose(create("Other"))
    listed = library.client.get(f"{library.url(plan).rsplit('/', 1)[0]}?limit=1").json
    assert ([one["plan_id"] for one in listed["plans"]], listed["total_count"], listed["has_more"]) == (
        [later.id],
        2,
        True,
    )


def test_folders_that_are_there_are_kept_by_their_ids(library: Library) -> None:
    """What is approved is the folder that was shown, also when another of its name appears meanwhile."""
    made = library.done(create("Trips"), create("Beach", parent_id="$step:0"), create("Beach2"))
    beach = (made.steps[1].result or {})["id"]
    (one,) = library.pictures(1)
    for name in ("beach", "Trips/Beach", " trips / beach ", "TRIPS/Beach/"):
        plan = library.propose(put([one], folder_name=name))
        assert plan.steps[0].arguments == {"image_ids": [one], "folder_id": beach}


@pytest.mark.parametrize(
    ("step", "code", "field"),
    [
        (Step("format_disk", {}), "invalid_request", "steps.0.tool_name"),
        (Step("search_images", {}), "invalid_request", "steps.0.tool_name"),
        (Step("create_folder", {}), "invalid_request", "steps.0.arguments"),
        (Step("create_folder", {"name": "a", "colour": "red"}), "invalid_request", "steps.0.arguments"),
        (Step("create_folder", {"name": 7}), "invalid_request", "steps.0.arguments"),
        (create("a/b"), "invalid_request", "steps.0.arguments.name"),
        (create("  "), "invalid_request", "steps.0.arguments.name"),
        (create("a\x00"), "invalid_request", "steps.0.arguments"),
        (create("a\ud800"), "invalid_request", "steps.0.arguments"),
        (create("a", parent_id=UNKNOWN), "folder_not_found", "folder_id"),
        (create("a", parent_name="nowhere"), "folder_not_found", "parent_name"),
        (create("a", parent_id="$step:0"), "invalid_request", "steps.0.arguments"),
        (create("a", parent_id="$step:9"), "invalid_request", "steps.0.arguments"),
        (Step("rename_folder", {"name": "x"}), "invalid_request", "steps.0.arguments.folder_id"),
        (Step("delete_folder", {"folder_name": "nowhere"}), "folder_not_found", "folder_name"),
        (put([]), "invalid_request", "steps.0.arguments"),
        (put([UNKNOWN], folder_name="x"), "image_not_found", "image_id"),
        (put([UNKNOWN], folder_name="x", top=True), "invalid_request", "steps.0.arguments.folder_id"),
        (Step("update_image", {"image_id": UNKNOWN}), "invalid_request", "steps.0.arguments.title"),
        (Step("delete_images", {"image_ids": ["' OR 1=1 --"]}), "image_not_found", "image_id"),
        (Step("delete_images", {"image_ids": "all"}), "invalid_request", "steps.0.arguments"),
        (Step("unlink_image_from_document", {"link_id": UNKNOWN}), "link_not_found", "link_id"),
        (Step("unlink_image_from_document", {"image_id": UNKNOWN}), "invalid_request", "steps.0.arguments.link_id"),
    ],
    ids=str,
)
def test_what_cannot_be_done_is_no_plan(library: Library, step: Step, code: str, field: str) -> None:
    with pytest.raises(AssistantError) as refused:
        library.propose(step)
    assert (refused.value.code, refused.value.field) == (code, field)


@pytest.mark.parametrize("count", [0, 51])
def test_a_plan_has_1_to_50_steps(library: Library, count: int) -> None:
    with pytest.raises(AssistantError, match="1 to 50 steps"):
        library.propose(*[create(f"f{number}") for number in range(count)])


def test_what_is_anothers_is_not_there(library: Library) -> None:
    (theirs,) = library.pictures(1, "somebody")
    manual = library.document("somebody")
    (mine,) = library.pictures(1)
    for step in (
        put([mine, theirs], folder_name="x"),
        Step("delete_images", {"image_ids": [theirs]}),
        Step("link_image_to_document", {"image_id": mine, "document_id": manual}),
    ):
        with pytest.raises(NotFound):
            library.propose(step)
    with pytest.raises(NotFound):
        library.services.plans.propose("somebody", library.session, None, "x", [create("x")])


def test_a_name_that_several_folders_have_is_asked_about(library: Library) -> None:
    library.done(create("A"), create("B"), create("Same", parent_id="$step:0"), create("Same", parent_id="$step:1"))
    with pytest.raises(Conflict) as refused:
        library.propose(Step("delete_folder", {"folder_name": "same"}))
    assert refused.value.context == {"paths": ["A/Same", "B/Same"]}


def test_a_closed_session_takes_no_plan(library: Library) -> None:
    library.client.delete(f"/api/v2/chat/sessions/{library.session}")
    with pytest.raises(Conflict) as refused:
        library.propose(create("x"))
    assert refused.value.code == "session_closed"


def test_the_schemas_are_schemas(library: Library) -> None:
    import jsonschema

    for name, action in ACTIONS.items():
        jsonschema.Draft202012Validator.check_schema(action.spec.parameters)
        assert action.spec.name == name
        assert action.spec.description


def test_a_description_given_is_kept(library: Library) -> None:
    step: dict[str, Any] = {"agent_name": "FolderAgent", "description": "फ़ोल्डर बनाएँ"}
    plan = library.services.plans.propose(
        LOCAL_OWNER, library.session, None, "t", [Step("create_folder", {"name": "x"}, **step)]
    )
    assert plan.steps[0].description == "फ़ोल्डर बनाएँ"
