"""What is put reaches the reader once and in order, whether it is shown for it or taken by it."""

from __future__ import annotations

import threading
import time

from services.mailbox import Mailbox
from tests.inventory import eventually


class Place:
    """An outlet that notes what it is shown.

    Args:
        room: how many times it can show all of it.
    """

    def __init__(self, room: int = 1000) -> None:
        self.ready = True
        self.room = room
        self.shown: list[int] = []
        self.by: set[str] = set()

    def show(self, items: list[int], /) -> bool:
        self.shown += items
        self.by.add(threading.current_thread().name)
        self.room -= 1
        return self.room >= 0


def reader(mailbox: Mailbox[int], place: Place) -> threading.Thread:
    """Takes until the end and shows what it took."""

    def run() -> None:
        ended = False
        while not ended:
            items, ended = mailbox.take(30)
            place.shown += items

    thread = threading.Thread(target=run, name="reader")
    thread.start()
    return thread


def test_a_sleeping_reader_is_not_woken() -> None:
    place = Place()
    mailbox = Mailbox(place)
    thread = reader(mailbox, place)
    for number in range(5):
        time.sleep(0.02)
        mailbox.put([number])
    mailbox.end()
    thread.join(5)
    assert place.shown == list(range(5))
    assert place.by == {threading.current_thread().name}


def test_fast_and_slow_in_order() -> None:
    """Neither a burst, nor an outlet that is full now and then, mixes anything up."""
    place = Place()
    mailbox = Mailbox(place)
    thread = reader(mailbox, place)
    for number in range(3000):
        if number % 500 == 0:
            time.sleep(0.02)
            place.room = number % 1000
        mailbox.put([number])
    mailbox.end()
    thread.join(5)
    assert place.shown == list(range(3000))


def test_an_outlet_that_is_not_ready_or_was_taken_back() -> None:
    place = Place()
    place.ready = False
    mailbox = Mailbox(place)
    mailbox.put([1])
    assert mailbox.take(1) == ([1], False)
    thread = reader(mailbox, place)
    time.sleep(0.05)
    mailbox.put([2])
    eventually([2], lambda: place.shown)
    mailbox.leave()
    place.ready = True
    time.sleep(0.02)
    mailbox.put([3])
    mailbox.end()
    thread.join(5)
    assert place.shown == [2, 3]
    assert place.by == set()


def test_silence_is_counted_from_what_was_shown() -> None:
    place = Place()
    mailbox = Mailbox(place)
    threading.Timer(0.2, mailbox.put, [[1]]).start()
    began = time.monotonic()
    assert mailbox.take(0.4) == ([], False)
    assert time.monotonic() - began >= 0.55
    assert place.shown == [1]


def test_a_full_outlet_wakes_its_reader() -> None:
    place = Place(room=0)
    mailbox = Mailbox(place)
    threading.Timer(0.1, mailbox.put, [[1]]).start()
    began = time.monotonic()
    assert mailbox.take(30) == ([], False)
    assert time.monotonic() - began < 5
    assert place.shown == [1]
