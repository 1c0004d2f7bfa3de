"""How Google's SDK is set up, for whatever is asked of it."""

from __future__ import annotations

import httpx2
from google import genai
from google.genai import errors, types

from services.providers.config import ProviderConfig
from services.providers.http import FaultTable

FAULTS: FaultTable = (
    (errors.UnknownApiResponseError, "garbage"),
    (errors.UnknownFunctionCallArgumentError, "garbage"),
    (errors.UnsupportedFunctionError, "rejected"),
    (errors.FunctionInvocationError, "garbage"),
    (errors.ContinuationInterruptedError, "unavailable"),
    (errors.APIError, "status"),
)


def gemini_client(config: ProviderConfig, http: httpx2.Client) -> genai.Client:
    """A client that asks once: failover is ours.

    Args:
        config: `base_url` without a version; `api_key` must be given.
        http: keeps its connections; whoever made it closes it.

    Raises:
        ValueError: there is no key.
    """
    if not config.api_key:
        raise ValueError("gemini needs an API key")
    return genai.Client(
        api_key=config.api_key,
        vertexai=False,
        http_options=types.HttpOptions(
            base_url=config.base_url,
            api_version="v1beta",
            timeout=int(config.timeout * 1000),
            httpx_client=http,
            retry_options=types.HttpRetryOptions(attempts=1),
        ),
    )
