"""The files one deploys with: they say what is true of the program they deploy."""

from __future__ import annotations

import re
from typing import Any

import yaml

from config import ROOT, described

SETTINGS = {name for name, _meaning, _default in described()}
DOCKERFILE = (ROOT / "Dockerfile").read_text()


def compose() -> dict[str, Any]:
    loaded = yaml.safe_load((ROOT / "compose.yaml").read_text())
    assert isinstance(loaded, dict)
    return loaded


def test_compose_has_two_servers_and_what_they_share() -> None:
    services = compose()["services"]
    assert set(services) == {"app1", "app2", "schema", "postgres", "redis", "minio", "bucket", "nginx"}
    for name in ("app1", "app2", "schema"):
        assert set(services[name]["environment"]) <= SETTINGS
        assert {"DATABASE_URL", "REDIS_URL", "STORAGE_URL", "SECRET_KEY"} <= set(services[name]["environment"])
    assert services["app1"]["volumes"] != services["app2"]["volumes"]


def test_compose_waits_for_what_is_there() -> None:
    services = compose()["services"]
    for name, service in services.items():
        for other, how in service.get("depends_on", {}).items():
            assert other in services, f"{name} waits for {other}"
            if how["condition"] == "service_healthy":
                checked = "healthcheck" in services[other] or "build" in services[other]
                assert checked, f"nobody checks {other}"
    kept = {mount.split(":")[0] for service in services.values() for mount in service.get("volumes", ())}
    assert {name for name in kept if not name.startswith(".")} == set(compose()["volumes"])


def test_compose_holds_no_secret() -> None:
    text = (ROOT / "compose.yaml").read_text()
    for name, value in re.findall(r"^\s+(\w*(?:PASSWORD|SECRET|KEY)\w*): (.+)$", text, re.MULTILINE):
        assert value.startswith("${") or name.endswith("_ID"), name


def test_compose_names_versions() -> None:
    for name, service in compose()["services"].items():
        assert "build" in service or re.search(r":[\w.-]*\d", service["image"]), f"{name} is another every day"


def test_nginx_speaks_to_the_servers_of_compose() -> None:
    conf = (ROOT / "deploy" / "nginx.conf").read_text()
    assert set(re.findall(r"server (\w+):5000", conf)) == {"app1", "app2"}


def test_the_image_has_all_of_the_program_and_no_root() -> None:
    copied = set(re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE))
    named = {name for names in copied for name in names.split()}
    program = {"app.py", "config.py", "migrations", "models", "routes", "services", "static", "templates"}
    assert named == program | {"Pipfile", "Pipfile.lock"}
    assert all((ROOT / name).exists() for name in named)
    offered = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert offered == named
    last = DOCKERFILE.rpartition("\nFROM ")[2]
    assert re.search(r"^USER [1-9]\d*$", last, re.MULTILINE), "whoever starts it cannot tell it from root"
    assert "/healthz" in last
    assert not re.search(r"apt-get|pip install|build-essential", last)
    said = re.findall(r"([A-Z_]+)=\S+", re.search(r"ENV ((?:.*\\\n)*.*)", last)[1])
    assert set(said) - {"PATH", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE"} <= SETTINGS
