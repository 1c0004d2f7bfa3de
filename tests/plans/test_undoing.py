"""Plans taken back: all of it or nothing, once, and not over what has changed since."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import delete, select, update

from models.library import Document, Folder, Link
from models.media import Image
from services.agent.actions import Step
from tests.plans.conftest import Library, create, put
from tests.sessions.conftest import problem


def state(library: Library) -> dict[str, Any]:
    """All that plans can change, without times."""
    with library.database.read() as work:
        return {
            "folders": sorted(work.execute(select(Folder.id, Folder.name, Folder.parent_id, Folder.place)).all()),
            "images": sorted(
                work.execute(select(Image.id, Image.title, Image.description, Image.folder_id)).all(), key=str
            ),
            "documents": sorted(work.execute(select(Document.id, Document.folder_id)).all(), key=str),
            "links": sorted(
                work.execute(select(Link.id, Link.image_id, Link.document_id, Link.page, Link.title, Link.note)).all()
            ),
        }


def furnished(library: Library) -> tuple[list[str], str]:
    """Pictures and a document in folders, one of them linked."""
    photos, manual = library.pictures(3), library.document()
    library.done(
        create("Trips"),
        create("Beach", parent_id="$step:0"),
        put(photos[:2], folder_id="$step:1"),
        Step("update_image", {"image_id": photos[0], "title": "Sun"}),
        Step("link_image_to_document", {"image_id": photos[0], "document_id": manual, "page": 1}),
    )
    with library.database.write() as work:
        folder = work.execute(select(Folder.id).where(Folder.name == "Trips")).scalar_one()
        work.execute(update(Document).values(folder_id=folder))
    return photos, manual


def test_everything_is_as_it_was(library: Library) -> None:
    photos, manual = furnished(library)
    before = state(library)
    plan = library.done(
        put(photos, folder_name="New/Place"),
        Step("rename_folder", {"folder_name": "Trips", "name": "Ways"}),
        Step("move_folder", {"folder_name": "Beach", "top": True}),
        Step("update_image", {"image_id": photos[0], "title": "Moon", "description": "By night."}),
        Step("link_image_to_document", {"image_ids": photos[1:], "document_id": manual}),
        Step("unlink_image_from_document", {"image_id": photos[0], "document_id": manual}),
        Step("delete_folder", {"folder_name": "Beach"}),
        create("Last"),
    )
    assert state(library) != before
    response = library.undo(plan)
    assert (response.status_code, response.json) == (
        200,
        {"success": True, "plan_id": plan.id, "message": "Plan undone."},
    )
    after = state(library)
    # The folder above the one that was made for the pictures is not the plan's to take away.
    after["folders"] = [folder for folder in after["folders"] if folder.name != "New"]
    assert after == before
    assert library.client.get(library.url(plan)).json["status"] == "undone"


def test_a_folder_comes_back_with_all_that_lay_in_it(library: Library) -> None:
    furnished(library)
    before = state(library)
    plan = library.done(Step("delete_folder", {"folder_name": "Trips"}))
    assert library.folders() == {"Beach": None}
    assert library.undo(plan).status_code == 200
    assert state(library) == before


def test_a_folder_is_deleted_as_the_api_deletes_one(library: Library) -> None:
    """What lies in it comes to lie where it lay, a folder whose name is taken there under another name."""
    photos, _manual = furnished(library)
    library.done(put(photos[2:], folder_name="Trips/Beach/Beach"))
    library.done(create("Sea", parent_name="Trips"), create("Sea", parent_name="Trips/Beach"))
    before = state(library)
    plan = library.done(Step("delete_folder", {"folder_name": "Trips/Beach"}))
    assert [library.folder_of(photo) for photo in photos] == ["Trips", "Trips", "Beach"]
    assert library.folders() == {"Trips": None, "Beach": "Trips", "Sea": "Trips", "Sea (2)": "Trips"}
    result = library.plan(plan.id).steps[0].result
    assert result is not None
    assert (result["images_moved"], result["documents_moved"], result["folders_moved"]) == (2, 0, 2)
    assert library.undo(plan).status_code == 200
    assert state(library) == before


def test_a_plan_is_undone_once(library: Library) -> None:
    plan = library.done(create("Beach"))
    assert library.undo(plan).status_code == 200
    problem(library.undo(plan), 409, "PLAN_ALREADY_UNDONE")
    assert library.folders() == {}


def test_what_is_not_finished_or_did_nothing_is_not_undone(library: Library) -> None:
    plan = library.propose(create("Beach"))
    problem(library.undo(plan), 409, "PLAN_NOT_FINISHED")
    library.decide(plan, "cancel")
    problem(library.undo(plan), 409, "PLAN_NOT_REVERSIBLE")


def test_what_a_failed_plan_did_is_undone(library: Library) -> None:
    photos = library.pictures(1)
    plan = library.propose(create("Beach"), put(photos, folder_id="$step:0"))
    with library.database.write() as work:
        work.execute(delete(Image))
    assert library.carry_out(plan).status == "failed"
    assert library.undo(plan).status_code == 200
    assert library.folders() == {}


def test_deleted_pictures_stay_deleted(library: Library) -> None:
    photos = library.pictures(2)
    plan = library.done(create("Beach"), Step("delete_images", {"image_ids": photos[:1]}))
    refused = problem(library.undo(plan), 409, "PLAN_NOT_REVERSIBLE")
    assert "Step 2" in refused["detail"]
    assert refused["context"] == {"step": 1}
    assert library.folders() == {"Beach": None}


@pytest.mark.parametrize(
    ("meanwhile", "words"),
    [
        (Step("rename_folder", {"folder_name": "New", "name": "Newer"}), "another name"),
        (Step("move_folder", {"folder_name": "Moved", "top": True}), "lies elsewhere"),
        (Step("update_image", {"image_id": "0", "title": "Mars"}), "described otherwise"),
        (put(["1"], top=True), "lie elsewhere"),
        (put(["2"], folder_name="Last"), "not empty"),
        (create("Gone"), "another folder"),
        (Step("link_image_to_document", {"image_id": "0", "document_id": "m", "page": 1}), "linked again"),
        (Step("unlink_image_from_document", {"image_id": "1", "document_id": "m"}), "is gone"),
        (Step("delete_folder", {"folder_name": "New"}), "is gone"),
    ],
    ids=lambda value: value.tool_name if isinstance(value, Step) else value,
)
def test_nothing_is_undone_over_what_has_changed(library: Library, meanwhile: Step, words: str) -> None:
    photos, manual = furnished(library)
    library.done(create("Old"), create("Gone"), create("Moved"))
    plan = library.done(
        Step("rename_folder", {"folder_name": "Old", "name": "New"}),
        Step("move_folder", {"folder_name": "Moved", "parent_name": "Trips"}),
        Step("update_image", {"image_id": photos[0], "title": "Moon"}),
        put(photos[:2], folder_name="Place"),
        create("Last"),
        Step("delete_folder", {"folder_name": "Gone"}),
        Step("unlink_image_from_document", {"image_id": photos[0], "document_id": manual}),
        Step("link_image_to_document", {"image_id": photos[1], "document_id": manual}),
    )
    ids = {"0": photos[0], "1": photos[1], "2": photos[2], "m": manual}
    arguments = {
        name: [ids[one] for one in value] if isinstance(value, list) else ids.get(value, value)
        for name, value in meanwhile.arguments.items()
    }
    library.done(Step(meanwhile.tool_name, arguments))
    before = state(library)
    assert words in problem(library.undo(plan), 409, "PLAN_OUTDATED")["detail"]
    assert state(library) == before
    assert library.plan(plan.id).status == "completed"
