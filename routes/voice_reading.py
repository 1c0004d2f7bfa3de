"""From a request to what is asked: the checks of the voice API, in its own words."""

from __future__ import annotations

from flask import request
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import RequestEntityTooLarge

from routes.current import owner_id, request_id
from routes.parsing import CONTROL, SURROGATE, json_object
from services.errors import InvalidInput, TooLarge, WrongContentType
from services.speech.base import LANGUAGES, Voice
from services.speech.wav import looks_like_wav
from services.voice import Asked, Mode
from services.voice_sessions import require_id

MB = 1024 * 1024
MAX_IMAGE = 10 * MB
MAX_AUDIO = 5 * MB
MAX_REQUEST = 15 * MB
MULTIPART_ROOM = 64 * 1024
MAX_BATCH = 10
MAX_QUESTION = 10_000
MODES: tuple[Mode, ...] = ("snapshot", "conversation")
VOICES: tuple[Voice, ...] = ("default", "slow")
FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")


def read_request() -> Asked:
    """The request, checked in the order a caller would mend it.

    Raises:
        InvalidInput, TooLarge, WrongContentType: with the messages of the API's description.
    """
    fields = form_fields()
    session_id = require_id(field_of(fields, "session_id"))
    mode = mode_of(fields)
    image = file_of("image", "Image file too large (max 10MB)", MAX_IMAGE)
    audio = file_of("audio", "Audio file too large (max 5MB)", MAX_AUDIO) if mode == "conversation" else None
    return require_formats(asked_of(fields, session_id, mode, image, audio))


def read_batch() -> list[Asked]:
    """The requests of a batch: one for each `image`, with the `question` of the same place, if there is one.

    Whether each picture is a JPEG is told of each, by its answer.
    """
    fields = form_fields()
    session_id = require_id(field_of(fields, "session_id"))
    images = [part.read(MAX_IMAGE + 1) for part in request.files.getlist("image") if chosen(part)]
    questions = request.form.getlist("question")
    if not images:
        raise missing("image")
    if len(images) > MAX_BATCH:
        raise InvalidInput(f"Too many images (max {MAX_BATCH})", field="image")
    if any(len(image) > MAX_IMAGE for image in images):
        raise TooLarge("Image file too large (max 10MB)", field="image")
    if len(questions) not in (0, 1, len(images)):
        raise InvalidInput("There must be no question, one, or one for each image", field="question")
    each = questions * len(images) if len(questions) == 1 else questions or [""] * len(images)
    return [
        asked_of(
            fields | {"question": question}, session_id, "conversation" if question.strip() else "snapshot", image, None
        )
        for image, question in zip(images, each, strict=True)
    ]


def asked_of(fields: dict[str, str], session_id: str, mode: Mode, image: bytes | None, audio: bytes | None) -> Asked:
    """What is asked with these fields and files."""
    question = fields.get("question", "").strip() if mode == "conversation" else ""
    if image is None:
        raise missing("image")
    if mode == "conversation" and audio is None and not question:
        raise missing("audio")
    language = fields.get("language") or None
    if language is not None and language not in LANGUAGES:
        raise InvalidInput("Invalid language. Must be 'en', 'hi' or 'mr'", field="language")
    voice = fields.get("voice") or "default"
    if voice not in VOICES:
        raise InvalidInput("Invalid voice. Must be 'default' or 'slow'", field="voice")
    if len(question) > MAX_QUESTION:
        raise InvalidInput(f"Question too long (max {MAX_QUESTION} characters)", field="question")
    if CONTROL.search(question.replace("\r\n", "\n")) or SURROGATE.search(question):
        raise InvalidInput("The question holds control characters or broken Unicode", field="question")
    return Asked(
        owner_id=owner_id(),
        session_id=session_id,
        mode=mode,
        image=image,
        audio=audio,
        question=None if audio is not None else question or None,
        language=language,
        voice=voice,
        request_id=request_id(),
    )


def require_formats(asked: Asked) -> Asked:
    """Raises `InvalidInput` where the files do not begin as a JPEG and a WAV do."""
    if asked.image[:3] != b"\xff\xd8\xff":
        raise InvalidInput("Image must be JPEG format", field="image")
    if asked.audio is not None and not looks_like_wav(asked.audio):
        raise InvalidInput("Audio must be WAV format", field="audio")
    return asked


def form_fields(accepted: str = "The request must be multipart/form-data.") -> dict[str, str]:
    """The text fields of the form; none where nothing was sent. `accepted` is said of anything else."""
    request.max_content_length = MAX_REQUEST + MULTIPART_ROOM
    length = request.content_length
    if length is not None and length > request.max_content_length:
        raise TooLarge("Request too large (max 15MB)")
    if not request.mimetype and not length:
        return {}
    if request.mimetype not in FORMS:
        raise WrongContentType(accepted)
    try:
        return request.form.to_dict()
    except RequestEntityTooLarge:
        if length is not None:
            raise TooLarge("The form has too many fields, or one that is too long") from None
        raise TooLarge("Request too large (max 15MB)") from None


def session_to_reset() -> str:
    """The `session_id` of a form or of a JSON object."""
    if not request.is_json:
        return require_id(field_of(form_fields("The request must be a form or JSON."), "session_id"))
    given = json_object().get("session_id")
    if given is None or given == "":
        raise missing("session_id")
    return require_id(given if isinstance(given, str) else "")


def mode_of(fields: dict[str, str]) -> Mode:
    mode = field_of(fields, "mode")
    if mode not in MODES:
        raise InvalidInput("Invalid mode. Must be 'snapshot' or 'conversation'", field="mode")
    return mode


def field_of(fields: dict[str, str], name: str) -> str:
    value = fields.get(name, "").strip()
    if not value:
        raise missing(name)
    return value


def file_of(name: str, too_large: str, limit: int) -> bytes | None:
    """A file's bytes; None where there is none."""
    part = request.files.get(name)
    if part is None or not chosen(part):
        return None
    data: bytes = part.read(limit + 1)
    if len(data) > limit:
        raise TooLarge(too_large, field=name)
    return data


def chosen(part: FileStorage) -> bool:
    """Whether there is a file: a browser sends a part without name and content where none was chosen."""
    if part.filename:
        return True
    empty = not part.read(1)
    part.seek(0)
    return not empty


def missing(name: str) -> InvalidInput:
    return InvalidInput(f"Missing required field: {name}", field=name)
