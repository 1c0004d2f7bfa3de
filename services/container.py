"""The program's parts, handed to whoever needs them; `services/wiring.py` builds them."""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from config import Settings
from models.database import Database, DatabaseUnavailable
from services import migrations
from services.accounts import Accounts
from services.agent.toolbox import Toolbox
from services.bus import Bus
from services.context import Contexts
from services.errors import StorageUnavailable
from services.galleries import Galleries
from services.gateway import Gateway
from services.generations import Generations
from services.health import Health
from services.idempotency import Idempotency
from services.jobs import Jobs
from services.library.analyses import Analyses
from services.library.catalogue import Catalogue
from services.library.documents import Documents
from services.library.folders import Folders
from services.library.image_index import ImageIndex
from services.library.images import Images
from services.library.links import Links
from services.library.passages import PassageSearch
from services.library.remote import RemoteImages
from services.library.search import ImageSearch
from services.library.storage import MediaStore
from services.library.videos import Videos
from services.making import Studio
from services.meaning.base import Embedder
from services.metrics import Metrics
from services.plans import Plans
from services.providers.base import ChatModel
from services.providers.failover import Failover
from services.rates import Rate
from services.sessions import Sessions
from services.shared import Shared
from services.speech.weights import fetch_in_background as fetch_whisper_in_background
from services.stages import Stages
from services.turns import Turns
from services.vision.eyes import Eyes
from services.voice import Assistant
from services.voice_sessions import VoiceSessions
from services.workers import Roll

if TYPE_CHECKING:
    from services.telemetry import Telemetry

log = logging.getLogger(__name__)

SWEEP_EVERY_S = 60.0
SWEEPS_OF_FILES = 10
"""Every so many sweeps, the files are looked through as well."""


@dataclass(slots=True)
class Services:
    """Everything the routes call. `start` begins what runs in the background, `stop` ends it."""

    settings: Settings
    secret_key: str
    database: Database
    store: MediaStore
    eyes: Eyes
    images: Images
    documents: Documents
    videos: Videos
    passages: PassageSearch
    analyses: Analyses
    model: ChatModel
    turns: Turns
    generations: Generations
    sessions: Sessions
    contexts: Contexts
    embedder: Embedder
    image_index: ImageIndex
    image_search: ImageSearch
    catalogue: Catalogue
    folders: Folders
    links: Links
    gateway: Gateway
    remote_images: RemoteImages
    galleries: Galleries
    studio: Studio
    assistant: Assistant
    voice_sessions: VoiceSessions
    voice_rate: Rate
    stages: Stages
    health: Health
    metrics: Metrics
    roll: Roll
    accounts: Accounts
    idempotency: Idempotency
    jobs: Jobs
    bus: Bus
    plans: Plans
    shared: Shared | None = None
    telemetry: Telemetry | None = None
    started: bool = False
    _starting: threading.Lock = field(default_factory=threading.Lock)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _sweeper: threading.Thread | None = None

    @property
    def models(self) -> tuple[ChatModel, ...]:
        """Those that answer, in the order they are asked."""
        return self.model.models if isinstance(self.model, Failover) else (self.model,)

    @property
    def toolbox(self) -> Toolbox:
        """Makes the tools of turns in sessions."""
        return Toolbox(
            self.database, self.images, self.analyses, self.image_search, self.videos, self.passages, self.plans
        )

    def start(self) -> None:
        """Migrate SQLite, sign this process in, settle what dead ones left, begin fetching weights and sweeping.

        Only the first call does anything; those meanwhile wait for it.

        Raises:
            migrations.SchemaOutdated: a database that is not SQLite has to be migrated first.
            DatabaseUnavailable: the database does not answer.
        """
        if not self.started:
            with self._starting:
                if not self.started:
                    self._start()
                    self.started = True

    def _start(self) -> None:
        migrations.ensure(self.database)
        self.roll.start(self.turns.ids_under_way, self.generations.told, self.jobs.sweep)
        self.eyes.start()
        if self.settings.local_whisper and self.settings.fetch_models:
            fetch_whisper_in_background(self.settings.whisper_dir)
        self.jobs.start()
        self._sweeper = threading.Thread(target=self._sweep, name="sweeper", daemon=True)
        self._sweeper.start()

    def stop(self) -> None:
        """Settle the answers under way and let go of everything."""
        self._stopping.set()
        self.bus.end_listening()
        interrupted = self.turns.stop()
        if interrupted:
            log.warning("%d answers were cut short by the stop and are kept so far as they came", interrupted)
        self.generations.stop()
        self.idempotency.stop()
        self.jobs.stop()
        if self.started:
            self.started = False
            self.roll.stop()
        self.assistant.close()
        self.studio.close()
        self.model.close()
        self.embedder.close()
        self.eyes.close()
        self.bus.stop()
        if self.shared is not None:
            self.shared.close()
        self.store.close()
        self.database.close()
        if self.telemetry is not None:
            self.telemetry.stop()

    def _sweep(self) -> None:
        for number in itertools.count():
            due: list[Callable[[], object]] = [self.jobs.sweep, self.plans.expire, self.voice_sessions.sweep]
            if number % SWEEPS_OF_FILES == 0:
                due += [self.images.sweep, self.documents.sweep, self.videos.sweep, self.galleries.sweep]
                due += [self.idempotency.sweep]
            if self.settings.job_threads:
                due.append(self.image_index.embed_missing)
            for sweep in due:
                _swept(sweep)
            if self._stopping.wait(SWEEP_EVERY_S):
                return


def _swept(sweep: Callable[[], object]) -> None:
    """Sweep once; what goes wrong is told, and the next sweep goes on."""
    try:
        sweep()
    except (DatabaseUnavailable, StorageUnavailable) as error:
        log.warning("not swept: %s", error)
    except Exception:
        log.exception("a sweep failed")
