"""Scenes of videos."""

from __future__ import annotations

import io
from functools import cache

import numpy as np
import pytest
from PIL import Image

from services.errors import InvalidInput
from services.videos.scenes import probe, scenes
from tests.conftest import picture
from tests.videos.conftest import SHOTS, video

ALL = tuple(SHOTS)


@cache
def whole(container: str) -> bytes:
    """All shots, one after the other."""
    return video(ALL, container=container)


def likeness(frame: bytes, shot: str) -> float:
    """Correlation of a frame with a shot, small and grey."""
    size = (24, 18)
    one = np.asarray(Image.open(io.BytesIO(frame)).convert("L").resize(size), dtype=float).ravel()
    other = np.asarray(Image.fromarray(SHOTS[shot]()).convert("L").resize(size), dtype=float).ravel()
    return float(np.corrcoef(one, other)[0, 1])


@pytest.mark.parametrize("container", ["mp4", "webm"])
def test_every_shot_is_a_scene_with_a_frame_of_its_own(container: str) -> None:
    found = list(scenes(whole(container)))
    assert len(found) == len(ALL)
    for number, scene in enumerate(found):
        assert abs(scene.start_ms - number * 2000) <= 300
        assert abs(scene.end_ms - (number + 1) * 2000) <= 300
        assert scene.start_ms <= scene.frame_ms <= scene.end_ms
        likest = max(ALL, key=lambda shot: likeness(scene.frame, shot))
        assert likest == ALL[number]


def test_a_camera_that_moves_makes_no_scene() -> None:
    assert len(list(scenes(video(["astronaut"], seconds=5, pan=120)))) == 1


def test_a_flash_is_no_scene() -> None:
    found = list(scenes(video(["cat", "cat", "cat"], seconds=1)))
    assert len(found) == 1


def test_a_single_frame() -> None:
    (scene,) = scenes(video(["coffee"], seconds=1 / 12))
    assert scene.start_ms == 0 < scene.end_ms


def test_what_a_file_says_of_itself() -> None:
    found = probe(video(["cat"], seconds=3))
    assert (found.container, found.width, found.height) == ("mp4", 320, 240)
    assert found.duration_ms == pytest.approx(3000, abs=200)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "not_a_video"),
        (b"hello", "not_a_video"),
        (picture(), "not_a_video"),
        (b"\x00\x00\x00\x18ftypmp42" + bytes(64), "corrupt_video"),
        (b"\x1a\x45\xdf\xa3\x9f\x42\x82\x84webm" + bytes(64), "corrupt_video"),
    ],
)
def test_what_is_no_video(data: bytes, code: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        list(scenes(data))
    assert caught.value.code == code


def test_one_cut_off_gives_what_can_be_read() -> None:
    data = whole("webm")
    found = list(scenes(data[: len(data) * 2 // 3]))
    assert 1 <= len(found) < len(ALL)
