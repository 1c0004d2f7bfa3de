"""The OpenAPI document: valid, true of what the server answers, and fuzzed against a running one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from openapi_spec_validator import OpenAPIV31SpecValidator

from config import ROOT
from tests.mock.aimock import Aimock
from tests.server import Server

SECONDS = 90
CONFIG = """
[checks.negative_data_rejection]
# A text that is too long can make the address so; the others are the program's own.
expected-statuses = [400, 401, 403, 404, 405, 406, 409, 414, 415, 422, 428, 429]

[[operations]]
# Its address is also one of a session's, which takes GET.
include-path = "/api/v1/session/reset"
checks.allow_header_conformance.enabled = false
checks.positive_data_acceptance.enabled = false

[[operations]]
# No schema can say what the bytes of a picture or a sound are, that a name ends in .jpg, which fields go together,
# or that a link leads to a picture.
include-path-regex = "^(/upload|/chat|/v1/.*|/api/.*|/studio/.*)$"
checks.positive_data_acceptance.enabled = false
"""


@pytest.fixture
def document(client: FlaskClient) -> dict[str, Any]:
    found = client.get("/openapi.json").json
    assert isinstance(found, dict)
    return found


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(path, method, found) for path, item in document["paths"].items() for method, found in item.items()]


def test_it_is_valid_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1.")
    assert [error.message for error in OpenAPIV31SpecValidator(document).iter_errors()] == []


def test_every_operation_says_what_it_does_and_how_it_fails(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        assert operation["summary"], (method, path)
        assert operation["tags"], (method, path)
        for status, response in operation["responses"].items():
            assert response["description"], (method, path, status)
            assert response.get("content") or status == "204", (method, path, status)


def test_ids_of_operations_differ(document: dict[str, Any]) -> None:
    ids = [operation["operationId"] for _, _, operation in operations(document) if "operationId" in operation]
    assert len(set(ids)) == len(ids)


def test_the_classic_surface_never_promises_a_422(document: dict[str, Any]) -> None:
    for path, _, operation in operations(document):
        if not path.startswith("/api/"):
            assert "422" not in operation["responses"], path
    assert "ValidationErrorModel" not in document["components"]["schemas"]


def test_the_error_body(document: dict[str, Any]) -> None:
    body = document["components"]["schemas"]["ErrorBody"]
    assert body["required"] == ["error"]
    detail = document["components"]["schemas"]["ErrorDetail"]
    assert set(detail["properties"]) == {"message", "type", "param", "code"}
    for status in ("400", "404", "413", "415", "502", "503", "504"):
        content = document["paths"]["/chat/{image_id}"]["post"]["responses"][status]["content"]
        assert content["application/json"]["schema"] == {"$ref": "#/components/schemas/ErrorBody"}


def test_the_upload_is_a_form_with_a_file(document: dict[str, Any]) -> None:
    body = document["paths"]["/upload"]["post"]["requestBody"]
    assert body["required"] is True
    assert list(body["content"]) == ["multipart/form-data"]
    form = document["components"]["schemas"]["UploadForm"]
    assert form["required"] == ["file"]
    assert form["properties"]["file"]["type"] == "string"
    assert form["properties"]["file"]["format"] == "binary"


def test_streams_are_documented_as_such(document: dict[str, Any]) -> None:
    content = document["paths"]["/chat-stream/{image_id}"]["post"]["responses"]["200"]["content"]
    assert list(content) == ["text/event-stream"]


def test_keys_are_documented(document: dict[str, Any]) -> None:
    schemes = document["components"]["securitySchemes"]
    assert schemes["bearer"]["scheme"] == "bearer"
    assert schemes["key"]["name"] == "X-API-Key"
    assert document["security"] == [{}, {"bearer": []}, {"key": []}]


SAME_CASES = ("--seed", "20261120", "--generation-deterministic")
"""What one run found, the next finds again."""


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_fuzzing_finds_nothing(server: Server, answering: Aimock, tmp_path: Path) -> None:
    """Schemathesis sends what the document allows and what it forbids, and checks every answer against it."""
    program = Path(sys.executable).with_name("schemathesis")
    (tmp_path / "schemathesis.toml").write_text(CONFIG)
    run = subprocess.run(
        [str(program), "run", f"{server.url}/openapi.json", "--no-color", "--max-time", str(SECONDS), *SAME_CASES],
        cwd=tmp_path,
        env=os.environ | {"NO_PROXY": "127.0.0.1", "COLUMNS": "160"},
        capture_output=True,
        text=True,
        timeout=SECONDS + 120,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-8000:] + run.stderr[-2000:]
    assert str(ROOT) not in run.stdout
