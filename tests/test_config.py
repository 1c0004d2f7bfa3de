"""Settings: every parser takes what it should, refuses the rest in one line, and never repeats a secret."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from config import ROOT, BadSetting, Settings, described

PSYCOPG = "postgresql+psycopg://"


def test_nothing_need_be_set() -> None:
    settings = Settings.from_env({})
    assert (settings.host, settings.port) == ("127.0.0.1", 5000)
    assert settings.data_dir == ROOT / "instance"
    assert settings.vision_order == ("local",)
    assert settings.stt_order == ("google", "local")
    assert settings.image_order == ("local",)
    assert settings.database == f"sqlite:///{ROOT / 'instance' / 'assistant.db'}"
    assert settings.loopback
    assert not settings.auth_required


def test_blank_is_unset() -> None:
    assert Settings.from_env({"PORT": "", "OPENAI_API_KEY": "  "}) == Settings.from_env({})


def test_they_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings().port = 1  # type: ignore[misc]  # the point


@pytest.mark.parametrize(
    ("name", "value", "field", "expected"),
    [
        ("PORT", "0", "port", 0),
        ("PORT", " 8000 ", "port", 8000),
        ("AUTH_REQUIRED", "Yes", "auth_required", True),
        ("AUTH_REQUIRED", "off", "auth_required", False),
        ("DATA_DIR", "/srv/data", "data_dir", Path("/srv/data")),
        ("PROVIDER_TIMEOUT_S", "2.5", "provider_timeout_s", 2.5),
        (
            "CORS_ORIGINS",
            "https://a.example, http://b.example/",
            "cors_origins",
            ("https://a.example", "http://b.example"),
        ),
        ("LOG_LEVEL", "debug", "log_level", "DEBUG"),
        ("VOICE_RATE_LIMIT", "3/hour", "voice_rate_limit", "3/hour"),
        ("OPENAI_BASE_URL", "http://127.0.0.1:11434/v1/", "openai_base_url", "http://127.0.0.1:11434/v1"),
        ("GEMINI_KEY", "k", "gemini_api_key", "k"),
        ("STORAGE_URL", "/srv/media", "storage_url", "/srv/media"),
        ("STORAGE_URL", "s3://bucket", "storage_url", "s3://bucket"),
        ("STORAGE_URL", "s3://my-bucket/some/prefix/", "storage_url", "s3://my-bucket/some/prefix/"),
        ("AWS_DEFAULT_REGION", "eu-west-1", "aws_region", "eu-west-1"),
        *(
            (
                "DATABASE_URL",
                f"{scheme}://u:p@h/name?sslmode=require",
                "database_url",
                f"{PSYCOPG}u:p@h/name?sslmode=require",
            )
            for scheme in ("postgres", "postgresql", "postgresql+psycopg", "postgresql+psycopg2")
        ),
        ("DATABASE_URL", "postgresql:///name?host=/run/sockets", "database_url", f"{PSYCOPG}/name?host=/run/sockets"),
        ("DATABASE_URL", "sqlite:////srv/a.db", "database_url", "sqlite:////srv/a.db"),
        ("REDIS_URL", "redis://127.0.0.1:6379/1", "redis_url", "redis://127.0.0.1:6379/1"),
        ("REDIS_URL", "unix:///run/redis.sock", "redis_url", "unix:///run/redis.sock"),
        ("DATABASE_URL", "postgresql://u:p@[::1]:5432/name", "database_url", f"{PSYCOPG}u:p@[::1]:5432/name"),
    ],
)
def test_values(name: str, value: str, field: str, expected: object) -> None:
    assert getattr(Settings.from_env({name: value}), field) == expected


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "70000"),
        ("PORT", "-1"),
        ("PORT", "5e3"),
        ("PORT", "٥"),
        ("THREADS", "1"),
        ("AUTH_REQUIRED", "maybe"),
        ("PROVIDER_TIMEOUT_S", "0"),
        ("PROVIDER_TIMEOUT_S", "nan"),
        ("VISION_PROVIDER", "claude"),
        ("VISION_PROVIDER", "local,local"),
        ("VISION_PROVIDER", ","),
        ("VISION_PROVIDER", "openai"),
        ("IMAGE_PROVIDER", "gemini"),
        ("STT_PROVIDER", "vosk"),
        ("STT_PROVIDER", "openai"),
        ("TTS_PROVIDER", "openai"),
        ("EMBEDDING_PROVIDER", "cohere"),
        ("EMBEDDING_PROVIDER", "gemini"),
        ("CORS_ORIGINS", "example.com"),
        ("CORS_ORIGINS", "https://a.example/path"),
        ("PUBLIC_BASE_URL", "ftp://x"),
        ("LOG_LEVEL", "LOUD"),
        ("LOG_FORMAT", "xml"),
        ("VOICE_RATE_LIMIT", "10 per minute"),
        ("STORAGE_URL", "gs://bucket"),
        ("STORAGE_URL", "s3://"),
        ("STORAGE_URL", "s3://Bucket/prefix"),
        ("DATABASE_URL", "postgresql://host"),
        ("DATABASE_URL", "mysql://host/name"),
        ("DATABASE_URL", "sqlite://"),
        ("DATABASE_CONNECTIONS", "1"),
        ("AWS_ENDPOINT_URL", "127.0.0.1:9000"),
        ("DATABASE_URL", "postgresql://u:p@host:port/name"),
        ("REDIS_URL", "redis://host:port"),
        ("REDIS_URL", "redis:///0"),
        ("OPENAI_BASE_URL", "http://[broken"),
        ("OPENAI_BASE_URL", "http://host:99999/v1"),
        ("GEMINI_BASE_URL", "https://:443"),
        ("PUBLIC_BASE_URL", "https://a.example/?page=1"),
        ("OPENAI_API_KEY", "ключ"),
        ("GEMINI_API_KEY", "a b"),
        ("ANTHROPIC_API_KEY", "a\nb"),
    ],
)
def test_bad_values_are_told_in_one_line(name: str, value: str) -> None:
    with pytest.raises(BadSetting) as raised:
        Settings.from_env({name: value})
    said = str(raised.value)
    assert said.startswith(f"{name}: got ")
    assert "takes " in said or "only with" in said
    assert "\n" not in said


@pytest.mark.parametrize("name", ["DATABASE_URL", "REDIS_URL", "OPENAI_BASE_URL", "AWS_ENDPOINT_URL"])
@pytest.mark.parametrize("value", ["user:secret@host", "user:p@secret@host", "nowhere://host/name?password=secret"])
def test_what_may_hold_a_password_is_not_repeated(name: str, value: str) -> None:
    with pytest.raises(BadSetting) as raised:
        Settings.from_env({name: value})
    assert "secret" not in str(raised.value)
    assert "host" in str(raised.value)


def test_order_of_providers() -> None:
    keys = {"OPENAI_API_KEY": "a", "GEMINI_API_KEY": "b", "ANTHROPIC_API_KEY": "c"}
    assert Settings.from_env(keys).vision_order == ("openai", "gemini", "anthropic", "local")
    chosen = Settings.from_env(keys | {"VISION_PROVIDER": "Anthropic, openai"})
    assert chosen.vision_order == ("anthropic", "openai")
    assert Settings.from_env({"OPENAI_BASE_URL": "http://127.0.0.1:1/v1"}).vision_order == ("openai", "local")


def test_everything_is_described() -> None:
    names = [name for name, _meaning, _default in described()]
    assert len(names) == len(set(names)) == len(dataclasses.fields(Settings))
    assert all(meaning for _name, meaning, _default in described())
