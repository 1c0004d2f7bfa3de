"""The voice that needs no network: eSpeak NG in English, Hindi and Marathi. Clear, robotic."""

from __future__ import annotations

from services.content import Language
from services.errors import ProviderGarbage, ProviderUnavailable
from services.speech import mp3
from services.speech.base import Voice
from services.speech.espeak import EspeakError, say
from services.speech.speakable import speakable

# eSpeak NG's default of 175 is fast for a listener who does not know the voice.
_WORDS_PER_MINUTE: dict[Voice, int] = {"default": 160, "slow": 105}
_VOICES: dict[Language, str] = {"en": "en-us", "hi": "hi", "mr": "mr"}


class LocalVoice:
    """`TextToSpeech` on this machine. Words of the other script in a text are said by that script's rules."""

    name = "local"

    def speak(self, text: str, language: Language, voice: Voice = "default") -> bytes:
        """See `TextToSpeech.speak`."""
        spoken = speakable(text)
        try:
            samples, rate = say(spoken, _VOICES[language], _WORDS_PER_MINUTE[voice])
        except EspeakError as error:
            raise ProviderUnavailable("The voice of this machine does not work.", provider=self.name) from error
        if not len(samples):
            raise ProviderGarbage("The voice of this machine said nothing.", provider=self.name)
        return mp3.encode(samples, rate)

    def probe(self) -> None:
        """See `TextToSpeech.probe`."""
        self.speak("a", "en")

    def close(self) -> None:
        """The engine belongs to the process and stays."""
