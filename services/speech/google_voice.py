"""Google Translate's voice, by the requests gTTS prepares.

gTTS cuts the text and writes the requests; they are sent here, because gTTS itself sends them without verifying the
certificate, on a new connection each, and one after the other.
"""

from __future__ import annotations

import base64
import binascii
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from services.content import Language
from services.errors import InvalidInput, ProviderGarbage
from services.providers.config import ProviderConfig
from services.providers.http import http_client, provider_errors
from services.speech.base import Voice
from services.speech.rejoin import rejoined
from services.speech.speakable import speakable

BASE_URL = "https://translate.google.com"
_PATH = "/_/TranslateWebserverUi/data/batchexecute"

# The answer is lines of JSON inside JSON; the sound is base64 in the one that names the RPC, as gTTS.stream reads it.
_SOUND = re.compile(r'jQ1olc","\[\\"([A-Za-z0-9+/=_-]+)\\"')
_AT_ONCE = 4


class GoogleVoice:
    """`TextToSpeech` as the Translate page speaks; no key.

    Args:
        config: `base_url` and `timeout` alone are read.
    """

    name = "gtts"

    def __init__(self, config: ProviderConfig) -> None:
        self._url = (config.base_url or BASE_URL).rstrip("/") + _PATH
        self._client = http_client(config.timeout)
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="gtts")

    def speak(self, text: str, language: Language, voice: Voice = "default") -> bytes:
        """See `TextToSpeech.speak`."""
        bodies = self._bodies(speakable(text), language, voice)
        with provider_errors(self.name, ()):
            return rejoined(self.name, list(self._pool.map(self._part, bodies)))

    def probe(self) -> None:
        """See `TextToSpeech.probe`."""
        with provider_errors(self.name, ()):
            self._client.head(self._url.removesuffix(_PATH), timeout=2.0).close()

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._client.close()

    def _bodies(self, text: str, language: Language, voice: Voice) -> list[str]:
        try:
            request = _gtts()(text, lang=language, slow=voice == "slow", lang_check=False)
            return list(request.get_bodies())
        except AssertionError as error:  # gTTS's own way to say that nothing was left after its cleaning
            raise InvalidInput("There is nothing to speak.", code="nothing_to_speak") from error

    def _part(self, body: str) -> bytes:
        response = self._client.post(self._url, content=body, headers=_gtts().GOOGLE_TTS_HEADERS)
        response.raise_for_status()
        found = _SOUND.search(response.text)
        if found is None:
            raise ProviderGarbage("The answer held no sound.", provider=self.name)
        try:
            return base64.b64decode(found.group(1), validate=True)
        except binascii.Error:
            raise ProviderGarbage("The answer held no sound.", provider=self.name) from None


def _gtts() -> Any:
    """The library's class; loaded with the first sentence, since it brings a second HTTP library along."""
    from gtts import gTTS

    return gTTS
