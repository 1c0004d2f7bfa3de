"""Where a short video changes, and how each stretch between two changes looks."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from services.errors import InvalidInput

if TYPE_CHECKING:
    from av import VideoFrame

Container = Literal["mp4", "webm"]

MAX_SECONDS = 600.0
MAX_PIXELS = 3840 * 2160
MAX_SCENES = 60
SAMPLES_A_SECOND = 4.0
"""Frames looked at: enough to miss no scene that a person would name."""
SHORTEST_S = 1.0
"""Two changes closer than this are one: a flash or a fade is no scene."""
CUT = 0.5
"""How different two looks are between two shots: half the sum of the differences of their colour histograms (0-1).
Within a shot with a moving camera it is seldom above 0.2."""
SOFT_CUT = 0.35
"""Enough where the scene looks otherwise than at its beginning as well, by `DRIFT`: a fade between two shots."""
DRIFT = 0.45
LONGEST_SIDE = 1280
BINS = 6

log = logging.getLogger(__name__)

Look = NDArray[np.float64]
"""A histogram of colours in the four quarters of a frame, of sum 1."""


@dataclass(frozen=True, slots=True)
class Scene:
    """A stretch of a video and its most typical frame.

    Args:
        start_ms, end_ms, frame_ms: from the video's beginning.
        frame: a JPEG, no side longer than `LONGEST_SIDE` pixels.
    """

    start_ms: int
    end_ms: int
    frame_ms: int
    frame: bytes


@dataclass(frozen=True, slots=True)
class Video:
    """What a file says of itself.

    Args:
        width, height: in pixels, as a person sees it.
        duration_ms: None where the file does not say.
    """

    container: Container
    width: int
    height: int
    duration_ms: int | None


@dataclass(slots=True)
class _Open:
    """A scene that has not ended: its candidates for a typical frame."""

    start: float
    first: Look
    frames: list[tuple[float, Look, Image.Image]] = field(default_factory=list)

    def typical(self) -> tuple[float, Image.Image]:
        """The frame nearest to the mean look of all, and among equals the middle one."""
        looks = np.stack([look for _at, look, _frame in self.frames])
        away = np.abs(looks - looks.mean(axis=0)).sum(axis=1)
        middle = np.abs(np.arange(len(looks)) - (len(looks) - 1) / 2) / max(1, len(looks))
        at, _look, frame = self.frames[int(np.argmin(away + 0.02 * middle))]
        return at, frame


def probe(data: bytes) -> Video:
    """What kind of video a file is.

    Raises:
        InvalidInput: `not_a_video`, `video_too_long`, `video_too_large_pixels` or `corrupt_video`.
    """
    import av

    container = kind_of(data)
    try:
        with av.open(io.BytesIO(data), "r", format="mp4" if container == "mp4" else "matroska") as file:
            if not file.streams.video:
                raise refused("not_a_video", "The file has no picture track.")
            stream = file.streams.video[0]
            width, height = stream.codec_context.width, stream.codec_context.height
            duration = file.duration / av.time_base if file.duration else None
    except av.FFmpegError as error:
        raise corrupt() from error
    if duration and duration > MAX_SECONDS:
        raise too_long()
    if width * height > MAX_PIXELS:
        raise refused("video_too_large_pixels", "The video is larger than 3840 by 2160 pixels.")
    if width < 1 or height < 1:
        raise corrupt()
    return Video(container, width, height, round(duration * 1000) if duration else None)


def kind_of(data: bytes) -> Container:
    """The container by the file's first bytes (ISO 14496-12 `ftyp`; RFC 8794 EBML with DocType `webm`).

    Raises:
        InvalidInput: `not_a_video`.
    """
    if data[4:8] == b"ftyp" and data[8:12] not in (b"heic", b"heix", b"mif1", b"msf1", b"avif", b"avis", b"qt  "):
        return "mp4"
    if data[:4] == b"\x1a\x45\xdf\xa3" and b"webm" in data[:64]:
        return "webm"
    raise refused("not_a_video", "The file is not an MP4 or WebM video.")


def scenes(data: bytes) -> Iterator[Scene]:
    """The scenes of a video in their order, at most `MAX_SCENES`; each comes when it has ended.

    Raises:
        InvalidInput: as `probe`; `corrupt_video` also where nothing can be decoded.
    """
    found = 0
    open_scene: _Open | None = None
    last: Look | None = None
    at = 0.0
    for at, frame in _samples(data):
        look = _look(frame)
        if open_scene is None:
            open_scene = _Open(at, look)
        elif _is_new(open_scene, last, look, at) and found < MAX_SCENES - 1:
            yield _ended(open_scene, at)
            found += 1
            open_scene = _Open(at, look)
        _remember(open_scene, at, look, frame)
        last = look
    if open_scene is None:
        raise corrupt()
    yield _ended(open_scene, at + 1 / SAMPLES_A_SECOND)


def _samples(data: bytes) -> Iterator[tuple[float, Image.Image]]:
    """Frames about `SAMPLES_A_SECOND` apart with their seconds, upright and small; a damaged end is the end."""
    import av

    wanted = 0.0
    container = probe(data).container
    with av.open(io.BytesIO(data), "r", format="mp4" if container == "mp4" else "matroska") as file:
        stream = file.streams.video[0]
        stream.thread_type = "SLICE"  # one video is never worth all cores
        try:
            for frame in file.decode(stream):
                at = float(frame.time or 0.0)
                if at > MAX_SECONDS:
                    raise too_long()
                if at + 1e-6 < wanted:
                    continue
                wanted = at + 1 / SAMPLES_A_SECOND
                yield at, _upright(frame)
        except av.FFmpegError as error:
            log.info("a video could be read to its %d. second only: %s", wanted, type(error).__name__)


def _upright(frame: VideoFrame) -> Image.Image:
    image: Image.Image = frame.to_image()  # type: ignore[no-untyped-call] # the only method of it without types
    if frame.rotation:
        image = image.rotate(frame.rotation, expand=True)
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    return image


def _look(frame: Image.Image) -> Look:
    small = np.asarray(frame.resize((32, 32), Image.Resampling.BOX).convert("RGB"), dtype=np.int64)
    colours = small * BINS // 256
    codes = (colours[..., 0] * BINS + colours[..., 1]) * BINS + colours[..., 2]
    quarters = [codes[y : y + 16, x : x + 16] for y in (0, 16) for x in (0, 16)]
    counts = [np.bincount(quarter.ravel(), minlength=BINS**3) for quarter in quarters]
    return np.concatenate(counts) / codes.size


def _difference(one: Look, other: Look) -> float:
    return float(np.abs(one - other).sum() / 2)


def _is_new(scene: _Open, last: Look | None, look: Look, at: float) -> bool:
    if at - scene.start < SHORTEST_S or last is None:
        return False
    change = _difference(last, look)
    return change > CUT or (change > SOFT_CUT and _difference(scene.first, look) > DRIFT)


def _remember(scene: _Open, at: float, look: Look, frame: Image.Image) -> None:
    """Keep at most 16 candidates: of a long scene every second, every fourth …"""
    scene.frames.append((at, look, frame))
    if len(scene.frames) > 16:
        scene.frames = scene.frames[::2]


def _ended(scene: _Open, end: float) -> Scene:
    at, frame = scene.typical()
    buffer = io.BytesIO()
    frame.convert("RGB").save(buffer, "JPEG", quality=88)
    return Scene(round(scene.start * 1000), round(end * 1000), round(at * 1000), buffer.getvalue())


def refused(code: str, message: str) -> InvalidInput:
    return InvalidInput(message, code=code, field="file")


def corrupt() -> InvalidInput:
    return refused("corrupt_video", "The video is damaged and cannot be read.")


def too_long() -> InvalidInput:
    return refused("video_too_long", "The video is longer than 10 minutes.")
