"""Stored speech for the case that no voice works: every message, in every language."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from services.content import Language
from services.speech.messages import Key

FOLDER = Path(__file__).resolve().parents[2] / "static" / "clips"


def clip_path(key: Key, language: Language, folder: Path = FOLDER) -> Path:
    """Where the clip of a message is kept."""
    return folder / f"{key}.{language}.mp3"


@cache
def clip(key: Key, language: Language) -> bytes:
    """The MP3 of a message, as `python -m services.speech.make_clips` made it.

    Raises:
        OSError: it was never made.
    """
    return clip_path(key, language).read_bytes()
