"""Settings that name places which cannot be used: one line at the start, and no trace of where it was found out."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from config import ROOT, BadSetting, Settings
from services import places


def usable(folder: Path) -> Settings:
    return Settings(data_dir=folder / "data")


def test_folders_that_are_missing_are_made(tmp_path: Path) -> None:
    database = tmp_path / "made" / "deep" / "a.db"
    media = tmp_path / "media"
    places.check(replace(usable(tmp_path), database_url=f"sqlite:///{database}", storage_url=str(media)))
    assert (tmp_path / "data").is_dir()
    assert media.is_dir()
    assert database.parent.is_dir()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.0.0.2"])
def test_hosts(tmp_path: Path, host: str) -> None:
    places.check(replace(usable(tmp_path), host=host))


@pytest.mark.parametrize("host", ["256.1.1.1", "192.0.2.1", "a b", "127.0.0.1:80", "a" * 70 + ".b", "x..y"])
def test_hosts_that_are_not_here(tmp_path: Path, host: str) -> None:
    with pytest.raises(BadSetting, match=r"^HOST: got "):
        places.check(replace(usable(tmp_path), host=host))


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("DATA_DIR", "data_dir", "{file}"),
        ("DATA_DIR", "data_dir", "{file}/below"),
        ("STORAGE_URL", "storage_url", "{file}"),
        ("DATABASE_URL", "database_url", "sqlite:///{file}/below.db"),
        ("DATABASE_URL", "database_url", "sqlite:///{folder}"),
        ("DATABASE_URL", "database_url", "sqlite:///{file}"),
        ("MODELS_DIR", "models_dir", "{file}"),
        ("VOSK_MODEL_PATH", "vosk_model_path", "{folder}/missing"),
    ],
)
def test_places_that_cannot_be_used(tmp_path: Path, name: str, field: str, value: str) -> None:
    file = tmp_path / "file"
    file.write_text("This is no database.")
    named = value.format(file=file, folder=tmp_path)
    given = {field: named if field.endswith("_url") else Path(named), "stt_provider": ("vosk",)}
    given.setdefault("vosk_model_path", tmp_path)
    with pytest.raises(BadSetting) as raised:
        places.check(replace(usable(tmp_path), **given))
    assert str(raised.value).startswith(f"{name}: got ")
    assert "takes a" in str(raised.value)


def test_the_start_stops_with_that_line_alone(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    env = os.environ | {"DATA_DIR": str(file), "PORT": "0"}
    command = [sys.executable, "app.py"]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr == f"DATA_DIR: got {str(file)!r}, takes a folder that can be written to\n"
    assert done.stdout == ""
