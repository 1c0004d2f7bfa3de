"""What a cloud provider must be told, as plain values; `config.py` at the top fills them from the environment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx2

OnRequest = Callable[["httpx2.Request"], None]


@dataclass(frozen=True, slots=True)
class ProviderConfig:
    """How to reach one vendor.

    Args:
        api_key: None where the server wants none (Ollama, vLLM, llama.cpp). Kept out of the repr.
        base_url: None is the vendor's own. For `openai` with the `/v1`, for the others without a version.
        model: None is the provider's default.
        timeout: seconds without a byte, and without an event, after which a call is given up.
        context_tokens: the model's window; None looks it up by the model's name.
        on_request: sees each request before it is sent, and may add to its headers.
    """

    api_key: str | None = field(default=None, repr=False)
    base_url: str | None = None
    model: str | None = None
    timeout: float = 60.0
    context_tokens: int | None = None
    on_request: OnRequest | None = field(default=None, repr=False, compare=False)
