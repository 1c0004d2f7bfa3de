"""Settings: what the environment says, checked once and never changed after.

Nothing is read or opened here. `Settings.from_env(os.environ)` gives a frozen value or raises `BadSetting`, whose
message is one line that names the variable, what it got and what it takes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent

VISION_PROVIDERS = ("openai", "gemini", "anthropic", "local")
IMAGE_PROVIDERS = ("gemini", "openai", "local")
STT_PROVIDERS = ("openai", "gemini", "google", "vosk", "local")
TTS_PROVIDERS = ("gtts", "openai", "local")
EMBEDDING_PROVIDERS = ("openai", "gemini", "local")
CLOUD = ("openai", "gemini", "anthropic")
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")

LOOPBACK = ("127.0.0.1", "localhost", "::1")


class BadSetting(Exception):
    """A variable has a value it cannot have; the text is one line for the person who set it."""

    def __init__(self, name: str, got: str, takes: str) -> None:
        super().__init__(f"{name}: got {got!r}, takes {takes}")


class Unfit(ValueError):
    """A parser's verdict; its text says what the variable takes."""


Parser = Callable[[str], Any]


def text(value: str) -> str:
    return value


def flag(value: str) -> bool:
    known = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}
    if value.lower() not in known:
        raise Unfit("true or false")
    return known[value.lower()]


def whole(low: int, high: int) -> Parser:
    def parse(value: str) -> int:
        if not re.fullmatch(r"[0-9]{1,12}", value) or not low <= int(value) <= high:
            raise Unfit(f"a whole number from {low} to {high}")
        return int(value)

    return parse


def seconds(value: str) -> float:
    if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,3})?", value) or not 0 < float(value) <= 3600:
        raise Unfit("a number of seconds above 0 and up to 3600")
    return float(value)


def path(value: str) -> Path:
    return Path(value).expanduser().resolve()


def one_of(*names: str) -> Parser:
    def parse(value: str) -> str:
        for name in names:
            if name.lower() == value.lower():
                return name
        raise Unfit("one of " + ", ".join(names))

    return parse


def some_of(*names: str) -> Parser:
    def parse(value: str) -> tuple[str, ...]:
        chosen = tuple(part.strip().lower() for part in value.split(",") if part.strip())
        if not chosen or len(set(chosen)) != len(chosen) or not set(chosen) <= set(names):
            raise Unfit("a comma list, each at most once, of " + ", ".join(names))
        return chosen

    return parse


def key(value: str) -> str:
    if not re.fullmatch(r"[\x21-\x7e]+", value):
        raise Unfit("visible ASCII characters, as a header can hold them")
    return value


def url(*schemes: str) -> Parser:
    def parse(value: str) -> str:
        if not re.fullmatch(rf"({'|'.join(map(re.escape, schemes))})://[^\s]+", value) or not _leads_somewhere(value):
            raise Unfit("an address that begins with " + " or ".join(f"{scheme}://" for scheme in schemes))
        return value.rstrip("/")

    return parse


def _leads_somewhere(address: str) -> bool:
    try:
        parts = urlsplit(address)
        return parts.port is None or parts.port > 0 if parts.hostname else parts.scheme == "unix"
    except ValueError:
        return False


def beginning_of_links(value: str) -> str:
    if "?" in value or "#" in value:
        raise Unfit("an address without ? and #, such as https://example.com")
    address: str = url("http", "https")(value)
    return address


def database_url(value: str) -> str:
    if re.fullmatch(r"sqlite(\+pysqlite)?:///[^\s]+", value):
        return value
    # Whatever the driver is called there, psycopg 3 is the one that is here.
    scheme, _, rest = value.partition("://")
    if not re.fullmatch(r"postgres(ql)?(\+[a-z0-9]+)?", scheme) or not re.fullmatch(
        r"([^\s/]*@)?(\[[^\s/\]@]+\]|[^\s/:@]*)(:[0-9]{1,5})?/[^\s]+", rest
    ):
        raise Unfit("sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE")
    return f"postgresql+psycopg://{rest}"


def storage_url(value: str) -> str:
    if "://" in value and not re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9._/-]*)?", value):
        raise Unfit("a folder or s3://BUCKET/PREFIX")
    return value


def origins(value: str) -> tuple[str, ...]:
    chosen = tuple(part.strip().rstrip("/") for part in value.split(",") if part.strip())
    if not chosen or not all(part == "*" or re.fullmatch(r"https?://[^\s/]+", part) for part in chosen):
        raise Unfit("a comma list of origins such as https://example.com, or *")
    return chosen


def rate(value: str) -> str:
    if not re.fullmatch(r"[1-9][0-9]{0,6}/(second|minute|hour|day)", value):
        raise Unfit("a rate such as 10/minute")
    return value


def setting(name: str, meaning: str, default: Any, parse: Parser = text, *, also: str = "", shown: str = "") -> Any:
    """A field of `Settings`: its variable, what it means, and how its text is read.

    Args:
        also: a second name the variable is known by.
        shown: the default as the README words it, where the value itself says too little.
    """
    return field(
        default=default,
        metadata={"name": name, "meaning": meaning, "parse": parse, "also": also, "shown": shown},
    )


@dataclass(frozen=True, slots=True)
class Settings:
    host: str = setting("HOST", "address to listen on", "127.0.0.1")
    port: int = setting("PORT", "port to listen on", 5000, whole(0, 65535))
    threads: int = setting("THREADS", "requests and streams one worker serves at once", 640, whole(4, 4096))
    workers: int = setting("WORKERS", "server processes", 1, whole(1, 64))
    job_threads: int = setting(
        "JOB_THREADS",
        "pictures and documents one worker looks through at once; 0 leaves them to others",
        2,
        whole(0, 64),
    )
    data_dir: Path = setting(
        "DATA_DIR", "database file and stored media", ROOT / "instance", path, shown="`instance/` beside `app.py`"
    )
    models_dir: Path | None = setting(
        "MODELS_DIR", "weights of the local models", None, path, shown="`models/` in `DATA_DIR`"
    )
    fetch_models: bool = setting(
        "FETCH_MODELS", "fetch missing weights of the local models at the first start", True, flag
    )
    database_url: str | None = setting(
        "DATABASE_URL",
        "SQLAlchemy URL: a SQLite file or `postgresql://…`",
        None,
        database_url,
        shown="SQLite file in `DATA_DIR`",
    )
    database_connections: int = setting(
        "DATABASE_CONNECTIONS", "connections to PostgreSQL that one worker opens at most", 20, whole(2, 1000)
    )
    storage_url: str | None = setting(
        "STORAGE_URL",
        "media store: a folder, or `s3://bucket/prefix`",
        None,
        storage_url,
        shown="folder in `DATA_DIR`",
    )
    aws_endpoint_url: str | None = setting(
        "AWS_ENDPOINT_URL", "any S3-compatible server", None, url("http", "https"), also="AWS_ENDPOINT_URL_S3"
    )
    aws_region: str | None = setting("AWS_REGION", "region of the bucket", None, also="AWS_DEFAULT_REGION")
    aws_access_key_id: str | None = setting(
        "AWS_ACCESS_KEY_ID", "who asks for the bucket", None, shown="as boto3 finds it"
    )
    aws_secret_access_key: str | None = setting(
        "AWS_SECRET_ACCESS_KEY", "and the secret to it", None, shown="as boto3 finds it"
    )
    aws_session_token: str | None = setting("AWS_SESSION_TOKEN", "for temporary keys", None)
    redis_url: str | None = setting(
        "REDIS_URL",
        "shared cache across processes and hosts",
        None,
        url("redis", "rediss", "unix"),
        shown="in-process",
    )
    vision_provider: tuple[str, ...] = setting(
        "VISION_PROVIDER",
        "ordered comma list, tried in turn: " + ", ".join(f"`{name}`" for name in VISION_PROVIDERS),
        (),
        some_of(*VISION_PROVIDERS),
        shown="those with a key, then `local`",
    )
    openai_api_key: str | None = setting("OPENAI_API_KEY", "key for OpenAI or a compatible server", None, key)
    openai_base_url: str | None = setting(
        "OPENAI_BASE_URL",
        "any OpenAI-compatible server (vLLM, Ollama, llama.cpp, LM Studio)",
        None,
        url("http", "https"),
    )
    openai_model: str | None = setting("OPENAI_MODEL", "model to ask there", None, shown="`gpt-5.4-mini`")
    gemini_api_key: str | None = setting("GEMINI_API_KEY", "key for Google Gemini", None, key, also="GEMINI_KEY")
    gemini_base_url: str | None = setting("GEMINI_BASE_URL", "another address for Gemini", None, url("http", "https"))
    gemini_model: str | None = setting("GEMINI_MODEL", "model to ask there", None, shown="`gemini-3.8-flash`")
    anthropic_api_key: str | None = setting("ANTHROPIC_API_KEY", "key for Anthropic", None, key)
    anthropic_base_url: str | None = setting(
        "ANTHROPIC_BASE_URL", "another address for Anthropic", None, url("http", "https")
    )
    anthropic_model: str | None = setting("ANTHROPIC_MODEL", "model to ask there", None, shown="`claude-sonnet-5-5`")
    image_provider: tuple[str, ...] = setting(
        "IMAGE_PROVIDER",
        "image creation: " + ", ".join(f"`{name}`" for name in IMAGE_PROVIDERS),
        (),
        some_of(*IMAGE_PROVIDERS),
        shown="as `VISION_PROVIDER`",
    )
    openai_image_model: str | None = setting(
        "OPENAI_IMAGE_MODEL", "model that makes pictures there", None, shown="`gpt-image-2`"
    )
    gemini_image_model: str | None = setting(
        "GEMINI_IMAGE_MODEL", "model that makes pictures there", None, shown="`gemini-3.1-flash-image`"
    )
    stt_provider: tuple[str, ...] = setting(
        "STT_PROVIDER",
        "speech to text, ordered: " + ", ".join(f"`{name}`" for name in STT_PROVIDERS),
        (),
        some_of(*STT_PROVIDERS),
        shown="those with a key, then `google,local`",
    )
    vosk_model_path: Path | None = setting("VOSK_MODEL_PATH", "folder of a Vosk model, for `vosk`", None, path)
    local_whisper: bool = setting(
        "LOCAL_WHISPER",
        "let `local` hear Hindi and Marathi through Whisper (weak; 166 MB, 2.4 GB of memory)",
        False,
        flag,
    )
    tts_provider: tuple[str, ...] = setting(
        "TTS_PROVIDER",
        "text to speech, ordered: " + ", ".join(f"`{name}`" for name in TTS_PROVIDERS),
        ("gtts", "local"),
        some_of(*TTS_PROVIDERS),
        shown="`gtts,local`",
    )
    embedding_provider: str = setting(
        "EMBEDDING_PROVIDER",
        "meaning of texts, for searches: `openai`, `gemini` or `local`",
        "local",
        one_of(*EMBEDDING_PROVIDERS),
    )
    openai_embedding_model: str | None = setting(
        "OPENAI_EMBEDDING_MODEL", "model that makes vectors of texts there", None, shown="`text-embedding-3-small`"
    )
    gemini_embedding_model: str | None = setting(
        "GEMINI_EMBEDDING_MODEL", "model that makes vectors of texts there", None, shown="`gemini-embedding-2`"
    )
    provider_timeout_s: float = setting("PROVIDER_TIMEOUT_S", "read timeout of one provider call", 60.0, seconds)
    auth_required: bool = setting("AUTH_REQUIRED", "ask every caller for a key", False, flag)
    cors_origins: tuple[str, ...] = setting(
        "CORS_ORIGINS", "comma list of allowed origins", ("*",), origins, shown="`*`"
    )
    public_base_url: str | None = setting(
        "PUBLIC_BASE_URL", "address that links begin with", None, beginning_of_links, shown="the request's own"
    )
    proxies: int = setting("PROXIES", "reverse proxies in front, whose `X-Forwarded-…` is believed", 0, whole(0, 10))
    secret_key: str | None = setting("SECRET_KEY", "signs links", None, shown="made and kept in `DATA_DIR`")
    session_token_budget: int = setting(
        "SESSION_TOKEN_BUDGET", "tokens one chat session may use", 100_000, whole(1, 1_000_000_000)
    )
    session_message_budget: int = setting(
        "SESSION_MESSAGE_BUDGET", "messages one chat session may hold", 100, whole(1, 1_000_000)
    )
    monthly_message_limit: int = setting(
        "MONTHLY_MESSAGE_LIMIT", "chat messages a month per owner; 0 is none", 0, whole(0, 1_000_000_000)
    )
    voice_rate_limit: str = setting("VOICE_RATE_LIMIT", "voice requests per session", "10/minute", rate)
    voice_session_ttl_min: int = setting(
        "VOICE_SESSION_TTL_MIN", "minutes after which an idle voice session ends", 30, whole(1, 10_080)
    )
    extra_image_formats: bool = setting(
        "EXTRA_IMAGE_FORMATS", "take WebP, HEIC/HEIF, BMP and TIFF as well", False, flag
    )
    remote_images: bool = setting(
        "REMOTE_IMAGES", "`/v1/chat/completions` fetches pictures at public addresses elsewhere", False, flag
    )
    analyse_with_provider: bool = setting(
        "ANALYSE_WITH_PROVIDER",
        "have a cloud model describe each uploaded picture that has no description (one call each, at its price)",
        False,
        flag,
    )
    otel_endpoint: str | None = setting(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "OpenTelemetry collector that gets traces and metrics over OTLP/HTTP, such as `http://127.0.0.1:4318`",
        None,
        url("http", "https"),
        shown="nothing is sent",
    )
    otel_headers: str | None = setting("OTEL_EXPORTER_OTLP_HEADERS", "headers for it, as `name=value,name=value`", None)
    otel_service_name: str | None = setting(
        "OTEL_SERVICE_NAME", "what this server is called there", None, shown="`visual-assistant`"
    )
    price_list: Path | None = setting(
        "PRICE_LIST", "TOML file of what models cost, for `cost_usd_total` in `/metrics`", None, path
    )
    cache_mb: int = setting("CACHE_MB", "memory for prepared pictures, in MiB", 64, whole(1, 65_536))
    log_level: str = setting("LOG_LEVEL", "how much is logged", "INFO", one_of(*LOG_LEVELS))
    log_format: str = setting(
        "LOG_FORMAT", "`json` or `text`", "", one_of("json", "text"), shown="text on a terminal, else json"
    )

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Settings:
        """Read every setting from `env`; an unset or blank variable keeps its default.

        Raises:
            BadSetting: at the first value that cannot be, or that lacks what it needs.
        """
        settings = cls(**_values(env))
        settings.check()
        return settings

    def check(self) -> None:
        """Raises `BadSetting` where settings do not go together."""
        chosen = {
            "VISION_PROVIDER": self.vision_provider,
            "IMAGE_PROVIDER": self.image_provider,
            "STT_PROVIDER": self.stt_provider,
            "TTS_PROVIDER": self.tts_provider,
            "EMBEDDING_PROVIDER": (self.embedding_provider,),
        }
        for variable, names in chosen.items():
            for name in names:
                if name in CLOUD and name not in self.cloud:
                    raise BadSetting(variable, name, f"{name} only with {name.upper()}_API_KEY set")
        if "vosk" in self.stt_provider and self.vosk_model_path is None:
            raise BadSetting("STT_PROVIDER", "vosk", "vosk only with VOSK_MODEL_PATH set")

    @property
    def cloud(self) -> tuple[str, ...]:
        """Cloud providers that have what they need, in the order they are tried by default."""
        ready = {
            "openai": self.openai_api_key or self.openai_base_url,
            "gemini": self.gemini_api_key,
            "anthropic": self.anthropic_api_key,
        }
        return tuple(name for name, key in ready.items() if key)

    @property
    def vision_order(self) -> tuple[str, ...]:
        return self.vision_provider or (*self.cloud, "local")

    @property
    def image_order(self) -> tuple[str, ...]:
        return self.image_provider or tuple(name for name in self.vision_order if name in IMAGE_PROVIDERS) or ("local",)

    @property
    def stt_order(self) -> tuple[str, ...]:
        keyed = tuple(name for name in self.cloud if name in STT_PROVIDERS)
        return self.stt_provider or (*keyed, "google", "local")

    @property
    def weights_dir(self) -> Path:
        return self.models_dir or self.data_dir / "models"

    @property
    def whisper_dir(self) -> Path:
        """Whisper's weights, apart from the others: its files have names like theirs."""
        return self.weights_dir / "whisper"

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite:///{self.data_dir / 'assistant.db'}"

    @property
    def loopback(self) -> bool:
        return self.host in LOOPBACK or self.host.startswith("127.")


def _values(env: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for item in fields(Settings):
        name = item.metadata["name"]
        found = next((key for key in (name, item.metadata["also"]) if key and env.get(key, "").strip()), None)
        if found is None:
            continue
        try:
            values[item.name] = item.metadata["parse"](env[found].strip())
        except Unfit as unfit:
            raise BadSetting(found, _shown(name, env[found].strip()), str(unfit)) from None
    return values


def _shown(name: str, value: str) -> str:
    """A value fit for a message: nothing of a key, and nothing of an address where its password may be."""
    if "KEY" in name:
        return "…"
    if "URL" in name or "ENDPOINT" in name:
        value = re.sub(r"^.*@", "…@", value, flags=re.DOTALL).partition("?")[0]
    return value[:80]


def described() -> list[tuple[str, str, str]]:
    """Name, meaning and default of every setting, as the README lists them."""
    rows = []
    for item in fields(Settings):
        default = "" if item.default is MISSING or item.default in (None, ()) else str(item.default)
        rows.append((item.metadata["name"], item.metadata["meaning"], item.metadata["shown"] or default))
    return rows
