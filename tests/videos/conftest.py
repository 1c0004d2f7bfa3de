"""Real videos, made of real pictures: shots that are panned over, one after the other."""

from __future__ import annotations

import io
from collections.abc import Sequence

import av
import numpy as np
from PIL import Image
from skimage import data

SHOTS = {"astronaut": data.astronaut, "coffee": data.coffee, "cat": data.chelsea, "rocket": data.rocket}
CODECS = {"mp4": "mpeg4", "webm": "libvpx"}
FAST = {"mp4": {}, "webm": {"deadline": "realtime", "cpu-used": "8"}}


def video(
    shots: Sequence[str], *, container: str = "mp4", seconds: float = 2.0, rate: int = 12, pan: int = 60
) -> bytes:
    """A video of these shots, `seconds` each; the camera moves by `pan` pixels during one."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as file:
        stream = file.add_stream(CODECS[container], rate=rate)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        stream.options = FAST[container]
        for name in shots:
            whole = Image.fromarray(SHOTS[name]()).convert("RGB").resize((320 + pan, 240))
            count = round(seconds * rate)
            for number in range(count):
                left = round(pan * number / max(1, count - 1))
                frame = av.VideoFrame.from_ndarray(np.asarray(whole.crop((left, 0, left + 320, 240))), format="rgb24")
                for packet in stream.encode(frame):
                    file.mux(packet)
        for packet in stream.encode():
            file.mux(packet)
    return buffer.getvalue()
