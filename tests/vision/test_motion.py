"""What changes in an animation."""

from __future__ import annotations

import pytest
from PIL import Image

from services.vision.decode import open_picture
from services.vision.motion import measure
from tests.vision.conftest import encoded


def animation(frames: list[Image.Image], kind: str = "GIF") -> bytes:
    return encoded(frames[0], kind, save_all=True, append_images=frames[1:], duration=80)


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_a_square_that_wanders(kind: str) -> None:
    frames = []
    for step in range(8):
        frame = Image.new("RGB", (200, 100), "white")
        frame.paste((200, 0, 0), (100 + step * 10, 40, 120 + step * 10, 60))
        frames.append(frame)
    picture = open_picture(animation(frames, kind))
    assert picture.frames is not None
    found = measure(picture.frames)
    assert found is not None
    assert (found.frames, found.duration_ms) == (8, 640)
    assert found.changed_share == pytest.approx(2 * 20 * 20 / (200 * 100), abs=0.01)
    assert found.where is not None
    assert found.where.left == pytest.approx(0.5, abs=0.03)
    assert found.where.right == pytest.approx(0.95, abs=0.03)
    assert (found.where.top, found.where.bottom) == (pytest.approx(0.4, abs=0.03), pytest.approx(0.6, abs=0.03))


def test_many_frames_are_counted_and_few_kept() -> None:
    frames = [Image.new("L", (8, 8), number % 250) for number in range(2500)]
    picture = open_picture(animation(frames))
    assert picture.frames is not None
    assert picture.frames.count == 2500
    assert picture.frames.duration_ms == 2500 * 80
    assert 10 <= len(picture.frames.small) <= 24
    assert len(picture.frames.looks) == 3


def test_nothing_changes() -> None:
    first = Image.new("RGB", (50, 50), "white")
    second = Image.new("RGB", (50, 50), (250, 250, 250))
    picture = open_picture(animation([first, second]))
    assert picture.frames is not None
    found = measure(picture.frames)
    assert found is not None
    assert (found.changed_share, found.where) == (0.0, None)


def test_a_still_picture_has_no_frames() -> None:
    assert open_picture(encoded(Image.new("RGB", (50, 50)), "GIF")).frames is None
