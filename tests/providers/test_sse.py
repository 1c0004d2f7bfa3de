from __future__ import annotations

import time
from itertools import pairwise

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.providers import sse
from services.providers.sse import BrokenStream, SilentStream, event_batches

LINES = st.sampled_from(
    [
        "data: one",
        "data:two",
        "data:  three",
        "data",
        "data:",
        ": comment",
        "event: x",
        "id: 7",
        "retry: 5",
        "",
        "",
        "नम",
    ]
)
ENDS = st.sampled_from(["\n", "\r\n", "\r"])


def decoded(*chunks: bytes) -> list[bytes]:
    return [event for batch in event_batches(chunks, idle=5) for event in batch]


def by_httpx2(stream: bytes) -> list[bytes]:
    """The same stream read by the library's own decoder."""
    response = httpx2.Response(
        200, content=stream, headers={"content-type": "text/event-stream"}, request=httpx2.Request("GET", "http://x")
    )
    return [event.data.encode() for event in httpx2.EventSource(response)]


@given(st.lists(st.tuples(LINES, ENDS), max_size=12), st.data())
def test_wherever_it_is_cut_and_however_lines_end(lines: list[tuple[str, str]], data: st.DataObject) -> None:
    stream = "".join(line + end for line, end in lines).encode() + b"data: last\n\n"
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    chunks = [stream[start:end] for start, end in pairwise([0, *cuts, len(stream)])]
    events = decoded(*chunks)
    assert events == decoded(stream)
    # An event of other fields alone is none to us: both ends leave it out of the comparison.
    assert [event for event in events if event] == [event for event in by_httpx2(stream) if event]


def test_events_that_come_together_stay_together() -> None:
    assert [*event_batches([b"data: 1\n\ndata: 2\n\nda", b"ta: 3\n\n"], idle=5)] == [[b"1", b"2"], [b"3"]]


def test_lines_of_one_event_are_joined() -> None:
    assert decoded(b"data: {\ndata: }\n\n") == [b"{\n}"]


def test_a_stream_may_end_without_its_last_blank_line() -> None:
    assert decoded(b"data: 1\n\ndata: [DONE]") == [b"1", b"[DONE]"]


def test_an_endless_event_is_given_up() -> None:
    piece = b"x" * 1_000_000
    with pytest.raises(BrokenStream):
        decoded(b"data: ", *[piece] * (sse.MAX_EVENT_BYTES // len(piece) + 1))
    with pytest.raises(BrokenStream):
        decoded(*[b"data: " + piece + b"\n"] * (sse.MAX_EVENT_BYTES // len(piece) + 1))


def test_bytes_without_an_event_are_silence() -> None:
    def drip() -> object:
        while True:
            yield b": ping\n"
            time.sleep(0.02)

    began = time.monotonic()
    with pytest.raises(SilentStream):
        list(event_batches(drip(), idle=0.1))  # type: ignore[arg-type]
    assert time.monotonic() - began < 10
