"""The real application over real files, one for each test."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest
from flask.testing import FlaskClient
from flask_openapi3 import OpenAPI
from PIL import Image

from app import create_app
from config import Settings
from services.container import Services
from services.providers.base import ChatModel
from tests import hosts
from tests.fakes import ScriptedModel
from tests.mock.aimock import aimock, aimock_server

__all__ = ["aimock", "aimock_server"]

MakeApp = Callable[..., OpenAPI]

# How long an example takes by the clock says more of the machine than of the code.
hypothesis.settings.register_profile("unhurried", deadline=None)
hypothesis.settings.load_profile("unhurried")


@pytest.fixture
def make_app(tmp_path: Path) -> Iterator[MakeApp]:
    """Makes applications that share one data folder, as one server started again would. They do no jobs but when told
    to by `services_of(app).jobs.run_pending()`, or made with `job_threads`. The model is
    scripted unless one is given or the settings name a `vision_provider`."""
    made: list[OpenAPI] = []

    def make(model: ChatModel | None = None, **settings: object) -> OpenAPI:
        data = tmp_path / "data"
        values = {"data_dir": data, "fetch_models": False, "job_threads": 0} | hosts.settings(data) | settings
        scripted = None if "vision_provider" in settings else ScriptedModel()
        app = create_app(Settings(**values), model or scripted)
        made.append(app)
        return app

    yield make
    for app in made:
        services_of(app).stop()


def services_of(app: OpenAPI) -> Services:
    return app.extensions["services"]


@pytest.fixture
def client(make_app: MakeApp) -> FlaskClient:
    return make_app().test_client()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    """A client of one application for all tests of a file that need no empty one."""
    folder = tmp_path_factory.mktemp("shared")
    app = create_app(Settings(data_dir=folder, fetch_models=False, **hosts.settings(folder)), ScriptedModel())
    yield app.test_client()
    services_of(app).stop()


def picture(kind: str = "JPEG", size: tuple[int, int] = (64, 48), colour: str = "red", **options: object) -> bytes:
    """An encoded picture of one colour."""
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, kind, **options)
    return buffer.getvalue()


def upload(client: FlaskClient, data: bytes | None = None, name: str = "photo.jpg") -> str:
    """Upload a picture; its id."""
    sent = (io.BytesIO(picture() if data is None else data), name)
    response = client.post("/upload", data={"file": sent})
    assert response.status_code == 201, response.json
    return response.json["image_id"]
