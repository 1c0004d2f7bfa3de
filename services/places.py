"""Whether the places that settings name can be used, looked at before the start: one line says what is wrong."""

from __future__ import annotations

import socket
import tempfile
from pathlib import Path

from sqlalchemy import make_url

from config import BadSetting, Settings

SQLITE = b"SQLite format 3\0"
"""How its files begin (https://www.sqlite.org/fileformat.html)."""


def check(settings: Settings) -> None:
    """Make the folders that are missing, and look at all the others.

    Raises:
        BadSetting: at the first place that cannot be used.
    """
    _host(settings.host)
    _writable("DATA_DIR", settings.data_dir)
    if settings.storage_url and not settings.storage_url.startswith("s3://"):
        _writable("STORAGE_URL", Path(settings.storage_url))
    if settings.database_url and settings.database_url.startswith("sqlite"):
        _database_file(Path(make_url(settings.database_url).database or ""))
    if settings.models_dir and settings.models_dir.exists():
        _folder("MODELS_DIR", settings.models_dir)
    if "vosk" in settings.stt_order and settings.vosk_model_path:
        _folder("VOSK_MODEL_PATH", settings.vosk_model_path)


def _host(host: str) -> None:
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as tried:
            tried.bind((host, 0))
    except (OSError, UnicodeError):
        raise BadSetting("HOST", host, "a name or an address of this machine") from None


def _writable(name: str, folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        raise BadSetting(name, str(folder), "a folder that can be written to") from None


def _database_file(file: Path) -> None:
    _writable("DATABASE_URL", file.parent)
    if not file.exists():
        return
    try:
        with file.open("rb") as opened:
            begins = opened.read(len(SQLITE))
    except OSError:
        begins = None
    if begins not in (b"", SQLITE):
        raise BadSetting("DATABASE_URL", str(file), "an SQLite file that can be read")


def _folder(name: str, folder: Path) -> None:
    if not folder.is_dir():
        raise BadSetting(name, str(folder), "a folder that is there")
