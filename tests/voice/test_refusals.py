"""What cannot be used is refused in the exact words of the API's description, and leaves nothing behind."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import soundfile
from flask.testing import FlaskClient
from PIL import Image

from services.speech.base import SAMPLE_RATE
from tests.conftest import picture, services_of
from tests.voice.conftest import CAT, SESSION, ask, heard_in, question, session_of

MODE = "Invalid mode. Must be 'snapshot' or 'conversation'"
JPEG = "Image must be JPEG format"
WAV = "Audio must be WAV format"
MB = 1024 * 1024


def bomb() -> bytes:
    """A JPEG of a few kilobytes whose header promises 900 megapixels."""
    data = bytearray(picture(size=(16, 16)))
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack(">HH", 30_000, 30_000)
    return bytes(data)


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no session": ({"session_id": None}, "Missing required field: session_id"),
    "an empty session": ({"session_id": ""}, "Missing required field: session_id"),
    "a blank session": ({"session_id": "   "}, "Missing required field: session_id"),
    "a file as session": ({"session_id": b"abc"}, "Missing required field: session_id"),
    "no mode": ({"mode": None}, "Missing required field: mode"),
    "an empty mode": ({"mode": ""}, "Missing required field: mode"),
    "another mode": ({"mode": "video"}, MODE),
    "a mode in capitals": ({"mode": "SNAPSHOT"}, MODE),
    "a file as mode": ({"mode": b"snapshot"}, "Missing required field: mode"),
    "no picture": ({"image": None}, "Missing required field: image"),
    "a text as picture": ({"image": "photo.jpg"}, "Missing required field: image"),
    "no file chosen": ({"image": (b"", "")}, "Missing required field: image"),
    "an empty picture": ({"image": b""}, JPEG),
    "a PNG": ({"image": (picture("PNG"), "photo.jpg")}, JPEG),
    "a GIF": ({"image": (picture("GIF"), "photo.jpg")}, JPEG),
    "a text called .jpg": ({"image": b"not a picture at all"}, JPEG),
    "the first bytes alone": ({"image": b"\xff\xd8\xff"}, JPEG),
    "noise after the first bytes": ({"image": b"\xff\xd8\xff\xe0" + bytes(range(256)) * 40}, JPEG),
    "a picture cut short": ({"image": CAT[:9_000]}, "The picture is damaged or incomplete."),
    "900 megapixels": ({"image": bomb()}, "The picture has more than 89,478,485 pixels."),
    "a recording as picture": ({"image": (question(), "photo.jpg")}, JPEG),
    "both swapped": ({"mode": "conversation", "image": question(), "audio": CAT}, JPEG),
    "no audio": ({"mode": "conversation"}, "Missing required field: audio"),
    "a text as audio": ({"mode": "conversation", "audio": "question.wav"}, "Missing required field: audio"),
    "a blank question": ({"mode": "conversation", "question": "  "}, "Missing required field: audio"),
    "an empty recording": ({"mode": "conversation", "audio": b""}, WAV),
    "a picture as audio": ({"mode": "conversation", "audio": CAT}, WAV),
    "a header of four bytes": ({"mode": "conversation", "audio": b"RIFF"}, WAV),
    "a RIFF that is no WAVE": ({"mode": "conversation", "audio": b"RIFF\x24\x00\x00\x00AVI LIST"}, WAV),
    "a WAVE without a format": ({"mode": "conversation", "audio": b"RIFF\xff\xff\x00\x00WAVE" + bytes(400)}, WAV),
    "another language": ({"language": "fr"}, "Invalid language. Must be 'en', 'hi' or 'mr'"),
    "another voice": ({"voice": "loud"}, "Invalid voice. Must be 'default' or 'slow'"),
    "a question without an end": (
        {"mode": "conversation", "question": "a" * 10_001},
        "Question too long (max 10000 characters)",
    ),
    "a bell in the question": (
        {"mode": "conversation", "question": "What\x07?"},
        "The question holds control characters or broken Unicode",
    ),
}


def test_refusals(client: FlaskClient) -> None:
    for case, (fields, words) in REFUSED.items():
        for json in (False, True):
            response = ask(client, json=json, **fields)
            assert (response.status_code, response.json) == (400, {"detail": words}), case
            assert response.mimetype == "application/json"
            assert response.headers["X-Process-Time"]
            assert not any(word in response.text for word in ("Traceback", "/", "PIL", "libsndfile", "0x")), case
    assert client.get(f"/api/v1/session/{SESSION}").status_code == 404
    assert list(services_of(client.application).store.keys("voice/")) == []


HOSTILE = [
    "a" * 129,
    "../../etc/passwd",
    "a/b",
    "a\\b",
    "a b",
    "'; DROP TABLE voice_sessions; --",
    "<script>",
    "a\r\nX-Evil: 1",
    "a\x00b",
    "%2e%2e",
    "अआ",
    "٣",
    "a\u200bb",
    ".",
    "..",
]


def test_hostile_sessions(client: FlaskClient) -> None:
    for session_id in HOSTILE:
        response = ask(client, session_id=session_id)
        assert response.status_code == 400
        assert set(response.json) == {"detail"}
        assert "session_id" in response.json["detail"]
        assert "X-Evil" not in response.headers
        reset = client.post("/api/v1/session/reset", data={"session_id": session_id})
        assert (reset.status_code, reset.json) == (400, response.json)
        found = client.get("/api/v1/session/" + session_id.replace("%", "%25").replace("\r\n", "%0d%0a"))
        assert found.status_code == 404
        assert set(found.json) == {"detail"}


def test_sessions_of_every_form(client: FlaskClient) -> None:
    for session_id in ("a", "0", "a" * 128, "test-123", SESSION, "A.b_c-9", "...", "reset", "-", "_", "temp_x.jpg"):
        response = ask(client, session_id=session_id)
        assert response.status_code == 200
        assert response.headers["X-Session-Id"] == session_id
        kept = session_of(client, session_id)
        assert kept["session_id"] == session_id
        assert kept["chat_history"][0]["image_path"] == f"temp_{session_id}.jpg"


def test_other_bodies_are_no_form(client: FlaskClient) -> None:
    response = client.post("/api/v1/analyze", json={"session_id": SESSION, "mode": "snapshot"})
    assert response.status_code == 415
    assert set(response.json) == {"detail"}
    nothing = client.post("/api/v1/analyze")
    assert (nothing.status_code, nothing.json) == (400, {"detail": "Missing required field: session_id"})
    plain = client.post("/api/v1/analyze", data={"session_id": "a", "mode": "snapshot"})
    assert (plain.status_code, plain.json) == (400, {"detail": "Missing required field: image"})
    wrong = client.get("/api/v1/analyze")
    assert wrong.status_code == 405
    assert set(wrong.json) == {"detail"}
    assert "POST" in wrong.headers["Allow"]
    nowhere = client.get("/api/v1/nowhere")
    assert (nowhere.status_code, set(nowhere.json)) == (404, {"detail"})


def padded(data: bytes, size: int) -> bytes:
    return data + bytes(size - len(data))


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({"image": padded(CAT, 10 * MB)}, 200, None),
        ({"image": padded(CAT, 10 * MB + 1)}, 413, "Image file too large (max 10MB)"),
        ({"image": padded(b"no picture", 10 * MB + 1)}, 413, "Image file too large (max 10MB)"),
        ({"mode": "conversation", "audio": padded(question(), 5 * MB)}, 200, None),
        ({"mode": "conversation", "audio": padded(question(), 5 * MB + 1)}, 413, "Audio file too large (max 5MB)"),
        ({"audio": padded(question(), 4 * MB), "image": padded(CAT, 12 * MB)}, 413, "Request too large (max 15MB)"),
        ({"image": padded(CAT, 15 * MB + 70_000)}, 413, "Request too large (max 15MB)"),
        ({"image": padded(CAT, 40 * MB)}, 413, "Request too large (max 15MB)"),
        ({"image": "a" * 600_000}, 413, "The form has too many fields, or one that is too long"),
    ],
    ids=["image at", "image over", "no image over", "audio at", "audio over", "both over", "15", "40", "text"],
)
def test_sizes(client: FlaskClient, fields: dict[str, Any], status: int, words: str | None) -> None:
    response = ask(client, **fields)
    assert response.status_code == status
    if words is not None:
        assert response.json == {"detail": words}
        assert client.get(f"/api/v1/session/{SESSION}").status_code == 404


def test_the_largest_picture_with_the_largest_recording(client: FlaskClient) -> None:
    response = ask(client, mode="conversation", image=padded(CAT, 10 * MB), audio=padded(question(), 5 * MB))
    assert response.status_code == 200
    heard_in(response.data)


def written(subtype: str, kind: str = "WAV", rate: int = SAMPLE_RATE, channels: int = 1, **options: Any) -> bytes:
    """The question's sound in another format."""
    samples, _ = soundfile.read(io.BytesIO(question()), dtype="float32")
    out = io.BytesIO()
    # As many samples to the second as the rate has: each is said again, or every other one is left out.
    shaped = np.repeat(samples[:: max(1, SAMPLE_RATE // rate), None], channels, axis=1).repeat(
        max(1, rate // SAMPLE_RATE), axis=0
    )
    soundfile.write(out, shaped, rate, format=kind, subtype=subtype, **options)
    return out.getvalue()


def declaring(size: int) -> bytes:
    """The question in a file that says its sound is `size` bytes long."""
    data = bytearray(question())
    at = data.index(b"data") + 4
    data[at : at + 4] = struct.pack("<I", size)
    data[4:8] = struct.pack("<I", size)
    return bytes(data)


def of_rate(rate: int) -> bytes:
    data = bytearray(question())
    data[24:28] = struct.pack("<I", rate)
    return bytes(data)


def silent(seconds: float) -> bytes:
    out = io.BytesIO()
    soundfile.write(out, np.zeros(int(seconds * SAMPLE_RATE)), SAMPLE_RATE, format="WAV")
    return out.getvalue()


ODD_RECORDINGS: dict[str, tuple[Callable[[], bytes], int]] = {
    "24 bits": (lambda: written("PCM_24"), 200),
    "8 bits": (lambda: written("PCM_U8"), 200),
    "float": (lambda: written("FLOAT"), 200),
    "double": (lambda: written("DOUBLE"), 200),
    "A-law": (lambda: written("ALAW"), 200),
    "extensible": (lambda: written("PCM_16", "WAVEX"), 200),
    "RF64": (lambda: written("PCM_16", "RF64"), 200),
    "big-endian": (lambda: written("PCM_16", endian="BIG"), 200),
    "stereo": (lambda: written("PCM_16", channels=2), 200),
    "eight channels": (lambda: written("PCM_16", channels=8), 200),
    "8 kHz": (lambda: written("PCM_16", rate=8_000), 200),
    "48 kHz": (lambda: written("PCM_16", rate=48_000), 200),
    "384 kHz": (lambda: written("PCM_16", rate=384_000), 200),
    "1 Hz": (lambda: of_rate(1), 422),
    "0 Hz": (lambda: of_rate(0), 400),
    "4 GHz": (lambda: of_rate(2**32 - 1), 400),
    "length 0": (lambda: declaring(0), 200),
    "length 4 GB": (lambda: declaring(2**32 - 1), 200),
    "length 2 GB": (lambda: declaring(2**31 - 1), 200),
    "length 100": (lambda: declaring(100), 422),
    "cut short": (lambda: question()[:20_001], 200),
    "header alone": (lambda: question()[:44], 422),
    "silence": (lambda: silent(2.0), 422),
    "a moment": (lambda: silent(0.01), 422),
    "an MP3": (lambda: written("MPEG_LAYER_III", "MP3"), 400),
    "a FLAC": (lambda: written("PCM_16", "FLAC"), 400),
}


def test_odd_recordings(client: FlaskClient) -> None:
    for number, (case, (made, status)) in enumerate(ODD_RECORDINGS.items()):
        response = ask(client, session_id=f"s{number}", mode="conversation", audio=made())
        assert response.status_code == status, case
        if status == 400:
            assert response.json == {"detail": WAV}
        else:
            heard_in(response.data)
        if status == 422:
            assert response.headers["X-Error-Type"] == "SpeechNotUnderstood"


def test_a_recording_of_four_minutes(client: FlaskClient) -> None:
    out = io.BytesIO()
    soundfile.write(out, 0.1 * np.sin(np.arange(240 * 8_000) * 0.2), 8_000, format="WAV", subtype="PCM_16")
    response = ask(client, mode="conversation", audio=out.getvalue())
    assert (response.status_code, response.json) == (400, {"detail": "Audio is too long (max 3 minutes)"})


def with_segments(*segments: bytes) -> bytes:
    """The cat with further APP1 segments before its own."""
    return CAT[:2] + b"".join(b"\xff\xe1" + struct.pack(">H", len(each) + 2) + each for each in segments) + CAT[2:]


def tiff(*entries: tuple[int, int, int, int], following: int = 0) -> bytes:
    listed = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + listed + struct.pack("<I", following)


def coloured(mode: str) -> bytes:
    out = io.BytesIO()
    Image.open(io.BytesIO(CAT)).convert(mode).save(out, "JPEG", progressive=True)
    return out.getvalue()


ODD_PICTURES: dict[str, Callable[[], bytes]] = {
    "9 MB of EXIF": lambda: with_segments(*[b"Exif\0\0" + b"A" * 65_000] * 140),
    "EXIF that promises 4 GB": lambda: with_segments(tiff((0x0112, 3, 2**32 - 1, 8), (0x9286, 7, 2**32 - 1, 8))),
    "EXIF in a circle": lambda: with_segments(tiff((0x8769, 4, 1, 8), (0x8825, 4, 1, 8), following=8)),
    "EXIF of 5,000 entries": lambda: with_segments(tiff(*[(0x8769, 4, 1, 8)] * 5_000)),
    "EXIF of noise": lambda: with_segments(b"Exif\0\0" + bytes(range(256)) * 200),
    "an orientation of its own": lambda: with_segments(tiff((0x0112, 3, 1, 99))),
    "on its side": lambda: with_segments(tiff((0x0112, 3, 1, 6))),
    "grey and progressive": lambda: coloured("L"),
    "CMYK": lambda: coloured("CMYK"),
    "with a PNG behind it": lambda: CAT + picture("PNG"),
}


@pytest.mark.filterwarnings("ignore:Tag data larger than file")  # Pillow's own words about the metadata
def test_odd_pictures_are_looked_at(client: FlaskClient) -> None:
    for number, (case, made) in enumerate(ODD_PICTURES.items()):
        response = ask(client, session_id=f"s{number}", image=made())
        assert response.status_code == 200, case
        heard_in(response.data)


def test_a_hostile_file_name(client: FlaskClient) -> None:
    for name in ("../../../etc/passwd", "a" * 300 + ".jpg", "\u202egpj.exe", "photo.png"):
        assert ask(client, image=(CAT, name)).status_code == 200
    assert all("passwd" not in key for key in services_of(client.application).store.keys("voice/"))
