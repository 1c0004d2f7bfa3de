"""Names of files, and what is let in as a picture, whatever comes."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from services.errors import ImageRejected
from services.library.decoding import MAX_ANIMATION_PIXELS, check_upload, decode, extension, safe_filename
from tests.conftest import picture

PNG_END = b"\0\0\0\0IEND\xaeB`\x82"


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("photo.jpg", "photo.jpg"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\windows\\win.ini", "win.ini"),
        ("C:\\Users\\me\\photo.jpg", "photo.jpg"),
        ("C:photo.jpg", "photo.jpg"),
        ("a\r\nX-Evil: b.jpg", "aX-Evil: b.jpg"),
        ("a\x00b.jpg", "ab.jpg"),
        ("\u202egpj.exe.jpg", "gpj.exe.jpg"),
        (" .jpg ", ".jpg"),
        ("", ""),
        ("/", ""),
        ("..", ".."),
        ("日本.jpg", "日本.jpg"),
        ("वाऱ\u094d\u200dयावर \U0001f468\u200d\U0001f469.jpg", "वाऱ\u094d\u200dयावर \U0001f468\u200d\U0001f469.jpg"),
        ("e\u0301.jpg", "e\u0301.jpg"),
        ("a" * 300 + ".jpeg", "a" * 250 + ".jpeg"),
        (" A:", ""),
        ("x/ \0A:b.jpg ", "b.jpg"),
    ],
)
def test_names(sent: str, kept: str) -> None:
    assert safe_filename(sent) == kept


@given(st.text(max_size=600))
def test_any_name_is_made_safe(sent: str) -> None:
    kept = safe_filename(sent)
    assert len(kept) <= 255
    assert not set(kept) & set("/\\\r\n\0")
    assert kept.replace("\u200c", "").replace("\u200d", "").isprintable()
    assert safe_filename(kept) == kept


@pytest.mark.parametrize(
    ("name", "found"), [("a.JPG", "jpg"), ("a.tar.gif", "gif"), ("a", ""), (".png", ""), ("a.", "")]
)
def test_extensions(name: str, found: str) -> None:
    assert extension(name) == found


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_with_a_code(data: bytes) -> None:
    for name in ("a.png", "a.jpg", "a.gif"):
        with pytest.raises(ImageRejected) as raised:
            check_upload(name, data)
        assert raised.value.code in {"not_an_image", "corrupt_image", "content_mismatch", "image_too_large_pixels"}


@given(kind=st.sampled_from(["PNG", "GIF", "JPEG"]), at=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_a_picture_with_a_flipped_bit_is_taken_or_refused_with_a_code(kind: str, at: int, bit: int) -> None:
    data = bytearray(picture(kind, size=(40, 30)))
    data[at % len(data)] ^= 1 << bit
    assert outcome(bytes(data)) in {"taken", "not_an_image", "corrupt_image", "image_too_large_pixels"}


def outcome(data: bytes) -> str:
    try:
        decoded = decode(data)
    except ImageRejected as error:
        return error.code
    return "taken" if decoded.width >= 1 and decoded.height >= 1 else "empty"


@given(kind=st.sampled_from(["PNG", "GIF"]), kept=st.floats(0, 0.95))
def test_a_picture_cut_off_is_refused(kind: str, kept: float) -> None:
    noise = Image.effect_noise((60, 60), 90).convert("RGB")
    buffer = io.BytesIO()
    noise.save(buffer, kind)
    data = buffer.getvalue()
    with pytest.raises(ImageRejected):
        decode(data[: int(len(data) * kept)])


@given(at=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_damaged_png_is_refused_wherever_it_is_damaged(at: float, bit: int) -> None:
    data = bytearray(picture("PNG", size=(40, 30)))
    data[int(at * (len(data) - len(PNG_END)))] ^= 1 << bit
    with pytest.raises(ImageRejected):
        decode(bytes(data))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_size_is_as_a_person_sees_it(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    decoded = decode(picture(size=(64, 48), exif=exif))
    assert (decoded.width, decoded.height) == ((48, 64) if orientation >= 5 else (64, 48))


def test_a_long_animation_is_refused_by_its_pixels() -> None:
    """Each frame is as large as the picture, however little of it a frame changes."""
    buffer = io.BytesIO()
    Image.new("L", (5_000, 5_000)).save(buffer, "GIF")
    dot = b"\x2c" + bytes(4) + b"\1\0\1\0" + bytes(1) + b"\2\2\x44\1\0"
    frames = MAX_ANIMATION_PIXELS // 5_000**2 + 1
    data = buffer.getvalue()[:-1] + dot * (frames - 1) + b";"
    assert Image.open(io.BytesIO(data)).n_frames == frames
    with pytest.raises(ImageRejected) as raised:
        decode(data)
    assert raised.value.code == "image_too_large_pixels"
