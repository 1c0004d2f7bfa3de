"""Plans approved, cancelled, expired; what each step does, and what becomes of a plan that meets the unforeseen."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from models.base import LOCAL_OWNER, new_id, now
from models.library import Link, Plan
from models.media import Image
from models.workers import Worker
from services.agent.actions import Step
from services.library.folder_rows import MAX_DEPTH
from services.plan_rows import StoredPlan
from services.plans import JOB
from tests.conftest import MakeApp, services_of, upload
from tests.plans.conftest import UNKNOWN, Library, create, put
from tests.sessions.conftest import SESSIONS, new_session, problem


def change(library: Library, plan: StoredPlan, **values: Any) -> None:
    """Put a plan into a state that only time or a crash brings."""
    with library.database.write() as work:
        work.execute(update(Plan).where(Plan.id == plan.id).values(**values))


def run(library: Library, plan: StoredPlan) -> None:
    """Take a plan up as a worker does after a start."""
    work = library.services.jobs.works[JOB]
    assert plan.id in work.waiting()
    work.run(plan.id)


def test_an_approved_plan_is_done_at_once(library: Library) -> None:
    photos = library.pictures(3)
    plan = library.propose(create("Beach"), put(photos, folder_id="$step:0"))
    response = library.decide(plan)
    assert response.status_code == 200
    body = response.json
    assert {key: body[key] for key in ("success", "plan_id", "message", "action_taken")} == {
        "success": True,
        "plan_id": plan.id,
        "message": "Plan completed",
        "action_taken": "approve",
    }
    results = body["results"]
    assert (results["fast_path"], results["steps_done"], results["steps_total"]) == (True, 2, 2)
    assert results["steps"][1]["result"]["moved"] == 3
    assert results["folder_modified"] is True
    assert [library.folder_of(photo) for photo in photos] == ["Beach"] * 3


def test_a_cancelled_plan_changes_nothing(library: Library) -> None:
    plan = library.propose(create("Beach"))
    response = library.decide(plan, "cancel")
    assert (response.status_code, response.json) == (
        200,
        {"success": True, "plan_id": plan.id, "message": "Plan cancelled.", "action_taken": "cancel"},
    )
    for action in ("approve", "cancel"):
        refused = library.decide(plan, action)
        assert problem(refused, 409, "PLAN_ALREADY_PROCESSED")["detail"] == "Plan is already being processed"
    assert library.folders() == {}
    assert [step.status for step in library.plan(plan.id).steps] == ["skipped"]


def test_a_plan_is_decided_once(library: Library) -> None:
    plan = library.done(create("Beach"))
    for action in ("approve", "cancel"):
        problem(library.decide(plan, action), 409, "PLAN_ALREADY_PROCESSED")


def test_every_change_a_plan_can_make(library: Library) -> None:
    one, two, three = library.pictures(3)
    manual = library.document()
    plan = library.done(
        create("Trips"),
        put([one, two], folder_name="Snow/2026"),
        Step("move_folder", {"folder_name": "Trips", "parent_id": "$step:1"}),
        Step("rename_folder", {"folder_id": "$step:0", "name": "Ways"}),
        Step("update_image", {"image_id": one, "title": " Peak ", "description": "From above."}),
        Step("link_image_to_document", {"image_ids": [one, two], "document_id": manual, "page": 2, "note": "See it."}),
        Step("delete_images", {"image_ids": [three]}),
        put([two], top=True),
    )
    assert library.folders() == {"Snow": None, "2026": "Snow", "Ways": "2026"}
    assert (library.folder_of(one), library.folder_of(two)) == ("2026", None)
    image = library.image(one)
    assert image is not None
    assert (image.title, image.description) == ("Peak", "From above.")
    assert library.image(three) is None
    with library.database.read() as work:
        links = work.execute(select(Link)).scalars().all()
    assert {(link.image_id, link.page, link.title, link.note) for link in links} == {
        (one, 2, "manual.pdf", "See it."),
        (two, 2, "manual.pdf", "See it."),
    }
    library.done(
        Step("unlink_image_from_document", {"link_id": links[0].id}),
        Step("delete_folder", {"folder_name": "Snow"}),
    )
    # What lay in it has moved up.
    assert library.folders() == {"2026": None, "Ways": "2026"}
    assert library.folder_of(one) == "2026"
    with library.database.read() as work:
        assert len(work.execute(select(Link)).scalars().all()) == 1
    assert plan.results is not None
    assert plan.results["steps"][6]["result"] == {"deleted": 1, "missing": []}


def test_deleted_pictures_go_with_their_files_and_what_was_said(library: Library) -> None:
    photo = upload(library.client)
    store = library.services.store
    assert list(store.keys("images/"))
    library.done(Step("delete_images", {"image_ids": [photo]}))
    assert list(store.keys("images/")) == []
    assert library.client.get(f"/images/{photo}").status_code == 404
    with library.database.read() as work:
        assert work.execute(select(Image)).first() is None


def test_pictures_that_are_gone_are_told_and_the_rest_is_done(library: Library) -> None:
    gone, there = library.pictures(2)
    plan = library.propose(put([gone, there], folder_name="Beach"), Step("delete_images", {"image_ids": [there, gone]}))
    with library.database.write() as work:
        work.execute(delete(Image).where(Image.id == gone))
    results = library.carry_out(plan).results
    assert results is not None
    assert (results["steps"][0]["result"]["moved"], results["steps"][0]["result"]["missing"]) == (1, [gone])
    assert results["steps"][1]["result"] == {"deleted": 1, "missing": [gone]}


def test_a_plan_whose_pictures_are_all_gone_fails_and_says_so(library: Library) -> None:
    photos = library.pictures(2)
    plan = library.propose(create("Beach"), put(photos, folder_id="$step:0"), create("Other"))
    with library.database.write() as work:
        work.execute(delete(Image))
    failed = library.carry_out(plan)
    assert (failed.status, failed.error) == ("failed", "Step 2: There is no image with this id.")
    results = failed.results
    assert results is not None
    assert [step["status"] for step in results["steps"]] == ["done", "failed", "skipped"]
    assert results["steps"][1]["result"]["error"]["code"] == "image_not_found"
    assert library.folders() == {"Beach": None}


def test_a_plan_that_fails_at_once_is_answered_so(library: Library) -> None:
    photos = library.pictures(1)
    plan = library.propose(create("Beach"), put(photos, folder_id="$step:0"), create("Other"))
    with library.database.write() as work:
        work.execute(delete(Image))
    response = library.decide(plan)
    assert (response.status_code, response.json["success"], response.json["action_taken"]) == (200, False, "approve")
    assert response.json["message"] == (
        "Plan failed. Step 2: There is no image with this id. 1 of 3 steps was done before, and stays."
    )
    assert response.json["results"]["error"] == "Step 2: There is no image with this id."
    assert response.json["results"]["fast_path"] is True


def test_a_step_that_fails_leaves_nothing_of_itself(library: Library) -> None:
    """It makes two folders before the third turns out to be too deep; none of them stays."""
    (photo,) = library.pictures(1)
    deep = "/".join(f"d{number}" for number in range(40))
    plan = library.propose(create("First"), put([photo], folder_name=deep))
    failed = library.carry_out(plan)
    assert (failed.status, failed.error) == ("failed", f"Step 2: Folders lie at most {MAX_DEPTH} deep.")
    assert library.folders() == {"First": None}


def test_what_was_taken_meanwhile_is_not_touched(library: Library) -> None:
    """Every id is looked at again when the step is done: the plan was right when it was made."""
    (photo,) = library.pictures(1)
    plan = library.propose(put([photo], folder_name="Mine"))
    with library.database.write() as work:
        work.execute(update(Image).values(owner_id="somebody"))
    assert library.carry_out(plan).status == "failed"
    image = library.image(photo)
    assert image is not None
    assert image.folder_id is None


def test_an_expired_plan_is_not_there(library: Library) -> None:
    plan = library.propose(create("Beach"))
    change(library, plan, expires_at=now() - timedelta(seconds=1))
    for action in ("approve", "cancel"):
        problem(library.decide(plan, action), 404, "PLAN_NOT_FOUND")
    assert library.client.get(library.url(plan)).json["status"] == "expired"
    assert library.services.plans.expire() == 1
    assert library.services.plans.expire() == 0
    with library.database.read() as work:
        assert work.get_one(Plan, plan.id).status == "expired"
    assert library.folders() == {}


def test_unknown_and_foreign_plans_are_not_there(library: Library) -> None:
    plan = library.propose(create("Beach"))
    other = new_session(library.client)
    for session, plan_id in ((library.session, UNKNOWN), (library.session, "x"), (other, plan.id)):
        url = f"{SESSIONS}/{session}/plans/{plan_id}"
        problem(library.client.post(f"{url}/action", json={"action": "approve"}), 404, "PLAN_NOT_FOUND")
        problem(library.client.post(f"{url}/undo"), 404, "PLAN_NOT_FOUND")
        problem(library.client.get(url), 404, "PLAN_NOT_FOUND")
    for url in (f"{SESSIONS}/{UNKNOWN}/plans", f"{SESSIONS}/x/plans/{plan.id}"):
        problem(library.client.get(url), 404, "SESSION_NOT_FOUND")


def test_a_closed_session_decides_nothing(library: Library) -> None:
    plan = library.propose(create("Beach"))
    done = library.done(create("Snow"))
    library.client.delete(f"{SESSIONS}/{library.session}")
    for action in ("approve", "cancel"):
        problem(library.decide(plan, action), 409, "SESSION_CLOSED")
    problem(library.undo(done), 409, "SESSION_CLOSED")
    assert library.client.get(library.url(plan)).status_code == 200


@pytest.mark.parametrize("body", [{}, {"action": "maybe"}, {"action": None}, {"action": ["approve"]}])
def test_what_is_no_decision(library: Library, body: dict[str, Any]) -> None:
    plan = library.propose(create("Beach"))
    problem(library.client.post(f"{library.url(plan)}/action", json=body), 422, "VALIDATION_ERROR")


def test_no_worker_leaves_the_plan_for_another_approval(idle: Library, make_app: MakeApp) -> None:
    plan = idle.propose(create("Beach"))
    problem(idle.decide(plan), 503, "SERVICE_UNAVAILABLE")
    assert idle.plan(plan.id).status == "pending"
    there = make_app(job_threads=1)
    services_of(there).start()
    again = there.test_client().post(f"{idle.url(plan)}/action", json={"action": "approve"})
    assert again.json["message"] == "Plan completed"


@pytest.mark.slow
def test_a_worker_that_takes_nothing_gives_the_plan_back(idle: Library) -> None:
    with idle.database.write() as work:
        work.add(Worker(id=new_id(), host="elsewhere", pid=1, job_threads=1, seen_at=now()))
    plan = idle.propose(create("Beach"))
    problem(idle.decide(plan), 503, "SERVICE_UNAVAILABLE")
    assert idle.plan(plan.id).status == "pending"
    # The job it left in the queue does nothing.
    idle.services.jobs.works[JOB].run(plan.id)
    assert idle.folders() == {}


def test_a_plan_of_a_dead_worker_goes_on_where_it_stopped(idle: Library) -> None:
    plan = idle.propose(create("First"), create("Second"), create("Third"))
    runs = idle.services.jobs.works[JOB]
    change(idle, plan, status="approved", decided_at=now())
    assert runs.waiting() == [plan.id]
    with idle.database.write() as work:
        work.execute(update(Plan).values(status="running", worker_id="of a process that is gone"))
    run(idle, plan)
    found = idle.plan(plan.id)
    assert (found.status, found.steps_done) == ("completed", 3)
    runs.run(plan.id)
    assert idle.folders() == {"First": None, "Second": None, "Third": None}


def test_a_stopping_server_leaves_the_plan_to_the_next(idle: Library) -> None:
    plan = idle.propose(create("First"))
    change(idle, plan, status="approved", decided_at=now())
    idle.services.jobs.stopping.set()
    idle.services.jobs.works[JOB].run(plan.id)
    idle.services.jobs.stopping.clear()
    assert (idle.plan(plan.id).status, idle.folders()) == ("approved", {})
    run(idle, plan)
    assert idle.plan(plan.id).status == "completed"


def test_a_plan_on_its_way_is_stopped_between_steps(idle: Library) -> None:
    """Its worker has died after the first step; whoever takes it up hears of the cancel first."""
    plan = idle.propose(create("First"), create("Second"))
    long_ago = now() - timedelta(seconds=5)
    change(idle, plan, status="running", worker_id="of a process that is gone", decided_at=long_ago)
    answers: list[Any] = []
    cancelling = threading.Thread(target=lambda: answers.append(idle.decide(plan, "cancel")))
    cancelling.start()
    deadline = time.monotonic() + 10
    while not idle.plan(plan.id).cancel_asked and time.monotonic() < deadline:
        time.sleep(0.01)
    run(idle, plan)
    cancelling.join()
    assert (answers[0].status_code, answers[0].json["message"]) == (200, "Plan cancelled.")
    assert idle.plan(plan.id).status == "cancelled"
    assert idle.folders() == {}
    problem(idle.decide(plan, "cancel"), 409, "PLAN_ALREADY_PROCESSED")


def test_a_plan_that_waits_to_be_taken_up_is_cancelled_at_once(idle: Library) -> None:
    plan = idle.propose(create("First"), create("Second"))
    change(idle, plan, status="approved", decided_at=now() - timedelta(seconds=5))
    assert idle.decide(plan, "cancel").json["message"] == "Plan cancelled."
    idle.services.jobs.works[JOB].run(plan.id)
    assert idle.folders() == {}


def test_a_cancel_is_too_late_while_the_approval_is_being_answered(library: Library) -> None:
    plan = library.propose(create("First"))
    change(library, plan, status="running", worker_id=library.services.roll.worker_id, decided_at=now())
    problem(library.decide(plan, "cancel"), 409, "PLAN_ALREADY_PROCESSED")
    assert not library.plan(plan.id).cancel_asked


def test_several_plans_of_one_owner_do_not_disturb_each_other(library: Library) -> None:
    plans = [library.propose(*[create(f"{name}{number}") for number in range(5)]) for name in "abcd"]
    threads = [threading.Thread(target=library.carry_out, args=(plan,)) for plan in plans]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {library.plan(plan.id).status for plan in plans} == {"completed"}
    assert len(library.folders()) == 20


def test_the_owner_of_a_plan_alone_is_served(library: Library) -> None:
    plans = library.services.plans
    plan = library.propose(create("Beach"))
    for call in (
        lambda: plans.get("somebody", library.session, plan.id),
        lambda: plans.list("somebody", library.session),
        lambda: plans.decide("somebody", library.session, plan.id, "approve"),
        lambda: plans.undo("somebody", library.session, plan.id),
    ):
        with pytest.raises(Exception, match="no session"):
            call()
    assert plans.get(LOCAL_OWNER, library.session, plan.id).status == "pending"
