"""The program's parts made from the settings, each told of those it needs."""

from __future__ import annotations

import json
import os
import secrets
import threading
from datetime import timedelta
from pathlib import Path

from config import Settings
from models.database import Database
from services import outside, prices
from services.accounts import Accounts
from services.answers import caption
from services.backlog import backlog
from services.bus import Bus, LocalBus, RedisBus
from services.cache import Cache, Codec
from services.claims import Claims
from services.container import Services
from services.context import Contexts
from services.galleries import Galleries
from services.gateway import Gateway
from services.generations import Generations
from services.health import Health
from services.idempotency import Idempotency
from services.jobs import Jobs, Work
from services.library import passage_meaning, pictures
from services.library.analyses import Analyses
from services.library.analysing import JOB as ANALYSE
from services.library.analysing import ROWS as IMAGE_ROWS
from services.library.analysing import Analyser
from services.library.catalogue import Catalogue
from services.library.describing import Describer
from services.library.document_reading import DocumentReading
from services.library.documents import JOB as READ
from services.library.documents import Documents
from services.library.folders import Folders
from services.library.image_index import ImageIndex
from services.library.images import Images
from services.library.links import Links
from services.library.passage_vectors import PassageVectors
from services.library.passages import PassageSearch
from services.library.remote import RemoteImages
from services.library.retelling import JOB as RETELL
from services.library.retelling import Retelling
from services.library.search import ImageSearch
from services.library.vectors import Vectors
from services.library.videos import JOB as CUT
from services.library.videos import ROWS as VIDEO_ROWS
from services.library.videos import Videos
from services.making import Studio
from services.meaning.centred import Centred
from services.metrics import Metrics
from services.plan_runs import PlanRuns
from services.plans import JOB as RUN_PLAN
from services.plans import Plans
from services.providers.base import ChatModel
from services.rates import Rate
from services.sessions import Sessions
from services.shared import RedisShared
from services.speech.base import SpeechToText, TextToSpeech
from services.stages import Stages
from services.turns import Turns
from services.vision.eyes import Eyes
from services.vision.facts_json import from_json, to_json
from services.voice import Assistant
from services.voice_sessions import VoiceSessions
from services.workers import Roll

CACHE_AGE_S = 3600.0
FACTS_CACHE_BYTES = 8 * 1024 * 1024


def build(
    settings: Settings,
    model: ChatModel | None = None,
    ears: SpeechToText | None = None,
    speaker: TextToSpeech | None = None,
) -> Services:
    """Wire the program together; nothing is connected to before `start`.

    Args:
        model, ears, speaker: answer, hear and speak in place of the providers the settings name.

    Raises:
        BadSetting: the price list cannot be read.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    database = Database(settings.database, settings.database_connections)
    shared = RedisShared(settings.redis_url) if settings.redis_url else None
    prepared = Cache(
        settings.cache_mb * 1024 * 1024,
        CACHE_AGE_S,
        pictures.size_of,
        shared=shared,
        codec=Codec(pictures.pack, pictures.unpack),
    )
    facts = Cache(
        FACTS_CACHE_BYTES,
        CACHE_AGE_S,
        lambda _facts: 4096,
        shared=shared,
        codec=Codec(lambda known: json.dumps(to_json(known)).encode(), lambda packed: from_json(json.loads(packed))),
    )
    store = outside.media_store(settings)
    eyes = Eyes(settings.weights_dir, fetch=settings.fetch_models)
    analyses = Analyses(database, eyes, facts)
    metrics = Metrics(
        {"prepared": prepared, "facts": facts}, lambda: backlog(database), prices.read(settings.price_list)
    )
    roll = Roll(database, settings.job_threads)
    stopping = threading.Event()
    telemetry = outside.telemetry(settings)
    answering = model or outside.chat_model(settings, analyses, telemetry)
    watch = telemetry.turn if telemetry else None
    turns = Turns(database, answering, roll.worker_id, metrics.turn_ended, watch)
    voice_sessions = VoiceSessions(database, store, timedelta(minutes=settings.voice_session_ttl_min), shared)
    embedder = outside.embedder(settings, metrics.used, telemetry)
    of_images = Centred(embedder)
    image_index = ImageIndex(database, of_images, Vectors(database, of_images.name))
    images = Images(database, store, prepared, image_index, extra_formats=settings.extra_image_formats)
    galleries = Galleries(database, store)
    assistant = Assistant(
        sessions=voice_sessions,
        images=images,
        turns=turns,
        ears=ears or outside.ears(settings, telemetry),
        voice=speaker or outside.speaker(settings, telemetry),
    )
    describe = Describer(answering, metrics.used) if settings.analyse_with_provider else None
    analyser = Analyser(images, analyses, Claims(database, roll.worker_id, IMAGE_ROWS), image_index, describe)

    def retell_soon(image_id: str) -> None:
        jobs.enqueue(RETELL, image_id)

    bus: Bus = RedisBus(settings.redis_url) if settings.redis_url else LocalBus()
    around = {"around": telemetry.step} if telemetry else {}
    runs = PlanRuns(database, bus, images, retell=retell_soon, worker_id=roll.worker_id, stopping=stopping, **around)

    def read_soon(document_id: str) -> None:
        jobs.enqueue(READ, document_id)

    of_passages = passage_meaning.centred(embedder)
    passage_vectors = Vectors(database, of_passages.name)
    meanings = PassageVectors(database, passage_vectors, of_passages, stopping)
    reader = DocumentReading(database, store, meanings, ocr=eyes.read, again=read_soon, worker_id=roll.worker_id)
    cuts = Claims(database, roll.worker_id, VIDEO_ROWS)
    videos = Videos(images, cuts, lambda video_id: jobs.enqueue(CUT, video_id), lambda one: jobs.enqueue(ANALYSE, one))
    works = {
        ANALYSE: Work(analyser.run, analyser.waiting, "one"),
        RUN_PLAN: Work(runs.run, runs.waiting, "urgent"),
        RETELL: Work(Retelling(database, image_index).run, tuple),
        READ: Work(reader.run, reader.waiting),
        CUT: Work(videos.run, cuts.waiting),
    }
    jobs = Jobs(
        works,
        settings.data_dir / "jobs.db",
        redis_url=settings.redis_url,
        threads=settings.job_threads,
        stopping=stopping,
        elsewhere=roll.does_jobs,
    )
    documents = Documents(database, store, passage_vectors, read_soon)
    return Services(
        settings=settings,
        secret_key=settings.secret_key or _kept_secret(settings.data_dir / "secret.key"),
        database=database,
        store=store,
        eyes=eyes,
        images=images,
        documents=documents,
        videos=videos,
        passages=PassageSearch(database, passage_vectors, of_passages),
        analyses=analyses,
        model=answering,
        turns=turns,
        generations=Generations(database, settings.redis_url, roll.worker_id, roll.look_around),
        sessions=Sessions(database),
        contexts=Contexts(database),
        embedder=embedder,
        image_index=image_index,
        image_search=ImageSearch(database, image_index),
        catalogue=Catalogue(images, jobs.enqueue),
        folders=Folders(images, documents.delete),
        links=Links(database),
        gateway=Gateway(database, turns),
        remote_images=RemoteImages(settings.remote_images),
        galleries=galleries,
        studio=Studio(galleries, turns, outside.maker(settings, telemetry), lambda data: _caption(eyes, data)),
        assistant=assistant,
        voice_sessions=voice_sessions,
        voice_rate=Rate(settings.voice_rate_limit, settings.redis_url),
        stages=Stages(),
        health=Health(
            {
                "stt": assistant.ears.probe,
                "gemini": lambda: outside.probe(answering),
                "tts": assistant.voice.probe,
                "session": database.ping,
            }
        ),
        metrics=metrics,
        roll=roll,
        accounts=Accounts(database),
        idempotency=Idempotency(database, store, roll.worker_id),
        jobs=jobs,
        bus=bus,
        plans=Plans(database, jobs, bus),
        shared=shared,
        telemetry=telemetry,
    )


def _caption(eyes: Eyes, data: bytes) -> str | None:
    """What a picture shows in a few words; None where it cannot be looked at."""
    try:
        return caption(eyes.look(data))
    except (OSError, ValueError):
        return None


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
