"""Gemini's embeddings."""

from __future__ import annotations

from collections.abc import Sequence

from google.genai import types

from services.errors import ProviderGarbage
from services.meaning.base import Embedded
from services.meaning.cloud import Purpose
from services.providers.config import ProviderConfig
from services.providers.gemini_client import FAULTS, gemini_client
from services.providers.http import http_client, provider_errors

DEFAULT_MODEL = "gemini-embedding-2"
DIMENSIONS = 768
TASKS: dict[Purpose, str] = {"query": "RETRIEVAL_QUERY", "passage": "RETRIEVAL_DOCUMENT"}
# From its second generation on the model is told the task in the text itself.
# https://ai.google.dev/gemini-api/docs/embeddings#task-types
PREFIXES: dict[Purpose, str] = {"query": "task: search result | query: ", "passage": "title: none | text: "}


class GeminiVectors:
    """`VendorEmbeddings` over the `google-genai` SDK.

    Args:
        config: `base_url` without a version; `api_key` must be given.

    Raises:
        ValueError: there is no key.
    """

    name = "gemini"
    dimensions = DIMENSIONS

    def __init__(self, config: ProviderConfig) -> None:
        self.model = config.model or DEFAULT_MODEL
        self._first_generation = self.model.removeprefix("models/") in ("gemini-embedding-001", "text-embedding-004")
        self._secret = config.api_key
        self._http = http_client(config.timeout, config.on_request)
        self._client = gemini_client(config, self._http)

    def embed(self, texts: Sequence[str], purpose: Purpose) -> Embedded:
        """See `VendorEmbeddings.embed`."""
        prefix = "" if self._first_generation else PREFIXES[purpose]
        # Each a content of its own: parts of one content make one vector together.
        contents: list[types.ContentUnion] = [
            types.Content(role="user", parts=[types.Part(text=prefix + text)]) for text in texts
        ]
        with provider_errors(self.name, FAULTS, self._secret):
            answer = self._client.models.embed_content(
                model=self.model,
                contents=contents,
                config=types.EmbedContentConfig(
                    output_dimensionality=self.dimensions,
                    task_type=TASKS[purpose] if self._first_generation else None,
                ),
            )
        vectors = [row.values for row in answer.embeddings or ()]
        if not all(vectors):
            raise ProviderGarbage("The answer was not of the expected format.", provider=self.name)
        return Embedded([list(vector or ()) for vector in vectors])

    def close(self) -> None:
        self._client.close()
        self._http.close()
