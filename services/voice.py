"""A picture and a spoken question in, a spoken answer out: heard, answered and said in one pipeline."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Literal

from services import prompts, turns
from services.answers import advice, language_of
from services.content import ImagePart, Language, Usage
from services.errors import AssistantError, ImageRejected, InvalidInput, ProviderGarbage
from services.events import TurnDone, TurnFailed
from services.library import decoding
from services.library.images import Images
from services.providers.base import AnswerDone, AnswerStarted, ChatRequest, ModelEvent, TextDelta
from services.speech.base import LANGUAGES, Audio, SpeechToText, TextToSpeech, Transcript, Voice
from services.speech.sentences import sentences
from services.speech.wav import read_wav
from services.turns import Turn, Turns
from services.vision.glance import glance
from services.voice_sessions import VoiceSessions

log = logging.getLogger(__name__)

Mode = Literal["snapshot", "conversation"]
SPEAKING_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Asked:
    """One request.

    Args:
        image: a JPEG file.
        audio: a WAV file with the question; or `question`, the same in writing; neither in a snapshot.
        language: what is spoken, if the caller knows.
    """

    owner_id: str
    session_id: str
    mode: Mode
    image: bytes
    audio: bytes | None = None
    question: str | None = None
    language: Language | None = None
    voice: Voice = "default"
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of the answer, and its MP3, which may still be being made."""

    text: str
    audio: Future[bytes]


@dataclass(slots=True)
class Answer:
    """An answer on its way.

    Args:
        heard: what was understood of the question; None in a snapshot and for a written one.
        timings: seconds by stage, filled in as the stages end.
    """

    session_id: str
    language: Language
    query: str
    heard: Transcript | None
    timings: dict[str, float]
    _queue: SimpleQueue[Sentence | AssistantError | None] = field(default_factory=SimpleQueue)
    _timing: Lock = field(default_factory=Lock)

    def sentences(self) -> Iterator[Sentence]:
        """Sentences in order, each as soon as it is written; iterate once.

        Raises:
            AssistantError: the answer could not be made, or not to its end.
        """
        while True:
            item = self._queue.get()
            if item is None:
                return
            if isinstance(item, AssistantError):
                raise item
            yield item

    def spoke(self, *, began: float, started: float, ended: float) -> None:
        """A sentence was spoken; `tts` is the sum of them, which overlaps with `vision`."""
        with self._timing:
            self.timings["tts"] = self.timings.get("tts", 0.0) + ended - started
            self.timings.setdefault("first_audio", ended - began)


class Assistant:
    """The voice pipeline. Thread-safe."""

    def __init__(
        self,
        *,
        sessions: VoiceSessions,
        images: Images,
        turns: Turns,
        ears: SpeechToText,
        voice: TextToSpeech,
    ) -> None:
        self.sessions = sessions
        self.images = images
        self.turns = turns
        self.ears = ears
        self.voice = voice
        self._speakers = ThreadPoolExecutor(SPEAKING_AT_ONCE, "speaker")

    def answer(self, asked: Asked) -> Answer:
        """Understand the question and begin to answer it.

        Raises:
            ImageRejected: the picture is no JPEG, or a damaged one.
            AudioRejected, SpeechNotUnderstood: see `wav.read_wav` and `SpeechToText.transcribe`.
            ProviderError: nobody could hear it.
            DatabaseUnavailable, StorageUnavailable: nothing was kept.
        """
        began = time.perf_counter()
        _require_jpeg(asked.image)
        recording = read_wav(asked.audio) if asked.audio is not None else None
        session = self.sessions.touch(asked.owner_id, asked.session_id)
        heard = self._hear(recording, asked.language, session.language) if recording else None
        if heard:  # it may have been reset while it was listened to
            session = self.sessions.touch(asked.owner_id, asked.session_id)
        timings = {"stt": time.perf_counter() - began} if heard else {}
        language = self._language(asked, heard, session.language)
        self.sessions.keep_language(session, language)
        self.sessions.keep_image(session, asked.image)
        query = prompts.SNAPSHOT if asked.mode == "snapshot" else (heard.text if heard else asked.question or "")
        bad = advice(glance(asked.image), language)
        # Not from the store: another request of the session replaces what is kept there.
        picture = ImagePart(self.images.checked_picture(asked.image))
        turn = self.turns.start(
            turns.Question(
                conversation_id=session.conversation_id,
                text=prompts.LOOK_AROUND[language] if asked.mode == "snapshot" else query,
                recorded=query,
                instructions=prompts.voice(language),
                images=(picture,),
                images_are_new=True,
                language=language,
                style="spoken",
                request_id=asked.request_id,
                details={"language": language},
            ),
            model=Advisor(bad) if bad else None,
        )
        made = Answer(asked.session_id, language, query, heard, timings)
        Thread(target=self._speak, args=(turn, made, asked.voice, began), name="voice", daemon=True).start()
        return made

    def close(self) -> None:
        self._speakers.shutdown(wait=False, cancel_futures=True)
        self.ears.close()
        self.voice.close()

    def _hear(self, recording: Audio, given: Language | None, known: str | None) -> Transcript:
        first = [language for language in LANGUAGES if language == known]
        likeliest = [*first, *(language for language in LANGUAGES if language not in first)]
        return self.ears.transcribe(recording, [given] if given else likeliest)

    def _language(self, asked: Asked, heard: Transcript | None, known: str | None) -> Language:
        if heard is not None:
            return heard.language
        if asked.language:
            return asked.language
        if asked.question and asked.mode == "conversation":
            return language_of(asked.question)
        return next((language for language in LANGUAGES if language == known), "en")

    def _speak(self, turn: Turn, made: Answer, voice: Voice, began: float) -> None:
        """Write the answer, and have each sentence spoken while the next is being written."""
        try:
            for number, text in enumerate(sentences(_pieces(turn))):
                if number == 0:
                    made.timings["first_sentence"] = time.perf_counter() - began
                audio = self._speakers.submit(self._say, text, made, voice, began)
                made._queue.put(Sentence(text, audio))
            if "first_sentence" not in made.timings:
                raise ProviderGarbage("The answer was empty.", provider=turn.provider or "")
            made.timings["vision"] = time.perf_counter() - began - made.timings.get("stt", 0)
            made._queue.put(None)
        except AssistantError as error:
            made._queue.put(error)
        except Exception:
            log.exception("a spoken answer failed on something nobody foresaw")
            made._queue.put(AssistantError("Something went wrong while the answer was made."))

    def _say(self, text: str, made: Answer, voice: Voice, began: float) -> bytes:
        started = time.perf_counter()
        try:
            audio = self.voice.speak(text, made.language, voice)
        except InvalidInput as error:  # not the caller's: the text is the model's
            raise ProviderGarbage("The answer cannot be spoken.", provider=self.voice.name) from error
        ended = time.perf_counter()
        made.spoke(began=began, started=started, ended=ended)
        return audio


@dataclass(frozen=True, slots=True)
class Advisor:
    """Answers a picture that is not worth looking at: with advice on how to take it again, from its own pixels."""

    advice: str
    name: str = "local"
    model: str = "quality-gate"
    context_tokens: int = 1_000_000

    def stream(self, request: ChatRequest) -> Iterator[ModelEvent]:  # noqa: ARG002 - the protocol's
        yield AnswerStarted(self.name, self.model)
        yield TextDelta(self.advice)
        yield AnswerDone("stop", Usage())

    def close(self) -> None:
        """Nothing to let go of."""


def _pieces(turn: Turn) -> Iterator[str]:
    for event in turn:
        match event:
            case TextDelta():
                yield event.text
            case TurnFailed():
                raise event.error
            case TurnDone():
                return
            case _:
                continue
    raise turns.cut_short()


def _require_jpeg(image: bytes) -> None:
    try:
        if decoding.decode(image).format == "JPEG":
            return
    except ImageRejected as rejected:
        # `corrupt_image` without a cause was never known for a picture.
        damaged = rejected.code == "corrupt_image" and rejected.__cause__ is not None
        if image[:3] == b"\xff\xd8\xff" and (damaged or rejected.code == "image_too_large_pixels"):
            raise InvalidInput(rejected.message, code=rejected.code, field="image") from None
    raise InvalidInput("Image must be JPEG format", code="not_jpeg", field="image")
