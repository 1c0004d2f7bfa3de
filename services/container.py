"""The program's parts, built once from the settings and handed to whoever needs them."""

from __future__ import annotations

import logging
import os
import secrets
import threading
from dataclasses import dataclass
from pathlib import Path

from config import Settings
from models.database import Database, DatabaseUnavailable
from services import migrations
from services.cache import Cache
from services.context import Contexts
from services.errors import StorageUnavailable
from services.generations import Generations
from services.library import pictures
from services.library.analyses import Analyses
from services.library.images import Images
from services.library.storage import FolderStore, MediaStore
from services.metrics import Metrics
from services.providers import registry
from services.providers.base import ChatModel
from services.providers.config import ProviderConfig
from services.sessions import Sessions
from services.turns import Turns
from services.vision.eyes import Eyes
from services.workers import Roll

log = logging.getLogger(__name__)

CACHE_AGE_S = 3600.0
FACTS_CACHE_BYTES = 8 * 1024 * 1024
SWEEP_EVERY_S = 600.0


@dataclass(slots=True)
class Services:
    """Everything the routes call. `start` begins what runs in the background, `stop` ends it."""

    settings: Settings
    secret_key: str
    database: Database
    store: MediaStore
    eyes: Eyes
    images: Images
    analyses: Analyses
    model: ChatModel
    turns: Turns
    generations: Generations
    sessions: Sessions
    contexts: Contexts
    metrics: Metrics
    roll: Roll
    _stopping: threading.Event
    _sweeper: threading.Thread | None = None

    def start(self) -> None:
        """Sign this process in, settle what dead ones left, begin fetching weights and sweeping."""
        self.roll.start(self.turns.ids_under_way)
        self.eyes.start()
        self._sweeper = threading.Thread(target=self._sweep, name="sweeper", daemon=True)
        self._sweeper.start()

    def stop(self) -> None:
        """Settle the answers under way and let go of everything."""
        self._stopping.set()
        interrupted = self.turns.stop()
        if interrupted:
            log.warning("%d answers were cut short by the stop and are kept so far as they came", interrupted)
        self.generations.stop()
        self.roll.stop()
        self.model.close()
        self.eyes.close()
        self.database.close()

    def _sweep(self) -> None:
        while True:
            try:
                self.images.sweep()
            except (DatabaseUnavailable, StorageUnavailable) as error:
                log.warning("the media store could not be swept: %s", error)
            if self._stopping.wait(SWEEP_EVERY_S):
                return


def build(settings: Settings, model: ChatModel | None = None) -> Services:
    """Wire the program together.

    Args:
        model: answers in place of the providers the settings name.

    Raises:
        migrations.SchemaOutdated: a database that is not SQLite has to be migrated first.
        DatabaseUnavailable: the database does not answer.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    database = Database(settings.database)
    migrations.ensure(database)
    prepared = Cache(settings.cache_mb * 1024 * 1024, CACHE_AGE_S, pictures.size_of)
    facts = Cache(FACTS_CACHE_BYTES, CACHE_AGE_S, lambda _facts: 4096)
    store = FolderStore(Path(settings.storage_url) if settings.storage_url else settings.data_dir / "media")
    eyes = Eyes(settings.weights_dir, fetch=settings.fetch_models)
    analyses = Analyses(database, eyes, facts)
    metrics = Metrics({"prepared": prepared, "facts": facts})
    roll = Roll(database)
    answering = model or _providers(settings, analyses)
    return Services(
        settings=settings,
        secret_key=settings.secret_key or _kept_secret(settings.data_dir / "secret.key"),
        database=database,
        store=store,
        eyes=eyes,
        images=Images(database, store, prepared, extra_formats=settings.extra_image_formats),
        analyses=analyses,
        model=answering,
        turns=Turns(database, answering, roll.worker_id, metrics.turn_ended),
        generations=Generations(database),
        sessions=Sessions(database),
        contexts=Contexts(database),
        metrics=metrics,
        roll=roll,
        _stopping=threading.Event(),
    )


def _providers(settings: Settings, analyses: Analyses) -> ChatModel:
    timeout = settings.provider_timeout_s
    config = {
        "openai": ProviderConfig(
            settings.openai_api_key, settings.openai_base_url, settings.openai_model, timeout=timeout
        ),
        "gemini": ProviderConfig(
            settings.gemini_api_key, settings.gemini_base_url, settings.gemini_model, timeout=timeout
        ),
        "anthropic": ProviderConfig(
            settings.anthropic_api_key, settings.anthropic_base_url, settings.anthropic_model, timeout=timeout
        ),
    }
    others: dict[str, ChatModel] = {}
    if "local" in settings.vision_order:
        from services.providers.local_chat import LocalChat

        others["local"] = LocalChat(analyses.of)
    return registry.build(settings.vision_order, config, others)


def _kept_secret(path: Path) -> str:
    """The secret of this installation, made at the first start; one of several starting processes makes it."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(descriptor, "w") as file:
        secret = secrets.token_hex(32)
        file.write(secret + "\n")
    return secret
