"""Visual Assistant: `python app.py` serves it; `create_app` is what a WSGI server and the tests call."""

from __future__ import annotations

import logging
import os
import sys

from dotenv import dotenv_values
from flask.json.provider import DefaultJSONProvider
from flask_openapi3 import OpenAPI
from werkzeug.middleware.proxy_fix import ProxyFix

from config import ROOT, BadSetting, Settings
from models.database import DatabaseUnavailable
from routes import (
    auth,
    classic,
    commands,
    documents,
    errors,
    folders,
    gateway,
    idempotency,
    images,
    logs,
    messages,
    ops,
    pages,
    plan_events,
    plans,
    search,
    sessions,
    sockets,
    studio,
    videos,
    voice,
    voice_stream,
)
from routes.document import INFO, SECURITY
from routes.parked_files import ParkingRequest
from services import migrations, places, prices, wiring
from services.library.decoding import MAX_UPLOAD_BYTES
from services.providers.base import ChatModel
from services.speech.base import SpeechToText, TextToSpeech

log = logging.getLogger("app")

MULTIPART_ROOM = 64 * 1024
"""What a multipart body may be larger than the file in it."""


class PlainJSON(DefaultJSONProvider):
    """JSON in the order it was written, in Unicode."""

    sort_keys = False
    ensure_ascii = False


def create_app(
    settings: Settings | None = None,
    model: ChatModel | None = None,
    ears: SpeechToText | None = None,
    speaker: TextToSpeech | None = None,
) -> OpenAPI:
    """Build the application. It starts with the first request, or when its `services` are started.

    Args:
        settings: the environment's when not given.
        model, ears, speaker: answer, hear and speak in place of the providers the settings name.

    Raises:
        BadSetting: a variable has a value it cannot have.
    """
    settings = settings or from_environment()
    services = wiring.build(settings, model, ears, speaker)
    app = OpenAPI("visual_assistant", info=INFO, security_schemes=SECURITY, doc_ui=False, root_path=str(ROOT))
    app.config["MAX_CONTENT_LENGTH"] = MAX_UPLOAD_BYTES + MULTIPART_ROOM
    app.config["SECRET_KEY"] = services.secret_key
    app.json = PlainJSON(app)
    app.request_class = ParkingRequest
    app.extensions["services"] = services
    if settings.proxies:
        count = settings.proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)  # type: ignore[method-assign]
    app.url_map.converters["picture"] = images.PictureId
    if services.telemetry is not None:
        from routes import tracing

        tracing.init(app, services.telemetry)
    errors.init(app)
    ops.init(app, settings.cors_origins)
    sockets.init(app, settings.cors_origins)
    auth.init(app)
    idempotency.init(app)
    library = (images, documents, folders, videos)
    for surface in (classic, voice, studio, sessions, messages, plans, search, gateway, *library):
        app.register_api(surface.bp)
    app.register_api(pages.bp)
    voice_stream.init(app)
    plan_events.init(app)
    commands.init(app)
    return app


def from_environment() -> Settings:
    """The settings of the process's environment and, behind it, of `.env`."""
    kept = {name: value for name, value in dotenv_values(ROOT / ".env").items() if value is not None}
    return Settings.from_env(kept | dict(os.environ))


def started(app: OpenAPI) -> OpenAPI:
    app.extensions["services"].start()
    return app


def main() -> None:
    """Serve until told to stop."""
    from services.serving import Server

    try:
        settings = from_environment()
        prices.read(settings.price_list)
        places.check(settings)
    except BadSetting as bad:
        sys.exit(str(bad))
    logs.init(settings)
    try:
        migrations.prepare(settings.data_dir, settings.database)
    except (migrations.SchemaOutdated, DatabaseUnavailable) as problem:
        sys.exit(f"DATABASE_URL: the database cannot be used: {' '.join(str(problem).split())}")
    if not settings.loopback and not settings.auth_required:
        log.warning("%s is open to the network and AUTH_REQUIRED is off.", settings.host)
    Server(settings, lambda: create_app(settings), errors.refusal).run()


if __name__ == "__main__":
    main()
