"""OpenAI's embeddings, or those of any server that speaks them (vLLM, Ollama, llama.cpp)."""

from __future__ import annotations

from collections.abc import Sequence

from services.errors import ProviderGarbage
from services.meaning.base import Embedded
from services.meaning.cloud import Purpose
from services.providers.config import ProviderConfig
from services.providers.http import provider_errors
from services.providers.openai_client import FAULTS, openai_client

DEFAULT_MODEL = "text-embedding-3-small"
DIMENSIONS = 512
"""Of 1536: a third of the memory, and nearly as good. https://platform.openai.com/docs/guides/embeddings#use-cases"""


class OpenAIVectors:
    """`VendorEmbeddings` over the `openai` SDK.

    Args:
        config: `base_url` with its `/v1`; `model` is one that can shorten its vectors.
    """

    name = "openai"
    dimensions = DIMENSIONS

    def __init__(self, config: ProviderConfig) -> None:
        self.model = config.model or DEFAULT_MODEL
        self._secret = config.api_key
        self._client = openai_client(config)

    def embed(self, texts: Sequence[str], purpose: Purpose) -> Embedded:  # noqa: ARG002 - the protocol's signature
        """See `VendorEmbeddings.embed`; this vendor makes no difference between the purposes."""
        with provider_errors(self.name, FAULTS, self._secret):
            answer = self._client.embeddings.create(
                model=self.model, input=list(texts), dimensions=self.dimensions, encoding_format="float"
            )
            rows = getattr(answer, "data", None)
        try:
            vectors = [list(row.embedding) for row in sorted(rows or (), key=lambda row: row.index)]
        except (TypeError, AttributeError):
            raise ProviderGarbage("The answer was not of the expected format.", provider=self.name) from None
        tokens = getattr(getattr(answer, "usage", None), "prompt_tokens", None)
        return Embedded(vectors, tokens if isinstance(tokens, int) else None)

    def close(self) -> None:
        self._client.close()
