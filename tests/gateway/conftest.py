"""OpenAI's own client against a running server that answers by itself, with no key and no network."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import openai
import pytest

from tests.conftest import MakeApp
from tests.server import Server, running
from tests.serving import served


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("gateway")) as started:
        yield started


@pytest.fixture(scope="module")
def http(server: Server) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=server.url, trust_env=False, timeout=30) as client:
        yield client


@pytest.fixture(scope="module")
def client(server: Server) -> Iterator[openai.OpenAI]:
    with client_of(f"{server.url}/v1") as client:
        yield client


@contextmanager
def asking_vendor(make_app: MakeApp, provider: str, url: str) -> Iterator[openai.OpenAI]:
    """A client of an application that asks a vendor's API at `url`."""
    settings = {f"{provider}_base_url": url, f"{provider}_api_key": "k"}
    with (
        served(make_app(vision_provider=(provider,), **settings)) as port,
        client_of(f"http://127.0.0.1:{port}/v1") as client,
    ):
        yield client


def client_of(base_url: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=base_url, api_key="any", max_retries=0, timeout=30)


def data_url(picture: bytes, mime_type: str = "image/png") -> str:
    return f"data:{mime_type};base64,{base64.b64encode(picture).decode()}"
