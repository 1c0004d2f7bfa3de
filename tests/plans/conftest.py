"""Sessions with pictures, documents and folders, and plans proposed as the agents do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_openapi3 import OpenAPI
from sqlalchemy import delete, insert, select

from app import create_app
from config import Settings
from models.base import LOCAL_OWNER, new_id, now
from models.database import Database
from models.library import Document, Folder, Link, Plan
from models.media import Image
from services.agent.actions import Step
from services.container import Services
from services.plan_rows import StoredPlan
from tests import hosts
from tests.conftest import MakeApp, services_of
from tests.fakes import ScriptedModel
from tests.inventory import eventually
from tests.sessions.conftest import SESSIONS, new_session

UNKNOWN = "00000000-0000-4000-8000-000000000000"


@dataclass
class Library:
    """An application with a session, and what a test does with its plans."""

    app: OpenAPI
    client: FlaskClient
    session: str

    @property
    def services(self) -> Services:
        return services_of(self.app)

    @property
    def database(self) -> Database:
        return self.services.database

    def propose(self, *steps: Step, title: str = "Tidy up") -> StoredPlan:
        return self.services.plans.propose(LOCAL_OWNER, self.session, None, title, steps)

    def decide(self, plan: StoredPlan, action: str = "approve") -> Any:
        return self.client.post(f"{self.url(plan)}/action", json={"action": action})

    def carry_out(self, plan: StoredPlan) -> StoredPlan:
        """Approve a plan; how it ended, also on a machine that takes more than the two seconds."""
        response = self.decide(plan)
        assert response.status_code in (200, 202), response.text
        eventually(True, lambda: self.plan(plan.id).finished, within_s=60)
        return self.plan(plan.id)

    def done(self, *steps: Step) -> StoredPlan:
        """Steps proposed and approved; the plan afterwards."""
        found = self.carry_out(self.propose(*steps))
        assert found.status == "completed", found.error
        return found

    def undo(self, plan: StoredPlan) -> Any:
        return self.client.post(f"{self.url(plan)}/undo")

    def plan(self, plan_id: str) -> StoredPlan:
        return self.services.plans.get(LOCAL_OWNER, self.session, plan_id)

    def url(self, plan: StoredPlan) -> str:
        return f"{SESSIONS}/{self.session}/plans/{plan.id}"

    def pictures(self, count: int, owner: str = LOCAL_OWNER) -> list[str]:
        return add_pictures(self.database, count, owner)

    def document(self, owner: str = LOCAL_OWNER, pages: int = 3) -> str:
        return add_document(self.database, owner, pages)

    def folders(self) -> dict[str, str | None]:
        """The paths of all folders; each with its parent's name."""
        with self.database.read() as work:
            rows = {row.id: row for row in work.execute(select(Folder)).scalars()}
        return {row.name: rows[row.parent_id].name if row.parent_id else None for row in rows.values()}

    def folder_of(self, image_id: str) -> str | None:
        """The name of the folder a picture lies in."""
        with self.database.read() as work:
            asked = select(Folder.name).join(Image, Image.folder_id == Folder.id).where(Image.id == image_id)
            found: str | None = work.execute(asked).scalar()
            return found

    def image(self, image_id: str) -> Image | None:
        with self.database.read() as work:
            return work.get(Image, image_id)


def add_pictures(database: Database, count: int, owner: str = LOCAL_OWNER) -> list[str]:
    """Rows of pictures that have no files."""
    ids = [new_id() for _ in range(count)]
    rows = [
        {
            "id": image_id,
            "owner_id": owner,
            "filename": f"photo-{number}.jpg",
            "mime_type": "image/jpeg",
            "size_bytes": 1,
            "width": 1,
            "height": 1,
            "sha256": image_id,
            "storage_key": f"images/{image_id[:2]}/{image_id}/original.jpg",
            "analysis_status": "ready",
            "created_at": now(),
        }
        for number, image_id in enumerate(ids)
    ]
    with database.write() as work:
        work.execute(insert(Image), rows)
    return ids


def add_document(database: Database, owner: str = LOCAL_OWNER, pages: int = 3) -> str:
    document_id = new_id()
    with database.write() as work:
        work.execute(
            insert(Document).values(
                id=document_id,
                owner_id=owner,
                filename="manual.pdf",
                kind="pdf",
                mime_type="application/pdf",
                size_bytes=1,
                sha256=document_id,
                storage_key=f"documents/{document_id}",
                status="ready",
                page_count=pages,
            )
        )
    return document_id


@pytest.fixture(scope="module")
def working(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenAPI]:
    """One application for all tests of a file; it carries plans out."""
    data = tmp_path_factory.mktemp("working") / "data"
    values = {"data_dir": data, "fetch_models": False, "job_threads": 1} | hosts.settings(data)
    app = create_app(Settings(**values), ScriptedModel())
    yield app
    services_of(app).stop()


@pytest.fixture
def library(working: OpenAPI) -> Library:
    """That application, with nothing in it but an empty session."""
    services_of(working).start()
    with services_of(working).database.write() as work:
        for table in (Plan, Link, Image, Document, Folder):
            work.execute(delete(table))
    client = working.test_client()
    return Library(working, client, new_session(client))


@pytest.fixture
def idle(make_app: MakeApp) -> Library:
    """An application of the test's own that does no jobs, with an empty session."""
    app = make_app(job_threads=0)
    client = app.test_client()
    return Library(app, client, new_session(client))


def create(name: str, **more: Any) -> Step:
    return Step("create_folder", {"name": name, **more})


def put(image_ids: Sequence[str], **more: Any) -> Step:
    return Step("move_images_to_folder", {"image_ids": list(image_ids), **more})
