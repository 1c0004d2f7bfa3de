"""The embedders by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from services.meaning.base import Around, Embedder, plainly
from services.providers.config import ProviderConfig


# The SDKs take up to a second to import, so only the one asked for is.
def _openai(config: ProviderConfig, around: Around) -> Embedder:
    from services.meaning.cloud import CloudEmbedder
    from services.meaning.openai_vectors import OpenAIVectors

    return CloudEmbedder(OpenAIVectors(config), around)


def _gemini(config: ProviderConfig, around: Around) -> Embedder:
    from services.meaning.cloud import CloudEmbedder
    from services.meaning.gemini_vectors import GeminiVectors

    return CloudEmbedder(GeminiVectors(config), around)


def _local(_config: ProviderConfig, around: Around) -> Embedder:
    from services.meaning.local import LocalEmbedder

    return LocalEmbedder(around)


EMBEDDERS: Mapping[str, Callable[[ProviderConfig, Around], Embedder]] = {
    "openai": _openai,
    "gemini": _gemini,
    "local": _local,
}


def build(name: str, config: Mapping[str, ProviderConfig], around: Around = plainly) -> Embedder:
    """The embedder of `EMBEDDING_PROVIDER`.

    Args:
        config: how to reach the vendors, by name; one that is missing has its defaults.
        around: makes every call of a model.

    Raises:
        ValueError: the name is not known, or a vendor that wants a key has none.
    """
    if name not in EMBEDDERS:
        raise ValueError(f"there is no provider {name!r}; there are {', '.join(EMBEDDERS)}")
    return EMBEDDERS[name](config.get(name, ProviderConfig()), around)
