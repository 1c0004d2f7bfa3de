"""Make the stored clips anew with the local voice: `python -m services.speech.make_clips [FOLDER]`."""

from __future__ import annotations

import sys
from pathlib import Path

from services.speech.base import LANGUAGES
from services.speech.clips import FOLDER, clip_path
from services.speech.local_voice import LocalVoice
from services.speech.messages import MESSAGES


def make_clips(folder: Path) -> int:
    """Write one MP3 for each message and language; how many."""
    folder.mkdir(parents=True, exist_ok=True)
    voice = LocalVoice()
    made = 0
    for key, texts in MESSAGES.items():
        for language in LANGUAGES:
            clip_path(key, language, folder).write_bytes(voice.speak(texts[language], language))
            made += 1
    return made


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    sys.stdout.write(f"{make_clips(target)} clips\n")
