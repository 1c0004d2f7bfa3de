"""One application for a module of the library's tests; each test begins with an empty library."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from flask_openapi3 import OpenAPI

from app import create_app
from config import Settings
from models.base import LOCAL_OWNER
from tests import hosts
from tests.conftest import services_of
from tests.fakes import ScriptedModel


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("library") / "data"


@pytest.fixture(scope="module")
def shared_app(data: Path) -> Iterator[OpenAPI]:
    values = {"data_dir": data, "fetch_models": False, "job_threads": 0} | hosts.settings(data)
    made = create_app(Settings(**values), ScriptedModel())
    yield made
    services_of(made).stop()


@pytest.fixture
def library(shared_app: OpenAPI) -> FlaskClient:
    client = shared_app.test_client()
    client.get("/api/v2/usage")
    services = services_of(shared_app)
    while ids := services.sessions.all_images(LOCAL_OWNER, 5000, 0)[0]:
        services.images.delete_many(LOCAL_OWNER, ids)
    while documents := client.get("/api/v2/documents").json["documents"]:
        for document in documents:
            client.delete(f"/api/v2/documents/{document['id']}")
    for folder in client.get("/api/v2/folders").json["folders"]:
        client.delete(f"/api/v2/folders/{folder['id']}")
    return client
