"""What lies outside this program, as the settings name it: where files are kept, and who answers, hears, speaks, draws
and makes vectors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from config import Settings
from services.content import Usage
from services.errors import ProviderUnavailable
from services.library.analyses import Analyses
from services.library.storage import FolderStore, MediaStore
from services.meaning import registry as embedders
from services.meaning.base import Embedded, Embedder, plainly
from services.providers import registry
from services.providers.base import ChatModel
from services.providers.config import ProviderConfig
from services.providers.failover import Failover, ask
from services.speech.base import SpeechToText, TextToSpeech
from services.speech.registry import SpeechConfig, speech_to_text, text_to_speech
from services.studio import failover as studio_failover
from services.studio.base import ImageStudio
from services.studio.local_editor import LocalEditor

if TYPE_CHECKING:
    from services.telemetry import Telemetry

LONGEST_EMBEDDING_S = 10.0
"""A search does not wait longer for the meaning of its words: without it the words themselves are left."""


def telemetry(settings: Settings) -> Telemetry | None:
    """Who tells a collector what models, agents and tools do; its libraries are loaded where there is one."""
    if settings.otel_endpoint is None:
        return None
    from services.collector import Collector
    from services.telemetry import Telemetry

    return Telemetry(Collector(settings))


def media_store(settings: Settings) -> MediaStore:
    """A bucket or a folder."""
    url = settings.storage_url
    if url is None or not url.startswith("s3://"):
        return FolderStore(Path(url) if url else settings.data_dir / "media")
    from services.library.storage_s3 import Access, S3Store

    return S3Store(
        url,
        Access(
            endpoint=settings.aws_endpoint_url,
            region=settings.aws_region,
            key_id=settings.aws_access_key_id,
            secret=settings.aws_secret_access_key,
            token=settings.aws_session_token,
        ),
    )


def chat_model(settings: Settings, analyses: Analyses, telemetry: Telemetry | None = None) -> ChatModel:
    """Who answers, in the order they are tried."""
    models = {
        "openai": settings.openai_model,
        "gemini": settings.gemini_model,
        "anthropic": settings.anthropic_model,
    }
    others: dict[str, ChatModel] = {}
    if "local" in settings.vision_order:
        from services.providers.local_chat import LocalChat

        others["local"] = LocalChat(analyses.of)
    asked = telemetry.chat if telemetry else ask
    return registry.build(settings.vision_order, _vendors(settings, models, telemetry), others, asked)


def probe(model: ChatModel) -> None:
    """Raises `ProviderUnavailable` when every provider's circuit is open."""
    states = model.states() if isinstance(model, Failover) else {}
    if states and all(state == "open" for state in states.values()):
        raise ProviderUnavailable("No vision provider answers.", provider=model.name)


def ears(settings: Settings, telemetry: Telemetry | None = None) -> SpeechToText:
    """Who hears."""
    return speech_to_text(settings.stt_order, _speech(settings, telemetry))


def speaker(settings: Settings, telemetry: Telemetry | None = None) -> TextToSpeech:
    """Who speaks; what was said before is kept."""
    return text_to_speech(settings.tts_provider, _speech(settings, telemetry), settings.data_dir / "speech")


def maker(settings: Settings, telemetry: Telemetry | None = None) -> ImageStudio:
    """Who makes and changes pictures."""
    models = {"openai": settings.openai_image_model, "gemini": settings.gemini_image_model}
    vendors = _vendors(settings, models, telemetry)
    asked = telemetry.picture if telemetry else studio_failover.ask
    return studio_failover.build(settings.image_order, vendors, LocalEditor(), asked)


def embedder(
    settings: Settings, used: Callable[[str, str, Usage], None], telemetry: Telemetry | None = None
) -> Embedder:
    """Who makes vectors of texts; `used` is told of the tokens, with provider and model."""
    asked = telemetry.embeddings if telemetry else plainly

    def counted(provider: str, model: str, dimensions: int, call: Callable[[], Embedded]) -> Embedded:
        made = asked(provider, model, dimensions, call)
        if made.tokens:
            used(provider, model, Usage(made.tokens))
        return made

    models = {"openai": settings.openai_embedding_model, "gemini": settings.gemini_embedding_model}
    timeout = min(settings.provider_timeout_s, LONGEST_EMBEDDING_S)
    vendors = _vendors(settings, models, telemetry, timeout)
    return embedders.build(settings.embedding_provider, vendors, counted)


def _speech(settings: Settings, telemetry: Telemetry | None) -> SpeechConfig:
    return SpeechConfig(
        cloud=_vendors(settings, {"openai": None, "gemini": None}, telemetry),
        vosk_model_path=settings.vosk_model_path,
        whisper_dir=settings.whisper_dir if settings.local_whisper else None,
    )


def _vendors(
    settings: Settings, models: Mapping[str, str | None], telemetry: Telemetry | None, timeout: float | None = None
) -> dict[str, ProviderConfig]:
    """How these vendors are reached, each with the model it is to use."""
    reached = {
        "openai": (settings.openai_api_key, settings.openai_base_url),
        "gemini": (settings.gemini_api_key, settings.gemini_base_url),
        "anthropic": (settings.anthropic_api_key, settings.anthropic_base_url),
    }
    wait = timeout or settings.provider_timeout_s
    sees = telemetry.outgoing if telemetry else None
    return {
        name: ProviderConfig(*reached[name], model, timeout=wait, on_request=sees) for name, model in models.items()
    }
