"""The real application with a scripted model behind it, the speech of this machine, and no network."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import soundfile
from flask.testing import FlaskClient
from flask_openapi3 import OpenAPI
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.test import TestResponse, encode_multipart

from app import create_app
from config import ROOT, Settings
from services.content import Language
from services.errors import AssistantError
from services.providers.base import ChatModel
from services.speech.base import Audio, SpeechToText, TextToSpeech, Transcript, Voice
from services.speech.local_voice import LocalVoice
from tests import hosts
from tests.conftest import services_of
from tests.fakes import ScriptedModel
from tests.speech.conftest import frames, spoken

MakeVoice = Callable[..., FlaskClient]

CAT = (ROOT / "tests" / "samples" / "cat.jpg").read_bytes()
SESSION = "550e8400-e29b-41d4-a716-446655440000"
ANSWER = "There is a wooden chair in front of you. "


class ScriptedEar:
    """An ear that hears what it is told to, and remembers what it was asked."""

    name = "scripted"

    def __init__(self, *heard: Transcript | AssistantError) -> None:
        self.heard = list(heard) or [Transcript("What colour is it?", "en", 0.87, "scripted")]
        self.asked: list[tuple[Audio, tuple[Language, ...]]] = []

    def transcribe(self, audio: Audio, languages: Sequence[Language]) -> Transcript:
        self.asked.append((audio, tuple(languages)))
        found = self.heard[min(len(self.asked), len(self.heard)) - 1]
        if isinstance(found, AssistantError):
            raise found
        return found

    def probe(self) -> None:
        if isinstance(self.heard[0], AssistantError):
            raise self.heard[0]

    def close(self) -> None:
        pass


class ScriptedVoice:
    """This machine's own voice, which fails from its n-th sentence on where it is told to."""

    name = "scripted"

    def __init__(self, failure: Exception | None = None, after: int = 0) -> None:
        self.failure = failure
        self.after = after
        self.said: list[tuple[str, Language, Voice]] = []
        self.sounds: dict[str, bytes] = {}
        self.real = LocalVoice()
        self.lock = threading.Lock()

    def speak(self, text: str, language: Language, voice: Voice = "default") -> bytes:
        with self.lock:
            self.said.append((text, language, voice))
            number = len(self.said)
        if self.failure is not None and number > self.after:
            raise self.failure
        self.sounds[text] = self.real.speak(text, language, voice)
        return self.sounds[text]

    def probe(self) -> None:
        if self.failure is not None:
            raise self.failure

    def close(self) -> None:
        pass


@pytest.fixture
def make_voice(tmp_path: Path) -> Iterator[MakeVoice]:
    """Makes clients of applications that share one data folder, as one server started again would."""
    made: list[OpenAPI] = []

    def make(
        model: ChatModel | None = None,
        ears: SpeechToText | None = None,
        speaker: TextToSpeech | None = None,
        **settings: object,
    ) -> FlaskClient:
        data = tmp_path / "data"
        values = {
            "data_dir": data,
            "fetch_models": False,
            "tts_provider": ("local",),
            "stt_provider": ("local",),
        } | hosts.settings(data)
        app = create_app(Settings(**(values | settings)), model or ScriptedModel(ANSWER), ears, speaker)
        made.append(app)
        return app.test_client()

    yield make
    for app in made:
        services_of(app).stop()


@pytest.fixture
def client(make_voice: MakeVoice) -> FlaskClient:
    """Answers with `ANSWER`, and hears "What colour is it?" in every recording."""
    return make_voice(ears=ScriptedEar())


def ask(client: FlaskClient, *, json: bool = False, **fields: Any) -> TestResponse:
    """Ask about the cat in a snapshot, but for what `fields` says otherwise: text, bytes of a file, (bytes, name) of
    one, or None for what is left out."""
    given = {"session_id": SESSION, "mode": "snapshot", "image": CAT} | fields
    headers = {"Accept": "application/json"} if json else {}
    return post(client, "/api/v1/analyze", headers, **given)


def post(client: FlaskClient, path: str, headers: Mapping[str, str] | None = None, **fields: Any) -> TestResponse:
    """Post a multipart form; a list is several parts of one name."""
    parts = MultiDict(
        (name, part(name, each))
        for name, value in fields.items()
        for each in (value if isinstance(value, list) else [value])
        if each is not None
    )
    # Encoded here: the client's own way leaves a temporary file open for a large form.
    boundary, body = encode_multipart(parts)
    return client.post(
        path, data=body, content_type=f"multipart/form-data; boundary={boundary}", headers=dict(headers or {})
    )


def part(name: str, value: Any) -> str | FileStorage:
    match value:
        case bytes():
            return FileStorage(io.BytesIO(value), {"image": "photo.jpg", "audio": "question.wav"}.get(name, name))
        case (bytes() as data, str() as filename):
            return FileStorage(io.BytesIO(data), filename)
        case _:
            return str(value)


def question() -> bytes:
    """A WAV file with a question in it."""
    return spoken("What is in front of me?").wav


def heard_in(mp3: bytes) -> float:
    """Seconds of sound in an MP3 file, which must be 44.1 kHz and 128 kbps throughout and hold more than silence."""
    assert set(frames(mp3)) == {(128, 44_100)}
    samples, rate = soundfile.read(io.BytesIO(mp3))
    assert rate == 44_100
    assert abs(samples).max() > 0.05
    return len(samples) / rate


def session_of(client: FlaskClient, session_id: str = SESSION) -> dict[str, Any]:
    response = client.get(f"/api/v1/session/{session_id}")
    assert response.status_code == 200, response.text
    found = response.json
    assert isinstance(found, dict)
    return found
