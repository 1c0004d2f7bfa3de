"""The Postman collection at the repository's root: in the card's order, and green against a running server."""

from __future__ import annotations

import fcntl
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from config import ROOT
from tests.mock.aimock import Aimock
from tests.routes.conftest import answering, upstream  # noqa: F401
from tests.server import running

HERE = Path(__file__).parent
NEWMAN = HERE / "node_modules" / ".bin" / "newman"
COLLECTION = ROOT / "postman_collection.json"

CLASSIC = [
    ("1. Upload Image", "POST", "{{base_url}}/upload"),
    ("2. Chat About Image", "POST", "{{base_url}}/chat/{{image_id}}"),
    ("3. Chat About Image (Streaming)", "POST", "{{base_url}}/chat-stream/{{image_id}}"),
    ("4. Chat with History Context", "POST", "{{base_url}}/chat/{{image_id}}"),
    ("5. Error Test - Invalid Image", "POST", "{{base_url}}/upload"),
    ("6. Error Test - Image Not Found", "POST", "{{base_url}}/chat/00000000-0000-0000-0000-000000000000"),
    ("7. Error Test - Missing Question", "POST", "{{base_url}}/chat/{{image_id}}"),
]


def collection() -> dict[str, Any]:
    found = json.loads(COLLECTION.read_text())
    assert isinstance(found, dict)
    return found


def install() -> None:
    """`npm ci` if the locked version is not there; one process at a time."""
    lock = HERE / "package-lock.json"
    wanted = json.loads(lock.read_text())["packages"]["node_modules/newman"]["version"]
    manifest = HERE / "node_modules" / "newman" / "package.json"
    with lock.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if manifest.is_file() and json.loads(manifest.read_text())["version"] == wanted:
            return
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=HERE, check=True, capture_output=True, timeout=240)


def test_it_is_a_collection_of_version_2_1() -> None:
    info = collection()["info"]
    assert info["name"] == "Visual Assistant API"
    assert info["schema"] == "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
    variables = {variable["key"]: variable["value"] for variable in collection()["variable"]}
    assert variables == {"base_url": "http://127.0.0.1:5000", "image_id": ""}


def test_the_classic_requests_come_first() -> None:
    first = [(item["name"], item["request"]["method"], item["request"]["url"]["raw"]) for item in collection()["item"]]
    assert first[: len(CLASSIC)] == CLASSIC


def test_every_request_has_tests_and_its_files() -> None:
    for item in collection()["item"]:
        script = "\n".join(item["event"][0]["script"]["exec"])
        assert "pm.test(" in script, item["name"]
        for field in item["request"].get("body", {}).get("formdata", []):
            assert field["type"] == "text" or (ROOT / field["src"]).is_file()
    assert 'pm.collectionVariables.set("image_id"' in "\n".join(collection()["item"][0]["event"][0]["script"]["exec"])


@pytest.mark.slow
def test_it_runs_green(answering: Aimock, tmp_path: Path) -> None:  # noqa: F811
    install()
    report = tmp_path / "report.json"
    with running(tmp_path / "server", JOB_THREADS="2", **upstream(answering)) as server:
        run = subprocess.run(
            [
                str(NEWMAN),
                "run",
                COLLECTION.name,
                "--env-var",
                f"base_url={server.url}",
                "--reporters",
                "cli,json",
                "--reporter-json-export",
                str(report),
                "--color",
                "off",
            ],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
    assert run.returncode == 0, run.stdout[-6000:]
    found = json.loads(report.read_text())["run"]
    assert found["failures"] == []
    assert found["stats"]["requests"]["total"] == len(collection()["item"])
    assert found["stats"]["assertions"]["total"] > 2 * len(collection()["item"])
    assert found["stats"]["testScripts"]["failed"] == 0
