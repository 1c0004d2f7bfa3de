"""How OpenAI's SDK is set up, for whatever is asked of it."""

from __future__ import annotations

import openai

from services.providers.config import ProviderConfig
from services.providers.http import FaultTable, http_client, timeouts

BASE_URL = "https://api.openai.com/v1"

FAULTS: FaultTable = (
    (openai.APITimeoutError, "timeout"),
    (openai.APIConnectionError, "unavailable"),
    (openai.APIResponseValidationError, "garbage"),
    (openai.APIStatusError, "status"),
    (openai.APIError, "garbage"),
    (openai.InvalidWebhookSignatureError, "garbage"),
    (openai.OpenAIError, "garbage"),
)


def openai_client(config: ProviderConfig) -> openai.OpenAI:
    """A client that asks once: failover is ours.

    Args:
        config: `base_url` with its `/v1`; no key is needed where the server wants none.
    """
    return openai.OpenAI(
        api_key=config.api_key or "none",
        base_url=config.base_url or BASE_URL,
        max_retries=0,
        timeout=timeouts(config.timeout),
        http_client=http_client(config.timeout, config.on_request),
    )
