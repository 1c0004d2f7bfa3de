"""Speech that is kept, so that a phrase is made once: in memory, then on disk."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import tempfile
import threading
from pathlib import Path

from services.cache import Cache, CacheCounts
from services.content import Language
from services.speech.base import TextToSpeech, Voice

log = logging.getLogger(__name__)

MEMORY_BYTES = 16 * 2**20
DISK_BYTES = 256 * 2**20
_MAX_AGE_S = 3600.0

# After this many bytes written the folder is looked over again.
_SWEEP_EVERY_BYTES = 8 * 2**20


class Phrases:
    """`TextToSpeech` that remembers what another has spoken, by text, language, voice and provider.

    Many who ask for the same phrase at once wait for one making. Files appear whole, under the digest of what they
    say; the least recently used go first when the folder is over its bounds.

    Args:
        speech: who speaks what is not kept. Its `name` is part of the key, so that a changed list of providers is
            heard at once.
        folder: made when it does not exist.
        memory_bytes, disk_bytes: upper bounds.
    """

    def __init__(
        self, speech: TextToSpeech, folder: Path, memory_bytes: int = MEMORY_BYTES, disk_bytes: int = DISK_BYTES
    ) -> None:
        self._speech = speech
        self._folder = folder
        self._disk_bytes = disk_bytes
        self._memory = Cache(memory_bytes, _MAX_AGE_S, len)
        self._sweeping = threading.Lock()
        self._written = _SWEEP_EVERY_BYTES  # so that the first writing sweeps what an earlier run left

    @property
    def name(self) -> str:
        """Of who speaks."""
        return self._speech.name

    @property
    def counts(self) -> CacheCounts:
        """Of the memory, for metrics; a miss may have been on disk."""
        return self._memory.counts

    def speak(self, text: str, language: Language, voice: Voice = "default") -> bytes:
        """See `TextToSpeech.speak`."""
        key = hashlib.sha256("\0".join((self.name, language, voice, text)).encode()).hexdigest()
        found: bytes = self._memory.get(key, lambda: self._kept_or_spoken(key, text, language, voice))
        return found

    def probe(self) -> None:
        """See `TextToSpeech.probe`."""
        self._speech.probe()

    def close(self) -> None:
        self._speech.close()

    def _kept_or_spoken(self, key: str, text: str, language: Language, voice: Voice) -> bytes:
        path = self._folder / f"{key}.mp3"
        try:
            kept = path.read_bytes()
            os.utime(path)  # its turn to go is measured from here
        except OSError:
            kept = b""
        if kept:
            return kept
        made = self._speech.speak(text, language, voice)
        try:
            self._write(path, made)
        except OSError as error:  # a full or lost disk costs the keeping, not the answer
            log.warning("speech not kept: %s", error.strerror)
        return made

    def _write(self, path: Path, data: bytes) -> None:
        if len(data) > self._disk_bytes:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=self._folder, prefix=".", suffix=".part", delete=False) as unfinished:
            try:
                unfinished.write(data)
                unfinished.close()
                Path(unfinished.name).replace(path)
            except BaseException:
                Path(unfinished.name).unlink(missing_ok=True)
                raise
        self._written += len(data)
        if self._written >= min(_SWEEP_EVERY_BYTES, self._disk_bytes // 8):
            self.sweep()

    def sweep(self) -> int:
        """Remove the least recently used files until the folder is within its bound; how many went."""
        with self._sweeping:
            self._written = 0
            found = []
            for path in self._folder.glob("*.mp3"):
                with contextlib.suppress(OSError):  # another process sweeps too
                    stat = path.stat()
                    found.append((stat.st_mtime, stat.st_size, path))
            over = sum(size for _, size, _ in found) - self._disk_bytes
            gone = 0
            for _, size, path in sorted(found):
                if over <= 0:
                    break
                path.unlink(missing_ok=True)
                over -= size
                gone += 1
            return gone
