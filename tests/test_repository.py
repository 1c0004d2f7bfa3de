"""The repository itself: nothing of the machine it was made on, and papers that say what the code does."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from app import create_app
from config import ROOT, Settings, described
from services.library.decoding import MAX_UPLOAD_BYTES
from services.providers import anthropic_chat, gemini_chat, openai_chat
from services.vision.manifest import MANIFEST
from tests.conftest import MakeApp

README = (ROOT / "README.md").read_text()
LARGEST = 1_500 * 1024


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file()]


def texts() -> list[tuple[str, str]]:
    """Every tracked file that is text, by its name."""
    found = []
    for path in tracked():
        data = path.read_bytes()
        if b"\0" not in data[:8000]:
            found.append((path.relative_to(ROOT).as_posix(), data.decode("utf-8", "replace")))
    return found


def registry_hosts() -> set[str]:
    """Hosts of the package registries, as this machine's tools know them; a list here would name them."""
    from pip._internal.models.index import PyPI

    hosts = {PyPI.netloc, PyPI.file_storage_domain}
    asked = [
        subprocess.run(["npm", "config", "get", "registry"], check=True, capture_output=True, text=True).stdout,
        subprocess.run(["python3", "-m", "pip", "config", "list"], check=False, capture_output=True, text=True).stdout,
    ]
    for folder in ("/etc/apt/sources.list", "/etc/apt/sources.list.d"):
        path = Path(folder)
        files = [path] if path.is_file() else sorted(path.glob("*")) if path.is_dir() else []
        asked += [file.read_text(errors="replace") for file in files]
    for text in asked:
        hosts |= set(re.findall(r"://(?:[^/@\s'\"]*@)?([A-Za-z0-9.-]+\.[A-Za-z]{2,})", text))
    return hosts


def test_no_registry_is_named() -> None:
    hosts = registry_hosts()
    assert len(hosts) >= 3
    named = [(name, host) for name, text in texts() for host in hosts if host in text]
    assert named == []


def test_locks_name_no_registry() -> None:
    pipfile = tomllib.loads((ROOT / "Pipfile").read_text())
    assert "source" not in pipfile
    lock = json.loads((ROOT / "Pipfile.lock").read_text())
    assert lock["_meta"]["sources"] == []
    packages = {**lock["default"], **lock["develop"]}
    assert len(packages) > 50
    assert [name for name, entry in packages.items() if "index" in entry] == []
    npm_locks = [path for path in tracked() if path.name == "package-lock.json"]
    assert npm_locks
    for path in npm_locks:
        for name, entry in json.loads(path.read_text())["packages"].items():
            assert "resolved" not in entry, (path, name)


def test_the_lock_holds_what_the_pipfile_asks_for() -> None:
    pipfile = tomllib.loads((ROOT / "Pipfile").read_text())
    lock = json.loads((ROOT / "Pipfile.lock").read_text())
    for ours, theirs in (("packages", "default"), ("dev-packages", "develop")):
        assert {name.lower().replace("_", "-") for name in pipfile[ours]} <= set(lock[theirs])


def test_no_path_of_a_machine() -> None:
    home = re.compile(r"(?<![A-Za-z0-9_.:/-])/(?:work|farm|root|home|Users)/[A-Za-z0-9_.]")
    found = [(name, match[0]) for name, text in texts() if not name.endswith(".lock") for match in home.finditer(text)]
    assert found == []


def test_no_secret() -> None:
    key = re.compile(r"sk-[A-Za-z0-9]{20,}|AIza[A-Za-z0-9_-]{30,}|-----BEGIN [A-Z ]*PRIVATE KEY")
    assert [name for name, text in texts() if key.search(text)] == []


def test_file_sizes() -> None:
    assert [path for path in tracked() if path.stat().st_size > LARGEST] == []


def test_layout_is_as_the_card_says() -> None:
    for name in ("app.py", "config.py", "Pipfile", "Pipfile.lock", "README.md", "postman_collection.json", ".ci/run"):
        assert (ROOT / name).is_file()
    for name in ("models", "routes", "services", "static", "templates", "tests"):
        assert (ROOT / name).is_dir()


def rows_of_readme() -> dict[str, tuple[str, str]]:
    """Settings as the README's table has them: meaning and default by name."""
    rows = re.findall(r"^\| `([A-Z][A-Z0-9_]+)` \| (.*?) \| (.*?) \|$", README, re.MULTILINE)
    return {name: (meaning, default) for name, meaning, default in rows}


def plain(default: str) -> str:
    return "" if default == "unset" else default.replace("`", "")


def test_every_setting_is_in_the_readme() -> None:
    rows = rows_of_readme()
    settings = {name: (meaning, default) for name, meaning, default in described()}
    assert set(rows) == set(settings)
    for name, (meaning, default) in settings.items():
        assert rows[name][0] == meaning, name
        assert plain(rows[name][1]) == plain(default), name


def test_the_settings_of_the_contract_are_there() -> None:
    names = {name for name, _meaning, _default in described()}
    contract = """HOST PORT DATA_DIR DATABASE_URL STORAGE_URL REDIS_URL VISION_PROVIDER OPENAI_API_KEY OPENAI_BASE_URL
        OPENAI_MODEL GEMINI_API_KEY GEMINI_BASE_URL GEMINI_MODEL ANTHROPIC_API_KEY ANTHROPIC_BASE_URL ANTHROPIC_MODEL
        IMAGE_PROVIDER STT_PROVIDER VOSK_MODEL_PATH TTS_PROVIDER EMBEDDING_PROVIDER PROVIDER_TIMEOUT_S AUTH_REQUIRED
        CORS_ORIGINS PUBLIC_BASE_URL SECRET_KEY SESSION_TOKEN_BUDGET SESSION_MESSAGE_BUDGET MONTHLY_MESSAGE_LIMIT
        VOICE_RATE_LIMIT VOICE_SESSION_TTL_MIN EXTRA_IMAGE_FORMATS LOG_LEVEL LOG_FORMAT"""
    assert set(contract.split()) <= names


def test_the_example_of_an_environment() -> None:
    """Every setting stands there, switched off, with its default; what it holds is taken as it is."""
    lines = (ROOT / ".env.example").read_text().splitlines()
    offered = dict(match.groups() for line in lines if (match := re.fullmatch(r"#?([A-Z][A-Z0-9_]+)=(.*)", line)))
    assert set(offered) == {name for name, _meaning, _default in described()}
    Settings.from_env({name: value for name, value in offered.items() if value and not name.endswith("_PROVIDER")})
    assert not [line for line in lines if line and not line.startswith("#")]


def test_default_models_are_those_of_the_providers() -> None:
    shown = {name: default.strip("`") for name, _meaning, default in described()}
    assert shown["OPENAI_MODEL"] == openai_chat.DEFAULT_MODEL
    assert shown["GEMINI_MODEL"] == gemini_chat.DEFAULT_MODEL
    assert shown["ANTHROPIC_MODEL"] == anthropic_chat.DEFAULT_MODEL


def test_every_weight_and_its_licence_is_in_the_readme() -> None:
    for weight in MANIFEST:
        assert weight.file in README
        assert weight.licence in README


def test_every_route_is_documented(make_app: MakeApp) -> None:
    app = make_app()
    described_paths = app.test_client().get("/openapi.json").json["paths"]
    for rule in app.url_map.iter_rules():
        if rule.endpoint in ("static", "docs_asset") or rule.rule.startswith(("/static", "/openapi/")):
            continue
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        if rule.websocket:  # OpenAPI has no words for it
            assert f"| WebSocket | `{path}` |" in README, f"{path} is not in the README"
            continue
        assert path in described_paths, path
        operations = {method.upper() for method in described_paths[path]}
        assert (rule.methods or set()) - {"HEAD", "OPTIONS"} <= operations, path
        assert f"`{path}`" in README, f"{path} is not in the README"


def test_the_readme_names_the_two_commands() -> None:
    assert 'pip install "pipenv>=2026.7" && pipenv sync && pipenv run start' in README
    assert "pipenv run check" in README
    assert "pipenv run check" in (ROOT / ".ci" / "run").read_text()
    scripts = tomllib.loads((ROOT / "Pipfile").read_text())["scripts"]
    assert set(re.findall(r"pipenv run (\w+)", README)) - {"python", "pytest", "flask", "pip"} <= set(scripts)


@pytest.mark.parametrize("name", ["CHANGELOG.md", "LICENSE", "README.md"])
def test_papers(name: str) -> None:
    assert len((ROOT / name).read_text()) > 200


def test_limits_in_the_readme_are_the_codes() -> None:
    assert MAX_UPLOAD_BYTES == 16 * 1024 * 1024
    assert "16 MB" in README
    assert create_app.__doc__
